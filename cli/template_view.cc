#include "cli/template_view.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/enum_text.h"
#include "cli/table.h"
#include "cli/text.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::Diagnostic;
using ::incident::v1::RenderedIncident;
using ::incident::v1::RenderTemplateResponse;

constexpr std::size_t kMaxRemark = 2000;

// A value of several lines keeps them, each behind a bar.
std::string ValueText(const std::string& name, const std::string& value) {
  if (value.find('\n') == std::string::npos) {
    return absl::StrCat("  ", name, ": ", ForTerminal(value, value.size()),
                        "\n");
  }
  std::string text = absl::StrCat("  ", name, ":\n");
  std::size_t begin = 0;
  while (begin <= value.size()) {
    std::size_t end = value.find('\n', begin);
    if (end == std::string::npos) end = value.size();
    const std::string line = value.substr(begin, end - begin);
    absl::StrAppend(&text, "  | ", ForTerminal(line, line.size()), "\n");
    begin = end + 1;
  }
  return text;
}

std::string IncidentText(const RenderedIncident& incident) {
  std::string text =
      incident.creates()
          ? absl::StrCat("would create an incident in ", incident.servicenow(),
                         ":\n")
          : absl::StrCat("would update ", incident.ticket_number(), " in ",
                         incident.servicenow(), ":\n");
  const std::map<std::string, std::string> fields(incident.fields().begin(),
                                                  incident.fields().end());
  for (const auto& [name, value] : fields) text += ValueText(name, value);
  const std::map<std::string, std::string> references(
      incident.references().begin(), incident.references().end());
  for (const auto& [name, value] : references) {
    text += ValueText(absl::StrCat(name, " (looked up)"), value);
  }
  if (!incident.work_note().empty()) {
    text += ValueText("work note", incident.work_note());
  }
  for (const std::string& name : incident.attachment_names()) {
    text += ValueText("attached", name);
  }
  if (!incident.ticket_id_text().empty()) {
    text += ValueText("the job would show", incident.ticket_id_text());
  }
  if (!incident.documentation_line().empty()) {
    text +=
        ValueText("its documentation would say", incident.documentation_line());
  }
  for (const std::string& decision : incident.decisions()) {
    text += ValueText("because", decision);
  }
  return text;
}

}  // namespace

std::string RemarkLine(const std::string& file, const Diagnostic& remark) {
  std::string text = file;
  if (remark.line() > 0) absl::StrAppend(&text, ":", remark.line());
  if (remark.column() > 0) absl::StrAppend(&text, ":", remark.column());
  absl::StrAppend(&text, ": ", EnumText(remark.severity()), ": ");
  if (!remark.field().empty()) absl::StrAppend(&text, remark.field(), ": ");
  absl::StrAppend(&text, remark.message());
  if (!remark.mend().empty()) absl::StrAppend(&text, "; ", remark.mend());
  return ForTerminal(text, kMaxRemark);
}

std::string PreviewText(const RenderTemplateResponse& preview) {
  std::string text = absl::StrCat(
      "template: ", ForTerminal(preview.template_(), kMaxRemark), "\n");
  for (const RenderedIncident& incident : preview.incidents()) {
    text += IncidentText(incident);
  }
  if (preview.incidents().empty()) {
    text += "would send nothing:\n";
    for (const std::string& decision : preview.decisions()) {
      text += ValueText("because", decision);
    }
  }
  return text;
}

}  // namespace opcon_snow::cli
