#ifndef OPCON_SNOW_SANDBOX_OPCON_OPCON_SANDBOX_H_
#define OPCON_SNOW_SANDBOX_OPCON_OPCON_SANDBOX_H_

// An OpCon behind its REST API, without a socket: requests in, replies out.
//
// Simulated: versions, tokens, daily jobs with status, documentation,
// properties and incident tickets, job actions, job logs, schedule builds,
// daily schedules, schedule actions, machines, global properties, job history.
// Anything else under /api is answered with 501 and its name. Beside the API:
// the commands in control_api.h, and the clockwork.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "common/clock/clock.h"
#include "sandbox/http/message.h"
#include "sandbox/http/sandbox_server.h"
#include "sandbox/opcon/action_queue.h"
#include "sandbox/opcon/api_context.h"
#include "sandbox/opcon/api_versions.h"
#include "sandbox/opcon/clockwork.h"
#include "sandbox/opcon/notify_table.h"
#include "sandbox/opcon/opcon_model.h"
#include "sandbox/opcon/router.h"
#include "sandbox/opcon/schedule_queue.h"
#include "sandbox/opcon/stepped_clock.h"
#include "sandbox/opcon/token_store.h"

namespace opcon_snow::sandbox::opcon {

struct OpConOptions {
  ModelOptions model;
  ActionPolicy actions;
  TokenOptions tokens;
  ApiOptions api;
  int keep_days = 0;  // see Clockwork
};

// All methods may be called from any thread at once.
class OpConSandbox {
 public:
  // Starts a thread that carries out actions when they are due. `clock` is not
  // owned and must outlive this.
  OpConSandbox(const OpConOptions& options, Clock* clock);
  ~OpConSandbox();
  OpConSandbox(const OpConSandbox&) = delete;
  OpConSandbox& operator=(const OpConSandbox&) = delete;

  // Sets the functions of `options` that this sandbox answers. A fault's
  // canonical path is the path with its fixed parts in lower case and its ids
  // decoded: "/api/dailyjobs/20260105|16|1|Load A/B/status".
  void Connect(SandboxServer::Options& options);

  Reply Handle(const SandboxRequest& request);

  // Commands under /_sandbox/; nullopt: not one of this sandbox.
  std::optional<Reply> Control(const SandboxRequest& request);

  void Reset();

  // Everything, as JSON; Restore takes the tables and notifications of it back.
  // Tokens and actions under way are not kept.
  std::string State();
  absl::Status Restore(const std::string& text);

  // Ends the readers that wait for notifications. To be called before the
  // server is stopped, which waits for them.
  void WakeReaders() { notify_.Wake(); }

 private:
  Reply Route(const SandboxRequest& request,
              std::function<std::string()>* body_later);
  // 404 or 405 for an endpoint that this version of OpCon lacks.
  std::optional<Reply> Missing(const Router::Match& match,
                               const SandboxRequest& request) const;
  bool Lacks(const opcon::Route& route) const;
  Reply ControlJobs(const SandboxRequest& request, const nlohmann::json& body);
  Reply ControlSchedules(const nlohmann::json& body);
  Reply ControlClock(const SandboxRequest& request, const nlohmann::json& body);
  Reply ListEndpoints() const;
  int Advance();
  absl::Time NextDue();
  Reply ReadNotifications(const SandboxRequest& request);
  void RunDueActions();

  SteppedClock clock_;
  NotifyTable notify_;  // has a lock of its own

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool stopping_ = false;
  absl::Time awaited_;  // what worker_ waits for
  OpConModel model_;
  ActionQueue actions_;
  ScheduleQueue schedule_actions_;
  Clockwork clockwork_;
  TokenStore tokens_;
  ApiContext context_;
  ApiVersion version_;
  Router router_;

  std::thread worker_;
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_OPCON_SANDBOX_H_
