// No text of a configuration file brings a process down, and every refusal says
// why.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/config/fault.h"
#include "common/config/test_schema.h"
#include "common/config/yaml_loader.h"
#include "google/protobuf/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using opcon_snow::config::Faults;
  using opcon_snow::config::LoadYamlText;
  using opcon_snow::config::TestSchema;
  static auto* const schema = new TestSchema;
  Faults faults("fuzz.yaml");
  const std::unique_ptr<google::protobuf::Message> message = schema->New();
  const absl::Status status =
      LoadYamlText(absl::string_view(reinterpret_cast<const char*>(data), size),
                   message.get(), &faults);
  if (status.ok() != faults.empty()) std::abort();
  return 0;
}
