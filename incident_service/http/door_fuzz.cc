// Whatever bytes a client sends, each request in them gets an answer that
// openapi.json knows: a status of its list, and JSON; and nothing but a report
// that is acknowledged with 201 is stored.
//
// An input is what comes over a connection: requests with the names of hosts
// that the door takes, one after the other.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "common/clock/clock.h"
#include "common/web/request_reader.h"
#include "incident_service/http/door.h"
#include "incident_service/store/memory_store.h"
#include "incident_service/templates/template_set.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::incident::http {
namespace {

using nlohmann::json;
using web::RequestReader;

void Require(bool holds) {
  if (!holds) std::abort();
}

std::shared_ptr<const TemplateSet> Templates() {
  static const std::shared_ptr<const TemplateSet> templates = [] {
    google::protobuf::RepeatedPtrField<::config::v1::Template> configs;
    configs.Add()->set_name("basic.json");
    config::Faults faults;
    return TemplateSet::Compile(configs, "", &faults);
  }();
  return templates;
}

void Check(const Answer& answer) {
  static const std::set<int> kStatuses = {200, 201, 400, 404, 405, 413, 415,
                                          417, 421, 429, 431, 501, 505};
  Require(kStatuses.count(answer.status) == 1);
  if (absl::StartsWith(answer.content_type, "text/plain")) {
    Require(answer.status == 200 &&
            absl::StrContains(answer.body, "# TYPE opcon_snow_"));
    return;
  }
  const json body = json::parse(answer.body, nullptr, false);
  Require(body.is_object());
  if (answer.status < 400) {
    Require(answer.content_type == "application/json");
    return;
  }
  Require(answer.content_type == "application/problem+json");
  Require(body.value("status", 0) == answer.status);
  for (const char* member : {"title", "detail", "code", "reason", "domain"}) {
    Require(!body.value(member, "").empty());
  }
}

// Answers the requests in `input`; returns how many reports were acknowledged.
std::size_t AnswerAll(Door& door, absl::string_view input) {
  RequestReader reader({.max_header_bytes = 4096, .max_body_bytes = 65536});
  std::size_t stored = 0;
  std::optional<Answer> refusal;
  reader.Append(input);
  while (true) {
    switch (reader.Advance()) {
      case RequestReader::State::kNeedsMore:
        return stored;
      case RequestReader::State::kFailed:
        Check(reader.problem());
        return stored;
      case RequestReader::State::kHead:
        refusal = door.Refuse(reader.head());
        break;
      case RequestReader::State::kComplete: {
        std::optional<Answer> answer = std::move(refusal);
        refusal.reset();
        Request request = reader.Take();
        if (!answer.has_value()) {
          door.Handle(std::move(request), [&answer](Answer given) {
            Require(!answer.has_value());
            answer = std::move(given);
          });
        }
        Require(answer.has_value());
        Check(*answer);
        if (answer->status == 201) ++stored;
      }
    }
  }
}

}  // namespace
}  // namespace opcon_snow::incident::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace opcon_snow::incident;        // NOLINT
  using namespace opcon_snow::incident::http;  // NOLINT
  MemoryStore store(opcon_snow::RealClock::Get());
  Intake intake({.default_opcon = "production", .max_open_reports = 3}, &store,
                &Templates);
  HealthProbe health(&store, nullptr, "", nullptr, "",
                     opcon_snow::RealClock::Get());
  const auto at_once = [](const std::function<void()>& function) {
    function();
  };
  Door door({.intake = &intake,
             .store = &store,
             .health = &health,
             .default_opcon = "production",
             .report_executor = at_once,
             .read_executor = at_once});
  const std::size_t stored = AnswerAll(
      door, absl::string_view(reinterpret_cast<const char*>(data), size));
  const auto reports = store.ListReports({}, "", 1000);
  Require(reports.ok() && reports->reports.size() == stored);
  return 0;
}
