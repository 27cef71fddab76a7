// Reports, what people ask and decide, health: over gRPC.

#include "incident_service/service/incident_service.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "incident_service/service/service_fixture.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class IncidentServiceTest : public ServiceFixture {
 protected:
  IncidentServiceTest() : ServiceFixture(/*max_open=*/3) {}
};

TEST_F(IncidentServiceTest, AReportIsStoredShownAndNotDoubled) {
  const auto first = Report(Event("request-1"));
  ASSERT_OK(first.status());
  EXPECT_FALSE(first->duplicate());
  EXPECT_EQ(first->report().event().job_key().opcon(), "production");
  EXPECT_EQ(first->report().event().kind(), v1::EVENT_KIND_JOB_FAILED);
  const auto again = Report(Event("request-1"));
  ASSERT_OK(again.status());
  EXPECT_TRUE(again->duplicate());
  EXPECT_EQ(again->report().report_id(), first->report().report_id());

  v1::GetReportRequest get;
  get.set_report_id(first->report().report_id());
  const auto shown = rpc::Call(*stub_, &Stub::GetReport, get);
  ASSERT_OK(shown.status());
  EXPECT_EQ(shown->report().request_id(), "request-1");
  const auto list =
      rpc::Call(*stub_, &Stub::ListReports, v1::ListReportsRequest());
  ASSERT_OK(list.status());
  EXPECT_THAT(list->reports(), SizeIs(1));
}

TEST_F(IncidentServiceTest, EveryFaultOfARequestIsNamed) {
  v1::ReportJobEventRequest request = Event("short");
  request.mutable_event()->mutable_job_key()->set_schedule_id(0);
  request.mutable_event()->mutable_job_key()->mutable_schedule_date()->set_day(
      31);
  request.mutable_event()
      ->mutable_job_key()
      ->mutable_schedule_date()
      ->set_month(2);
  request.mutable_event()->mutable_job_key()->set_job_name("a|b\n");
  request.mutable_event()->set_job_number(-1);
  const auto refused = Report(request);
  EXPECT_THAT(refused.status(), HasReason("INVALID_REQUEST"));
  EXPECT_THAT(std::string(refused.status().message()),
              AllOf(HasSubstr("request_id"), HasSubstr("schedule_id"),
                    HasSubstr("2026-2-31"), HasSubstr("separates"),
                    HasSubstr("control character"), HasSubstr("job_number")));
}

TEST_F(IncidentServiceTest, AnEmptyObservationIsRefused) {
  v1::ReportJobEventRequest request;
  request.set_request_id("request-1");
  EXPECT_THAT(Report(request).status(), HasReason("INVALID_REQUEST"));
}

TEST_F(IncidentServiceTest, AnUnknownTemplateIsKeptWithAWarning) {
  v1::ReportJobEventRequest request = Event("request-1");
  request.set_template_("none.json");
  const auto kept = Report(request);
  ASSERT_OK(kept.status());
  ASSERT_THAT(kept->warnings(), SizeIs(1));
  EXPECT_THAT(kept->warnings(0),
              AllOf(HasSubstr("none.json"), HasSubstr("basic.json")));
  EXPECT_FALSE(kept->report().report_id().empty());
}

TEST_F(IncidentServiceTest, ARejectedCommandLineWaitsForAPerson) {
  v1::ReportJobEventRequest request;
  request.set_request_id("request-1");
  request.mutable_rejected()->add_arguments("-jn");
  request.mutable_rejected()->add_arguments("[[$JOB NAME]]");
  request.mutable_rejected()->set_problem("-jn was not resolved");
  const auto kept = Report(request);
  ASSERT_OK(kept.status());
  EXPECT_EQ(kept->report().state(), v1::REPORT_STATE_DEAD_LETTER);
  EXPECT_THAT(kept->report().summary(), AllOf(HasSubstr("-jn was not resolved"),
                                              HasSubstr("[[$JOB NAME]]")));
  v1::DiscardReportRequest discard;
  discard.set_report_id(kept->report().report_id());
  EXPECT_THAT(rpc::Call(*stub_, &Stub::DiscardReport, discard).status(),
              HasReason("INVALID_REQUEST"));
  discard.set_reason("looked after the job");
  EXPECT_OK(rpc::Call(*stub_, &Stub::DiscardReport, discard).status());
}

TEST_F(IncidentServiceTest, ValidateOnlyStoresNothing) {
  v1::ReportJobEventRequest request = Event("request-1");
  request.set_validate_only(true);
  const auto checked = Report(request);
  ASSERT_OK(checked.status());
  EXPECT_FALSE(checked->has_report());
  const auto list =
      rpc::Call(*stub_, &Stub::ListReports, v1::ListReportsRequest());
  ASSERT_OK(list.status());
  EXPECT_THAT(list->reports(), SizeIs(0));
}

TEST_F(IncidentServiceTest, TooManyOpenReportsSayWhenToComeBack) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(Report(Event(absl::StrCat("request-", i))).status());
  }
  const absl::Status refused = Report(Event("request-9")).status();
  EXPECT_THAT(refused, HasReason("OVERLOADED"));
  EXPECT_TRUE(IsRetryable(refused));
}

TEST_F(IncidentServiceTest, UnknownRecordsAreNotFound) {
  v1::GetReportRequest get;
  get.set_report_id("nothing");
  EXPECT_THAT(rpc::Call(*stub_, &Stub::GetReport, get).status(),
              HasReason("RECORD_NOT_FOUND"));
  v1::GetTicketLinkRequest link;
  *link.mutable_job_key() = Event("x").event().job_key();
  EXPECT_THAT(rpc::Call(*stub_, &Stub::GetTicketLink, link).status(),
              HasReason("RECORD_NOT_FOUND"));
  v1::ListReportsRequest list;
  list.set_page_token("made up");
  EXPECT_THAT(rpc::Call(*stub_, &Stub::ListReports, list).status(),
              HasReason("INVALID_REQUEST"));
}

TEST_F(IncidentServiceTest, HealthNamesEveryHop) {
  servicenow_.failures.FailBefore("ListInstances",
                                  absl::UnavailableError("gateway away"));
  const absl::Time asked = absl::Now();
  const auto health =
      rpc::Call(*stub_, &Stub::GetHealth, v1::GetHealthRequest());
  ASSERT_OK(health.status());
  std::string seen;
  for (const v1::Hop& hop : health->hops()) {
    absl::StrAppend(&seen, hop.name(), "=", v1::HopState_Name(hop.state()),
                    " ");
  }
  EXPECT_EQ(seen,
            "store=HOP_STATE_OK opcon-gateway=HOP_STATE_OK "
            "opcon:production=HOP_STATE_SKIPPED "
            "servicenow-gateway=HOP_STATE_FAILED ");
  EXPECT_GE(ToTime(health->service_time()), asked - absl::Microseconds(1));
  EXPECT_LE(ToTime(health->service_time()), absl::Now());
}

TEST_F(IncidentServiceTest, TemplatesAreListed) {
  const auto list =
      rpc::Call(*stub_, &Stub::ListTemplates, v1::ListTemplatesRequest());
  ASSERT_OK(list.status());
  ASSERT_THAT(list->templates(), SizeIs(1));
  EXPECT_TRUE(list->templates(0).is_default());
}

}  // namespace
}  // namespace opcon_snow::incident
