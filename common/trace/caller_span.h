#ifndef OPCON_SNOW_COMMON_TRACE_CALLER_SPAN_H_
#define OPCON_SNOW_COMMON_TRACE_CALLER_SPAN_H_

// The span of a caller that cannot export it itself, as incidentctl cannot: a
// few milliseconds are too short for that. It sends, beside a `traceparent`
// that names its own span, what else there is to know of it, and the service
// exports the span for it. Portable.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/trace/trace_parent.h"

namespace opcon_snow::trace {

// The name of the metadata, and of the header, that carry it:
// `begin=1767623400123456`, or
// `begin=1767623400123456;parent=00f067aa0ba902b7`.
inline constexpr char kCallerSpanKey[] = "opcon-snow-caller-span";

struct CallerSpan {
  // By the caller's clock, in whole microseconds.
  absl::Time begin;
  // The span that it is a child of; absent if the trace begins with it.
  std::optional<SpanId> parent;

  friend bool operator==(const CallerSpan&, const CallerSpan&) = default;
};

std::string FormatCallerSpan(const CallerSpan& span);

// nullopt if it is anything else, or began more than 90 days before `now` (a
// spool may wait for long) or an hour after it. If the caller's clock is fast
// by less, the span begins now.
std::optional<CallerSpan> ParseCallerSpan(absl::string_view text,
                                          absl::Time now);

}  // namespace opcon_snow::trace

#endif  // OPCON_SNOW_COMMON_TRACE_CALLER_SPAN_H_
