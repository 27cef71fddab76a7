#include "tests/bench/report_load.h"

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/channel.h"
#include "common/status/status_macros.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "incident/v1/incident_service.grpc.pb.h"

namespace opcon_snow::bench {
namespace {

namespace v1 = ::incident::v1;

constexpr absl::Duration kPatience = absl::Seconds(60);

struct Call {
  grpc::ClientContext context;
  v1::ReportJobEventResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::ReportJobEventResponse>>
      reader;
  const std::string* request_id = nullptr;
};

class Load {
 public:
  Load(const LoadOptions& options,
       const std::vector<v1::ReportJobEventRequest>& reports)
      : options_(options), reports_(reports) {}
  ~Load() {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) delete static_cast<Call*>(tag);
  }

  absl::Status Connect() {
    for (int i = 0; i < options_.connections; ++i) {
      // Channels that differ in nothing would share one connection.
      OPCON_SNOW_ASSIGN_OR_RETURN(
          const std::shared_ptr<grpc::Channel> channel,
          rpc::CreateChannel({.target = options_.server,
                              .user_agent = absl::StrCat("bench-", i)}));
      if (!channel->WaitForConnected(std::chrono::system_clock::now() +
                                     absl::ToChronoSeconds(kPatience))) {
        return absl::UnavailableError("cannot reach " + options_.server);
      }
      stubs_.push_back(v1::IncidentService::NewStub(channel));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<LoadResult> Run() {
    const absl::Time begun = absl::Now();
    std::size_t done = 0;
    while (done < reports_.size()) {
      absl::Time next_due = absl::InfiniteFuture();
      while (next_ < reports_.size() &&
             next_ - done < static_cast<std::size_t>(options_.in_flight)) {
        if (options_.rate > 0) {
          const absl::Time due =
              begun + absl::Seconds(static_cast<double>(next_) / options_.rate);
          if (absl::Now() < due) {
            next_due = due;
            break;
          }
        }
        Send();
      }
      OPCON_SNOW_ASSIGN_OR_RETURN(const bool answered, Await(next_due));
      if (answered) ++done;
    }
    result_.took = absl::Now() - begun;
    return std::move(result_);
  }

 private:
  void Send() {
    auto call = std::make_unique<Call>();
    call->request_id = &reports_[next_].request_id();
    call->context.set_deadline(std::chrono::system_clock::now() +
                               absl::ToChronoSeconds(kPatience));
    call->reader = stubs_[next_ % stubs_.size()]->AsyncReportJobEvent(
        &call->context, reports_[next_], &queue_);
    call->reader->Finish(&call->response, &call->status, call.get());
    call.release();
    ++next_;
  }

  // False if the time has come to send another one.
  absl::StatusOr<bool> Await(absl::Time until) {
    void* tag = nullptr;
    bool ok = false;
    const auto deadline = until == absl::InfiniteFuture()
                              ? std::chrono::system_clock::now() +
                                    absl::ToChronoSeconds(kPatience)
                              : absl::ToChronoTime(until);
    switch (queue_.AsyncNext(&tag, &ok, deadline)) {
      case grpc::CompletionQueue::TIMEOUT:
        if (until != absl::InfiniteFuture()) return false;
        return absl::DeadlineExceededError("no answer for a minute");
      case grpc::CompletionQueue::SHUTDOWN:
        return absl::InternalError("the queue was shut down");
      case grpc::CompletionQueue::GOT_EVENT:
        break;
    }
    const std::unique_ptr<Call> call(static_cast<Call*>(tag));
    if (!call->status.ok()) {
      return absl::UnavailableError(
          absl::StrCat("a report was refused: ", call->status.error_message()));
    }
    result_.acknowledged[*call->request_id] = absl::Now();
    return true;
  }

  const LoadOptions options_;
  const std::vector<v1::ReportJobEventRequest>& reports_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<v1::IncidentService::Stub>> stubs_;
  std::size_t next_ = 0;
  LoadResult result_;
};

}  // namespace

absl::StatusOr<LoadResult> SendReports(
    const LoadOptions& options,
    const std::vector<v1::ReportJobEventRequest>& reports) {
  Load load(options, reports);
  OPCON_SNOW_RETURN_IF_ERROR(load.Connect());
  return load.Run();
}

}  // namespace opcon_snow::bench
