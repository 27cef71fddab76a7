#ifndef OPCON_SNOW_TESTS_HARNESS_HOSTILE_NAMES_H_
#define OPCON_SNOW_TESTS_HARNESS_HOSTILE_NAMES_H_

// Names that are legal in OpCon, whatever people may think of them, and the
// commands that carry them in Notification Manager.

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "tests/harness/jobs.h"

namespace opcon_snow::harness {

// What the connector that the suite replaces documents behind its program.
inline constexpr char kIncumbentsArguments[] =
    "-a [[$MACHINE NAME]] -s [[$SCHEDULE NAME]] -jn [[$JOB NAME]] "
    "-e [[$JOB TERMINATION]] -sd [[$SCHEDULE DATE-SNOW]] "
    "-si [[$SCHEDULE ID]] -sn [[$SCHEDULE INST]] -t basic.json";

// The same with quotes, as docs/installing_the_command.md has it.
inline constexpr char kQuotedArguments[] =
    "-a \"[[$MACHINE NAME]]\" -s \"[[$SCHEDULE NAME]]\" "
    "-jn \"[[$JOB NAME]]\" -e \"[[$JOB TERMINATION]]\" "
    "-sd \"[[$SCHEDULE DATE-SNOW]]\" -si \"[[$SCHEDULE ID]]\" "
    "-sn \"[[$SCHEDULE INST]]\" -t basic.json";

struct HostileName {
  std::string text;
  // Without quotes it falls apart, and is kept for a person at best.
  bool needs_quotes = false;
};

inline std::vector<HostileName> HostileJobNames() {
  return {{"JOB001"},
          {"A"},
          {"0001"},
          {std::string(128, 'J')},
          {"Load GL"},
          {"Load GL$0001"},
          {"Load GL_West_2"},
          {"Load  two blanks", true},
          {"Load - West"},
          {"Load -x West"},
          {"Load -sd West", true},
          {"Load -t", true},
          {"-begins with a hyphen"},
          {"-1"},
          {"--begins with two", true},
          {"--help me", true},
          {"--wait for it", true},
          {"- -- ---"},
          {"Load \u2013 West"},
          {"N/A.2"},
          {"Not N/A"},
          {"2026-01-05"},
          {"report"},
          {"recovered"},
          {"reports list"},
          {"$JOB NAME"},
          {"$0001"},
          {"x$y$z"},
          {"$HOME ~root"},
          {"#comment"},
          {"JOB@HOST"},
          {"JOB~1"},
          {"JOB^2^ORnumber"},
          {"`id`"},
          {"JOB+1 +2"},
          {"JOB:1"},
          {"C:/jobs/nightly"},
          {"../../etc/passwd"},
          {"JOB.1."},
          {"_under_score_"},
          {"null"},
          {"Gr\u00f6\u00dfe pr\u00fcfen"},
          {"\u00e9 e\u0301 n\u0303"},
          {"\u65e5\u672c\u8a9e \u30b8\u30e7\u30d6"},
          {"\u0395\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac"},
          {"\u05e2\u05d1\u05e8\u05d9\u05ea 7"},
          {"launch \U0001f680"}};
}

// Job number `i` of them, in a schedule with instances or a sub-schedule within
// others.
inline Job HostileJob(const HostileName& name, std::size_t i) {
  constexpr std::array<const char*, 6> kSchedules = {
      "Payroll",
      "Month End$0002",
      "Month End_West",
      "Parent_Container[Sub]",
      "Parent_Load GL[Sub_Inner_2[Deep Sub]]",
      "\u65e5\u6b21 [Sub] - Ost"};
  constexpr std::array<const char*, 4> kMachines = {"GENP001", "", "WIN SRV 02",
                                                    "h\u00f4te.example.com"};
  return {.date = "2026-01-05",
          .schedule = kSchedules[i % kSchedules.size()],
          .schedule_id = static_cast<int>(1 + i % kSchedules.size()),
          .schedule_instance = static_cast<int>(1 + i % 3),
          .name = name.text,
          .machine = kMachines[i % kMachines.size()]};
}

}  // namespace opcon_snow::harness

#endif  // OPCON_SNOW_TESTS_HARNESS_HOSTILE_NAMES_H_
