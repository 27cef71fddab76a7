#include "snow_gateway/service.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/rpc/loop_executor.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "snow_gateway/attach_file.h"
#include "snow_gateway/attachments.h"
#include "snow_gateway/create_incident.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/journal.h"
#include "snow_gateway/list_instances.h"
#include "snow_gateway/lookup_records.h"
#include "snow_gateway/read_incidents.h"
#include "snow_gateway/update_incident.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;

// Of a caller's time, what is kept for the answer.
constexpr absl::Duration kToAnswer = absl::Milliseconds(100);

rpc::BridgeOptions BridgeOptionsFor(async::EventLoop* loop,
                                    int max_concurrent_calls) {
  rpc::BridgeOptions options;
  options.domain = kErrorDomain;
  options.service = v1::ServiceNowGateway::service_full_name();
  options.executor = rpc::LoopExecutor(loop);
  options.max_active_calls = max_concurrent_calls;
  return options;
}

// What the loop and the streams report in plain form, with this gateway's
// reason.
absl::Status Complete(const absl::Status& status) {
  if (status.ok() || !GetErrorReason(status).empty()) return status;
  switch (status.code()) {
    case absl::StatusCode::kCancelled:
      return GatewayError(v1::ERROR_REASON_CANCELLED,
                          absl::string_view(status.message()));
    case absl::StatusCode::kDeadlineExceeded:
      return GatewayError(v1::ERROR_REASON_UPSTREAM_TIMEOUT,
                          absl::string_view(status.message()));
    default:
      return status;
  }
}

// The caller's deadline as a time of the loop's clock, a little before it: an
// answer that says what was waited for has to reach the caller in time.
absl::Duration LoopDeadline(const async::EventLoop& loop,
                            const rpc::CallContext& call) {
  if (call.steady_deadline() == rpc::SteadyTime::max()) {
    return absl::InfiniteDuration();
  }
  const absl::Duration left = absl::FromChrono(
      call.steady_deadline() - std::chrono::steady_clock::now());
  return loop.MonotonicNow() + left - std::min(kToAnswer, left / 10);
}

}  // namespace

Service::Service(async::EventLoop* loop,
                 std::shared_ptr<InstanceRegistry> registry,
                 int max_concurrent_calls)
    : loop_(loop),
      registry_(std::move(registry)),
      bridge_(BridgeOptionsFor(loop, max_concurrent_calls)) {}

rpc::ServedService Service::served() {
  return {v1::ServiceNowGateway::service_full_name(), this, &bridge_};
}

absl::Status Service::Replace(std::shared_ptr<InstanceRegistry> registry) {
  const bool taken = loop_->Post(
      [this, registry = std::move(registry)] { registry_ = registry; });
  if (taken) return absl::OkStatus();
  return GatewayError(v1::ERROR_REASON_CANCELLED,
                      "the gateway is shutting down");
}

absl::StatusOr<Target> Service::FindTargetOf(const rpc::CallContext& call,
                                             const std::string& instance,
                                             http::Priority priority) const {
  Target target;
  OPCON_SNOW_ASSIGN_OR_RETURN(target.instance, registry_->Find(instance));
  target.scope.priority = priority;
  target.scope.stop = call.stop_token();
  target.scope.trace = call.trace();
  target.scope.deadline = LoopDeadline(*loop_, call);
  if (target.scope.deadline == absl::InfiniteDuration()) {
    target.scope.deadline =
        loop_->MonotonicNow() + target.instance->settings().call_timeout;
  }
  return target;
}

template <class Request, class Reply>
async::Task<absl::StatusOr<Reply>> Service::Run(
    const rpc::CallContext& call, const Request& request,
    http::Priority priority,
    async::Task<absl::StatusOr<Reply>> (*method)(std::shared_ptr<Instance>,
                                                 Request, CallScope)) {
  const absl::Status on_loop = co_await async::Hop(*loop_);
  if (!on_loop.ok()) co_return Complete(on_loop);
  absl::StatusOr<Target> target =
      FindTargetOf(call, request.instance(), priority);
  if (!target.ok()) co_return target.status();
  async::Task<absl::StatusOr<Reply>> running =
      method(std::move(target->instance), request, std::move(target->scope));
  absl::StatusOr<Reply> reply = co_await std::move(running);
  if (!reply.ok()) co_return Complete(reply.status());
  co_return reply;
}

template <class Request, class Reply>
grpc::ServerUnaryReactor* Service::Unary(
    grpc::CallbackServerContext* context, const Request* request, Reply* reply,
    http::Priority priority,
    async::Task<absl::StatusOr<Reply>> (*method)(std::shared_ptr<Instance>,
                                                 Request, CallScope)) {
  return bridge_.Unary(
      context, request, reply,
      [this, priority, method](rpc::CallContext& call, const Request& asked) {
        return Run(call, asked, priority, method);
      });
}

grpc::ServerUnaryReactor* Service::ListInstances(
    grpc::CallbackServerContext* context,
    const v1::ListInstancesRequest* request,
    v1::ListInstancesResponse* response) {
  using Reply = absl::StatusOr<v1::ListInstancesResponse>;
  // Not a capturing coroutine: its captures are parameters.
  static constexpr auto kRun =
      [](Service* self, rpc::CallContext* call,
         v1::ListInstancesRequest asked) -> async::Task<Reply> {
    const absl::Status on_loop = co_await async::Hop(*self->loop_);
    if (!on_loop.ok()) co_return Complete(on_loop);
    CallScope scope;
    scope.stop = call->stop_token();
    scope.trace = call->trace();
    scope.deadline = LoopDeadline(*self->loop_, *call);
    async::Task<Reply> listing = snow::ListInstances(
        self->registry_, std::move(asked), std::move(scope));
    Reply reply = co_await std::move(listing);
    co_return reply;
  };
  return bridge_.Unary(
      context, request, response,
      [this](rpc::CallContext& call, const v1::ListInstancesRequest& asked) {
        return kRun(this, &call, asked);
      });
}

grpc::ServerUnaryReactor* Service::CreateIncident(
    grpc::CallbackServerContext* context,
    const v1::CreateIncidentRequest* request,
    v1::CreateIncidentResponse* response) {
  return Unary(context, request, response, http::Priority::kCreate,
               &snow::CreateIncident);
}

grpc::ServerUnaryReactor* Service::GetIncident(
    grpc::CallbackServerContext* context, const v1::GetIncidentRequest* request,
    v1::GetIncidentResponse* response) {
  return Unary(context, request, response, http::Priority::kUpdate,
               &snow::GetIncident);
}

grpc::ServerUnaryReactor* Service::ListIncidents(
    grpc::CallbackServerContext* context,
    const v1::ListIncidentsRequest* request,
    v1::ListIncidentsResponse* response) {
  return Unary(context, request, response, http::Priority::kUpdate,
               &snow::ListIncidents);
}

grpc::ServerUnaryReactor* Service::UpdateIncident(
    grpc::CallbackServerContext* context,
    const v1::UpdateIncidentRequest* request,
    v1::UpdateIncidentResponse* response) {
  return Unary(context, request, response, http::Priority::kUpdate,
               &snow::UpdateIncident);
}

grpc::ServerUnaryReactor* Service::ListJournalEntries(
    grpc::CallbackServerContext* context,
    const v1::ListJournalEntriesRequest* request,
    v1::ListJournalEntriesResponse* response) {
  return Unary(context, request, response, http::Priority::kUpdate,
               &snow::ListJournalEntries);
}

grpc::ServerUnaryReactor* Service::ListAttachments(
    grpc::CallbackServerContext* context,
    const v1::ListAttachmentsRequest* request,
    v1::ListAttachmentsResponse* response) {
  return Unary(context, request, response, http::Priority::kUpdate,
               &snow::ListAttachments);
}

grpc::ServerUnaryReactor* Service::LookupRecords(
    grpc::CallbackServerContext* context,
    const v1::LookupRecordsRequest* request,
    v1::LookupRecordsResponse* response) {
  return Unary(context, request, response, http::Priority::kUpdate,
               &snow::LookupRecords);
}

grpc::ServerReadReactor<v1::AttachFileRequest>* Service::AttachFile(
    grpc::CallbackServerContext* context, v1::AttachFileResponse* response) {
  using Part = std::optional<v1::AttachFileRequest>;
  using Reply = absl::StatusOr<v1::AttachFileResponse>;
  using Reader = rpc::Reader<v1::AttachFileRequest>;
  static constexpr auto kRead = [](Reader* reader) -> async::Task<Part> {
    Part part = co_await reader->Read();
    co_return part;
  };
  static constexpr auto kRun = [](Service* self, rpc::CallContext* call,
                                  Reader* reader) -> async::Task<Reply> {
    const absl::Status on_loop = co_await async::Hop(*self->loop_);
    if (!on_loop.ok()) co_return Complete(on_loop);
    FindTarget find_target = [self, call](const std::string& instance) {
      // Its looks are reads; only the upload itself is one.
      return self->FindTargetOf(*call, instance, http::Priority::kUpdate);
    };
    NextPart next = [reader] { return kRead(reader); };
    async::Task<Reply> attaching =
        snow::AttachFile(std::move(find_target), std::move(next));
    Reply reply = co_await std::move(attaching);
    if (!reply.ok()) co_return Complete(reply.status());
    co_return reply;
  };
  return bridge_.ClientStream<v1::AttachFileRequest>(
      context, response, [this](rpc::CallContext& call, Reader& reader) {
        return kRun(this, &call, &reader);
      });
}

grpc::ServerWriteReactor<v1::ReadAttachmentResponse>* Service::ReadAttachment(
    grpc::CallbackServerContext* context,
    const v1::ReadAttachmentRequest* request) {
  using Part = v1::ReadAttachmentResponse;
  using Writer = rpc::Writer<Part>;
  static constexpr auto kWrite = [](Writer* writer,
                                    Part part) -> async::Task<absl::Status> {
    absl::Status written = co_await writer->Write(std::move(part));
    co_return written;
  };
  static constexpr auto kRun = [](Service* self, rpc::CallContext* call,
                                  v1::ReadAttachmentRequest asked,
                                  Writer* writer) -> async::Task<absl::Status> {
    const absl::Status on_loop = co_await async::Hop(*self->loop_);
    if (!on_loop.ok()) co_return Complete(on_loop);
    absl::StatusOr<Target> target =
        self->FindTargetOf(*call, asked.instance(), http::Priority::kUpdate);
    if (!target.ok()) co_return target.status();
    WritePart write = [writer](Part part) {
      return kWrite(writer, std::move(part));
    };
    async::Task<absl::Status> reading =
        snow::ReadAttachment(std::move(target->instance), std::move(asked),
                             std::move(write), std::move(target->scope));
    const absl::Status status = co_await std::move(reading);
    co_return Complete(status);
  };
  return bridge_.ServerStream<Part>(
      context, request,
      [this](rpc::CallContext& call, const v1::ReadAttachmentRequest& asked,
             Writer& writer) { return kRun(this, &call, asked, &writer); });
}

}  // namespace opcon_snow::snow
