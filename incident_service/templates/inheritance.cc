#include "incident_service/templates/inheritance.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace opcon_snow::incident {
namespace {

using ::config::v1::Template;
using google::protobuf::RepeatedPtrField;

// A duration is one value, also where its parts are zero: what a base has of it
// must not shine through.
void GiveWayToDurations(const google::protobuf::Message& own,
                        google::protobuf::Message* base) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  own.GetReflection()->ListFields(own, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->is_repeated() || field->message_type() == nullptr) continue;
    const auto* reflection = base->GetReflection();
    if (field->message_type()->full_name() == "google.protobuf.Duration") {
      reflection->ClearField(base, field);
    } else if (reflection->HasField(*base, field)) {
      GiveWayToDurations(own.GetReflection()->GetMessage(own, field),
                         reflection->MutableMessage(base, field));
    }
  }
}

// A message's own set fields win: they are merged over those of the base. Flags
// have presence in the schema, so that a `false` that is written is set too.
template <class Message>
Message Over(const Message& base, const Message& own) {
  Message result = base;
  GiveWayToDurations(own, &result);
  result.MergeFrom(own);
  return result;
}

template <class Message, class SameName>
void AddMissing(const RepeatedPtrField<Message>& from, SameName same_name,
                RepeatedPtrField<Message>* to, bool in_front) {
  RepeatedPtrField<Message> own = *to;
  RepeatedPtrField<Message> missing;
  for (const Message& entry : from) {
    const bool there = std::any_of(
        own.begin(), own.end(),
        [&](const Message& other) { return same_name(entry, other); });
    if (!there) *missing.Add() = entry;
  }
  RepeatedPtrField<Message>& first = in_front ? missing : own;
  RepeatedPtrField<Message>& second = in_front ? own : missing;
  first.MergeFrom(second);
  *to = std::move(first);
}

template <class Message>
bool SameName(const Message& a, const Message& b) {
  return a.name() == b.name();
}

// A column that the base has in the other map gives way.
void AddColumns(const Template& own, const Template& base, Template* result) {
  for (const auto& [name, text] : base.fields()) {
    if (own.references().count(name) == 0) {
      result->mutable_fields()->insert({name, text});
    }
  }
  for (const auto& [name, text] : base.references()) {
    if (own.fields().count(name) == 0) {
      result->mutable_references()->insert({name, text});
    }
  }
}

}  // namespace

Template Inherited(const Template& own, const Template& base) {
  Template result = own;
  // Lists and maps are put together below, one by one.
  Template scalars = base;
  for (Template* side : {&scalars, &result}) {
    side->clear_fields();
    side->clear_references();
    side->clear_rules();
    side->clear_values();
    side->clear_lookups();
    side->clear_working_hours();
    side->clear_reopen();
    side->mutable_log_attachment()->clear_redact();
  }
  result = Over(scalars, result);
  *result.mutable_fields() = own.fields();
  *result.mutable_references() = own.references();
  AddColumns(own, base, &result);
  *result.mutable_rules() = own.rules();
  result.mutable_rules()->MergeFrom(base.rules());
  // Those of the base come first: what is the own template's may use them.
  *result.mutable_values() = own.values();
  AddMissing(base.values(), SameName<::config::v1::TemplateValue>,
             result.mutable_values(), true);
  *result.mutable_lookups() = own.lookups();
  AddMissing(base.lookups(), SameName<::config::v1::RecordLookup>,
             result.mutable_lookups(), false);
  *result.mutable_working_hours() = own.working_hours();
  AddMissing(base.working_hours(), SameName<::config::v1::WorkingHours>,
             result.mutable_working_hours(), false);
  *result.mutable_reopen() = own.reopen();
  AddMissing(
      base.reopen(),
      [](const auto& a, const auto& b) {
        return a.ticket_state() == b.ticket_state();
      },
      result.mutable_reopen(), false);
  auto* redact = result.mutable_log_attachment()->mutable_redact();
  *redact = own.log_attachment().redact();
  redact->MergeFrom(base.log_attachment().redact());
  if (!own.has_log_attachment() && !base.has_log_attachment()) {
    result.clear_log_attachment();
  }
  result.set_name(own.name());
  result.clear_inherit();
  return result;
}

}  // namespace opcon_snow::incident
