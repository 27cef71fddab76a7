#ifndef OPCON_SNOW_SANDBOX_OPCON_API_CONTEXT_H_
#define OPCON_SNOW_SANDBOX_OPCON_API_CONTEXT_H_

// What the handlers of the REST API work on.

#include <string>

#include "sandbox/opcon/action_queue.h"
#include "sandbox/opcon/json_view.h"
#include "sandbox/opcon/opcon_model.h"
#include "sandbox/opcon/router.h"
#include "sandbox/opcon/token_store.h"

namespace opcon_snow::sandbox::opcon {

struct ApiOptions {
  // What GET /api/version says.
  std::string version = "25.0.0.0";
  // False: an API from before 20.0 without /incidentTickets.
  bool incident_tickets = true;
  // Whether a daily job takes several incident tickets. The list suggests it;
  // a release note of the incumbent connector speaks against it.
  bool several_tickets = true;
  // Status of the answer to a POST that makes something. The OpenAPI file says
  // 200; nobody outside has seen the product's.
  int created_status = 200;
  ScheduleDateForm schedule_date = ScheduleDateForm::kDateTime;
};

// Everything here is guarded by the lock of whoever calls the handlers.
struct ApiContext {
  ApiOptions options;
  OpConModel* model = nullptr;
  ActionQueue* actions = nullptr;
  TokenStore* tokens = nullptr;

  JsonView view() const { return JsonView(model, options.schedule_date); }
};

// Each adds its part of the API. `context` is not owned and must outlive the
// router.
void AddServiceRoutes(ApiContext* context, Router& router);
void AddTokenRoutes(ApiContext* context, Router& router);
void AddDailyJobRoutes(ApiContext* context, Router& router);
void AddDailyJobPartRoutes(ApiContext* context, Router& router);
void AddIncidentTicketRoutes(ApiContext* context, Router& router);
void AddActionRoutes(ApiContext* context, Router& router);
void AddScheduleRoutes(ApiContext* context, Router& router);
void AddHistoryRoutes(ApiContext* context, Router& router);

// The daily job whose id a path names; else `*error` is the answer: 400 for
// something that is no id, 404 for a job that does not exist.
DailyJob* JobOfPath(const ApiContext& context, const std::string& id,
                    Reply* error);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_API_CONTEXT_H_
