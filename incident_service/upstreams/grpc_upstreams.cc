#include "incident_service/upstreams/grpc_upstreams.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/call.h"
#include "common/rpc/tls_advice.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/trace/scope.h"
#include "common/trace/span.h"
#include "common/trace/trace_parent.h"
#include "incident_service/workflow/failpoint.h"
#include "opcon/v1/opcon_gateway.grpc.pb.h"
#include "servicenow/v1/servicenow_gateway.grpc.pb.h"

namespace opcon_snow::incident {
namespace {

namespace oc = ::opcon::v1;
namespace sn = ::servicenow::v1;

constexpr std::size_t kChunkBytes = std::size_t{128} << 10;

// Names the gateway in errors that the channel made itself; those of the
// gateway say for themselves what failed.
absl::Status Explain(absl::Status status, absl::string_view gateway,
                     const UpstreamOptions& options) {
  // It says of us, not of what we asked for, that it was refused: once somebody
  // mends the configurations, the same call succeeds.
  if (GetErrorReason(status) == "UNAUTHENTICATED" ||
      GetErrorReason(status) == "ROLE_REQUIRED") {
    return MakeError(
        absl::StatusCode::kUnavailable,
        absl::StrCat("the ", gateway, " at ", options.target,
                     " does not let this service in (", status.message(),
                     "): give this service token_file or a certificate of a "
                     "principal there that has the role service"),
        {.reason = "GATEWAY_REFUSED",
         .domain = "incident-service",
         .metadata = {{"target", options.target}}});
  }
  if (status.ok() || GetErrorDetails(status).has_value()) return status;
  if (status.code() == absl::StatusCode::kUnavailable) {
    const absl::string_view advice = rpc::TlsAdvice(status.message());
    return MakeError(
        absl::StatusCode::kUnavailable,
        absl::StrCat("the ", gateway, " at ", options.target,
                     " cannot be reached (", status.message(), "): ",
                     advice.empty()
                         ? "see that it runs and that the address is right"
                         : advice),
        {.reason = "GATEWAY_UNREACHABLE",
         .domain = "incident-service",
         .metadata = {{"target", options.target}}});
  }
  return WithContext(status, absl::StrCat(gateway, " at ", options.target));
}

template <class Reply>
absl::StatusOr<Reply> Explain(absl::StatusOr<Reply> reply,
                              absl::string_view gateway,
                              const UpstreamOptions& options) {
  if (reply.ok()) return reply;
  return Explain(std::move(reply).status(), gateway, options);
}

// A call to a gateway as a part of what its thread works for.
class TracedCall {
 public:
  TracedCall(absl::string_view service, absl::string_view method,
             const UpstreamOptions& options)
      : span_(trace::StartChild(absl::StrCat(service, "/", method),
                                trace::Kind::kClient, trace::Current())),
        options_{.timeout = options.timeout, .cancel = options.stop} {
    span_.Set("rpc.system", "grpc");
    span_.Set("rpc.service", service);
    span_.Set("rpc.method", method);
    span_.Set("server.address", options.target);
    const std::string parent = trace::FormatTraceParent(span_.context());
    if (!parent.empty()) {
      options_.metadata.emplace(trace::kTraceParentKey, parent);
    }
  }

  const rpc::CallOptions& options() const { return options_; }

  absl::Status Ended(absl::Status status) {
    span_.Set("rpc.grpc.status_code", static_cast<int>(status.code()));
    span_.SetStatus(status);
    span_.End();
    return status;
  }
  template <class Reply>
  absl::StatusOr<Reply> Ended(absl::StatusOr<Reply> reply) {
    static_cast<void>(Ended(reply.status()));
    return reply;
  }

 private:
  trace::Span span_;
  rpc::CallOptions options_;
};

class GrpcOpCon final : public OpCon {
 public:
  explicit GrpcOpCon(UpstreamOptions options)
      : options_(std::move(options)),
        stub_(oc::OpConGateway::NewStub(options_.channel)) {}

  absl::StatusOr<oc::ListInstancesResponse> ListInstances(
      const oc::ListInstancesRequest& request) override {
    return Unary("ListInstances", &Stub::ListInstances, request);
  }
  absl::StatusOr<oc::GetDailyJobResponse> GetDailyJob(
      const oc::GetDailyJobRequest& request) override {
    return Unary("GetDailyJob", &Stub::GetDailyJob, request);
  }
  absl::StatusOr<oc::ListDailyJobsResponse> ListDailyJobs(
      const oc::ListDailyJobsRequest& request) override {
    return Unary("ListDailyJobs", &Stub::ListDailyJobs, request);
  }
  absl::StatusOr<oc::ListJobHistoryResponse> ListJobHistory(
      const oc::ListJobHistoryRequest& request) override {
    return Unary("ListJobHistory", &Stub::ListJobHistory, request);
  }
  absl::StatusOr<oc::GetIncidentTicketsResponse> GetIncidentTickets(
      const oc::GetIncidentTicketsRequest& request) override {
    return Unary("GetIncidentTickets", &Stub::GetIncidentTickets, request);
  }
  absl::StatusOr<oc::SetIncidentTicketResponse> SetIncidentTicket(
      const oc::SetIncidentTicketRequest& request) override {
    return Unary("SetIncidentTicket", &Stub::SetIncidentTicket, request);
  }
  absl::StatusOr<oc::AppendDocumentationResponse> AppendDocumentation(
      const oc::AppendDocumentationRequest& request) override {
    return Unary("AppendDocumentation", &Stub::AppendDocumentation, request);
  }
  absl::StatusOr<oc::ListJobLogsResponse> ListJobLogs(
      const oc::ListJobLogsRequest& request) override {
    return Unary("ListJobLogs", &Stub::ListJobLogs, request);
  }
  absl::StatusOr<oc::SubmitJobActionResponse> SubmitJobAction(
      const oc::SubmitJobActionRequest& request) override {
    return Unary("SubmitJobAction", &Stub::SubmitJobAction, request);
  }

  absl::Status ReadJobLog(
      const oc::ReadJobLogRequest& request,
      const std::function<void(absl::string_view)>& on_chunk) override {
    bool complete = false;
    TracedCall call(kService, "ReadJobLog", options_);
    const absl::Status status = BetweenFailpoints("call.ReadJobLog", [&] {
      return call.Ended(rpc::ReadStream<Stub, Stub, oc::ReadJobLogRequest,
                                        oc::ReadJobLogResponse>(
          *stub_, &Stub::ReadJobLog, request, call.options(),
          [&](oc::ReadJobLogResponse& message) {
            if (message.has_chunk()) on_chunk(message.chunk());
            if (message.has_trailer()) complete = true;
            return absl::OkStatus();
          }));
    });
    if (!status.ok()) return Explain(status, kName, options_);
    if (complete) return absl::OkStatus();
    return MakeError(
        absl::StatusCode::kUnavailable,
        absl::StrCat("the OpCon gateway at ", options_.target,
                     " ended the job log before its end"),
        {.reason = "JOB_LOG_UNAVAILABLE", .domain = "incident-service"});
  }

 private:
  using Stub = oc::OpConGateway::StubInterface;
  static constexpr char kName[] = "OpCon gateway";
  static constexpr char kService[] = "opcon.v1.OpConGateway";

  template <class Request, class Reply>
  absl::StatusOr<Reply> Unary(absl::string_view name,
                              grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                           const Request&,
                                                           Reply*),
                              const Request& request) {
    return BetweenFailpoints(absl::StrCat("call.", name), [&] {
      TracedCall call(kService, name, options_);
      return Explain(
          call.Ended(rpc::Call<Stub>(*stub_, method, request, call.options())),
          kName, options_);
    });
  }

  const UpstreamOptions options_;
  const std::unique_ptr<Stub> stub_;
};

class GrpcServiceNow final : public ServiceNow {
 public:
  explicit GrpcServiceNow(UpstreamOptions options)
      : options_(std::move(options)),
        stub_(sn::ServiceNowGateway::NewStub(options_.channel)) {}

  absl::StatusOr<sn::ListInstancesResponse> ListInstances(
      const sn::ListInstancesRequest& request) override {
    return Unary("ListInstances", &Stub::ListInstances, request);
  }
  absl::StatusOr<sn::CreateIncidentResponse> CreateIncident(
      const sn::CreateIncidentRequest& request) override {
    return Unary("CreateIncident", &Stub::CreateIncident, request);
  }
  absl::StatusOr<sn::GetIncidentResponse> GetIncident(
      const sn::GetIncidentRequest& request) override {
    return Unary("GetIncident", &Stub::GetIncident, request);
  }
  absl::StatusOr<sn::ListIncidentsResponse> ListIncidents(
      const sn::ListIncidentsRequest& request) override {
    return Unary("ListIncidents", &Stub::ListIncidents, request);
  }
  absl::StatusOr<sn::UpdateIncidentResponse> UpdateIncident(
      const sn::UpdateIncidentRequest& request) override {
    return Unary("UpdateIncident", &Stub::UpdateIncident, request);
  }
  absl::StatusOr<sn::ListJournalEntriesResponse> ListJournalEntries(
      const sn::ListJournalEntriesRequest& request) override {
    return Unary("ListJournalEntries", &Stub::ListJournalEntries, request);
  }
  absl::StatusOr<sn::LookupRecordsResponse> LookupRecords(
      const sn::LookupRecordsRequest& request) override {
    return Unary("LookupRecords", &Stub::LookupRecords, request);
  }

  absl::StatusOr<sn::AttachFileResponse> AttachFile(
      const sn::AttachFileHeader& header, absl::string_view content) override {
    bool header_sent = false;
    std::size_t sent = 0;
    const auto next =
        [&](sn::AttachFileRequest& message) -> absl::StatusOr<bool> {
      if (!header_sent) {
        *message.mutable_header() = header;
        header_sent = true;
        return true;
      }
      if (sent == content.size()) return false;
      const absl::string_view chunk = content.substr(sent, kChunkBytes);
      message.set_chunk(chunk.data(), chunk.size());
      sent += chunk.size();
      return true;
    };
    return BetweenFailpoints("call.AttachFile", [&] {
      TracedCall call(kService, "AttachFile", options_);
      return Explain(
          call.Ended(rpc::WriteStream<Stub, Stub, sn::AttachFileRequest,
                                      sn::AttachFileResponse>(
              *stub_, &Stub::AttachFile, call.options(), next)),
          kName, options_);
    });
  }

 private:
  using Stub = sn::ServiceNowGateway::StubInterface;
  static constexpr char kName[] = "ServiceNow gateway";
  static constexpr char kService[] = "servicenow.v1.ServiceNowGateway";

  template <class Request, class Reply>
  absl::StatusOr<Reply> Unary(absl::string_view name,
                              grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                           const Request&,
                                                           Reply*),
                              const Request& request) {
    return BetweenFailpoints(absl::StrCat("call.", name), [&] {
      TracedCall call(kService, name, options_);
      return Explain(
          call.Ended(rpc::Call<Stub>(*stub_, method, request, call.options())),
          kName, options_);
    });
  }

  const UpstreamOptions options_;
  const std::unique_ptr<Stub> stub_;
};

}  // namespace

std::unique_ptr<OpCon> MakeGrpcOpCon(UpstreamOptions options) {
  return std::make_unique<GrpcOpCon>(std::move(options));
}

std::unique_ptr<ServiceNow> MakeGrpcServiceNow(UpstreamOptions options) {
  return std::make_unique<GrpcServiceNow>(std::move(options));
}

}  // namespace opcon_snow::incident
