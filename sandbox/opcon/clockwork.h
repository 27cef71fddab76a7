#ifndef OPCON_SNOW_SANDBOX_OPCON_CLOCKWORK_H_
#define OPCON_SNOW_SANDBOX_OPCON_CLOCKWORK_H_

// What happens by itself in the daily tables as time passes: planned jobs start
// when nothing stands in their way, are late, end; containers start and end
// with the schedule inside of them; at midnight schedules are built and old
// ones leave the daily tables.
//
// Everything happens in the order in which it was due and with that time, also
// when the clock is moved on by a day in one step.

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "sandbox/opcon/ids.h"
#include "sandbox/opcon/opcon_model.h"
#include "sandbox/opcon/stepped_clock.h"

namespace opcon_snow::sandbox::opcon {

// Not thread-safe. `model` and `clock`, the model's own, are not owned and must
// outlive this.
class Clockwork {
 public:
  // Daily schedules leave the daily tables at midnight so many days after
  // theirs, unless a job of them runs; 0: never.
  Clockwork(int keep_days, OpConModel* model, SteppedClock* clock);

  // Does what is due by now. Returns how many things happened.
  int Advance();

  // When the next thing will happen; the past if it is due.
  absl::Time NextDue();

  // The next midnight in OpCon's zone.
  absl::Time NextMidnight() const;

  // Forgets what it knew. To be called after the model or the clock was reset.
  void Reset();

 private:
  enum class EventKind { kStart, kLate, kEnd, kRelease };
  struct Event {
    absl::Time time = absl::InfiniteFuture();
    EventKind kind = EventKind::kStart;
    DailyJobId job;
  };

  void Refresh();
  Event NextOf(const DailySchedule& schedule) const;
  Event EventOf(const DailySchedule& schedule, const DailyJob& job) const;
  Event StartOf(const DailySchedule& schedule, const DailyJob& job) const;
  Event EndOfContainer(const DailyJob& job) const;
  void Happen(const Event& event);
  void Start(const DailyJob& job);
  void End(const DailyJob& job);
  void RollDay();

  const int keep_days_;
  OpConModel* const model_;
  SteppedClock* const clock_;
  absl::CivilDay day_;
  std::map<DailyScheduleId, Event> events_;  // the next one of each schedule
  std::set<std::pair<absl::Time, DailyScheduleId>> queue_;
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_CLOCKWORK_H_
