#include "common/trace/span.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "common/status/utf8.h"
#include "common/trace/trace_parent.h"

namespace opcon_snow::trace {
namespace {

struct Sinks {
  // Whether there is one; asked without the lock.
  std::atomic<bool> any{false};
  std::atomic<int> percent{100};
  std::mutex mutex;
  std::shared_ptr<SpanSink> sink;  // guarded by the mutex
};

// Never destroyed: spans may end until the very end of the process.
Sinks& GetSinks() {
  static auto* const sinks = new Sinks;
  return *sinks;
}

absl::Duration SteadyNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

template <std::size_t N>
std::array<std::uint8_t, N> RandomBytes() {
  thread_local std::mt19937_64 random = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  std::array<std::uint8_t, N> bytes{};
  for (std::size_t i = 0; i < N; i += 8) {
    std::uint64_t bits = random();
    while (bits == 0) bits = random();
    for (std::size_t j = 0; j < 8; ++j, bits >>= 8) {
      bytes[i + j] = static_cast<std::uint8_t>(bits & 0xff);
    }
  }
  return bytes;
}

// Of all ids, `percent` of 100; the same answer for an id wherever it is asked.
bool IsChosen(const TraceId& id) {
  std::uint64_t bits = 0;
  for (std::size_t i = 8; i < id.size(); ++i) bits = bits << 8 | id[i];
  return bits % 100 < static_cast<std::uint64_t>(GetSinks().percent.load());
}

Span Start(absl::string_view name, Kind kind,
           const std::optional<TraceParent>& parent, bool begins_here) {
  if (!GetSinks().any.load()) return Span(parent.value_or(TraceParent()));
  TraceParent self;
  self.trace_id = parent ? parent->trace_id : RandomBytes<16>();
  self.span_id = RandomBytes<8>();
  self.sampled =
      (!parent || parent->sampled) && (!begins_here || IsChosen(self.trace_id));
  // Others may tell what is theirs; a span that nobody tells is nobody's
  // parent.
  if (!self.sampled) {
    if (parent) self.span_id = parent->span_id;
    return Span(self);
  }
  return Span(name, kind, self, parent ? parent->span_id : SpanId());
}

void Tell(SpanRecord record) {
  std::shared_ptr<SpanSink> sink;
  {
    Sinks& sinks = GetSinks();
    const std::lock_guard<std::mutex> lock(sinks.mutex);
    sink = sinks.sink;
  }
  if (sink != nullptr) sink->Take(std::move(record));
}

}  // namespace

void SetSink(std::shared_ptr<SpanSink> sink, int percent) {
  Sinks& sinks = GetSinks();
  // The one before goes without the lock.
  {
    const std::lock_guard<std::mutex> lock(sinks.mutex);
    sinks.any = sink != nullptr;
    sinks.percent = percent;
    sinks.sink.swap(sink);
  }
}

Span::Span(absl::string_view name, Kind kind, const TraceParent& self,
           const SpanId& parent)
    : context_(self),
      record_(std::make_unique<SpanRecord>()),
      begun_(SteadyNow()) {
  record_->name = ToValidUtf8(name, kMaxText);
  record_->kind = kind;
  record_->self = self;
  record_->parent = parent;
  record_->start = absl::Now();
}

Span& Span::operator=(Span&& other) noexcept {
  if (this == &other) return *this;
  End();
  context_ = other.context_;
  record_ = std::move(other.record_);
  begun_ = other.begun_;
  return *this;
}

void Span::Set(absl::string_view key, absl::string_view value) {
  if (!told() || record_->attributes.size() >= kMaxAttributes) return;
  record_->attributes.emplace_back(std::string(key),
                                   ToValidUtf8(value, kMaxText));
}

void Span::Set(absl::string_view key, std::int64_t value) {
  if (!told() || record_->attributes.size() >= kMaxAttributes) return;
  record_->attributes.emplace_back(std::string(key), value);
}

void Span::SetStatus(const absl::Status& status) {
  if (!told() || status.ok()) return;
  const std::string reason = GetErrorReason(status);
  Fail(reason.empty() ? absl::StatusCodeToString(status.code()) : reason);
}

void Span::Fail(absl::string_view error_type) {
  if (!told()) return;
  record_->failed = true;
  Set("error.type", error_type);
}

void Span::End() {
  if (!told()) return;
  record_->duration = SteadyNow() - begun_;
  Tell(std::move(*std::exchange(record_, nullptr)));
}

Span StartSpan(absl::string_view name, Kind kind,
               const std::optional<TraceParent>& parent) {
  return Start(name, kind, parent, /*begins_here=*/!parent.has_value());
}

Span StartChild(absl::string_view name, Kind kind, const TraceParent& parent) {
  if (!parent.valid()) return Span();
  return Start(name, kind, parent, /*begins_here=*/false);
}

std::string BeginTrace(absl::string_view name) {
  return FormatTraceParent(StartSpan(name, Kind::kInternal).context());
}

Caller ReadCaller(const std::optional<std::string>& traceparent,
                  const std::optional<std::string>& caller_span) {
  Caller caller;
  if (traceparent) caller.parent = ParseTraceParent(*traceparent);
  if (caller.parent && caller_span) {
    caller.span = ParseCallerSpan(*caller_span, absl::Now());
  }
  return caller;
}

Span StartServerSpan(absl::string_view name, const Caller& caller) {
  const bool begins_here =
      !caller.parent || (caller.span && !caller.span->parent);
  return Start(name, Kind::kServer, caller.parent, begins_here);
}

void TellCallerSpan(absl::string_view program, absl::string_view name,
                    const Caller& caller, const Span& server) {
  if (!caller.span || !server.told()) return;
  SpanRecord record;
  record.name = std::string(name);
  record.program = std::string(program);
  record.kind = Kind::kClient;
  record.self = *caller.parent;
  record.parent = caller.span->parent.value_or(SpanId());
  record.start = caller.span->begin;
  record.duration = absl::Now() - record.start;
  Tell(std::move(record));
}

}  // namespace opcon_snow::trace
