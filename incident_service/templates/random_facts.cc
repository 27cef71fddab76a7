#include "incident_service/templates/random_facts.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rapidcheck.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

google::protobuf::Timestamp Timestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(absl::ToUnixSeconds(time));
  return timestamp;
}

bool Often() { return *rc::gen::inRange(0, 4) != 0; }

}  // namespace

std::string RandomText() {
  static const auto* const kPieces = new std::vector<std::string>{
      "{{", "}}", "{{#tags}}",  "{{/tags}}", "{{=<% %>=}}", "{0}",  "{9}",
      "\"", "\\", "\n",         "\r\n",      "\t",          "^",    ",",
      "|",  "<",  "&amp;",      "'",         ":",           "\x01", "\x7f",
      "ü",  "€",  "\U0001F600", "<snow>",    "</snow>",     " ",    "%2F"};
  std::string text;
  const int pieces = *rc::gen::inRange(0, 12);
  for (int i = 0; i < pieces; ++i) {
    if (*rc::gen::arbitrary<bool>()) {
      text += *rc::gen::elementOf(*kPieces);
    } else {
      text += static_cast<char>(*rc::gen::inRange(32, 127));
    }
  }
  // Longer than anything that ServiceNow takes.
  if (*rc::gen::inRange(0, 10) != 0) return text;
  std::string many;
  while (!text.empty() && many.size() < 5000) many += text;
  return many;
}

absl::Time RandomMoment() {
  if (!Often()) {
    return absl::FromUnixSeconds(
        *rc::gen::inRange<std::int64_t>(-60'000'000'000, 250'000'000'000));
  }
  // 2025 to 2027.
  const absl::Time time = absl::FromUnixSeconds(
      *rc::gen::inRange<std::int64_t>(1735689600, 1830297600));
  absl::TimeZone zone;
  if (!absl::LoadTimeZone("Europe/Vienna", &zone)) return time;
  absl::TimeZone::CivilTransition change;
  if (*rc::gen::arbitrary<bool>() && zone.NextTransition(time, &change)) {
    const absl::Time at = zone.At(change.from).pre;
    return at + absl::Minutes(*rc::gen::inRange(-150, 151));
  }
  const absl::Time midnight =
      absl::FromCivil(absl::CivilDay(zone.At(time).cs), zone);
  return midnight + absl::Seconds(*rc::gen::inRange(-90, 91));
}

TemplateFacts RandomFacts::facts() const {
  TemplateFacts facts{failure, job};
  facts.previous_ticket = previous_ticket;
  facts.context = context;
  return facts;
}

RandomFacts DrawFacts(const std::vector<std::string>& tags) {
  RandomFacts drawn;
  v1::Failure& failure = drawn.failure;
  failure.set_failure_id("0123456789abcdef0123456789abcdef");
  failure.set_kind(static_cast<v1::EventKind>(*rc::gen::inRange(-3, 20)));
  failure.set_schedule_name(RandomText());
  failure.set_machine(RandomText());
  failure.set_termination(Often() ? absl::StrCat(*rc::gen::inRange(-20, 100))
                                  : RandomText());
  failure.set_job_number(*rc::gen::arbitrary<int>());
  v1::JobKey& key = *failure.mutable_job_key();
  key.set_job_name(RandomText());
  key.set_schedule_id(*rc::gen::arbitrary<int>());
  key.set_schedule_instance(*rc::gen::arbitrary<int>());
  key.mutable_schedule_date()->set_year(*rc::gen::inRange(0, 10000));
  key.mutable_schedule_date()->set_month(*rc::gen::inRange(0, 13));
  key.mutable_schedule_date()->set_day(*rc::gen::inRange(0, 32));
  ::opcon::v1::DailyJob& job = drawn.job;
  if (Often()) *failure.mutable_run_end_time() = Timestamp(RandomMoment());
  if (Often()) *job.mutable_start_time() = Timestamp(RandomMoment());
  if (!Often()) *job.mutable_end_time() = Timestamp(RandomMoment());
  if (!Often()) {
    job.mutable_start_time()->set_seconds(*rc::gen::elementOf(
        std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min(),
                                  std::numeric_limits<std::int64_t>::max()}));
  }
  job.mutable_utc_offset()->set_seconds(
      Often() ? 3600 * *rc::gen::inRange(-12, 15) : *rc::gen::arbitrary<int>());
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    job.add_tags(!tags.empty() && Often() ? *rc::gen::elementOf(tags)
                                          : RandomText());
  }
  job.mutable_documentation()->set_job_text(
      Often() ? RandomText() : absl::StrCat("<snow>", RandomText(), "</snow>"));
  job.mutable_status()->set_description(RandomText());
  job.set_unique_job_id(Often() ? RandomText() : "");
  job.set_department(RandomText());
  (*job.mutable_properties())[RandomText()] = RandomText();
  drawn.context.set_log_tail(RandomText());
  drawn.context.add_last_runs(RandomText());
  drawn.previous_ticket = Often() ? "" : RandomText();
  return drawn;
}

}  // namespace opcon_snow::incident
