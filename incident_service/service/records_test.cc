// Failures, links, the audit: lists of what the store keeps, over gRPC.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "incident_service/service/service_fixture.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class RecordsTest : public ServiceFixture {
 protected:
  // A report with a failure, a ticket at each destination, and one entry of
  // the audit.
  std::string Apply(const std::string& job,
                    const std::vector<std::string>& destinations = {"prod"}) {
    const auto created = Report(Event("request-" + job, job));
    EXPECT_OK(created.status());
    auto claimed = store_->ClaimSteps({.limit = 1});
    EXPECT_OK(claimed.status());
    const ClaimedStep& step = (*claimed)[0];
    v1::Failure failure;
    failure.set_failure_id("failure-of-" + job);
    *failure.mutable_job_key() = step.stored.report.event().job_key();
    for (const std::string& destination : destinations) {
      EXPECT_OK(store_->OwnFailure(step.claim, failure, destination).status());
      StepCommit commit;
      commit.claim = step.claim;
      commit.step = step.step;  // Still running.
      commit.report = step.stored.report;
      commit.report->set_failure_id(failure.failure_id());
      v1::TicketRef& ticket = commit.failure_ticket.emplace();
      ticket.set_servicenow(destination);
      ticket.set_sys_id(absl::StrCat(destination, "-", job));
      ticket.set_number(absl::StrCat("INC-", destination, "-", job));
      v1::TicketLink& link = commit.link.emplace();
      *link.mutable_job_key() = failure.job_key();
      *link.mutable_ticket() = ticket;
      v1::AuditEntry& entry = commit.audit.emplace_back();
      entry.set_actor("incident-service");
      entry.set_action("servicenow.CreateIncident");
      entry.set_target(ticket.number());
      EXPECT_OK(store_->Commit(commit));
    }
    StepCommit commit;
    commit.claim = step.claim;
    commit.step = step.step;
    commit.step.set_state(v1::STEP_STATE_SUCCEEDED);
    EXPECT_OK(store_->Commit(commit));
    return created->report().report_id();
  }
};

TEST_F(RecordsTest, FailuresArePagedNewestFirst) {
  for (int i = 0; i < 5; ++i) Apply(absl::StrCat("J", i));
  v1::ListFailuresRequest request;
  request.set_page_size(2);
  std::vector<std::string> seen;
  do {
    const auto page = rpc::Call(*stub_, &Stub::ListFailures, request);
    ASSERT_OK(page.status());
    for (const v1::Failure& failure : page->failures()) {
      seen.push_back(failure.failure_id());
      EXPECT_THAT(failure.tickets(), SizeIs(1));
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(seen,
              ElementsAre("failure-of-J4", "failure-of-J3", "failure-of-J2",
                          "failure-of-J1", "failure-of-J0"));
  v1::ListFailuresRequest one;
  *one.mutable_job_key() = Event("x", "J3").event().job_key();
  const auto page = rpc::Call(*stub_, &Stub::ListFailures, one);
  ASSERT_OK(page.status());
  EXPECT_THAT(page->failures(), SizeIs(1));
}

TEST_F(RecordsTest, ATokenIsGoodForItsFiltersOnly) {
  for (int i = 0; i < 3; ++i) Apply(absl::StrCat("J", i));
  v1::ListTicketLinksRequest request;
  request.set_page_size(1);
  const auto page = rpc::Call(*stub_, &Stub::ListTicketLinks, request);
  ASSERT_OK(page.status());
  request.set_page_token(page->next_page_token());
  request.set_page_size(2);  // May change.
  EXPECT_OK(rpc::Call(*stub_, &Stub::ListTicketLinks, request).status());
  request.set_servicenow("prod");
  EXPECT_THAT(rpc::Call(*stub_, &Stub::ListTicketLinks, request).status(),
              AllOf(HasReason("INVALID_REQUEST"),
                    StatusIs(absl::StatusCode::kInvalidArgument,
                             HasSubstr("page_token"))));
  v1::ListFailuresRequest other;
  other.set_page_token(page->next_page_token());
  EXPECT_THAT(rpc::Call(*stub_, &Stub::ListFailures, other).status(),
              HasReason("INVALID_REQUEST"));
  v1::ListReportsRequest negative;
  negative.set_page_size(-1);
  EXPECT_THAT(rpc::Call(*stub_, &Stub::ListReports, negative).status(),
              HasReason("INVALID_REQUEST"));
}

TEST_F(RecordsTest, LinksAreFilteredAndFoundByTheirJob) {
  Apply("A");
  Apply("B", {"prod", "test"});
  const auto numbers = [&](const v1::ListTicketLinksRequest& request) {
    const auto page = rpc::Call(*stub_, &Stub::ListTicketLinks, request);
    EXPECT_OK(page.status());
    std::vector<std::string> found;
    for (const v1::TicketLink& link : page->links()) {
      found.push_back(link.ticket().number());
    }
    return found;
  };
  EXPECT_THAT(numbers({}),
              ElementsAre("INC-test-B", "INC-prod-B", "INC-prod-A"));
  v1::ListTicketLinksRequest request;
  request.set_servicenow("test");
  EXPECT_THAT(numbers(request), ElementsAre("INC-test-B"));
  request.Clear();
  request.set_ticket_number("INC-prod-A");
  EXPECT_THAT(numbers(request), ElementsAre("INC-prod-A"));
  request.Clear();
  request.mutable_schedule_date()->set_year(2026);
  request.mutable_schedule_date()->set_month(1);
  request.mutable_schedule_date()->set_day(6);
  EXPECT_THAT(numbers(request), IsEmpty());

  v1::GetTicketLinkRequest get;
  *get.mutable_job_key() = Event("x", "A").event().job_key();
  const auto only = rpc::Call(*stub_, &Stub::GetTicketLink, get);
  ASSERT_OK(only.status());
  EXPECT_EQ(only->link().ticket().number(), "INC-prod-A");
  *get.mutable_job_key() = Event("x", "B").event().job_key();
  EXPECT_THAT(
      rpc::Call(*stub_, &Stub::GetTicketLink, get).status(),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("test, prod"), HasSubstr("servicenow"))));
  get.set_servicenow("prod");
  EXPECT_OK(rpc::Call(*stub_, &Stub::GetTicketLink, get).status());
  get.set_servicenow("none");
  EXPECT_THAT(rpc::Call(*stub_, &Stub::GetTicketLink, get).status(),
              HasReason("RECORD_NOT_FOUND"));
}

TEST_F(RecordsTest, TheAuditTellsWhoDidWhatAndWhy) {
  const std::string id = Apply("A");
  Apply("B");
  v1::ReportJobEventRequest rejected;
  rejected.set_request_id("request-rejected");
  rejected.mutable_rejected()->set_problem("-jn was not resolved");
  const auto kept = Report(rejected);
  ASSERT_OK(kept.status());
  v1::DiscardReportRequest discard;
  discard.set_report_id(kept->report().report_id());
  discard.set_reason("looked after the job");
  ASSERT_OK(rpc::Call(*stub_, &Stub::DiscardReport, discard).status());

  v1::ListAuditEntriesRequest request;
  const auto all = rpc::Call(*stub_, &Stub::ListAuditEntries, request);
  ASSERT_OK(all.status());
  ASSERT_THAT(all->entries(), SizeIs(3));
  EXPECT_EQ(all->entries(0).action(), "DiscardReport");
  EXPECT_EQ(all->entries(0).reason(), "looked after the job");
  // Nobody has to say who he is, and then the audit says that.
  EXPECT_THAT(all->entries(0).actor(), StartsWith("unauthenticated (ipv4:"));
  EXPECT_GT(all->entries(0).audit_id(), all->entries(1).audit_id());
  request.set_report_id(id);
  const auto of_a = rpc::Call(*stub_, &Stub::ListAuditEntries, request);
  ASSERT_OK(of_a.status());
  ASSERT_THAT(of_a->entries(), SizeIs(1));
  EXPECT_EQ(of_a->entries(0).target(), "INC-prod-A");
  request.Clear();
  request.set_target("INC-prod-B");
  EXPECT_THAT(rpc::Call(*stub_, &Stub::ListAuditEntries, request)->entries(),
              SizeIs(1));
  request.Clear();
  request.set_page_size(1);
  const auto page = rpc::Call(*stub_, &Stub::ListAuditEntries, request);
  ASSERT_OK(page.status());
  request.set_page_token(page->next_page_token());
  const auto next = rpc::Call(*stub_, &Stub::ListAuditEntries, request);
  ASSERT_OK(next.status());
  EXPECT_LT(next->entries(0).audit_id(), page->entries(0).audit_id());
  request.Clear();
  SetTime(absl::Now() + absl::Hours(1), request.mutable_created_since_time());
  EXPECT_THAT(rpc::Call(*stub_, &Stub::ListAuditEntries, request)->entries(),
              IsEmpty());
}

}  // namespace
}  // namespace opcon_snow::incident
