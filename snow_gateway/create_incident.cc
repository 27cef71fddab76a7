#include "snow_gateway/create_incident.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "snow_gateway/columns.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/incident_codec.h"
#include "snow_gateway/incident_write.h"
#include "snow_gateway/query.h"
#include "snow_gateway/row.h"
#include "snow_gateway/violations.h"
#include "snow_gateway/wire_time.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using Reply = absl::StatusOr<v1::CreateIncidentResponse>;
// The incident of this create; nothing if it is not there.
using Found = absl::StatusOr<std::optional<RecordReply>>;

// Active incidents with one correlation_id that are looked through.
constexpr int kMaxCandidates = 100;
// ServiceNow tells times to the second, and two of its nodes need not agree
// better than this.
constexpr absl::Duration kClockSlack = absl::Seconds(2);
// When to look for an incident again that may still come.
constexpr absl::Duration kLookAgain = absl::Seconds(2);

// One call; lives in the frame of CreateIncident.
struct Create {
  std::shared_ptr<Instance> instance;
  v1::CreateIncidentRequest request;
  CallScope scope;
  nlohmann::json values;
  // What was done instead of what was asked.
  std::vector<std::string> warnings;
  std::vector<std::string> columns;
  // It was looked for before the write, and was not there.
  bool was_absent = false;
  // By the loop's clock.
  absl::Duration sent;

  const std::string& table() const {
    return instance->settings().incident_table;
  }
  const std::string& sys_id() const { return request.incident().sys_id(); }

  bool IsOurs(const nlohmann::json& row) const {
    return absl::StrContains(ValueOf(row, "description"), request.marker());
  }

  v1::CreateIncidentResponse Response(const nlohmann::json& row,
                                      bool created) const {
    v1::CreateIncidentResponse response;
    *response.mutable_incident() =
        IncidentFromRow(row, instance->settings().base_url.text(), table(),
                        GivenColumns(request.incident()));
    response.set_created(created);
    for (const std::string& warning : warnings) response.add_warnings(warning);
    return response;
  }

  // For an incident that this call made: also what the instance did silently.
  v1::CreateIncidentResponse CreatedResponse(const nlohmann::json& row) const {
    v1::CreateIncidentResponse response = Response(row, true);
    for (std::string& warning : CompareWritten(values, row)) {
      response.add_warnings(std::move(warning));
    }
    return response;
  }

  absl::Status Error(Reason reason, absl::string_view message,
                     ErrorDetails details) const {
    details.metadata["instance"] = instance->settings().name;
    details.metadata["table"] = table();
    details.metadata["sys_id"] = sys_id();
    return GatewayError(reason, message, std::move(details));
  }
};

void CheckOutputOnly(const v1::Incident& incident, Violations* violations) {
  if (!incident.number().empty() || !incident.state_value().empty() ||
      !incident.url().empty() || !incident.updated_by().empty() ||
      incident.active() || incident.reopen_count() != 0 ||
      incident.modification_count() != 0 || incident.has_create_time() ||
      incident.has_update_time()) {
    violations->Add("incident",
                    "has output-only fields set (number, state_value, url, "
                    "active, reopen_count, create_time, update_time, "
                    "updated_by, modification_count); leave them empty");
  }
}

const std::set<std::string>& AllParts() {
  static const auto* const parts = [] {
    auto* all = new std::set<std::string>(WritableTexts().begin(),
                                          WritableTexts().end());
    all->insert("state");
    all->insert("fields");
    return all;
  }();
  return *parts;
}

absl::Status Check(const v1::CreateIncidentRequest& request) {
  Violations violations;
  const v1::Incident& incident = request.incident();
  CheckSysId("incident.sys_id", incident.sys_id(), &violations);
  for (const char* name : {"short_description", "correlation_id"}) {
    if (TextOf(incident, name).empty()) {
      violations.Add(absl::StrCat("incident.", name), "is required");
    }
  }
  CheckMarker("marker", request.marker(), "incident.description",
              incident.description(), kMaxDescription, &violations);
  CheckOutputOnly(incident, &violations);
  CheckWrittenParts(incident, AllParts(), &violations);
  return violations.ToStatus();
}

absl::Status SysIdTaken(const Create& create, const nlohmann::json& row) {
  ErrorDetails details;
  details.metadata["number"] = ValueOf(row, "number");
  return create.Error(
      v1::ERROR_REASON_SYS_ID_TAKEN,
      absl::StrCat("sys_id ", create.sys_id(), " belongs to incident ",
                   ValueOf(row, "number"),
                   ", whose description does not have this create's marker; "
                   "look at that incident, or choose another sys_id"),
      std::move(details));
}

async::Task<Found> FindBySysId(const Create* create) {
  async::Task<absl::StatusOr<RecordReply>> getting =
      create->instance->records().Get(create->table(), create->sys_id(),
                                      create->columns, create->scope);
  absl::StatusOr<RecordReply> reply = co_await std::move(getting);
  if (!reply.ok()) {
    if (CarriesReason(reply.status(), v1::ERROR_REASON_RECORD_NOT_FOUND)) {
      co_return std::optional<RecordReply>();
    }
    co_return reply.status();
  }
  if (!create->IsOurs(reply->row)) co_return SysIdTaken(*create, reply->row);
  create->instance->set_honours_sys_id(true);
  co_return std::optional<RecordReply>(*std::move(reply));
}

async::Task<Found> FindByCorrelation(const Create* create) {
  const std::string& correlation_id =
      create->request.incident().correlation_id();
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(BoundedQuery query,
                                 Query(IncidentQueryColumns())
                                     .Equals("correlation_id", correlation_id)
                                     .Equals("active", "true")
                                     .OrderBy("sys_id")
                                     .Build(kMaxCandidates));
  ListQuery list{create->table(), std::move(query), create->columns};
  async::Task<absl::StatusOr<std::vector<nlohmann::json>>> listing =
      create->instance->records().List(std::move(list), create->scope);
  absl::StatusOr<std::vector<nlohmann::json>> rows =
      co_await std::move(listing);
  if (!rows.ok()) co_return rows.status();

  std::vector<nlohmann::json> matches;
  for (nlohmann::json& row : *rows) {
    if (ValueOf(row, "correlation_id") == correlation_id &&
        ValueOf(row, "active") == "true" && create->IsOurs(row)) {
      matches.push_back(std::move(row));
    }
  }
  const bool all_seen = rows->size() < kMaxCandidates;
  if (matches.size() == 1 && all_seen) {
    RecordReply reply;
    reply.row = std::move(matches[0]);
    co_return std::optional<RecordReply>(std::move(reply));
  }
  if (matches.empty() && all_seen) co_return std::optional<RecordReply>();

  const std::string candidates =
      absl::StrJoin(matches, ",", [](std::string* out, const auto& row) {
        absl::StrAppend(out, ValueOf(row, "number"));
      });
  const std::string message =
      all_seen
          ? absl::StrCat(
                "more than one active incident has this "
                "correlation_id and marker: ",
                candidates, "; close all but one")
          : absl::StrCat("at least ", kMaxCandidates,
                         " active incidents have this correlation_id, too many "
                         "to tell which is this create's");
  ErrorDetails details;
  details.metadata["candidates"] = candidates;
  co_return create->Error(v1::ERROR_REASON_AMBIGUOUS_RECORD, message,
                          std::move(details));
}

async::Task<Found> Find(const Create* create) {
  async::Task<Found> by_sys_id = FindBySysId(create);
  Found found = co_await std::move(by_sys_id);
  if (!found.ok() || found->has_value()) co_return found;
  if (create->instance->honours_sys_id().value_or(false)) co_return found;
  async::Task<Found> by_correlation = FindByCorrelation(create);
  found = co_await std::move(by_correlation);
  co_return found;
}

// Whether the write of this call made the incident that was found after it.
bool MadeByThisCall(const Create& create, const nlohmann::json& row) {
  const auto made = ParseWireTime(ValueOf(row, "sys_created_on"));
  // Both times are the instance's, so that its clock may be wrong.
  const auto now = create.instance->client().InstanceNow();
  if (!now.has_value() || !made.has_value()) return create.was_absent;
  const absl::Duration since_sent =
      create.instance->loop().MonotonicNow() - create.sent;
  return *made >= *now - since_sent - kClockSlack;
}

async::Task<Reply> Settle(const Create* create, absl::Status failure) {
  const Doubt doubt = DoubtOf(failure);
  if (doubt != Doubt::kMayStillRun) {
    create->instance->attempts().Settled(create->sys_id());
  }
  if (doubt == Doubt::kNothingDone) co_return failure;
  if (CarriesReason(failure, v1::ERROR_REASON_CANCELLED)) {
    co_return WithFact(failure, kOutcomeKey, kOutcomeUnknown);
  }
  async::Task<Found> finding = Find(create);
  const Found found = co_await std::move(finding);
  log::Info("servicenow.create_settled",
            {{"instance", create->instance->settings().name},
             {"sys_id", create->sys_id()},
             {"failure", GetErrorReason(failure)},
             {"found", found.ok() && found->has_value()},
             {"look", GetErrorReason(found.status())}});
  const nlohmann::json* row =
      found.ok() && found->has_value() ? &(*found)->row : nullptr;
  if (row != nullptr) {
    create->instance->attempts().Settled(create->sys_id());
    if (MadeByThisCall(*create, *row)) co_return create->CreatedResponse(*row);
    co_return create->Response(*row, false);
  }
  if (found.ok()) {
    co_return doubt == Doubt::kMayStillRun ? OutcomeUnknown(failure) : failure;
  }
  if (CarriesReason(found.status(), v1::ERROR_REASON_SYS_ID_TAKEN) ||
      CarriesReason(found.status(), v1::ERROR_REASON_AMBIGUOUS_RECORD)) {
    co_return found.status();
  }
  co_return doubt == Doubt::kRefused ? failure : OutcomeUnknown(failure);
}

// The error for a create that an earlier attempt may still carry out.
absl::Status EarlierMayStillRun(const Create& create, absl::Duration left) {
  ErrorDetails details;
  details.metadata[kOutcomeKey] = kOutcomeUnknown;
  details.retry_after = std::min(left, kLookAgain);
  return create.Error(
      v1::ERROR_REASON_OUTCOME_UNKNOWN,
      absl::StrCat("the instance may still be carrying out an earlier attempt "
                   "at this create, and it is not known to keep to chosen "
                   "sys_ids, so that a second one could double the incident; "
                   "nothing was sent. Repeat the call: it looks again"),
      std::move(details));
}

// An intermediate table took the row: is the incident there?
async::Task<Reply> TakeIndirect(const Create* create, IndirectReply reply) {
  Found found = std::optional<RecordReply>();
  if (reply.sys_id.empty()) {
    async::Task<Found> finding = Find(create);
    found = co_await std::move(finding);
  } else {
    async::Task<absl::StatusOr<RecordReply>> getting =
        create->instance->records().Get(create->table(), reply.sys_id,
                                        create->columns, create->scope);
    absl::StatusOr<RecordReply> record = co_await std::move(getting);
    if (record.ok() && create->IsOurs(record->row)) {
      found = std::optional<RecordReply>(*std::move(record));
    } else if (!record.ok()) {
      found = record.status();
    }
  }
  if (found.ok() && found->has_value()) {
    create->instance->attempts().Settled(create->sys_id());
    co_return create->Response((*found)->row, true);
  }
  if (CarriesReason(found.status(), v1::ERROR_REASON_AMBIGUOUS_RECORD)) {
    co_return found.status();
  }
  ErrorDetails details;
  details.metadata[kOutcomeKey] = kOutcomeUnknown;
  details.retry_after = kLookAgain;
  co_return create->Error(
      v1::ERROR_REASON_OUTCOME_UNKNOWN,
      absl::StrCat("table ", create->instance->settings().create_table,
                   " took the row, but no incident of it is in table ",
                   create->table(),
                   " yet. Repeat the call: it looks first and does nothing "
                   "twice. If it stays, the ServiceNow administrator can say "
                   "what becomes of the rows of that table"),
      std::move(details));
}

// From here on an attempt may be carried out, until it is settled.
void Begin(Create* create) {
  create->sent = create->instance->loop().MonotonicNow();
  create->instance->attempts().MayStillRun(create->sys_id(), create->sent);
}

async::Task<Reply> WriteIndirectly(Create* create) {
  Begin(create);
  async::Task<absl::StatusOr<IndirectReply>> inserting =
      create->instance->records().InsertIndirectly(
          create->instance->settings().create_table, create->values,
          create->scope);
  absl::StatusOr<IndirectReply> reply = co_await std::move(inserting);
  async::Task<Reply> ending = reply.ok()
                                  ? TakeIndirect(create, *std::move(reply))
                                  : Settle(create, reply.status());
  Reply ended = co_await std::move(ending);
  co_return ended;
}

async::Task<Reply> Write(Create* create) {
  Begin(create);
  async::Task<absl::StatusOr<RecordReply>> inserting =
      create->instance->records().Insert(create->table(), create->values,
                                         create->columns, create->scope);
  const absl::StatusOr<RecordReply> reply = co_await std::move(inserting);
  if (!reply.ok()) {
    async::Task<Reply> settling = Settle(create, reply.status());
    Reply settled = co_await std::move(settling);
    co_return settled;
  }
  const std::string sys_id = ValueOf(reply->row, "sys_id");
  const bool honoured = sys_id == create->sys_id();
  create->instance->set_honours_sys_id(honoured);
  create->instance->attempts().Settled(create->sys_id());
  if (!honoured) {
    create->warnings.push_back(
        absl::StrCat("the instance ignores chosen sys_ids: the incident has ",
                     sys_id, " instead of ", create->sys_id()));
  }
  co_return create->CreatedResponse(reply->row);
}

}  // namespace

async::Task<absl::StatusOr<v1::CreateIncidentResponse>> CreateIncident(
    std::shared_ptr<Instance> instance, v1::CreateIncidentRequest request,
    CallScope scope) {
  OPCON_SNOW_CO_RETURN_IF_ERROR(Check(request));
  Create create;
  create.instance = std::move(instance);
  create.request = std::move(request);
  create.scope = std::move(scope);

  create.columns = ColumnsToShow(GivenColumns(create.request.incident()));

  const std::optional<absl::Duration> may_still_run =
      create.instance->attempts().Left(create.sys_id(),
                                       create.instance->loop().MonotonicNow());
  // Before anything else: what is there already needs no references.
  if (create.request.may_exist() || may_still_run.has_value()) {
    async::Task<Found> finding = Find(&create);
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(const std::optional<RecordReply> found,
                                   co_await std::move(finding));
    if (found.has_value()) {
      create.instance->attempts().Settled(create.sys_id());
      co_return create.Response(found->row, false);
    }
    create.was_absent = true;
  }
  async::Task<absl::StatusOr<WriteValues>> preparing =
      ValuesToWrite(create.instance.get(), create.request.incident(),
                    AllParts(), /*keep_empty=*/false, create.scope);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(WriteValues prepared,
                                 co_await std::move(preparing));
  create.values = std::move(prepared.values);
  create.warnings = std::move(prepared.warnings);
  create.values["sys_id"] = create.sys_id();
  if (create.request.validate_only()) {
    co_return create.Response(create.values, false);
  }
  if (may_still_run.has_value() &&
      !create.instance->honours_sys_id().value_or(false)) {
    co_return EarlierMayStillRun(create, *may_still_run);
  }
  async::Task<Reply> writing = create.instance->creates_indirectly()
                                   ? WriteIndirectly(&create)
                                   : Write(&create);
  Reply reply = co_await std::move(writing);
  co_return reply;
}

}  // namespace opcon_snow::snow
