// ATTACH_LOG: the job's logs, from the agent to the incident. Best effort.

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/digest/sha256.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/bounded_log.h"
#include "incident_service/workflow/effect.h"
#include "incident_service/workflow/line_filter.h"
#include "incident_service/workflow/steps.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace sn = ::servicenow::v1;

constexpr std::int64_t kDefaultMaxBytes = std::int64_t{5} << 20;
constexpr char kOtherRun[] = "OpCon shows another run under that number by now";

StepCommit NothingToAttach(const ClaimedStep& claimed, std::string why) {
  StepCommit commit = Succeeded(claimed, std::move(why));
  commit.step.set_state(v1::STEP_STATE_SKIPPED);
  return commit;
}

BoundedLog LogWithin(const ::config::v1::LogAttachment& config) {
  if (config.head_bytes() > 0) {
    return {static_cast<std::size_t>(config.head_bytes()),
            static_cast<std::size_t>(config.tail_bytes())};
  }
  return BoundedLog(static_cast<std::size_t>(
      config.max_bytes() > 0 ? config.max_bytes() : kDefaultMaxBytes));
}

bool IsAnotherRun(const v1::Failure& failure,
                  const ::opcon::v1::DailyJob& job) {
  return failure.has_run_end_time() &&
         job.job_number() == failure.job_number() &&
         (!job.has_end_time() ||
          ToTime(job.end_time()) != ToTime(failure.run_end_time()));
}

}  // namespace

absl::Status ReadRedacted(OpCon* opcon,
                          const ::opcon::v1::ReadJobLogRequest& request,
                          const Template& chosen,
                          const std::function<void(absl::string_view)>& sink) {
  if (!chosen.redacts()) return opcon->ReadJobLog(request, sink);
  LineFilter filter(
      [&](std::string line) { return chosen.Redacted(std::move(line)); }, sink);
  OPCON_SNOW_RETURN_IF_ERROR(opcon->ReadJobLog(
      request, [&](absl::string_view chunk) { filter.Append(chunk); }));
  filter.Finish();
  return absl::OkStatus();
}

absl::StatusOr<StepCommit> Steps::AttachLog(const ClaimedStep& claimed) {
  const StoredReport& stored = claimed.stored;
  const v1::Failure failure = FailureOf(stored);
  const int run = failure.job_number();
  if (run == 0) {
    return NothingToAttach(claimed, "the run is not known, hence no log");
  }
  if (failure.provisional() && run == stored.memo.job().job_number()) {
    return NothingToAttach(claimed, kOtherRun);
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::shared_ptr<const Template> chosen,
                              FindTemplate(stored.memo.template_()));
  ::opcon::v1::ListJobLogsRequest request;
  request.set_instance(stored.report.event().job_key().opcon());
  request.set_job_number(run);
  const auto logs = d_.opcon->ListJobLogs(request);
  if (GetErrorReason(logs.status()) == "NO_JOB_LOG" ||
      (logs.ok() && logs->files().empty())) {
    return NothingToAttach(claimed, "OpCon has no log of this run");
  }
  if (!logs.ok()) {
    // While the next run is under way under that number there may be none.
    const absl::StatusOr<::opcon::v1::DailyJob> job = GetJob(failure.job_key());
    if (job.ok() && IsAnotherRun(failure, *job)) {
      return NothingToAttach(claimed, kOtherRun);
    }
    return logs.status();
  }

  const int count = std::min(logs->files_size(), kMaxLogFiles);
  std::vector<std::string> attached;
  for (int i = 0; i < count; ++i) {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        std::optional<std::string> name,
        AttachOne(claimed, *chosen, logs->files(i).path(), i, count));
    if (!name.has_value()) return NothingToAttach(claimed, kOtherRun);
    attached.push_back(*std::move(name));
  }
  StepCommit commit = Succeeded(
      claimed, absl::StrCat("attached ", absl::StrJoin(attached, ", ")));
  if (logs->files_size() > count) {
    absl::StrAppend(commit.step.mutable_outcome(), "; left out ",
                    logs->files_size() - count, " more files");
  }
  return commit;
}

absl::StatusOr<std::optional<std::string>> Steps::AttachOne(
    const ClaimedStep& claimed, const Template& chosen, const std::string& path,
    int index, int count) {
  const StoredReport& stored = claimed.stored;
  const v1::Failure failure = FailureOf(stored);
  ::opcon::v1::ReadJobLogRequest request;
  request.set_instance(failure.job_key().opcon());
  request.set_job_number(failure.job_number());
  request.set_path(path);
  BoundedLog log = LogWithin(chosen.config().log_attachment());
  OPCON_SNOW_RETURN_IF_ERROR(
      ReadRedacted(d_.opcon, request, chosen,
                   [&](absl::string_view piece) { log.Append(piece); }));

  // Asked after the log was read: where a restart keeps the number, what was
  // read may be the next run's.
  const absl::StatusOr<::opcon::v1::DailyJob> job = GetJob(failure.job_key());
  if (job.ok() && IsAnotherRun(failure, *job)) return std::nullopt;
  if (!job.ok() && job.status().code() != absl::StatusCode::kNotFound) {
    return job.status();
  }

  const std::string content = log.Take();
  sn::AttachFileHeader header;
  header.set_instance(stored.memo.servicenow());
  header.set_record_sys_id(stored.report.ticket().sys_id());
  header.set_file_name(
      chosen.LogFileName(FactsOf(stored, failure, stored.memo), index, count));
  header.set_content_type("text/plain");
  header.set_size_bytes(static_cast<std::int64_t>(content.size()));
  header.set_sha256(Sha256Hex(content));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const auto reply,
      Effect(
          d_.store, d_.clock, claimed,
          {.action = "servicenow.AttachFile",
           .instance = header.instance(),
           .target = stored.report.ticket().number(),
           .reason = absl::StrCat("the log of run ", failure.job_number())},
          header, [&] { return d_.servicenow->AttachFile(header, content); },
          [](const sn::AttachFileResponse& reply) {
            return std::string(reply.created() ? "attached"
                                               : "was attached already");
          }));
  return absl::StrCat(reply.attachment().file_name(), " (", content.size(),
                      " bytes", log.cut() ? ", cut" : "", ")");
}

}  // namespace opcon_snow::incident
