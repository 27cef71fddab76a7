#include <vector>

#include "cli/descriptors.h"
#include "google/protobuf/generated_message_reflection.h"

// The constructor of AddDescriptorsRunner, of which each generated file has an
// object. By --wrap in BUILD the linker lets Defer() stand for it.
#define OPCON_SNOW_RUNNER                                      \
  "_ZN6google8protobuf8internal20AddDescriptorsRunnerC1EPKNS1" \
  "_15DescriptorTableE"

namespace opcon_snow::cli {
namespace {

using google::protobuf::internal::DescriptorTable;

// Filled before main().
std::vector<const DescriptorTable*>& Tables() {
  static auto* const tables = new std::vector<const DescriptorTable*>();
  return *tables;
}

}  // namespace

void Defer(void* runner,
           const DescriptorTable* table) asm("__wrap_" OPCON_SNOW_RUNNER);
void Register(void* runner,
              const DescriptorTable* table) asm("__real_" OPCON_SNOW_RUNNER);

void Defer(void* /*runner*/, const DescriptorTable* table) {
  Tables().push_back(table);
}

void RegisterDescriptors() {
  for (const DescriptorTable* table : Tables()) Register(nullptr, table);
}

}  // namespace opcon_snow::cli
