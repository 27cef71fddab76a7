#include "cli/windows/text.h"

#include <windows.h>

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace opcon_snow::cli::platform {
namespace {

// ERROR_DISK_QUOTA_EXCEEDED, which mingw-w64 does not know.
constexpr DWORD kDiskQuotaExceeded = 1295;

absl::StatusCode CodeOf(DWORD error) {
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_BAD_NETPATH:
      return absl::StatusCode::kNotFound;
    case ERROR_ACCESS_DENIED:
    case ERROR_WRITE_PROTECT:
      return absl::StatusCode::kPermissionDenied;
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS:
      return absl::StatusCode::kAlreadyExists;
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL:
    case kDiskQuotaExceeded:
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_TOO_MANY_OPEN_FILES:
      return absl::StatusCode::kResourceExhausted;
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
    case ERROR_NOT_READY:
      return absl::StatusCode::kUnavailable;
    case ERROR_DIRECTORY:
    case ERROR_DIR_NOT_EMPTY:
      return absl::StatusCode::kFailedPrecondition;
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
    case ERROR_FILENAME_EXCED_RANGE:
      return absl::StatusCode::kInvalidArgument;
    default:
      return absl::StatusCode::kUnknown;
  }
}

std::string MessageOf(DWORD error) {
  std::array<wchar_t, 512> buffer{};
  const DWORD length = FormatMessageW(
      FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
          FORMAT_MESSAGE_MAX_WIDTH_MASK,
      nullptr, error, 0, buffer.data(), buffer.size(), nullptr);
  const std::string text = ToUtf8({buffer.data(), length});
  if (length == 0) return absl::StrCat("error ", error);
  return absl::StrCat(absl::StripAsciiWhitespace(text), " (", error, ")");
}

}  // namespace

std::wstring ToWide(absl::string_view text) {
  const int size = static_cast<int>(text.size());
  std::wstring wide(static_cast<std::size_t>(MultiByteToWideChar(
                        CP_UTF8, 0, text.data(), size, nullptr, 0)),
                    L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), size, wide.data(),
                      static_cast<int>(wide.size()));
  return wide;
}

std::string ToUtf8(std::wstring_view text) {
  const int size = static_cast<int>(text.size());
  std::string narrow(
      static_cast<std::size_t>(WideCharToMultiByte(
          CP_UTF8, 0, text.data(), size, nullptr, 0, nullptr, nullptr)),
      '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), size, narrow.data(),
                      static_cast<int>(narrow.size()), nullptr, nullptr);
  return narrow;
}

std::wstring ToNativePath(const std::string& path) {
  const std::wstring wide = ToWide(path);
  // With the final NUL.
  const DWORD size = GetFullPathNameW(wide.c_str(), 0, nullptr, nullptr);
  if (size == 0) return wide;
  std::wstring full(size, L'\0');
  full.resize(GetFullPathNameW(wide.c_str(), size, full.data(), nullptr));
  if (full.starts_with(L"\\\\?\\") || full.starts_with(L"\\\\.\\")) return full;
  if (full.starts_with(L"\\\\")) return L"\\\\?\\UNC\\" + full.substr(2);
  return L"\\\\?\\" + full;
}

absl::Status ErrorStatus(unsigned long error, absl::string_view what,
                         const std::string& path) {
  return absl::Status(CodeOf(error), absl::StrCat("cannot ", what, " ", path,
                                                  ": ", MessageOf(error)));
}

}  // namespace opcon_snow::cli::platform
