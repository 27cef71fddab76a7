// Whatever a client sends to the OpCon sandbox, to the API or to its controls,
// it gets an answer whose body is JSON or empty, and afterwards the state can
// still be kept and taken back.
//
// An input is a request without its headers: "POST /path?query", a line end,
// the body.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/fake_clock.h"
#include "nlohmann/json.hpp"
#include "sandbox/http/message.h"
#include "sandbox/opcon/opcon_sandbox.h"

namespace opcon_snow::sandbox::opcon {
namespace {

constexpr char kJob[] =
    R"({"date":"2026-01-05","schedule":"Payroll","schedule_id":16,"name":"JOB001","machine":"GENP001","runs":[{"run_ms":1}]})";
constexpr char kMaster[] =
    R"({"name":"Nightly","schedule_id":40,"jobs":[{"name":"A","instances":[[]]}]})";

SandboxRequest Request(absl::string_view method, absl::string_view target,
                       absl::string_view body) {
  SandboxRequest request;
  request.method = std::string(method);
  const std::pair<std::string, std::string> halves =
      absl::StrSplit(target, absl::MaxSplits('?', 1));
  request.raw_path = halves.first;
  request.segments = SplitPath(halves.first);
  request.raw_query = halves.second;
  request.query = ParseQuery(halves.second);
  request.headers = {
      {"authorization", "Token 00000000-0000-4000-8000-000000000001"},
      {"content-type", "application/json"}};
  request.body = std::string(body);
  request.body_bytes = body.size();
  return request;
}

Reply Answer(OpConSandbox& sandbox, const SandboxRequest& request) {
  if (!request.segments.empty() && request.segments[0] == "_sandbox") {
    return sandbox.Control(request).value_or(Reply::Empty(404));
  }
  return sandbox.Handle(request);
}

// Waits for rows, and the clock of a test stands still.
bool Blocks(const SandboxRequest& request) {
  return request.Query("wait_ms").has_value();
}

void Check(const Reply& reply) {
  if (reply.status < 200 || reply.status > 599) std::abort();
  if (!reply.body.empty() &&
      nlohmann::json::parse(reply.body, nullptr, false).is_discarded()) {
    std::abort();
  }
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace opcon_snow::sandbox::opcon;  // NOLINT
  static auto* const clock = new opcon_snow::FakeClock;
  static auto* const sandbox = [] {
    OpConOptions options;
    options.actions.delay = absl::ZeroDuration();
    return new OpConSandbox(options, clock);
  }();
  sandbox->Reset();
  Check(Answer(*sandbox, Request("POST", "/_sandbox/jobs", kJob)));
  Check(Answer(*sandbox, Request("POST", "/_sandbox/schedules", kMaster)));

  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(input, absl::MaxSplits('\n', 1));
  const std::pair<absl::string_view, absl::string_view> line =
      absl::StrSplit(parts.first, absl::MaxSplits(' ', 1));
  const opcon_snow::sandbox::SandboxRequest request =
      Request(line.first, line.second, parts.second);
  if (Blocks(request)) return 0;
  Check(Answer(*sandbox, request));
  // What was accepted is carried out now, and then asked for.
  for (const char* path :
       {"/api/dailyjobs?IncludeDependencies=true", "/api/dailyschedules",
        "/api/jobactions/321", "/api/jobinstanceactions/321",
        "/api/schedulebuilds/77", "/api/scheduleactions/501",
        "/api/jobhistories", "/api/globalproperties"}) {
    Check(Answer(*sandbox, Request("GET", path, "")));
  }
  const std::string state = sandbox->State();
  if (!sandbox->Restore(state).ok()) std::abort();
  return 0;
}
