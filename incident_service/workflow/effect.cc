#include "incident_service/workflow/effect.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/status/utf8.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/error_record.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr char kActor[] = "incident_service";
constexpr std::size_t kMaxText = 1000;
constexpr std::size_t kMaxJson = 8192;

void CutText(std::string* text) {
  if (text->size() <= kMaxText) return;
  const std::size_t size = text->size();
  *text = absl::StrCat(ToValidUtf8(*text, kMaxText), " … (", size,
                       " bytes in all)");
}

void CutTexts(google::protobuf::Message* message) {
  const google::protobuf::Reflection* reflection = message->GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    const int count =
        field->is_repeated() ? reflection->FieldSize(*message, field) : 0;
    switch (field->cpp_type()) {
      case google::protobuf::FieldDescriptor::CPPTYPE_STRING:
        if (!field->is_repeated()) {
          std::string text = reflection->GetString(*message, field);
          CutText(&text);
          reflection->SetString(message, field, text);
        }
        break;
      case google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE:
        if (!field->is_repeated()) {
          CutTexts(reflection->MutableMessage(message, field));
        }
        for (int i = 0; i < count; ++i) {
          CutTexts(reflection->MutableRepeatedMessage(message, field, i));
        }
        break;
      default:
        break;
    }
  }
}

}  // namespace

std::string AuditText(const google::protobuf::Message& request) {
  const std::unique_ptr<google::protobuf::Message> copy(request.New());
  copy->CopyFrom(request);
  CutTexts(copy.get());
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(*copy, &json);
  if (!status.ok()) return request.GetTypeName();
  return ToValidUtf8(json, kMaxJson);
}

AuditedCall::AuditedCall(const EffectFacts& facts,
                         const google::protobuf::Message& request,
                         const Clock* clock)
    : clock_(clock), begun_(clock->SteadyNow()) {
  SetTime(clock->Now(), entry_.mutable_create_time());
  entry_.set_actor(kActor);
  entry_.set_action(facts.action);
  entry_.set_instance(facts.instance);
  entry_.set_target(facts.target);
  entry_.set_reason(facts.reason);
  entry_.set_request_json(AuditText(request));
}

v1::AuditEntry AuditedCall::Finish(const absl::Status& status,
                                   const std::string& came) {
  if (status.ok()) {
    entry_.mutable_result()->set_message(came);
  } else {
    SetError(status, 1, /*given_up=*/false, entry_.mutable_result());
  }
  const std::int64_t nanos =
      std::chrono::duration_cast<std::chrono::nanoseconds>(clock_->SteadyNow() -
                                                           begun_)
          .count();
  entry_.mutable_duration()->set_seconds(nanos / 1000000000);
  entry_.mutable_duration()->set_nanos(
      static_cast<std::int32_t>(nanos % 1000000000));
  return entry_;
}

}  // namespace opcon_snow::incident
