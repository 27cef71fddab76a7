// Failures that a silence is about.

#include <string>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/workflow_fixture.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SilencesTest : public WorkflowTest {
 protected:
  // About kJob, for an hour; returns its id.
  std::string Silence(absl::Duration start = absl::ZeroDuration(),
                      v1::MatcherField field = v1::MATCHER_FIELD_JOB,
                      const std::string& text = "JOB001") {
    Store::NewSilence fresh;
    v1::Matcher* matcher = fresh.silence.add_matchers();
    matcher->set_field(field);
    matcher->set_equals(text);
    SetTime(clock_.Now() + start, fresh.silence.mutable_start_time());
    SetTime(clock_.Now() + absl::Hours(1), fresh.silence.mutable_expire_time());
    fresh.silence.set_reason("upgrade");
    fresh.silence.set_created_by("operator");
    fresh.request_id = "silence-" + text;
    const auto made = store_->CreateSilence(fresh);
    EXPECT_OK(made.status());
    return made->silence_id();
  }
  void ExpectSilenced(const std::string& report_id,
                      const std::string& silence_id) {
    const v1::Report report = Get(report_id);
    EXPECT_EQ(report.state(), v1::REPORT_STATE_SUPPRESSED);
    EXPECT_EQ(report.silence_id(), silence_id);
    EXPECT_THAT(report.summary(), HasSubstr("upgrade"));
    EXPECT_THAT(servicenow_.incidents, IsEmpty());
    EXPECT_THAT(Tickets(), IsEmpty());
    EXPECT_EQ(
        store_->ListSilences(true, "", 10)->records.at(0).suppressed_count(),
        1);
  }
};

TEST_F(SilencesTest, OpensNoTicket) {
  const std::string silence = Silence();
  const std::string id = Report("request-1");
  Drive();
  ExpectSilenced(id, silence);
  // Whoever else reports the failure learns that it is dealt with.
  const std::string again = Report("request-2");
  Drive();
  EXPECT_EQ(Get(again).state(), v1::REPORT_STATE_MERGED);
  // The next failure, after it has ended, is one.
  clock_.Advance(absl::Hours(1));
  FailAgain();
  Report("request-3");
  Drive();
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
}

TEST_F(SilencesTest, CountsWhenTheReportWasAccepted) {
  const std::string silence = Silence();
  const std::string id = Report("request-1");
  opcon_.failures.FailBefore("GetDailyJob", absl::UnavailableError("away"));
  clock_.Advance(absl::Hours(2));
  Drive();
  ExpectSilenced(id, silence);
}

TEST_F(SilencesTest, AReportBeforeItIsNotSilencedUnlessItBeganEarlier) {
  Report("request-1");
  clock_.Advance(absl::Minutes(1));
  Silence();
  Drive();
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
}

TEST_F(SilencesTest, MayBeginBeforeTheReportsThatWait) {
  const std::string id = Report("request-1");
  clock_.Advance(absl::Minutes(1));
  const std::string silence = Silence(-absl::Minutes(5));
  Drive();
  ExpectSilenced(id, silence);
}

TEST_F(SilencesTest, LooksAtWhatOpConTells) {
  Job().job.add_tags("finance");
  const std::string silence =
      Silence(absl::ZeroDuration(), v1::MATCHER_FIELD_TAG, "finance");
  const std::string id = Report("request-1");
  Drive();
  ExpectSilenced(id, silence);
}

TEST_F(SilencesTest, WithoutOpConLooksAtTheReport) {
  provisional_ticket_after_ = absl::ZeroDuration();
  Report("request-0");
  Drive();
  ASSERT_THAT(servicenow_.incidents, SizeIs(1));
  const std::string silence = Silence();
  FailAgain();
  opcon_.failures.FailBefore("GetDailyJob", absl::UnavailableError("away"));
  const std::string id = Report("request-1");
  Drive();
  EXPECT_EQ(Get(id).silence_id(), silence);
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUPPRESSED);
}

TEST_F(SilencesTest, ARecoveryIsNeverSilenced) {
  Report("request-1");
  Drive();
  ASSERT_THAT(servicenow_.incidents, SizeIs(1));
  Silence();
  clock_.Advance(absl::Minutes(1));
  opcon_.Start(kJob, clock_.Now());
  opcon_.Finish(kJob, clock_.Now());
  const std::string id = Report("request-2", v1::EVENT_KIND_RECOVERED);
  Drive();
  EXPECT_EQ(Get(id).silence_id(), "");
  EXPECT_NE(Get(id).state(), v1::REPORT_STATE_SUPPRESSED);
}

}  // namespace
}  // namespace opcon_snow::incident
