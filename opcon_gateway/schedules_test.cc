#include "opcon_gateway/schedules.h"

#include <string>
#include <utility>
#include <vector>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "opcon_gateway/client_fixture.h"

namespace opcon_snow::opcon {
namespace {

using absl::StatusCode;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;
namespace v1 = ::opcon::v1;
using Kind = http::TransportError::Kind;

constexpr char kId[] = "20260105|16|1";

json ScheduleJson(const std::string& id = kId,
                  const std::string& name = "Payroll") {
  return {{"id", id},
          {"uid", 99},
          {"date", "2026-01-05T00:00:00.0000000"},
          {"masterId", 16},
          {"instance", 1},
          {"name", name},
          {"path", nullptr},
          {"status",
           {{"id", 1},
            {"description", "In Process"},
            {"category", "In Process"},
            {"containsFailedJobs", true}}},
          {"computedStartTime",
           {{"time", "2026-01-05T01:00:00Z"}, {"isEstimated", false}}},
          {"endTime", nullptr},
          {"properties", json::array()}};
}

class SchedulesTest : public ClientFixture {
 protected:
  SchedulesTest() : schedules_(PollIntervals(), rest.get()) {
    by_id_.set_id(kId);
    by_name_.mutable_name()->set_schedule_name("Payroll");
    SetDate(by_name_.mutable_name()->mutable_schedule_date());
    build_.set_schedule_name("Payroll");
    SetDate(build_.mutable_schedule_date());
    add_.set_schedule_id(kId);
    add_.set_reason("INC1");
    for (const char* name : {"JOB001", "JOB002"}) {
      v1::JobToAdd* job = add_.add_jobs();
      job->set_job_name(name);
      job->set_frequency("AllDays");
    }
  }

  static void SetDate(google::type::Date* date) {
    date->set_year(2026);
    date->set_month(1);
    date->set_day(5);
  }
  static std::string Added(const json& jobs) {
    return json{
        {"id", 9},
        {"result", "success"},
        {"scheduleActionItems", json::array({{{"id", kId}, {"jobs", jobs}}})}}
        .dump();
  }

  Schedules schedules_;
  v1::GetDailyScheduleRequest by_id_;
  v1::GetDailyScheduleRequest by_name_;
  v1::BuildScheduleRequest build_;
  v1::AddJobsToDailyScheduleRequest add_;
};

TEST_F(SchedulesTest, FindsOneByItsId) {
  transport->Answer(200, ScheduleJson().dump());
  transport->Answer(200, R"([{"key":"k","value":"v"}])");
  ASSERT_OK_AND_ASSIGN(v1::DailySchedule schedule,
                       Run(schedules_.Get(by_id_, scope)));
  EXPECT_EQ(Line(0),
            "GET https://opcon.example:9010/api/dailyschedules/"
            "20260105%7C16%7C1");
  EXPECT_EQ(Line(1), Line(0) + "/properties");
  EXPECT_EQ(schedule.ref().uid(), 99);
  EXPECT_EQ(schedule.ref().schedule_id(), 16);
  EXPECT_EQ(schedule.ref().date().day(), 5);
  EXPECT_EQ(schedule.status_description(), "In Process");
  EXPECT_TRUE(schedule.contains_failed_jobs());
  EXPECT_TRUE(schedule.has_start_time());
  EXPECT_FALSE(schedule.has_end_time());
  EXPECT_EQ(schedule.properties().at("k"), "v");
}

TEST_F(SchedulesTest, VersionsWithoutPropertiesHaveNone) {
  for (const int status : {404, 405, 501}) {
    transport->Answer(200, ScheduleJson().dump());
    transport->Answer(status, "");
    EXPECT_OK(Run(schedules_.Get(by_id_, scope)).status()) << status;
  }
  json shown = ScheduleJson();
  shown["properties"] = json::array({{{"name", "a"}, {"value", "b"}}});
  transport->Answer(200, shown.dump());
  ASSERT_OK_AND_ASSIGN(v1::DailySchedule schedule,
                       Run(schedules_.Get(by_id_, scope)));
  EXPECT_EQ(schedule.properties().at("a"), "b");
}

TEST_F(SchedulesTest, FindsOneByItsNameExactlyAndNeverGuesses) {
  transport->Answer(200, json::array({ScheduleJson("20260105|17|1", "Payroll2"),
                                      ScheduleJson()})
                             .dump());
  transport->Answer(404, "");
  ASSERT_OK_AND_ASSIGN(v1::DailySchedule schedule,
                       Run(schedules_.Get(by_name_, scope)));
  EXPECT_EQ(schedule.ref().id(), kId);
  EXPECT_THAT(Line(0), HasSubstr("?Name=Payroll&Dates=2026-01-05&"));

  transport->Answer(
      200, json::array({ScheduleJson(), ScheduleJson("20260105|16|2")}).dump());
  const auto several = Run(schedules_.Get(by_name_, scope));
  EXPECT_THAT(several, StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(several, HasReason("AMBIGUOUS_JOB"));
  EXPECT_EQ(GetErrorDetails(several.status())->metadata.at("candidates"),
            "20260105|16|1\n20260105|16|2");
}

TEST_F(SchedulesTest, AScheduleThatIsNotThere) {
  transport->Answer(404, "");
  EXPECT_THAT(Run(schedules_.Get(by_id_, scope)),
              HasReason("RECORD_NOT_FOUND"));
  transport->Answer(200, "[]");
  EXPECT_THAT(Run(schedules_.Get(by_name_, scope)),
              HasReason("RECORD_NOT_FOUND"));
  transport->Answer(200, ScheduleJson("20260105|99|1").dump());
  EXPECT_THAT(Run(schedules_.Get(by_id_, scope)),
              HasReason("RECORD_NOT_FOUND"));
  transport->Answer(200, "7");
  EXPECT_THAT(Run(schedules_.Get(by_id_, scope)),
              HasReason("UPSTREAM_NOT_OPCON"));
}

TEST_F(SchedulesTest, BuildsAndWaitsForTheResult) {
  (*build_.mutable_properties())["k"] = "v";
  build_.set_on_hold(true);
  transport->Answer(201, R"({"id":77})");
  transport->Answer(200, R"([{"id":1,"message":"Processing"}])");
  transport->Answer(200, R"([{"id":1,"message":"Completed"}])");
  transport->Answer(200, json::array({ScheduleJson()}).dump());
  ASSERT_OK_AND_ASSIGN(v1::ScheduleBuild build,
                       Run(schedules_.Build(build_, scope)));
  EXPECT_EQ(build.build_id(), 77);
  EXPECT_EQ(build.state(), v1::ACTION_STATE_SUCCEEDED);
  EXPECT_EQ(build.schedule().id(), kId);
  EXPECT_EQ(Line(0), "POST https://opcon.example:9010/api/schedulebuilds");
  EXPECT_EQ(json::parse(Request(0).body), json::parse(R"(
      {"schedules":[{"id":null,"name":"Payroll"}],"dates":["2026-01-05"],
       "properties":[{"key":"k","value":"v"}],"logFile":null,
       "overwrite":false,"hold":true,"namedInstance":null,"machineName":null,
       "id":null,"expiryTime":null})"));
  EXPECT_EQ(Line(1), "GET https://opcon.example:9010/api/schedulebuilds/77");
}

TEST_F(SchedulesTest, ABuildThatFailsSaysWhy) {
  transport->Answer(201, R"({"id":77})");
  transport->Answer(200, R"([{"result":"failed","message":"It is there"}])");
  ASSERT_OK_AND_ASSIGN(v1::ScheduleBuild build,
                       Run(schedules_.Build(build_, scope)));
  EXPECT_EQ(build.state(), v1::ACTION_STATE_FAILED);
  EXPECT_EQ(build.message(), "It is there");
}

TEST_F(SchedulesTest, ABuildIsSentOnceAndItsOutcomeMayBeUnknown) {
  transport->Fail(Kind::kReceive, true);
  const auto lost = Run(schedules_.Build(build_, scope));
  EXPECT_THAT(lost, HasReason("OUTCOME_UNKNOWN"));
  EXPECT_TRUE(IsOutcomeUnknown(lost.status()));
  // Nothing to ask about.
  transport->Answer(201, "{}");
  EXPECT_THAT(Run(schedules_.Build(build_, scope)),
              HasReason("OUTCOME_UNKNOWN"));
  EXPECT_THAT(transport->requests(), SizeIs(2));
}

TEST_F(SchedulesTest, AnAcceptedBuildIsNotLostOverAQuestion) {
  transport->Answer(201, R"({"id":77})");
  transport->Answer(500, "");
  ASSERT_OK_AND_ASSIGN(v1::ScheduleBuild build,
                       Run(schedules_.Build(build_, scope)));
  EXPECT_EQ(build.state(), v1::ACTION_STATE_SUBMITTED);
  EXPECT_EQ(build.build_id(), 77);
}

TEST_F(SchedulesTest, WaitsNoLongerThanTheCallMayLast) {
  scope.deadline = loop.MonotonicNow() + absl::Seconds(5);
  transport->Answer(201, R"({"id":77})");
  transport->HandleRest([](const http::FakeTransport::RecordedRequest&) {
    http::Response response;
    response.status = 200;
    response.body = "[]";
    return response;
  });
  ASSERT_OK_AND_ASSIGN(v1::ScheduleBuild build,
                       Run(schedules_.Build(build_, scope)));
  EXPECT_EQ(build.state(), v1::ACTION_STATE_SUBMITTED);
  EXPECT_LE(loop.MonotonicNow(), absl::Seconds(5));
}

TEST_F(SchedulesTest, ValidatesWithoutSending) {
  build_.set_validate_only(true);
  ASSERT_OK_AND_ASSIGN(v1::ScheduleBuild build,
                       Run(schedules_.Build(build_, scope)));
  EXPECT_EQ(build.build_id(), 0);
  EXPECT_THAT(transport->requests(), SizeIs(0));
  add_.set_validate_only(true);
  transport->Answer(200, ScheduleJson().dump());
  ASSERT_OK_AND_ASSIGN(v1::AddJobsToDailyScheduleResponse added,
                       Run(schedules_.AddJobs(add_, scope)));
  EXPECT_EQ(added.action_id(), 0);
  EXPECT_THAT(added.jobs(), SizeIs(2));
  EXPECT_THAT(transport->requests(), SizeIs(1));
  transport->Answer(404, "");
  EXPECT_THAT(Run(schedules_.AddJobs(add_, scope)),
              HasReason("RECORD_NOT_FOUND"));
}

TEST_F(SchedulesTest, AddsJobsAndTellsOfEach) {
  (*add_.mutable_jobs(0)->mutable_properties())["k"] = "v";
  transport->Answer(200, ScheduleJson().dump());
  transport->Answer(201, R"({"id":9,"result":"submitted"})");
  transport->Answer(
      200, Added(json::array(
               {{{"id", "20260105|16|1|JOB001"}, {"result", "success"}},
                {{"id", "JOB002"},
                 {"result", "failed"},
                 {"message", "No such frequency"}}})));
  ASSERT_OK_AND_ASSIGN(v1::AddJobsToDailyScheduleResponse added,
                       Run(schedules_.AddJobs(add_, scope)));
  EXPECT_EQ(added.action_id(), 9);
  ASSERT_THAT(added.jobs(), SizeIs(2));
  EXPECT_EQ(added.jobs(0).job_name(), "JOB001");
  EXPECT_EQ(added.jobs(0).job_id(), "20260105|16|1|JOB001");
  EXPECT_EQ(added.jobs(0).state(), v1::ACTION_STATE_SUCCEEDED);
  EXPECT_EQ(added.jobs(1).job_name(), "JOB002");
  EXPECT_EQ(added.jobs(1).job_id(), "");
  EXPECT_EQ(added.jobs(1).state(), v1::ACTION_STATE_FAILED);
  EXPECT_EQ(added.jobs(1).message(), "No such frequency");
  EXPECT_EQ(json::parse(Request(1).body), json::parse(R"(
      {"action":"addJobs","reason":"INC1","scheduleActionItems":[
       {"id":"20260105|16|1","jobs":[
        {"id":"JOB001","frequency":"AllDays","applyExceptions":true,
         "instanceProperties":[{"name":"k","value":"v"}]},
        {"id":"JOB002","frequency":"AllDays","applyExceptions":true,
         "instanceProperties":[]}]}]})"));
  EXPECT_EQ(Line(2), "GET https://opcon.example:9010/api/scheduleactions/9");
}

TEST_F(SchedulesTest, AnAdditionThatFailsAsAWholeSaysWhyForEach) {
  for (v1::JobToAdd& job : *add_.mutable_jobs()) job.set_on_hold(true);
  transport->Answer(200, ScheduleJson().dump());
  transport->Answer(201, R"({"id":9,"result":"error","message":"No SAM"})");
  ASSERT_OK_AND_ASSIGN(v1::AddJobsToDailyScheduleResponse added,
                       Run(schedules_.AddJobs(add_, scope)));
  for (const v1::AddedJob& job : added.jobs()) {
    EXPECT_EQ(job.state(), v1::ACTION_STATE_FAILED);
    EXPECT_EQ(job.message(), "No SAM");
  }
  EXPECT_THAT(Request(1).body, HasSubstr("\"addJobsOnHold\""));
}

TEST_F(SchedulesTest, AnAdditionIsSentOnceAndItsOutcomeMayBeUnknown) {
  transport->Answer(200, ScheduleJson().dump());
  transport->Answer(504, "");
  EXPECT_THAT(Run(schedules_.AddJobs(add_, scope)),
              HasReason("OUTCOME_UNKNOWN"));
  EXPECT_THAT(transport->requests(), SizeIs(2));
}

}  // namespace
}  // namespace opcon_snow::opcon
