#include "tests/simulation/invariant.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "incident_service/identity.h"
#include "incident_service/store/report_changes.h"
#include "incident_service/store/report_state.h"
#include "incident_service/store/times.h"

namespace opcon_snow::simulation {
namespace {

namespace v1 = ::incident::v1;
namespace store_v1 = ::incident_store::v1;
using incident::FakeIncident;
using incident::StoredReport;

constexpr int kAll = 100000;

// A destination and something there.
using Place = std::pair<std::string, std::string>;

std::string MarkerIn(const std::string& text) {
  const std::size_t begin = text.rfind("[OpCon failure ");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find(']', begin) - begin + 1);
}

std::vector<StoredReport> AllReports(World* world) {
  std::vector<StoredReport> all;
  const auto page = world->store.ListReports({}, "", kAll);
  if (!page.ok()) return all;
  for (const v1::Report& report : page->reports) {
    const auto stored = world->store.GetReport(report.report_id());
    if (stored.ok()) all.push_back(*stored);
  }
  return all;
}

v1::StepState StateOf(v1::Report report, v1::StepKind kind) {
  const v1::Step* const step = incident::FindStep(&report, kind);
  return step == nullptr ? v1::STEP_STATE_UNSPECIFIED : step->state();
}

// What the incidents tell of failures and logs.
struct Seen {
  // How often a failure was applied, by destination and marker.
  std::map<Place, int> applied;
  // How often a recovery was told, by incident and marker: a failure that is
  // reported late may open another ticket, which is told of the same one.
  std::map<Place, int> recovered;
  // How many files have a content, by destination and content.
  std::map<Place, int> logs;
};

Seen Look(const std::vector<const FakeIncident*>& incidents) {
  Seen seen;
  for (const FakeIncident* fake : incidents) {
    if (!fake->created_with_marker.empty()) {
      ++seen.applied[{fake->instance, fake->created_with_marker}];
    }
    for (const std::string& note : fake->work_notes) {
      int& applied = seen.applied[{fake->instance, MarkerIn(note)}];
      if (absl::StrContains(note, " recovered on ")) {
        applied = 1;
        ++seen.recovered[{fake->incident.sys_id(), MarkerIn(note)}];
      } else {
        ++applied;
      }
    }
    for (const FakeIncident::File& file : fake->files) {
      ++seen.logs[{fake->instance, file.content}];
    }
  }
  return seen;
}

std::vector<const FakeIncident*> There(const World& world) {
  std::vector<const FakeIncident*> incidents;
  for (const auto& [sys_id, fake] : world.servicenow.incidents) {
    incidents.push_back(&fake);
  }
  return incidents;
}

std::vector<const FakeIncident*> EverThere(const World& world) {
  std::vector<const FakeIncident*> incidents = There(world);
  for (const FakeIncident& fake : world.deleted) incidents.push_back(&fake);
  return incidents;
}

void CheckSettled(World* world, const StoredReport& stored) {
  const v1::Report& report = stored.report;
  // Where OpCon keeps one ticket, a person may have put another one there after
  // the job's was looked at: that is for a person to decide.
  const bool is_a_persons_affair =
      !world->opcon.has_ticket_list &&
      report.error().code() ==
          static_cast<int>(absl::StatusCode::kAlreadyExists);
  if (!incident::HasEnded(report.state()) && !is_a_persons_affair) {
    world->Violation(absl::StrCat("report ", report.report_id(), " is ",
                                  v1::ReportState_Name(report.state()), ": ",
                                  report.summary()));
  }
  if (report.state() != v1::REPORT_STATE_MERGED) return;
  const auto owner = world->store.GetReport(report.merged_into_report_id());
  if (!owner.ok() || owner->report.failure_id() != report.failure_id() ||
      owner->report.state() == v1::REPORT_STATE_MERGED) {
    world->Violation(absl::StrCat("report ", report.report_id(),
                                  " is merged into one that is not about its "
                                  "failure"));
  }
}

void CheckNothingDoubled(World* world) {
  const Seen seen = Look(There(*world));
  for (const auto* map : {&seen.applied, &seen.recovered}) {
    for (const auto& [place, times] : *map) {
      if (times > 1) {
        world->Violation(absl::StrCat(place.second, " was applied ", times,
                                      " times in ", place.first));
      }
    }
  }
  for (const FakeIncident* fake : There(*world)) {
    std::set<std::string> names;
    for (const FakeIncident::File& file : fake->files) {
      if (!names.insert(file.name).second) {
        world->Violation(absl::StrCat(fake->incident.number(), " has ",
                                      file.name, " twice"));
      }
    }
  }
  // Where a restart keeps the number, OpCon has the log of the last run only;
  // where it cannot tell runs apart, one may be taken for two.
  const bool one_log_a_run =
      !world->opcon.keeps_job_number && world->opcon.has_history &&
      !world->other_events &&
      world->settings.provisional_ticket_after == absl::InfiniteDuration();
  for (const auto& [place, times] : seen.logs) {
    if (times > 1 && one_log_a_run) {
      world->Violation(absl::StrCat("\"", place.second, "\" was attached ",
                                    times, " times in ", place.first));
    }
  }
  for (const auto& [id, fake] : world->opcon.jobs) {
    std::set<std::string> markers;
    const std::string& text = fake.job.documentation().job_text();
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      const std::string marker = MarkerIn(std::string(line));
      if (!marker.empty() && !markers.insert(marker).second) {
        world->Violation(absl::StrCat(id, " has the documentation line of ",
                                      marker, " twice"));
      }
    }
  }
}

// What a report says that it did is to be seen.
void CheckDone(World* world, const Seen& ever, const StoredReport& stored) {
  const v1::Report& report = stored.report;
  if (report.state() != v1::REPORT_STATE_SUCCEEDED || !report.has_event()) {
    return;
  }
  const store_v1::TicketPlan& plan = stored.memo.plan();
  const std::string& servicenow = report.ticket().servicenow();
  if (ever.applied.count({servicenow, plan.marker()}) == 0) {
    world->Violation(absl::StrCat("report ", report.report_id(),
                                  " is done, and nothing tells of ",
                                  plan.marker()));
  }
  const std::string job_id = incident::JobId(report.event().job_key());
  if (StateOf(report, v1::STEP_KIND_DOCUMENT) == v1::STEP_STATE_SUCCEEDED &&
      !absl::StrContains(
          world->opcon.jobs.at(job_id).job.documentation().job_text(),
          plan.marker())) {
    world->Violation(absl::StrCat("report ", report.report_id(),
                                  " left no line in the documentation"));
  }
  if (StateOf(report, v1::STEP_KIND_ATTACH_LOG) == v1::STEP_STATE_SUCCEEDED &&
      !world->opcon.keeps_job_number) {
    for (const TrueRun& run : world->runs) {
      if (run.failure_id == report.failure_id() &&
          ever.logs.count({servicenow, run.log}) == 0) {
        world->Violation(absl::StrCat("report ", report.report_id(),
                                      " left no \"", run.log, "\""));
      }
    }
  }
}

// With a history and true clocks nothing but a person keeps a run that was
// reported from being told.
void CheckEveryRunIsTold(World* world, const Seen& ever) {
  if (!world->opcon.has_history || world->somebody_discarded ||
      world->settings.clock_error != absl::ZeroDuration() ||
      world->settings.settle_delay != absl::ZeroDuration() ||
      world->settings.provisional_ticket_after != absl::InfiniteDuration()) {
    return;
  }
  for (const TrueRun& run : world->runs) {
    for (const std::string& servicenow : run.reported_to) {
      const std::string marker = incident::FailureMarker(run.failure_id);
      if (ever.applied.count({servicenow, marker}) == 0) {
        world->Violation(absl::StrCat("nothing in ", servicenow, " tells of ",
                                      marker, " of ", run.job_id));
      }
    }
  }
}

void CheckOneOpenTicket(World* world) {
  for (const SimulatedJob& job : world->jobs) {
    if (job.touched || job.templates[0] == "always.json") continue;
    std::map<std::string, std::vector<std::string>> open;
    for (const FakeIncident* fake : There(*world)) {
      if (fake->incident.active() && !fake->created_with_marker.empty() &&
          absl::EndsWith(fake->incident.correlation_id(), "," + job.id)) {
        open[fake->instance].push_back(fake->incident.number());
      }
    }
    for (const auto& [servicenow, numbers] : open) {
      if (numbers.size() < 2) continue;
      world->Violation(absl::StrCat(job.id, " has ", numbers.size(),
                                    " open incidents in ", servicenow, ": ",
                                    numbers[0], ", ", numbers[1]));
    }
  }
}

std::vector<v1::TicketLink> Links(World* world, const SimulatedJob& job) {
  const auto links = world->store.ListLinks({.job_key = job.key}, "", kAll);
  return links.ok() ? links->records : std::vector<v1::TicketLink>();
}

// The ticket tells of the failure that the link names; with `last_run`, that
// must be the job's last.
void CheckDescriptions(World* world, bool last_run) {
  for (const SimulatedJob& job : world->jobs) {
    // The ticket of a reused one belongs to several jobs, and who discards a
    // report may have discarded what the description tells.
    if (job.templates[0] == "reuse.json" || (job.touched && !last_run)) {
      continue;
    }
    std::string last;
    for (const TrueRun& run : world->runs) {
      if (run.job_id == job.id) last = run.failure_id;
    }
    for (const v1::TicketLink& link : Links(world, job)) {
      const auto found =
          world->servicenow.incidents.find(link.ticket().sys_id());
      if (found == world->servicenow.incidents.end()) continue;
      const std::string& told = last_run ? last : link.last_failure_id();
      if (!told.empty() &&
          !absl::StrContains(found->second.incident.description(),
                             incident::FailureMarker(told))) {
        world->Violation(absl::StrCat(
            link.ticket().number(), " of ", job.id, " does not tell of ",
            incident::FailureMarker(told),
            " but: ", MarkerIn(found->second.incident.description())));
      }
    }
  }
}

void CheckFields(World* world) {
  for (const SimulatedJob& job : world->jobs) {
    const auto& tickets = world->opcon.jobs.at(job.id).tickets;
    // One field cannot show two tickets.
    if (!world->opcon.has_ticket_list && job.templates.size() > 1) continue;
    for (const v1::TicketLink& link : Links(world, job)) {
      const std::string wanted =
          absl::StrCat(link.ticket().number(), "/", link.ticket().sys_id());
      const auto rows =
          std::count_if(tickets.begin(), tickets.end(),
                        [&](const ::opcon::v1::IncidentTicket& row) {
                          return row.ticket_id() == wanted &&
                                 row.ticket_url() == link.ticket().url();
                        });
      if (rows != 1) {
        world->Violation(absl::StrCat(job.id, " shows its ticket ", wanted, " ",
                                      rows, " times"));
      }
    }
  }
}

// Every incident of ours has an entry about its making.
void CheckAudit(World* world) {
  std::map<std::string, int> creations;
  for (const v1::AuditEntry& entry : world->store.audit()) {
    if (entry.action() == "servicenow.CreateIncident") {
      ++creations[entry.target()];
    }
    if (entry.report_id().empty() || entry.actor().empty()) {
      world->Violation(absl::StrCat("an audit entry does not say for whom: ",
                                    entry.ShortDebugString()));
    }
  }
  std::map<std::string, int> incidents;
  for (const FakeIncident* fake : EverThere(*world)) {
    if (fake->created_with_marker.empty()) continue;
    const std::string& correlation_id = fake->incident.correlation_id();
    ++incidents[correlation_id.substr(correlation_id.find(',') + 1)];
  }
  for (const auto& [job_id, count] : incidents) {
    // A ticket that is used again changes the job that it names.
    const auto is_reused = [id = job_id](const SimulatedJob& job) {
      return job.id == id && job.templates[0] == "reuse.json";
    };
    const bool reused =
        std::any_of(world->jobs.begin(), world->jobs.end(), is_reused);
    if (!reused && creations[job_id] < count) {
      world->Violation(absl::StrCat(job_id, " has ", count,
                                    " incidents, and the audit knows of ",
                                    creations[job_id]));
    }
  }
}

}  // namespace

void CheckAfterTrouble(World* world, bool held_up) {
  const Seen ever = Look(EverThere(*world));
  for (const StoredReport& stored : AllReports(world)) {
    CheckSettled(world, stored);
    CheckDone(world, ever, stored);
  }
  CheckNothingDoubled(world);
  CheckEveryRunIsTold(world, ever);
  CheckOneOpenTicket(world);
  if (!held_up && !world->somebody_discarded) {
    CheckDescriptions(world, /*last_run=*/false);
  }
  CheckAudit(world);
}

void CheckAtTheEnd(World* world) {
  const Seen ever = Look(EverThere(*world));
  for (const StoredReport& stored : AllReports(world)) {
    CheckSettled(world, stored);
    CheckDone(world, ever, stored);
  }
  CheckNothingDoubled(world);
  CheckOneOpenTicket(world);
  CheckDescriptions(world, /*last_run=*/true);
  CheckFields(world);
}

}  // namespace opcon_snow::simulation
