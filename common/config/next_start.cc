#include "common/config/next_start.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/config/validate.h"
#include "common/log/log.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/message_differencer.h"

namespace opcon_snow::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

bool Differs(const Message& before, const Message& after,
             const FieldDescriptor* field) {
  MessageDifferencer differencer;
  return !differencer.CompareWithFields(before, after, {field}, {field});
}

void AddChanges(const Message& before, const Message& after,
                const std::string& path, std::vector<std::string>* changes) {
  const Descriptor& type = *before.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (!Differs(before, after, field)) continue;
    const std::string at = FieldPath(path, field->name());
    const bool is_section =
        field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
        !field->is_repeated() &&
        before.GetReflection()->HasField(before, field) &&
        after.GetReflection()->HasField(after, field) &&
        // A duration is one value to whoever writes it.
        field->message_type()->full_name() != "google.protobuf.Duration";
    if (is_section) {
      AddChanges(before.GetReflection()->GetMessage(before, field),
                 after.GetReflection()->GetMessage(after, field), at, changes);
    } else {
      changes->push_back(at);
    }
  }
}

}  // namespace

std::vector<std::string> ChangedFields(const Message& before,
                                       const Message& after) {
  std::vector<std::string> changes;
  AddChanges(before, after, "", &changes);
  return changes;
}

void TellNextStart(const Message& running, const Message& fresh,
                   const std::vector<absl::string_view>& taken) {
  std::vector<std::string> left = ChangedFields(running, fresh);
  left.erase(std::remove_if(left.begin(), left.end(),
                            [&taken](const std::string& path) {
                              return std::any_of(
                                  taken.begin(), taken.end(),
                                  [&path](absl::string_view field) {
                                    return path == field ||
                                           absl::StartsWith(
                                               path, absl::StrCat(field, "."));
                                  });
                            }),
             left.end());
  if (left.empty()) return;
  log::Warning("config.takes_effect_at_next_start",
               {{"fields", absl::StrJoin(left, ", ")},
                {"advice", "restart the process when it suits"}});
}

}  // namespace opcon_snow::config
