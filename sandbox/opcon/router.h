#ifndef OPCON_SNOW_SANDBOX_OPCON_ROUTER_H_
#define OPCON_SNOW_SANDBOX_OPCON_ROUTER_H_

// Which function answers which method and path.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sandbox/http/message.h"
#include "sandbox/opcon/query_parameters.h"
#include "sandbox/opcon/token_store.h"

namespace opcon_snow::sandbox::opcon {

struct ApiCall {
  const SandboxRequest& request;
  QueryParameters query;
  // What stands in the places of {…} in the route, decoded a second time: a
  // slash in a job's name has to arrive as %252F.
  std::vector<std::string> values;
  // The caller's token; nullptr on routes that need none.
  const Token* token = nullptr;
};

using ApiHandler = std::function<Reply(const ApiCall&)>;

struct Route {
  std::string method;
  std::vector<std::string> pattern;  // segments; "{…}" takes any one segment
  bool needs_token = true;
  ApiHandler handler;
};

class Router {
 public:
  // `path` like "api/dailyjobs/{id}/status". Of several routes that fit the
  // first one added wins.
  void Add(absl::string_view method, absl::string_view path,
           ApiHandler handler);
  void AddWithoutToken(absl::string_view method, absl::string_view path,
                       ApiHandler handler);

  struct Match {
    const Route* route = nullptr;
    std::vector<std::string> values;
  };
  // The fixed segments are compared in any case; one trailing slash does not
  // count. A segment with a slash in it (a "%2F" that was encoded only once)
  // fits nothing.
  std::optional<Match> Find(const SandboxRequest& request) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_ROUTER_H_
