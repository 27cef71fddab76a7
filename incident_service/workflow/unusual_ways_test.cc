// Ways that few reports take: OpCon that cannot be asked or cannot tell, jobs
// that are well again, several destinations, tickets of other days, and what
// dead letters leave behind.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident_service/identity.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/workflow_fixture.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace sn = ::servicenow::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

::config::v1::Template Named(const std::string& name,
                             const std::string& servicenow = "") {
  ::config::v1::Template config;
  config.set_name(name);
  config.set_servicenow(servicenow);
  return config;
}

// A job that runs and fails once more; the report of it.
class UnusualWaysTest : public WorkflowTest {
 protected:
  std::string ReportAndDrive(const std::string& request_id,
                             const std::string& template_name = "") {
    const std::string id =
        Report(request_id, v1::EVENT_KIND_JOB_FAILED, template_name);
    Drive();
    return id;
  }
};

// --- Which run it was ------------------------------------------------------

TEST_F(UnusualWaysTest, ARunThatWasRestartedIsFoundInTheHistory) {
  for (const bool keeps : {false, true}) {
    opcon_.keeps_job_number = keeps;
    FailAgain();
    const v1::Failure expected =
        FailureOfRun(MakeReport("x"), Job().job, LatestRun(Job().job));
    const std::string id = Report(absl::StrCat("request-", keeps));
    clock_.Advance(absl::Seconds(30));
    opcon_.Start(kJob, clock_.Now());
    Drive();
    EXPECT_EQ(Get(id).failure_id(), expected.failure_id());
    EXPECT_THAT(Get(id).warnings(), IsEmpty());
  }
}

TEST_F(UnusualWaysTest, WithoutAHistoryTheFailureIsProvisionalAndSaysSo) {
  opcon_.has_history = false;
  const std::string id = Report("request-1");
  opcon_.Start(kJob, clock_.Now());
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_THAT(Get(id).warnings(),
              ElementsAre(HasSubstr("cannot tell which run")));
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
}

TEST_F(UnusualWaysTest, ARunKnownByItsNumberIsNotTakenForAnother) {
  opcon_.has_history = false;
  const std::string first = ReportAndDrive("request-1");
  v1::Report late = MakeReport("request-2");
  late.mutable_event()->set_job_number(Job().job.job_number());
  opcon_.Start(kJob, clock_.Now());
  const std::string second = Store(late);
  Drive();
  EXPECT_EQ(Get(second).state(), v1::REPORT_STATE_MERGED);
  EXPECT_EQ(Get(second).merged_into_report_id(), first);
}

// The failure was found by somebody else's report, and is this one's own at its
// destination; the process dies before it has said so.
TEST_F(UnusualWaysTest, WhatAReportOwnsAtItsDestinationIsNotForgotten) {
  servicenow_.instances = {"prod", "second"};
  Configure({Named("basic.json", "prod"), Named("second.json", "second")});
  ReportAndDrive("request-1");
  const std::string id =
      Report("request-2", v1::EVENT_KIND_JOB_FAILED, "second.json");
  const auto claimed = store_->ClaimSteps({.limit = 1});
  ASSERT_OK(claimed.status());
  ASSERT_THAT(*claimed, SizeIs(1));
  ASSERT_OK(steps_->Run(claimed->front()).status());
  const std::string owned =
      FailureOfRun(MakeReport("x"), Job().job, LatestRun(Job().job))
          .failure_id();
  OpenStore();
  FailAgain();
  Drive();
  EXPECT_EQ(Get(id).failure_id(), owned);
  const std::string later = ReportAndDrive("request-3", "second.json");
  EXPECT_EQ(Get(later).state(), v1::REPORT_STATE_SUCCEEDED);
}

// --- When it is looked into ------------------------------------------------

TEST_F(UnusualWaysTest, AJobWhoseEventsAreBeingProcessedIsWaitedFor) {
  Job().job.mutable_status()->set_processing_events(true);
  const std::string id = Report("request-1");
  Drive(3);
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_WAITING);
  EXPECT_THAT(servicenow_.incidents, IsEmpty());
  Job().job.mutable_status()->set_processing_events(false);
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
}

TEST_F(UnusualWaysTest, EventsThatAreStuckDoNotHoldAFailureForEver) {
  Job().job.mutable_status()->set_processing_events(true);
  const absl::Time begun = clock_.Now();
  const std::string id = Report("request-1");
  Drive(1000);
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_LE(clock_.Now() - begun, absl::Minutes(3));
}

TEST_F(UnusualWaysTest, AJobThatIsWellAfterTheDelayGetsNoTicket) {
  settles_ = true;
  OpenStore();
  const std::string id = Report("request-1");
  clock_.Advance(absl::Seconds(20));
  opcon_.Finish(kJob, clock_.Now());
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUPPRESSED);
  EXPECT_THAT(servicenow_.incidents, IsEmpty());
}

TEST_F(UnusualWaysTest, AJobThatIsWellAfterTheDelayTellsItsOpenTicket) {
  settles_ = true;
  OpenStore();
  ReportAndDrive("request-1");
  const std::string description = Incident().incident.description();
  SetState(sn::INCIDENT_STATE_IN_PROGRESS);
  FailAgain();
  const std::string id = Report("request-2");
  clock_.Advance(absl::Seconds(20));
  opcon_.Finish(kJob, clock_.Now());
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_THAT(Incident().work_notes,
              ElementsAre(HasSubstr("well again by itself")));
  EXPECT_EQ(Incident().incident.state(), sn::INCIDENT_STATE_IN_PROGRESS);
  EXPECT_EQ(Incident().incident.description(), description);
}

// --- Without OpCon ---------------------------------------------------------

class WithoutOpConTest : public UnusualWaysTest {
 protected:
  WithoutOpConTest() {
    provisional_ticket_after_ = absl::Minutes(5);
    OpenStore();
    // The gateway has told its instances once.
    opcon_.Define("20260105|16|1|OTHER");
    ReportAndDrive("request-0");
    servicenow_.incidents.clear();
    Tickets().clear();
    FailAgain("the log");
    down_ = true;
    opcon_.failures.script = [this](const std::string&,
                                    FailurePlan::Moment) -> absl::Status {
      if (!down_) return absl::OkStatus();
      return MakeError(absl::StatusCode::kUnavailable, "OpCon is down",
                       {.reason = "UPSTREAM_UNAVAILABLE"});
    };
  }

  bool down_ = false;
};

TEST_F(WithoutOpConTest, ATicketIsOpenedAfterAWhileAndCompletedLater) {
  const std::string id = Report("request-1");
  Drive(20);
  ASSERT_THAT(servicenow_.incidents, SizeIs(1));
  EXPECT_EQ(Incident().incident.correlation_id(),
            absl::StrCat("opcon.example:9010,", kJob));
  EXPECT_THAT(Get(id).warnings(),
              ElementsAre(HasSubstr("OpCon could not be asked")));
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_WAITING);
  EXPECT_THAT(Tickets(), IsEmpty());

  down_ = false;
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED) << Get(id).summary();
  ASSERT_THAT(Tickets(), SizeIs(1));
  EXPECT_THAT(Tickets()[0].ticket_id(),
              HasSubstr(Incident().incident.sys_id()));
  ASSERT_THAT(Incident().files, SizeIs(1));
  EXPECT_EQ(Incident().files[0].content, "the log");

  // Whoever reports the run now reports the same failure.
  const std::string twin = ReportAndDrive("request-2");
  EXPECT_EQ(Get(twin).state(), v1::REPORT_STATE_MERGED);
  EXPECT_EQ(Get(twin).merged_into_report_id(), id);
}

TEST_F(WithoutOpConTest, ARecoveryIsNotGuessed) {
  const std::string id = Report("request-1", v1::EVENT_KIND_RECOVERED);
  Drive(20);
  EXPECT_THAT(servicenow_.incidents, IsEmpty());
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_WAITING);
}

// --- Which ticket ----------------------------------------------------------

TEST_F(UnusualWaysTest, EachDestinationHasItsTicketAndItsRow) {
  servicenow_.instances = {"prod", "second"};
  Configure({Named("basic.json", "prod"), Named("second.json", "second")});
  for (const bool again : {false, true}) {
    if (again) FailAgain();
    for (const std::string& name : {"basic.json", "second.json"}) {
      const std::string id =
          ReportAndDrive(absl::StrCat(name, "-", again), name);
      EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
    }
  }
  EXPECT_THAT(servicenow_.incidents, SizeIs(2));
  EXPECT_THAT(Tickets(), SizeIs(2));
  for (const auto& [sys_id, fake] : servicenow_.incidents) {
    EXPECT_THAT(fake.work_notes, SizeIs(1));
    EXPECT_THAT(fake.files, SizeIs(2));
  }
}

TEST_F(UnusualWaysTest, WhereOpConKeepsOneTicketTheSecondIsToldAsAWarning) {
  opcon_.has_ticket_list = false;
  servicenow_.instances = {"prod", "second"};
  Configure({Named("basic.json", "prod"), Named("second.json", "second")});
  ReportAndDrive("request-1", "basic.json");
  const std::string id = ReportAndDrive("request-2", "second.json");
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_EQ(GetStep(id, v1::STEP_KIND_WRITE_BACK).state(),
            v1::STEP_STATE_SKIPPED);
  EXPECT_THAT(Get(id).warnings(), ElementsAre(HasSubstr("one ticket only")));
  EXPECT_THAT(Tickets(), SizeIs(1));
}

// Two runs, two reports, and no history: neither is taken for the other.
TEST_F(UnusualWaysTest, WithoutAHistoryAnEarlierReportIsNotAboutALaterRun) {
  opcon_.has_history = false;
  v1::Report early = MakeReport("request-1");
  SetTime(clock_.Now(), early.mutable_event()->mutable_occurred_time());
  FailAgain();
  const std::string first = Store(early);
  const std::string second = Report("request-2");
  Drive();
  EXPECT_EQ(Get(first).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_EQ(Get(second).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_THAT(Incident().work_notes, SizeIs(1));
}

TEST_F(UnusualWaysTest, AFieldThatAPersonShortenedIsOursStill) {
  opcon_.has_ticket_list = false;
  const std::string id = Report("request-1");
  Drive(2);  // RESOLVE, TICKET
  Tickets().emplace_back().set_ticket_id(Incident().incident.number());
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  ASSERT_THAT(Tickets(), SizeIs(1));
  EXPECT_THAT(Tickets()[0].ticket_id(),
              HasSubstr(Incident().incident.sys_id()));
}

TEST_F(UnusualWaysTest, RowsOfOthersStay) {
  Tickets().emplace_back().set_ticket_id("see the wiki");
  ReportAndDrive("request-1");
  FailAgain();
  SetState(sn::INCIDENT_STATE_CLOSED);
  ReportAndDrive("request-2");
  ASSERT_THAT(Tickets(), SizeIs(2));
  EXPECT_EQ(Tickets()[0].ticket_id(), "see the wiki");
}

TEST_F(UnusualWaysTest, TheTicketOfAnEarlierDayIsUsedAgainIfTheTemplateSaysSo) {
  ::config::v1::Template config;
  config.mutable_reuse_within()->set_seconds(2 * 24 * 3600);
  Configure(config);
  ReportAndDrive("request-1");
  const std::string next_day = "20260107|16|1|JOB001";
  opcon_.Define(next_day);
  clock_.Advance(absl::Hours(40));
  opcon_.Fail(next_day, clock_.Now());
  v1::Report report = MakeReport("request-2");
  report.mutable_event()->mutable_job_key()->mutable_schedule_date()->set_day(
      7);
  const std::string id = Store(report);
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_EQ(Incident().incident.correlation_id(),
            absl::StrCat("opcon.example:9010,", next_day));
  EXPECT_THAT(opcon_.jobs.at(next_day).tickets, SizeIs(1));
  EXPECT_THAT(Incident().work_notes, SizeIs(1));
  // A day too far.
  const std::string later = "20260110|16|1|JOB001";
  opcon_.Define(later);
  clock_.Advance(absl::Hours(72));
  opcon_.Fail(later, clock_.Now());
  report.set_request_id("request-3");
  report.mutable_event()->mutable_job_key()->mutable_schedule_date()->set_day(
      10);
  Store(report);
  Drive();
  EXPECT_THAT(servicenow_.incidents, SizeIs(2));
}

TEST_F(UnusualWaysTest, EachFailureHasItsTicketIfTheTemplateSaysSo) {
  ::config::v1::Template config;
  config.set_always_create_new_ticket(true);
  Configure(config);
  ReportAndDrive("request-1");
  // A person has shortened what the job shows.
  Tickets()[0].set_ticket_id("INC0000001");
  FailAgain();
  const std::string id = ReportAndDrive("request-2");
  EXPECT_THAT(servicenow_.incidents, SizeIs(2));
  ASSERT_THAT(Tickets(), SizeIs(1));
  EXPECT_THAT(Tickets()[0].ticket_id(), HasSubstr(Get(id).ticket().sys_id()));
}

TEST_F(UnusualWaysTest, TheDescriptionTellsOfNowAndTheNotesOfBefore) {
  ReportAndDrive("request-1");
  const std::string first = Incident().incident.description();
  FailAgain();
  ReportAndDrive("request-2");
  FailAgain();
  const std::string third = ReportAndDrive("request-3");
  EXPECT_THAT(Incident().incident.description(),
              HasSubstr(FailureMarker(Get(third).failure_id())));
  ASSERT_THAT(Incident().work_notes, SizeIs(2));
  // The first is told by the note of the update that took its place.
  EXPECT_THAT(Incident().work_notes[0],
              HasSubstr(first.substr(0, first.find("\n\n[OpCon failure"))));
  EXPECT_THAT(Incident().work_notes[1], Not(HasSubstr("until now")));
}

// A closed ticket leaves a line with a marker in the job's documentation, which
// descriptions and notes of other tickets quote.
TEST_F(UnusualWaysTest, AQuotedMarkerIsNotTakenForANote) {
  servicenow_.instances = {"prod", "second"};
  Configure({Named("basic.json", "prod"), Named("second.json", "second")});
  ReportAndDrive("request-1", "basic.json");
  SetState(sn::INCIDENT_STATE_CLOSED);
  FailAgain();
  ReportAndDrive("request-2", "basic.json");  // documents
  const std::string marker = FailureMarker(
      FailureOfRun(MakeReport("x"), Job().job, LatestRun(Job().job))
          .failure_id());
  ASSERT_THAT(Job().job.documentation().job_text(), HasSubstr(marker));
  FailAgain();
  ReportAndDrive("request-3", "second.json");
  FailAgain();
  ReportAndDrive("request-4", "second.json");
  for (const std::string& note : servicenow_.work_notes()) {
    EXPECT_THAT(note, Not(HasSubstr(marker)));
  }
}

// --- What an attempt left behind -------------------------------------------

TEST_F(UnusualWaysTest, AnUpdateThatWasDoneIsNotDoneOnAnotherTicket) {
  ReportAndDrive("request-1");
  FailAgain();
  const std::string id = Report("request-2");
  servicenow_.failures.LoseAnswer("UpdateIncident");
  Drive(2);  // RESOLVE, TICKET
  ASSERT_THAT(Incident().work_notes, SizeIs(1));
  // A person closes the ticket before the next attempt.
  SetState(sn::INCIDENT_STATE_CLOSED);
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_EQ(Incident().incident.state(), sn::INCIDENT_STATE_CLOSED);
  EXPECT_THAT(Incident().work_notes, SizeIs(1));
  EXPECT_THAT(Incident().files, SizeIs(2));
}

TEST_F(UnusualWaysTest, TheTicketThatADeadLetterCreatedIsTheJobs) {
  const std::string dead = Report("request-1");
  servicenow_.failures.LoseAnswer("CreateIncident");
  Drive(2);  // RESOLVE, TICKET
  servicenow_.failures.FailBefore(
      "CreateIncident",
      MakeError(absl::StatusCode::kFailedPrecondition, "refused"));
  Drive();
  ASSERT_EQ(Get(dead).state(), v1::REPORT_STATE_DEAD_LETTER);
  ASSERT_THAT(servicenow_.incidents, SizeIs(1));
  FailAgain();
  const std::string next = ReportAndDrive("request-2");
  EXPECT_EQ(Get(next).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_THAT(Incident().work_notes, SizeIs(1));

  ASSERT_OK(store_->RetryReport(dead, {"operator"}).status());
  Drive();
  EXPECT_EQ(Get(dead).state(), v1::REPORT_STATE_SUCCEEDED);
  // The ticket tells of the later failure still.
  EXPECT_THAT(Incident().incident.description(),
              HasSubstr(FailureMarker(Get(next).failure_id())));
  EXPECT_THAT(Tickets(), SizeIs(1));
}

TEST_F(UnusualWaysTest, AnOldPlanDoesNotUndoWhatLaterFailuresTold) {
  ReportAndDrive("request-1");
  FailAgain();
  const std::string dead = Report("request-2");
  servicenow_.failures.FailBefore(
      "UpdateIncident",
      MakeError(absl::StatusCode::kFailedPrecondition, "refused"));
  Drive();
  ASSERT_EQ(Get(dead).state(), v1::REPORT_STATE_DEAD_LETTER);
  FailAgain();
  const std::string next = ReportAndDrive("request-3");
  ASSERT_OK(store_->RetryReport(dead, {"operator"}).status());
  Drive();
  EXPECT_EQ(Get(dead).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_THAT(Incident().incident.description(),
              HasSubstr(FailureMarker(Get(next).failure_id())));
  EXPECT_THAT(Incident().work_notes, SizeIs(2));
}

TEST_F(UnusualWaysTest, ATicketThatWasReplacedIsNotShownAgain) {
  const std::string dead = Report("request-1");
  opcon_.failures.FailBefore(
      "SetIncidentTicket",
      MakeError(absl::StatusCode::kFailedPrecondition, "refused"));
  Drive();
  ASSERT_EQ(Get(dead).state(), v1::REPORT_STATE_DEAD_LETTER);
  SetState(sn::INCIDENT_STATE_CLOSED);
  FailAgain();
  const std::string next = ReportAndDrive("request-2");
  ASSERT_OK(store_->RetryReport(dead, {"operator"}).status());
  Drive();
  EXPECT_EQ(Get(dead).state(), v1::REPORT_STATE_SUCCEEDED);
  ASSERT_THAT(Tickets(), SizeIs(1));
  EXPECT_THAT(Tickets()[0].ticket_id(), HasSubstr(Get(next).ticket().sys_id()));
}

TEST_F(UnusualWaysTest, TheLogOfTheNextRunIsNotTakenForThisOnes) {
  opcon_.keeps_job_number = true;
  const std::string id = Report("request-1");
  servicenow_.failures.LoseAnswer("AttachFile");
  Drive(4);  // RESOLVE, TICKET, WRITE_BACK, ATTACH_LOG
  FailAgain("the log of the next run");
  Drive();
  EXPECT_EQ(GetStep(id, v1::STEP_KIND_ATTACH_LOG).state(),
            v1::STEP_STATE_SKIPPED);
  ASSERT_THAT(Incident().files, SizeIs(1));
  EXPECT_EQ(Incident().files[0].content, "line 1\nline 2");
}

TEST_F(UnusualWaysTest, EveryWriteIsAudited) {
  const std::string id = Report("request-1");
  servicenow_.failures.LoseAnswer("CreateIncident");
  Drive();
  const auto page = store_->ListAudit({.report_id = id}, "", 100);
  ASSERT_OK(page.status());
  std::vector<std::string> actions;
  for (const v1::AuditEntry& entry : page->records) {
    actions.push_back(absl::StrCat(entry.action(), " ",
                                   entry.result().code() == 0 ? "ok" : "not"));
    EXPECT_FALSE(entry.target().empty());
    EXPECT_FALSE(entry.reason().empty());
    EXPECT_THAT(entry.request_json(), HasSubstr("{"));
  }
  EXPECT_THAT(actions, ElementsAre("servicenow.AttachFile ok",
                                   "opcon.SetIncidentTicket ok",
                                   "servicenow.CreateIncident ok",
                                   "servicenow.CreateIncident not"));
}

}  // namespace
}  // namespace opcon_snow::incident
