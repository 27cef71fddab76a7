#ifndef OPCON_SNOW_INCIDENT_SERVICE_SERVICE_TEMPLATE_DESK_H_
#define OPCON_SNOW_INCIDENT_SERVICE_SERVICE_TEMPLATE_DESK_H_

// What people ask about templates: which there are, what is wrong with one,
// what one would send, what one of the incumbent becomes. Changes nothing.

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "incident/v1/incident_service.pb.h"
#include "incident_service/templates/template_set.h"
#include "incident_service/workflow/steps.h"

namespace opcon_snow::incident {

struct TemplateDeskOptions {
  std::function<std::shared_ptr<const TemplateSet>()> templates;
  // Steps::Preview.
  std::function<absl::StatusOr<TicketPreview>(
      const ::incident::v1::Report& report, const Template& chosen)>
      preview;
  std::string default_opcon;
  Clock* clock = nullptr;
};

// Thread-safe. See the RPCs of the same names.
class TemplateDesk {
 public:
  explicit TemplateDesk(TemplateDeskOptions options);

  ::incident::v1::ListTemplatesResponse List() const;
  absl::StatusOr<::incident::v1::ValidateTemplateResponse> Validate(
      const ::incident::v1::ValidateTemplateRequest& request) const;
  absl::StatusOr<::incident::v1::RenderTemplateResponse> Render(
      const ::incident::v1::RenderTemplateRequest& request) const;
  static absl::StatusOr<::incident::v1::ImportTemplateResponse> Import(
      const ::incident::v1::ImportTemplateRequest& request);

 private:
  const TemplateDeskOptions options_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_SERVICE_TEMPLATE_DESK_H_
