// The door's answers, without a socket, over the intake and a store in memory.

#include "incident_service/http/door.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/rpc/status.pb.h"
#include "google/type/date.pb.h"
#include "gtest/gtest.h"
#include "incident_service/http/openapi_json.h"
#include "incident_service/http/problem.h"
#include "incident_service/store/memory_store.h"
#include "incident_service/templates/template_set.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::incident::http {
namespace {

namespace v1 = ::incident::v1;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kReport[] = R"({"requestId": "request-1", "event": {
    "jobKey": {"scheduleDate": {"year": "2026", "month": "01", "day": "05"},
               "scheduleId": 16, "scheduleInstance": "1",
               "jobName": "Load GL $0001"},
    "schedule_name": "Payroll [Sub]"}})";

class DoorTest : public ::testing::Test {
 protected:
  DoorTest() {
    google::protobuf::RepeatedPtrField<::config::v1::Template> configs;
    configs.Add()->set_name("basic.json");
    config::Faults faults;
    templates_ = TemplateSet::Compile(configs, "", &faults);
  }

  Answer Send(const std::string& method, const std::string& target,
              const std::string& body = "",
              const std::string& content_type = "application/json") {
    Request request{.method = method, .target = target, .body = body};
    request.headers = {{"host", host_}, {"content-type", content_type}};
    if (std::optional<Answer> refusal = door_.Refuse(request)) {
      return *std::move(refusal);
    }
    std::optional<Answer> answer;
    door_.Handle(request,
                 [&answer](Answer given) { answer = std::move(given); });
    return answer.value_or(Answer{.status = 0});
  }

  json Get(const std::string& target, int status = 200) {
    const Answer answer = Send("GET", target);
    EXPECT_EQ(answer.status, status) << target << answer.body;
    return json::parse(answer.body, nullptr, false);
  }

  // The problem's reason, after checks of what all problems have.
  static std::string Reason(const Answer& answer) {
    EXPECT_EQ(answer.content_type, "application/problem+json");
    const json problem = json::parse(answer.body, nullptr, false);
    EXPECT_EQ(problem.value("status", 0), answer.status) << answer.body;
    EXPECT_EQ(problem.value("domain", ""), "incident-service");
    EXPECT_FALSE(problem.value("detail", "").empty());
    return problem.value("reason", "");
  }

  std::string host_ = "127.0.0.1:7480";
  std::shared_ptr<const TemplateSet> templates_;
  MemoryStore store_{RealClock::Get()};
  Intake intake_{{.default_opcon = "production", .max_open_reports = 2},
                 &store_,
                 [this] { return templates_; }};
  HealthProbe health_{&store_, nullptr, "", nullptr, "", RealClock::Get()};
  Door door_{{.intake = &intake_,
              .store = &store_,
              .health = &health_,
              .default_opcon = "production",
              .report_executor = [](auto function) { function(); },
              .read_executor = [](auto function) { function(); }}};
};

TEST_F(DoorTest, AReportIsStoredOnceAndShown) {
  const Answer first = Send("POST", "/v1/reports", kReport);
  ASSERT_EQ(first.status, 201) << first.body;
  const json stored = json::parse(first.body);
  const std::string id = stored["report"]["reportId"];
  EXPECT_EQ(first.headers.at(0).second, "/v1/reports/" + id);
  EXPECT_EQ(stored["report"]["event"]["jobKey"]["opcon"], "production");
  EXPECT_EQ(stored["report"]["event"]["kind"], "EVENT_KIND_JOB_FAILED");

  const Answer again = Send("POST", "/v1/reports", kReport,
                            "Application/JSON; charset=\"UTF-8\"");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(json::parse(again.body)["duplicate"], true);
  EXPECT_EQ(json::parse(again.body)["report"]["reportId"], id);

  EXPECT_EQ(Get("/v1/reports/" + id)["report"]["requestId"], "request-1");
  EXPECT_EQ(Get("/v1/reports")["reports"].size(), 1U);
}

TEST_F(DoorTest, OnlyCheckedReportsAreNotStored) {
  json report = json::parse(kReport);
  report["validateOnly"] = true;
  EXPECT_EQ(Send("POST", "/v1/reports", report.dump()).status, 200);
  EXPECT_FALSE(Get("/v1/reports").contains("reports"));
}

TEST_F(DoorTest, AnIdUsedForSomethingElseIsRefused) {
  ASSERT_EQ(Send("POST", "/v1/reports", kReport).status, 201);
  json other = json::parse(kReport);
  other["event"]["jobKey"]["jobName"] = "other";
  const Answer refused = Send("POST", "/v1/reports", other.dump());
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(Reason(refused), "REQUEST_ID_REUSED");
}

TEST_F(DoorTest, TooManyOpenReportsSayWhenToComeBack) {
  for (int i = 0; i < 3; ++i) {
    json report = json::parse(kReport);
    report["requestId"] = absl::StrCat("request-", i);
    const Answer answer = Send("POST", "/v1/reports", report.dump());
    EXPECT_EQ(answer.status, i < 2 ? 201 : 429);
    if (i < 2) continue;
    EXPECT_EQ(Reason(answer), "OVERLOADED");
    EXPECT_EQ(answer.headers.at(0).first, "Retry-After");
    EXPECT_THAT(answer.body, HasSubstr("retryAfter"));
  }
}

TEST_F(DoorTest, BodiesThatAreNoReportAreRefused) {
  const std::string kBodies[] = {
      "",
      "[]",
      "null",
      "{",
      "\"text\"",
      "{\"unknown\": 1}",
      R"({"requestId": 7})",
      R"({"requestId": "request-1", "event": {"jobKey": {"nothing": 1}}})",
      R"({"requestId": "request-1", "event": {"jobNumber": 99999999999}})",
      R"({"requestId": "request-1", "event": {}, "rejected": {}})",
      "{\"requestId\": \"request-\xe4\"}",
      std::string(kReport) + "{}",
      std::string(5000, '['),
      absl::StrCat(R"({"requestId":)", std::string(100, '{')),
  };
  for (const std::string& body : kBodies) {
    SCOPED_TRACE(body);
    const Answer answer = Send("POST", "/v1/reports", body);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(Reason(answer), "INVALID_REQUEST");
  }
  EXPECT_FALSE(Get("/v1/reports").contains("reports"));
}

TEST_F(DoorTest, EveryWrongFieldIsNamed) {
  json report = json::parse(kReport);
  report["requestId"] = "short";
  report["event"]["jobKey"]["scheduleId"] = 0;
  const Answer answer = Send("POST", "/v1/reports", report.dump());
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(json::parse(answer.body)["violations"].size(), 2U) << answer.body;
  EXPECT_THAT(answer.body, AllOf(HasSubstr("request_id"),
                                 HasSubstr("event.job_key.schedule_id")));
}

TEST_F(DoorTest, OnlyPlainJsonInUtf8IsTaken) {
  for (const char* type :
       {"", "text/plain", "application/x-www-form-urlencoded",
        "application/json; charset=iso-8859-1", "application/jsonx",
        "application/json; boundary=x", "multipart/form-data"}) {
    const Answer answer = Send("POST", "/v1/reports", kReport, type);
    EXPECT_EQ(answer.status, 415) << type;
    EXPECT_EQ(Reason(answer), "HTTP_CONTENT_TYPE");
  }
  Request compressed{.method = "POST", .target = "/v1/reports"};
  compressed.headers = {{"host", host_},
                        {"content-type", "application/json"},
                        {"content-encoding", "gzip"}};
  EXPECT_EQ(door_.Refuse(compressed)->status, 415);
}

TEST_F(DoorTest, OtherPathsAndMethodsAreNot) {
  for (const char* path :
       {"/", "/v1", "/v1/", "/v1/reports/", "/v1/reports/a/b", "/V1/reports",
        "//v1/reports", "/metrics", "/healthz/", "/v1/tickets/"}) {
    const Answer answer = Send("GET", path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(Reason(answer), "HTTP_PATH");
  }
  const Answer answer = Send("DELETE", "/v1/reports");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(Reason(answer), "HTTP_METHOD");
  EXPECT_EQ(answer.headers.at(0).second, "POST, GET");
  EXPECT_EQ(Send("get", "/v1/reports").status, 405);
}

TEST_F(DoorTest, TargetsAreTakenApartStrictly) {
  for (const char* target :
       {"*", "v1/reports", "https://localhost/v1/reports", "/v1/reports%",
        "/v1/reports/%zz", "/v1/reports/%ff", "/v1/reports/%00",
        "/v1/reports?opcon=%f"}) {
    EXPECT_EQ(Send("GET", target).status, 400) << target;
  }
  Get("http://localhost:1/v1/reports");
  Get("http://127.0.0.1?x", 404);
  EXPECT_EQ(Send("GET", "http://example.com/v1/reports").status, 421);
}

TEST_F(DoorTest, NamesThatLeadHereByChanceAreRefused) {
  for (const char* host : {"[::1]:7480", "[::1]", "localhost", "127.1.2.3:1"}) {
    host_ = host;
    EXPECT_EQ(Send("GET", "/v1/reports").status, 200) << host;
  }
  for (const char* host :
       {"example.com", "127.0.0.1.example.com", "10.0.0.1:7480", "::1", ""}) {
    host_ = host;
    const Answer answer = Send("GET", "/v1/reports");
    EXPECT_EQ(answer.status, 421) << host;
    EXPECT_EQ(Reason(answer), "HTTP_HOST");
  }
}

TEST_F(DoorTest, ParametersAreFields) {
  ASSERT_EQ(Send("POST", "/v1/reports", kReport).status, 201);
  const auto found = [this](const std::string& query) {
    const json list = Get("/v1/reports?" + query);
    return list.contains("reports") ? list["reports"].size() : 0;
  };
  EXPECT_EQ(found("jobName=Load+GL+%240001&scheduleName=Payroll%20%5BSub%5D"
                  "&scheduleDate=2026-01-05&requestId=request-1"
                  "&createdSinceTime=2020-01-01T00:00:00Z&pageSize=5"
                  "&opcon=production&states=REPORT_STATE_RUNNING"
                  "&states=REPORT_STATE_ACCEPTED"),
            1U);
  EXPECT_EQ(found("job_name=other"), 0U);
  EXPECT_EQ(found("schedule_date=2026-01-06"), 0U);
  EXPECT_EQ(found("createdSinceTime=2999-01-01T00:00:00%2B01:00"), 0U);
  EXPECT_EQ(found("&&opcon=test"), 0U);
}

TEST_F(DoorTest, ParametersThatAreNoneAreNamed) {
  for (const char* query :
       {"nothing=1", "scheduleDate.year=2026", "opcon=a&opcon=b",
        "job_name=a&jobName=b", "pageSize=x", "pageSize=-1",
        "pageSize=99999999999", "scheduleDate=5.1.2026",
        "scheduleDate=2026-02-30", "scheduleDate=2026-1-5", "states=RUNNING",
        "createdSinceTime=today", "pageToken=made-up"}) {
    const Answer answer = Send("GET", absl::StrCat("/v1/reports?", query));
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(Reason(answer), "INVALID_REQUEST");
  }
  std::string many;
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&many, "&x=", i);
  EXPECT_LT(Send("GET", "/v1/reports?" + many).body.size(), 10000U);
  for (const char* target :
       {"/v1/reports/x?opcon=a", "/healthz?probe=true", "/v1/openapi.json?x",
        "/metrics?x=1", "/v1/tickets?job_name=a",
        "/v1/tickets/20260105%7C16%7C1%7CA?page_size=1"}) {
    Get(target, 400);
  }
  EXPECT_EQ(Send("POST", "/v1/reports?x=1", kReport).status, 400);
  EXPECT_EQ(Send("GET", "/v1/reports", "{}").status, 400);
}

TEST_F(DoorTest, TicketsAreFoundByTheJobsId) {
  Get("/v1/tickets/20260105%7C16%7C1%7CLoad%20a%2Fb", 404);
  EXPECT_THAT(
      Send("GET", "/v1/tickets/20260105%7C16%7C1%7Ca%2Fb?opcon=test").body,
      HasSubstr("test/20260105|16|1|a/b"));
  for (const char* job : {"x", "20260105%7C16%7C1", "20260105%7C16%7C1%7C",
                          "20261305%7C16%7C1%7CA", "20260105%7C0%7C1%7CA",
                          "2026-1-5%7C16%7C1%7CA", "20260105%7C%2B1%7C1%7CA",
                          "20260105%7C99999999999%7C1%7CA"}) {
    Get(absl::StrCat("/v1/tickets/", job), 400);
  }
  EXPECT_EQ(Get("/v1/tickets").size(), 0U);
}

TEST_F(DoorTest, HealthIsThatOfTheStore) {
  EXPECT_EQ(Get("/healthz")["hops"].at(0)["name"], "store");
}

TEST_F(DoorTest, MetricsAreThoseOfTheProcess) {
  ASSERT_EQ(Send("POST", "/v1/reports", kReport).status, 201);
  const Answer answer = Send("GET", "/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(
      answer.body,
      AllOf(
          HasSubstr("# TYPE opcon_snow_reports_received_total counter\n"),
          HasSubstr("opcon_snow_reports_received_total{result=\"accepted\"}")));
}

TEST(ProblemTest, EveryCanonicalCodeHasAStatus) {
  const std::map<absl::StatusCode, int> kStatuses = {
      {absl::StatusCode::kCancelled, 503},
      {absl::StatusCode::kUnknown, 500},
      {absl::StatusCode::kInvalidArgument, 400},
      {absl::StatusCode::kDeadlineExceeded, 504},
      {absl::StatusCode::kNotFound, 404},
      {absl::StatusCode::kAlreadyExists, 409},
      {absl::StatusCode::kPermissionDenied, 403},
      {absl::StatusCode::kResourceExhausted, 429},
      {absl::StatusCode::kFailedPrecondition, 400},
      {absl::StatusCode::kAborted, 409},
      {absl::StatusCode::kOutOfRange, 400},
      {absl::StatusCode::kUnimplemented, 501},
      {absl::StatusCode::kInternal, 500},
      {absl::StatusCode::kUnavailable, 503},
      {absl::StatusCode::kDataLoss, 500},
      {absl::StatusCode::kUnauthenticated, 401}};
  for (const auto& [code, status] : kStatuses) {
    const Answer answer = Problem(absl::Status(code, "bad \xff bytes"));
    EXPECT_EQ(answer.status, status);
    const json body = json::parse(answer.body, nullptr, false);
    EXPECT_EQ(body.value("code", ""), absl::StatusCodeToString(code));
    EXPECT_EQ(body.value("reason", ""), absl::StatusCodeToString(code));
  }
}

TEST(ProblemTest, DetailsAreMembers) {
  const Answer answer =
      Problem(MakeError(absl::StatusCode::kUnavailable, "the store",
                        {.reason = "STORE_UNAVAILABLE",
                         .domain = "incident-service",
                         .metadata = {{"path", "x"}},
                         .retry_after = absl::Milliseconds(1500),
                         .violations = {{"field", "wrong"}}}));
  EXPECT_EQ(
      json::parse(answer.body),
      (json{{"title", "Service Unavailable"},
            {"status", 503},
            {"detail", "the store"},
            {"code", "UNAVAILABLE"},
            {"reason", "STORE_UNAVAILABLE"},
            {"domain", "incident-service"},
            {"metadata", {{"path", "x"}}},
            {"retryAfter", "1.500s"},
            {"violations", {{{"field", "field"}, {"description", "wrong"}}}}}));
  EXPECT_EQ(answer.headers.at(0).second, "2");
}

// The schemas of openapi.json against the protos, from the messages of the
// calls down.
class SchemaCheck {
 public:
  explicit SchemaCheck(const json& file)
      : schemas_(file["components"]["schemas"]) {}

  void Check(const Descriptor* type) {
    if (!checked_.insert(type->name()).second) return;
    SCOPED_TRACE(type->full_name());
    ASSERT_TRUE(schemas_.contains(type->name()));
    const json& properties = schemas_[type->name()]["properties"];
    EXPECT_EQ(static_cast<int>(properties.size()), type->field_count());
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      SCOPED_TRACE(field->json_name());
      ASSERT_TRUE(properties.contains(field->json_name()));
      const json& property = properties[field->json_name()];
      EXPECT_EQ(property.value("type", "") == "array", field->is_repeated());
      EXPECT_FALSE(property.value("description", "").empty());
      CheckType(field, field->is_repeated() ? property["items"] : property);
    }
  }

  const std::set<std::string>& checked() const { return checked_; }

 private:
  void CheckType(const FieldDescriptor* field, const json& schema) {
    const std::string type = schema.value("type", "");
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        EXPECT_EQ(type, "string");
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        EXPECT_EQ(type, "integer");
        break;
      case FieldDescriptor::CPPTYPE_INT64:  // too wide for JSON's numbers
        EXPECT_EQ(type, "string");
        EXPECT_EQ(schema.value("format", ""), "int64");
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        EXPECT_EQ(type, "boolean");
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        ExpectReference(schema, field->enum_type()->name());
        CheckEnum(field->enum_type());
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        CheckMessage(field->message_type(), schema);
        break;
      default:
        FAIL() << "a type that no field had";
    }
  }

  void CheckMessage(const Descriptor* type, const json& schema) {
    if (type->full_name() == "google.protobuf.Any") {
      EXPECT_EQ(schema.value("type", ""), "object");
    } else if (absl::StartsWith(type->full_name(), "google.protobuf.")) {
      EXPECT_EQ(schema.value("type", ""), "string");
    } else {
      ExpectReference(schema, type->name());
      Check(type);
    }
  }

  static void ExpectReference(const json& schema, const std::string& name) {
    EXPECT_EQ(schema.value("$ref", ""), "#/components/schemas/" + name);
  }

  void CheckEnum(const google::protobuf::EnumDescriptor* type) {
    if (!checked_.insert(type->name()).second) return;
    const json& schema = schemas_[type->name()];
    const json names =
        schema.contains("anyOf") ? schema["anyOf"][0]["enum"] : schema["enum"];
    json expected = json::array();
    for (int i = 0; i < type->value_count(); ++i) {
      expected.push_back(type->value(i)->name());
    }
    EXPECT_EQ(names, expected) << type->full_name();
  }

  const json schemas_;
  std::set<std::string> checked_;
};

TEST(OpenApiTest, SchemasAreThoseOfTheProtos) {
  const json file = json::parse(kOpenApiJson);
  SchemaCheck check(file);
  check.Check(v1::ReportJobEventRequest::descriptor());
  check.Check(v1::ReportJobEventResponse::descriptor());
  check.Check(v1::ListReportsResponse::descriptor());
  check.Check(v1::GetReportResponse::descriptor());
  check.Check(v1::ListTicketLinksResponse::descriptor());
  check.Check(v1::GetTicketLinkResponse::descriptor());
  check.Check(v1::GetHealthResponse::descriptor());
  for (const auto& [name, schema] : file["components"]["schemas"].items()) {
    EXPECT_TRUE(name == "Problem" || check.checked().count(name) == 1)
        << name << " belongs to no call";
  }
}

TEST(OpenApiTest, ParametersAreTheFieldsOfTheLists) {
  const json file = json::parse(kOpenApiJson);
  const auto expect = [&file](const char* path, const Descriptor* type) {
    std::set<std::string> named;
    for (const json& parameter : file["paths"][path]["get"]["parameters"]) {
      named.insert(parameter["name"]);
    }
    std::set<std::string> fields;
    for (int i = 0; i < type->field_count(); ++i) {
      fields.insert(type->field(i)->json_name());
    }
    EXPECT_EQ(named, fields) << path;
  };
  expect("/v1/reports", v1::ListReportsRequest::descriptor());
  expect("/v1/tickets", v1::ListTicketLinksRequest::descriptor());
}

}  // namespace
}  // namespace opcon_snow::incident::http
