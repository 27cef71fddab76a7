#include "incident_service/service/incident_service.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/async/one_shot.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/trace/scope.h"
#include "common/trace/trace_parent.h"
#include "incident_service/service/report_span.h"
#include "incident_service/service/request_check.h"
#include "incident_service/service/silence_request.h"
#include "incident_service/service/watch.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr char kDomain[] = "incident-service";
// For calls that wait for the disk.
constexpr int kPoolThreads = 8;
// For those of GetHealth and for previews, which wait for gateways.
constexpr int kHealthThreads = 2;
constexpr std::size_t kBackupChunk = std::size_t{256} << 10;
// What is left of a caller's deadline when SyncTicket answers what it knows.
constexpr absl::Duration kTimeToAnswer = absl::Milliseconds(500);

// Who calls, for the audit.
std::string Actor(const rpc::CallContext& call) {
  return call.caller().name.empty()
             ? absl::StrCat("unauthenticated (", call.peer(), ")")
             : call.caller().name;
}

absl::Status TooManyWatchers(int most) {
  return MakeError(
      absl::StatusCode::kResourceExhausted,
      absl::StrCat(most,
                   " callers watch reports already, as many as may: end one, "
                   "or ask GetReport now and then"),
      {.reason = "OVERLOADED",
       .domain = kDomain,
       .retry_after = absl::Seconds(30)});
}

absl::Status Draining() {
  return MakeError(absl::StatusCode::kCancelled,
                   "the service stops; go on from the last resume_token when "
                   "it is back",
                   {.reason = "CANCELLED",
                    .domain = kDomain,
                    .retry_after = absl::Seconds(1)});
}

void LogDecision(absl::string_view event, const v1::Report& report,
                 const std::string& actor) {
  log::Info(event, {{"report_id", report.report_id()},
                    {"request_id", report.request_id()},
                    {"actor", actor}});
}

}  // namespace

template <class Work>
auto IncidentServiceImpl::Blocking(Work work, async::WorkerPool* pool) {
  return
      [work = std::move(work), pool](
          rpc::CallContext& call,
          const auto& request) -> async::Task<decltype(work(call, request))> {
        co_await pool->Hop();
        // Nobody waits any more: the caller will ask again.
        const absl::Status wanted = call.CheckCancelled();
        if (!wanted.ok()) co_return wanted;
        const trace::Scope traced(call.trace());
        co_return work(call, request);
      };
}

IncidentServiceImpl::IncidentServiceImpl(ServiceDependencies dependencies)
    : d_(std::move(dependencies)),
      queries_(d_.store, d_.default_opcon),
      desk_({.templates = d_.templates,
             .preview = d_.preview,
             .default_opcon = d_.default_opcon,
             .clock = d_.clock}),
      sync_({.store = d_.store,
             .queries = &queries_,
             .preview = d_.preview_follow,
             .worker = d_.worker,
             .clock = d_.clock}),
      pool_(kPoolThreads),
      acknowledgements_(1),
      health_pool_(kHealthThreads),
      bell_(d_.store, d_.clock),
      bridge_({.domain = kDomain,
               .service = v1::IncidentService::service_full_name(),
               .max_active_calls = d_.max_concurrent_calls}) {}

grpc::ServerUnaryReactor* IncidentServiceImpl::ReportJobEvent(
    grpc::CallbackServerContext* context,
    const v1::ReportJobEventRequest* request,
    v1::ReportJobEventResponse* response) {
  return bridge_.Unary(
      context, request, response,
      [this](rpc::CallContext& call, const v1::ReportJobEventRequest& asked) {
        return Report(call, asked);
      });
}

async::Task<absl::StatusOr<v1::ReportJobEventResponse>>
IncidentServiceImpl::Report(rpc::CallContext& call,
                            const v1::ReportJobEventRequest& request) {
  using Answer = absl::StatusOr<v1::ReportJobEventResponse>;
  async::OneShot<Answer> stored;
  d_.intake->Report(
      request, call.caller().name,
      [this, stored](Answer answer) {
        // The store's thread has other things to do than to answer.
        acknowledgements_.Run([stored, answer = std::move(answer)]() mutable {
          stored.Set(std::move(answer));
        });
      },
      trace::FormatTraceParent(call.trace()));
  Answer answer = co_await stored.Wait();
  TellReporter(answer, call.trace_caller(), &call.span());
  co_return answer;
}

// Methods that ask the store, which differ in their names only.
#define OPCON_SNOW_QUERY(Method)                                               \
  grpc::ServerUnaryReactor* IncidentServiceImpl::Method(                       \
      grpc::CallbackServerContext* context,                                    \
      const v1::Method##Request* request, v1::Method##Response* response) {    \
    return bridge_.Unary(                                                      \
        context, request, response,                                            \
        Blocking([this](rpc::CallContext&, const v1::Method##Request& asked) { \
          return queries_.Method(asked);                                       \
        }));                                                                   \
  }

OPCON_SNOW_QUERY(ListReports)
OPCON_SNOW_QUERY(ListFailures)
OPCON_SNOW_QUERY(GetTicketLink)
OPCON_SNOW_QUERY(ListTicketLinks)
OPCON_SNOW_QUERY(ListSilences)
OPCON_SNOW_QUERY(ListAuditEntries)

#undef OPCON_SNOW_QUERY

grpc::ServerUnaryReactor* IncidentServiceImpl::GetReport(
    grpc::CallbackServerContext* context, const v1::GetReportRequest* request,
    v1::GetReportResponse* response) {
  return bridge_.Unary(context, request, response,
                       Blocking([this](rpc::CallContext& call,
                                       const v1::GetReportRequest& asked) {
                         return queries_.GetReport(asked, call.caller());
                       }));
}

grpc::ServerUnaryReactor* IncidentServiceImpl::RetryReport(
    grpc::CallbackServerContext* context, const v1::RetryReportRequest* request,
    v1::RetryReportResponse* response) {
  return bridge_.Unary(
      context, request, response,
      Blocking([this](rpc::CallContext& call,
                      const v1::RetryReportRequest& asked)
                   -> absl::StatusOr<v1::RetryReportResponse> {
        v1::RetryReportResponse answer;
        OPCON_SNOW_ASSIGN_OR_RETURN(
            *answer.mutable_report(),
            d_.store->RetryReport(asked.report_id(), {.actor = Actor(call)}));
        LogDecision("report.retried", answer.report(), Actor(call));
        return answer;
      }));
}

grpc::ServerUnaryReactor* IncidentServiceImpl::DiscardReport(
    grpc::CallbackServerContext* context,
    const v1::DiscardReportRequest* request,
    v1::DiscardReportResponse* response) {
  return bridge_.Unary(
      context, request, response,
      Blocking(
          [this](rpc::CallContext& call, const v1::DiscardReportRequest& asked)
              -> absl::StatusOr<v1::DiscardReportResponse> {
            RequestCheck check;
            check.Text("reason", asked.reason(), 1, 1000);
            OPCON_SNOW_RETURN_IF_ERROR(check.Result());
            v1::DiscardReportResponse answer;
            OPCON_SNOW_ASSIGN_OR_RETURN(
                *answer.mutable_report(),
                d_.store->DiscardReport(
                    asked.report_id(),
                    {.actor = Actor(call), .reason = asked.reason()}));
            LogDecision("report.discarded", answer.report(), Actor(call));
            return answer;
          }));
}

grpc::ServerUnaryReactor* IncidentServiceImpl::CreateSilence(
    grpc::CallbackServerContext* context,
    const v1::CreateSilenceRequest* request,
    v1::CreateSilenceResponse* response) {
  return bridge_.Unary(
      context, request, response,
      Blocking(
          [this](rpc::CallContext& call, const v1::CreateSilenceRequest& asked)
              -> absl::StatusOr<v1::CreateSilenceResponse> {
            OPCON_SNOW_RETURN_IF_ERROR(CheckSilence(asked));
            v1::CreateSilenceResponse answer;
            OPCON_SNOW_ASSIGN_OR_RETURN(
                *answer.mutable_silence(),
                d_.store->CreateSilence(NewSilenceOf(asked, Actor(call))));
            log::Info("silence.created",
                      {{"silence_id", answer.silence().silence_id()},
                       {"request_id", asked.request_id()},
                       {"actor", Actor(call)}});
            return answer;
          }));
}

grpc::ServerUnaryReactor* IncidentServiceImpl::ExpireSilence(
    grpc::CallbackServerContext* context,
    const v1::ExpireSilenceRequest* request,
    v1::ExpireSilenceResponse* response) {
  return bridge_.Unary(
      context, request, response,
      Blocking([this](rpc::CallContext& call,
                      const v1::ExpireSilenceRequest& asked)
                   -> absl::StatusOr<v1::ExpireSilenceResponse> {
        v1::ExpireSilenceResponse answer;
        OPCON_SNOW_ASSIGN_OR_RETURN(
            *answer.mutable_silence(),
            d_.store->ExpireSilence(asked.silence_id(),
                                    {.actor = Actor(call)}));
        log::Info("silence.expired",
                  {{"silence_id", asked.silence_id()}, {"actor", Actor(call)}});
        return answer;
      }));
}

grpc::ServerUnaryReactor* IncidentServiceImpl::ListTemplates(
    grpc::CallbackServerContext* context,
    const v1::ListTemplatesRequest* request,
    v1::ListTemplatesResponse* response) {
  return bridge_.Unary(
      context, request, response,
      Blocking([this](rpc::CallContext&, const v1::ListTemplatesRequest&)
                   -> absl::StatusOr<v1::ListTemplatesResponse> {
        return desk_.List();
      }));
}

// Methods that ask the desk, which differ in their names only. Some wait for
// gateways.
#define OPCON_SNOW_DESK(Method, Verb)                                       \
  grpc::ServerUnaryReactor* IncidentServiceImpl::Method(                    \
      grpc::CallbackServerContext* context,                                 \
      const v1::Method##Request* request, v1::Method##Response* response) { \
    return bridge_.Unary(                                                   \
        context, request, response,                                         \
        Blocking(                                                           \
            [this](rpc::CallContext&, const v1::Method##Request& asked) {   \
              return desk_.Verb(asked);                                     \
            },                                                              \
            &health_pool_));                                                \
  }

OPCON_SNOW_DESK(ValidateTemplate, Validate)
OPCON_SNOW_DESK(RenderTemplate, Render)
OPCON_SNOW_DESK(ImportTemplate, Import)

#undef OPCON_SNOW_DESK

grpc::ServerUnaryReactor* IncidentServiceImpl::GetHealth(
    grpc::CallbackServerContext* context, const v1::GetHealthRequest* request,
    v1::GetHealthResponse* response) {
  return bridge_.Unary(
      context, request, response,
      Blocking(
          [this](rpc::CallContext&, const v1::GetHealthRequest& asked)
              -> absl::StatusOr<v1::GetHealthResponse> {
            return d_.health->Look(asked.probe());
          },
          &health_pool_));
}

grpc::ServerUnaryReactor* IncidentServiceImpl::SyncTicket(
    grpc::CallbackServerContext* context, const v1::SyncTicketRequest* request,
    v1::SyncTicketResponse* response) {
  return bridge_.Unary(
      context, request, response,
      [this](rpc::CallContext& call, const v1::SyncTicketRequest& asked) {
        return Sync(call, asked);
      });
}

// Waits without a thread; whoever goes away, or the end of the service, ends
// the waiting and not the report.
async::Task<absl::StatusOr<v1::SyncTicketResponse>> IncidentServiceImpl::Sync(
    rpc::CallContext& call, const v1::SyncTicketRequest& request) {
  const std::stop_callback on_cancel(call.stop_token(),
                                     [this] { bell_.Ring(); });
  const std::stop_callback on_drain(call.drain_token(),
                                    [this] { bell_.Ring(); });
  co_await health_pool_.Hop();
  const SteadyTime begun = d_.clock->SteadyNow();
  SteadyTime until = SteadyAfter(begun, d_.sync_limit);
  if (call.steady_deadline() != SteadyTime::max()) {
    until = std::min(
        until, SteadyAfter(begun, TimeLeft(begun, call.steady_deadline()) -
                                      kTimeToAnswer));
  }
  absl::StatusOr<v1::SyncTicketResponse> answer;
  {
    const trace::Scope traced(call.trace());
    answer = sync_.Begin(request, Actor(call));
  }
  if (!answer.ok() || answer->report_id().empty()) co_return answer;
  while (true) {
    const std::int64_t rings = bell_.rings();
    const absl::StatusOr<std::int64_t> sequence = d_.store->LastChange();
    if (!sequence.ok()) co_return sequence.status();
    const absl::StatusOr<bool> ended = sync_.Look(&*answer);
    if (!ended.ok()) co_return ended.status();
    const absl::Duration left = TimeLeft(d_.clock->SteadyNow(), until);
    if (*ended || left <= absl::ZeroDuration() || call.IsCancelled() ||
        call.drain_token().stop_requested()) {
      co_return answer;
    }
    async::OneShot<bool> changed = bell_.After(*sequence, rings, left);
    co_await changed.Wait();
    co_await pool_.Hop();
  }
}

grpc::ServerWriteReactor<v1::WatchReportsResponse>*
IncidentServiceImpl::WatchReports(grpc::CallbackServerContext* context,
                                  const v1::WatchReportsRequest* request) {
  return bridge_.ServerStream<v1::WatchReportsResponse>(
      context, request,
      [this](rpc::CallContext& call, const v1::WatchReportsRequest& asked,
             rpc::Writer<v1::WatchReportsResponse>& writer) {
        return StreamChanges(call, asked, writer);
      });
}

// A watcher costs a coroutine and one batch of changes: one that reads slowly
// holds back its own stream only, and goes on from what the store still knows.
async::Task<absl::Status> IncidentServiceImpl::StreamChanges(
    rpc::CallContext& call, const v1::WatchReportsRequest& request,
    rpc::Writer<v1::WatchReportsResponse>& writer) {
  const absl::Cleanup leave = [this] { --watchers_; };
  if (++watchers_ > d_.max_watchers) co_return TooManyWatchers(d_.max_watchers);
  const std::stop_callback on_cancel(call.stop_token(),
                                     [this] { bell_.Ring(); });
  const std::stop_callback on_drain(call.drain_token(),
                                    [this] { bell_.Ring(); });
  co_await pool_.Hop();
  absl::Status visible = queries_.CheckOwn(request.report_id(), call.caller());
  if (!visible.ok()) co_return visible;
  absl::StatusOr<Watch> watch = Watch::Begin(d_.store, request);
  if (!watch.ok()) co_return watch.status();
  bool quiet = false;
  while (true) {
    const std::int64_t rings = bell_.rings();
    const absl::Status wanted = call.CheckCancelled();
    if (!wanted.ok()) co_return wanted;
    if (call.drain_token().stop_requested()) co_return Draining();
    absl::StatusOr<std::vector<v1::WatchReportsResponse>> messages =
        watch->Next();
    if (!messages.ok()) co_return messages.status();
    if (messages->empty() && quiet) messages->push_back(watch->Heartbeat());
    for (v1::WatchReportsResponse& message : *messages) {
      const absl::Status written = co_await writer.Write(std::move(message));
      if (!written.ok()) co_return written;
    }
    if (!watch->more()) {
      const SteadyTime quiet_until =
          SteadyAfter(d_.clock->SteadyNow(), d_.heartbeat);
      async::OneShot<bool> changed =
          bell_.After(watch->sequence(), rings, d_.heartbeat);
      co_await changed.Wait();
      quiet = d_.clock->SteadyNow() >= quiet_until;
    }
    co_await pool_.Hop();
  }
}

grpc::ServerWriteReactor<v1::BackUpStoreResponse>*
IncidentServiceImpl::BackUpStore(grpc::CallbackServerContext* context,
                                 const v1::BackUpStoreRequest* request) {
  return bridge_.ServerStream<v1::BackUpStoreResponse>(
      context, request,
      [this](rpc::CallContext&, const v1::BackUpStoreRequest&,
             rpc::Writer<v1::BackUpStoreResponse>& writer) {
        return StreamBackup(writer);
      });
}

async::Task<absl::Status> IncidentServiceImpl::StreamBackup(
    rpc::Writer<v1::BackUpStoreResponse>& writer) {
  co_await pool_.Hop();
  absl::StatusOr<std::unique_ptr<StoreBackup>> backup = d_.store->BackUp();
  if (!backup.ok()) co_return backup.status();
  v1::BackUpStoreResponse message;
  *message.mutable_header() = (*backup)->header();
  while (true) {
    const absl::Status written = co_await writer.Write(std::move(message));
    if (!written.ok()) co_return written;
    co_await pool_.Hop();
    absl::StatusOr<std::string> bytes = (*backup)->Read(kBackupChunk);
    if (!bytes.ok()) co_return bytes.status();
    if (bytes->empty()) co_return absl::OkStatus();
    message.Clear();
    message.set_chunk(*std::move(bytes));
  }
}

}  // namespace opcon_snow::incident
