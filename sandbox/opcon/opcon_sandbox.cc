#include "sandbox/opcon/opcon_sandbox.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sandbox/opcon/api_errors.h"
#include "sandbox/opcon/control_api.h"
#include "sandbox/opcon/state_json.h"
#include "sandbox/opcon/wire_time.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;

constexpr absl::Duration kMaxWait = absl::Seconds(60);

// For a version that is no number: it has everything.
constexpr ApiVersion kNewest = {1000, 0, 0};

Reply ControlError(int status, absl::string_view message) {
  return Reply::Json(status, {{"error", std::string(message)}});
}

Reply ControlError(const absl::Status& status) {
  int code = 400;
  if (status.code() == absl::StatusCode::kNotFound) code = 404;
  if (status.code() == absl::StatusCode::kAlreadyExists) code = 409;
  return ControlError(code, status.message());
}

// The token of "Authorization: Token <guid>"; "" if there is none.
std::string TokenOf(const SandboxRequest& request) {
  const std::string& header = request.Header("authorization");
  constexpr absl::string_view kScheme = "Token ";
  if (!absl::StartsWithIgnoreCase(header, kScheme)) return "";
  return std::string(absl::StripAsciiWhitespace(header.substr(kScheme.size())));
}

// As a fault's match.path may write it: the fixed parts in lower case, the ids
// decoded.
std::string CanonicalPath(const std::string& decoded) {
  std::vector<std::string> segments = absl::StrSplit(decoded, '/');
  for (std::string& segment : segments) {
    if (absl::StrContains(segment, '|')) {
      segment = PercentDecode(segment, /*plus_is_blank=*/false);
    } else {
      absl::AsciiStrToLower(&segment);
    }
  }
  return absl::StrJoin(segments, "/");
}

// An optional whole number from 0; nullopt inside if it is not one.
std::optional<std::int64_t> NumberOr(const SandboxRequest& request,
                                     absl::string_view name,
                                     std::int64_t otherwise) {
  const std::optional<std::string> text = request.Query(name);
  if (!text) return otherwise;
  std::int64_t value = 0;
  if (!absl::SimpleAtoi(*text, &value) || value < 0) return std::nullopt;
  return value;
}

}  // namespace

OpConSandbox::OpConSandbox(const OpConOptions& options, Clock* clock)
    : clock_(clock),
      notify_(&clock_),
      model_(options.model, &clock_, &notify_),
      actions_(options.actions, &model_, &clock_),
      schedule_actions_(options.actions, &model_, &clock_),
      clockwork_(options.keep_days, &model_, &clock_),
      tokens_(options.tokens, &clock_),
      version_(ApiVersion::Parse(options.api.version).value_or(kNewest)) {
  context_.options = options.api;
  context_.model = &model_;
  context_.actions = &actions_;
  context_.schedule_actions = &schedule_actions_;
  context_.tokens = &tokens_;
  context_.ticket_in_job = TakesTicketInJob(version_);
  AddServiceRoutes(&context_, router_);
  AddTokenRoutes(&context_, router_);
  AddDailyJobRoutes(&context_, router_);
  AddDailyJobPartRoutes(&context_, router_);
  AddIncidentTicketRoutes(&context_, router_);
  AddActionRoutes(&context_, router_);
  AddScheduleRoutes(&context_, router_);
  AddScheduleActionRoutes(&context_, router_);
  AddHistoryRoutes(&context_, router_);
  AddGlobalPropertyRoutes(&context_, router_);
  worker_ = std::thread([this] { RunDueActions(); });
}

OpConSandbox::~OpConSandbox() {
  WakeReaders();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  worker_.join();
}

void OpConSandbox::Connect(SandboxServer::Options& options) {
  options.name = "opcon";
  options.handler = [this](const SandboxRequest& r) { return Handle(r); };
  options.control = [this](const SandboxRequest& r) { return Control(r); };
  options.reset = [this] { Reset(); };
  options.state = [this] { return State(); };
  options.save = [this] { return State(); };
  options.restore = [this](const std::string& text) { return Restore(text); };
  options.canonical_path = CanonicalPath;
  options.error_reply = [](int status) {
    return status == 401 ? InvalidToken()
                         : ApiError(status, "", "", "An error has occurred.");
  };
}

int OpConSandbox::Advance() {
  actions_.Advance();
  schedule_actions_.Advance();
  return clockwork_.Advance();
}

absl::Time OpConSandbox::NextDue() {
  return std::min(
      {clockwork_.NextDue(), actions_.NextDue(), schedule_actions_.NextDue()});
}

void OpConSandbox::RunDueActions() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    (void)Advance();
    awaited_ = NextDue();
    clock_.WaitUntil(
        lock, changed_,
        SteadyAfter(clock_.SteadyNow(), awaited_ - clock_.Now()), [&] {
          return stopping_ || NextDue() != awaited_ || clock_.Now() >= awaited_;
        });
  }
}

Reply OpConSandbox::Handle(const SandboxRequest& request) {
  std::function<std::string()> body_later;
  Reply reply;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    // What was due before this request has happened before it.
    (void)Advance();
    reply = Route(request, &body_later);
    if (NextDue() != awaited_) changed_.notify_all();
  }
  if (body_later) reply.body = body_later();
  reply.With("apiServerTime",
             FormatWireTime(clock_.Now(), model_.options().zone));
  return reply;
}

Reply OpConSandbox::Route(const SandboxRequest& request,
                          std::function<std::string()>* body_later) {
  std::optional<Router::Match> match = router_.Find(request);
  if (!match || !match->route->handler) {
    if (request.segments.empty() ||
        !absl::EqualsIgnoreCase(request.segments[0], "api")) {
      return Reply::Empty(404);
    }
    return NotSimulated(absl::StrCat(request.method, " ", request.raw_path));
  }
  if (const auto missing = Missing(*match, request)) return *missing;
  ApiCall call{request, QueryParameters(request.query),
               std::move(match->values), nullptr};
  if (match->route->needs_token) {
    call.token = tokens_.Find(TokenOf(request));
    if (call.token == nullptr) return InvalidToken();
  }
  Reply reply = match->route->handler(call);
  *body_later = std::move(call.body_later);
  return reply;
}

bool OpConSandbox::Lacks(const opcon::Route& route) const {
  if (!HasEndpoint(version_, route.method, route.path)) return true;
  const std::vector<std::string>& missing = context_.options.missing_endpoints;
  return std::any_of(missing.begin(), missing.end(), [&](const auto& name) {
    return NamesEndpoint(name, route.method, route.path);
  });
}

std::optional<Reply> OpConSandbox::Missing(
    const Router::Match& match, const SandboxRequest& request) const {
  if (!Lacks(*match.route)) return std::nullopt;
  // The path is known if another method of it is.
  SandboxRequest other = request;
  for (const char* method : {"GET", "POST", "PUT", "DELETE"}) {
    other.method = method;
    const std::optional<Router::Match> found = router_.Find(other);
    if (found && found->route->handler && !Lacks(*found->route)) {
      return Reply::Empty(405);
    }
  }
  return Reply::Empty(404);
}

std::optional<Reply> OpConSandbox::Control(const SandboxRequest& request) {
  if (request.segments.size() < 2) return std::nullopt;
  const std::string& command = request.segments[1];
  const bool alone = request.segments.size() == 2;
  if (command == "notifications" && alone) return ReadNotifications(request);
  if (command == "endpoints" && alone) return ListEndpoints();
  const bool get = request.method == "GET" && command == "clock" && alone;
  if (command != "jobs" &&
      !(alone && (command == "schedules" || command == "clock"))) {
    return std::nullopt;
  }
  if (request.method != "POST" && !get) return ControlError(405, "use POST");
  if (!request.body_complete) return ControlError(413, "the body is too long");
  json body = json::object();
  if (!request.body.empty()) {
    body = json::parse(request.body, nullptr, /*allow_exceptions=*/false);
    if (body.is_discarded()) return ControlError(400, "the body is not JSON");
  }
  std::lock_guard<std::mutex> lock(mutex_);
  (void)Advance();
  Reply reply = command == "jobs"        ? ControlJobs(request, body)
                : command == "schedules" ? ControlSchedules(body)
                                         : ControlClock(request, body);
  // Also what the command has just made possible.
  (void)Advance();
  changed_.notify_all();
  return reply;
}

Reply OpConSandbox::ControlJobs(const SandboxRequest& request,
                                const json& body) {
  if (request.segments.size() == 2) {
    const absl::StatusOr<JobDefinition> definition =
        ParseJobDefinition(body, model_);
    if (!definition.ok()) return ControlError(definition.status());
    const absl::StatusOr<const DailyJob*> job = model_.DefineJob(*definition);
    if (!job.ok()) return ControlError(job.status());
    return Reply::Json(201, {{"id", (*job)->id.ToString()},
                             {"uid", (*job)->uid},
                             {"jobNumber", (*job)->job_number},
                             {"uniqueJobId", (*job)->unique_job_id},
                             {"scheduleUid", model_.ScheduleOf(**job).uid}});
  }
  const std::string verb =
      request.segments.size() == 4 ? request.segments[3] : "";
  if (verb != "start" && verb != "finish" && verb != "fail") {
    return ControlError(404, "use /_sandbox/jobs/{id}/start, finish or fail");
  }
  const std::string text =
      PercentDecode(request.segments[2], /*plus_is_blank=*/false);
  const std::optional<DailyJobId> id = DailyJobId::Parse(text);
  if (!id) {
    return ControlError(
        400, absl::StrCat("'", text, "' is not the id of a daily job"));
  }
  absl::Status status;
  if (verb == "start") {
    status = model_.StartJob(*id);
  } else {
    const absl::StatusOr<JobEnd> end = ParseJobEnd(body, verb == "fail");
    if (!end.ok()) return ControlError(end.status());
    std::optional<SteppedClock::Moment> moment;
    if (end->time) moment.emplace(&clock_, *end->time);
    status = model_.EndJob(*id, *end);
  }
  if (!status.ok()) return ControlError(status);
  return Reply::Json(200, context_.view().Job(*model_.FindJob(*id)));
}

Reply OpConSandbox::ControlSchedules(const json& body) {
  absl::StatusOr<MasterSchedule> master = ParseMasterSchedule(body, model_);
  if (!master.ok()) return ControlError(master.status());
  const int id = master->id;
  const absl::Status status = DefineMaster(*std::move(master), model_);
  if (!status.ok()) return ControlError(status);
  return Reply::Json(201, {{"schedule_id", id}});
}

Reply OpConSandbox::ControlClock(const SandboxRequest& request,
                                 const json& body) {
  int happened = 0;
  if (request.method == "POST") {
    const absl::StatusOr<absl::Duration> step =
        ParseClockStep(body, clockwork_.NextMidnight() - clock_.Now());
    if (!step.ok()) return ControlError(step.status());
    clock_.Advance(*step);
    happened = Advance();
  }
  return Reply::Json(
      200, {{"now", FormatWireTime(clock_.Now(), model_.options().zone)},
            {"happened", happened}});
}

Reply OpConSandbox::ListEndpoints() const {
  json list = json::array();
  for (const opcon::Route* route : router_.Simulated()) {
    list.push_back({{"method", route->method},
                    {"path", absl::StrCat("/", route->path)},
                    {"token", route->needs_token}});
  }
  return Reply::Json(200, list);
}

Reply OpConSandbox::ReadNotifications(const SandboxRequest& request) {
  if (request.method != "GET") return ControlError(405, "use GET");
  const auto since = NumberOr(request, "since", 0);
  const auto wait_ms = NumberOr(request, "wait_ms", 0);
  const auto epoch = NumberOr(request, "epoch", 0);
  if (!since || !wait_ms || !epoch) {
    return ControlError(400, "since, wait_ms and epoch are whole numbers");
  }
  NotifyTable::Position position;
  position.since = *since;
  if (request.Query("epoch")) position.epoch = *epoch;
  const NotifyTable::Page page =
      notify_.Read(position, std::min(absl::Milliseconds(*wait_ms), kMaxWait));
  json rows = json::array();
  for (const Notification& row : page.rows) {
    rows.push_back(NotificationToJson(row));
  }
  return Reply::Json(200, {{"notifications", std::move(rows)},
                           {"last", page.last},
                           {"epoch", page.epoch}});
}

void OpConSandbox::Reset() {
  std::lock_guard<std::mutex> lock(mutex_);
  clock_.Reset();
  actions_.Reset();
  schedule_actions_.Reset();
  tokens_.Reset();
  model_.Reset();
  clockwork_.Reset();
  changed_.notify_all();
}

std::string OpConSandbox::State() {
  std::lock_guard<std::mutex> lock(mutex_);
  (void)Advance();
  json state = StateToJson(model_.tables(), notify_.ReadAll());
  json job_actions = json::array();
  for (const auto& [id, action] : actions_.job_actions()) {
    job_actions.push_back(
        context_.view().Action(action, actions_.ExpiryOf(action.submitted)));
  }
  state["job_actions"] = std::move(job_actions);
  state["job_instance_actions"] = actions_.log_actions().size();
  return DumpJson(state);
}

absl::Status OpConSandbox::Restore(const std::string& text) {
  const json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) {
    return absl::InvalidArgumentError("this is not JSON");
  }
  absl::StatusOr<KeptState> state = StateFromJson(value);
  if (!state.ok()) return state.status();
  std::lock_guard<std::mutex> lock(mutex_);
  actions_.Reset();
  schedule_actions_.Reset();
  model_.Restore(std::move(state->tables));
  clockwork_.Reset();
  notify_.Restore(std::move(state->notifications));
  changed_.notify_all();
  return absl::OkStatus();
}

}  // namespace opcon_snow::sandbox::opcon
