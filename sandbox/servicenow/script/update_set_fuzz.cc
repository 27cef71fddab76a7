// Any file as an update set: read, and if it is one, committed to an instance.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "sandbox/servicenow/instance.h"
#include "sandbox/servicenow/script/update_set.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

Instance& Target() {
  static Instance* const kInstance = [] {
    absl::StatusOr<std::unique_ptr<Instance>> made = Instance::Create({});
    if (!made.ok()) std::abort();
    return made->release();
  }();
  return *kInstance;
}

void Try(absl::string_view xml) {
  const absl::StatusOr<UpdateSet> update_set = ParseUpdateSet(xml);
  if (!update_set.ok()) return;
  const UpdateSetResult result =
      CommitUpdateSet(*update_set, Target().records());
  if (result.stored + result.deleted > update_set->records.size()) {
    std::abort();
  }
  // The instance still works, whatever became of its tables.
  (void)Target().State();
  Target().Reset();
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  opcon_snow::sandbox::servicenow::Try(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
