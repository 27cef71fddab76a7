#include "cli/drain.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/report_request.h"
#include "cli/verdict.h"

namespace opcon_snow::cli {
namespace {

// Whether the entry after one that got `status` would get it, too.
bool ConcernsAll(const absl::Status& status) {
  switch (Judge(status)) {
    case Verdict::kDenied:
    case Verdict::kMisdirected:
      return true;
    case Verdict::kLater:
      return !absl::IsInternal(status) && !absl::IsUnknown(status);
    default:
      return false;
  }
}

// Delivers entries one by one and counts what becomes of them.
class Drainer {
 public:
  Drainer(Spool& spool, const SendReport& send, DrainResult& result)
      : spool_(spool), send_(send), result_(result) {}

  // False if it makes no sense to go on.
  bool Take(const std::string& name) {
    std::string traceparent;
    absl::StatusOr<Spool::Request> request = spool_.Read(name, &traceparent);
    if (absl::IsDataLoss(request.status())) {
      return Refuse(name, request.status());
    }
    if (absl::IsUnimplemented(request.status())) {
      ++result_.newer;
      return true;
    }
    // Somebody has removed it by hand.
    if (absl::IsNotFound(request.status())) return true;
    if (!request.ok()) return Note(request.status());
    request->mutable_source()->set_spooled(true);
    if (request->ByteSizeLong() > kMaxRequestBytes) {
      return Refuse(
          name, absl::InvalidArgumentError("the report is longer than 1 MiB"));
    }
    return Send(name, *request, traceparent);
  }

 private:
  bool Send(const std::string& name, const Spool::Request& request,
            const std::string& traceparent) {
    const absl::Status status = send_(request, traceparent).status();
    switch (Judge(status)) {
      case Verdict::kDelivered:
        if (!Note(spool_.Remove(name))) return false;
        ++result_.delivered;
        return true;
      case Verdict::kRefused:
        return Refuse(name, status);
      default:
        result_.service = status;
        return !ConcernsAll(status);
    }
  }

  bool Refuse(const std::string& name, const absl::Status& reason) {
    if (!Note(spool_.Refuse(name, ReasonOf(reason)))) return false;
    ++result_.refused;
    return true;
  }

  // A disk that fails once will fail again.
  bool Note(const absl::Status& disk) {
    result_.disk.Update(disk);
    return disk.ok();
  }

  Spool& spool_;
  const SendReport& send_;
  DrainResult& result_;
};

}  // namespace

DrainResult Drain(Spool& spool, const SendReport& send,
                  const DrainLimits& limits, const Clock& clock) {
  DrainResult result;
  const absl::StatusOr<std::unique_ptr<FileLock>> lock = spool.Lock();
  // There is no spool yet.
  if (absl::IsNotFound(lock.status())) return result;
  if (!lock.ok()) {
    result.disk = lock.status();
    return result;
  }
  if (*lock == nullptr) {
    result.busy = true;
    return result;
  }
  result.disk = spool.Recover(clock.Now());
  const absl::StatusOr<std::vector<std::string>> names = spool.Waiting();
  if (!names.ok()) {
    result.disk = names.status();
    return result;
  }
  Drainer drainer(spool, send, result);
  std::size_t tried = 0;
  for (const std::string& name : *names) {
    if (tried - result.newer >= limits.max_entries ||
        clock.SteadyNow() >= limits.until) {
      break;
    }
    ++tried;
    if (!drainer.Take(name)) break;
  }
  result.left = names->size() - result.delivered - result.refused;
  return result;
}

}  // namespace opcon_snow::cli
