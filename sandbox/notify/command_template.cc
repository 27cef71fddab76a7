#include "sandbox/notify/command_template.h"

#include <cstddef>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace opcon_snow::sandbox::notify {
namespace {

struct Token {
  std::string name;
  std::size_t length = 0;  // from the first bracket to the last
};

// The token that `text` starts with, if it does.
std::optional<Token> TokenAtStart(absl::string_view text) {
  const bool square = absl::StartsWith(text, "[[");
  if (!square && !absl::StartsWith(text, "{{")) return std::nullopt;
  const absl::string_view close = square ? "]]" : "}}";
  const bool quoted = text.size() > 2 && text[2] == '"';
  const std::size_t begin = quoted ? 3 : 2;
  const std::string end_mark = absl::StrCat(quoted ? "\"" : "", close);
  const std::size_t end = text.find(end_mark, begin);
  if (end == absl::string_view::npos || end == begin) return std::nullopt;
  const absl::string_view name = text.substr(begin, end - begin);
  if (!quoted && name.find_first_of("[]{}") != absl::string_view::npos) {
    return std::nullopt;
  }
  return Token{std::string(name), end + end_mark.size()};
}

}  // namespace

std::string ExpandTokens(absl::string_view command,
                         const std::map<std::string, std::string>& properties,
                         Unresolved unresolved) {
  std::string result;
  while (!command.empty()) {
    const std::optional<Token> token = TokenAtStart(command);
    if (!token) {
      result += command.front();
      command.remove_prefix(1);
      continue;
    }
    const auto property = properties.find(token->name);
    if (property != properties.end()) {
      result += property->second;
    } else if (unresolved == Unresolved::kLiteral) {
      absl::StrAppend(&result, command.substr(0, token->length));
    }
    command.remove_prefix(token->length);
  }
  return result;
}

}  // namespace opcon_snow::sandbox::notify
