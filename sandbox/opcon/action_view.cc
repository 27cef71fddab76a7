// Actions and builds as the REST API's JSON.

#include <algorithm>
#include <string>
#include <utility>

#include "sandbox/http/message.h"
#include "sandbox/opcon/job_status.h"
#include "sandbox/opcon/json_view.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;

json TextOrNull(absl::string_view text) {
  return text.empty() ? json(nullptr) : json(std::string(text));
}

json ResultValue(ActionResult result) {
  return std::string(ResultName(result));
}

json StatesOf(const ScheduleAction& action) {
  if (action.states.empty()) return nullptr;
  json list = json::array();
  for (const JobCategory category : action.states) {
    list.push_back(std::string(CategoryName(category)));
  }
  return list;
}

// Here, unlike elsewhere, a property has a name and no key.
json NamedValues(const std::vector<Property>& properties) {
  json list = json::array();
  for (const Property& property : properties) {
    list.push_back({{"name", property.key}, {"value", property.value}});
  }
  return list;
}

json JobOf(const ScheduleActionJob& job) {
  return {{"id", job.id},
          {"uid", job.uid ? json(*job.uid) : json(nullptr)},
          {"frequency", TextOrNull(job.frequency)},
          {"instanceProperties", NamedValues(job.properties)},
          {"applyExceptions", job.apply_exceptions},
          {"result", ResultValue(job.result)},
          {"message", TextOrNull(job.message)}};
}

// The JSON object `value` open for one more member.
std::string Opened(const json& value, absl::string_view member) {
  std::string text = DumpJson(value);
  text.pop_back();
  text.append(",\"").append(member.data(), member.size()).append("\":");
  return text;
}

}  // namespace

json JsonView::Action(const JobAction& action, absl::Time expires) const {
  json jobs = json::array();
  for (const JobActionItem& item : action.items) {
    const auto found = model_.tables().jobs.find(item.id);
    jobs.push_back({{"id", item.id.ToString()},
                    {"result", std::string(ResultName(item.result))},
                    {"message", TextOrNull(item.message)},
                    {"step", item.step ? json(*item.step) : json(nullptr)},
                    {"status", found == model_.tables().jobs.end()
                                   ? json(nullptr)
                                   : Status(found->second)}});
  }
  return {{"id", action.id},
          {"action", std::string(ActionName(action.kind))},
          {"result", std::string(ResultName(action.result))},
          {"reason", TextOrNull(action.reason)},
          {"message", nullptr},
          {"expires", Time(expires)},
          {"jobs", std::move(jobs)}};
}

std::string JsonView::Action(const LogAction& action,
                             absl::Time expires) const {
  std::string text =
      Opened({{"id", action.id},
              {"action", action.kind == LogActionKind::kList ? "LIST" : "FILE"},
              {"result", ResultValue(action.result)},
              {"message", nullptr},
              {"expires", Time(expires)}},
             "jobInstanceActionItems");
  char before = '[';
  for (const LogActionItem& item : action.items) {
    const bool list = action.kind == LogActionKind::kList &&
                      item.result == ActionResult::kSuccess;
    text.push_back(std::exchange(before, ','));
    text += Opened({{"id", item.job_number},
                    {"jorsRequestParameters", TextOrNull(item.file)},
                    {"result", ResultValue(item.result)},
                    {"message", TextOrNull(item.message)},
                    {"files", list ? json(item.files) : json(nullptr)}},
                   "data");
    if (item.data) {
      item.data->AppendAsJson(&text);
    } else {
      text += "null";
    }
    text.push_back('}');
  }
  return text.append("]}");
}

json JsonView::Action(const ScheduleAction& action, absl::Time expires) const {
  json items = json::array();
  for (const ScheduleActionItem& item : action.items) {
    json jobs = json::array();
    for (const ScheduleActionJob& job : item.jobs) jobs.push_back(JobOf(job));
    items.push_back({{"id", item.id.ToString()},
                     {"result", ResultValue(item.result)},
                     {"message", TextOrNull(item.message)},
                     {"status", ScheduleStatusOf(item.id)},
                     {"jobs", std::move(jobs)}});
  }
  return {{"id", action.id},
          {"action", action.name},
          {"result", ResultValue(action.result)},
          {"message", nullptr},
          {"expires", Time(expires)},
          {"states", StatesOf(action)},
          {"reason", TextOrNull(action.reason)},
          {"scheduleActionItems", std::move(items)}};
}

json JsonView::Build(const ScheduleBuild& build, absl::Time expires) const {
  json schedules = json::array();
  json dates = json::array();
  for (const ScheduleBuildItem& item : build.items) {
    json schedule = {{"id", nullptr}, {"name", item.name}};
    if (schedules.empty() || schedules.back() != schedule) {
      schedules.push_back(std::move(schedule));
    }
    const std::string date = DateOf(item.date);
    if (std::find(dates.begin(), dates.end(), json(date)) == dates.end()) {
      dates.push_back(date);
    }
  }
  return {{"id", build.id},
          {"schedules", std::move(schedules)},
          {"dates", std::move(dates)},
          {"properties", PropertiesOf(build.properties)},
          {"logFile", TextOrNull(build.log_file)},
          {"overwrite", build.overwrite},
          {"hold", build.hold},
          {"namedInstance", TextOrNull(build.named_instance)},
          {"machineName", nullptr},
          {"expiryTime", Time(expires)},
          {"result", ResultValue(build.result)},
          {"message", nullptr}};
}

json JsonView::BuildResults(const ScheduleBuild& build,
                            absl::Time expires) const {
  json list = json::array();
  for (const ScheduleBuildItem& item : build.items) {
    list.push_back({{"id", build.id},
                    {"scheduleId", item.schedule_id ? json(*item.schedule_id)
                                                    : json(nullptr)},
                    {"name", item.name},
                    {"date", DateOf(item.date)},
                    {"result", ResultValue(item.result)},
                    {"message", item.message},
                    {"expiryTime", Time(expires)},
                    {"logFileName", TextOrNull(build.log_file)}});
  }
  return list;
}

}  // namespace opcon_snow::sandbox::opcon
