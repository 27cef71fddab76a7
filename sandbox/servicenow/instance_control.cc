// The control paths of an instance; see instance.h.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "sandbox/servicenow/instance.h"
#include "sandbox/servicenow/seed.h"

namespace opcon_snow::sandbox::servicenow {

using Json = nlohmann::json;

namespace {

Reply BadControl(const std::string& message) {
  return Reply::Json(400, {{"error", message}});
}

}  // namespace

std::optional<Reply> Instance::Control(const SandboxRequest& request) {
  std::optional<Reply> reply = OwnControl(request);
  if (!reply.has_value() && hooks_ != nullptr) {
    reply = hooks_->Control(request);
  }
  return reply;
}

std::optional<Reply> Instance::OwnControl(const SandboxRequest& request) {
  const std::string path = request.DecodedPath();
  const bool get = request.method == "GET";
  const bool post = request.method == "POST";
  if (path == "/_sandbox/conditions") return ControlConditions(request);
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  if (path == "/_sandbox/tokens" && request.method == "DELETE") {
    authenticator_.RevokeAccessTokens();
    return Reply::Empty(204);
  }
  if (path == "/_sandbox/clock" && (get || post)) return ControlClock(request);
  if (path == "/_sandbox/seed" && post) return ControlSeed(request);
  if (path == "/_sandbox/incidents" && post) return ControlIncidents(request);
  if (path == "/_sandbox/store" && get) {
    Json records = Json::object();
    for (const std::string& table : dictionary_.TableNames()) {
      const std::size_t count = store_.Count(table);
      if (count > 0) records[table] = count;
    }
    return Reply::Json(
        200, {{"records", std::move(records)}, {"touched", store_.touched()}});
  }
  return std::nullopt;
}

std::optional<Reply> Instance::ControlConditions(
    const SandboxRequest& request) {
  if (request.method == "DELETE") {
    traffic_.Reset();
    return Reply::Empty(204);
  }
  if (request.method == "PATCH" || request.method == "POST") {
    absl::StatusOr<Conditions> conditions = ParseConditions(
        Json::parse(request.body, nullptr, /*allow_exceptions=*/false),
        traffic_.Get());
    if (!conditions.ok()) {
      return BadControl(std::string(conditions.status().message()));
    }
    traffic_.Set(*std::move(conditions));
  } else if (request.method != "GET") {
    return std::nullopt;
  }
  return Reply::Json(200, ConditionsToJson(traffic_.Get()));
}

Reply Instance::ControlSeed(const SandboxRequest& request) {
  const Json body =
      Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  absl::Status status = servicenow::Plant(body, dictionary_, writer_);
  store_.Reindex();
  if (!status.ok()) return BadControl(std::string(status.message()));
  if (hooks_ != nullptr) hooks_->Planted();
  return Reply::Empty(204);
}

Reply Instance::ControlIncidents(const SandboxRequest& request) {
  const Json body =
      Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  BulkIncidents bulk;
  constexpr std::int64_t kMostIncidents = 1'000'000;
  try {
    bulk.count = body.at("count").get<std::int64_t>();
    bulk.seconds_apart = body.value("seconds_apart", bulk.seconds_apart);
    bulk.correlation_prefix =
        body.value("correlation_prefix", bulk.correlation_prefix);
  } catch (const Json::exception& error) {
    return BadControl(error.what());
  }
  if (bulk.count < 1 || bulk.count > kMostIncidents || bulk.seconds_apart < 0 ||
      bulk.seconds_apart > 86'400) {
    return BadControl(
        "count must be from 1 to 1000000, seconds_apart from 0 "
        "to 86400");
  }
  const absl::StatusOr<std::string> first =
      MakeIncidents(bulk, store_, writer_, clock_());
  if (!first.ok()) return BadControl(std::string(first.status().message()));
  return Reply::Json(201, {{"count", bulk.count}, {"first_number", *first}});
}

Reply Instance::ControlClock(const SandboxRequest& request) {
  if (request.method == "POST") {
    const Json body =
        Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
    constexpr std::int64_t kHundredYears = 3'155'760'000;
    if (!body.is_object() || body.size() != 1 ||
        !body.contains("advance_seconds") ||
        !body["advance_seconds"].is_number_integer() ||
        body["advance_seconds"].get<std::int64_t>() < 0 ||
        body["advance_seconds"].get<std::int64_t>() > kHundredYears) {
      return BadControl(
          "the body must be {\"advance_seconds\": N} with a whole N from 0");
    }
    advanced_ += absl::Seconds(body["advance_seconds"].get<std::int64_t>());
  }
  return Reply::Json(200, {{"time", FormatTimestamp(clock_())}});
}

}  // namespace opcon_snow::sandbox::servicenow
