#ifndef OPCON_SNOW_SANDBOX_OPCON_TIMED_ACTIONS_H_
#define OPCON_SNOW_SANDBOX_OPCON_TIMED_ACTIONS_H_

// Actions that were accepted and are carried out later, by id. Ids grow with
// the time of submission, so what is still to be done stands at the end, and
// asking for it costs nothing however many were done before.

#include <map>
#include <utility>

#include "absl/time/time.h"

namespace opcon_snow::sandbox::opcon {

// An action is due after `delay`, or when it is asked for the `polls`-th time
// (0: asking does not hurry it), whichever comes first.
struct ActionPolicy {
  absl::Duration delay = absl::Milliseconds(20);
  int polls = 0;
  // Answers are kept this long; later the id is unknown.
  absl::Duration expiry = absl::Minutes(10);
};

enum class ActionResult { kSubmitted, kSuccess, kFailed };

// `Action` has `id`, `result`, `submitted` and `polls`. Not thread-safe.
template <class Action>
class TimedActions {
 public:
  // With an id above all before.
  const Action& Add(Action action) {
    const int id = action.id;
    return actions_.emplace(id, std::move(action)).first->second;
  }

  // Counts a poll, and carries out what is due by it. nullptr: never given, or
  // forgotten.
  template <class CarryOut>
  const Action* Poll(int id, const ActionPolicy& policy, CarryOut carry_out) {
    const auto found = actions_.find(id);
    if (found == actions_.end()) return nullptr;
    Action& action = found->second;
    if (++action.polls == policy.polls && IsOpen(action)) carry_out(action);
    return &action;
  }

  // Carries out, in the order of submission, what is due by time, and forgets
  // what is too old.
  template <class CarryOut>
  void Advance(absl::Time now, const ActionPolicy& policy, CarryOut carry_out) {
    for (auto it = FirstOpen(); it != actions_.end(); ++it) {
      if (it->second.submitted + policy.delay > now) break;
      if (IsOpen(it->second)) carry_out(it->second);
    }
    auto kept = actions_.begin();
    while (kept != actions_.end() &&
           kept->second.submitted + policy.expiry < now) {
      ++kept;
    }
    actions_.erase(actions_.begin(), kept);
  }

  // When the next one will be due by time; infinite if none is to be done.
  absl::Time NextDue(const ActionPolicy& policy) const {
    const auto first = FirstOpen();
    if (first == actions_.end()) return absl::InfiniteFuture();
    return first->second.submitted + policy.delay;
  }

  bool Erase(int id) { return actions_.erase(id) != 0; }
  void Clear() {
    actions_.clear();
    first_open_ = 0;
  }
  const std::map<int, Action>& all() const { return actions_; }

 private:
  static bool IsOpen(const Action& action) {
    return action.result == ActionResult::kSubmitted;
  }

  auto FirstOpen() const { return FirstOpenIn(actions_); }
  auto FirstOpen() { return FirstOpenIn(actions_); }
  template <class Map>
  auto FirstOpenIn(Map& actions) const {
    auto it = actions.lower_bound(first_open_);
    while (it != actions.end() && !IsOpen(it->second)) {
      first_open_ = it->first + 1;
      ++it;
    }
    return it;
  }

  std::map<int, Action> actions_;
  // None before it is open. Moves on when somebody looks.
  mutable int first_open_ = 0;
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_TIMED_ACTIONS_H_
