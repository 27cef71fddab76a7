#include "tests/simulation/world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/config/fault.h"
#include "common/status/error.h"
#include "incident_service/identity.h"
#include "incident_service/store/times.h"

namespace opcon_snow::simulation {
namespace {

namespace v1 = ::incident::v1;
namespace sn = ::servicenow::v1;
using incident::FakeIncident;
using incident::FakeJob;

constexpr char kSecond[] = "second";
constexpr int kMaxOpen = 10000;

// Those whose jobs follow their tickets, and whose tickets are told when the
// job is well again.
template <class Add>
void AddWatching(Add add) {
  const auto recovers = [](::config::v1::RecoveryAction action, int seconds,
                           ::config::v1::Template* config) {
    config->mutable_recovery()->set_action(action);
    config->mutable_recovery()->mutable_grace_period()->set_seconds(seconds);
  };
  ::config::v1::Template& watch = add("watch.json");
  watch.mutable_state_sync()->set_mode(::config::v1::STATE_SYNC_MODE_WATCH);
  recovers(::config::v1::RECOVERY_ACTION_WORK_NOTE, 0, &watch);
  ::config::v1::Template& restart = add("restart.json");
  restart.mutable_state_sync()->set_mode(::config::v1::STATE_SYNC_MODE_WATCH);
  restart.mutable_state_sync()->set_restart_on_resolve(true);
  recovers(::config::v1::RECOVERY_ACTION_RESOLVE, 60, &restart);
  ::config::v1::Template& review = add("review.json");
  review.set_existing_ticket(
      ::config::v1::EXISTING_TICKET_POLICY_RESOLVED_ONLY);
  review.mutable_state_sync()->set_mode(::config::v1::STATE_SYNC_MODE_VERIFY);
  review.mutable_state_sync()->set_on_failure_in_progress(
      ::config::v1::JOB_FOLLOW_ACTION_MARK_UNDER_REVIEW);
  recovers(::config::v1::RECOVERY_ACTION_RESOLVE, 120, &review);
}

std::shared_ptr<const incident::TemplateSet> CompileTemplates() {
  google::protobuf::RepeatedPtrField<::config::v1::Template> configs;
  const auto add = [&](const std::string& name) -> ::config::v1::Template& {
    ::config::v1::Template& config = *configs.Add();
    config.set_name(name);
    config.set_servicenow("prod");
    return config;
  };
  add("basic.json");
  add("second.json").set_servicenow(kSecond);
  add("resolved.json")
      .set_existing_ticket(::config::v1::EXISTING_TICKET_POLICY_RESOLVED_ONLY);
  add("always.json").set_always_create_new_ticket(true);
  add("reuse.json").mutable_reuse_within()->set_seconds(3 * 24 * 3600);
  AddWatching(add);
  config::Faults faults;
  return incident::TemplateSet::Compile(configs, "", &faults);
}

v1::JobKey KeyOf(const std::string& date, const std::string& name) {
  v1::JobKey key;
  key.set_opcon("production");
  key.mutable_schedule_date()->set_year(std::stoi(date.substr(0, 4)));
  key.mutable_schedule_date()->set_month(std::stoi(date.substr(4, 2)));
  key.mutable_schedule_date()->set_day(std::stoi(date.substr(6, 2)));
  key.set_schedule_id(16);
  key.set_schedule_instance(1);
  key.set_job_name(name);
  return key;
}

}  // namespace

World::World(std::uint64_t seed, bool traced)
    : random(seed), store(&clock, seed), traced_(traced) {
  opcon.keeps_job_number = random.Percent(50);
  opcon.has_history = random.Percent(80);
  opcon.has_ticket_list = random.Percent(85);
  servicenow.instances = {"prod", kSecond};
  servicenow.clock = &clock;
  // Where it is not configured, our own changes look like people's.
  if (random.Percent(25)) servicenow.integration_user = "";
  if (random.Percent(20)) settings.settle_delay = absl::Seconds(30);
  if (random.Percent(20)) {
    settings.provisional_ticket_after = absl::Minutes(2);
  }
  if (random.Percent(20)) {
    settings.clock_error = absl::Seconds(random.Between(-3600, 3600));
  }
  const int count = random.Between(1, 3);
  for (int i = 1; i <= count; ++i) {
    std::vector<std::string> primary = {
        "basic.json", "basic.json", "resolved.json", "always.json",
        "reuse.json", "watch.json", "restart.json",  "review.json"};
    std::vector<std::string> templates = {random.Pick(primary)};
    const std::string name = absl::StrCat("JOB", i);
    if (templates[0] == "reuse.json") Define("20260106", name, templates);
    watched =
        watched || Templates()->Find(templates[0])->config().has_state_sync();
    if (random.Percent(25)) templates.emplace_back("second.json");
    Define("20260105", name, std::move(templates));
  }
}

std::shared_ptr<const incident::TemplateSet> World::Templates() const {
  static const auto* const templates =
      new std::shared_ptr<const incident::TemplateSet>(CompileTemplates());
  return *templates;
}

void World::Note(absl::string_view what) {
  if (!traced_) return;
  trace.push_back(absl::StrCat(
      absl::FormatTime("%d %H:%M:%E3S ", clock.Now(), absl::UTCTimeZone()),
      what));
}

void World::Violation(const std::string& what) {
  Note(absl::StrCat("VIOLATION: ", what));
  violations.push_back(what);
}

void World::NoteState() {
  if (!traced_) return;
  for (const auto& [sys_id, fake] : servicenow.incidents) {
    Note(absl::StrCat(fake.instance, " has ", fake.incident.number(), " ",
                      fake.created_with_marker, ", ",
                      fake.incident.correlation_id(), ", ",
                      sn::IncidentState_Name(fake.incident.state())));
    for (const std::string& note : fake.work_notes) {
      Note(absl::StrCat("  note: ", note));
    }
    for (const FakeIncident::File& file : fake.files) {
      Note(absl::StrCat("  file: ", file.name, ", ", file.content));
    }
  }
  for (const auto& [id, fake] : opcon.jobs) {
    for (const ::opcon::v1::IncidentTicket& row : fake.tickets) {
      Note(absl::StrCat(id, " shows ", row.ticket_id()));
    }
  }
}

void World::Define(const std::string& date, const std::string& name,
                   std::vector<std::string> templates) {
  SimulatedJob& job = jobs.emplace_back();
  job.key = KeyOf(date, name);
  job.id = incident::JobId(job.key);
  job.templates = std::move(templates);
  FakeJob& fake = opcon.Define(job.id);
  if (random.Percent(50)) {
    fake.job.mutable_documentation()->set_job_text("Call the team.");
  }
}

void World::FailJob(SimulatedJob& job) {
  // Runs take their time; two never end at once.
  clock.Advance(absl::Seconds(random.Between(5, 60)));
  const std::string log = absl::StrCat("log of failure ", runs.size() + 1);
  opcon.Fail(job.id, clock.Now(), log);
  const FakeJob& fake = opcon.jobs.at(job.id);
  v1::Report about;
  *about.mutable_event()->mutable_job_key() = job.key;
  const v1::Failure failure =
      incident::FailureOfRun(about, fake.job, incident::LatestRun(fake.job));
  runs.push_back({.job_id = job.id,
                  .failure_id = failure.failure_id(),
                  .log = log,
                  .end = clock.Now()});
  Note(absl::StrCat(job.id, " fails, run ", fake.job.job_number(), ": ",
                    failure.failure_id().substr(0, 16)));
  if (!calm_ && random.Percent(15)) {
    opcon.jobs.at(job.id).job.mutable_status()->set_processing_events(true);
    processing_[job.id] =
        clock.Now() + absl::Seconds(random.Percent(80) ? 3 : 600);
  }
  Report(job, v1::EVENT_KIND_JOB_FAILED, static_cast<int>(runs.size()) - 1);
}

void World::Report(const SimulatedJob& job, v1::EventKind kind, int run) {
  for (const std::string& name : job.templates) {
    if (!calm_ && random.Percent(8)) continue;  // Nobody was told.
    Send(job, name, kind, run);
    if (random.Percent(10)) Send(job, name, kind, run);
  }
}

void World::Send(const SimulatedJob& job, const std::string& template_name,
                 v1::EventKind kind, int run) {
  OnItsWay one;
  one.report.set_request_id(absl::StrCat("request-", ++last_request_));
  one.report.set_requested_template(template_name);
  v1::JobEvent& event = *one.report.mutable_event();
  *event.mutable_job_key() = job.key;
  event.set_kind(kind);
  incident::SetTime(clock.Now() + settings.clock_error,
                    event.mutable_occurred_time());
  event.set_schedule_name("Payroll");
  event.set_machine("GENP001");
  const ::opcon::v1::DailyJob& shown = opcon.jobs.at(job.id).job;
  event.set_termination(shown.termination());
  if (random.Percent(30)) event.set_job_number(shown.job_number());
  one.due = clock.Now();
  if (random.Percent(30)) one.due += absl::Seconds(random.Below(900));
  if (random.Percent(10)) one.copies = 2;
  one.run = run;
  on_their_way_.push_back(std::move(one));
}

void World::DeliverOne(const OnItsWay& one) {
  const v1::Report& report = one.report;
  const bool failed = incident::TellsOfAFailedRun(report.event().kind());
  const incident::NextStep first(
      v1::STEP_KIND_RESOLVE, incident::StepPriority::kResolve,
      failed ? settings.settle_delay : absl::ZeroDuration());
  for (int copy = 0; copy < one.copies; ++copy) {
    const auto created =
        store.CreateReport(report, report.request_id(), {first}, kMaxOpen);
    if (!created.ok()) {
      Violation(
          absl::StrCat("a report was refused: ", created.status().ToString()));
      return;
    }
    if (created->duplicate != (copy > 0)) {
      Violation("a repeated call was taken for another report");
    }
    Note(absl::StrCat("report ", created->report.report_id(), " of ",
                      incident::JobId(report.event().job_key()), " ",
                      v1::EventKind_Name(report.event().kind()), " by ",
                      report.requested_template(), copy > 0 ? ", again" : ""));
  }
  if (one.run >= 0) {
    runs[static_cast<std::size_t>(one.run)].reported_to.insert(
        report.requested_template() == "second.json" ? kSecond : "prod");
  }
}

void World::Deliver() {
  for (auto& [id, until] : processing_) {
    if (clock.Now() < until) continue;
    opcon.jobs.at(id).job.mutable_status()->set_processing_events(false);
  }
  std::vector<OnItsWay> due;
  for (auto one = on_their_way_.begin(); one != on_their_way_.end();) {
    if (one->due <= clock.Now()) {
      due.push_back(std::move(*one));
      one = on_their_way_.erase(one);
    } else {
      ++one;
    }
  }
  for (const OnItsWay& one : due) DeliverOne(one);
}

void World::CalmDown() {
  Note("calm from here on");
  calm_ = true;
  weather_ = 0;
  for (auto& [id, until] : processing_) until = clock.Now();
  for (OnItsWay& one : on_their_way_) one.due = clock.Now();
  Deliver();
}

void World::FailEverything() {
  settings.clock_error = absl::ZeroDuration();
  for (SimulatedJob& job : jobs) FailJob(job);
  for (OnItsWay& one : on_their_way_) one.due = clock.Now();
  Deliver();
}

void World::Happen() {
  SimulatedJob& job = random.Pick(jobs);
  const int what = random.Below(100);
  if (what < 34) {
    FailJob(job);
  } else if (what < 40) {
    clock.Advance(absl::Seconds(5));
    opcon.Start(job.id, clock.Now());
    Note(absl::StrCat(job.id, " is started"));
  } else if (what < 52) {
    clock.Advance(absl::Seconds(random.Between(5, 60)));
    opcon.Finish(job.id, clock.Now());
    Note(absl::StrCat(job.id, " finishes"));
    if (random.Percent(60)) Report(job, v1::EVENT_KIND_RECOVERED, -1);
  } else if (what < 54) {
    other_events = true;
    Report(job, v1::EVENT_KIND_EXCEEDED_MAX_RUNTIME, -1);
  } else if (what < 68) {
    ChangeIncident();
  } else if (what < 70) {
    DeleteIncident();
  } else if (what < 76) {
    EditField(job);
  } else if (what < 79) {
    Rebuild(job);
  } else if (what < 84) {
    DecideOnReport();
  } else {
    std::vector<int> kinds = {0, 0, 20, 100, 700};
    weather_ = random.Pick(kinds);
    Note(absl::StrCat("the weather is ", weather_));
  }
}

void World::MarkTouched(const FakeIncident& incident) {
  for (SimulatedJob& job : jobs) {
    if (absl::EndsWith(incident.incident.correlation_id(), "," + job.id)) {
      job.touched = true;
    }
  }
}

void World::ChangeIncident() {
  if (servicenow.incidents.empty()) return;
  auto at = servicenow.incidents.begin();
  std::advance(at, random.Below(static_cast<int>(servicenow.incidents.size())));
  FakeIncident& fake = at->second;
  std::vector<sn::IncidentState> states = {
      sn::INCIDENT_STATE_IN_PROGRESS, sn::INCIDENT_STATE_ON_HOLD,
      sn::INCIDENT_STATE_RESOLVED,    sn::INCIDENT_STATE_RESOLVED,
      sn::INCIDENT_STATE_CLOSED,      sn::INCIDENT_STATE_CANCELED};
  const sn::IncidentState state = random.Pick(states);
  const bool was_active = fake.incident.active();
  const bool moves_it = fake.incident.state() != state;
  servicenow.SetState(&fake, state);
  if (moves_it) {
    Moves& moved = moves[at->first];
    ++moved.into[state];
    moved.modification_count = fake.incident.modification_count();
  }
  if (!was_active && fake.incident.active()) MarkTouched(fake);
  Note(absl::StrCat("a person sets ", fake.incident.number(), " to ",
                    sn::IncidentState_Name(state)));
}

void World::DeleteIncident() {
  if (servicenow.incidents.empty()) return;
  auto at = servicenow.incidents.begin();
  std::advance(at, random.Below(static_cast<int>(servicenow.incidents.size())));
  Note(absl::StrCat("a person deletes ", at->second.incident.number()));
  deleted.push_back(std::move(at->second));
  servicenow.incidents.erase(at);
}

void World::EditField(SimulatedJob& job) {
  auto& tickets = opcon.jobs.at(job.id).tickets;
  const int what = random.Below(5);
  if (what == 0 || tickets.empty()) {
    tickets.clear();
    Note(absl::StrCat("a person empties the field of ", job.id));
    return;
  }
  if (what == 1) {
    // The number alone still leads to the same incident.
    const std::vector<std::string> parts =
        absl::StrSplit(tickets[0].ticket_id(), '/');
    tickets[0].set_ticket_id(parts[0]);
    Note(absl::StrCat("a person shortens the field of ", job.id));
    return;
  }
  // Where OpCon keeps one ticket only, a ticket of each failure's own cannot
  // take a person's place.
  if (!opcon.has_ticket_list && job.templates[0] == "always.json") return;
  job.touched = true;
  if (what == 2 && opcon.has_ticket_list) {
    ::opcon::v1::IncidentTicket& row = tickets.emplace_back();
    row.set_row_id(1000000 + static_cast<int>(tickets.size()));
    row.set_ticket_id("see the wiki");
    Note(absl::StrCat("a person adds a row to ", job.id));
    return;
  }
  const std::string number = absl::StrCat("INC", ++last_ticket_);
  tickets[0].set_ticket_id(number);
  tickets[0].set_ticket_url("");
  if (what == 3) servicenow.Add(number, sn::INCIDENT_STATE_IN_PROGRESS);
  Note(absl::StrCat("a person writes ", number, " to ", job.id,
                    what == 3 ? "" : ", which is nowhere"));
}

void World::Rebuild(SimulatedJob& job) {
  FakeJob& fake = opcon.jobs.at(job.id);
  fake.job.set_uid(fake.job.uid() + 1000);
  fake.tickets.clear();
  Note(absl::StrCat("the schedule of ", job.id, " is rebuilt"));
}

void World::DecideOnReport() {
  const auto page = store.ListReports({}, "", 1000);
  if (!page.ok() || page->reports.empty()) return;
  std::vector<v1::Report> reports = page->reports;
  const v1::Report& report = random.Pick(reports);
  const incident::Decision decision{"operator", "for the simulation"};
  if (random.Percent(70)) {
    const auto retried = store.RetryReport(report.report_id(), decision);
    if (retried.ok()) Note(absl::StrCat("retry of ", report.report_id()));
    return;
  }
  const auto discarded = store.DiscardReport(report.report_id(), decision);
  if (!discarded.ok()) return;
  Note(absl::StrCat("discarded ", report.report_id()));
  somebody_discarded = true;
  for (SimulatedJob& job : jobs) {
    if (job.id == incident::JobId(incident::JobKeyOf(report))) {
      job.touched = true;
    }
  }
}

absl::Status World::Fault(bool may_have_happened) {
  if (!random.PerMille(weather_)) return absl::OkStatus();
  if (may_have_happened) {
    return MakeOutcomeUnknown(absl::StatusCode::kUnavailable, "no answer came");
  }
  switch (random.Below(12)) {
    case 0:
      return MakeError(absl::StatusCode::kFailedPrecondition,
                       "the token is refused",
                       {.reason = "UPSTREAM_AUTHENTICATION_FAILED"});
    case 1:
      return MakeError(absl::StatusCode::kResourceExhausted, "slow down",
                       {.reason = "GATEWAY_OVERLOADED",
                        .retry_after = absl::Seconds(random.Below(120))});
    case 2:
      return MakeError(absl::StatusCode::kInternal, "it failed inside");
    case 3:
      return MakeError(absl::StatusCode::kDeadlineExceeded, "too slow");
    default:
      return MakeError(absl::StatusCode::kUnavailable, "it is down");
  }
}

}  // namespace opcon_snow::simulation
