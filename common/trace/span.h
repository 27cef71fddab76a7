#ifndef OPCON_SNOW_COMMON_TRACE_SPAN_H_
#define OPCON_SNOW_COMMON_TRACE_SPAN_H_

// Spans: what was done, for how long, and as a part of what. They are told to
// the process's sink when they end (export.h sends them to a collector).
// Without a sink nothing is told, and a caller's trace is handed on as it came.
//
//   trace::Span span = trace::StartChild("step TICKET", trace::Kind::kInternal,
//                                        parent);
//   …
//   span.SetStatus(status);
//
// What a span tells is seen by whoever runs the collector: no secrets, no
// bodies, no queries, no messages of errors. Names and keys are constants of
// the program.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/trace/caller_span.h"
#include "common/trace/trace_parent.h"

namespace opcon_snow::trace {

enum class Kind { kInternal, kServer, kClient };

// A span that has ended.
struct SpanRecord {
  std::string name;
  Kind kind = Kind::kInternal;
  TraceParent self;
  // All zeros: the trace begins here.
  SpanId parent{};
  absl::Time start;
  absl::Duration duration;
  std::vector<std::pair<std::string, std::variant<std::string, std::int64_t>>>
      attributes{};
  bool failed = false;
  // The program that it is of, if it is not this one.
  std::string program{};
};

// Where spans go.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  // From any thread; must not block.
  virtual void Take(SpanRecord record) = 0;
};

// `sink` gets the spans that end from now on, of all traces that callers want
// exported and of so many of 100 that begin here. Null: none any more.
void SetSink(std::shared_ptr<SpanSink> sink, int percent = 100);

// Not thread-safe, but may go from thread to thread.
class Span {
 public:
  // Attributes of one span; more are left out.
  static constexpr std::size_t kMaxAttributes = 24;
  // Bytes of a name and of an attribute's value; the rest is cut off.
  static constexpr std::size_t kMaxText = 200;

  // Tells nothing.
  Span() = default;
  // Tells nothing, and hands on the context as it is.
  explicit Span(const TraceParent& context) : context_(context) {}
  // See StartSpan and StartChild.
  Span(absl::string_view name, Kind kind, const TraceParent& self,
       const SpanId& parent);
  Span(Span&& other) noexcept = default;
  Span& operator=(Span&& other) noexcept;
  ~Span() { End(); }

  // For whatever is done as a part of it; not valid if there is no trace.
  const TraceParent& context() const { return context_; }
  // False: nothing comes of it, so nothing need be set.
  bool told() const { return record_ != nullptr; }

  void Set(absl::string_view key, absl::string_view value);
  void Set(absl::string_view key, std::int64_t value);
  // Errors: `error.type` is the reason, or the code if there is none.
  void SetStatus(const absl::Status& status);
  // For errors that have no status.
  void Fail(absl::string_view error_type);
  // Once; the destructor does it otherwise.
  void End();

 private:
  TraceParent context_;
  std::unique_ptr<SpanRecord> record_;
  absl::Duration begun_;  // by the steady clock
};

// A span of a trace that begins with it, or of the parent's.
Span StartSpan(absl::string_view name, Kind kind,
               const std::optional<TraceParent>& parent = std::nullopt);
// A span of the parent's trace; of none if the parent is not valid.
Span StartChild(absl::string_view name, Kind kind, const TraceParent& parent);

// Begins a trace for something that was found out, and ends its first span:
// what follows belongs to the trace. Empty if nothing is told.
std::string BeginTrace(absl::string_view name);

// Who calls a server, as its metadata or headers have it. What is not well
// formed is ignored.
struct Caller {
  std::optional<TraceParent> parent{};
  std::optional<CallerSpan> span{};
};
Caller ReadCaller(const std::optional<std::string>& traceparent,
                  const std::optional<std::string>& caller_span);

// The server's span of a call. A trace that begins with a span that the caller
// cannot export counts as one that begins here.
Span StartServerSpan(absl::string_view name, const Caller& caller);
// Tells the caller's span, if it was sent, as ending now. `server` is the span
// of its call.
void TellCallerSpan(absl::string_view program, absl::string_view name,
                    const Caller& caller, const Span& server);

}  // namespace opcon_snow::trace

#endif  // OPCON_SNOW_COMMON_TRACE_SPAN_H_
