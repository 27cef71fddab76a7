#include "incident_service/watchers/ticket_watcher.h"

#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/trace/span.h"
#include "incident_service/identity.h"
#include "incident_service/store/ticket_links.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/failpoint.h"
#include "incident_service/workflow/follow_policy.h"
#include "incident_service/workflow/follow_report.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace sn = ::servicenow::v1;
using ::incident_store::v1::WatchState;

// How far the clocks of ServiceNow and of this machine may differ at the first
// round; later ones go by ServiceNow's alone.
constexpr absl::Duration kClocksDiffer = absl::Hours(1);
// After so long nobody wants what was missed: as long as the workflow tries.
constexpr absl::Duration kTooLate = absl::Hours(24 * 7);
// The gateway's bound for one query by sys_id.
constexpr std::size_t kSweepAtOnce = 100;
constexpr int kLinksPage = 1000;

std::tuple<absl::Time, std::string> CursorOf(const WatchState& state) {
  return {ToTime(state.cursor_time()), state.cursor_sys_id()};
}

// A closed ticket is nobody's business any more.
bool IsOpen(const v1::TicketLink& link) {
  const std::string& state = link.ticket_state_value();
  return !link.gone() &&
         state != absl::StrCat(static_cast<int>(sn::INCIDENT_STATE_CLOSED)) &&
         state != absl::StrCat(static_cast<int>(sn::INCIDENT_STATE_CANCELED));
}

}  // namespace

struct TicketWatcher::Round {
  std::string instance;
  std::string integration_user;
  // False: what is found is only taken for seen.
  bool triggers = true;
  absl::Time now;
  // What is written next.
  Store::WatchCommit commit;
};

TicketWatcher::TicketWatcher(TicketWatcherOptions options,
                             TicketWatcherDependencies dependencies)
    : options_(std::move(options)),
      d_(std::move(dependencies)),
      directory_(d_.opcon, d_.servicenow, d_.clock),
      loop_("ticket_watcher", options_.interval, d_.clock,
            [this] { return Look(); }) {}

absl::Status TicketWatcher::Look() {
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<std::string> instances,
                              WatchedInstances());
  absl::Status first;
  for (const std::string& instance : instances) {
    const absl::Status looked = LookAt(instance);
    // Another replica looks now.
    if (GetErrorReason(looked) == "CLAIM_LOST") continue;
    first.Update(WithContext(
        looked, absl::StrCat("watching the tickets in ", instance)));
  }
  return first;
}

absl::StatusOr<std::vector<std::string>> TicketWatcher::WatchedInstances() {
  std::set<std::string> names;
  for (const auto& loaded : d_.templates()->all()) {
    if (!Follows(loaded->config().state_sync())) continue;
    OPCON_SNOW_ASSIGN_OR_RETURN(
        std::string name,
        directory_.ServiceNowName(loaded->config().servicenow()));
    names.insert(std::move(name));
  }
  return std::vector<std::string>(names.begin(), names.end());
}

absl::Status TicketWatcher::LookAt(const std::string& instance) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::optional<ClaimedWatch> watch,
      d_.store->ClaimWatch(absl::StrCat("tickets/", instance), options_.worker,
                           WatchLease(options_.interval)));
  if (!watch.has_value()) return absl::OkStatus();
  Round round;
  round.instance = instance;
  round.now = d_.clock->Now();
  round.commit.claim = watch->claim;
  round.commit.state = watch->state;
  OPCON_SNOW_ASSIGN_OR_RETURN(round.integration_user,
                              directory_.IntegrationUser(instance));
  WatchState& state = round.commit.state;
  round.triggers = state.has_round_time() &&
                   round.now - ToTime(state.round_time()) <= kTooLate;
  if (!round.triggers) {
    state.Clear();
    SetTime(round.now - kClocksDiffer, state.mutable_cursor_time());
    SetTime(round.now, state.mutable_cursor_move_time());
    state.set_caught_up(true);
    log::Info("ticket_watcher.begins", {{"servicenow", instance}});
  }
  if (!state.has_sweep_time() ||
      round.now - ToTime(state.sweep_time()) >= options_.sweep_interval) {
    OPCON_SNOW_RETURN_IF_ERROR(Sweep(&round));
  }
  OPCON_SNOW_RETURN_IF_ERROR(LookAtChanges(&round));
  SetTime(round.now, state.mutable_round_time());
  return Commit(&round);
}

absl::Status TicketWatcher::LookAtChanges(Round* round) {
  WatchState& state = round->commit.state;
  sn::ListIncidentsRequest request;
  request.set_instance(round->instance);
  request.set_page_size(options_.page_size);
  if (state.caught_up() &&
      round->now - ToTime(state.cursor_move_time()) < 2 * options_.overlap) {
    SetTime(ToTime(state.cursor_time()) - options_.overlap,
            request.mutable_updated_since_time());
  } else {
    *request.mutable_updated_since_time() = state.cursor_time();
    request.set_updated_since_sys_id(state.cursor_sys_id());
  }
  for (int page = 1;; ++page) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const sn::ListIncidentsResponse reply,
                                d_.servicenow->ListIncidents(request));
    for (const sn::Incident& incident : reply.incidents()) {
      OPCON_SNOW_RETURN_IF_ERROR(Consider(incident, round));
    }
    const bool last = reply.next_page_token().empty();
    const bool cut_off = !last && page >= options_.most_pages;
    if (reply.incidents_size() > 0) {
      const sn::Incident& end = reply.incidents(reply.incidents_size() - 1);
      // A round that is cut off within the overlap goes on from there.
      if (cut_off || std::tuple(ToTime(end.update_time()), end.sys_id()) >
                         CursorOf(state)) {
        *state.mutable_cursor_time() = end.update_time();
        state.set_cursor_sys_id(end.sys_id());
        SetTime(round->now, state.mutable_cursor_move_time());
      }
    }
    state.set_caught_up(last);
    if (last || cut_off) return absl::OkStatus();
    OPCON_SNOW_RETURN_IF_ERROR(Commit(round));
    request.set_page_token(reply.next_page_token());
  }
}

absl::Status TicketWatcher::Sweep(Round* round) {
  std::string after;
  do {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Page<v1::TicketLink> page,
        d_.store->ListLinks({.servicenow = round->instance}, after,
                            kLinksPage));
    std::vector<v1::TicketLink> some;
    for (v1::TicketLink& link : page.records) {
      if (IsOpen(link)) some.push_back(std::move(link));
      if (some.size() < kSweepAtOnce) continue;
      OPCON_SNOW_RETURN_IF_ERROR(SweepSome(some, round));
      some.clear();
    }
    if (!some.empty()) OPCON_SNOW_RETURN_IF_ERROR(SweepSome(some, round));
    after = page.next;
  } while (!after.empty());
  SetTime(round->now, round->commit.state.mutable_sweep_time());
  return absl::OkStatus();
}

absl::Status TicketWatcher::SweepSome(const std::vector<v1::TicketLink>& links,
                                      Round* round) {
  sn::ListIncidentsRequest request;
  request.set_instance(round->instance);
  request.set_page_size(options_.page_size);
  for (const v1::TicketLink& link : links) {
    request.add_sys_ids(link.ticket().sys_id());
  }
  std::set<std::string> there;
  do {
    OPCON_SNOW_ASSIGN_OR_RETURN(const sn::ListIncidentsResponse reply,
                                d_.servicenow->ListIncidents(request));
    for (const sn::Incident& incident : reply.incidents()) {
      there.insert(incident.sys_id());
      OPCON_SNOW_RETURN_IF_ERROR(Consider(incident, round));
    }
    request.set_page_token(reply.next_page_token());
  } while (!request.page_token().empty());
  for (const v1::TicketLink& link : links) {
    if (there.count(link.ticket().sys_id()) > 0) continue;
    log::Warning("ticket_watcher.ticket_gone",
                 {{"servicenow", round->instance},
                  {"ticket", link.ticket().number()},
                  {"job", JobKeyText(link.job_key())}});
    round->commit.tickets.push_back(SeenGone(link, round->now));
  }
  return Commit(round);
}

absl::Status TicketWatcher::Consider(const sn::Incident& incident,
                                     Round* round) {
  v1::TicketRef ticket;
  ticket.set_servicenow(round->instance);
  ticket.set_number(incident.number());
  ticket.set_sys_id(incident.sys_id());
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<v1::TicketLink> links,
                              LinksOfTicket(d_.store, ticket));
  if (links.empty()) return absl::OkStatus();
  const v1::TicketLink* const link = &links.front();
  const bool moved = incident.state_value() != link->ticket_state_value();
  // What was read here is older than what is known already.
  const bool older =
      incident.modification_count() < link->ticket_modification_count();
  if (older || (!moved && !link->gone())) return absl::OkStatus();
  Store::SeenTicket seen = SeenAs(*link, incident, round->now);
  if (moved) seen.report = ReportOf(*link, incident, *round);
  round->commit.tickets.push_back(std::move(seen));
  return absl::OkStatus();
}

std::optional<Store::NewReport> TicketWatcher::ReportOf(
    const v1::TicketLink& link, const sn::Incident& incident,
    const Round& round) const {
  const bool only_noted =
      link.noted_modification_count() > 0 &&
      link.noted_modification_count() == incident.modification_count();
  const bool own = !round.integration_user.empty() &&
                   incident.updated_by() == round.integration_user &&
                   !only_noted;
  const std::shared_ptr<const Template> chosen =
      d_.templates()->Find(link.template_());
  if (!round.triggers || own || chosen == nullptr) return std::nullopt;
  const ::config::v1::StateSync& config = chosen->config().state_sync();
  if (!Follows(config) || ActionFor(config, incident.state()) ==
                              ::opcon::v1::JOB_ACTION_KIND_UNSPECIFIED) {
    return std::nullopt;
  }
  const v1::TicketChange change = ChangeOf(link, incident);
  Store::NewReport found = FollowReport(
      link, change,
      absl::StrCat(
          "ticket-",
          Fingerprint({link.ticket().servicenow(), change.SerializeAsString(),
                       absl::StrCat(incident.modification_count())})),
      "ticket watcher",
      config.mode() == ::config::v1::STATE_SYNC_MODE_VERIFY
          ? options_.verify_after
          : absl::ZeroDuration());
  found.trace_parent = trace::BeginTrace("ticket_watcher found");
  return found;
}

absl::Status TicketWatcher::Commit(Round* round) {
  const absl::StatusOr<int> added = BetweenFailpoints(
      "commit.WATCH", [&] { return d_.store->CommitWatch(round->commit); });
  OPCON_SNOW_RETURN_IF_ERROR(added.status());
  if (*added > 0) {
    CountActions("ticket_watcher", *added);
    log::Info("ticket_watcher.found",
              {{"servicenow", round->instance}, {"moves", *added}});
  }
  round->commit.tickets.clear();
  // A long round goes on as long as nobody else has begun one.
  return d_.store
      ->ClaimWatch(round->commit.claim.name, options_.worker,
                   WatchLease(options_.interval))
      .status();
}

}  // namespace opcon_snow::incident
