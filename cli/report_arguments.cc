#include "cli/report_arguments.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/command_line.h"
#include "cli/event_kind.h"
#include "cli/exit_code.h"
#include "cli/schedule_date.h"
#include "cli/switches.h"
#include "cli/text.h"
#include "common/status/utf8.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::JobEvent;
using ::incident::v1::JobKey;

// Limits of incident.v1, in characters.
constexpr std::size_t kMaxJobName = 128;
constexpr std::size_t kMaxText = 255;
constexpr std::size_t kMaxTemplate = 128;
constexpr std::size_t kMaxNotificationId = 64;
constexpr std::size_t kMaxOpcon = 63;

bool IsUnresolved(absl::string_view value) {
  // No name in OpCon holds these: job names have no brackets at all, schedule
  // names only single ones.
  return absl::StrContains(value, "[[") || absl::StrContains(value, "{{");
}

bool IsNone(absl::string_view value) {
  return value.empty() || absl::EqualsIgnoreCase(value, "N/A");
}

class Interpreter {
 public:
  Interpreter(CommandLine line, ReportCommand command)
      : line_(std::move(line)), command_(command) {
    result_.problems = std::move(line_.problems);
    result_.warnings = std::move(line_.warnings);
  }

  ReportArguments Run() && {
    ReadGlobals();
    result_.wait = line_.given.contains(SwitchId::kWait);
    result_.dry_run = line_.given.contains(SwitchId::kDryRun);
    JobEvent event;
    ReadKey(*event.mutable_job_key());
    ReadDetails(event);
    if (result_.problems.empty()) {
      result_.event = std::move(event);
    } else {
      result_.corrected = Corrected();
    }
    return std::move(result_);
  }

 private:
  void ReadGlobals() {
    GlobalFlags& globals = result_.globals;
    for (const auto& [id, target] :
         {std::pair{SwitchId::kServer, &globals.server},
          {SwitchId::kConfig, &globals.config},
          {SwitchId::kOutput, &globals.output},
          {SwitchId::kTimeout, &globals.timeout},
          {SwitchId::kTlsCa, &globals.tls_ca},
          {SwitchId::kTlsCert, &globals.tls_cert},
          {SwitchId::kTlsKey, &globals.tls_key},
          {SwitchId::kTokenFile, &globals.token_file},
          {SwitchId::kSpoolDir, &globals.spool_dir}}) {
      if (const Given* given = Find(id)) *target = given->value;
    }
  }

  void ReadKey(JobKey& key) {
    if (const Given* given = Required(SwitchId::kJob)) ReadJob(*given, key);
    if (const Given* given = Required(SwitchId::kScheduleDate)) {
      ReadDate(*given, key);
    }
    if (const Given* given = Required(SwitchId::kScheduleId)) {
      key.set_schedule_id(ReadNumber(SwitchId::kScheduleId, *given));
    }
    if (const Given* given = Required(SwitchId::kScheduleInstance)) {
      key.set_schedule_instance(
          ReadNumber(SwitchId::kScheduleInstance, *given));
    }
    // Left out, it would mean another instance, where a job may have this key.
    const Given* opcon = Optional(SwitchId::kOpcon);
    if (opcon == nullptr) return;
    if (CharacterCount(opcon->value) > kMaxOpcon) {
      AddData(SwitchId::kOpcon, *opcon,
              absl::StrCat("has more than ", kMaxOpcon, " characters"));
    }
    key.set_opcon(Clean(*opcon));
  }

  void ReadJob(const Given& given, JobKey& key) {
    const std::string& name = given.value;
    if (!IsValidUtf8(name)) {
      AddData(SwitchId::kJob, given, "is not UTF-8");
    } else if (HasControlCharacters(name)) {
      AddData(SwitchId::kJob, given, "has control characters in it");
    } else if (absl::StrContains(name, '|')) {
      AddData(SwitchId::kJob, given,
              "has a \"|\" in it, which no job name has; give the name alone, "
              "not the id of the daily job");
    } else if (CharacterCount(name) > kMaxJobName) {
      AddData(
          SwitchId::kJob, given,
          absl::StrCat("has ", CharacterCount(name),
                       " characters; a job name has at most ", kMaxJobName));
    } else {
      key.set_job_name(name);
    }
  }

  void ReadDate(const Given& given, JobKey& key) {
    const absl::StatusOr<std::chrono::year_month_day> date =
        ParseScheduleDate(given.value);
    if (!date.ok()) {
      AddData(SwitchId::kScheduleDate, given, date.status().message());
      return;
    }
    key.mutable_schedule_date()->set_year(static_cast<int>(date->year()));
    key.mutable_schedule_date()->set_month(
        static_cast<int>(static_cast<unsigned>(date->month())));
    key.mutable_schedule_date()->set_day(
        static_cast<int>(static_cast<unsigned>(date->day())));
  }

  std::int32_t ReadNumber(SwitchId id, const Given& given) {
    const std::optional<std::int32_t> number = WholeNumber(given.value);
    if (number && *number > 0) return *number;
    AddData(id, given,
            absl::StrCat("is not a whole number from 1 to ",
                         std::numeric_limits<std::int32_t>::max()));
    return 0;
  }

  // Digits only, with any number of leading zeros.
  static std::optional<std::int32_t> WholeNumber(absl::string_view text) {
    std::int32_t number = 0;
    const bool digits =
        text.find_first_not_of("0123456789") == absl::string_view::npos;
    if (!digits || !absl::SimpleAtoi(text, &number)) return std::nullopt;
    return number;
  }

  void ReadDetails(JobEvent& event) {
    ReadKind(event);
    event.set_schedule_name(CutIfTooLong(SwitchId::kSchedule));
    event.set_machine(CutIfTooLong(SwitchId::kMachine));
    event.set_termination(CutIfTooLong(SwitchId::kTermination));
    event.set_notification_id(
        DroppedIfTooLong(SwitchId::kNotificationId, kMaxNotificationId));
    result_.template_name = DroppedIfTooLong(SwitchId::kTemplate, kMaxTemplate);
    const Given* number = Optional(SwitchId::kJobNumber);
    if (number == nullptr) return;
    const std::optional<std::int32_t> value = WholeNumber(number->value);
    if (value) {
      event.set_job_number(*value);
    } else {
      Warn(*number, "is not a number and was left out");
    }
  }

  void ReadKind(JobEvent& event) {
    const bool recovered = command_ == ReportCommand::kRecovered;
    event.set_kind(recovered ? ::incident::v1::EVENT_KIND_RECOVERED
                             : ::incident::v1::EVENT_KIND_JOB_FAILED);
    const Given* given = Optional(SwitchId::kKind);
    if (given == nullptr) return;
    const auto kind = ParseEventKind(given->value);
    if (!kind) {
      AddData(SwitchId::kKind, *given,
              absl::StrCat("is none of ", EventKindNames()));
    } else if (recovered && *kind != ::incident::v1::EVENT_KIND_RECOVERED) {
      result_.problems.push_back(
          {kExitUsage, absl::StrCat("--kind ", Shown(given->value),
                                    " contradicts \"recovered\"; write "
                                    "\"report\" or leave --kind out")});
    } else {
      event.set_kind(*kind);
    }
  }

  const Given* Find(SwitchId id) const {
    const auto found = line_.given.find(id);
    return found == line_.given.end() ? nullptr : &found->second;
  }

  // The value of a switch without which nothing can be reported; null after
  // adding a problem.
  const Given* Required(SwitchId id) {
    const Switch& what = GetSwitch(id);
    const Given* given = Find(id);
    const std::string token =
        absl::StrCat("\"[[", what.property, "]]\" in Notification Manager");
    if (given == nullptr) {
      bad_.insert(id);
      result_.problems.push_back(
          {kExitUsage, absl::StrCat(what.BothNames(), " is missing: ",
                                    Purpose(what), ", ", token)});
      return nullptr;
    }
    if (IsUnresolved(given->value)) {
      AddData(id, *given, UnresolvedText());
      return nullptr;
    }
    if (IsNone(given->value)) {
      bad_.insert(id);
      const std::string found = given->value.empty()
                                    ? " has no value"
                                    : absl::StrCat(" is ", Shown(given->value));
      result_.problems.push_back(
          {kExitData, absl::StrCat(given->name, found, ", but it is required: ",
                                   Purpose(what), ", ", token)});
      return nullptr;
    }
    return given;
  }

  // The value of a switch that may be left out; null if there is none.
  const Given* Optional(SwitchId id) {
    const Given* given = Find(id);
    if (given == nullptr || IsNone(given->value)) return nullptr;
    if (!IsUnresolved(given->value)) return given;
    Warn(*given, absl::StrCat(UnresolvedText(), "; it was left out"));
    return nullptr;
  }

  static std::string UnresolvedText() {
    return "is a token that OpCon did not resolve; names of tokens are "
           "case-sensitive and must exist";
  }

  // The help of a required switch without the remark that it is one.
  static absl::string_view Purpose(const Switch& what) {
    return what.help.substr(0, what.help.find(';'));
  }

  // An optional text, made fit; details that are cut are still useful.
  std::string CutIfTooLong(SwitchId id) {
    const Given* given = Optional(id);
    if (given == nullptr) return "";
    std::string text = Clean(*given);
    if (CharacterCount(text) <= kMaxText) return text;
    Warn(*given, absl::StrCat("was cut after ", kMaxText, " characters"));
    return std::string(FirstCharacters(text, kMaxText));
  }

  // An optional name or id; a part of it would name something else.
  std::string DroppedIfTooLong(SwitchId id, std::size_t max) {
    const Given* given = Optional(id);
    if (given == nullptr) return "";
    std::string text = Clean(*given);
    if (CharacterCount(text) <= max) return text;
    Warn(*given,
         absl::StrCat("has more than ", max, " characters and was left out"));
    return "";
  }

  std::string Clean(const Given& given) {
    std::string text = WithoutControlCharacters(given.value);
    if (text != given.value) {
      Warn(given,
           "has characters in it that are not printable UTF-8; each "
           "became U+FFFD");
    }
    return text;
  }

  void AddData(SwitchId id, const Given& given, absl::string_view what) {
    bad_.insert(id);
    result_.problems.push_back(
        {kExitData,
         absl::StrCat(given.name, " ", Shown(given.value), " ", what)});
  }

  void Warn(const Given& given, absl::string_view what) {
    result_.warnings.push_back(
        absl::StrCat(given.name, " ", Shown(given.value), " ", what));
  }

  std::string Corrected() const {
    static constexpr SwitchId kKey[] = {SwitchId::kJob, SwitchId::kScheduleDate,
                                        SwitchId::kScheduleId,
                                        SwitchId::kScheduleInstance};
    std::string text = command_ == ReportCommand::kReport
                           ? "incidentctl report"
                           : "incidentctl recovered";
    for (const Switch& what : AllSwitches()) {
      const Given* given = Find(what.id);
      const bool key = std::find(std::begin(kKey), std::end(kKey), what.id) !=
                       std::end(kKey);
      const bool bad = bad_.contains(what.id) || (key && given == nullptr);
      if (!bad && (given == nullptr || IsNoValue(what, *given))) continue;
      const absl::string_view name = given != nullptr ? given->name
                                     : what.short_name.empty()
                                         ? what.long_name
                                         : what.short_name;
      absl::StrAppend(&text, " ", name);
      if (!what.TakesValue()) continue;
      absl::StrAppend(&text, " ",
                      bad ? std::string(what.value)
                          : Quoted(ForTerminal(given->value, kMaxText)));
    }
    return text;
  }

  static bool IsNoValue(const Switch& what, const Given& given) {
    return what.TakesValue() &&
           (IsNone(given.value) || IsUnresolved(given.value));
  }

  CommandLine line_;
  ReportCommand command_;
  ReportArguments result_;
  std::set<SwitchId> bad_;
};

}  // namespace

ReportArguments ReadReportArguments(const std::vector<std::string>& arguments,
                                    ReportCommand command) {
  return Interpreter(ReadCommandLine(arguments), command).Run();
}

std::string ReportHelp(ReportCommand command) {
  const bool recovered = command == ReportCommand::kRecovered;
  std::string text =
      recovered
          ? "usage: incidentctl recovered SWITCHES\n\n"
            "Reports that a job is well again. Opens no ticket; concerns the "
            "ticket that is open.\n"
          : "usage: incidentctl report SWITCHES\n"
            "       incidentctl SWITCHES\n\n"
            "Reports what happened to a job. Returns when the report is "
            "stored, by the service\nor in the spool.\n";
  absl::StrAppend(&text, "\n");
  for (const Switch& what : AllSwitches()) {
    std::string names = absl::StrCat(
        "  ",
        what.short_name.empty() ? "" : absl::StrCat(what.short_name, ", "),
        what.long_name, what.TakesValue() ? " " : "", what.value);
    names.resize(std::max<std::size_t>(names.size() + 2, 36), ' ');
    absl::StrAppend(&text, names, what.help, "\n");
  }
  absl::StrAppend(
      &text,
      "\nA value with blanks may go without quotes if it has no word that is a "
      "switch.\nN/A and nothing mean: no value. KIND is one of ",
      EventKindNames(), ".\n\nIn Notification Manager:\n  incidentctl ",
      recovered ? "recovered" : "report",
      " -a \"[[$MACHINE NAME]]\" -s \"[[$SCHEDULE NAME]]\" "
      "-jn \"[[$JOB NAME]]\" -e \"[[$JOB TERMINATION]]\" "
      "-sd \"[[$SCHEDULE DATE-SNOW]]\" -si \"[[$SCHEDULE ID]]\" "
      "-sn \"[[$SCHEDULE INST]]\" -t basic.json\n");
  return text;
}

}  // namespace opcon_snow::cli
