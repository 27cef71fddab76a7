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
  // If a handler sets it, the reply's body is what this returns. It is called
  // without the sandbox's lock and must own what it needs: for large bodies.
  mutable std::function<std::string()> body_later{};
};

using ApiHandler = std::function<Reply(const ApiCall&)>;

struct Route {
  std::string method;
  std::string path;                  // as it was added
  std::vector<std::string> pattern;  // segments; "{…}" takes any one segment
  bool needs_token = true;
  ApiHandler handler;  // none: not simulated
};

class Router {
 public:
  // `path` like "api/dailyjobs/{id}/status". Of several routes that fit the
  // first one added wins.
  void Add(absl::string_view method, absl::string_view path,
           ApiHandler handler);
  void AddWithoutToken(absl::string_view method, absl::string_view path,
                       ApiHandler handler);

  // A path of the product that the sandbox refuses, but that fits a route which
  // it has.
  void AddNotSimulated(absl::string_view method, absl::string_view path);

  struct Match {
    const Route* route = nullptr;
    std::vector<std::string> values;
  };
  // The fixed segments are compared in any case; one trailing slash does not
  // count. A segment with a slash in it (a "%2F" that was encoded only once)
  // fits nothing.
  std::optional<Match> Find(const SandboxRequest& request) const;

  // All that are simulated.
  std::vector<const Route*> Simulated() const;

 private:
  std::vector<Route> routes_;
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_ROUTER_H_
