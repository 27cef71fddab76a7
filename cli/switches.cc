#include "cli/switches.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/nearest.h"

namespace opcon_snow::cli {
namespace {

constexpr std::array kSwitches = {
    Switch{SwitchId::kMachine, "-a", "--machine", "MACHINE", "$MACHINE NAME",
           "the machine that ran the job"},
    Switch{SwitchId::kSchedule, "-s", "--schedule", "SCHEDULE",
           "$SCHEDULE NAME", "the full daily schedule name"},
    Switch{SwitchId::kJob, "-jn", "--job", "JOB", "$JOB NAME",
           "the full daily job name; required"},
    Switch{SwitchId::kTermination, "-e", "--termination", "TERMINATION",
           "$JOB TERMINATION", "the exit condition"},
    Switch{SwitchId::kScheduleDate, "-sd", "--schedule-date", "DATE",
           "$SCHEDULE DATE-SNOW",
           "the day of the schedule, best as yyyy-MM-dd; required"},
    Switch{SwitchId::kScheduleId, "-si", "--schedule-id", "SCHEDULE_ID",
           "$SCHEDULE ID", "the number of the schedule; required"},
    Switch{SwitchId::kScheduleInstance, "-sn", "--schedule-instance",
           "INSTANCE", "$SCHEDULE INST",
           "the instance of the schedule on that day; required"},
    Switch{SwitchId::kTemplate, "-t", "--template", "TEMPLATE", "",
           "the template, such as basic.json; default: routing decides"},
    Switch{SwitchId::kKind, "", "--kind", "KIND", "",
           "what happened, such as job_failed (the default)"},
    Switch{SwitchId::kOpcon, "", "--opcon", "NAME", "",
           "the OpCon instance; default: the service's default"},
    Switch{SwitchId::kNotificationId, "", "--notification-id", "ID",
           "$NOTIFYID", "OpCon's id of the notification"},
    Switch{SwitchId::kJobNumber, "", "--job-number", "NUMBER", "$JOBID",
           "the number of the run"},
    Switch{SwitchId::kWait, "", "--wait", "", "",
           "wait until the ticket exists (60s, or --timeout)"},
    Switch{SwitchId::kDryRun, "", "--dry-run", "", "",
           "have the command line checked, report nothing"},
    Switch{SwitchId::kServer, "", "--server", "HOST:PORT", "",
           "the incident service; default 127.0.0.1:7470"},
    Switch{SwitchId::kConfig, "", "--config", "FILE", "",
           "the configuration (YAML)"},
    Switch{SwitchId::kOutput, "", "--output", "FORMAT", "",
           "table (the default) or json"},
    Switch{SwitchId::kTimeout, "", "--timeout", "DURATION", "",
           "how long a call may take, 100ms to 10m; default 5s"},
    Switch{SwitchId::kTlsCa, "", "--tls-ca", "FILE", "",
           "PEM file of the authorities to trust, or \"system\""},
    Switch{SwitchId::kTlsCert, "", "--tls-cert", "FILE", "",
           "PEM file of the client certificate"},
    Switch{SwitchId::kTlsKey, "", "--tls-key", "FILE", "",
           "PEM file of its private key"},
    Switch{SwitchId::kTokenFile, "", "--token-file", "FILE", "",
           "file with the bearer token to show to the service"},
    Switch{SwitchId::kSpoolDir, "", "--spool-dir", "DIRECTORY", "",
           "where reports wait while the service cannot be reached"},
};

}  // namespace

std::string Switch::BothNames() const {
  if (short_name.empty()) return std::string(long_name);
  return absl::StrCat(short_name, " (", long_name, ")");
}

std::span<const Switch> AllSwitches() { return kSwitches; }

const Switch& GetSwitch(SwitchId id) {
  return *std::find_if(kSwitches.begin(), kSwitches.end(),
                       [id](const Switch& s) { return s.id == id; });
}

const Switch* FindSwitch(absl::string_view name) {
  if (name.empty()) return nullptr;
  for (const Switch& s : kSwitches) {
    if (name == s.long_name || name == s.short_name) return &s;
  }
  return nullptr;
}

const Switch* NearestSwitch(absl::string_view name) {
  std::vector<absl::string_view> names;
  names.reserve(kSwitches.size());
  for (const Switch& s : kSwitches) names.push_back(s.long_name);
  return FindSwitch(Nearest(name, names));
}

std::string MendDashes(absl::string_view token) {
  static constexpr std::array<absl::string_view, 3> kLookAlikes = {
      "\u2013", "\u2014", "\u2212"};
  bool mended = false;
  for (bool found = true; found;) {
    found = absl::ConsumePrefix(&token, "-");
    for (const absl::string_view dash : kLookAlikes) {
      if (absl::ConsumePrefix(&token, dash)) found = mended = true;
    }
  }
  if (!mended) return "";
  // A word processor makes one dash of two.
  for (const absl::string_view start : {"-", "--"}) {
    std::string name = absl::StrCat(start, token);
    if (FindSwitch(name) != nullptr) return name;
  }
  return "";
}

}  // namespace opcon_snow::cli
