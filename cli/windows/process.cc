#include <windows.h>
// After windows.h, which it needs.
#include <bcrypt.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cli/platform.h"
#include "cli/windows/system_roots.h"
#include "cli/windows/text.h"

// The start-up code's own, which splits the command line as every C program
// does. CommandLineToArgvW would load the shell's libraries first.
extern "C" int __wgetmainargs(int* argc, wchar_t*** argv,
                              wchar_t*** environment, int expand_wildcards,
                              int* new_mode);

namespace opcon_snow::cli::platform {
namespace {

class ConsoleGuard;

// Windows calls the handler of console events in a thread of its own.
std::mutex guard_mutex;
ConsoleGuard* current_guard = nullptr;

class ConsoleGuard final : public TerminationGuard {
 public:
  explicit ConsoleGuard(std::function<void()> on_request)
      : on_request_(std::move(on_request)) {
    const std::lock_guard lock(guard_mutex);
    current_guard = this;
    SetConsoleCtrlHandler(&Handle, TRUE);
  }
  ConsoleGuard(const ConsoleGuard&) = delete;
  ConsoleGuard& operator=(const ConsoleGuard&) = delete;
  ~ConsoleGuard() override {
    const std::lock_guard lock(guard_mutex);
    SetConsoleCtrlHandler(&Handle, FALSE);
    current_guard = nullptr;
  }

 private:
  static BOOL WINAPI Handle(DWORD event) {
    {
      const std::lock_guard lock(guard_mutex);
      if (current_guard == nullptr) return FALSE;
      if (!std::exchange(current_guard->requested_, true)) {
        current_guard->on_request_();
      }
    }
    // For the others, the process is ended as soon as this returns; it has some
    // seconds to end by itself.
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT) Sleep(INFINITE);
    return TRUE;
  }

  const std::function<void()> on_request_;
  bool requested_ = false;
};

// %ProgramData%, which whoever starts us may have left out of the environment.
std::string ProgramData() {
  const std::optional<std::string> variable = Variable("ProgramData");
  if (variable && !variable->empty()) return *variable;
  std::array<wchar_t, MAX_PATH> windows{};
  const UINT length = GetSystemWindowsDirectoryW(windows.data(), MAX_PATH);
  constexpr UINT kDrive = 3;  // "C:\"
  if (length < kDrive || length >= MAX_PATH) return "";
  return absl::StrCat(ToUtf8({windows.data(), kDrive}), "ProgramData");
}

bool IsConsole(HANDLE handle) {
  DWORD mode = 0;
  return handle != nullptr && handle != INVALID_HANDLE_VALUE &&
         GetConsoleMode(handle, &mode) != 0;
}

// A console takes UTF-16 and shows every letter, whatever its code page.
void WriteToConsole(HANDLE console, std::wstring_view text) {
  constexpr std::size_t kMost = 8192;
  while (!text.empty()) {
    std::size_t part = std::min(text.size(), kMost);
    if (part < text.size() && IS_HIGH_SURROGATE(text[part - 1])) --part;
    DWORD written = 0;
    if (!WriteConsoleW(console, text.data(), static_cast<DWORD>(part), &written,
                       nullptr) ||
        written == 0) {
      return;
    }
    text.remove_prefix(written);
  }
}

// Where nobody reads, there is nobody to tell.
void Write(DWORD stream, absl::string_view text) {
  const HANDLE handle = GetStdHandle(stream);
  if (IsConsole(handle)) return WriteToConsole(handle, ToWide(text));
  while (!text.empty()) {
    DWORD written = 0;
    if (!WriteFile(handle, text.data(), static_cast<DWORD>(text.size()),
                   &written, nullptr)) {
      return;
    }
    text.remove_prefix(written);
  }
}

}  // namespace

void PrepareProcess() {
  // No message box on a server where nobody sees it.
  SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX |
               SEM_NOOPENFILEERRORBOX);
  // What is loaded later comes from Windows, not from the current folder.
  SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32);
  const HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
  DWORD mode = 0;
  if (IsConsole(out) && GetConsoleMode(out, &mode) != 0) {
    SetConsoleMode(out, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
  }
  UseSystemRoots();
}

std::unique_ptr<TerminationGuard> GuardTermination(
    std::function<void()> on_request) {
  return std::make_unique<ConsoleGuard>(std::move(on_request));
}

// Those of main() are in the code page of the system and may have lost letters.
std::vector<std::string> Arguments(int /*argc*/, const char* const* /*argv*/) {
  int argc = 0;
  wchar_t** argv = nullptr;
  wchar_t** environment = nullptr;
  int new_mode = 0;
  std::vector<std::string> arguments;
  if (__wgetmainargs(&argc, &argv, &environment, 0, &new_mode) < 0) {
    return arguments;
  }
  for (int i = 1; i < argc; ++i) arguments.push_back(ToUtf8(argv[i]));
  return arguments;
}

std::optional<std::string> Variable(const std::string& name) {
  const std::wstring wide = ToWide(name);
  std::wstring value(256, L'\0');
  for (;;) {
    SetLastError(ERROR_SUCCESS);
    const DWORD length = GetEnvironmentVariableW(
        wide.c_str(), value.data(), static_cast<DWORD>(value.size()));
    if (length == 0 && GetLastError() != ERROR_SUCCESS) return std::nullopt;
    const bool fits = length < value.size();
    value.resize(length);
    if (fits) return ToUtf8(value);
  }
}

PlatformDefaults Defaults() {
  PlatformDefaults defaults;
  const std::string data = ProgramData();
  if (data.empty()) return defaults;
  defaults.config_file = absl::StrCat(data, "\\incidentctl\\incidentctl.yaml");
  defaults.spool_directory = absl::StrCat(data, "\\incidentctl\\spool");
  return defaults;
}

std::array<std::uint8_t, 16> RandomBytes() {
  std::array<std::uint8_t, 16> bytes{};
  if (BCryptGenRandom(nullptr, bytes.data(), bytes.size(),
                      BCRYPT_USE_SYSTEM_PREFERRED_RNG) < 0) {
    std::abort();
  }
  return bytes;
}

std::string HostName() {
  std::array<wchar_t, 256> name{};
  DWORD length = name.size();
  if (!GetComputerNameExW(ComputerNameDnsHostname, name.data(), &length)) {
    return "";
  }
  return ToUtf8({name.data(), length});
}

void WriteToOutput(absl::string_view text) { Write(STD_OUTPUT_HANDLE, text); }

void WriteToError(absl::string_view text) { Write(STD_ERROR_HANDLE, text); }

bool StandardOutputIsTerminal() {
  return IsConsole(GetStdHandle(STD_OUTPUT_HANDLE));
}

int TerminalWidth() {
  CONSOLE_SCREEN_BUFFER_INFO info{};
  if (!GetConsoleScreenBufferInfo(GetStdHandle(STD_OUTPUT_HANDLE), &info)) {
    return 0;
  }
  return info.srWindow.Right - info.srWindow.Left + 1;
}

// PrepareProcess() has asked for it.
bool TerminalTakesControlSequences() {
  DWORD mode = 0;
  return GetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), &mode) != 0 &&
         (mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0;
}

}  // namespace opcon_snow::cli::platform
