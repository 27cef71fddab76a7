#ifndef OPCON_SNOW_TESTS_SIMULATION_WORLD_H_
#define OPCON_SNOW_TESTS_SIMULATION_WORLD_H_

// Everything around the workflow: the time, the store, OpCon with its jobs,
// ServiceNow with its incidents, those who report, and people who interfere.
// What happens follows from the seed alone.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/fake_clock.h"
#include "incident/v1/report.pb.h"
#include "incident_service/store/memory_store.h"
#include "incident_service/templates/template_set.h"
#include "incident_service/upstreams/fake_upstreams.h"
#include "tests/simulation/random.h"

namespace opcon_snow::simulation {

// What differs between seeds and stays the same in one.
struct Settings {
  absl::Duration settle_delay;
  absl::Duration provisional_ticket_after = absl::InfiniteDuration();
  // How far the reporters' clock is off.
  absl::Duration clock_error;
};

// A failed run, as it really was.
struct TrueRun {
  std::string job_id;
  std::string failure_id;
  std::string log;
  absl::Time end;
  // The destinations that a report of it has been delivered for.
  std::set<std::string> reported_to;
};

// What a person did to the state of an incident, and nobody else has changed
// since if its count of changes is still that.
struct Moves {
  // How often it was moved into a state, by the state.
  std::map<::servicenow::v1::IncidentState, int> into;
  std::int64_t modification_count = 0;
};

struct SimulatedJob {
  std::string id;
  ::incident::v1::JobKey key;
  // Each for a destination of its own.
  std::vector<std::string> templates;
  // A person has given it a ticket, reopened one, or given up a report:
  // how many tickets it has is that person's affair.
  bool touched = false;
};

class World {
 public:
  // With `traced`, `trace` tells what happens.
  World(std::uint64_t seed, bool traced);

  Random random;
  Settings settings;
  FakeClock clock;
  incident::MemoryStore store;
  incident::FakeOpCon opcon;
  incident::FakeServiceNow servicenow;
  std::vector<SimulatedJob> jobs;
  std::vector<TrueRun> runs;
  // Whether tickets are watched, and jobs with open ones looked at.
  bool watched = false;
  // By sys_id.
  std::map<std::string, Moves> moves;
  // Incidents that a person deleted.
  std::vector<incident::FakeIncident> deleted;
  bool somebody_discarded = false;
  // Something else than a failure was reported of a run, which has its log too.
  bool other_events = false;
  std::vector<std::string> trace;
  std::vector<std::string> violations;

  std::shared_ptr<const incident::TemplateSet> Templates() const;
  void Note(absl::string_view what);
  void Violation(const std::string& what);
  // Notes what is there now.
  void NoteState();

  // Something happens: a job fails, a person interferes, the weather changes.
  void Happen();
  // Delivers the reports that are on their way for long enough.
  void Deliver();
  // From now on nothing fails any more, and what is on its way arrives.
  void CalmDown();
  // Every job fails once more, and everybody hears of it.
  void FailEverything();

  // An error for a call, or OK, as the weather is.
  absl::Status Fault(bool may_have_happened);

 private:
  struct OnItsWay {
    ::incident::v1::Report report;
    absl::Time due;
    int copies = 1;
    // The failed run that it tells of; -1: none.
    int run = -1;
  };

  void Define(const std::string& date, const std::string& name,
              std::vector<std::string> templates);
  void FailJob(SimulatedJob& job);
  void Report(const SimulatedJob& job, ::incident::v1::EventKind kind, int run);
  void Send(const SimulatedJob& job, const std::string& template_name,
            ::incident::v1::EventKind kind, int run);
  void DeliverOne(const OnItsWay& one);
  void ChangeIncident();
  void DeleteIncident();
  void EditField(SimulatedJob& job);
  void Rebuild(SimulatedJob& job);
  void DecideOnReport();
  void MarkTouched(const incident::FakeIncident& incident);

  const bool traced_;
  std::vector<OnItsWay> on_their_way_;
  int last_request_ = 0;
  int last_ticket_ = 9000000;
  // In so many of a thousand calls something goes wrong.
  int weather_ = 0;
  bool calm_ = false;
  // Jobs whose events OpCon still processes, and until when.
  std::map<std::string, absl::Time> processing_;
};

}  // namespace opcon_snow::simulation

#endif  // OPCON_SNOW_TESTS_SIMULATION_WORLD_H_
