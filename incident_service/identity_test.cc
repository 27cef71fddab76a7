#include "incident_service/identity.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::testing::SizeIs;

v1::JobKey Key() {
  v1::JobKey key;
  key.set_opcon("production");
  key.mutable_schedule_date()->set_year(2026);
  key.mutable_schedule_date()->set_month(1);
  key.mutable_schedule_date()->set_day(5);
  key.set_schedule_id(16);
  key.set_schedule_instance(1);
  key.set_job_name("JOB001");
  return key;
}

v1::Report FailedReport(const std::string& report_id) {
  v1::Report report;
  report.set_report_id(report_id);
  *report.mutable_event()->mutable_job_key() = Key();
  report.mutable_event()->set_kind(v1::EVENT_KIND_JOB_FAILED);
  report.mutable_event()->set_machine("SAID");
  return report;
}

::opcon::v1::DailyJob FailedJob() {
  ::opcon::v1::DailyJob job;
  job.set_id("20260105|16|1|JOB001");
  job.set_uid(4711);
  job.set_job_number(49895);
  job.mutable_status()->set_category(::opcon::v1::JOB_CATEGORY_FAILED);
  job.mutable_end_time()->set_seconds(1767603607);
  job.set_start_machine("GENP001");
  return job;
}

TEST(IdentityTest, JobKeyIsOpConsDailyJobId) {
  EXPECT_EQ(JobId(Key()), "20260105|16|1|JOB001");
  EXPECT_EQ(JobKeyText(Key()), "production/20260105|16|1|JOB001");
}

TEST(IdentityTest, TwoReportersOfOneRunFindTheSameFailure) {
  const v1::Failure a = IdentifyFailure(FailedReport("a"), FailedJob());
  const v1::Failure b = IdentifyFailure(FailedReport("b"), FailedJob());
  EXPECT_EQ(a.failure_id(), b.failure_id());
  EXPECT_FALSE(a.provisional());
  // OpCon is believed, not the reporter.
  EXPECT_EQ(a.machine(), "GENP001");
}

TEST(IdentityTest, AnotherRunIsAnotherFailureWhetherOrNotItsNumberChanges) {
  const std::string first =
      IdentifyFailure(FailedReport("a"), FailedJob()).failure_id();
  ::opcon::v1::DailyJob new_number = FailedJob();
  new_number.set_job_number(49896);
  EXPECT_NE(IdentifyFailure(FailedReport("a"), new_number).failure_id(), first);
  ::opcon::v1::DailyJob same_number = FailedJob();
  same_number.mutable_end_time()->set_seconds(1767603999);
  EXPECT_NE(IdentifyFailure(FailedReport("a"), same_number).failure_id(),
            first);
}

TEST(IdentityTest, RecoveryOfARunIsNotItsFailure) {
  v1::Report recovered = FailedReport("a");
  recovered.mutable_event()->set_kind(v1::EVENT_KIND_RECOVERED);
  EXPECT_NE(IdentifyFailure(recovered, FailedJob()).failure_id(),
            IdentifyFailure(FailedReport("a"), FailedJob()).failure_id());
}

TEST(IdentityTest, ARunThatOpConNoLongerShowsIsProvisional) {
  ::opcon::v1::DailyJob running = FailedJob();
  running.mutable_status()->set_category(::opcon::v1::JOB_CATEGORY_RUNNING);
  const v1::Failure a = IdentifyFailure(FailedReport("a"), running);
  const v1::Failure b = IdentifyFailure(FailedReport("b"), running);
  EXPECT_TRUE(a.provisional());
  EXPECT_EQ(a.machine(), "SAID");
  // Nothing says that the two are one.
  EXPECT_NE(a.failure_id(), b.failure_id());

  v1::Report numbered = FailedReport("c");
  numbered.mutable_event()->set_job_number(7);
  v1::Report numbered_too = FailedReport("d");
  numbered_too.mutable_event()->set_job_number(7);
  EXPECT_EQ(IdentifyFailure(numbered, FailedJob()).failure_id(),
            IdentifyFailure(numbered_too, FailedJob()).failure_id());
}

TEST(IdentityTest, SysIdsLookLikeServiceNowsAndDependOnEveryPart) {
  const std::string id = ChooseSysId("d", "f", "s", 1);
  EXPECT_THAT(id, SizeIs(32));
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(id, ChooseSysId("d", "f", "s", 1));
  EXPECT_NE(id, ChooseSysId("e", "f", "s", 1));
  EXPECT_NE(id, ChooseSysId("d", "g", "s", 1));
  EXPECT_NE(id, ChooseSysId("d", "f", "t", 1));
  EXPECT_NE(id, ChooseSysId("d", "f", "s", 2));
}

TEST(IdentityTest, CorrelationIdFallsBackToTheUidWhereItWouldBeCutOff) {
  ::opcon::v1::DailyJob job = FailedJob();
  EXPECT_EQ(CorrelationId("opcon:9010", job),
            "opcon:9010,20260105|16|1|JOB001");
  job.set_id("20260105|16|1|" + std::string(75, 'x'));
  EXPECT_THAT(CorrelationId("opcon:9010", job), SizeIs(100));
  job.set_id(job.id() + "x");
  EXPECT_EQ(CorrelationId("opcon:9010", job), "opcon:9010,#4711");
}

TEST(IdentityTest, TicketFieldIsTakenApart) {
  const std::string sys_id = "67ed05f9dbce00101e349b81ca961951";
  TicketId both = ParseTicketId(" INC0010025/" + sys_id + " ");
  EXPECT_EQ(both.number, "INC0010025");
  EXPECT_EQ(both.sys_id, sys_id);
  EXPECT_EQ(ParseTicketId("INC0010025").number, "INC0010025");
  EXPECT_EQ(ParseTicketId("INC0010025").sys_id, "");
  EXPECT_EQ(ParseTicketId(sys_id).sys_id, sys_id);
  for (const char* other : {"", "see the wiki", "inc0010025", "INC", "0010025",
                            "INC1^state=1", "INC0010025/../x y"}) {
    const TicketId id = ParseTicketId(other);
    EXPECT_TRUE(id.sys_id.empty()) << other;
    if (std::string(other).rfind("INC0010025", 0) != 0) {
      EXPECT_TRUE(id.number.empty()) << other;
    }
  }
}

RC_GTEST_PROP(IdentityProperties, NoTwoListsOfPartsLookAlike,
              (std::string a, std::string b, std::string c)) {
  // Moving a border between parts must change the fingerprint.
  if (!b.empty()) {
    RC_ASSERT(Fingerprint({a + b, c}) != Fingerprint({a, b + c}));
  }
  RC_ASSERT(Fingerprint({a, b}) != Fingerprint({a + b}));
}

RC_GTEST_PROP(IdentityProperties, AnyTicketTextGivesSafeParts,
              (std::string text)) {
  const TicketId id = ParseTicketId(text);
  RC_ASSERT(id.number.find_first_of("^=/ ") == std::string::npos);
  RC_ASSERT(id.sys_id.empty() || id.sys_id.size() == 32);
}

TEST(IdentityTest, ReportIdsSortByTimeThenCounter) {
  const absl::Time now = absl::FromUnixMillis(1767603607000);
  const std::string a = MakeReportId(now, 0, 99);
  const std::string b = MakeReportId(now, 1, 5);
  const std::string c = MakeReportId(now + absl::Milliseconds(1), 0, 0);
  EXPECT_THAT(a, SizeIs(26));
  EXPECT_LT(a, b);
  EXPECT_LT(b, c);
}

}  // namespace
}  // namespace opcon_snow::incident
