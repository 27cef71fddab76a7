#include "opcon_gateway/documentation.h"

#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/job_parser.h"
#include "opcon_gateway/upstream_error.h"
#include "opcon_gateway/upstream_json.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
namespace v1 = ::opcon::v1;

// The answer's shape is not documented: one object, or a list that holds it.
const json& OneOf(const json& body) {
  static const json* const null = new json(nullptr);
  if (body.is_array()) return body.empty() ? *null : body.front();
  return body.is_object() ? body : *null;
}

absl::Status NotShown(const std::string& instance) {
  return OpConError(
      absl::StatusCode::kInternal, v1::ERROR_REASON_UPSTREAM_FAILURE,
      absl::StrCat("OpCon instance \"", instance,
                   "\" took a job's documentation with success, but does not "
                   "show it. Ask the OpCon administrator to look into the "
                   "API's log."));
}

}  // namespace

std::string AppendParagraph(absl::string_view present, absl::string_view text) {
  const absl::string_view line_break =
      absl::StrContains(present, "\r\n") ? "\r\n" : "\n";
  std::string paragraph = absl::StrReplaceAll(
      absl::StrReplaceAll(text, {{"\r\n", "\n"}}), {{"\n", line_break}});
  if (present.empty()) return paragraph;
  std::string gap;
  if (!absl::EndsWith(present, "\n")) absl::StrAppend(&gap, line_break);
  const std::string blank_line = absl::StrCat(line_break, line_break);
  if (!absl::EndsWith(present, blank_line)) absl::StrAppend(&gap, line_break);
  return absl::StrCat(present, gap, paragraph);
}

async::Task<absl::StatusOr<Documentation::Found>> Documentation::Find(
    const v1::JobSelector& selector, const CallScope& scope) {
  Found found;
  found.job_id = selector.id();
  const bool looked_up = found.job_id.empty();
  if (looked_up) {
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(v1::DailyJob job,
                                   co_await jobs_->Find(selector, scope));
    found.job_id = job.id();
  }
  RestRequest request;
  request.url = rest_->Url("api/dailyjobs")
                    .SegmentSlashTwice(found.job_id)
                    .Path("documentation")
                    .Build();
  request.missing_is_answer = true;
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(RestAnswer answer,
                                 co_await rest_->Send(request, scope));
  if (answer.missing() && !looked_up) {
    // No documentation, or no job?
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(v1::DailyJob job,
                                   co_await jobs_->Find(selector, scope));
    found.job_id = job.id();
  }
  if (!answer.missing()) found.value = OneOf(answer.body);
  co_return found;
}

async::Task<absl::StatusOr<v1::JobDocumentation>> Documentation::Get(
    const v1::JobSelector& selector, const CallScope& scope) {
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(Found found, co_await Find(selector, scope));
  co_return ParseDocumentation(found.value);
}

async::Task<absl::StatusOr<DocumentationAppended>> Documentation::Append(
    const v1::JobSelector& selector, const std::string& text,
    const std::string& marker, const CallScope& scope) {
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(Found found, co_await Find(selector, scope));
  DocumentationAppended result;
  result.documentation = ParseDocumentation(found.value);
  if (absl::StrContains(result.documentation.job_text(), marker)) {
    co_return result;
  }
  result.documentation.set_job_text(
      AppendParagraph(result.documentation.job_text(), text));
  const std::int64_t id = result.documentation.documentation_id();
  http::UrlBuilder url = rest_->Url("api/dailyjobs")
                             .SegmentSlashTwice(found.job_id)
                             .Path("documentation");
  RestRequest request;
  request.method = http::Method::kPost;
  if (id != 0) {
    request.method = http::Method::kPut;
    url.Segment(absl::StrCat(id));
  }
  request.url = url.Build();
  request.effect = Effect::kWrite;
  request.not_found = v1::ERROR_REASON_JOB_NOT_FOUND;
  // The frequency's text goes back as it came, null included.
  json body = {{"id", id},
               {"frequency", MemberOf(found.value, "frequency")},
               {"job", result.documentation.job_text()}};
  request.body = std::move(body);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      RestAnswer answer, co_await rest_->Send(std::move(request), scope));
  result.changed = true;
  v1::JobDocumentation shown = ParseDocumentation(OneOf(answer.body));
  if (!absl::StrContains(shown.job_text(), marker)) {
    // What it answers to a write is not documented: look.
    v1::JobSelector by_id;
    by_id.set_id(found.job_id);
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(const Found again,
                                   co_await Find(by_id, scope));
    shown = ParseDocumentation(again.value);
    if (!absl::StrContains(shown.job_text(), marker)) {
      co_return NotShown(rest_->instance());
    }
  }
  result.documentation = std::move(shown);
  co_return result;
}

}  // namespace opcon_snow::opcon
