// A program for Windows: runs each line of a file (UTF-8) as a command line, in
// one string, as Notification Manager does; the program that it names takes it
// apart. Prints the exit codes, one a line.

#include <windows.h>

#include <cstddef>
#include <cstdio>
#include <fstream>
#include <string>

namespace {

std::wstring ToWide(const std::string& text) {
  const int size = static_cast<int>(text.size());
  std::wstring wide(static_cast<std::size_t>(MultiByteToWideChar(
                        CP_UTF8, 0, text.data(), size, nullptr, 0)),
                    L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), size, wide.data(),
                      static_cast<int>(wide.size()));
  return wide;
}

// The exit code; -1 if it could not be started.
long Run(std::wstring command_line) {
  STARTUPINFOW startup{};
  startup.cb = sizeof(startup);
  PROCESS_INFORMATION process{};
  if (!CreateProcessW(nullptr, command_line.data(), nullptr, nullptr, TRUE, 0,
                      nullptr, nullptr, &startup, &process)) {
    return -1;
  }
  WaitForSingleObject(process.hProcess, INFINITE);
  DWORD code = 0;
  GetExitCodeProcess(process.hProcess, &code);
  CloseHandle(process.hThread);
  CloseHandle(process.hProcess);
  return static_cast<long>(code);
}

}  // namespace

int main(int argc, char** argv) {
  std::ifstream lines(argc == 2 ? argv[1] : "");
  if (!lines) return 1;
  for (std::string line; std::getline(lines, line);) {
    std::printf("%ld\n", Run(ToWide(line)));
  }
  return 0;
}
