#include "incident_service/templates/pattern.h"

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace opcon_snow::incident {
namespace {

constexpr std::size_t kMaxPattern = 1000;
constexpr std::int64_t kMaxMemory = std::int64_t{1} << 20;

}  // namespace

std::shared_ptr<const re2::RE2> CompilePattern(const std::string& pattern,
                                               bool ignore_case,
                                               const std::string& field,
                                               config::Faults* faults) {
  if (pattern.size() > kMaxPattern) {
    faults->Add(field, "must have at most 1000 characters");
    return nullptr;
  }
  re2::RE2::Options options;
  options.set_case_sensitive(!ignore_case);
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemory);
  auto compiled = std::make_shared<const re2::RE2>(pattern, options);
  if (!compiled->ok()) {
    faults->Add(
        field,
        absl::StrCat("is not a regular expression (RE2): ", compiled->error(),
                     "; put \\ before a sign that means itself"));
    return nullptr;
  }
  return compiled;
}

}  // namespace opcon_snow::incident
