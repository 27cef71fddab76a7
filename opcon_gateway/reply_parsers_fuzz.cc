// Whatever OpCon, or somebody in its place, sends: no parser of a reply falls
// over it, and what comes out is fit for protobuf.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/http/transport.h"
#include "common/status/utf8.h"
#include "nlohmann/json.hpp"
#include "opcon_gateway/incident_tickets.h"
#include "opcon_gateway/job_actions.h"
#include "opcon_gateway/job_parser.h"
#include "opcon_gateway/log_answer.h"
#include "opcon_gateway/run_parser.h"
#include "opcon_gateway/upstream_json.h"
#include "opcon_gateway/upstream_message.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {
namespace {

void ExpectUtf8(const std::string& text) {
  if (ToValidUtf8(text) != text) std::abort();
}

// Serializing looks into every string.
template <class Message>
void ExpectSound(const Message& message) {
  Message copy;
  if (!copy.ParseFromString(message.SerializeAsString())) std::abort();
}

void ParseAll(const nlohmann::json& value, const SiteZone& site) {
  if (const auto job = ParseDailyJob(value, site)) ExpectSound(*job);
  if (const auto schedule = ParseDailySchedule(value, site)) {
    ExpectSound(*schedule);
  }
  if (const auto machine = ParseMachine(value)) ExpectSound(*machine);
  ExpectSound(ParseJobAction(value, site));
  ExpectSound(ParseTicketRow(value));
  ExpectSound(ParseDocumentation(value));
  ExpectSound(ParseHistoryRow(value, site).run);
  ExpectUtf8(ParseBuildProgress(value).message);
  const AddProgress added = ParseAddProgress(value);
  ExpectUtf8(added.message);
  for (const auto& job : added.jobs) ExpectSound(job);
  const LogAction log = ParseLogAction(value, 49895);
  ExpectUtf8(log.message);
  for (const auto& file : log.files) ExpectSound(file);
}

}  // namespace
}  // namespace opcon_snow::opcon

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace opcon_snow::opcon;  // NOLINT: nothing else is here
  const absl::string_view body(reinterpret_cast<const char*>(data), size);

  opcon_snow::http::Response response;
  response.status = 500;
  response.body = std::string(body);
  const UpstreamMessage message = ReadUpstreamMessage(response);
  ExpectUtf8(message.text);
  ExpectUtf8(message.code);
  if (message.text.size() > 300) std::abort();

  const auto value = ParseUpstreamJson(body);
  if (!value.ok()) return 0;
  static const SiteZone site = absl::FixedTimeZone(-6 * 60 * 60);
  ParseAll(*value, std::nullopt);
  ParseAll(*value, site);
  // What stands in the lists, too.
  if (value->is_array()) {
    for (const nlohmann::json& element : *value) ParseAll(element, site);
  }
  return 0;
}
