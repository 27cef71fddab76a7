// Any text as an encoded query: read, written again, run over records with
// references, and as the condition of a rule.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "sandbox/servicenow/instance.h"
#include "sandbox/servicenow/query.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

Instance& Records() {
  static Instance* const kInstance = [] {
    absl::StatusOr<std::unique_ptr<Instance>> made = Instance::Create({});
    if (!made.ok()) std::abort();
    const Actor actor = *(*made)->records().User("admin");
    for (const char* state : {"1", "2", "6"}) {
      const auto inserted = (*made)->records().Insert(
          "incident",
          {{"state", state},
           {"short_description", "alpha beta"},
           {"close_code", "x"},
           {"close_notes", "y"},
           {"assignment_group", "287ebd7da9fe198100f92cc8d1d2154e"}},
          {.actor = actor});
      if (!inserted.ok()) std::abort();
    }
    return made->release();
  }();
  return *kInstance;
}

void Check(bool holds) {
  if (!holds) std::abort();
}

void Try(const std::string& text) {
  const absl::StatusOr<Query> query = ParseQuery(text);
  if (query.ok() && !absl::StrContains(text, "RLQUERY") &&
      !absl::StrContains(text, "JOIN")) {
    // What was understood is understood again.
    absl::StatusOr<Query> again = ParseQuery(FormatQuery(*query));
    Check(again.ok());
    again->dropped_a_part = query->dropped_a_part;
    Check(*again == *query);
  }
  RecordAccess& records = Records().records();
  static const auto* const kActor = new Actor(*records.User("admin"));
  static const auto* const kAll =
      new std::vector<Record>(records.Query("incident", "", 0, *kActor));
  const Actor& actor = *kActor;
  const std::vector<Record>& all = *kAll;
  // No more than there are.
  Check(records.Query("incident", text, 0, actor).size() <= all.size());
  (void)records.Matches(text, all.data(), all.back(), actor);
  (void)records.Matches(text, nullptr, all.back(), actor);
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  opcon_snow::sandbox::servicenow::Try(
      std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
