#include "incident_service/workflow/step_metrics.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "incident/v1/report.pb.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr std::size_t kKinds = v1::StepKind_MAX + 1;

struct OfKind {
  metrics::Counter succeeded;
  metrics::Counter skipped;
  metrics::Counter postponed;
  metrics::Counter retried;
  metrics::Counter failed;
  metrics::Counter lost;
  metrics::Histogram seconds;
};

OfKind MakeOfKind(std::size_t kind) {
  const std::string step =
      absl::AsciiStrToLower(v1::StepKind_Name(static_cast<v1::StepKind>(kind))
                                .substr(sizeof("STEP_KIND_") - 1));
  const auto attempts = [&step](const std::string& result) {
    return metrics::GetCounter("opcon_snow_step_attempts_total",
                               "Attempts at the steps of reports.",
                               {{"step", step}, {"result", result}});
  };
  return {.succeeded = attempts("succeeded"),
          .skipped = attempts("skipped"),
          .postponed = attempts("postponed"),
          .retried = attempts("retried"),
          .failed = attempts("failed"),
          .lost = attempts("lost"),
          .seconds =
              metrics::GetHistogram("opcon_snow_step_attempt_duration_seconds",
                                    "How long attempts at steps took.",
                                    metrics::CallBuckets(), {{"step", step}})};
}

struct StepMetrics {
  static const StepMetrics& Get() {
    static const auto* all = new StepMetrics;
    return *all;
  }
  StepMetrics() {
    // All but UNSPECIFIED.
    for (std::size_t kind = 1; kind < kKinds; ++kind) {
      by_kind[kind] = MakeOfKind(kind);
    }
  }

  std::array<OfKind, kKinds> by_kind;
  metrics::Histogram time_to_ticket = metrics::GetHistogram(
      "opcon_snow_time_to_ticket_seconds",
      "From the failure, by the reporter's clock, to the ticket that tells it.",
      metrics::WaitBuckets());
};

const metrics::Counter* CounterOf(const OfKind& kind,
                                  const AttemptResult& result) {
  if (!result.commit.has_value()) return &kind.lost;
  switch (result.commit->step.state()) {
    case v1::STEP_STATE_SUCCEEDED:
      return &kind.succeeded;
    case v1::STEP_STATE_SKIPPED:
      return &kind.skipped;
    case v1::STEP_STATE_WAITING:
      return result.status.ok() ? &kind.postponed : &kind.retried;
    case v1::STEP_STATE_FAILED:
      return &kind.failed;
    default:
      return nullptr;
  }
}

// Only of failures: what follows a ticket has one already.
void CountTicket(const StepMetrics& all, const v1::Report& report,
                 absl::Time now) {
  if (!report.has_event()) return;
  const absl::Time failed = report.event().has_occurred_time()
                                ? ToTime(report.event().occurred_time())
                                : ToTime(report.create_time());
  // The clocks of reporters may be fast.
  all.time_to_ticket.Observe(std::max(now - failed, absl::ZeroDuration()));
}

}  // namespace

void ExposeStepMetrics() { StepMetrics::Get(); }

void CountAttempt(const ClaimedStep& claimed, const AttemptResult& result,
                  absl::Duration elapsed, absl::Time now) {
  const StepMetrics& all = StepMetrics::Get();
  const auto number = static_cast<std::size_t>(claimed.claim.kind);
  const OfKind& kind = all.by_kind[number < kKinds ? number : 0];
  kind.seconds.Observe(elapsed);
  const metrics::Counter* counter = CounterOf(kind, result);
  if (counter != nullptr) counter->Add();
  if (counter == &kind.succeeded &&
      claimed.claim.kind == v1::STEP_KIND_TICKET) {
    CountTicket(all, claimed.stored.report, now);
  }
}

}  // namespace opcon_snow::incident
