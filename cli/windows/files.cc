#include <windows.h>
// After windows.h, which they need.
#include <aclapi.h>
#include <sddl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cli/files.h"
#include "cli/platform.h"
#include "cli/windows/text.h"

namespace opcon_snow::cli::platform {
namespace {

constexpr DWORD kShareAll =
    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

// An open file, closed at the end.
class Handle {
 public:
  explicit Handle(HANDLE handle) : handle_(handle) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (valid()) CloseHandle(handle_);
  }
  bool valid() const { return handle_ != INVALID_HANDLE_VALUE; }
  HANDLE get() const { return handle_; }
  HANDLE release() { return std::exchange(handle_, INVALID_HANDLE_VALUE); }

 private:
  HANDLE handle_;
};

// A virus scanner or indexer may hold a file for a moment after it was written.
// Then renaming and removing it are refused, some of them with "access denied".
bool MayPass(DWORD error) {
  return error == ERROR_SHARING_VIOLATION || error == ERROR_LOCK_VIOLATION ||
         error == ERROR_ACCESS_DENIED || error == ERROR_USER_MAPPED_FILE;
}

// Repeats what was refused for a passing reason, for half a second. Returns
// the last error, or ERROR_SUCCESS.
DWORD Persist(const std::function<BOOL()>& attempt) {
  constexpr DWORD kLongestPause = 256;
  for (DWORD pause = 1;; pause *= 2) {
    if (attempt()) return ERROR_SUCCESS;
    const DWORD error = GetLastError();
    if (!MayPass(error) || pause > kLongestPause) return error;
    Sleep(pause);
  }
}

// Who may use a folder that we make below one like %ProgramData%, where
// everybody could read it otherwise: this user, the system and administrators.
class PrivateFolder {
 public:
  PrivateFolder() {
    const std::wstring user = CurrentUser();
    if (user.empty()) return;
    const std::wstring rights =
        L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;" + user + L")";
    ConvertStringSecurityDescriptorToSecurityDescriptorW(
        rights.c_str(), SDDL_REVISION_1, &descriptor_, nullptr);
    attributes_.lpSecurityDescriptor = descriptor_;
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  ~PrivateFolder() { LocalFree(descriptor_); }

  // Null if it could not be made: then a folder has its parent's rights, as a
  // report must not be lost for that.
  SECURITY_ATTRIBUTES* attributes() {
    return descriptor_ == nullptr ? nullptr : &attributes_;
  }

 private:
  // The identifier "S-1-5-…"; empty if it cannot be found out.
  static std::wstring CurrentUser() {
    HANDLE token = nullptr;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) return {};
    const absl::Cleanup close_token = [token] { CloseHandle(token); };
    alignas(TOKEN_USER)
        std::array<std::byte, sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE>
            buffer{};
    DWORD size = 0;
    if (!GetTokenInformation(token, TokenUser, buffer.data(), buffer.size(),
                             &size)) {
      return {};
    }
    wchar_t* text = nullptr;
    const auto* user = reinterpret_cast<const TOKEN_USER*>(buffer.data());
    if (!ConvertSidToStringSidW(user->User.Sid, &text)) return {};
    const absl::Cleanup free_text = [text] { LocalFree(text); };
    return text;
  }

  PSECURITY_DESCRIPTOR descriptor_ = nullptr;
  SECURITY_ATTRIBUTES attributes_ = {sizeof(SECURITY_ATTRIBUTES), nullptr,
                                     FALSE};
};

// Whether the group is one that people belong to without having been put there.
bool IsEverybody(PSID group) {
  constexpr std::array kGroups = {WinWorldSid,        WinAuthenticatedUserSid,
                                  WinBuiltinUsersSid, WinNetworkSid,
                                  WinInteractiveSid,  WinAccountDomainUsersSid,
                                  WinAnonymousSid,    WinBuiltinGuestsSid};
  return std::any_of(kGroups.begin(), kGroups.end(),
                     [group](WELL_KNOWN_SID_TYPE type) {
                       return IsWellKnownSid(group, type) != FALSE;
                     });
}

// Whether everybody may read or change what has this list of rights. Entries
// that deny something are not looked at: the answer is a warning at worst.
bool IsOpenToEverybody(PACL rights) {
  if (rights == nullptr) return true;
  constexpr ACCESS_MASK kReadOrChange =
      FILE_READ_DATA | FILE_WRITE_DATA | FILE_APPEND_DATA | DELETE | WRITE_DAC |
      WRITE_OWNER | GENERIC_READ | GENERIC_WRITE | GENERIC_ALL;
  for (DWORD i = 0; i < rights->AceCount; ++i) {
    void* entry = nullptr;
    if (!GetAce(rights, i, &entry)) continue;
    const auto* header = static_cast<const ACE_HEADER*>(entry);
    if (header->AceType != ACCESS_ALLOWED_ACE_TYPE ||
        (header->AceFlags & INHERIT_ONLY_ACE) != 0) {
      continue;
    }
    auto* allowed = static_cast<ACCESS_ALLOWED_ACE*>(entry);
    if ((allowed->Mask & kReadOrChange) != 0 &&
        IsEverybody(&allowed->SidStart)) {
      return true;
    }
  }
  return false;
}

// The same of a file or folder. Returns the error, or ERROR_SUCCESS.
DWORD FindOutIfOpen(const std::wstring& path, bool* open) {
  PACL rights = nullptr;
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  const DWORD error = GetNamedSecurityInfoW(
      path.c_str(), SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, nullptr, nullptr,
      &rights, nullptr, &descriptor);
  const absl::Cleanup free_descriptor = [&] { LocalFree(descriptor); };
  if (error == ERROR_SUCCESS) *open = IsOpenToEverybody(rights);
  return error;
}

// Makes a folder in one that is there. Where not everybody comes in anyway, it
// has the rights of its parent: those who share a spool share its folders.
bool MakeOneFolder(const std::wstring& path, const std::wstring& parent,
                   PrivateFolder& rights) {
  bool open = true;
  static_cast<void>(FindOutIfOpen(parent, &open));
  return CreateDirectoryW(path.c_str(), open ? rights.attributes() : nullptr) !=
         FALSE;
}

// Makes a folder whose parents may be missing. Returns the error, or
// ERROR_SUCCESS.
DWORD MakeFolder(const std::wstring& path, PrivateFolder& rights) {
  const std::size_t slash = path.find_last_of(L'\\');
  if (slash == std::wstring::npos || slash == 0) return ERROR_BAD_PATHNAME;
  const std::wstring parent = path.substr(0, slash);
  if (MakeOneFolder(path, parent, rights)) return ERROR_SUCCESS;
  const DWORD error = GetLastError();
  const DWORD found = GetFileAttributesW(path.c_str());
  if (found != INVALID_FILE_ATTRIBUTES) {
    return (found & FILE_ATTRIBUTE_DIRECTORY) != 0 ? ERROR_SUCCESS
                                                   : ERROR_DIRECTORY;
  }
  if (error != ERROR_PATH_NOT_FOUND || parent.back() == L':' ||
      parent.back() == L'\\') {
    return error;
  }
  const DWORD made = MakeFolder(parent, rights);
  if (made != ERROR_SUCCESS) return made;
  if (MakeOneFolder(path, parent, rights)) return ERROR_SUCCESS;
  const DWORD again = GetLastError();
  return again == ERROR_ALREADY_EXISTS ? ERROR_SUCCESS : again;
}

DWORD WriteAll(HANDLE file, absl::string_view content) {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  while (!content.empty()) {
    DWORD written = 0;
    if (!WriteFile(file, content.data(),
                   static_cast<DWORD>(std::min(content.size(), kMost)),
                   &written, nullptr)) {
      return GetLastError();
    }
    content.remove_prefix(written);
  }
  return FlushFileBuffers(file) ? ERROR_SUCCESS : GetLastError();
}

class WindowsLock final : public FileLock {
 public:
  explicit WindowsLock(HANDLE handle) : file_(handle) {}

 private:
  // Closing it unlocks.
  Handle file_;
};

class WindowsFiles final : public Files {
 public:
  absl::Status MakeDirectories(const std::string& path) override {
    PrivateFolder rights;
    const DWORD error = MakeFolder(ToNativePath(path), rights);
    if (error == ERROR_SUCCESS) return absl::OkStatus();
    return ErrorStatus(error, "make the folder", path);
  }

  absl::Status WriteDurably(const std::string& path,
                            absl::string_view content) override {
    const std::wstring native = ToNativePath(path);
    Handle file(CreateFileW(native.c_str(), GENERIC_WRITE, 0, nullptr,
                            CREATE_NEW, FILE_ATTRIBUTE_NORMAL, nullptr));
    if (!file.valid()) return ErrorStatus(GetLastError(), "make", path);
    const DWORD error = WriteAll(file.get(), content);
    CloseHandle(file.release());
    if (error == ERROR_SUCCESS) return absl::OkStatus();
    Persist([&] { return DeleteFileW(native.c_str()); });
    return ErrorStatus(error, "write", path);
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    const std::wstring native_from = ToNativePath(from);
    const std::wstring native_to = ToNativePath(to);
    const DWORD error = Persist([&] {
      return MoveFileExW(native_from.c_str(), native_to.c_str(),
                         MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
    });
    if (error == ERROR_SUCCESS) return absl::OkStatus();
    return ErrorStatus(error, absl::StrCat("rename ", from, " to"), to);
  }

  // A folder cannot be flushed. Rename() returns only when the journal of the
  // file system is on the disk up to the renaming, and with it whatever was
  // done before, such as making the folder.
  absl::Status SyncDirectory(const std::string& path) override {
    const DWORD found = GetFileAttributesW(ToNativePath(path).c_str());
    if (found == INVALID_FILE_ATTRIBUTES) {
      return ErrorStatus(GetLastError(), "open", path);
    }
    if ((found & FILE_ATTRIBUTE_DIRECTORY) != 0) return absl::OkStatus();
    return ErrorStatus(ERROR_DIRECTORY, "open", path);
  }

  absl::Status ForEachName(
      const std::string& path,
      const std::function<bool(const std::string&)>& visit) override {
    WIN32_FIND_DATAW entry;
    const HANDLE search = FindFirstFileExW(
        (ToNativePath(path) + L"\\*").c_str(), FindExInfoBasic, &entry,
        FindExSearchNameMatch, nullptr, FIND_FIRST_EX_LARGE_FETCH);
    if (search == INVALID_HANDLE_VALUE) {
      return ErrorStatus(GetLastError(), "read the folder", path);
    }
    const absl::Cleanup close_search = [search] { FindClose(search); };
    do {
      const std::string name = ToUtf8(entry.cFileName);
      if (name != "." && name != ".." && !visit(name)) return absl::OkStatus();
    } while (FindNextFileW(search, &entry));
    const DWORD error = GetLastError();
    if (error == ERROR_NO_MORE_FILES) return absl::OkStatus();
    return ErrorStatus(error, "read the folder", path);
  }

  absl::StatusOr<std::string> Read(const std::string& path,
                                   std::size_t max_bytes) override {
    const Handle file(CreateFileW(ToNativePath(path).c_str(), GENERIC_READ,
                                  kShareAll, nullptr, OPEN_EXISTING,
                                  FILE_FLAG_SEQUENTIAL_SCAN, nullptr));
    if (!file.valid()) return ErrorStatus(GetLastError(), "open", path);
    std::string content;
    std::array<char, 8192> buffer{};
    for (;;) {
      DWORD got = 0;
      if (!ReadFile(file.get(), buffer.data(), buffer.size(), &got, nullptr)) {
        return ErrorStatus(GetLastError(), "read", path);
      }
      if (got == 0) return content;
      content.append(buffer.data(), got);
      if (content.size() > max_bytes) {
        return absl::InvalidArgumentError(
            absl::StrCat(path, " is longer than ", max_bytes, " bytes"));
      }
    }
  }

  absl::Status Remove(const std::string& path) override {
    const std::wstring native = ToNativePath(path);
    const DWORD error = Persist([&] { return DeleteFileW(native.c_str()); });
    if (error == ERROR_SUCCESS) return absl::OkStatus();
    return ErrorStatus(error, "remove", path);
  }

  absl::StatusOr<bool> IsOpenToOthers(const std::string& path) override {
    bool open = false;
    const DWORD error = FindOutIfOpen(ToNativePath(path), &open);
    if (error == ERROR_SUCCESS) return open;
    return ErrorStatus(error, "read the permissions of", path);
  }

  absl::StatusOr<std::unique_ptr<FileLock>> TryLock(
      const std::string& path) override {
    Handle file(CreateFileW(ToNativePath(path).c_str(),
                            GENERIC_READ | GENERIC_WRITE, kShareAll, nullptr,
                            OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr));
    if (!file.valid()) return ErrorStatus(GetLastError(), "open", path);
    OVERLAPPED begin{};
    if (LockFileEx(file.get(),
                   LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
                   &begin)) {
      return std::make_unique<WindowsLock>(file.release());
    }
    const DWORD error = GetLastError();
    if (error == ERROR_LOCK_VIOLATION || error == ERROR_IO_PENDING) {
      return nullptr;
    }
    return ErrorStatus(error, "lock", path);
  }
};

}  // namespace

Files* RealFiles() {
  static WindowsFiles files;
  return &files;
}

}  // namespace opcon_snow::cli::platform
