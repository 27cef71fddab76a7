// What clients send: query parameters, JSON bodies, control commands.

#include <string>
#include <variant>
#include <vector>

#include "common/clock/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "sandbox/opcon/control_api.h"
#include "sandbox/opcon/json_input.h"
#include "sandbox/opcon/query_parameters.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(QueryParametersTest, NamesInAnyCaseListsByCommasOrRepetition) {
  const QueryParameters query(ParseQuery(
      "dates=2026-01-05,2026/01/06&DATES=20260107&name=A+B&limit=5&x"));
  EXPECT_THAT(*query.Dates("Dates"), ElementsAre(absl::CivilDay(2026, 1, 5),
                                                 absl::CivilDay(2026, 1, 6),
                                                 absl::CivilDay(2026, 1, 7)));
  EXPECT_EQ(query.Text("Name"), "A B");
  EXPECT_THAT(query.Number("LIMIT"), IsOkAndHolds(5));
  EXPECT_THAT(query.Number("offset"), IsOkAndHolds(std::nullopt));
  EXPECT_TRUE(query.Has("X"));
  EXPECT_FALSE(query.Has("y"));
  EXPECT_THAT(query.List("y"), IsEmpty());
}

TEST(QueryParametersTest, ErrorsNameTheParameter) {
  const QueryParameters query(ParseQuery(
      "Limit=-1&Dates=yesterday&Uids=1,x&IncludeCount=perhaps&Offset=1e3"));
  const auto invalid = [](absl::string_view name) {
    return StatusIs(absl::StatusCode::kInvalidArgument,
                    HasSubstr(std::string(name)));
  };
  EXPECT_THAT(query.Number("Limit"), invalid("Limit"));
  EXPECT_THAT(query.Number("Offset"), invalid("Offset"));
  EXPECT_THAT(query.Dates("Dates"), invalid("Dates"));
  EXPECT_THAT(query.Numbers("Uids"), invalid("Uids"));
  EXPECT_THAT(query.Flag("IncludeCount"), invalid("IncludeCount"));
}

TEST(QueryParametersTest, SlicesStayInside) {
  const auto slice = [](const std::string& text, std::size_t size) {
    const Slice s = *SliceOf(QueryParameters(ParseQuery(text)), size);
    return std::vector<std::size_t>{s.begin, s.end};
  };
  EXPECT_THAT(slice("", 7), ElementsAre(0, 7));
  EXPECT_THAT(slice("limit=0", 7), ElementsAre(0, 0));
  EXPECT_THAT(slice("limit=3&offset=5", 7), ElementsAre(5, 7));
  EXPECT_THAT(slice("offset=50", 7), ElementsAre(7, 7));
  EXPECT_THAT(slice("limit=2147483647&offset=2", 7), ElementsAre(2, 7));
}

SandboxRequest RequestWith(const std::string& type, const std::string& body) {
  SandboxRequest request;
  request.headers["content-type"] = type;
  request.body = body;
  return request;
}

TEST(ReadBodyTest, TakesTheContentTypesOfTheApi) {
  for (const char* type :
       {"application/json", "Application/JSON; charset=utf-8",
        "application/json-patch+json", "text/json", "application/vnd.x+json"}) {
    EXPECT_TRUE(std::holds_alternative<json>(ReadBody(RequestWith(type, "{}"))))
        << type;
  }
  for (const char* type : {"", "text/plain", "application/xml",
                           "application/x-www-form-urlencoded"}) {
    const auto body = ReadBody(RequestWith(type, "{}"));
    ASSERT_TRUE(std::holds_alternative<Reply>(body)) << type;
    EXPECT_EQ(std::get<Reply>(body).status, 415);
  }
}

TEST(ReadBodyTest, RefusesWhatIsNotJson) {
  const auto body = ReadBody(RequestWith("application/json", "{\"a\":"));
  ASSERT_TRUE(std::holds_alternative<Reply>(body));
  EXPECT_EQ(std::get<Reply>(body).status, 400);
  SandboxRequest cut = RequestWith("application/json", "{}");
  cut.body_complete = false;
  EXPECT_EQ(std::get<Reply>(ReadBody(cut)).status, 413);
}

RC_GTEST_PROP(ReadBodyTest, AnyBytesAreAnAnswer, (const std::string& bytes)) {
  const auto body = ReadBody(RequestWith("application/json", bytes));
  if (const Reply* refusal = std::get_if<Reply>(&body)) {
    RC_ASSERT(refusal->status == 400);
  }
}

TEST(JsonFieldsTest, NamesInAnyCaseNullIsAbsent) {
  const json value = {{"incidentTicketURL", "u"}, {"n", nullptr}, {"i", 7}};
  const JsonFields fields = *JsonFields::Of(value);
  EXPECT_THAT(fields.Text("incidentTicketUrl"), IsOkAndHolds("u"));
  EXPECT_THAT(fields.Text("n"), IsOkAndHolds(""));
  EXPECT_EQ(fields.Find("n"), nullptr);
  EXPECT_THAT(fields.Integer("I"), IsOkAndHolds(7));
}

TEST(JsonFieldsTest, WrongTypesAreErrors) {
  const json value = {
      {"t", 1},   {"i", "1"},    {"big", 18446744073709551615ull},
      {"f", 1.5}, {"b", "true"}, {"l", {1}}};
  const JsonFields fields = *JsonFields::Of(value);
  const auto invalid = StatusIs(absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(fields.Text("t"), invalid);
  EXPECT_THAT(fields.Integer("i"), invalid);
  EXPECT_THAT(fields.Integer("big"), invalid);
  EXPECT_THAT(fields.Integer("f"), invalid);
  EXPECT_THAT(fields.Flag("b"), invalid);
  EXPECT_THAT(fields.Texts("l"), invalid);
  EXPECT_THAT(fields.Texts("t"), invalid);
  EXPECT_THAT(JsonFields::Of(json::array()), invalid);
}

class ControlApiTest : public ::testing::Test {
 protected:
  FakeClock clock_;
  NotifyTable notify_{&clock_};
  OpConModel model_{{}, &clock_, &notify_};
};

TEST_F(ControlApiTest, ReadsTheDocumentedJob) {
  const json body = json::parse(R"({
    "date":"2026-01-05","schedule":"Payroll","schedule_id":16,
    "schedule_instance":1,"name":"JOB001","machine":"GENP001","tags":[],
    "documentation":"","log":""})");
  const auto job = ParseJobDefinition(body, model_);
  ASSERT_OK(job);
  EXPECT_EQ(job->id.ToString(), "20260105|16|1|JOB001");
  EXPECT_EQ(job->schedule_name, "Payroll");
  EXPECT_EQ(job->machine, "GENP001");
  EXPECT_EQ(job->type.description, "Windows");
  EXPECT_EQ(job->state, JobState::kWaitToStart);
}

TEST_F(ControlApiTest, FindsTheIdOfAScheduleByItsName) {
  const auto define = [&](const std::string& schedule) {
    const json body = {
        {"date", "2026-01-05"}, {"schedule", schedule}, {"name", "J"}};
    const auto job = ParseJobDefinition(body, model_);
    EXPECT_OK(job);
    EXPECT_OK(model_.DefineJob(*job));
    return job->id.schedule.schedule_id;
  };
  const int first = define("A");
  EXPECT_NE(define("B"), first);
  const json again = {{"date", "2026-01-06"}, {"schedule", "A"}, {"name", "J"}};
  EXPECT_EQ(ParseJobDefinition(again, model_)->id.schedule.schedule_id, first);
}

TEST_F(ControlApiTest, RefusesTyposAndWrongValues) {
  const json good = {
      {"date", "2026-01-05"}, {"schedule", "Payroll"}, {"name", "JOB001"}};
  ASSERT_OK(ParseJobDefinition(good, model_));
  const std::vector<std::pair<std::string, json>> wrong = {
      {"machin", "X"},       {"date", "tomorrow"},   {"schedule_id", 0},
      {"status", "Failing"}, {"job_type", "Abacus"}, {"tags", "A"},
      {"log_size", -1},      {"log_size", 52428801}, {"properties", {{"a", 1}}},
      {"replace", "yes"},    {"priority", 1.5},      {"schedule_instance", "1"},
  };
  for (const auto& [key, value] : wrong) {
    json body = good;
    body[key] = value;
    EXPECT_THAT(ParseJobDefinition(body, model_),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << body;
  }
}

TEST(ParseJobEndTest, ALogOfASizeHasExactlyThatSize) {
  for (const char* text : {"", "abc", "ö", "x\r\n"}) {
    for (const int size : {0, 1, 2, 3, 7, 100, 65537}) {
      const auto end = ParseJobEnd({{"log", text}, {"log_size", size}}, true);
      ASSERT_OK(end);
      const std::string data = end->logs->front().second.ToString();
      EXPECT_EQ(data.size(), static_cast<std::size_t>(size));
      // Still UTF-8, or the API would have to replace some of it.
      EXPECT_EQ(json(data)
                    .dump(-1, ' ', false, json::error_handler_t::replace)
                    .find("\xEF\xBF\xBD"),
                std::string::npos)
          << text << " " << size;
    }
  }
}

TEST(ParseJobEndTest, ReadsLogsAndStatus) {
  const auto end = ParseJobEnd({{"termination", "0000000005"},
                                {"logs",
                                 {{{"name", "a.txt"}, {"data", "1"}},
                                  {{"name", "b.txt"}, {"data", "2"}}}},
                                {"processing_events_ms", 250}},
                               true);
  ASSERT_OK(end);
  EXPECT_EQ(end->termination, "0000000005");
  EXPECT_EQ(end->logs->size(), 2u);
  EXPECT_EQ(end->processing_events, absl::Milliseconds(250));
  EXPECT_EQ(end->state, JobState::kFailed);
  EXPECT_EQ(ParseJobEnd({{"status", "initialization error"}}, true)->state,
            JobState::kInitializationError);
  EXPECT_EQ(ParseJobEnd(json::object(), false)->state, JobState::kFinishedOk);
  EXPECT_FALSE(ParseJobEnd(json::object(), true)->logs.has_value());
  EXPECT_EQ(ParseJobEnd({{"log", ""}}, true)->logs->front().second.ToString(),
            "");
}

TEST(ParseJobEndTest, RefusesWrongOnes) {
  for (const json& body : {json{{"status", "Finished OK"}},
                           json{{"log", "a"}, {"logs", json::array()}},
                           json{{"logs", {{{"name", "../x"}, {"data", ""}}}}},
                           json{{"logs", {{{"data", ""}}}}}, json{{"code", 5}},
                           json::array(), json{{"termination", 5}}}) {
    EXPECT_THAT(ParseJobEnd(body, true),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << body;
  }
  EXPECT_THAT(ParseJobEnd({{"status", "Failed"}}, false),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
