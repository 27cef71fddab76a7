#ifndef OPCON_SNOW_COMMON_TRACE_TRACE_PARENT_H_
#define OPCON_SNOW_COMMON_TRACE_TRACE_PARENT_H_

// Where in a trace something happens, as it travels between programs: the
// `traceparent` of https://www.w3.org/TR/trace-context/. Portable.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::trace {

// The name of the metadata, the header and (in upper case) the variable of the
// environment that carry it.
inline constexpr char kTraceParentKey[] = "traceparent";

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

struct TraceParent {
  TraceId trace_id{};
  // The span that whatever follows is a child of.
  SpanId span_id{};
  // Whether the trace is exported.
  bool sampled = false;

  // False for no trace at all: one of the ids is all zeros.
  bool valid() const;

  friend bool operator==(const TraceParent&, const TraceParent&) = default;
};

// Lower-case digits, as traces are looked up by.
std::string Hex(const TraceId& id);
std::string Hex(const SpanId& id);

// 16 lower-case digits that are not all zero.
std::optional<SpanId> ParseSpanId(absl::string_view text);

// Strict: nullopt for anything that the standard does not allow. Of versions
// after 00, what 00 has is read.
std::optional<TraceParent> ParseTraceParent(absl::string_view text);

// In version 00; empty if it is not valid.
std::string FormatTraceParent(const TraceParent& parent);

}  // namespace opcon_snow::trace

#endif  // OPCON_SNOW_COMMON_TRACE_TRACE_PARENT_H_
