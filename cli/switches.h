#ifndef OPCON_SNOW_CLI_SWITCHES_H_
#define OPCON_SNOW_CLI_SWITCHES_H_

// The switches of `incidentctl report` and `recovered`, in both styles: those
// of the connector that this suite replaces (-jn) and long ones (--job).

#include <span>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::cli {

enum class SwitchId {
  kMachine,
  kSchedule,
  kJob,
  kTermination,
  kScheduleDate,
  kScheduleId,
  kScheduleInstance,
  kTemplate,
  kKind,
  kOpcon,
  kNotificationId,
  kJobNumber,
  kWait,
  kDryRun,
  // For every command; see settings.h.
  kServer,
  kConfig,
  kOutput,
  kTimeout,
  kTlsCa,
  kTlsCert,
  kTlsKey,
  kTokenFile,
  kSpoolDir,
};

struct Switch {
  SwitchId id;
  // "-jn"; empty if there is only the long one.
  absl::string_view short_name;
  // "--job".
  absl::string_view long_name;
  // What stands for the value in texts: "JOB"; empty if it takes none.
  absl::string_view value;
  // The property of OpCon that gives the value: "$JOB NAME"; may be empty.
  absl::string_view property;
  // For --help.
  absl::string_view help;

  bool TakesValue() const { return !value.empty(); }
  // Whether every command has it, and not only a report.
  bool IsGlobal() const { return id >= SwitchId::kServer; }
  // "-jn (--job)".
  std::string BothNames() const;
};

// All switches, in the order of --help.
std::span<const Switch> AllSwitches();

const Switch& GetSwitch(SwitchId id);

// By its short or long name as written; null if there is none.
const Switch* FindSwitch(absl::string_view name);

// The long name that `name` is probably a misspelling of; null if none is near.
const Switch* NearestSwitch(absl::string_view name);

// The name of the switch that `token` is after its dash was turned into an en
// dash, an em dash or a minus sign, as word processors do: "–jn" gives "-jn".
// Empty if it is not that.
std::string MendDashes(absl::string_view token);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_SWITCHES_H_
