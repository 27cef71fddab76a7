#include "tests/harness/reporter.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/rpc/call.h"
#include "common/status/status_macros.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"

namespace opcon_snow::harness {
namespace {

namespace v1 = ::incident::v1;
using Stub = v1::IncidentService::StubInterface;

int Number(const std::string& digits) {
  int number = 0;
  static_cast<void>(absl::SimpleAtoi(digits, &number));
  return number;
}

bool IsSettled(const v1::Report& report) {
  return report.state() != v1::REPORT_STATE_ACCEPTED &&
         report.state() != v1::REPORT_STATE_RUNNING &&
         report.state() != v1::REPORT_STATE_WAITING;
}

}  // namespace

v1::JobEvent EventOf(const Job& job, const std::string& termination,
                     absl::Time occurred) {
  v1::JobEvent event;
  v1::JobKey& key = *event.mutable_job_key();
  const std::vector<std::string> date = absl::StrSplit(job.date, '-');
  key.mutable_schedule_date()->set_year(Number(date.at(0)));
  key.mutable_schedule_date()->set_month(Number(date.at(1)));
  key.mutable_schedule_date()->set_day(Number(date.at(2)));
  key.set_schedule_id(job.schedule_id);
  key.set_schedule_instance(job.schedule_instance);
  key.set_job_name(job.name);
  event.mutable_occurred_time()->set_seconds(absl::ToUnixSeconds(occurred));
  event.mutable_occurred_time()->set_nanos(
      static_cast<std::int32_t>(absl::ToInt64Nanoseconds(
          occurred - absl::FromUnixSeconds(absl::ToUnixSeconds(occurred)))));
  event.set_schedule_name(job.schedule);
  event.set_machine(job.machine);
  event.set_termination(termination);
  return event;
}

Reporter::Reporter(const std::string& server)
    : stub_(v1::IncidentService::NewStub(
          grpc::CreateChannel(server, grpc::InsecureChannelCredentials()))) {}

absl::Status Reporter::Report(const Job& job, const std::string& termination,
                              const std::string& request_id,
                              const std::string& template_name,
                              absl::Time occurred) {
  v1::ReportJobEventRequest request;
  request.set_request_id(request_id);
  request.set_template_(template_name);
  *request.mutable_event() = EventOf(job, termination, occurred);
  return rpc::Call<Stub>(*stub_, &Stub::ReportJobEvent, request,
                         {.timeout = absl::Seconds(10)})
      .status();
}

absl::StatusOr<std::vector<v1::Report>> Reporter::Reports() {
  std::vector<v1::Report> reports;
  v1::ListReportsRequest request;
  request.set_page_size(1000);
  do {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        const v1::ListReportsResponse page,
        rpc::Call<Stub>(*stub_, &Stub::ListReports, request));
    reports.insert(reports.end(), page.reports().begin(), page.reports().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return reports;
}

absl::StatusOr<bool> Reporter::AnyAtWork() {
  v1::ListReportsRequest request;
  request.add_states(v1::REPORT_STATE_ACCEPTED);
  request.add_states(v1::REPORT_STATE_RUNNING);
  request.add_states(v1::REPORT_STATE_WAITING);
  request.set_page_size(1);
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const v1::ListReportsResponse page,
      rpc::Call<Stub>(*stub_, &Stub::ListReports, request));
  return page.reports_size() > 0;
}

absl::StatusOr<std::vector<v1::Report>> Reporter::AwaitSettled(
    std::size_t count, absl::Duration limit) {
  absl::StatusOr<std::vector<v1::Report>> reports =
      absl::UnavailableError("no answer yet");
  const auto settled = [&] {
    // All of them are read when it is worth it: they may be thousands.
    const absl::StatusOr<bool> at_work = AnyAtWork();
    if (!at_work.ok() || *at_work) return false;
    reports = Reports();
    return reports.ok() && reports->size() >= count &&
           std::all_of(reports->begin(), reports->end(), IsSettled);
  };
  if (Eventually(settled, limit)) return reports;
  reports = Reports();
  if (!reports.ok()) return reports.status();
  for (const v1::Report& report : *reports) {
    if (IsSettled(report)) continue;
    return absl::DeadlineExceededError(report.ShortDebugString());
  }
  return absl::DeadlineExceededError(
      absl::StrCat("only ", reports->size(), " of ", count, " reports"));
}

}  // namespace opcon_snow::harness
