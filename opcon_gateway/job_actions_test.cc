#include "opcon_gateway/job_actions.h"

#include <memory>
#include <string>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "opcon_gateway/client_fixture.h"
#include "opcon_gateway/sample_job.h"

namespace opcon_snow::opcon {
namespace {

using absl::StatusCode;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;
namespace v1 = ::opcon::v1;

constexpr char kUrl[] = "https://opcon.example:9010/api/jobactions";

class JobActionsTest : public ClientFixture {
 protected:
  JobActionsTest() {
    request.mutable_job()->set_id("20260105|16|1|JOB001");
    request.set_kind(v1::JOB_ACTION_KIND_MARK_UNDER_REVIEW);
    request.set_reason("INC0010025 accepted");
  }

  absl::StatusOr<v1::JobAction> Submit() {
    return Run(actions->Submit(request, scope));
  }
  static json FailedJob() {
    json job = SampleJob();
    job["status"]["description"] = "Failed";
    return job;
  }
  static std::string Action(const std::string& result,
                            const json& message = nullptr) {
    return json({{"id", 321},
                 {"action", "markUnderReview"},
                 {"result", result},
                 {"expires", "2026-01-05T04:00:00.0000000-06:00"},
                 {"jobs", json::array({{{"id", "20260105|16|1|JOB001"},
                                        {"result", result},
                                        {"message", message},
                                        {"status", FailedJob()["status"]}}})}})
        .dump();
  }

  v1::SubmitJobActionRequest request;
  std::unique_ptr<JobActions> actions =
      std::make_unique<JobActions>(PollIntervals(), rest.get(), jobs.get());
};

TEST_F(JobActionsTest, SubmitsAndWaits) {
  transport->Answer(200, FailedJob().dump());
  transport->Answer(200, Action("submitted"));
  transport->Answer(200, Action("submitted"));
  transport->Answer(200, Action("success"));
  ASSERT_OK_AND_ASSIGN(v1::JobAction action, Submit());
  EXPECT_EQ(Line(1), std::string("POST ") + kUrl);
  EXPECT_EQ(json::parse(Request(1).body),
            json::parse(R"({"action":"markUnderReview",
                            "reason":"INC0010025 accepted",
                            "jobs":[{"id":"20260105|16|1|JOB001"}]})"));
  EXPECT_EQ(Line(2), std::string("GET ") + kUrl + "/321");
  EXPECT_EQ(action.state(), v1::ACTION_STATE_SUCCEEDED);
  EXPECT_EQ(action.action_id(), 321);
  EXPECT_EQ(action.kind(), v1::JOB_ACTION_KIND_MARK_UNDER_REVIEW);
  EXPECT_EQ(action.job_id(), "20260105|16|1|JOB001");
  EXPECT_EQ(action.job_status().category(), v1::JOB_CATEGORY_FAILED);
  EXPECT_EQ(action.message(), "");
  EXPECT_TRUE(action.has_expire_time());
}

TEST_F(JobActionsTest, AFailedActionSaysWhy) {
  transport->Answer(200, FailedJob().dump());
  transport->Answer(200, Action("failed", "Job is locked"));
  ASSERT_OK_AND_ASSIGN(v1::JobAction action, Submit());
  EXPECT_EQ(action.state(), v1::ACTION_STATE_FAILED);
  EXPECT_EQ(action.message(), "Job is locked");
}

TEST_F(JobActionsTest, ReturnsWhatIsSubmittedWhenTheTimeIsUp) {
  scope.deadline = loop.MonotonicNow() + absl::Seconds(2);
  transport->Answer(200, FailedJob().dump());
  transport->HandleRest([](const http::FakeTransport::RecordedRequest&) {
    http::Response response;
    response.status = 200;
    response.body = Action("submitted");
    return response;
  });
  ASSERT_OK_AND_ASSIGN(v1::JobAction action, Submit());
  EXPECT_EQ(action.state(), v1::ACTION_STATE_SUBMITTED);
  EXPECT_EQ(action.action_id(), 321);
}

TEST_F(JobActionsTest, DoesNotLoseAnAcceptedActionOverAQuestion) {
  transport->Answer(200, FailedJob().dump());
  transport->Answer(200, Action("submitted"));
  transport->Answer(503, "");
  ASSERT_OK_AND_ASSIGN(v1::JobAction action, Submit());
  EXPECT_EQ(action.state(), v1::ACTION_STATE_SUBMITTED);
  EXPECT_THAT(logs.Lines("opcon.action_not_followed"), SizeIs(1));
}

TEST_F(JobActionsTest, SendsAtMostOnce) {
  transport->Answer(200, FailedJob().dump());
  transport->Fail(http::TransportError::Kind::kReceive, true);
  const auto lost = Submit();
  EXPECT_THAT(lost, StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(lost, HasReason("OUTCOME_UNKNOWN"));
  EXPECT_THAT(transport->requests(), SizeIs(2));

  transport->Answer(200, FailedJob().dump());
  transport->Answer(500, "");
  const auto failed = Submit();
  EXPECT_THAT(failed, HasReason("UPSTREAM_FAILURE"));
  EXPECT_TRUE(IsOutcomeUnknown(failed.status()));

  // Accepted, but it does not say as what.
  transport->Answer(200, FailedJob().dump());
  transport->Answer(200, "");
  EXPECT_THAT(Submit(), HasReason("OUTCOME_UNKNOWN"));
}

TEST_F(JobActionsTest, ValidateOnlySendsNothing) {
  request.set_validate_only(true);
  transport->Answer(200, FailedJob().dump());
  ASSERT_OK_AND_ASSIGN(v1::JobAction action, Submit());
  EXPECT_EQ(action.action_id(), 0);
  EXPECT_THAT(transport->requests(), SizeIs(1));
}

TEST_F(JobActionsTest, ARefusalIsTheCallers) {
  transport->Answer(200, FailedJob().dump());
  transport->Answer(400, R"([{"message":"Unknown action"}])");
  EXPECT_THAT(Submit(), HasReason("UPSTREAM_REJECTED"));
  transport->Answer(200, FailedJob().dump());
  transport->Answer(409, R"([{"message":"Not now"}])");
  EXPECT_THAT(Submit(), HasReason("JOB_STATE"));
}

TEST_F(JobActionsTest, GetsAnAction) {
  transport->Answer(200, Action("success"));
  EXPECT_EQ(Run(actions->Get(321, scope))->state(), v1::ACTION_STATE_SUCCEEDED);
  transport->Answer(404, "");
  EXPECT_THAT(Run(actions->Get(321, scope)), HasReason("RECORD_NOT_FOUND"));
  transport->Answer(200, "[]");
  EXPECT_THAT(Run(actions->Get(321, scope)), HasReason("UPSTREAM_NOT_OPCON"));
}

// --- Checks ----------------------------------------------------------------

v1::DailyJob JobIn(v1::JobCategory category, const std::string& description) {
  v1::DailyJob job;
  job.set_id("20260105|16|1|JOB001");
  job.set_job_number(5);
  job.mutable_status()->set_category(category);
  job.mutable_status()->set_description(description);
  return job;
}

TEST(CheckActionTest, TheRunMustStillBeTheSame) {
  v1::SubmitJobActionRequest request;
  request.set_kind(v1::JOB_ACTION_KIND_RESTART);
  request.set_expected_job_number(4);
  const absl::Status status =
      CheckAction(request, JobIn(v1::JOB_CATEGORY_FAILED, "Failed"));
  EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(status, HasReason("JOB_RUN_CHANGED"));
  request.set_expected_job_number(5);
  EXPECT_OK(CheckAction(request, JobIn(v1::JOB_CATEGORY_FAILED, "Failed")));
}

TEST(CheckActionTest, EventsMustBeProcessed) {
  v1::SubmitJobActionRequest request;
  request.set_kind(v1::JOB_ACTION_KIND_RESTART);
  v1::DailyJob job =
      JobIn(v1::JOB_CATEGORY_FAILED, "Failed; Processing Events");
  job.mutable_status()->set_processing_events(true);
  const absl::Status status = CheckAction(request, job);
  EXPECT_THAT(status, StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(status, HasReason("JOB_PROCESSING_EVENTS"));
  EXPECT_TRUE(RetryDelay(status).has_value());
}

TEST(CheckActionTest, TheCategoryMustBeAllowed) {
  v1::SubmitJobActionRequest request;
  request.set_kind(v1::JOB_ACTION_KIND_MARK_FIXED);
  request.add_allowed_from_categories(v1::JOB_CATEGORY_UNDER_REVIEW);
  const absl::Status not_wanted =
      CheckAction(request, JobIn(v1::JOB_CATEGORY_FAILED, "Failed"));
  EXPECT_THAT(not_wanted, StatusIs(StatusCode::kFailedPrecondition,
                                   HasSubstr("allowed_from_categories")));
  EXPECT_THAT(not_wanted, HasReason("JOB_STATE"));
  request.clear_allowed_from_categories();
  const absl::Status not_allowed =
      CheckAction(request, JobIn(v1::JOB_CATEGORY_FINISHED_OK, "Finished OK"));
  EXPECT_THAT(not_allowed, StatusIs(StatusCode::kFailedPrecondition,
                                    HasSubstr("only from Failed, Under "
                                              "Review")));
  // What this version does not know is OpCon's to decide.
  EXPECT_OK(
      CheckAction(request, JobIn(v1::JOB_CATEGORY_UNSPECIFIED, "Melted")));
}

TEST(JobActionKindTest, EveryKindHasItsWord) {
  for (int k = v1::JobActionKind_MIN + 1; k <= v1::JobActionKind_MAX; ++k) {
    const auto kind = static_cast<v1::JobActionKind>(k);
    EXPECT_FALSE(ActionName(kind).empty()) << k;
    EXPECT_EQ(ParseActionKind(ActionName(kind)), kind);
  }
  EXPECT_EQ(ActionName(v1::JOB_ACTION_KIND_UNSPECIFIED), "");
  EXPECT_EQ(ParseActionKind("dance"), v1::JOB_ACTION_KIND_UNSPECIFIED);
}

}  // namespace
}  // namespace opcon_snow::opcon
