// Properties of daily jobs and daily schedules, and global properties.

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "sandbox/opcon/api_context.h"
#include "sandbox/opcon/api_errors.h"
#include "sandbox/opcon/json_input.h"
#include "sandbox/opcon/text_match.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;

using Properties = std::vector<Property>;
using PropertyHandler = Reply (*)(ApiContext&, Properties&, const ApiCall&);

auto FindProperty(Properties& properties, absl::string_view key) {
  return std::find_if(
      properties.begin(), properties.end(),
      [&](const Property& p) { return absl::EqualsIgnoreCase(p.key, key); });
}

absl::StatusOr<Property> ParseProperty(const json& value) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(value));
  Property property;
  OPCON_SNOW_ASSIGN_OR_RETURN(property.key, fields.Text("key"));
  OPCON_SNOW_ASSIGN_OR_RETURN(property.value, fields.Text("value"));
  if (property.key.empty()) {
    return absl::InvalidArgumentError("key is required.");
  }
  return property;
}

Reply NoProperty(const ApiCall& call) {
  return ApiError(404, "instanceProperty", call.values[1],
                  "Property not found");
}

Reply ListProperties(ApiContext&, Properties& properties, const ApiCall&) {
  return Reply::Json(200, JsonView::PropertiesOf(properties));
}

Reply PostProperty(ApiContext& context, Properties& properties,
                   const ApiCall& call) {
  const auto body = ReadBody(call.request);
  if (const Reply* refusal = std::get_if<Reply>(&body)) return *refusal;
  const auto property = ParseProperty(std::get<json>(body));
  if (!property.ok()) {
    return ErrorReply(property.status(), "instanceProperty", "");
  }
  if (FindProperty(properties, property->key) != properties.end()) {
    return ApiError(409, "instanceProperty", property->key,
                    "Property exists already");
  }
  properties.push_back(*property);
  return Reply::Json(context.options.created_status,
                     JsonView::PropertyOf(*property));
}

Reply GetProperty(ApiContext&, Properties& properties, const ApiCall& call) {
  const auto found = FindProperty(properties, call.values[1]);
  if (found == properties.end()) return NoProperty(call);
  return Reply::Json(200, JsonView::PropertyOf(*found));
}

Reply PutProperty(ApiContext&, Properties& properties, const ApiCall& call) {
  const auto found = FindProperty(properties, call.values[1]);
  if (found == properties.end()) return NoProperty(call);
  const auto body = ReadBody(call.request);
  if (const Reply* refusal = std::get_if<Reply>(&body)) return *refusal;
  const auto property = ParseProperty(std::get<json>(body));
  if (!property.ok()) {
    return ErrorReply(property.status(), "instanceProperty", "");
  }
  found->value = property->value;
  return Reply::Json(200, JsonView::PropertyOf(*found));
}

Reply DeleteProperty(ApiContext&, Properties& properties, const ApiCall& call) {
  const auto found = FindProperty(properties, call.values[1]);
  if (found == properties.end()) return NoProperty(call);
  properties.erase(found);
  return Reply::Empty(200);
}

// --- Global properties -----------------------------------------------------

absl::StatusOr<GlobalProperty> ParseGlobalProperty(const json& value) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(value));
  GlobalProperty property;
  OPCON_SNOW_ASSIGN_OR_RETURN(property.name, fields.Text("name"));
  OPCON_SNOW_ASSIGN_OR_RETURN(property.value, fields.Text("value"));
  OPCON_SNOW_ASSIGN_OR_RETURN(property.documentation,
                              fields.Text("documentation"));
  OPCON_SNOW_ASSIGN_OR_RETURN(property.encrypted, fields.Flag("encrypted"));
  if (property.name.empty()) {
    return absl::InvalidArgumentError("name is required.");
  }
  return property;
}

absl::StatusOr<Reply> ListGlobalProperties(const ApiContext& context,
                                           const ApiCall& call) {
  std::vector<const GlobalProperty*> found;
  for (const auto& [id, property] : context.model->tables().global_properties) {
    if (OverMatches(call.query.Text("name"), property.name)) {
      found.push_back(&property);
    }
  }
  return ListReply(call, found, [](const GlobalProperty* property) {
    return JsonView::GlobalPropertyOf(*property);
  });
}

// Writes what was sent under `id`; 409 if another one has the name.
Reply WriteGlobalProperty(ApiContext& context, const ApiCall& call, int id,
                          int status) {
  const auto body = ReadBody(call.request);
  if (const Reply* refusal = std::get_if<Reply>(&body)) return *refusal;
  absl::StatusOr<GlobalProperty> property =
      ParseGlobalProperty(std::get<json>(body));
  if (!property.ok()) {
    return ErrorReply(property.status(), "globalProperty", "");
  }
  for (const auto& [other_id, other] :
       context.model->tables().global_properties) {
    if (other_id != id && absl::EqualsIgnoreCase(other.name, property->name)) {
      return ApiError(409, "globalProperty", property->name,
                      "Global property exists already");
    }
  }
  const int row = id == 0 ? context.model->NextRowId() : id;
  property->id = row;
  Reply reply = Reply::Json(status, JsonView::GlobalPropertyOf(*property));
  context.model->global_properties().insert_or_assign(row,
                                                      *std::move(property));
  return reply;
}

using GlobalHandler = Reply (*)(ApiContext&, const ApiCall&, int id);

Reply GetGlobalProperty(ApiContext& context, const ApiCall&, int id) {
  return Reply::Json(200, JsonView::GlobalPropertyOf(
                              context.model->global_properties().at(id)));
}

Reply PutGlobalProperty(ApiContext& context, const ApiCall& call, int id) {
  return WriteGlobalProperty(context, call, id, 200);
}

Reply DeleteGlobalProperty(ApiContext& context, const ApiCall&, int id) {
  context.model->global_properties().erase(id);
  return Reply::Empty(200);
}

void AddForGlobalProperty(ApiContext* context, Router& router,
                          absl::string_view method, GlobalHandler handler) {
  router.Add(method, "api/globalproperties/{id}",
             [context, handler](const ApiCall& call) {
               const int id = ParsePlainInt(call.values[0]).value_or(0);
               if (context->model->global_properties().count(id) == 0) {
                 return ApiError(404, "globalProperty", call.values[0],
                                 "Global property not found");
               }
               return handler(*context, call, id);
             });
}

}  // namespace

void AddPropertyRoutes(ApiContext* context, Router& router,
                       absl::string_view path, FindProperties find) {
  const auto add = [&](absl::string_view method, const std::string& at,
                       PropertyHandler handler) {
    router.Add(method, at, [context, find, handler](const ApiCall& call) {
      Reply error;
      Properties* properties = find(*context, call, &error);
      return properties == nullptr ? error
                                   : handler(*context, *properties, call);
    });
  };
  const std::string all(path);
  const std::string one = absl::StrCat(path, "/{name}");
  add("GET", all, ListProperties);
  add("POST", all, PostProperty);
  add("GET", one, GetProperty);
  add("PUT", one, PutProperty);
  add("DELETE", one, DeleteProperty);
}

void AddGlobalPropertyRoutes(ApiContext* context, Router& router) {
  router.Add("GET", "api/globalproperties", [context](const ApiCall& call) {
    absl::StatusOr<Reply> reply = ListGlobalProperties(*context, call);
    return reply.ok() ? *std::move(reply)
                      : ErrorReply(reply.status(), "globalProperty", "");
  });
  router.Add("POST", "api/globalproperties", [context](const ApiCall& call) {
    return WriteGlobalProperty(*context, call, 0,
                               context->options.created_status);
  });
  AddForGlobalProperty(context, router, "GET", GetGlobalProperty);
  AddForGlobalProperty(context, router, "PUT", PutGlobalProperty);
  AddForGlobalProperty(context, router, "DELETE", DeleteGlobalProperty);
}

}  // namespace opcon_snow::sandbox::opcon
