// What a template asks for beside the job, fetched once a failure.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"
#include "common/status/utf8.h"
#include "incident_service/identity.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/bounded_log.h"
#include "incident_service/workflow/retry_policy.h"
#include "incident_service/workflow/steps.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace sn = ::servicenow::v1;
using ::incident_store::v1::TemplateContext;

constexpr int kHistoryPage = 100;
// A value that a look-up may put into a text.
constexpr std::size_t kMaxFound = 1000;

OpCon* Quick(const StepDependencies& dependencies) {
  return dependencies.quick_opcon != nullptr ? dependencies.quick_opcon
                                             : dependencies.opcon;
}

// The last `limit` characters of a text of whole ones.
std::string EndOf(const std::string& text, int limit) {
  int characters = 0;
  for (std::size_t i = text.size(); i > 0; --i) {
    const bool begins_character =
        (static_cast<unsigned char>(text[i - 1]) & 0xC0) != 0x80;
    if (begins_character && ++characters == limit) return text.substr(i - 1);
  }
  return text;
}

absl::Time EndOfRun(const ::opcon::v1::JobRun& run) {
  return run.has_end_time() ? ToTime(run.end_time()) : absl::InfinitePast();
}

}  // namespace

absl::StatusOr<TemplateContext> Steps::FetchContext(const ClaimedStep& claimed,
                                                    const Template& chosen) {
  const StoredReport& stored = claimed.stored;
  const v1::Failure failure = FailureOf(stored);
  TemplateContext context;
  if (!stored.memo.opcon_not_asked()) {
    if (chosen.uses_last_runs()) {
      FetchLastRuns(failure.job_key(), stored.memo.job(), &context);
    }
    if (chosen.uses_log_tail()) FetchLogTail(failure, chosen, &context);
  }
  TemplateFacts facts = FactsOf(stored, failure, stored.memo);
  facts.context = context;
  for (const WantedRecord& wanted : chosen.WantedRecords(facts)) {
    OPCON_SNOW_RETURN_IF_ERROR(
        FetchRecord(stored.memo.servicenow(), wanted, &context));
  }
  return context;
}

void Steps::FetchLastRuns(const v1::JobKey& key,
                          const ::opcon::v1::DailyJob& job,
                          TemplateContext* context) {
  ::opcon::v1::ListJobHistoryRequest request;
  request.set_instance(key.opcon());
  request.mutable_job()->set_id(JobId(key));
  request.set_page_size(kHistoryPage);
  const auto reply = Quick(d_)->ListJobHistory(request);
  if (!reply.ok()) {
    context->add_remarks(absl::StrCat("the texts do without the last runs: ",
                                      reply.status().message()));
    return;
  }
  std::vector<::opcon::v1::JobRun> runs(reply->runs().begin(),
                                        reply->runs().end());
  std::stable_sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) {
    return EndOfRun(a) > EndOfRun(b);
  });
  const absl::TimeZone zone =
      absl::FixedTimeZone(static_cast<int>(job.utc_offset().seconds()));
  for (const ::opcon::v1::JobRun& run : runs) {
    if (context->last_runs_size() == kMaxLastRuns) break;
    context->add_last_runs(RunWords(run, zone));
  }
}

void Steps::FetchLogTail(const v1::Failure& failure, const Template& chosen,
                         TemplateContext* context) {
  if (failure.job_number() == 0) return;
  const std::string& opcon = failure.job_key().opcon();
  ::opcon::v1::ListJobLogsRequest request;
  request.set_instance(opcon);
  request.set_job_number(failure.job_number());
  const auto logs = Quick(d_)->ListJobLogs(request);
  absl::Status read = logs.status();
  // A character has at most four bytes.
  BoundedLog log(1, std::size_t{4} * kMaxLogTail);
  if (logs.ok() && !logs->files().empty()) {
    ::opcon::v1::ReadJobLogRequest file;
    file.set_instance(opcon);
    file.set_job_number(failure.job_number());
    file.set_path(logs->files(logs->files_size() - 1).path());
    read = ReadRedacted(Quick(d_), file, chosen,
                        [&](absl::string_view piece) { log.Append(piece); });
  }
  if (!read.ok()) {
    context->add_remarks(absl::StrCat(
        "the texts do without the end of the log: ", read.message()));
    return;
  }
  const std::string text = log.Take();
  context->set_log_tail(EndOf(ToValidUtf8(text, text.size()), kMaxLogTail));
}

absl::Status Steps::FetchRecord(const std::string& servicenow,
                                const WantedRecord& wanted,
                                TemplateContext* context) {
  sn::LookupRecordsRequest request;
  request.set_instance(servicenow);
  request.set_table(wanted.table);
  request.add_columns(wanted.column);
  // One more than is wanted tells that there are several.
  request.set_page_size(2);
  for (const auto& [column, value] : wanted.where) {
    sn::Condition* condition = request.add_conditions();
    condition->set_column(column);
    condition->add_values(value);
  }
  const std::string what = absl::StrCat(
      "look-up \"", wanted.name, "\" (", wanted.table, " with ",
      absl::StrJoin(wanted.where, ", ", absl::PairFormatter(" = ")), ")");
  const auto reply = d_.servicenow->LookupRecords(request);
  if (!reply.ok()) {
    // Without ServiceNow there is no ticket either; a table that cannot be read
    // must not keep a ticket from being opened.
    if (MayRepeat(reply.status())) return reply.status();
    context->add_remarks(
        absl::StrCat(what, " failed: ", reply.status().message()));
    return absl::OkStatus();
  }
  if (reply->records_size() != 1) {
    context->add_remarks(absl::StrCat(what,
                                      reply->records().empty()
                                          ? " found no record"
                                          : " found several records",
                                      "; the ticket does without"));
    return absl::OkStatus();
  }
  const sn::Record& record = reply->records(0);
  std::string value = record.sys_id();
  if (wanted.column != "sys_id") {
    const auto field = record.fields().find(wanted.column);
    value = field == record.fields().end() ? "" : field->second.value();
  }
  (*context->mutable_lookups())[wanted.name] = ToValidUtf8(value, kMaxFound);
  return absl::OkStatus();
}

}  // namespace opcon_snow::incident
