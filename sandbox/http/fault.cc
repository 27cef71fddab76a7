#include "sandbox/http/fault.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::sandbox {
namespace {

using Json = nlohmann::json;

struct KindName {
  absl::string_view name;
  FaultKind kind;
};

constexpr std::array<KindName, 10> kKinds = {{
    {"status", FaultKind::kStatus},
    {"status_after", FaultKind::kStatusAfter},
    {"delay", FaultKind::kDelay},
    {"drop_before", FaultKind::kDropBefore},
    {"drop_after", FaultKind::kDropAfter},
    {"truncate", FaultKind::kTruncate},
    {"slow", FaultKind::kSlow},
    {"html", FaultKind::kHtml},
    {"body", FaultKind::kBody},
    {"empty_202", FaultKind::kEmpty202},
}};

absl::string_view NameOf(FaultKind kind) {
  for (const KindName& entry : kKinds) {
    if (entry.kind == kind) return entry.name;
  }
  return "";
}

// Reads the members of one JSON object. The first error stays, so that the
// calls can stand in a row and be checked once.
class ObjectReader {
 public:
  ObjectReader(const Json& object, std::string where)
      : object_(object), where_(std::move(where)) {
    if (!object_.is_object()) Fail(where_, "must be an object");
  }

  // Members other than these are errors.
  void Allow(std::initializer_list<absl::string_view> names) {
    if (!object_.is_object()) return;
    for (const auto& [key, value] : object_.items()) {
      if (std::find(names.begin(), names.end(), key) == names.end()) {
        Fail(Name(key), absl::StrCat("is not known here; known are ",
                                     absl::StrJoin(names, ", ")));
      }
    }
  }

  std::optional<std::string> String(const char* name) {
    const Json* value = Find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) {
      Fail(Name(name), "must be a string");
      return std::nullopt;
    }
    return value->get<std::string>();
  }

  std::optional<std::int64_t> Integer(const char* name, std::int64_t minimum,
                                      std::int64_t maximum) {
    const Json* value = Find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number_integer() ||
        (value->is_number_unsigned() &&
         value->get<std::uint64_t>() >
             static_cast<std::uint64_t>(
                 std::numeric_limits<std::int64_t>::max()))) {
      Fail(Name(name), "must be a whole number");
      return std::nullopt;
    }
    const auto number = value->get<std::int64_t>();
    if (number < minimum || number > maximum) {
      Fail(Name(name), absl::StrCat("must be from ", minimum, " to ", maximum));
      return std::nullopt;
    }
    return number;
  }

  std::int64_t RequiredInteger(const char* name, std::int64_t minimum,
                               std::int64_t maximum) {
    if (Find(name) == nullptr) Fail(Name(name), "is required");
    return Integer(name, minimum, maximum).value_or(0);
  }

  QueryPairs Headers(const char* name) {
    QueryPairs headers;
    const Json* value = Find(name);
    if (value == nullptr) return headers;
    if (!value->is_object()) {
      Fail(Name(name), "must be an object of strings");
      return headers;
    }
    for (const auto& [key, text] : value->items()) {
      if (!text.is_string()) {
        Fail(absl::StrCat(Name(name), ".", key), "must be a string");
        continue;
      }
      headers.emplace_back(key, text.get<std::string>());
    }
    return headers;
  }

  const Json* Find(const char* name) const {
    if (!object_.is_object()) return nullptr;
    const auto it = object_.find(name);
    return it == object_.end() ? nullptr : &*it;
  }

  void Fail(absl::string_view what, absl::string_view why) {
    if (status_.ok()) {
      status_ = absl::InvalidArgumentError(absl::StrCat(what, " ", why));
    }
  }

  std::string Name(absl::string_view name) const {
    return where_ == "fault" ? std::string(name)
                             : absl::StrCat(where_, ".", name);
  }

  const absl::Status& status() const { return status_; }

 private:
  const Json& object_;
  const std::string where_;
  absl::Status status_;
};

constexpr std::int64_t kMaxCount = 1'000'000'000;

void ReadAnswerBody(ObjectReader& reader, Fault& fault) {
  fault.answer_body = reader.String("body");
  const std::optional<std::string> base64 = reader.String("body_base64");
  if (!base64.has_value()) return;
  if (fault.answer_body.has_value()) {
    reader.Fail("action", "has both body and body_base64; give one");
  }
  std::string bytes;
  if (!absl::Base64Unescape(*base64, &bytes)) {
    reader.Fail("action.body_base64", "is not Base64");
  }
  fault.answer_body = std::move(bytes);
}

void ReadAction(ObjectReader& reader, Fault& fault) {
  switch (fault.kind) {
    case FaultKind::kStatus:
    case FaultKind::kStatusAfter:
      reader.Allow(
          {"kind", "status", "headers", "body", "body_base64", "content_type"});
      fault.status =
          static_cast<int>(reader.RequiredInteger("status", 200, 599));
      break;
    case FaultKind::kBody:
      reader.Allow(
          {"kind", "status", "headers", "body", "body_base64", "content_type"});
      fault.status =
          static_cast<int>(reader.Integer("status", 200, 599).value_or(200));
      break;
    case FaultKind::kHtml:
      reader.Allow({"kind", "status", "headers", "body"});
      fault.status =
          static_cast<int>(reader.Integer("status", 200, 599).value_or(200));
      break;
    case FaultKind::kDelay:
      reader.Allow({"kind", "ms"});
      fault.milliseconds = reader.RequiredInteger("ms", 0, 86'400'000);
      return;
    case FaultKind::kTruncate:
      reader.Allow({"kind", "bytes"});
      fault.bytes = reader.RequiredInteger("bytes", 0, kMaxCount);
      return;
    case FaultKind::kSlow:
      reader.Allow({"kind", "bytes_per_second"});
      fault.bytes_per_second =
          reader.RequiredInteger("bytes_per_second", 1, kMaxCount);
      return;
    case FaultKind::kEmpty202:
      reader.Allow({"kind", "headers"});
      fault.status = 202;
      fault.headers = reader.Headers("headers");
      return;
    case FaultKind::kDropBefore:
    case FaultKind::kDropAfter:
      reader.Allow({"kind"});
      return;
  }
  ReadAnswerBody(reader, fault);
  fault.headers = reader.Headers("headers");
  fault.content_type = reader.String("content_type").value_or("");
  if (fault.kind == FaultKind::kBody && !fault.answer_body.has_value()) {
    reader.Fail("action.body", "or action.body_base64 is required");
  }
}

bool PathMatches(absl::string_view pattern, absl::string_view path) {
  if (absl::EndsWith(pattern, "*")) {
    return absl::StartsWith(path, pattern.substr(0, pattern.size() - 1));
  }
  return path == pattern;
}

}  // namespace

absl::StatusOr<Fault> ParseFault(const nlohmann::json& value) {
  Fault fault;
  ObjectReader top(value, "fault");
  top.Allow({"match", "skip", "times", "action"});
  fault.skip = top.Integer("skip", 0, kMaxCount).value_or(0);
  fault.times = top.Integer("times", -1, kMaxCount).value_or(1);
  if (fault.times == 0) top.Fail("times", "must be -1 (for ever) or above 0");
  if (top.Find("action") == nullptr) top.Fail("action", "is required");
  if (!top.status().ok()) return top.status();

  const Json empty = Json::object();
  const Json* match_value = top.Find("match");
  ObjectReader match(match_value == nullptr ? empty : *match_value, "match");
  match.Allow({"method", "path", "query", "body"});
  fault.method = match.String("method").value_or("");
  fault.path = match.String("path").value_or("");
  fault.query = match.String("query").value_or("");
  fault.body = match.String("body").value_or("");
  if (!match.status().ok()) return match.status();

  ObjectReader action(*top.Find("action"), "action");
  if (!action.status().ok()) return action.status();
  const std::optional<std::string> kind = action.String("kind");
  if (!action.status().ok()) return action.status();
  const auto* entry = std::find_if(
      kKinds.begin(), kKinds.end(),
      [&](const KindName& e) { return kind.has_value() && e.name == *kind; });
  if (entry == kKinds.end()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "action.kind must be one of ",
        absl::StrJoin(kKinds, ", ", [](std::string* out, const KindName& e) {
          absl::StrAppend(out, e.name);
        })));
  }
  fault.kind = entry->kind;
  ReadAction(action, fault);
  if (!action.status().ok()) return action.status();
  return fault;
}

nlohmann::json FaultToJson(const Fault& fault) {
  Json match = Json::object();
  if (!fault.method.empty()) match["method"] = fault.method;
  if (!fault.path.empty()) match["path"] = fault.path;
  if (!fault.query.empty()) match["query"] = fault.query;
  if (!fault.body.empty()) match["body"] = fault.body;
  Json action = {{"kind", std::string(NameOf(fault.kind))}};
  if (fault.status != 0) action["status"] = fault.status;
  if (fault.kind == FaultKind::kDelay) action["ms"] = fault.milliseconds;
  if (fault.kind == FaultKind::kTruncate) action["bytes"] = fault.bytes;
  if (fault.kind == FaultKind::kSlow) {
    action["bytes_per_second"] = fault.bytes_per_second;
  }
  if (!fault.headers.empty()) {
    for (const auto& [name, text] : fault.headers) {
      action["headers"][name] = text;
    }
  }
  if (fault.answer_body.has_value()) action["body"] = *fault.answer_body;
  return {{"id", fault.id},       {"match", match},     {"skip", fault.skip},
          {"times", fault.times}, {"hits", fault.hits}, {"action", action}};
}

std::int64_t FaultBoard::Add(Fault fault) {
  const std::lock_guard<std::mutex> lock(mutex_);
  fault.id = ++last_id_;
  faults_.push_back(std::move(fault));
  return last_id_;
}

bool FaultBoard::Remove(std::int64_t id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::erase_if(faults_,
                       [&](const Fault& fault) { return fault.id == id; }) > 0;
}

void FaultBoard::Clear() {
  const std::lock_guard<std::mutex> lock(mutex_);
  faults_.clear();
}

std::vector<Fault> FaultBoard::List() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return faults_;
}

std::vector<Fault> FaultBoard::Take(const SandboxRequest& request) {
  std::vector<Fault> taken;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (faults_.empty()) return taken;
  std::string body = request.body;
  for (const FormPart& part : request.parts) body += part.content;
  const std::string query = PercentDecode(request.raw_query, true);
  for (Fault& fault : faults_) {
    if (fault.times >= 0 && fault.hits >= fault.times) continue;
    if (!Matches(fault, request, body, query)) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    ++fault.hits;
    taken.push_back(fault);
    if (fault.kind != FaultKind::kDelay) break;
  }
  return taken;
}

bool FaultBoard::Matches(const Fault& fault, const SandboxRequest& request,
                         const std::string& body,
                         const std::string& query) const {
  if (!fault.method.empty() && fault.method != request.method) return false;
  if (!absl::StrContains(query, fault.query)) return false;
  if (!absl::StrContains(body, fault.body)) return false;
  if (fault.path.empty() || PathMatches(fault.path, request.raw_path)) {
    return true;
  }
  const std::string decoded = request.DecodedPath();
  return PathMatches(fault.path, decoded) ||
         (canonical_path_ != nullptr &&
          PathMatches(fault.path, canonical_path_(decoded)));
}

}  // namespace opcon_snow::sandbox
