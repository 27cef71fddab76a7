#include "sandbox/notify/windows_command_line.h"

namespace opcon_snow::sandbox::notify {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

void SkipBlanks(absl::string_view& line) {
  while (!line.empty() && IsBlank(line.front())) line.remove_prefix(1);
}

std::string TakeProgram(absl::string_view& line) {
  const bool quoted = !line.empty() && line.front() == '"';
  if (quoted) line.remove_prefix(1);
  std::size_t end = 0;
  while (end < line.size() &&
         (quoted ? line[end] != '"' : !IsBlank(line[end]))) {
    ++end;
  }
  std::string program(line.substr(0, end));
  line.remove_prefix(end);
  if (quoted && !line.empty()) line.remove_prefix(1);
  return program;
}

// `line` starts with a character that is not blank.
std::string TakeArgument(absl::string_view& line) {
  std::string argument;
  bool quoted = false;
  while (!line.empty() && (quoted || !IsBlank(line.front()))) {
    std::size_t backslashes = 0;
    while (backslashes < line.size() && line[backslashes] == '\\') {
      ++backslashes;
    }
    line.remove_prefix(backslashes);
    if (line.empty() || line.front() != '"') {
      argument.append(backslashes, '\\');
      if (backslashes > 0) continue;  // the blank after them may end it
      argument += line.front();
      line.remove_prefix(1);
      continue;
    }
    argument.append(backslashes / 2, '\\');
    line.remove_prefix(1);
    if (backslashes % 2 == 1) {
      argument += '"';
    } else if (quoted && !line.empty() && line.front() == '"') {
      argument += '"';
      line.remove_prefix(1);
      quoted = false;
    } else {
      quoted = !quoted;
    }
  }
  return argument;
}

}  // namespace

std::vector<std::string> SplitCommandLine(absl::string_view line) {
  line = line.substr(0, line.find('\0'));
  std::vector<std::string> arguments;
  arguments.push_back(TakeProgram(line));
  for (SkipBlanks(line); !line.empty(); SkipBlanks(line)) {
    arguments.push_back(TakeArgument(line));
  }
  return arguments;
}

std::string QuoteArgument(absl::string_view argument) {
  if (!argument.empty() &&
      argument.find_first_of(" \t\"") == absl::string_view::npos) {
    return std::string(argument);
  }
  std::string result = "\"";
  std::size_t backslashes = 0;
  for (const char c : argument) {
    if (c == '\\') {
      ++backslashes;
      continue;
    }
    result.append(c == '"' ? backslashes * 2 + 1 : backslashes, '\\');
    backslashes = 0;
    result += c;
  }
  result.append(backslashes * 2, '\\');
  result += '"';
  return result;
}

std::size_t CountUtf16Units(absl::string_view text) {
  std::size_t units = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t length = 1;
    if (lead >= 0xF0) {
      length = 4;
    } else if (lead >= 0xE0) {
      length = 3;
    } else if (lead >= 0xC0) {
      length = 2;
    }
    bool whole = i + length <= text.size();
    for (std::size_t k = 1; whole && k < length; ++k) {
      whole = (static_cast<unsigned char>(text[i + k]) & 0xC0) == 0x80;
    }
    units += whole && length == 4 ? 2 : 1;
    i += whole ? length : 1;
  }
  return units;
}

}  // namespace opcon_snow::sandbox::notify
