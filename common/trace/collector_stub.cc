#include "common/trace/collector_stub.h"

#include <httplib.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/unknown_field_set.h"

namespace opcon_snow::trace {
namespace {

using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;

// Debian does not package the headers of OTLP's messages, so they are taken
// apart by the numbers of their fields:
// https://github.com/open-telemetry/opentelemetry-proto
void ForEach(const std::string& message,
             const std::function<void(const UnknownField&)>& visit) {
  UnknownFieldSet fields;
  if (!fields.ParseFromString(message)) return;
  for (int i = 0; i < fields.field_count(); ++i) visit(fields.field(i));
}

void ForEachMessage(
    const std::string& message, int number,
    const std::function<void(const std::string& submessage)>& visit) {
  ForEach(message, [&](const UnknownField& field) {
    if (field.number() == number &&
        field.type() == UnknownField::TYPE_LENGTH_DELIMITED) {
      visit(field.length_delimited());
    }
  });
}

// KeyValue{key = 1, value = 2}, AnyValue{string = 1, bool = 2, int = 3}.
std::pair<std::string, std::string> AttributeOf(const std::string& message) {
  std::pair<std::string, std::string> attribute;
  ForEachMessage(message, 1,
                 [&](const std::string& key) { attribute.first = key; });
  ForEachMessage(message, 2, [&](const std::string& value) {
    ForEach(value, [&](const UnknownField& field) {
      attribute.second = field.type() == UnknownField::TYPE_VARINT
                             ? absl::StrCat(field.varint())
                             : field.length_delimited();
    });
  });
  return attribute;
}

CollectedSpan SpanOf(const std::string& message) {
  CollectedSpan span;
  ForEach(message, [&](const UnknownField& field) {
    switch (field.number()) {
      case 1:
        span.trace_id = absl::BytesToHexString(field.length_delimited());
        break;
      case 2:
        span.span_id = absl::BytesToHexString(field.length_delimited());
        break;
      case 4:
        span.parent_id = absl::BytesToHexString(field.length_delimited());
        break;
      case 5:
        span.name = field.length_delimited();
        break;
      case 6:
        span.kind = static_cast<int>(field.varint());
        break;
      case 7:
        span.start_nanos = static_cast<std::int64_t>(field.fixed64());
        break;
      case 8:
        span.end_nanos = static_cast<std::int64_t>(field.fixed64());
        break;
      case 9:
        span.attributes.insert(AttributeOf(field.length_delimited()));
        break;
      case 15:  // Status{code = 3}; 2 is an error
        ForEach(field.length_delimited(), [&](const UnknownField& part) {
          if (part.number() == 3) span.failed = part.varint() == 2;
        });
        break;
      default:
        break;
    }
  });
  return span;
}

// ResourceSpans{resource = 1 {attributes = 1}, scope_spans = 2 {spans = 2}}.
void AppendSpans(const std::string& resource_spans,
                 std::vector<CollectedSpan>* spans) {
  std::string service;
  ForEachMessage(resource_spans, 1, [&](const std::string& resource) {
    ForEachMessage(resource, 1, [&](const std::string& text) {
      auto [key, value] = AttributeOf(text);
      if (key == "service.name") service = std::move(value);
    });
  });
  ForEachMessage(resource_spans, 2, [&](const std::string& scope_spans) {
    ForEachMessage(scope_spans, 2, [&](const std::string& text) {
      spans->push_back(SpanOf(text));
      spans->back().service = service;
    });
  });
}

std::unique_ptr<httplib::Server> MakeServer(const std::string& certificate,
                                            const std::string& key) {
  if (certificate.empty()) return std::make_unique<httplib::Server>();
  return std::make_unique<httplib::SSLServer>(certificate.c_str(), key.c_str());
}

}  // namespace

struct CollectorStub::Impl {
  bool tls = false;
  int port = 0;
  std::unique_ptr<httplib::Server> server;
  mutable std::mutex mutex;
  std::condition_variable changed;
  // Guarded by the mutex.
  Mode mode = Mode::kTake;
  bool ends = false;
  int requests = 0;
  std::string bytes;
  std::vector<CollectedSpan> spans;
  std::thread thread;

  void Answer(const httplib::Request& request, httplib::Response& response) {
    std::unique_lock<std::mutex> lock(mutex);
    ++requests;
    absl::StrAppend(&bytes, request.body);
    for (const auto& [name, value] : request.headers) {
      absl::StrAppend(&bytes, name, ": ", value, "\n");
    }
    changed.wait(lock, [&] { return mode != Mode::kHang || ends; });
    if (mode == Mode::kRefuse) {
      response.status = 500;
      response.set_content("not today", "text/plain");
      return;
    }
    if (request.get_header_value("Content-Type") != "application/x-protobuf") {
      response.status = 415;
      return;
    }
    ForEachMessage(request.body, 1, [&](const std::string& resource_spans) {
      AppendSpans(resource_spans, &spans);
    });
    response.set_content("", "application/x-protobuf");
  }
};

CollectorStub::CollectorStub(Mode mode, const std::string& certificate_file,
                             const std::string& key_file)
    : impl_(std::make_unique<Impl>()) {
  impl_->mode = mode;
  impl_->tls = !certificate_file.empty();
  impl_->server = MakeServer(certificate_file, key_file);
  impl_->server->Post("/v1/traces", [this](const httplib::Request& request,
                                           httplib::Response& response) {
    impl_->Answer(request, response);
  });
  impl_->port = impl_->server->bind_to_any_port("127.0.0.1");
  impl_->thread = std::thread([this] { impl_->server->listen_after_bind(); });
  while (!impl_->server->is_running()) std::this_thread::yield();
}

CollectorStub::~CollectorStub() {
  {
    const std::lock_guard<std::mutex> lock(impl_->mutex);
    impl_->ends = true;
  }
  impl_->changed.notify_all();
  impl_->server->stop();
  impl_->thread.join();
}

std::string CollectorStub::url() const {
  return absl::StrCat(impl_->tls ? "https://localhost:" : "http://127.0.0.1:",
                      impl_->port, "/v1/traces");
}

void CollectorStub::SetMode(Mode mode) {
  {
    const std::lock_guard<std::mutex> lock(impl_->mutex);
    impl_->mode = mode;
  }
  impl_->changed.notify_all();
}

int CollectorStub::requests() const {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  return impl_->requests;
}

std::string CollectorStub::bytes() const {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  return impl_->bytes;
}

std::vector<CollectedSpan> CollectorStub::spans() const {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  return impl_->spans;
}

}  // namespace opcon_snow::trace
