#include "sandbox/http/request_log.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/digest/sha256.h"
#include "sandbox/http/masking.h"

namespace opcon_snow::sandbox {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxBodyBytes = std::size_t{64} << 10;

bool IsUtf8(const std::string& text) {
  try {
    (void)Json(text).dump();
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

// Shortens to whole UTF-8 characters; other bytes are cut where they are.
std::string Shorten(const std::string& text) {
  std::size_t size = kMaxBodyBytes;
  for (int back = 0; back < 3 && size > 0 &&
                     (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U;
       ++back) {
    --size;
  }
  return text.substr(0, size);
}

void AddBody(const std::string& content_type, const std::string& body,
             Json& out) {
  if (body.empty()) return;
  std::string shown = MaskBody(content_type, body);
  if (shown.size() > kMaxBodyBytes) {
    shown = Shorten(shown);
    out["body_truncated"] = true;
  }
  if (IsUtf8(shown)) {
    out["body"] = shown;
  } else {
    out["body_base64"] = Base64Encode(shown);
  }
}

Json Describe(const SandboxRequest& request) {
  Json headers = Json::object();
  for (const auto& [name, value] : request.headers) {
    headers[name] = MaskHeader(name, value);
  }
  Json entry = {
      {"time", absl::FormatTime("%Y-%m-%d%ET%H:%M:%E6SZ", absl::Now(),
                                absl::UTCTimeZone())},
      {"method", request.method},
      {"path", request.raw_path},
      {"query", MaskForm(request.raw_query)},
      {"headers", std::move(headers)},
      {"status", 0},
      {"applied", false},
      {"body_bytes", request.body_bytes},
  };
  if (!request.body.empty()) {
    AddBody(request.Header("content-type"), request.body, entry);
    if (request.body_complete) entry["body_sha256"] = Sha256Hex(request.body);
  }
  for (const FormPart& part : request.parts) {
    Json shown = {{"name", part.name},
                  {"file_name", part.file_name},
                  {"content_type", part.content_type},
                  {"body_bytes", part.content.size()}};
    AddBody(part.content_type, part.content, shown);
    entry["parts"].push_back(std::move(shown));
  }
  return entry;
}

}  // namespace

RequestLog::RequestLog(std::size_t max_entries, std::size_t max_bytes)
    : max_entries_(max_entries), max_bytes_(max_bytes) {}

std::int64_t RequestLog::Add(const SandboxRequest& request) {
  Json value = Describe(request);
  const std::size_t bytes = DumpJson(value).size();
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::int64_t n = ++last_;
  value["n"] = n;
  entries_.push_back({n, bytes, std::move(value)});
  bytes_ += bytes;
  while (entries_.size() > 1 &&
         (entries_.size() > max_entries_ || bytes_ > max_bytes_)) {
    bytes_ -= entries_.front().bytes;
    entries_.pop_front();
    ++forgotten_;
  }
  return n + offset_;
}

void RequestLog::Finish(std::int64_t handle, int status, bool applied,
                        const std::string& fault) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::int64_t n = handle - offset_;
  if (entries_.empty() || n < entries_.front().n) return;
  const auto index = static_cast<std::size_t>(n - entries_.front().n);
  if (index >= entries_.size()) return;
  Json& value = entries_[index].value;
  value["status"] = status;
  value["applied"] = applied;
  if (!fault.empty()) value["fault"] = fault;
}

nlohmann::json RequestLog::Since(std::int64_t n) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Json list = Json::array();
  for (const Entry& entry : entries_) {
    if (entry.n > n) list.push_back(entry.value);
  }
  return {{"requests", std::move(list)},
          {"last", last_},
          {"forgotten", forgotten_}};
}

void RequestLog::Clear() {
  const std::lock_guard<std::mutex> lock(mutex_);
  offset_ += last_;
  entries_.clear();
  bytes_ = 0;
  last_ = 0;
  forgotten_ = 0;
}

}  // namespace opcon_snow::sandbox
