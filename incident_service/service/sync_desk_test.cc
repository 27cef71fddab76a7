// SyncTicket on a real store, the workflow on fakes; then over gRPC.

#include "incident_service/service/sync_desk.h"

#include <memory>
#include <string>
#include <thread>

#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/service/service_fixture.h"
#include "incident_service/workflow/workflow_fixture.h"

namespace opcon_snow::incident {
namespace {

namespace oc = ::opcon::v1;
namespace sn = ::servicenow::v1;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SyncDeskTest : public WorkflowTest {
 protected:
  SyncDeskTest() {
    servicenow_.clock = &clock_;
    Follow(::config::v1::STATE_SYNC_MODE_WATCH, false);
    MakeDesk();
    Report("request-1");
    Drive();
  }

  void Follow(::config::v1::StateSyncMode mode, bool restart) {
    ::config::v1::Template config;
    config.mutable_state_sync()->set_mode(mode);
    config.mutable_state_sync()->set_restart_on_resolve(restart);
    Configure(config);
  }
  void MakeDesk() {
    queries_ = std::make_unique<Queries>(store_.get(), "production");
    desk_ = std::make_unique<SyncDesk>(
        SyncDeskOptions{.store = store_.get(),
                        .queries = queries_.get(),
                        .preview =
                            [this](const v1::TicketLink& link) {
                              return steps_->PreviewFollow(link);
                            },
                        .worker = "one",
                        .clock = &clock_});
  }

  v1::SyncTicketRequest Request(bool validate_only = false) {
    v1::SyncTicketRequest request;
    *request.mutable_job_key() = MakeReport("any").event().job_key();
    request.mutable_job_key()->clear_opcon();
    request.set_validate_only(validate_only);
    return request;
  }
  // The answer once the report has done its work.
  v1::SyncTicketResponse Sync() {
    auto answer = desk_->Begin(Request(), "a.person");
    EXPECT_OK(answer.status());
    if (!answer.ok() || answer->report_id().empty()) {
      return answer.ok() ? *answer : v1::SyncTicketResponse();
    }
    EXPECT_EQ(answer->action(), v1::SYNC_ACTION_PENDING);
    EXPECT_THAT(desk_->Look(&*answer), IsOkAndHolds(false));
    Drive();
    EXPECT_THAT(desk_->Look(&*answer), IsOkAndHolds(true));
    return *answer;
  }
  std::size_t CountReports() {
    const auto page = store_->ListReports({}, "", 100);
    EXPECT_OK(page.status());
    return page->reports.size();
  }

  std::unique_ptr<Queries> queries_;
  std::unique_ptr<SyncDesk> desk_;
};

TEST_F(SyncDeskTest, TheJobIsBroughtIntoStepOnce) {
  SetState(sn::INCIDENT_STATE_RESOLVED);
  const v1::SyncTicketResponse answer = Sync();
  EXPECT_EQ(answer.action(), v1::SYNC_ACTION_MARKED_FIXED);
  EXPECT_EQ(answer.message(), "marked Fixed");
  EXPECT_EQ(answer.link().ticket_state_value(), "6");
  EXPECT_THAT(opcon_.actions, ElementsAre("markFixed 20260105|16|1|JOB001"));
  // It is a report like any other, and the audit says who wanted it.
  const v1::Report report = Get(answer.report_id());
  EXPECT_EQ(report.source().program(), "SyncTicket");
  EXPECT_EQ(report.ticket_change().to_state_value(), "6");
  const auto audit =
      store_->ListAudit({.report_id = answer.report_id()}, "", 9);
  ASSERT_OK(audit.status());
  ASSERT_THAT(audit->records, SizeIs(2));
  EXPECT_EQ(audit->records[1].action(), "SyncTicket");
  EXPECT_EQ(audit->records[1].actor(), "a.person");
  // What was seen is remembered, so that the watcher does not act on it again.
  const auto link = store_->FindLink(answer.link().job_key(), "prod");
  ASSERT_OK(link.status());
  EXPECT_EQ((*link)->ticket_state_value(), "6");

  const std::size_t reports = CountReports();
  const v1::SyncTicketResponse again = Sync();
  EXPECT_EQ(again.action(), v1::SYNC_ACTION_NONE);
  EXPECT_THAT(again.message(), HasSubstr("already"));
  EXPECT_EQ(again.report_id(), "");
  EXPECT_EQ(CountReports(), reports);
  EXPECT_THAT(opcon_.actions, SizeIs(1));
}

TEST_F(SyncDeskTest, AMoveThatWasSeenBeforeIsActedOnToo) {
  SetState(sn::INCIDENT_STATE_RESOLVED);
  // Taken for seen, as by the first round of the ticket watcher.
  Follow(::config::v1::STATE_SYNC_MODE_OFF, false);
  EXPECT_EQ(Sync().action(), v1::SYNC_ACTION_NONE);
  Follow(::config::v1::STATE_SYNC_MODE_VERIFY, true);
  EXPECT_EQ(Sync().action(), v1::SYNC_ACTION_RESTARTED);
  // Once a run, whatever state the job is in by then.
  opcon_.keeps_job_number = true;
  EXPECT_EQ(Sync().action(), v1::SYNC_ACTION_NOT_APPLICABLE);
  EXPECT_THAT(opcon_.actions, ElementsAre("restart 20260105|16|1|JOB001"));
}

TEST_F(SyncDeskTest, AsAPreviewItChangesNothing) {
  SetState(sn::INCIDENT_STATE_CANCELED);
  const auto answer = desk_->Begin(Request(/*validate_only=*/true), "a.person");
  ASSERT_OK(answer.status());
  EXPECT_EQ(answer->action(), v1::SYNC_ACTION_CANCELLED);
  EXPECT_THAT(answer->message(),
              AllOf(HasSubstr("is canceled (a.person)"),
                    HasSubstr("the job is to be cancelled")));
  EXPECT_EQ(answer->report_id(), "");
  Drive();
  EXPECT_THAT(opcon_.actions, IsEmpty());
  EXPECT_EQ(answer->link().ticket_state_value(), "1");
  EXPECT_EQ(CountReports(), 1U);
}

TEST_F(SyncDeskTest, WhatStandsInTheWayIsSaid) {
  EXPECT_THAT(Sync().message(), HasSubstr("a ticket that is new"));
  SetState(sn::INCIDENT_STATE_RESOLVED);
  opcon_.Mark(kJob, oc::JOB_CATEGORY_FINISHED_OK, "Marked Finished OK");
  v1::SyncTicketResponse answer = Sync();
  EXPECT_EQ(answer.action(), v1::SYNC_ACTION_NOT_APPLICABLE);
  EXPECT_THAT(answer.message(), HasSubstr("Marked Finished OK"));
  Follow(::config::v1::STATE_SYNC_MODE_OFF, false);
  EXPECT_THAT(Sync().message(), HasSubstr("state_sync of template basic.json"));
  servicenow_.incidents.clear();
  answer = Sync();
  EXPECT_EQ(answer.action(), v1::SYNC_ACTION_NOT_APPLICABLE);
  EXPECT_TRUE(answer.link().gone());
  EXPECT_TRUE((*store_->FindLink(answer.link().job_key(), "prod"))->gone());
  EXPECT_THAT(opcon_.actions, IsEmpty());
}

TEST_F(SyncDeskTest, UpstreamsInTroubleAreNamedOrTriedAgain) {
  SetState(sn::INCIDENT_STATE_RESOLVED);
  servicenow_.failures.FailBefore("GetIncident",
                                  absl::UnavailableError("asleep"));
  EXPECT_THAT(desk_->Begin(Request(), "a.person").status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("asleep")));
  EXPECT_EQ(CountReports(), 1U);
  // Once there is a report, it goes on by itself.
  auto answer = desk_->Begin(Request(), "a.person");
  ASSERT_OK(answer.status());
  opcon_.failures.FailBefore("GetDailyJob",
                             absl::UnavailableError("OpCon is down"), 1);
  Drive(/*limit=*/1);
  EXPECT_THAT(desk_->Look(&*answer), IsOkAndHolds(true));
  EXPECT_EQ(answer->action(), v1::SYNC_ACTION_PENDING);
  EXPECT_THAT(answer->message(), HasSubstr("OpCon is down"));
  Drive();
  EXPECT_THAT(desk_->Look(&*answer), IsOkAndHolds(true));
  EXPECT_EQ(answer->action(), v1::SYNC_ACTION_MARKED_FIXED);
}

TEST_F(SyncDeskTest, ARefusalIsAnErrorWithItsReport) {
  SetState(sn::INCIDENT_STATE_RESOLVED);
  opcon_.refusal = "no right to do so";
  auto answer = desk_->Begin(Request(), "a.person");
  ASSERT_OK(answer.status());
  Drive();
  EXPECT_THAT(desk_->Look(&*answer).status(),
              AllOf(HasReason("JOB_ACTION_REFUSED"),
                    StatusIs(absl::StatusCode::kFailedPrecondition,
                             AllOf(HasSubstr("no right to do so"),
                                   HasSubstr(answer->report_id())))));
  // A person gives it up.
  EXPECT_OK(store_
                ->DiscardReport(answer->report_id(),
                                {.actor = "a.person", .reason = "not needed"})
                .status());
  EXPECT_THAT(desk_->Look(&*answer).status(), HasReason("JOB_ACTION_REFUSED"));
}

TEST_F(SyncDeskTest, ALinkThatChangesMeanwhileIsLookedAtAgain) {
  SetState(sn::INCIDENT_STATE_RESOLVED);
  int looks = 0;
  const auto meanwhile = [&](int times) {
    looks = 0;
    servicenow_.failures.script = [&, times](const std::string& rpc,
                                             FailurePlan::Moment moment) {
      if (rpc == "GetIncident" && moment == FailurePlan::Moment::kAfter &&
          looks++ < 2 * times) {
        // The watcher sees something else.
        const auto watch =
            store_->ClaimWatch("tickets/prod", "watcher", absl::Minutes(1));
        Store::WatchCommit commit{.claim = (*watch)->claim};
        const auto link =
            *store_->FindLink(MakeReport("any").event().job_key(), "prod");
        Store::SeenTicket& seen = commit.tickets.emplace_back();
        seen.found = *link;
        seen.last_state_value = link->ticket_state_value();
        seen.last_modification_count = link->ticket_modification_count();
        seen.found.set_ticket_modification_count(
            link->ticket_modification_count() + 1);
        EXPECT_OK(store_->CommitWatch(commit).status());
      }
      return absl::OkStatus();
    };
  };
  meanwhile(1);
  EXPECT_EQ(Sync().action(), v1::SYNC_ACTION_MARKED_FIXED);
  opcon_.Mark(kJob, oc::JOB_CATEGORY_FAILED, "Failed");
  meanwhile(1000);
  EXPECT_THAT(desk_->Begin(Request(), "a.person").status(),
              HasReason("OVERLOADED"));
  EXPECT_THAT(opcon_.actions, SizeIs(1));
}

TEST_F(SyncDeskTest, OneProcessAtATime) {
  SetState(sn::INCIDENT_STATE_RESOLVED);
  EXPECT_OK(
      store_->ClaimWatch("sync/prod", "another", absl::Seconds(1)).status());
  EXPECT_THAT(desk_->Begin(Request(), "a.person").status(),
              HasReason("OVERLOADED"));
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Sync().action(), v1::SYNC_ACTION_MARKED_FIXED);
}

class SyncTicketTest : public ServiceFixture {};

TEST_F(SyncTicketTest, RequestsAreChecked) {
  v1::SyncTicketRequest request;
  EXPECT_THAT(rpc::Call(*stub_, &Stub::SyncTicket, request).status(),
              AllOf(HasReason("INVALID_REQUEST"),
                    StatusIs(absl::StatusCode::kInvalidArgument,
                             HasSubstr("job_key.job_name"))));
  *request.mutable_job_key() = Event("x").event().job_key();
  EXPECT_THAT(rpc::Call(*stub_, &Stub::SyncTicket, request).status(),
              AllOf(HasReason("RECORD_NOT_FOUND"),
                    StatusIs(absl::StatusCode::kNotFound,
                             HasSubstr("20260105|16|1|JOB001"))));
}

TEST_F(SyncTicketTest, WaitsForItsReportButNotBeyondTheDeadline) {
  google::protobuf::RepeatedPtrField<::config::v1::Template> configs;
  configs.Add()->set_name("basic.json");
  configs[0].mutable_state_sync()->set_mode(
      ::config::v1::STATE_SYNC_MODE_WATCH);
  config::Faults faults;
  templates_ = TemplateSet::Compile(configs, "", &faults);
  constexpr char kId[] = "20260105|16|1|JOB001";
  opcon_.Define(kId);
  opcon_.Fail(kId, absl::Now());
  EXPECT_OK(Report(Event("request-1")).status());
  // False if there was nothing to do.
  const auto work = [&] {
    const auto claimed = store_->ClaimSteps({.limit = 1});
    EXPECT_OK(claimed.status());
    if (claimed->empty()) return false;
    const absl::StatusOr<StepCommit> done = steps_->Run((*claimed)[0]);
    EXPECT_OK(done.status());
    EXPECT_OK(store_->Commit(*done));
    return true;
  };
  while (work()) continue;
  ASSERT_THAT(servicenow_.incidents, SizeIs(1));
  const auto move = [&](sn::IncidentState state) {
    servicenow_.SetState(&servicenow_.incidents.begin()->second, state);
  };
  v1::SyncTicketRequest request;
  *request.mutable_job_key() = Event("x").event().job_key();
  move(sn::INCIDENT_STATE_IN_PROGRESS);
  // Nothing works on it.
  const auto pending = rpc::Call(*stub_, &Stub::SyncTicket, request,
                                 {.timeout = absl::Seconds(2)});
  ASSERT_OK(pending.status());
  EXPECT_EQ(pending->action(), v1::SYNC_ACTION_PENDING);
  EXPECT_NE(pending->report_id(), "");
  while (work()) continue;

  move(sn::INCIDENT_STATE_RESOLVED);
  std::thread caller([&] {
    const auto done = rpc::Call(*stub_, &Stub::SyncTicket, request);
    EXPECT_OK(done.status());
    EXPECT_EQ(done->action(), v1::SYNC_ACTION_MARKED_FIXED);
  });
  while (!work()) std::this_thread::yield();
  caller.join();
  EXPECT_THAT(opcon_.actions,
              ElementsAre("markUnderReview 20260105|16|1|JOB001",
                          "markFixed 20260105|16|1|JOB001"));
}

}  // namespace
}  // namespace opcon_snow::incident
