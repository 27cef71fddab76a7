#include "tests/simulation/workers.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "incident_service/identity.h"
#include "incident_service/store/report_state.h"
#include "incident_service/workflow/failpoint.h"

namespace opcon_snow::simulation {
namespace {

namespace v1 = ::incident::v1;
using incident::ClaimedStep;

// Thrown through the steps in place of SIGKILL.
struct Death {};

constexpr absl::Duration kLease = absl::Minutes(1);
// Processes that can be in the middle of something at once.
constexpr std::size_t kProcesses = 3;
// That look in turn, as leases allow.
constexpr std::size_t kReplicas = 2;
// More attempts than any seed needs.
constexpr int kManyAttempts = 20000;

const incident::RetryPolicy kRetry = {.initial_backoff = absl::Seconds(1),
                                      .max_backoff = absl::Minutes(5),
                                      .give_up_after = absl::Minutes(40)};

Workers* g_workers = nullptr;

}  // namespace

Workers::Workers(World* world, WrapSteps wrap)
    : world_(world), wrap_(std::move(wrap)), processes_(kProcesses) {
  // The trace tells it better.
  log::SetLevel(log::Level::kError);
  for (Process& process : processes_) Start(&process);
  if (world_->watched) {
    watchers_.resize(kReplicas);
    for (Watchers& replica : watchers_) Start(&replica);
    // What is there before is taken for seen: nothing.
    const absl::Status looked = watchers_.front().tickets->Look();
    if (!looked.ok()) world_->Violation(looked.ToString());
  }
  const auto script = [this](const std::string& rpc,
                             incident::FailurePlan::Moment moment) {
    return AtCall(rpc, moment);
  };
  world_->opcon.failures.script = script;
  world_->servicenow.failures.script = script;
  g_workers = this;
  incident::InstallFailpointHandler(&Workers::AtFailpoint);
}

Workers::~Workers() {
  incident::InstallFailpointHandler(nullptr);
  g_workers = nullptr;
}

void Workers::Start(Process* process) {
  process->name = absl::StrCat("worker-", ++last_name_);
  process->steps = std::make_unique<incident::Steps>(incident::StepDependencies{
      .store = &world_->store,
      .opcon = &world_->opcon,
      .servicenow = &world_->servicenow,
      .templates = [this] { return world_->Templates(); },
      .deployment = "simulation",
      .clock = &world_->clock,
      .settles = world_->settings.settle_delay > absl::ZeroDuration(),
      .provisional_ticket_after = world_->settings.provisional_ticket_after});
  process->wrapped = wrap_ ? wrap_(process->steps.get()) : nullptr;
}

void Workers::Start(Watchers* watchers) {
  const std::string name = absl::StrCat("watcher-", ++last_name_);
  const auto templates = [this] { return world_->Templates(); };
  watchers->tickets = std::make_unique<incident::TicketWatcher>(
      incident::TicketWatcherOptions{.interval = absl::Seconds(10),
                                     .overlap = absl::Seconds(30),
                                     .verify_after = absl::Minutes(1),
                                     .sweep_interval = absl::Minutes(20),
                                     .worker = name},
      incident::TicketWatcherDependencies{.store = &world_->store,
                                          .opcon = &world_->opcon,
                                          .servicenow = &world_->servicenow,
                                          .templates = templates,
                                          .clock = &world_->clock});
  watchers->recoveries = std::make_unique<incident::RecoveryWatcher>(
      incident::RecoveryWatcherOptions{.interval = absl::Seconds(10),
                                       .worker = name},
      incident::RecoveryWatcherDependencies{.store = &world_->store,
                                            .opcon = &world_->opcon,
                                            .templates = templates,
                                            .clock = &world_->clock});
}

void Workers::Look() {
  if (watchers_.empty()) return;
  Watchers& replica = world_->random.Pick(watchers_);
  active_.push_back({});
  try {
    for (const absl::Status& looked :
         {replica.tickets->Look(), replica.recoveries->Look()}) {
      if (looked.ok()) continue;
      world_->Note(absl::StrCat("a look fails: ", looked.message()));
      if (calm_) world_->Violation(looked.ToString());
    }
  } catch (const Death&) {
    Start(&replica);
  }
  active_.pop_back();
}

void Workers::Die(Process* process) {
  const std::string name = process->name;
  Start(process);
  // On a machine of its own nobody but the clock tells that it is gone; alone
  // it finds what it held when it starts again.
  const bool alone = world_->random.Percent(50);
  world_->Note(absl::StrCat(name, " dies", alone ? ", its claims end" : ""));
  if (!alone) return;
  const absl::Status released = world_->store.ReleaseClaims(name);
  if (!released.ok()) world_->Violation(released.ToString());
}

bool Workers::RunOne() {
  Process& process = processes_[active_.size()];
  const auto claimed = world_->store.ClaimSteps(
      {.limit = 1, .worker = process.name, .lease = kLease});
  if (!claimed.ok()) {
    world_->Violation(claimed.status().ToString());
    return false;
  }
  if (claimed->empty()) return false;
  const ClaimedStep& step = claimed->front();
  CheckSerial(step);
  active_.push_back(
      {incident::JobKeyText(incident::JobKeyOf(step.stored.report)),
       step.claim});
  world_->Note(absl::StrCat(
      process.name, " takes ", v1::StepKind_Name(step.claim.kind), " of ",
      step.claim.report_id, ", attempt ", step.step.attempts()));
  try {
    Attempt(process, step);
  } catch (const Death&) {
    Die(&process);
  }
  active_.pop_back();
  return true;
}

void Workers::CheckSerial(const ClaimedStep& claimed) {
  if (!incident::NeedsJob(claimed.claim.kind)) return;
  const std::string key =
      incident::JobKeyText(incident::JobKeyOf(claimed.stored.report));
  for (const Active& other : active_) {
    if (other.job_key == key && other.claim.kind != claimed.claim.kind &&
        other.claim.report_id != claimed.claim.report_id &&
        incident::NeedsJob(other.claim.kind) &&
        world_->store.CheckClaim(other.claim).ok()) {
      world_->Violation(absl::StrCat("two reports of ", key,
                                     " at once: ", other.claim.report_id,
                                     " and ", claimed.claim.report_id));
    }
  }
}

void Workers::Attempt(const Process& process, const ClaimedStep& claimed) {
  incident::StepRunner* const runner =
      process.wrapped != nullptr ? process.wrapped.get() : process.steps.get();
  const incident::AttemptMaker attempts(
      kRetry, runner, &world_->clock, [this] { return world_->random.Unit(); });
  const incident::AttemptResult result = attempts.Make(claimed);
  const std::string name = v1::StepKind_Name(claimed.claim.kind);
  if (!result.commit.has_value()) {
    world_->Note(absl::StrCat("the claim of ", name, " is lost"));
    for (v1::AuditEntry& entry : *claimed.audit) {
      entry.set_report_id(claimed.claim.report_id);
    }
    const absl::Status audited = world_->store.AppendAudit(*claimed.audit);
    if (!audited.ok()) world_->Violation(audited.ToString());
    return;
  }
  Interrupt("commit");
  const absl::Status stored = world_->store.Commit(*result.commit);
  if (!stored.ok() && GetErrorReason(stored) != "CLAIM_LOST") {
    world_->Violation(absl::StrCat("not committed: ", stored.ToString()));
  }
  world_->Note(absl::StrCat(
      name, " of ", claimed.claim.report_id, ": ",
      !stored.ok() ? "too late"
      : result.status.ok()
          ? result.commit->step.outcome()
          : absl::StrCat(v1::StepState_Name(result.commit->step.state()), " ",
                         result.status.message())));
  Interrupt("committed");
}

bool Workers::RunAll() {
  for (int attempts = 0; attempts < kManyAttempts; ++attempts) {
    if (RunOne()) continue;
    const auto next = world_->store.TimeToNextStep();
    if (!next.ok()) {
      world_->Violation(next.status().ToString());
      return false;
    }
    if (*next == absl::InfiniteDuration()) return true;
    world_->clock.Advance(std::max(*next, absl::Milliseconds(1)));
  }
  return false;
}

absl::Status Workers::AtCall(const std::string& rpc,
                             incident::FailurePlan::Moment moment) {
  const bool after = moment == incident::FailurePlan::Moment::kAfter;
  world_->clock.Advance(absl::Milliseconds(world_->random.Between(1, 40)));
  Interrupt(rpc);
  if (calm_) return absl::OkStatus();
  absl::Status fault = world_->Fault(after);
  if (!fault.ok()) {
    world_->Note(absl::StrCat(rpc, after ? " happens, and then: " : ": ",
                              fault.message()));
  }
  return fault;
}

void Workers::AtFailpoint(absl::string_view name) {
  if (g_workers != nullptr) g_workers->Interrupt(name);
}

void Workers::Interrupt(absl::string_view where) {
  if (calm_ || active_.empty()) return;
  const int what = world_->random.Below(1000);
  if (what < 12) {
    world_->Note(absl::StrCat("death at ", where));
    throw Death();
  }
  if (what < 24) world_->Happen();
  if (active_.size() >= kProcesses) return;
  if (what >= 24 && what < 34) {
    held_up_ = true;
    world_->Note(absl::StrCat("held up at ", where));
    world_->clock.Advance(kLease + absl::Seconds(1));
  }
  if (what < 60) {
    for (int left = world_->random.Between(1, 4); left > 0; --left) {
      world_->Deliver();
      if (!RunOne()) break;
    }
  }
}

}  // namespace opcon_snow::simulation
