#include "opcon_gateway/upstream_message.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/http/json.h"
#include "common/status/utf8.h"
#include "opcon_gateway/upstream_json.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxTextBytes = 300;
// An error of more than this is not read to find a message in it.
constexpr std::size_t kMaxErrorBytes = std::size_t{256} * 1024;
constexpr std::size_t kMaxErrors = 3;

absl::string_view TrimmedBody(const http::Response& response) {
  absl::string_view body = response.body;
  absl::ConsumePrefix(&body, "\xEF\xBB\xBF");
  return absl::StripAsciiWhitespace(body);
}

// The first member that is a text and not empty.
std::string FirstText(const json& object,
                      std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const std::optional<std::string> text = http::FindString(object, name);
    if (text.has_value() && !text->empty()) return *text;
  }
  return "";
}

std::string CodeOf(const json& object) {
  if (const auto number = http::FindInt64(object, "code")) {
    return absl::StrCat(*number);
  }
  return FirstText(object, {"code"});
}

// ApiError, ProblemDetails, or what ASP.NET's own pages say.
std::string TextOf(const json& error) {
  if (error.is_string()) return error.get<std::string>();
  const std::string message = FirstText(error, {"message", "Message"});
  if (!message.empty()) {
    const std::string name = FirstText(error, {"name"});
    return name.empty() ? message : absl::StrCat(message, " (", name, ")");
  }
  const std::string title = FirstText(error, {"title"});
  const std::string detail = FirstText(error, {"detail"});
  if (title.empty() || detail.empty()) return absl::StrCat(title, detail);
  return absl::StrCat(title, " ", detail);
}

void ReadJsonMessage(const json& body, UpstreamMessage* message) {
  if (!body.is_array()) {
    message->code = CodeOf(body);
    message->text = TextOf(body);
    return;
  }
  std::vector<std::string> texts;
  for (const json& error : body) {
    if (message->code.empty()) message->code = CodeOf(error);
    std::string text = TextOf(error);
    if (text.empty()) continue;
    if (texts.size() == kMaxErrors) {
      texts.emplace_back("…");
      break;
    }
    texts.push_back(std::move(text));
  }
  message->text = absl::StrJoin(texts, "; ");
}

}  // namespace

BodyForm FormOf(const http::Response& response) {
  const absl::string_view body = TrimmedBody(response);
  if (body.empty()) return BodyForm::kEmpty;
  const std::string type = absl::AsciiStrToLower(
      response.headers.Get("Content-Type").value_or(std::string()));
  if (absl::StrContains(type, "text/html") || body.front() == '<') {
    return BodyForm::kHtml;
  }
  if (absl::StrContains(type, "json") || body.front() == '{' ||
      body.front() == '[' || body.front() == '"') {
    return BodyForm::kJson;
  }
  return BodyForm::kOther;
}

std::string ToOneLine(absl::string_view text, std::size_t max_bytes) {
  std::string line = ToValidUtf8(text, max_bytes);
  for (char& c : line) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  return std::string(absl::StripAsciiWhitespace(line));
}

UpstreamMessage ReadUpstreamMessage(const http::Response& response,
                                    const Scrub& scrub) {
  UpstreamMessage message;
  message.form = FormOf(response);
  if (message.form == BodyForm::kEmpty || message.form == BodyForm::kHtml ||
      response.body.size() > kMaxErrorBytes) {
    return message;
  }
  const absl::StatusOr<json> body = ParseUpstreamJson(response.body);
  if (body.ok()) {
    message.form = BodyForm::kJson;
    ReadJsonMessage(*body, &message);
  } else {
    message.form = BodyForm::kOther;
    message.text = std::string(TrimmedBody(response));
  }
  if (scrub) {
    message.code = scrub(std::move(message.code));
    message.text = scrub(std::move(message.text));
  }
  message.code = ToOneLine(message.code, 40);
  message.text = ToOneLine(message.text, kMaxTextBytes);
  return message;
}

}  // namespace opcon_snow::opcon
