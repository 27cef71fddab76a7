#include "sandbox/opcon/opcon_flags.h"

#include <map>
#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "sandbox/opcon/api_versions.h"
#include "sandbox/opcon/wire_time.h"

namespace opcon_snow::sandbox::opcon {
namespace {

CLI::Option* AddMilliseconds(CLI::App& app, const std::string& name,
                             absl::Duration* value,
                             const std::string& description) {
  return app
      .add_option_function<int>(
          name, [value](const int& ms) { *value = absl::Milliseconds(ms); },
          description)
      ->check(CLI::Range(0, 24 * 3600 * 1000));
}

void AddLogin(CLI::App& app, TokenOptions* tokens) {
  app.add_option("--user", tokens->user, "Login name")->capture_default_str();
  app.add_option("--password", tokens->password, "Its password")
      ->capture_default_str();
  app.add_option("--token", tokens->application_token,
                 "Application token that exists from the start; empty: none")
      ->capture_default_str();
  app.add_option_function<int>(
         "--token-lifetime",
         [tokens](const int& seconds) {
           tokens->user_token_lifetime = absl::Seconds(seconds);
         },
         "Seconds that a user token is good for (1200)")
      ->check(CLI::Range(0, 365 * 24 * 3600));
}

void AddModel(CLI::App& app, ModelOptions* model) {
  app.add_option("--job-number-on-restart", model->job_number_on_restart,
                 "Whether a restarted job gets a new job number (new|same)")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, JobNumberOnRestart>{
              {"new", JobNumberOnRestart::kNew},
              {"same", JobNumberOnRestart::kSame}}));
  app.add_option_function<std::string>(
         "--utc-offset",
         [model](const std::string& text) {
           model->zone = *ParseUtcOffset(text);
         },
         "Offset of OpCon's own time zone, like -06:00 (+00:00)")
      ->check([](const std::string& text) {
        return ParseUtcOffset(text) ? "" : "must be like -06:00";
      });
  AddMilliseconds(app, "--processing-events-ms", &model->processing_events,
                  "How long an ended job shows \"; Processing Events\" (0)");
}

void AddApi(CLI::App& app, ApiOptions* api) {
  app.add_flag_callback(
      "--without-incident-tickets",
      [api] {
        for (const char* name :
             {"GET /api/dailyjobs/{uid}/incidentTickets",
              "POST /api/dailyjobs/{uid}/incidentTickets",
              "PUT /api/dailyjobs/{uid}/incidentTickets/{row}",
              "DELETE /api/dailyjobs/{uid}/incidentTickets/{row}"}) {
          api->missing_endpoints.emplace_back(name);
        }
      },
      "An API without /incidentTickets, but with the field of the daily job");
  app.add_option("--without-endpoint", api->missing_endpoints,
                 "An endpoint that this OpCon does not have, like \"GET "
                 "/api/machines\"; repeatable");
  app.add_flag_callback(
      "--one-incident-ticket", [api] { api->several_tickets = false; },
      "A second POST to /incidentTickets is refused with 409");
  app.add_option("--api-version", api->version,
                 "What GET /api/version says; what that version lacks is "
                 "missing here, too")
      ->check([](const std::string& text) {
        return ApiVersion::Parse(text) ? "" : "must be like 20.1.0.0";
      })
      ->capture_default_str();
  app.add_option("--created-status", api->created_status,
                 "Status of a POST that made something (200|201)")
      ->check(CLI::IsMember({200, 201}))
      ->capture_default_str();
  app.add_option("--schedule-date", api->schedule_date,
                 "Form of schedule.date (datetime|date)")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, ScheduleDateForm>{
              {"datetime", ScheduleDateForm::kDateTime},
              {"date", ScheduleDateForm::kDateOnly}}));
}

}  // namespace

void AddOpConFlags(CLI::App& app, OpConOptions* options) {
  AddLogin(app, &options->tokens);
  AddModel(app, &options->model);
  AddApi(app, &options->api);
  app.add_option("--keep-days", options->keep_days,
                 "Daily schedules leave the daily tables at midnight so many "
                 "days after theirs (0: never)")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  AddMilliseconds(app, "--action-delay-ms", &options->actions.delay,
                  "An accepted action is carried out so much later (20)");
  app.add_option("--action-polls", options->actions.polls,
                 "… or when its result is asked for so many times (0: only "
                 "the delay counts)")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
}

}  // namespace opcon_snow::sandbox::opcon
