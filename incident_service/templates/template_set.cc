#include "incident_service/templates/template_set.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "common/config/validate.h"
#include "incident_service/identity.h"
#include "incident_service/templates/facts.h"
#include "incident_service/templates/mustache_text.h"

namespace opcon_snow::incident {
namespace {

// The lengths of a stock instance.
constexpr std::size_t kMaxShortDescription = 160;
constexpr std::size_t kMaxDescription = 4000;
constexpr std::size_t kMaxNote = 4000;
constexpr std::size_t kMaxFileName = 100;
constexpr std::int64_t kSecondsOfDay = 24 * 3600;
constexpr int kMaxColumns = 100;

constexpr char kDefaultShortDescription[] =
    "OpCon job {{job}} {{event}} (workflow {{schedule}}, machine {{machine}}, "
    "code {{termination}})";
constexpr char kDefaultDescription[] =
    "OpCon job {{job}} {{event}}.\n"
    "\n"
    "Workflow (schedule): {{schedule}}\n"
    "Task (job): {{job}}\n"
    "Agent (machine): {{machine}}\n"
    "Termination code: {{termination}}\n"
    "Date: {{date}}\n"
    "Time: {{time}}\n"
    "Schedule date: {{schedule_date}}\n"
    "OpCon status: {{status}}\n"
    "OpCon job id: {{job_id}} (run {{job_number}})\n"
    "{{#documentation}}\nDocumentation of the job:\n{{documentation}}\n"
    "{{/documentation}}";
constexpr char kWorkNote[] =
    "OpCon job {{job}} {{event}} on {{date}} at {{time}} (workflow "
    "{{schedule}}, machine {{machine}}, termination code {{termination}}, run "
    "{{job_number}}).";
// Tells runs apart also where a restart keeps the number.
constexpr char kDefaultFileName[] =
    "{{job}}_{{date}}_{{clock}}_{{job_number}}.txt";

// Columns that the suite writes itself; a template that set them would break
// what the suite relies on.
constexpr std::array kOwnColumns = {"short_description",
                                    "description",
                                    "correlation_id",
                                    "correlation_display",
                                    "state",
                                    "incident_state",
                                    "work_notes",
                                    "comments",
                                    "sys_id",
                                    "number",
                                    "close_code",
                                    "close_notes"};

bool IsColumnName(absl::string_view name) {
  return !name.empty() && name.size() <= 80 &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

// Cuts to `limit` characters (not bytes) without splitting one.
std::string CutTo(std::string text, std::size_t limit) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins_character =
        (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (begins_character && ++characters > limit) {
      text.resize(i);
      break;
    }
  }
  return text;
}

// One _ for each character that instances do not accept.
std::string SafeFileName(const std::string& name) {
  std::string safe;
  for (const char c : name) {
    const bool accepted = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                          (c >= 'a' && c <= 'z') || c == '.' || c == '-' ||
                          c == '_';
    const bool continues = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    if (accepted) {
      safe += c;
    } else if (!continues) {
      safe += '_';
    }
  }
  return safe;
}

// "a.txt" becomes "a_2.txt", within the length that instances accept.
std::string Numbered(const std::string& name, int index, int count) {
  const std::size_t dot = name.rfind('.');
  std::string stem = name.substr(0, dot);
  const std::string ending =
      dot == std::string::npos ? "" : name.substr(dot).substr(0, 16);
  const std::string number =
      count > 1 ? absl::StrCat("_", index + 1) : std::string();
  stem.resize(
      std::min(stem.size(), kMaxFileName - ending.size() - number.size()));
  return absl::StrCat(stem, number, ending);
}

const std::string& OrDefault(const std::string& text,
                             const std::string& fallback) {
  return text.empty() ? fallback : text;
}

}  // namespace

struct Template::Texts {
  std::unique_ptr<MustacheText> short_description;
  std::unique_ptr<MustacheText> description;
  std::unique_ptr<MustacheText> work_note;
  std::unique_ptr<MustacheText> file_name;
  std::map<std::string, MustacheText> fields;
  std::map<std::string, MustacheText> references;
};

namespace {

std::unique_ptr<MustacheText> ParseText(const std::string& text,
                                        const std::string& path,
                                        config::Faults* faults) {
  absl::StatusOr<MustacheText> parsed = MustacheText::Parse(text, KnownNames());
  if (!parsed.ok()) {
    faults->Add(path, parsed.status().message());
    return nullptr;
  }
  return std::make_unique<MustacheText>(*std::move(parsed));
}

void ParseColumns(const google::protobuf::Map<std::string, std::string>& map,
                  const std::string& path, config::Faults* faults,
                  std::map<std::string, MustacheText>* out) {
  if (map.size() > kMaxColumns) {
    faults->Add(path, absl::StrCat("has ", map.size(), " columns, at most ",
                                   kMaxColumns, " are possible"));
  }
  for (const auto& [name, text] : map) {
    const std::string field = absl::StrCat(path, "[\"", name, "\"]");
    if (!IsColumnName(name)) {
      faults->Add(field,
                  "is not the name of a column: lower-case letters, "
                  "digits and _ only");
      continue;
    }
    if (std::find(kOwnColumns.begin(), kOwnColumns.end(), name) !=
        kOwnColumns.end()) {
      faults->Add(field,
                  "is written by the service itself; texts have fields "
                  "of their own (short_description, description)");
      continue;
    }
    if (std::unique_ptr<MustacheText> parsed = ParseText(text, field, faults)) {
      out->emplace(name, *std::move(parsed));
    }
  }
}

}  // namespace

Template::Template(::config::v1::Template config, std::unique_ptr<Texts> texts)
    : config_(std::move(config)), texts_(std::move(texts)) {}

Template::~Template() = default;

std::shared_ptr<const Template> Template::Compile(
    const ::config::v1::Template& config, absl::string_view path,
    config::Faults* faults) {
  const std::size_t before = faults->size();
  const std::string at(path);
  if (config.name().empty() || config.name().size() > 128 ||
      config.name().find('/') != std::string::npos) {
    faults->Add(at + ".name", "must have 1 to 128 characters and no /");
  }
  const ::config::v1::LogAttachment& log = config.log_attachment();
  if (log.max_bytes() < 0 || log.max_bytes() > (std::int64_t{64} << 20)) {
    faults->Add(at + ".log_attachment.max_bytes",
                "must be 0 (for 5 MiB) to 67108864");
  }
  if (config.has_reuse_within()) {
    config::CheckRange(at + ".reuse_within", config.reuse_within(),
                       absl::Hours(24), absl::Hours(31 * 24), faults);
    if (config.reuse_within().nanos() != 0 ||
        config.reuse_within().seconds() % kSecondsOfDay != 0) {
      faults->Add(at + ".reuse_within",
                  "must be whole days: schedule dates are compared");
    }
    if (config.always_create_new_ticket()) {
      faults->Add(at + ".reuse_within",
                  "contradicts always_create_new_ticket: set one of them");
    }
  }
  auto texts = std::make_unique<Texts>();
  texts->short_description =
      ParseText(OrDefault(config.short_description(), kDefaultShortDescription),
                at + ".short_description", faults);
  texts->description =
      ParseText(OrDefault(config.description(), kDefaultDescription),
                at + ".description", faults);
  texts->work_note = ParseText(kWorkNote, at, faults);
  texts->file_name = ParseText(OrDefault(log.file_name(), kDefaultFileName),
                               at + ".log_attachment.file_name", faults);
  ParseColumns(config.fields(), at + ".fields", faults, &texts->fields);
  ParseColumns(config.references(), at + ".references", faults,
               &texts->references);
  if (faults->size() != before) return nullptr;
  return std::shared_ptr<const Template>(
      new Template(config, std::move(texts)));
}

std::string Template::correlation_display() const {
  return OrDefault(config_.correlation_display(), "SMA_OPCON");
}

RenderedTicket Template::Render(const TemplateFacts& facts) const {
  const MustacheValues values = ValuesOf(facts);
  RenderedTicket ticket;
  ticket.short_description =
      CutTo(texts_->short_description->Render(values), kMaxShortDescription);
  std::string previous;
  if (!facts.previous_ticket.empty()) {
    previous = absl::StrCat("\nPrevious ticket: ", facts.previous_ticket, " (",
                            facts.previous_reason, ")");
  }
  const std::string ending =
      absl::StrCat(previous, "\n", FailureMarker(facts.failure.failure_id()));
  ticket.description = absl::StrCat(CutTo(texts_->description->Render(values),
                                          kMaxDescription - ending.size()),
                                    ending);
  for (const auto& [name, text] : texts_->fields) {
    ticket.fields[name] = text.Render(values);
  }
  for (const auto& [name, text] : texts_->references) {
    ticket.references[name] = text.Render(values);
  }
  return ticket;
}

std::string Template::RenderWorkNote(const TemplateFacts& facts) const {
  std::string note = texts_->work_note->Render(ValuesOf(facts));
  if (facts.well_again) note += " It has become well again by itself.";
  if (!facts.overwritten_description.empty()) {
    absl::StrAppend(&note, "\n\nThe description until now:\n",
                    facts.overwritten_description);
  }
  const std::string ending =
      absl::StrCat("\n", FailureMarker(facts.failure.failure_id()));
  return absl::StrCat(CutTo(std::move(note), kMaxNote - ending.size()), ending);
}

std::string Template::LogFileName(const TemplateFacts& facts, int index,
                                  int count) const {
  return Numbered(SafeFileName(texts_->file_name->Render(ValuesOf(facts))),
                  index, count);
}

std::shared_ptr<const TemplateSet> TemplateSet::Compile(
    const google::protobuf::RepeatedPtrField<::config::v1::Template>& configs,
    absl::string_view default_name, config::Faults* faults) {
  const std::size_t before = faults->size();
  auto set = std::make_shared<TemplateSet>();
  if (configs.empty()) {
    faults->Add("templates",
                "must have at least one template, or no failure "
                "could become an incident");
  }
  for (int i = 0; i < configs.size(); ++i) {
    const std::string path = absl::StrCat("templates[", i, "]");
    if (set->Find(configs[i].name()) != nullptr) {
      faults->Add(path + ".name", absl::StrCat("\"", configs[i].name(),
                                               "\" is there already; each "
                                               "template needs its own name"));
      continue;
    }
    std::shared_ptr<const Template> compiled =
        Template::Compile(configs[i], path, faults);
    if (compiled != nullptr) set->templates_.push_back(std::move(compiled));
  }
  if (faults->size() != before) return nullptr;
  set->default_name_ = default_name.empty()
                           ? set->templates_.front()->config().name()
                           : std::string(default_name);
  if (set->Find(set->default_name_) == nullptr) {
    faults->Add("default_template", absl::StrCat("\"", default_name,
                                                 "\" is not among the "
                                                 "templates: ",
                                                 set->Names()));
    return nullptr;
  }
  return set;
}

std::shared_ptr<const Template> TemplateSet::Find(
    absl::string_view name) const {
  const absl::string_view wanted = name.empty() ? default_name_ : name;
  for (const std::shared_ptr<const Template>& candidate : templates_) {
    if (candidate->config().name() == wanted) return candidate;
  }
  return nullptr;
}

std::string TemplateSet::Names() const {
  return absl::StrJoin(templates_, ", ",
                       [](std::string* out, const auto& item) {
                         out->append(item->config().name());
                       });
}

}  // namespace opcon_snow::incident
