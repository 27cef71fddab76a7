#include "opcon_gateway/log_answer.h"

#include "opcon_gateway/action_result.h"
#include "opcon_gateway/upstream_json.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
namespace v1 = ::opcon::v1;

constexpr std::size_t kMaxRestBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxKeyBytes = 64;
// Where the text stands: an object in the list in the action.
constexpr absl::string_view kPlace = "{[{";
constexpr absl::string_view kKey = "data";

absl::Status Broken(absl::string_view why) {
  return absl::InvalidArgumentError(why);
}

// The item for the run; the only one if OpCon did not repeat its number.
json ItemFor(const json& action, std::int32_t job_number) {
  const json& items = MemberOf(action, "jobInstanceActionItems");
  if (!items.is_array()) return json::object();
  for (const json& item : items) {
    if (Int64Of(item, "id") == job_number) return item;
  }
  return items.size() == 1 ? items.front() : json::object();
}

// The state of the item, or of the whole action where that says more: items
// may fail although the action succeeds, and an action that failed says so
// even if nobody touched its items.
v1::ActionState StateOf(const json& action, const json& item) {
  const v1::ActionState own = ParseActionState(TextOf(item, "result"));
  if (own != v1::ACTION_STATE_SUBMITTED) return own;
  return ParseActionState(TextOf(action, "result"));
}

std::vector<v1::JobLogFile> FilesOf(const json& item) {
  std::vector<v1::JobLogFile> files;
  const json& list = MemberOf(item, "files");
  // Some clients wrote a single file without the list around it.
  if (list.is_string()) files.push_back(LogFileOf(list.get<std::string>()));
  if (!list.is_array()) return files;
  for (const json& file : list) {
    if (!file.is_string() || file.get_ref<const std::string&>().empty()) {
      continue;
    }
    files.push_back(LogFileOf(file.get<std::string>()));
  }
  return files;
}

}  // namespace

v1::JobLogFile LogFileOf(absl::string_view path) {
  v1::JobLogFile file;
  file.set_path(std::string(path));
  const std::size_t slash = path.find_last_of("\\/");
  if (slash != absl::string_view::npos && slash + 1 < path.size()) {
    path.remove_prefix(slash + 1);
  }
  file.set_display_name(std::string(path));
  return file;
}

LogAction ParseLogAction(const json& value, std::int32_t job_number) {
  const json item = ItemFor(value, job_number);
  LogAction action;
  action.id = Int64Of(value, "id");
  action.state = StateOf(value, item);
  action.message = TextOf(item, "message");
  if (action.message.empty()) action.message = TextOf(value, "message");
  action.files = FilesOf(item);
  return action;
}

bool LogAnswerReader::AtLogText() const {
  return after_colon_ && open_ == kPlace && last_string_ == kKey;
}

absl::Status LogAnswerReader::Take(absl::string_view bytes, std::string* text) {
  while (!bytes.empty()) {
    if (in_text_) {
      std::size_t taken = 0;
      const JsonTextDecoder::State state = decoder_.Take(bytes, &taken, text);
      if (state == JsonTextDecoder::State::kBroken) {
        return Broken("the log's text is no JSON string");
      }
      in_text_ = state == JsonTextDecoder::State::kMore;
      bytes.remove_prefix(taken);
      continue;
    }
    absl::Status taken = TakeByte(bytes.front());
    if (!taken.ok()) return taken;
    bytes.remove_prefix(1);
  }
  return absl::OkStatus();
}

absl::Status LogAnswerReader::TakeByte(char c) {
  rest_.push_back(c);
  if (rest_.size() > kMaxRestBytes) {
    return Broken("it is too long beside the log's text");
  }
  if (in_string_) {
    TakeInString(c);
    return absl::OkStatus();
  }
  switch (c) {
    case '"':
      if (AtLogText()) {
        if (has_text_) return Broken("it holds more than one text");
        has_text_ = true;
        in_text_ = true;
        rest_.push_back('"');
      } else {
        in_string_ = true;
        last_string_.clear();
      }
      after_colon_ = false;
      return absl::OkStatus();
    case '{':
    case '[':
      if (open_.size() >= kMaxDepth) return Broken("it is nested too deeply");
      open_.push_back(c);
      after_colon_ = false;
      return absl::OkStatus();
    case '}':
    case ']':
      if (open_.empty()) return Broken("it ends before it begins");
      open_.pop_back();
      after_colon_ = false;
      return absl::OkStatus();
    case ':':
      after_colon_ = true;
      return absl::OkStatus();
    case ' ':
    case '\t':
    case '\r':
    case '\n':
      return absl::OkStatus();
    default:
      after_colon_ = false;
      return absl::OkStatus();
  }
}

void LogAnswerReader::TakeInString(char c) {
  if (escaped_) {
    escaped_ = false;
  } else if (c == '\\') {
    escaped_ = true;
  } else if (c == '"') {
    in_string_ = false;
    return;
  }
  if (last_string_.size() < kMaxKeyBytes) last_string_.push_back(c);
}

absl::StatusOr<json> LogAnswerReader::Finish() const {
  if (in_text_ || in_string_) return Broken("it breaks off in a text");
  // As RestClient: an empty body is JSON's null.
  if (rest_.empty()) return json();
  return ParseUpstreamJson(rest_);
}

}  // namespace opcon_snow::opcon
