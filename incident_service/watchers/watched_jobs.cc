#include "incident_service/watchers/watched_jobs.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/config/validate.h"
#include "incident_service/templates/facts.h"

namespace opcon_snow::incident {
namespace {

using config::FieldPath;

constexpr int kMaxEntries = 200;
constexpr int kMaxMatchers = 50;

// What a condition may name: nothing that would have to be fetched.
const MustacheValues& NamesOfJobs() {
  static const MustacheValues* const names = [] {
    auto* values = new MustacheValues(KnownNames());
    values->values.erase(kLogTail);
    return values;
  }();
  return *names;
}

const std::map<std::string, WorkingHours>& NoWorkingHours() {
  static const auto* const none = new std::map<std::string, WorkingHours>();
  return *none;
}

}  // namespace

std::shared_ptr<const WatchedJobs> WatchedJobs::Compile(
    const Configs& configs, absl::string_view path, config::Faults* faults) {
  const std::size_t before = faults->size();
  if (configs.size() > kMaxEntries) {
    faults->Add(path, absl::StrCat("has ", configs.size(), " entries; at most ",
                                   kMaxEntries));
  }
  auto jobs = std::make_shared<WatchedJobs>();
  for (int i = 0; i < configs.size(); ++i) {
    const ::config::v1::WatchedJobs& config = configs[i];
    Entry& entry = jobs->entries_.emplace_back();
    entry.template_name = config.template_();
    entry.ignore = config.ignore();
    if (config.ignore() && !config.template_().empty()) {
      faults->Add(FieldPath(path, i, "template"),
                  "has no effect: the entry says ignore");
    }
    if (config.matchers_size() > kMaxMatchers) {
      faults->Add(FieldPath(path, i, "matchers"),
                  absl::StrCat("has ", config.matchers_size(),
                               " entries; at most ", kMaxMatchers));
    }
    for (int j = 0; j < config.matchers_size(); ++j) {
      entry.matchers.push_back(RuleMatcher::Compile(
          config.matchers(j), FieldPath(FieldPath(path, i, "matchers"), j),
          {NamesOfJobs(), NoWorkingHours()}, faults));
    }
  }
  if (faults->size() != before) return nullptr;
  return jobs;
}

std::optional<std::string> WatchedJobs::TemplateFor(
    const ::incident::v1::Failure& failure,
    const ::opcon::v1::DailyJob& job) const {
  if (entries_.empty()) return std::string();
  const TemplateFacts facts{failure, job};
  const absl::TimeZone zone = SiteZone(facts, std::nullopt);
  const MustacheValues values = ValuesOf(facts, zone);
  const RuleQuestion question{values, MomentOf(facts), zone};
  for (const Entry& entry : entries_) {
    const bool fits = std::all_of(
        entry.matchers.begin(), entry.matchers.end(),
        [&](const RuleMatcher& matcher) { return matcher.Fits(question); });
    if (!fits) continue;
    if (entry.ignore) return std::nullopt;
    return entry.template_name;
  }
  return std::nullopt;
}

}  // namespace opcon_snow::incident
