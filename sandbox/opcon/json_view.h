#ifndef OPCON_SNOW_SANDBOX_OPCON_JSON_VIEW_H_
#define OPCON_SNOW_SANDBOX_OPCON_JSON_VIEW_H_

// The model as the REST API's JSON. The field names are those of the wire (the
// vendor's public clients), not those of the OpenAPI file, which shows the
// server's internal ones.

#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "sandbox/opcon/action_queue.h"
#include "sandbox/opcon/daily_tables.h"
#include "sandbox/opcon/job_query.h"
#include "sandbox/opcon/master_tables.h"
#include "sandbox/opcon/opcon_model.h"
#include "sandbox/opcon/schedule_queue.h"
#include "sandbox/opcon/token_store.h"

namespace opcon_snow::sandbox::opcon {

// Both forms of schedule.date have been seen.
enum class ScheduleDateForm { kDateTime, kDateOnly };

class JsonView {
 public:
  // `model` is not owned and must outlive this.
  JsonView(const OpConModel* model, ScheduleDateForm date_form)
      : model_(*model), date_form_(date_form) {}

  // What of a job is only shown if it is asked for.
  struct Parts {
    bool documentation = false;  // else null
    bool dependencies = false;   // else an empty list
  };
  nlohmann::json Job(const DailyJob& job, Parts parts) const;
  // With everything, as by its id.
  nlohmann::json Job(const DailyJob& job) const {
    return Job(job, Parts{true, true});
  }
  nlohmann::json Status(const DailyJob& job) const;
  nlohmann::json Schedule(const DailySchedule& schedule) const;

  // A run that has ended. Names after the public Java client's JobHistory;
  // which of them the product fills is not known.
  nlohmann::json History(const HistoryRow& row) const;

  nlohmann::json Action(const JobAction& action, absl::Time expires) const;
  // As text: a log is too large for a second copy of it.
  std::string Action(const LogAction& action, absl::Time expires) const;
  nlohmann::json Action(const ScheduleAction& action, absl::Time expires) const;
  nlohmann::json Build(const ScheduleBuild& build, absl::Time expires) const;
  // What a poll gets: an element for each schedule and date.
  nlohmann::json BuildResults(const ScheduleBuild& build,
                              absl::Time expires) const;

  nlohmann::json TokenOf(const Token& token) const;
  static nlohmann::json MachineOf(const Machine& machine);
  static nlohmann::json Ticket(const IncidentTicket& ticket);
  static nlohmann::json DocumentationOf(const Documentation& documentation);
  static nlohmann::json PropertyOf(const Property& property);
  static nlohmann::json PropertiesOf(const std::vector<Property>& properties);
  // An encrypted value is not told.
  static nlohmann::json GlobalPropertyOf(const GlobalProperty& property);

  // {cancelled, failed, finishedOk, …}
  static nlohmann::json CountByStatus(const std::vector<const DailyJob*>& jobs);

 private:
  nlohmann::json Time(const std::optional<absl::Time>& time) const;
  std::string DateOf(absl::CivilDay date) const;
  std::string DefinedStart(const DailySchedule& schedule) const;
  nlohmann::json ScheduleStatusOf(const DailyScheduleId& id) const;
  nlohmann::json DependenciesOf(const DailyJob& job) const;
  nlohmann::json MachineReference(const std::string& name) const;
  void AddTimes(const DailyJob& job, nlohmann::json& value) const;

  const OpConModel& model_;
  const ScheduleDateForm date_form_;
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_JSON_VIEW_H_
