#ifndef OPCON_SNOW_COMMON_TRACE_COLLECTOR_STUB_H_
#define OPCON_SNOW_COMMON_TRACE_COLLECTOR_STUB_H_

// A collector for tests: takes OTLP over HTTP, in Protobuf's binary form, at
// POST /v1/traces, and keeps what came.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace opcon_snow::trace {

struct CollectedSpan {
  std::string trace_id;   // hexadecimal
  std::string span_id;    // hexadecimal
  std::string parent_id;  // hexadecimal; empty for a root
  std::string name;
  std::string service;  // `service.name` of its resource
  int kind = 0;         // 1 internal, 2 server, 3 client
  bool failed = false;
  std::int64_t start_nanos = 0;
  std::int64_t end_nanos = 0;
  // Numbers in decimal.
  std::map<std::string, std::string> attributes{};
};

// Thread-safe.
class CollectorStub {
 public:
  enum class Mode {
    kTake,
    kRefuse,  // answers 500
    kHang,    // does not answer
  };

  // On a port of its own. With a certificate it speaks TLS.
  explicit CollectorStub(Mode mode = Mode::kTake,
                         const std::string& certificate_file = "",
                         const std::string& key_file = "");
  ~CollectorStub();
  CollectorStub(const CollectorStub&) = delete;
  CollectorStub& operator=(const CollectorStub&) = delete;

  // "http://127.0.0.1:PORT/v1/traces", "https://localhost:PORT/v1/traces".
  std::string url() const;
  void SetMode(Mode mode);

  // Whatever came, taken or not.
  int requests() const;
  std::string bytes() const;
  // What was taken.
  std::vector<CollectedSpan> spans() const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace opcon_snow::trace

#endif  // OPCON_SNOW_COMMON_TRACE_COLLECTOR_STUB_H_
