#include "snow_gateway/update_incident.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/incident_codec.h"
#include "snow_gateway/incident_write.h"
#include "snow_gateway/journal.h"
#include "snow_gateway/row.h"
#include "snow_gateway/violations.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using Reply = absl::StatusOr<v1::UpdateIncidentResponse>;

constexpr std::size_t kMaxEntry = 4000;

// One call; lives in the frame of UpdateIncident.
struct Update {
  std::shared_ptr<Instance> instance;
  v1::UpdateIncidentRequest request;
  CallScope scope;
  std::set<std::string> parts;
  // Of the masked fields, without the journal entry.
  nlohmann::json values;
  // What was done instead of what was asked.
  std::vector<std::string> warnings;
  std::vector<std::string> columns;
  bool entry_is_there = false;

  const std::string& table() const {
    return instance->settings().incident_table;
  }
  const std::string& sys_id() const { return request.incident().sys_id(); }
  bool adds_entry() const {
    return request.has_journal_entry() && !entry_is_there;
  }

  v1::UpdateIncidentResponse Response(const nlohmann::json& row,
                                      bool entry_added) const {
    v1::UpdateIncidentResponse response;
    *response.mutable_incident() =
        IncidentFromRow(row, instance->settings().base_url.text(), table(),
                        GivenColumns(request.incident()));
    response.set_journal_entry_added(entry_added);
    return response;
  }

  v1::UpdateIncidentResponse WrittenResponse(const nlohmann::json& row) const {
    v1::UpdateIncidentResponse response = Response(row, adds_entry());
    for (const std::string& warning : warnings) response.add_warnings(warning);
    for (std::string& warning : CompareWritten(values, row)) {
      response.add_warnings(std::move(warning));
    }
    return response;
  }
};

void CheckEntry(const v1::NewJournalEntry& entry, Violations* violations) {
  if (JournalColumnName(entry.column()).empty()) {
    violations->Add("journal_entry.column", "must be WORK_NOTES or COMMENTS");
  }
  if (entry.text().empty()) {
    violations->Add("journal_entry.text", "is required");
  }
  CheckLength("journal_entry.text", entry.text(), kMaxEntry, violations);
  CheckMarker("journal_entry.marker", entry.marker(), "journal_entry.text",
              entry.text(), kMaxEntry, violations);
}

absl::Status Check(const v1::UpdateIncidentRequest& request,
                   std::set<std::string>* parts) {
  Violations violations;
  CheckSysId("incident.sys_id", request.incident().sys_id(), &violations);
  const std::vector<std::string>& texts = WritableTexts();
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "state" || path == "fields" ||
        std::find(texts.begin(), texts.end(), path) != texts.end()) {
      parts->insert(path);
    } else {
      violations.Add("update_mask",
                     absl::StrCat("names \"", path,
                                  "\", which is no writable field of Incident; "
                                  "other columns go through `fields`"));
    }
  }
  CheckWrittenParts(request.incident(), *parts, &violations);
  if (request.has_journal_entry()) {
    CheckEntry(request.journal_entry(), &violations);
  }
  for (int i = 0; i < request.allowed_from_states_size(); ++i) {
    if (!IsKnownState(request.allowed_from_states(i))) {
      violations.Add(absl::StrCat("allowed_from_states[", i, "]"),
                     "is not one that this version knows");
    }
  }
  return violations.ToStatus();
}

absl::Status CheckState(const Update& update, const nlohmann::json& row) {
  const auto& allowed = update.request.allowed_from_states();
  if (allowed.empty()) return absl::OkStatus();
  const std::string value = ValueOf(row, "state");
  const v1::IncidentState state = StateOf(value);
  if (std::find(allowed.begin(), allowed.end(), state) != allowed.end()) {
    return absl::OkStatus();
  }
  ErrorDetails details;
  details.metadata["instance"] = update.instance->settings().name;
  details.metadata["sys_id"] = update.sys_id();
  details.metadata["number"] = ValueOf(row, "number");
  const std::string shown =
      IsKnownState(state) ? v1::IncidentState_Name(state) : value;
  details.metadata["state"] = shown;
  return GatewayError(
      v1::ERROR_REASON_INCIDENT_STATE,
      absl::StrCat("incident ", ValueOf(row, "number"), " is in state ", shown,
                   ", which is not one of allowed_from_states; nothing was "
                   "written"),
      std::move(details));
}

// Whether the incident is resolved or closed, and the instance has defaults for
// what it then usually demands.
bool MayNeedCloseDefaults(const Update& update) {
  const v1::IncidentState state = update.request.incident().state();
  return !update.instance->settings().default_close_code.empty() &&
         update.parts.count("state") > 0 &&
         (state == v1::INCIDENT_STATE_RESOLVED ||
          state == v1::INCIDENT_STATE_CLOSED);
}

void AddCloseDefaults(const nlohmann::json& row, Update* update) {
  if (!MayNeedCloseDefaults(*update)) return;
  const InstanceSettings& settings = update->instance->settings();
  const std::pair<const char*, const std::string&> defaults[] = {
      {"close_code", settings.default_close_code},
      {"close_notes", settings.default_close_notes}};
  for (const auto& [column, value] : defaults) {
    if (ValueOf(update->values, column).empty() &&
        ValueOf(row, column).empty()) {
      update->values[column] = value;
    }
  }
}

async::Task<absl::StatusOr<nlohmann::json>> Read(const Update* update) {
  async::Task<absl::StatusOr<RecordReply>> getting =
      update->instance->records().Get(update->table(), update->sys_id(),
                                      update->columns, update->scope);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(RecordReply reply,
                                 co_await std::move(getting));
  co_return std::move(reply.row);
}

async::Task<absl::StatusOr<bool>> EntryIsThere(const Update* update) {
  const v1::NewJournalEntry& entry = update->request.journal_entry();
  return JournalHasMarker(update->instance.get(), update->sys_id(),
                          entry.column(), entry.marker(), update->scope);
}

// Finds out what a write that failed has done.
async::Task<Reply> Settle(const Update* update, absl::Status failure) {
  const Doubt doubt = DoubtOf(failure);
  if (doubt == Doubt::kNothingDone) co_return failure;
  if (CarriesReason(failure, v1::ERROR_REASON_CANCELLED)) {
    co_return WithFact(failure, kOutcomeKey, kOutcomeUnknown);
  }
  const absl::Status unsettled =
      doubt == Doubt::kRefused ? failure : OutcomeUnknown(failure);
  async::Task<absl::StatusOr<nlohmann::json>> reading = Read(update);
  const absl::StatusOr<nlohmann::json> row = co_await std::move(reading);
  if (!row.ok()) co_return unsettled;

  bool done = false;
  if (update->adds_entry()) {
    async::Task<absl::StatusOr<bool>> looking = EntryIsThere(update);
    const absl::StatusOr<bool> there = co_await std::move(looking);
    if (!there.ok()) co_return unsettled;
    done = *there;
  } else {
    done = HasWritten(update->values, *row);
  }
  log::Info("servicenow.update_settled",
            {{"instance", update->instance->settings().name},
             {"sys_id", update->sys_id()},
             {"failure", GetErrorReason(failure)},
             {"done", done}});
  if (done) co_return update->WrittenResponse(*row);
  co_return doubt == Doubt::kMayStillRun ? OutcomeUnknown(failure) : failure;
}

async::Task<Reply> Write(const Update* update) {
  nlohmann::json body = update->values;
  if (update->adds_entry()) {
    const v1::NewJournalEntry& entry = update->request.journal_entry();
    body[std::string(JournalColumnName(entry.column()))] = entry.text();
  }
  async::Task<absl::StatusOr<RecordReply>> writing =
      update->instance->records().Update(update->table(), update->sys_id(),
                                         std::move(body), update->columns,
                                         update->scope);
  const absl::StatusOr<RecordReply> reply = co_await std::move(writing);
  if (reply.ok()) co_return update->WrittenResponse(reply->row);
  async::Task<Reply> settling = Settle(update, reply.status());
  Reply settled = co_await std::move(settling);
  co_return settled;
}

}  // namespace

async::Task<absl::StatusOr<v1::UpdateIncidentResponse>> UpdateIncident(
    std::shared_ptr<Instance> instance, v1::UpdateIncidentRequest request,
    CallScope scope) {
  Update update;
  OPCON_SNOW_CO_RETURN_IF_ERROR(Check(request, &update.parts));
  update.instance = std::move(instance);
  update.request = std::move(request);
  update.scope = std::move(scope);
  update.columns = ColumnsToShow(GivenColumns(update.request.incident()));

  async::Task<absl::StatusOr<WriteValues>> preparing =
      ValuesToWrite(update.instance.get(), update.request.incident(),
                    update.parts, /*keep_empty=*/true, update.scope);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(WriteValues prepared,
                                 co_await std::move(preparing));
  update.values = std::move(prepared.values);
  update.warnings = std::move(prepared.warnings);
  if (update.request.has_journal_entry()) {
    async::Task<absl::StatusOr<bool>> looking = EntryIsThere(&update);
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(update.entry_is_there,
                                   co_await std::move(looking));
  }
  const bool writes = !update.values.empty() || update.adds_entry();
  const bool must_read = !writes || update.entry_is_there ||
                         update.request.validate_only() ||
                         MayNeedCloseDefaults(update) ||
                         update.request.allowed_from_states_size() > 0;
  if (must_read) {
    async::Task<absl::StatusOr<nlohmann::json>> reading = Read(&update);
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(const nlohmann::json row,
                                   co_await std::move(reading));
    if (update.entry_is_there && HasWritten(update.values, row)) {
      co_return update.Response(row, false);
    }
    OPCON_SNOW_CO_RETURN_IF_ERROR(CheckState(update, row));
    AddCloseDefaults(row, &update);
    if (!writes || update.request.validate_only()) {
      co_return update.Response(row, false);
    }
  }
  async::Task<Reply> writing = Write(&update);
  Reply reply = co_await std::move(writing);
  co_return reply;
}

}  // namespace opcon_snow::snow
