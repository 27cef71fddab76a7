#ifndef OPCON_SNOW_SANDBOX_OPCON_API_CONTEXT_H_
#define OPCON_SNOW_SANDBOX_OPCON_API_CONTEXT_H_

// What the handlers of the REST API work on.

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"
#include "sandbox/opcon/action_queue.h"
#include "sandbox/opcon/json_view.h"
#include "sandbox/opcon/opcon_model.h"
#include "sandbox/opcon/query_parameters.h"
#include "sandbox/opcon/router.h"
#include "sandbox/opcon/schedule_queue.h"
#include "sandbox/opcon/token_store.h"

namespace opcon_snow::sandbox::opcon {

struct ApiOptions {
  // What GET /api/version says. What an OpCon of that version does not have is
  // missing here, too: see api_versions.h.
  std::string version = "25.0.0.0";
  // Whether a daily job takes several incident tickets. The list suggests it;
  // a release note of the incumbent connector speaks against it.
  bool several_tickets = true;
  // Endpoints that this OpCon does not have, like "GET /api/machines", beside
  // those that its version lacks.
  std::vector<std::string> missing_endpoints;
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
  ScheduleQueue* schedule_actions = nullptr;
  TokenStore* tokens = nullptr;
  // Of the options' version: PUT of a daily job takes an incident ticket.
  bool ticket_in_job = true;

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
void AddScheduleActionRoutes(ApiContext* context, Router& router);
void AddHistoryRoutes(ApiContext* context, Router& router);
void AddGlobalPropertyRoutes(ApiContext* context, Router& router);

// GET, POST, PUT and DELETE of the properties of what a path names. `find`
// returns the list, or nullptr and the answer in `*error`.
using FindProperties = std::vector<Property>* (*)(ApiContext&, const ApiCall&,
                                                  Reply* error);
void AddPropertyRoutes(ApiContext* context, Router& router,
                       absl::string_view path, FindProperties find);

// The rows that Limit and Offset leave, rendered; TotalResourceCount if the
// caller wants it. INVALID_ARGUMENT for parameters that are no numbers.
template <typename Row, typename Render>
absl::StatusOr<Reply> ListReply(const ApiCall& call,
                                const std::vector<Row>& rows,
                                const Render& render) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const Slice slice,
                              SliceOf(call.query, rows.size()));
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool count,
                              call.query.Flag("IncludeCount"));
  nlohmann::json list = nlohmann::json::array();
  for (std::size_t i = slice.begin; i < slice.end; ++i) {
    list.push_back(render(rows[i]));
  }
  Reply reply = Reply::Json(200, list);
  if (count) reply.With("TotalResourceCount", absl::StrCat(rows.size()));
  return reply;
}

// The daily job whose id a path names; else `*error` is the answer: 400 for
// something that is no id, 404 for a job that does not exist.
DailyJob* JobOfPath(const ApiContext& context, const std::string& id,
                    Reply* error);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_API_CONTEXT_H_
