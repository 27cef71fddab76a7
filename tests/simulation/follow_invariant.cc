#include "tests/simulation/follow_invariant.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "incident_service/identity.h"
#include "incident_service/store/report_changes.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/follow_policy.h"
#include "incident_service/workflow/recovery_policy.h"

namespace opcon_snow::simulation {
namespace {

namespace v1 = ::incident::v1;
namespace oc = ::opcon::v1;
namespace sn = ::servicenow::v1;
using incident::FakeAction;
using incident::FakeIncident;

constexpr int kAll = 100000;

std::vector<v1::Report> Reports(World* world) {
  const auto page = world->store.ListReports({}, "", kAll);
  if (!page.ok()) return {};
  std::vector<v1::Report> reports;
  for (const v1::Report& report : page->reports) {
    const auto stored = world->store.GetReport(report.report_id());
    if (stored.ok()) reports.push_back(stored->report);
  }
  return reports;
}

std::string Words(const FakeAction& action) {
  return absl::StrCat(action.job.id(), " run ", action.job.job_number(),
                      " was ", incident::ActionWords(action.kind));
}

// The links of the job whose ticket is there, with it.
std::vector<std::pair<v1::TicketLink, const FakeIncident*>> Linked(
    World* world, const SimulatedJob& job) {
  std::vector<std::pair<v1::TicketLink, const FakeIncident*>> linked;
  const auto links = world->store.ListLinks({.job_key = job.key}, "", kAll);
  if (!links.ok()) return linked;
  for (const v1::TicketLink& link : links->records) {
    const auto found = world->servicenow.incidents.find(link.ticket().sys_id());
    if (found != world->servicenow.incidents.end()) {
      linked.emplace_back(link, &found->second);
    }
  }
  return linked;
}

// A person's last word on the ticket stands: nobody has changed it since.
bool IsAsAPersonMovedIt(const World& world, const FakeIncident& fake) {
  const auto moved = world.moves.find(fake.incident.sys_id());
  return moved != world.moves.end() &&
         moved->second.modification_count == fake.incident.modification_count();
}

void CheckInStep(World* world, const SimulatedJob& job,
                 const v1::TicketLink& link, const FakeIncident& fake) {
  const auto chosen = world->Templates()->Find(link.template_());
  const oc::JobActionKind kind =
      incident::ActionFor(chosen->config().state_sync(), fake.incident.state());
  if (!incident::Follows(chosen->config().state_sync()) ||
      kind == oc::JOB_ACTION_KIND_UNSPECIFIED ||
      !IsAsAPersonMovedIt(*world, fake)) {
    return;
  }
  const oc::DailyJob& shown = world->opcon.jobs.at(job.id).job;
  const auto known = world->store.ListFailures(job.key, "", kAll);
  v1::Failure failure;
  if (!known.ok() ||
      incident::FindTicketRun(known->records, link.ticket(), shown, &failure) !=
          incident::TicketRun::kShown) {
    return;
  }
  const std::vector<oc::JobCategory> from = incident::FollowableFrom(kind);
  if (std::find(from.begin(), from.end(), shown.status().category()) ==
      from.end()) {
    return;
  }
  world->Violation(absl::StrCat(job.id, " is ", shown.status().description(),
                                " although its ticket ", fake.incident.number(),
                                " is ",
                                sn::IncidentState_Name(fake.incident.state())));
}

void CheckRecovered(World* world, const SimulatedJob& job,
                    const v1::TicketLink& link, const FakeIncident& fake) {
  const auto chosen = world->Templates()->Find(link.template_());
  const ::config::v1::Recovery& config = chosen->config().recovery();
  const oc::DailyJob& shown = world->opcon.jobs.at(job.id).job;
  if (!incident::Recovers(config) || !incident::HasEndedWell(shown) ||
      !incident::IsAfterFailure(shown, link) ||
      !incident::MayBeResolved(fake.incident.state()) ||
      fake.incident.reopen_count() > link.ticket_reopen_count()) {
    return;
  }
  v1::Report about;
  *about.mutable_event()->mutable_job_key() = job.key;
  about.mutable_event()->set_kind(v1::EVENT_KIND_RECOVERED);
  const std::string marker = incident::FailureMarker(
      incident::FailureOfEvent(about, shown).failure_id());
  const bool told = std::any_of(fake.work_notes.begin(), fake.work_notes.end(),
                                [&](const std::string& note) {
                                  return note.find(marker) != std::string::npos;
                                });
  if (config.action() == ::config::v1::RECOVERY_ACTION_RESOLVE || !told) {
    world->Violation(
        absl::StrCat(job.id, " is well, and its ticket ",
                     fake.incident.number(), " is ", told ? "told, but " : "",
                     sn::IncidentState_Name(fake.incident.state())));
  }
}

// What the reports allow to be done: by the job and the action.
std::map<std::pair<std::string, oc::JobActionKind>, int> Allowed(
    World* world, const std::vector<v1::Report>& reports) {
  std::map<std::pair<std::string, oc::JobActionKind>, int> allowed;
  for (v1::Report report : reports) {
    const auto chosen = world->Templates()->Find(report.requested_template());
    const std::string job_id = incident::JobId(incident::JobKeyOf(report));
    if (report.has_event()) {
      if (incident::FindStep(&report, v1::STEP_KIND_FOLLOW_TICKET) != nullptr) {
        ++allowed[{job_id, oc::JOB_ACTION_KIND_MARK_UNDER_REVIEW}];
      }
      continue;
    }
    if (!report.has_ticket_change()) continue;
    const auto state = static_cast<sn::IncidentState>(
        std::stoi(report.ticket_change().to_state_value()));
    ++allowed[{job_id,
               incident::ActionFor(chosen->config().state_sync(), state)}];
  }
  return allowed;
}

void CheckOneReportAMove(World* world, const std::vector<v1::Report>& reports) {
  // What was written right before a death cannot be told from a person's move.
  if (world->servicenow.integration_user.empty()) return;
  std::map<std::pair<std::string, std::string>, int> found;
  for (const v1::Report& report : reports) {
    if (!report.has_ticket_change()) continue;
    ++found[{report.ticket().sys_id(),
             report.ticket_change().to_state_value()}];
  }
  for (const auto& [move, times] : found) {
    const auto state = static_cast<sn::IncidentState>(std::stoi(move.second));
    const int moved = world->moves[move.first].into[state];
    if (times <= moved) continue;
    world->Violation(absl::StrCat(
        times, " reports of a ticket that people moved to ",
        sn::IncidentState_Name(state), " ", moved, " times: ", move.first));
  }
}

// Each ticket is resolved once per run that ended well, and only by the reports
// that say so.
void CheckResolvedOnce(World* world, const std::vector<v1::Report>& reports) {
  std::map<std::string, int> told;
  for (const v1::Report& report : reports) {
    if (!report.has_job_recovery()) continue;
    ++told[report.ticket().sys_id()];
  }
  for (const auto& [sys_id, fake] : world->servicenow.incidents) {
    if (fake.resolved_by_request <= told[sys_id]) continue;
    world->Violation(absl::StrCat(fake.incident.number(), " was resolved ",
                                  fake.resolved_by_request, " times for ",
                                  told[sys_id], " recoveries"));
  }
}

}  // namespace

void CheckFollowing(World* world) {
  for (const SimulatedJob& job : world->jobs) {
    if (job.touched) continue;
    for (const auto& [link, fake] : Linked(world, job)) {
      CheckInStep(world, job, link, *fake);
      CheckRecovered(world, job, link, *fake);
    }
  }
}

void CheckActions(World* world) {
  const std::vector<v1::Report> reports = Reports(world);
  CheckOneReportAMove(world, reports);
  CheckResolvedOnce(world, reports);
  auto allowed = Allowed(world, reports);
  std::set<std::tuple<std::string, oc::JobActionKind, int, absl::Time>> once;
  for (const FakeAction& action : world->opcon.carried_out) {
    const oc::DailyJob& job = action.job;
    if (--allowed[{job.id(), action.kind}] < 0) {
      world->Violation(
          absl::StrCat(Words(action), " more often than its ticket was moved"));
    }
    if (!incident::ShowsAFailedRun(job.status()) ||
        job.status().category() == oc::JOB_CATEGORY_FIXED) {
      world->Violation(absl::StrCat(Words(action), " from \"",
                                    job.status().description(), "\""));
    }
    const bool fresh = once.emplace(job.id(), action.kind, job.job_number(),
                                    incident::ToTime(job.end_time()))
                           .second;
    if (!fresh && incident::IsOncePerRun(action.kind)) {
      world->Violation(absl::StrCat(Words(action), " twice"));
    }
  }
}

}  // namespace opcon_snow::simulation
