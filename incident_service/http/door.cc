#include "incident_service/http/door.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/auth/authorizer.h"
#include "common/auth/caller.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/status/error.h"
#include "common/status/utf8.h"
#include "common/trace/caller_span.h"
#include "common/trace/span.h"
#include "common/trace/trace_parent.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/util/json_util.h"
#include "incident_service/http/openapi_json.h"
#include "incident_service/identity.h"
#include "incident_service/service/report_span.h"
#include "incident_service/service/request_check.h"

namespace opcon_snow::incident::http {
namespace {

namespace v1 = ::incident::v1;
using google::protobuf::Message;

// Larger answers are refused, as over gRPC.
constexpr std::size_t kMaxAnswerBytes = std::size_t{16} << 20;
// Of what the JSON parser says, which quotes the body.
constexpr std::size_t kMaxParserText = 500;

enum class Call {
  kReport,
  kListReports,
  kGetReport,
  kListTickets,
  kGetTicket,
  kHealth,
  kOpenApi,
  kMetrics,
};

struct Route {
  const char* method;
  const char* path;  // "*" stands for one segment that is not empty
  Call call;
  // Whoever may call this may do so here; null: everybody may.
  const char* rpc;
};

constexpr char kHealthRpc[] = "incident.v1.IncidentService/GetHealth";

constexpr Route kRoutes[] = {
    {"POST", "v1/reports", Call::kReport,
     "incident.v1.IncidentService/ReportJobEvent"},
    {"GET", "v1/reports", Call::kListReports,
     "incident.v1.IncidentService/ListReports"},
    {"GET", "v1/reports/*", Call::kGetReport,
     "incident.v1.IncidentService/GetReport"},
    {"GET", "v1/tickets", Call::kListTickets,
     "incident.v1.IncidentService/ListTicketLinks"},
    {"GET", "v1/tickets/*", Call::kGetTicket,
     "incident.v1.IncidentService/GetTicketLink"},
    {"GET", "metrics", Call::kMetrics, kHealthRpc},
    // The contract is public, and whoever asks for health has no credentials.
    {"GET", "v1/openapi.json", Call::kOpenApi, nullptr},
    {"GET", "healthz", Call::kHealth, nullptr},
};

bool Fits(const Route& route, const std::vector<std::string>& segments) {
  const std::vector<absl::string_view> parts = absl::StrSplit(route.path, '/');
  return std::equal(parts.begin(), parts.end(), segments.begin(),
                    segments.end(),
                    [](absl::string_view part, const std::string& segment) {
                      return part == "*" ? !segment.empty() : part == segment;
                    });
}

// The route, or the methods that the path has.
const Route* FindRoute(const std::string& method,
                       const std::vector<std::string>& segments,
                       std::vector<std::string>* allowed) {
  for (const Route& route : kRoutes) {
    if (!Fits(route, segments)) continue;
    if (route.method == method) return &route;
    allowed->push_back(route.method);
  }
  return nullptr;
}

// A page of another site must not reach the door by a name that leads here.
bool IsForUs(const Request& head, const Target& target) {
  return target.authority.has_value()
             ? web::IsLoopbackAuthority(*target.authority)
             : web::NamesLoopback(head);
}

std::optional<Answer> RefuseContent(const Request& head) {
  if (head.HasHeader("content-encoding") &&
      !absl::EqualsIgnoreCase(head.Header("content-encoding"), "identity")) {
    return Problem(Fault::kContentType, "the body must not be compressed");
  }
  const std::vector<absl::string_view> parts =
      absl::StrSplit(head.Header("content-type"), ';');
  bool fits = absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(parts[0]),
                                     "application/json");
  for (std::size_t i = 1; i < parts.size(); ++i) {
    std::string parameter =
        absl::AsciiStrToLower(absl::StripAsciiWhitespace(parts[i]));
    parameter.erase(std::remove(parameter.begin(), parameter.end(), '"'),
                    parameter.end());
    fits = fits && (parameter.empty() || parameter == "charset=utf-8");
  }
  if (fits) return std::nullopt;
  return Problem(Fault::kContentType,
                 absl::StrCat("the Content-Type is \"",
                              ToValidUtf8(head.Header("content-type"), 100),
                              "\"; it must be application/json, in UTF-8"));
}

absl::Status InvalidBody(absl::string_view problem) {
  RequestCheck check;
  check.Add("body", problem);
  return check.Result();
}

absl::Status ParseBody(const std::string& body, Message* message) {
  if (ToValidUtf8(body) != body) {
    return InvalidBody(
        "is not UTF-8; PowerShell sends UTF-8 with -ContentType "
        "\"application/json; charset=utf-8\"");
  }
  const auto parsed =
      google::protobuf::util::JsonStringToMessage(body, message);
  if (parsed.ok()) return absl::OkStatus();
  return InvalidBody(absl::StrCat(
      "is not the JSON of ", message->GetDescriptor()->full_name(), ": ",
      ToValidUtf8(std::string(parsed.message()), kMaxParserText)));
}

Answer JsonAnswer(int status, const Message& message) {
  Answer answer{.status = status};
  const auto written =
      google::protobuf::util::MessageToJsonString(message, &answer.body);
  if (!written.ok()) {
    return Problem(
        MakeError(absl::StatusCode::kInternal,
                  absl::StrCat("the answer cannot be written as JSON: ",
                               std::string(written.message())),
                  {.reason = "NOT_JSON", .domain = kDomain}));
  }
  if (answer.body.size() > kMaxAnswerBytes) {
    RequestCheck check;
    check.Add(
        "page_size",
        absl::StrCat("gives an answer of ", answer.body.size(), " bytes; ",
                     kMaxAnswerBytes, " may be sent: ask for fewer"));
    return Problem(check.Result());
  }
  return answer;
}

template <class Reply>
Answer AnswerOf(const absl::StatusOr<Reply>& reply) {
  return reply.ok() ? JsonAnswer(200, *reply) : Problem(reply.status());
}

// Who sends reports this way may have no place to keep one, so what is refused
// for good should be seen by somebody.
Answer RefuseReport(const absl::Status& error) {
  if (!IsRetryable(error)) {
    log::Warning("http.report_refused", {{"error", error}});
  }
  return Problem(error);
}

Answer Acknowledge(const absl::StatusOr<v1::ReportJobEventResponse>& stored) {
  if (!stored.ok()) return RefuseReport(stored.status());
  const bool is_new = stored->has_report() && !stored->duplicate();
  Answer answer = JsonAnswer(is_new ? 201 : 200, *stored);
  if (stored->has_report()) {
    answer.headers.emplace_back(
        "Location", absl::StrCat("/v1/reports/", stored->report().report_id()));
  }
  return answer;
}

// A report that came in this way, in the trace that its headers name.
class TracedReport {
 public:
  explicit TracedReport(const Request& request)
      : caller_(trace::ReadCaller(
            std::string(request.Header(trace::kTraceParentKey)),
            std::string(request.Header(trace::kCallerSpanKey)))),
        span_(trace::StartServerSpan("POST /v1/reports", caller_)) {
    span_.Set("http.request.method", "POST");
    span_.Set("url.template", "/v1/reports");
  }
  std::string trace_parent() const {
    return trace::FormatTraceParent(span_.context());
  }
  void End(const absl::StatusOr<v1::ReportJobEventResponse>& stored) {
    TellReporter(stored, caller_, &span_);
    span_.SetStatus(stored.status());
    span_.End();
  }

 private:
  const trace::Caller caller_;
  trace::Span span_;
};

struct Routed {
  Target target;
  Call call = Call::kOpenApi;
  auth::Caller caller{};
};

auth::Credentials ShownCredentials(const Request& head) {
  auth::Credentials shown{.certificate_names = head.certificate_names,
                          .peer = head.peer};
  for (const auto& [name, value] : head.headers) {
    if (name == "authorization") shown.authorization.push_back(value);
  }
  return shown;
}

// Who it is, or why it is refused.
absl::StatusOr<auth::Caller> Admit(const auth::Authorizer* authorizer,
                                   absl::string_view rpc, const Request& head) {
  if (authorizer == nullptr) return auth::Caller{};
  return authorizer->Admit(rpc, ShownCredentials(head));
}

Answer RefuseCaller(const absl::Status& error) {
  Answer answer = Problem(error);
  if (absl::IsUnauthenticated(error)) {
    answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  }
  return answer;
}

// What a request asks for, or why it is refused before its body is read.
std::optional<Answer> FindCall(const DoorDependencies& d, const Request& head,
                               Routed* routed) {
  absl::StatusOr<Target> target = ParseTarget(head.target);
  if (!target.ok()) return Problem(target.status());
  if (!d.any_host && !IsForUs(head, *target)) {
    return Problem(Fault::kHost,
                   "the Host must be 127.0.0.1, [::1] or localhost");
  }
  std::vector<std::string> allowed;
  const Route* const route = FindRoute(head.method, target->segments, &allowed);
  if (route == nullptr && allowed.empty()) {
    return Problem(Fault::kPath,
                   "there is nothing at this path; /v1/openapi.json says what "
                   "there is");
  }
  if (route == nullptr) {
    const std::string methods = absl::StrJoin(allowed, ", ");
    Answer answer =
        Problem(Fault::kMethod, absl::StrCat("this path has only ", methods));
    answer.headers.emplace_back("Allow", methods);
    return answer;
  }
  *routed = {*std::move(target), route->call};
  if (route->rpc != nullptr) {
    absl::StatusOr<auth::Caller> caller = Admit(d.authorizer, route->rpc, head);
    if (!caller.ok()) return RefuseCaller(caller.status());
    routed->caller = *std::move(caller);
  }
  return route->call == Call::kReport ? RefuseContent(head) : std::nullopt;
}

absl::Status NoParameters(const Target& target) {
  google::protobuf::Empty none;
  return SetFields(target.parameters, &none);
}

}  // namespace

Door::Door(DoorDependencies dependencies)
    : d_(std::move(dependencies)), queries_(d_.store, d_.default_opcon) {}

std::optional<Answer> Door::Refuse(const Request& head) {
  Routed routed;
  return FindCall(d_, head, &routed);
}

void Door::Handle(Request request, Done done) {
  Routed routed;
  if (std::optional<Answer> refusal = FindCall(d_, request, &routed)) {
    done(*std::move(refusal));
    return;
  }
  if (routed.call == Call::kReport) {
    d_.report_executor([this, routed = std::move(routed),
                        request = std::move(request), done = std::move(done)] {
      const absl::Status bare = NoParameters(routed.target);
      bare.ok() ? Report(request, routed.caller, done) : done(Problem(bare));
    });
    return;
  }
  if (!request.body.empty()) {
    done(Problem(InvalidBody("must be empty")));
    return;
  }
  const bool health_in_full =
      routed.call == Call::kHealth && MaySeeHealth(request);
  d_.read_executor([this, routed = std::move(routed), health_in_full,
                    done = std::move(done)] {
    const Target& target = routed.target;
    switch (routed.call) {
      case Call::kListReports:
        return done(ListReports(target));
      case Call::kGetReport:
        return done(GetReport(target, routed.caller));
      case Call::kListTickets:
        return done(ListTickets(target));
      case Call::kGetTicket:
        return done(GetTicket(target));
      case Call::kHealth:
        return done(Health(target, health_in_full));
      case Call::kMetrics:
        return done(Metrics(target));
      case Call::kOpenApi:
      case Call::kReport:
        return done(OpenApi(target));
    }
  });
}

// The health itself is for everybody.
bool Door::MaySeeHealth(const Request& request) const {
  if (d_.authorizer == nullptr || d_.authorizer->is_open()) return true;
  const auth::Credentials shown = ShownCredentials(request);
  if (shown.authorization.empty() && shown.certificate_names.empty()) {
    return false;
  }
  return d_.authorizer->Admit(kHealthRpc, shown).ok();
}

void Door::Report(const Request& request, const auth::Caller& caller,
                  const Done& done) {
  v1::ReportJobEventRequest message;
  const absl::Status parsed = ParseBody(request.body, &message);
  if (!parsed.ok()) {
    done(RefuseReport(parsed));
    return;
  }
  auto call = std::make_shared<TracedReport>(request);
  d_.intake->Report(
      message, caller.name,
      [this, done, call](absl::StatusOr<v1::ReportJobEventResponse> stored) {
        // The store's thread has other things to do than to write JSON.
        d_.report_executor([done, call, stored = std::move(stored)] {
          call->End(stored);
          done(Acknowledge(stored));
        });
      },
      call->trace_parent());
}

Answer Door::ListReports(const Target& target) const {
  v1::ListReportsRequest request;
  const absl::Status set = SetFields(target.parameters, &request);
  return set.ok() ? AnswerOf(queries_.ListReports(request)) : Problem(set);
}

Answer Door::GetReport(const Target& target, const auth::Caller& caller) const {
  const absl::Status bare = NoParameters(target);
  if (!bare.ok()) return Problem(bare);
  v1::GetReportRequest request;
  request.set_report_id(target.segments.back());
  return AnswerOf(queries_.GetReport(request, caller));
}

Answer Door::ListTickets(const Target& target) const {
  v1::ListTicketLinksRequest request;
  const absl::Status set = SetFields(target.parameters, &request);
  return set.ok() ? AnswerOf(queries_.ListTicketLinks(request)) : Problem(set);
}

Answer Door::GetTicket(const Target& target) const {
  std::optional<v1::JobKey> key = ParseJobId(target.segments.back());
  if (!key.has_value()) {
    RequestCheck check;
    check.Add("job",
              "must be YYYYMMDD|scheduleId|scheduleInstance|jobName, with %7C "
              "for each |");
    return Problem(check.Result());
  }
  v1::GetTicketLinkRequest request;
  Parameters of_job;
  Parameters of_request;
  for (const auto& parameter : target.parameters) {
    (parameter.first == "opcon" ? of_job : of_request).push_back(parameter);
  }
  absl::Status set = SetFields(of_job, &*key);
  if (set.ok()) set = SetFields(of_request, &request);
  if (!set.ok()) return Problem(set);
  *request.mutable_job_key() = *std::move(key);
  return AnswerOf(queries_.GetTicketLink(request));
}

Answer Door::Health(const Target& target, bool in_full) const {
  const absl::Status bare = NoParameters(target);
  if (!bare.ok()) return Problem(bare);
  const v1::GetHealthResponse health = d_.health->LookAtThisProcess();
  for (const v1::Hop& hop : health.hops()) {
    if (hop.state() == v1::HOP_STATE_FAILED) {
      return Problem(MakeError(
          absl::StatusCode::kUnavailable,
          in_full
              ? absl::StrCat(hop.name(), " ", hop.target(), ": ", hop.message())
              : absl::StrCat("the ", hop.name(), " does not work"),
          {.reason = "STORE_UNAVAILABLE", .domain = kDomain}));
    }
  }
  return JsonAnswer(200, in_full ? health : v1::GetHealthResponse());
}

Answer Door::OpenApi(const Target& target) {
  const absl::Status bare = NoParameters(target);
  return bare.ok() ? Answer{.body = kOpenApiJson} : Problem(bare);
}

Answer Door::Metrics(const Target& target) {
  const absl::Status bare = NoParameters(target);
  return bare.ok() ? Answer{.content_type = metrics::kContentType,
                            .body = metrics::Expose()}
                   : Problem(bare);
}

}  // namespace opcon_snow::incident::http
