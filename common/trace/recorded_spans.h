#ifndef OPCON_SNOW_COMMON_TRACE_RECORDED_SPANS_H_
#define OPCON_SNOW_COMMON_TRACE_RECORDED_SPANS_H_

// The spans of a test:
//
//   trace::RecordedSpans spans;
//   …
//   EXPECT_EQ(spans.Find("step TICKET").parent, …);

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/trace/span.h"

namespace opcon_snow::trace {

// Is the process's sink while it lives. Thread-safe.
class RecordedSpans {
 public:
  explicit RecordedSpans(int percent = 100) : sink_(std::make_shared<Sink>()) {
    SetSink(sink_, percent);
  }
  ~RecordedSpans() { SetSink(nullptr); }
  RecordedSpans(const RecordedSpans&) = delete;
  RecordedSpans& operator=(const RecordedSpans&) = delete;

  // In the order in which they ended.
  std::vector<SpanRecord> all() const {
    const std::lock_guard<std::mutex> lock(sink_->mutex);
    return sink_->records;
  }
  // The first of this name; one without a name if there is none.
  SpanRecord Find(const std::string& name) const {
    for (SpanRecord& record : all()) {
      if (record.name == name) return std::move(record);
    }
    return {};
  }

  // The value of an attribute as text; "" if it has none.
  static std::string Attribute(const SpanRecord& record,
                               const std::string& key) {
    for (const auto& [name, value] : record.attributes) {
      if (name != key) continue;
      const auto* number = std::get_if<std::int64_t>(&value);
      return number != nullptr ? std::to_string(*number)
                               : std::get<std::string>(value);
    }
    return "";
  }

 private:
  struct Sink final : SpanSink {
    void Take(SpanRecord record) override {
      const std::lock_guard<std::mutex> lock(mutex);
      records.push_back(std::move(record));
    }
    std::mutex mutex;
    std::vector<SpanRecord> records;  // guarded by the mutex
  };

  const std::shared_ptr<Sink> sink_;
};

}  // namespace opcon_snow::trace

#endif  // OPCON_SNOW_COMMON_TRACE_RECORDED_SPANS_H_
