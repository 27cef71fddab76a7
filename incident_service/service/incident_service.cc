#include "incident_service/service/incident_service.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/async/task.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "google/rpc/error_details.pb.h"
#include "incident_service/identity.h"
#include "incident_service/service/request_check.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr char kDomain[] = "incident-service";
// For calls that wait for the disk; those of GetHealth wait for gateways too.
constexpr int kPoolThreads = 8;
constexpr int kDefaultPageSize = 50;
constexpr int kMaxPageSize = 1000;

int PageSize(int asked) {
  return asked <= 0 ? kDefaultPageSize : std::min(asked, kMaxPageSize);
}

ReportFilter FilterOf(const v1::ListReportsRequest& request) {
  ReportFilter filter;
  for (const int state : request.states()) {
    filter.states.push_back(static_cast<v1::ReportState>(state));
  }
  filter.opcon = request.opcon();
  filter.job_name = request.job_name();
  filter.schedule_name = request.schedule_name();
  filter.request_id = request.request_id();
  if (request.has_schedule_date()) {
    filter.schedule_date = CompactDate(request.schedule_date());
  }
  if (request.has_created_since_time()) {
    filter.created_since = ToTime(request.created_since_time());
  }
  return filter;
}

absl::Status CheckListReports(const v1::ListReportsRequest& request) {
  RequestCheck check;
  if (request.page_size() < 0) {
    check.Add("page_size", "must not be negative");
  }
  if (request.has_schedule_date()) {
    check.Date("schedule_date", request.schedule_date());
  }
  // A token is the id of the last report of the page before.
  if (!request.page_token().empty() && request.page_token().size() != 26) {
    check.Add("page_token", "is not one that ListReports gave");
  }
  return check.Result();
}

// A method that works synchronously, as a coroutine on the pool.
template <class Work>
auto Blocking(Work work) {
  return [work = std::move(work)](
             rpc::CallContext& call,
             const auto& request) -> async::Task<decltype(work(request))> {
    // Nobody waits any more: the caller will ask again.
    const absl::Status wanted = call.CheckCancelled();
    if (!wanted.ok()) co_return wanted;
    co_return work(request);
  };
}

absl::Status NotOffered(absl::string_view method, absl::string_view instead) {
  return MakeError(absl::StatusCode::kUnimplemented,
                   absl::StrCat(method,
                                " is part of the contract but this "
                                "version does not offer it yet. ",
                                instead),
                   {.reason = "NOT_OFFERED", .domain = kDomain});
}

}  // namespace

IncidentServiceImpl::IncidentServiceImpl(ServiceDependencies dependencies)
    : d_(std::move(dependencies)),
      pool_(kPoolThreads),
      bridge_({.domain = kDomain,
               .service = v1::IncidentService::service_full_name(),
               .executor =
                   [this](std::function<void()> function) {
                     pool_.Run(std::move(function));
                   },
               .max_active_calls = d_.max_concurrent_calls}) {}

grpc::ServerUnaryReactor* IncidentServiceImpl::ReportJobEvent(
    grpc::CallbackServerContext* context,
    const v1::ReportJobEventRequest* request,
    v1::ReportJobEventResponse* response) {
  return bridge_.Unary(context, request, response,
                       Blocking([this](const v1::ReportJobEventRequest& asked) {
                         return d_.intake->Report(asked);
                       }));
}

grpc::ServerUnaryReactor* IncidentServiceImpl::ListReports(
    grpc::CallbackServerContext* context, const v1::ListReportsRequest* request,
    v1::ListReportsResponse* response) {
  return bridge_.Unary(
      context, request, response,
      Blocking([this](const v1::ListReportsRequest& asked)
                   -> absl::StatusOr<v1::ListReportsResponse> {
        OPCON_SNOW_RETURN_IF_ERROR(CheckListReports(asked));
        OPCON_SNOW_ASSIGN_OR_RETURN(
            ReportPage page,
            d_.store->ListReports(FilterOf(asked), asked.page_token(),
                                  PageSize(asked.page_size())));
        v1::ListReportsResponse answer;
        for (v1::Report& report : page.reports) {
          *answer.add_reports() = std::move(report);
        }
        answer.set_next_page_token(page.next);
        return answer;
      }));
}

grpc::ServerUnaryReactor* IncidentServiceImpl::GetReport(
    grpc::CallbackServerContext* context, const v1::GetReportRequest* request,
    v1::GetReportResponse* response) {
  return bridge_.Unary(context, request, response,
                       Blocking([this](const v1::GetReportRequest& asked)
                                    -> absl::StatusOr<v1::GetReportResponse> {
                         OPCON_SNOW_ASSIGN_OR_RETURN(
                             StoredReport stored,
                             d_.store->GetReport(asked.report_id()));
                         v1::GetReportResponse answer;
                         *answer.mutable_report() = std::move(stored.report);
                         return answer;
                       }));
}

grpc::ServerUnaryReactor* IncidentServiceImpl::RetryReport(
    grpc::CallbackServerContext* context, const v1::RetryReportRequest* request,
    v1::RetryReportResponse* response) {
  return bridge_.Unary(context, request, response,
                       Blocking([this](const v1::RetryReportRequest& asked)
                                    -> absl::StatusOr<v1::RetryReportResponse> {
                         v1::RetryReportResponse answer;
                         OPCON_SNOW_ASSIGN_OR_RETURN(
                             *answer.mutable_report(),
                             d_.store->RetryReport(asked.report_id()));
                         d_.wake();
                         return answer;
                       }));
}

grpc::ServerUnaryReactor* IncidentServiceImpl::DiscardReport(
    grpc::CallbackServerContext* context,
    const v1::DiscardReportRequest* request,
    v1::DiscardReportResponse* response) {
  return bridge_.Unary(
      context, request, response,
      Blocking([this](const v1::DiscardReportRequest& asked)
                   -> absl::StatusOr<v1::DiscardReportResponse> {
        RequestCheck check;
        check.Text("reason", asked.reason(), 1, 1000);
        OPCON_SNOW_RETURN_IF_ERROR(check.Result());
        v1::DiscardReportResponse answer;
        OPCON_SNOW_ASSIGN_OR_RETURN(
            *answer.mutable_report(),
            d_.store->DiscardReport(asked.report_id(), asked.reason()));
        d_.wake();
        return answer;
      }));
}

grpc::ServerUnaryReactor* IncidentServiceImpl::GetTicketLink(
    grpc::CallbackServerContext* context,
    const v1::GetTicketLinkRequest* request,
    v1::GetTicketLinkResponse* response) {
  return bridge_.Unary(
      context, request, response,
      Blocking([this](const v1::GetTicketLinkRequest& asked)
                   -> absl::StatusOr<v1::GetTicketLinkResponse> {
        RequestCheck check;
        check.JobKey("job_key", asked.job_key());
        OPCON_SNOW_RETURN_IF_ERROR(check.Result());
        v1::JobKey key = asked.job_key();
        if (key.opcon().empty()) key.set_opcon(d_.default_opcon);
        OPCON_SNOW_ASSIGN_OR_RETURN(
            std::optional<v1::TicketLink> link,
            d_.store->FindLink(key, asked.servicenow()));
        if (!link.has_value()) {
          return MakeError(
              absl::StatusCode::kNotFound,
              absl::StrCat("job ", JobKeyText(key), " has no ticket here"),
              {.reason = "RECORD_NOT_FOUND", .domain = kDomain});
        }
        v1::GetTicketLinkResponse answer;
        *answer.mutable_link() = *std::move(link);
        return answer;
      }));
}

grpc::ServerUnaryReactor* IncidentServiceImpl::ListTemplates(
    grpc::CallbackServerContext* context,
    const v1::ListTemplatesRequest* request,
    v1::ListTemplatesResponse* response) {
  return bridge_.Unary(
      context, request, response,
      Blocking([this](const v1::ListTemplatesRequest&)
                   -> absl::StatusOr<v1::ListTemplatesResponse> {
        const std::shared_ptr<const TemplateSet> templates = d_.templates();
        v1::ListTemplatesResponse answer;
        for (const auto& loaded : templates->all()) {
          v1::Template* entry = answer.add_templates();
          entry->set_name(loaded->config().name());
          entry->set_format(v1::TEMPLATE_FORMAT_NATIVE);
          entry->set_servicenow(loaded->config().servicenow());
          entry->set_is_default(entry->name() == templates->default_name());
        }
        std::sort(answer.mutable_templates()->begin(),
                  answer.mutable_templates()->end(),
                  [](const v1::Template& a, const v1::Template& b) {
                    return a.name() < b.name();
                  });
        return answer;
      }));
}

grpc::ServerUnaryReactor* IncidentServiceImpl::GetHealth(
    grpc::CallbackServerContext* context, const v1::GetHealthRequest* request,
    v1::GetHealthResponse* response) {
  return bridge_.Unary(context, request, response,
                       Blocking([this](const v1::GetHealthRequest& asked)
                                    -> absl::StatusOr<v1::GetHealthResponse> {
                         return d_.health->Look(asked.probe());
                       }));
}

grpc::ServerWriteReactor<v1::WatchReportsResponse>*
IncidentServiceImpl::WatchReports(grpc::CallbackServerContext* context,
                                  const v1::WatchReportsRequest* request) {
  return bridge_.ServerStream<v1::WatchReportsResponse>(
      context, request,
      [](rpc::CallContext&, const v1::WatchReportsRequest&,
         rpc::Writer<v1::WatchReportsResponse>&) -> async::Task<absl::Status> {
        co_return NotOffered("WatchReports",
                             "Ask GetReport until it has ended.");
      });
}

grpc::ServerWriteReactor<v1::BackUpStoreResponse>*
IncidentServiceImpl::BackUpStore(grpc::CallbackServerContext* context,
                                 const v1::BackUpStoreRequest* request) {
  return bridge_.ServerStream<v1::BackUpStoreResponse>(
      context, request,
      [](rpc::CallContext&, const v1::BackUpStoreRequest&,
         rpc::Writer<v1::BackUpStoreResponse>&) -> async::Task<absl::Status> {
        co_return NotOffered("BackUpStore",
                             "Stop the service and copy the store's files.");
      });
}

// The methods that are not offered differ in their names only.
#define OPCON_SNOW_NOT_OFFERED(Method, instead)                             \
  grpc::ServerUnaryReactor* IncidentServiceImpl::Method(                    \
      grpc::CallbackServerContext* context,                                 \
      const v1::Method##Request* request, v1::Method##Response* response) { \
    return bridge_.Unary(                                                   \
        context, request, response,                                         \
        Blocking([](const v1::Method##Request&)                             \
                     -> absl::StatusOr<v1::Method##Response> {              \
          return NotOffered(#Method, instead);                              \
        }));                                                                \
  }

OPCON_SNOW_NOT_OFFERED(ListFailures, "ListReports shows failure_id.")
OPCON_SNOW_NOT_OFFERED(ListTicketLinks, "GetTicketLink answers for one job.")
OPCON_SNOW_NOT_OFFERED(SyncTicket, "")
OPCON_SNOW_NOT_OFFERED(ValidateTemplate,
                       "incident_service --check-config checks templates.")
OPCON_SNOW_NOT_OFFERED(RenderTemplate, "")
OPCON_SNOW_NOT_OFFERED(ImportTemplate, "")
OPCON_SNOW_NOT_OFFERED(CreateSilence, "")
OPCON_SNOW_NOT_OFFERED(ListSilences, "")
OPCON_SNOW_NOT_OFFERED(ExpireSilence, "")
OPCON_SNOW_NOT_OFFERED(ListAuditEntries, "The log has every step's outcome.")

#undef OPCON_SNOW_NOT_OFFERED

}  // namespace opcon_snow::incident
