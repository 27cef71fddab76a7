#include "incident_service/service/template_desk.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/config/yaml_writer.h"
#include "common/incumbent/template_import.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/service/intake.h"
#include "incident_service/service/request_check.h"
#include "incident_service/store/times.h"
#include "incident_service/templates/template_library.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr std::size_t kMaxText = std::size_t{512} << 10;
constexpr int kMaxName = 255;

void CheckText(absl::string_view field, const std::string& text,
               RequestCheck* check) {
  if (text.empty() || text.size() > kMaxText) {
    check->Add(field, "is required, at most 512 KiB");
  }
}

absl::Status UnknownTemplate(const std::string& name,
                             const TemplateSet& templates) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat("there is no template \"", name, "\"; known are ",
                   templates.Names()),
      {.reason = "UNKNOWN_TEMPLATE",
       .domain = "incident-service",
       .metadata = {{"template", name}, {"known", templates.Names()}}});
}

// Each line as a comment.
std::string Commented(absl::string_view text) {
  std::string comment;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    absl::StrAppend(&comment, line.empty() ? "#" : "# ", line, "\n");
  }
  return comment;
}

// What the gateways need beside the template. Secrets are named, not shown.
std::string GatewayEntries(const incumbent::TemplateFile& file,
                           const std::string& name,
                           const std::string& connector_text,
                           incumbent::Remarks* remarks,
                           incumbent::Remarks* connector_remarks) {
  incumbent::ConnectorConfig connector;
  if (!connector_text.empty()) {
    connector =
        incumbent::ParseConnectorConfig(connector_text, connector_remarks);
  }
  ::config::v1::SnowGatewayConfig servicenow;
  *servicenow.add_instances() = incumbent::ServiceNowInstanceFrom(
      file, name,
      absl::StrCat("secrets/", incumbent::InstanceName(name), ".password"),
      connector, remarks);
  std::string text =
      absl::StrCat("\n# For snow_gateway; write the password into its file:\n",
                   Commented(config::ToYaml(servicenow)));
  if (connector_text.empty()) return text;
  ::config::v1::OpConGatewayConfig opcon;
  *opcon.add_instances() =
      incumbent::OpConInstanceFrom(connector, "secrets/opcon.token");
  absl::StrAppend(&text,
                  "\n# For opcon_gateway; write the token into its file:\n",
                  Commented(config::ToYaml(opcon)));
  return text;
}

}  // namespace

TemplateDesk::TemplateDesk(TemplateDeskOptions options)
    : options_(std::move(options)) {}

v1::ListTemplatesResponse TemplateDesk::List() const {
  const std::shared_ptr<const TemplateSet> templates = options_.templates();
  v1::ListTemplatesResponse answer;
  for (const v1::Template& about : templates->about()) {
    *answer.add_templates() = about;
  }
  std::sort(answer.mutable_templates()->begin(),
            answer.mutable_templates()->end(),
            [](const v1::Template& a, const v1::Template& b) {
              return a.name() < b.name();
            });
  return answer;
}

absl::StatusOr<v1::ValidateTemplateResponse> TemplateDesk::Validate(
    const v1::ValidateTemplateRequest& request) const {
  RequestCheck check;
  CheckText("text", request.text(), &check);
  check.Text("name", request.name(), 0, kMaxName);
  OPCON_SNOW_RETURN_IF_ERROR(check.Result());
  const std::shared_ptr<const TemplateSet> templates = options_.templates();
  const CheckedTemplate checked = CheckTemplate(
      request.text(), request.format(),
      request.name().empty() ? "template" : request.name(), *templates);
  v1::ValidateTemplateResponse answer;
  answer.set_format(checked.format);
  for (const v1::Diagnostic& diagnostic : checked.diagnostics) {
    *answer.add_diagnostics() = diagnostic;
  }
  return answer;
}

absl::StatusOr<v1::RenderTemplateResponse> TemplateDesk::Render(
    const v1::RenderTemplateRequest& request) const {
  v1::ReportJobEventRequest asked;
  asked.set_request_id("preview-of-a-report");
  *asked.mutable_event() = request.event();
  OPCON_SNOW_RETURN_IF_ERROR(ValidateReport(asked));
  const std::shared_ptr<const TemplateSet> templates = options_.templates();
  v1::RenderTemplateResponse answer;
  std::shared_ptr<const Template> chosen;
  if (request.template_case() == v1::RenderTemplateRequest::kText) {
    RequestCheck check;
    CheckText("text", request.text(), &check);
    check.Text("text_name", request.text_name(), 0, kMaxName);
    OPCON_SNOW_RETURN_IF_ERROR(check.Result());
    CheckedTemplate checked = CheckTemplate(
        request.text(), v1::TEMPLATE_FORMAT_UNSPECIFIED,
        request.text_name().empty() ? "template" : request.text_name(),
        *templates);
    for (v1::Diagnostic& diagnostic : checked.diagnostics) {
      *answer.add_diagnostics() = std::move(diagnostic);
    }
    if (checked.compiled == nullptr) return answer;
    chosen = std::move(checked.compiled);
  } else {
    chosen = templates->Find(request.name());
    if (chosen == nullptr) return UnknownTemplate(request.name(), *templates);
  }
  answer.set_template_(chosen->config().name());
  v1::Report report;
  *report.mutable_event() =
      CompleteEvent(request.event(), options_.default_opcon);
  report.set_requested_template(request.name());
  SetTime(options_.clock->Now(), report.mutable_create_time());
  OPCON_SNOW_ASSIGN_OR_RETURN(TicketPreview preview,
                              options_.preview(report, *chosen));
  if (preview.incident.has_value()) {
    *answer.add_incidents() = *std::move(preview.incident);
  } else {
    for (std::string& decision : preview.decisions) {
      answer.add_decisions(std::move(decision));
    }
  }
  return answer;
}

absl::StatusOr<v1::ImportTemplateResponse> TemplateDesk::Import(
    const v1::ImportTemplateRequest& request) {
  RequestCheck check;
  CheckText("text", request.text(), &check);
  check.Text("name", request.name(), 1, 128);
  if (request.connector_config().size() > kMaxText) {
    check.Add("connector_config", "must have at most 512 KiB");
  }
  OPCON_SNOW_RETURN_IF_ERROR(check.Result());
  incumbent::Remarks remarks;
  const incumbent::TemplateFile file =
      incumbent::ParseTemplate(request.text(), &remarks);
  v1::ImportTemplateResponse answer;
  incumbent::Remarks connector_remarks;
  if (!remarks.has_error()) {
    const ::config::v1::Template native =
        incumbent::NativeTemplate(file, request.name(), &remarks);
    std::string head = absl::StrCat("Converted from ", request.name(), ".");
    for (const incumbent::Remark& remark : remarks.all()) {
      absl::StrAppend(&head, "\n", remark.field, ": ", remark.message);
    }
    answer.set_native_text(absl::StrCat(
        Commented(head), "\n", config::ToYaml(native),
        GatewayEntries(file, request.name(), request.connector_config(),
                       &remarks, &connector_remarks)));
  }
  for (const incumbent::Remark& remark : remarks.all()) {
    *answer.add_diagnostics() = DiagnosticFrom(remark);
  }
  for (const incumbent::Remark& remark : connector_remarks.all()) {
    v1::Diagnostic* diagnostic = answer.add_diagnostics();
    *diagnostic = DiagnosticFrom(remark);
    diagnostic->set_field(absl::StrCat("Connector.config ", remark.field));
  }
  return answer;
}

}  // namespace opcon_snow::incident
