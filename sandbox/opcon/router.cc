#include "sandbox/opcon/router.h"

#include <cstddef>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace opcon_snow::sandbox::opcon {
namespace {

bool IsPlaceholder(const std::string& segment) {
  return !segment.empty() && segment.front() == '{';
}

Route MakeRoute(absl::string_view method, absl::string_view path,
                bool needs_token, ApiHandler handler) {
  return {std::string(method), std::string(path), absl::StrSplit(path, '/'),
          needs_token, std::move(handler)};
}

std::optional<std::vector<std::string>> MatchPath(
    const std::vector<std::string>& pattern,
    const std::vector<std::string>& segments) {
  std::size_t count = segments.size();
  if (count > 0 && segments.back().empty()) --count;
  if (count != pattern.size()) return std::nullopt;
  std::vector<std::string> values;
  for (std::size_t i = 0; i < count; ++i) {
    if (!IsPlaceholder(pattern[i])) {
      if (!absl::EqualsIgnoreCase(pattern[i], segments[i])) return std::nullopt;
      continue;
    }
    if (segments[i].empty() || absl::StrContains(segments[i], '/')) {
      return std::nullopt;
    }
    values.push_back(PercentDecode(segments[i], /*plus_is_blank=*/false));
  }
  return values;
}

}  // namespace

void Router::Add(absl::string_view method, absl::string_view path,
                 ApiHandler handler) {
  routes_.push_back(MakeRoute(method, path, true, std::move(handler)));
}

void Router::AddWithoutToken(absl::string_view method, absl::string_view path,
                             ApiHandler handler) {
  routes_.push_back(MakeRoute(method, path, false, std::move(handler)));
}

void Router::AddNotSimulated(absl::string_view method, absl::string_view path) {
  routes_.push_back(MakeRoute(method, path, false, nullptr));
}

std::vector<const Route*> Router::Simulated() const {
  std::vector<const Route*> simulated;
  for (const Route& route : routes_) {
    if (route.handler) simulated.push_back(&route);
  }
  return simulated;
}

std::optional<Router::Match> Router::Find(const SandboxRequest& request) const {
  for (const Route& route : routes_) {
    if (route.method != request.method) continue;
    if (auto values = MatchPath(route.pattern, request.segments)) {
      return Match{&route, *std::move(values)};
    }
  }
  return std::nullopt;
}

}  // namespace opcon_snow::sandbox::opcon
