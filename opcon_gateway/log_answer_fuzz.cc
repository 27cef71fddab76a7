// A log that is read as it arrives is the log that the parser would have found
// in the whole answer, wherever the answer is cut.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "common/status/utf8.h"
#include "nlohmann/json.hpp"
#include "opcon_gateway/log_answer.h"
#include "opcon_gateway/upstream_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using opcon_snow::ToValidUtf8;
  using opcon_snow::opcon::LogAnswerReader;
  using opcon_snow::opcon::ParseUpstreamJson;
  if (size == 0) return 0;
  // The first byte says how large the pieces are.
  const std::size_t piece = std::size_t{data[0]} % 17 + 1;
  absl::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  const absl::string_view whole = body;

  LogAnswerReader reader;
  std::string text;
  bool readable = true;
  while (readable && !body.empty()) {
    const absl::string_view next = body.substr(0, std::min(piece, body.size()));
    readable = reader.Take(next, &text).ok();
    body.remove_prefix(next.size());
  }
  if (ToValidUtf8(text) != text) std::abort();
  const auto rest = reader.Finish();
  if (!readable || !rest.ok() || !reader.has_text()) return 0;
  const auto parsed = ParseUpstreamJson(whole);
  if (!parsed.ok()) std::abort();
  // Somewhere in a list of the answer, unless a member of the same name came
  // later and replaced it: then nothing is left to compare with.
  const std::string shown =
      rest->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (shown.find("\"data\":\"\"") == std::string::npos) return 0;
  for (const auto& [name, items] : parsed->items()) {
    if (!items.is_array()) continue;
    for (const auto& item : items) {
      if (item.is_object() && item.contains("data") && item["data"] == text) {
        return 0;
      }
    }
  }
  std::abort();
}
