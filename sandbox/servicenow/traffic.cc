#include "sandbox/servicenow/traffic.h"

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sandbox/servicenow/replies.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

constexpr char kQuotaText[] =
    "Transaction cancelled: maximum execution time exceeded";

absl::Status Fault(const std::string& key, const std::string& wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat("conditions: ", key, " must be ", wanted));
}

// Reads the members of one object; the first fault is kept.
class Reader {
 public:
  Reader(const Json& object, std::string where)
      : object_(object), where_(std::move(where)) {
    if (!object.is_object()) status_ = Fault(where_, "an object");
  }

  void Number(const char* key, std::int64_t low, std::int64_t high,
              std::int64_t* to) {
    const Json* value = Take(key);
    if (value == nullptr) return;
    if (!value->is_number_integer() || *value < low || *value > high) {
      Fail(key, absl::StrCat("a whole number from ", low, " to ", high));
      return;
    }
    *to = value->get<std::int64_t>();
  }

  void Flag(const char* key, bool* to) {
    const Json* value = Take(key);
    if (value == nullptr) return;
    if (!value->is_boolean()) {
      Fail(key, "true or false");
      return;
    }
    *to = value->get<bool>();
  }

  void Text(const char* key, std::string* to) {
    const Json* value = Take(key);
    if (value == nullptr) return;
    if (!value->is_string()) {
      Fail(key, "a text");
      return;
    }
    *to = value->get<std::string>();
  }

  // Null if the key is absent.
  const Json* Take(const char* key) {
    if (!object_.is_object() || !object_.contains(key)) return nullptr;
    known_.push_back(key);
    return &object_[key];
  }

  void Fail(const std::string& key, const std::string& wanted) {
    if (status_.ok()) {
      status_ =
          Fault(where_.empty() ? key : absl::StrCat(where_, ".", key), wanted);
    }
  }

  void Merge(const absl::Status& status) {
    if (status_.ok()) status_ = status;
  }

  absl::Status Finish() {
    if (!status_.ok() || !object_.is_object()) return status_;
    for (const auto& [key, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("conditions: ", where_, where_.empty() ? "" : ".", key,
                         " is not known"));
      }
    }
    return absl::OkStatus();
  }

 private:
  const Json& object_;
  const std::string where_;
  std::vector<std::string> known_;
  absl::Status status_;
};

absl::StatusOr<RateRule> ParseRateRule(const Json& value) {
  RateRule rule;
  Reader reader(value, "rate_limits");
  reader.Number("requests_per_hour", 0, 1'000'000'000, &rule.requests_per_hour);
  reader.Text("api", &rule.api);
  reader.Text("user", &rule.user);
  reader.Flag("headers", &rule.headers);
  reader.Number("flush_seconds", 0, 3600, &rule.flush_seconds);
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  return rule;
}

absl::StatusOr<SlowRule> ParseSlowRule(const Json& value) {
  SlowRule rule;
  Reader reader(value, "slow");
  reader.Text("method", &rule.method);
  reader.Text("path", &rule.path);
  reader.Number("seconds", 0, 1'000'000, &rule.seconds);
  reader.Number("rows", -1, 1'000'000, &rule.rows);
  reader.Flag("broken", &rule.broken);
  reader.Flag("committed", &rule.committed);
  reader.Number("times", -1, 1'000'000, &rule.times);
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  return rule;
}

template <typename Rule>
void ReadRules(Reader& reader, const char* key,
               absl::StatusOr<Rule> (*parse)(const Json&),
               std::vector<Rule>* to) {
  const Json* list = reader.Take(key);
  if (list == nullptr) return;
  if (!list->is_array()) {
    reader.Fail(key, "an array");
    return;
  }
  to->clear();
  for (const Json& item : *list) {
    absl::StatusOr<Rule> rule = parse(item);
    reader.Merge(rule.status());
    if (rule.ok()) to->push_back(*std::move(rule));
  }
}

std::string ApiName(const std::string& api) {
  if (api == "table") return "Table API";
  if (api == "attachment") return "Attachment API";
  if (api == "import") return "Import Set API";
  if (api == "batch") return "Batch API";
  return "REST API";
}

// A rule's sys_id, the same for the same rule.
std::string RuleId(const RateRule& rule) {
  std::string id = "5f3c8a20db1310006bd3f5a39c9619";
  id += static_cast<char>('a' + static_cast<char>(rule.api.size() % 6));
  id += static_cast<char>('0' + static_cast<char>(rule.user.size() % 10));
  return id;
}

}  // namespace

absl::StatusOr<Conditions> ParseConditions(const nlohmann::json& changes,
                                           Conditions base) {
  Conditions result = std::move(base);
  Reader reader(changes, "");
  ReadRules(reader, "rate_limits", &ParseRateRule, &result.rate_limits);
  ReadRules(reader, "slow", &ParseSlowRule, &result.slow);
  if (const Json* value = reader.Take("semaphores")) {
    Reader inner(*value, "semaphores");
    inner.Number("threads", 0, 10'000, &result.semaphore_threads);
    inner.Number("queue", 0, 10'000, &result.semaphore_queue);
    reader.Merge(inner.Finish());
  }
  if (const Json* value = reader.Take("sessions")) {
    Reader inner(*value, "sessions");
    inner.Number("waiting", 0, 10'000, &result.session_waiting);
    inner.Number("wait_milliseconds", 0, 600'000,
                 &result.session_wait_milliseconds);
    reader.Merge(inner.Finish());
  }
  reader.Number("transaction_milliseconds", 0, 60'000,
                &result.transaction_milliseconds);
  reader.Number("quota_seconds", 1, 1'000'000, &result.quota_seconds);
  reader.Number("batch_quota_seconds", 1, 1'000'000,
                &result.batch_quota_seconds);
  reader.Number("hibernating", 0, 503, &result.hibernating);
  reader.Flag("maintenance", &result.maintenance);
  const std::int64_t sleep = result.hibernating;
  if (sleep != 0 && sleep != 200 && sleep != 302 && sleep != 503) {
    reader.Fail("hibernating", "0, 200, 302 or 503");
  }
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  return result;
}

nlohmann::json ConditionsToJson(const Conditions& conditions) {
  Json rates = Json::array();
  for (const RateRule& rule : conditions.rate_limits) {
    rates.push_back({{"requests_per_hour", rule.requests_per_hour},
                     {"api", rule.api},
                     {"user", rule.user},
                     {"headers", rule.headers},
                     {"flush_seconds", rule.flush_seconds}});
  }
  Json slow = Json::array();
  for (const SlowRule& rule : conditions.slow) {
    slow.push_back({{"method", rule.method},
                    {"path", rule.path},
                    {"seconds", rule.seconds},
                    {"rows", rule.rows},
                    {"broken", rule.broken},
                    {"committed", rule.committed},
                    {"times", rule.times}});
  }
  return {{"rate_limits", std::move(rates)},
          {"slow", std::move(slow)},
          {"semaphores",
           {{"threads", conditions.semaphore_threads},
            {"queue", conditions.semaphore_queue}}},
          {"sessions",
           {{"waiting", conditions.session_waiting},
            {"wait_milliseconds", conditions.session_wait_milliseconds}}},
          {"transaction_milliseconds", conditions.transaction_milliseconds},
          {"quota_seconds", conditions.quota_seconds},
          {"batch_quota_seconds", conditions.batch_quota_seconds},
          {"hibernating", conditions.hibernating},
          {"maintenance", conditions.maintenance}};
}

Traffic::Traffic(Conditions initial, Clock clock)
    : initial_(std::move(initial)),
      clock_(std::move(clock)),
      conditions_(initial_) {}

std::optional<Reply> Traffic::Asleep() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (conditions_.maintenance) return TypicalError(503);
  switch (conditions_.hibernating) {
    case 0:
      return std::nullopt;
    case 302:
      return Reply::Empty(302).With("Location",
                                    "https://developer.servicenow.com/");
    default:
      return Reply::Text(static_cast<int>(conditions_.hibernating),
                         HibernationPage(), "text/html;charset=UTF-8");
  }
}

std::int64_t Traffic::Hour() const {
  return absl::ToUnixSeconds(clock_()) / 3600;
}

const RateRule* Traffic::RuleFor(const Call& call) const {
  for (const RateRule& rule : conditions_.rate_limits) {
    if ((rule.api.empty() || rule.api == call.api) &&
        (rule.user.empty() || rule.user == call.user)) {
      return &rule;
    }
  }
  return nullptr;
}

void Traffic::RateHeaders(const RateRule& rule, Reply& reply) const {
  reply.With("X-RateLimit-Limit", absl::StrCat(rule.requests_per_hour))
      .With("X-RateLimit-Reset", absl::StrCat((Hour() + 1) * 3600))
      .With("X-RateLimit-Rule", RuleId(rule));
}

void Traffic::AddRateHeaders(const Call& call, Reply& reply) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const RateRule* rule = RuleFor(call);
  if (rule != nullptr && rule->headers) RateHeaders(*rule, reply);
}

std::optional<Reply> Traffic::CheckRate(const Call& call) {
  const RateRule* rule = RuleFor(call);
  if (rule == nullptr) return std::nullopt;
  Counter& counter =
      counters_[absl::StrCat(rule->api, "\n", rule->user, "\n", call.user)];
  const absl::Time now = clock_();
  if (counter.hour != Hour()) counter = {Hour(), 0, 0, now};
  if (now >= counter.flushed + absl::Seconds(rule->flush_seconds)) {
    counter.counted += std::exchange(counter.pending, 0);
    counter.flushed = now;
  }
  if (counter.counted < rule->requests_per_hour) {
    ++counter.pending;
    return std::nullopt;
  }
  Reply reply = ErrorReply(
      429, "Rate limit exceeded",
      absl::StrCat("Rate limit of ", rule->requests_per_hour,
                   " requests per hour for ", ApiName(rule->api), " exceeded"));
  if (rule->headers) {
    const std::int64_t left =
        (Hour() + 1) * 3600 - absl::ToUnixSeconds(clock_());
    reply.With("Retry-After", absl::StrCat(std::max<std::int64_t>(left, 1)));
  }
  return reply;
}

std::optional<Reply> Traffic::AwaitSession(const Call& call,
                                           std::unique_lock<std::mutex>& lock) {
  if (call.session.empty()) return std::nullopt;
  if (busy_[call.session]) {
    std::int64_t& waiting = waiting_[call.session];
    if (waiting >= conditions_.session_waiting) return Reply::Empty(202);
    ++waiting;
    const bool my_turn = changed_.wait_for(
        lock, std::chrono::milliseconds(conditions_.session_wait_milliseconds),
        [&] { return !busy_[call.session]; });
    --waiting_[call.session];
    if (!my_turn) return Reply::Empty(202);
  }
  busy_[call.session] = true;
  return std::nullopt;
}

std::optional<Reply> Traffic::AwaitSemaphore(
    std::unique_lock<std::mutex>& lock) {
  if (running_ >= conditions_.semaphore_threads) {
    if (queued_ >= conditions_.semaphore_queue) {
      // No header tells when: that is how clients know it from a rate limit.
      return ErrorReply(429, "Too many requests",
                        "Semaphore set API_INT is full");
    }
    ++queued_;
    changed_.wait(lock, [&] {
      return running_ < conditions_.semaphore_threads ||
             conditions_.semaphore_threads == 0;
    });
    --queued_;
    if (conditions_.semaphore_threads == 0) {
      return ErrorReply(429, "Too many requests",
                        "Semaphore set API_INT is full");
    }
  }
  ++running_;
  return std::nullopt;
}

std::optional<Reply> Traffic::Enter(const Call& call) {
  std::chrono::milliseconds takes(0);
  {
    std::unique_lock<std::mutex> lock(mutex_);
    std::optional<Reply> refused = CheckRate(call);
    if (!refused.has_value()) refused = AwaitSession(call, lock);
    if (refused.has_value()) return refused;
    refused = AwaitSemaphore(lock);
    if (refused.has_value()) {
      busy_.erase(call.session);
      changed_.notify_all();
      return refused;
    }
    takes = std::chrono::milliseconds(conditions_.transaction_milliseconds);
  }
  if (takes.count() > 0) std::this_thread::sleep_for(takes);
  return std::nullopt;
}

void Traffic::Leave(const Call& call) {
  const std::lock_guard<std::mutex> lock(mutex_);
  --running_;
  busy_.erase(call.session);
  changed_.notify_all();
}

std::optional<SlowRule> Traffic::TakeSlow(const Call& call) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (SlowRule& rule : conditions_.slow) {
    const std::int64_t quota = call.api == "batch"
                                   ? conditions_.batch_quota_seconds
                                   : conditions_.quota_seconds;
    if (rule.times == 0 || rule.seconds <= quota ||
        (!rule.method.empty() && rule.method != call.method) ||
        !absl::StartsWith(call.path, rule.path)) {
      continue;
    }
    if (rule.times > 0) --rule.times;
    return rule;
  }
  return std::nullopt;
}

Conditions Traffic::Get() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return conditions_;
}

void Traffic::Set(Conditions conditions) {
  const std::lock_guard<std::mutex> lock(mutex_);
  conditions_ = std::move(conditions);
  changed_.notify_all();
}

void Traffic::Reset() {
  const std::lock_guard<std::mutex> lock(mutex_);
  conditions_ = initial_;
  counters_.clear();
  changed_.notify_all();
}

Reply CancelledReply(const SlowRule& rule, const Reply& whole) {
  Json body = Json::parse(whole.body, nullptr, /*allow_exceptions=*/false);
  if (rule.rows < 0 || whole.status != 200 || !body.is_object() ||
      !body.contains("result") || !body["result"].is_array()) {
    return TypicalError(500);
  }
  // By hand: a real instance appends this to what has gone out already.
  std::string text = "{\"result\":[";
  std::int64_t sent = 0;
  for (const Json& row : body["result"]) {
    if (sent == rule.rows) break;
    absl::StrAppend(&text, sent == 0 ? "" : ",", DumpJson(row));
    ++sent;
  }
  absl::StrAppend(&text, rule.broken ? "" : "]",
                  ",\"error\":{\"detail\":\"maximum execution time exceeded "
                  "Check logs for error trace or enable glide.rest.debug "
                  "property to verify REST request processing\",\"message\":\"",
                  kQuotaText, "\"},\"status\":\"failure\"}");
  Reply reply = whole;
  reply.body = std::move(text);
  return reply;
}

}  // namespace opcon_snow::sandbox::servicenow
