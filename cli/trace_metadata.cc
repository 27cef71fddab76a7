#include "cli/trace_metadata.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "common/trace/caller_span.h"
#include "common/trace/trace_parent.h"
#include "google/protobuf/timestamp.pb.h"

namespace opcon_snow::cli {

using trace::TraceParent;

std::string GivenTraceParent(const GetEnvironment& environment) {
  const auto given =
      trace::ParseTraceParent(environment("TRACEPARENT").value_or(""));
  return given.has_value() ? trace::FormatTraceParent(*given) : "";
}

std::multimap<std::string, std::string> TraceMetadata(
    const ::incident::v1::ReportJobEventRequest& request,
    absl::string_view given) {
  const std::string id = absl::StrReplaceAll(request.request_id(), {{"-", ""}});
  if (request.validate_only() || id.size() != 32) return {};
  std::optional<TraceParent> self = trace::ParseTraceParent(
      absl::StrCat("00-", id, "-", id.substr(16), "-01"));
  if (!self.has_value()) return {};
  const google::protobuf::Timestamp& begin =
      request.has_event() ? request.event().occurred_time()
                          : request.rejected().occurred_time();
  trace::CallerSpan span{
      absl::FromUnixSeconds(begin.seconds()) + absl::Nanoseconds(begin.nanos()),
      std::nullopt};
  if (const auto parent = trace::ParseTraceParent(given)) {
    self->trace_id = parent->trace_id;
    self->sampled = parent->sampled;
    span.parent = parent->span_id;
  }
  return {{trace::kTraceParentKey, trace::FormatTraceParent(*self)},
          {trace::kCallerSpanKey, trace::FormatCallerSpan(span)}};
}

}  // namespace opcon_snow::cli
