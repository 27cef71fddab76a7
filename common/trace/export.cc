#include "common/trace/export.h"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/config/fault.h"
#include "common/config/validate.h"
#include "common/http/upstream_config.h"
#include "common/http/url.h"
#include "common/log/log.h"
#include "common/status/utf8.h"
#include "common/trace/span.h"
#include "common/trace/trace_parent.h"
#include "config/v1/common.pb.h"
#include "opentelemetry/exporters/otlp/otlp_http_exporter_factory.h"
#include "opentelemetry/exporters/otlp/otlp_http_exporter_options.h"
#include "opentelemetry/nostd/shared_ptr.h"
#include "opentelemetry/nostd/string_view.h"
#include "opentelemetry/sdk/common/global_log_handler.h"
#include "opentelemetry/sdk/instrumentationscope/instrumentation_scope.h"
#include "opentelemetry/sdk/resource/resource.h"
#include "opentelemetry/sdk/trace/batch_span_processor_factory.h"
#include "opentelemetry/sdk/trace/batch_span_processor_options.h"
#include "opentelemetry/sdk/trace/exporter.h"
#include "opentelemetry/sdk/trace/processor.h"
#include "opentelemetry/sdk/trace/recordable.h"
#include "opentelemetry/trace/span_context.h"
#include "opentelemetry/trace/span_metadata.h"

namespace opcon_snow::trace {
namespace {

namespace otel = ::opentelemetry;
namespace sdk = ::opentelemetry::sdk;
namespace otlp = ::opentelemetry::exporter::otlp;
namespace internal_log = sdk::common::internal_log;
using config::FieldPath;
using std::chrono::microseconds;

constexpr absl::Duration kBetweenComplaints = absl::Minutes(1);
constexpr std::chrono::seconds kExportTimeout{5};
constexpr std::size_t kMaxReason = 300;
// What is left of a flush whose limit has passed is only taken down.
constexpr absl::Duration kTakeDownLimit = absl::Seconds(1);

otel::nostd::string_view View(const std::string& text) {
  return {text.data(), text.size()};
}

// What the SDK has to say, at most once a minute.
class Complaints final : public internal_log::LogHandler {
 public:
  explicit Complaints(std::string endpoint) : endpoint_(std::move(endpoint)) {}

  void Handle(
      internal_log::LogLevel level, const char* /*file*/, int /*line*/,
      const char* message,
      const sdk::common::AttributeMap& /*attributes*/) noexcept override {
    if (level > internal_log::LogLevel::Warning) return;
    int unsaid = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto now = std::chrono::steady_clock::now();
      if (said_ && absl::FromChrono(now - last_) < kBetweenComplaints) {
        ++unsaid_;
        return;
      }
      said_ = true;
      last_ = now;
      unsaid = std::exchange(unsaid_, 0);
    }
    log::Warning(
        "traces.not_exported",
        {{"endpoint", endpoint_},
         {"reason", ToValidUtf8(message == nullptr ? "" : message, kMaxReason)},
         {"unsaid_since_the_last_line", unsaid}});
  }

 private:
  const std::string endpoint_;
  std::mutex mutex_;
  bool said_ = false;
  std::chrono::steady_clock::time_point last_;
  int unsaid_ = 0;
};

otlp::OtlpHttpExporterOptions OptionsFrom(
    const ::config::v1::Telemetry& telemetry) {
  // Its constructor takes defaults from the environment; what the configuration
  // does not say is not to be found there.
  otlp::OtlpHttpExporterOptions options;
  options.url = telemetry.traces_endpoint();
  options.content_type = otlp::HttpRequestContentType::kBinary;
  options.timeout = kExportTimeout;
  options.http_headers.clear();
  options.console_debug = false;
  options.compression = "none";
  options.ssl_insecure_skip_verify = false;
  options.ssl_ca_cert_path = telemetry.traces_tls().ca_file();
  options.ssl_ca_cert_string.clear();
  options.ssl_client_cert_path = telemetry.traces_tls().certificate_file();
  options.ssl_client_cert_string.clear();
  options.ssl_client_key_path = telemetry.traces_tls().key_file();
  options.ssl_client_key_string.clear();
  options.ssl_min_tls = "1.2";
  options.ssl_max_tls.clear();
  options.ssl_cipher.clear();
  options.ssl_cipher_suite.clear();
  options.retry_policy_max_attempts = 1;
  return options;
}

sdk::resource::Resource ResourceOf(const std::string& program,
                                   const std::string& version) {
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  return sdk::resource::Resource::Create(
      {{"service.name", program},
       {"service.version", version},
       {"service.instance.id", absl::StrCat(host, "/", getpid())},
       {"host.name", std::string(host)}});
}

otel::trace::SpanKind KindOf(Kind kind) {
  switch (kind) {
    case Kind::kServer:
      return otel::trace::SpanKind::kServer;
    case Kind::kClient:
      return otel::trace::SpanKind::kClient;
    case Kind::kInternal:
      break;
  }
  return otel::trace::SpanKind::kInternal;
}

otel::trace::SpanId IdOf(const SpanId& id) {
  return otel::trace::SpanId(
      otel::nostd::span<const std::uint8_t, 8>(id.data(), id.size()));
}

}  // namespace

void ValidateTraces(const ::config::v1::Telemetry& telemetry,
                    absl::string_view field, config::Faults* faults) {
  const std::string endpoint = FieldPath(field, "traces_endpoint");
  const std::string tls = FieldPath(field, "traces_tls");
  const std::string percent = FieldPath(field, "traces_percent");
  config::CheckRange(percent, telemetry.traces_percent(), 1, 100, faults);
  http::ValidateClientTls(telemetry.traces_tls(), tls, faults);
  if (telemetry.traces_endpoint().empty()) {
    constexpr char kNoEndpoint[] = "means nothing without traces_endpoint";
    if (telemetry.has_traces_tls()) faults->Add(tls, kNoEndpoint);
    if (telemetry.traces_percent() != 0) faults->Add(percent, kNoEndpoint);
    return;
  }
  const absl::StatusOr<http::BaseUrl> url =
      http::BaseUrl::Parse(telemetry.traces_endpoint(), /*allow_http=*/true);
  if (!url.ok()) {
    faults->Add(endpoint, url.status().message());
    return;
  }
  if (!url->is_https() && !url->is_loopback()) {
    faults->Add(endpoint,
                "this address is not this machine, so it needs https://");
  }
  if (!url->is_https() && telemetry.has_traces_tls()) {
    faults->Add(tls, "is for an endpoint with https://");
  }
  // The host and port alone are what gRPC exporters are given.
  if (absl::StrCat(url->scheme(), "://", url->host()) == url->text() ||
      absl::StrCat(url->scheme(), "://", url->host(), ":", url->port()) ==
          url->text()) {
    faults->Add(endpoint,
                "has no path; collectors take traces at /v1/traces, as in "
                "http://127.0.0.1:4318/v1/traces");
  }
}

class Export::Otlp final : public SpanSink {
 public:
  Otlp(const ::config::v1::Telemetry& telemetry, const std::string& program,
       const std::string& version)
      : version_(version),
        program_(program),
        resource_(ResourceOf(program, version)),
        // The one program that does not export its spans itself.
        caller_resource_(sdk::resource::Resource::Create(
            {{"service.name", std::string("incidentctl")}})),
        scope_(sdk::instrumentationscope::InstrumentationScope::Create(
            "opcon-snow", View(version_))) {
    internal_log::GlobalLogHandler::SetLogHandler(
        otel::nostd::shared_ptr<internal_log::LogHandler>(
            new Complaints(telemetry.traces_endpoint())));
    internal_log::GlobalLogHandler::SetLogLevel(
        internal_log::LogLevel::Warning);
    std::unique_ptr<sdk::trace::SpanExporter> exporter =
        otlp::OtlpHttpExporterFactory::Create(OptionsFrom(telemetry));
    exporter_ = exporter.get();
    sdk::trace::BatchSpanProcessorOptions options;
    options.max_queue_size = 2048;
    options.max_export_batch_size = 512;
    options.schedule_delay_millis = std::chrono::seconds(1);
    processor_ = sdk::trace::BatchSpanProcessorFactory::Create(
        std::move(exporter), options);
  }

  void Take(SpanRecord record) override {
    std::unique_ptr<sdk::trace::Recordable> out = processor_->MakeRecordable();
    if (out == nullptr) return;
    const TraceId& trace_id = record.self.trace_id;
    const otel::trace::TraceFlags flags(
        record.self.sampled ? otel::trace::TraceFlags::kIsSampled : 0);
    out->SetIdentity(
        otel::trace::SpanContext(
            otel::trace::TraceId(otel::nostd::span<const std::uint8_t, 16>(
                trace_id.data(), trace_id.size())),
            IdOf(record.self.span_id), flags, /*is_remote=*/false),
        IdOf(record.parent));
    out->SetTraceFlags(flags);
    out->SetName(View(record.name));
    out->SetSpanKind(KindOf(record.kind));
    out->SetStartTime(otel::common::SystemTimestamp(
        std::chrono::nanoseconds(absl::ToUnixNanos(record.start))));
    out->SetDuration(absl::ToChronoNanoseconds(record.duration));
    for (const auto& [key, value] : record.attributes) {
      if (const auto* text = std::get_if<std::string>(&value)) {
        out->SetAttribute(View(key), View(*text));
      } else {
        out->SetAttribute(View(key), std::get<std::int64_t>(value));
      }
    }
    if (record.failed) out->SetStatus(otel::trace::StatusCode::kError, "");
    out->SetResource(record.program.empty() ? resource_ : caller_resource_);
    out->SetInstrumentationScope(*scope_);
    processor_->OnEnd(std::move(out));
  }

  void Flush(absl::Duration limit) {
    processor_->ForceFlush(microseconds(absl::ToInt64Microseconds(limit)));
  }
  // Ends a request under way, and all after it.
  void Abort() { exporter_->Shutdown(microseconds(1)); }
  void Shutdown() { processor_->Shutdown(microseconds(1)); }

 private:
  const std::string version_;
  const std::string program_;
  // Recordables refer to these.
  const sdk::resource::Resource resource_;
  const sdk::resource::Resource caller_resource_;
  const otel::nostd::unique_ptr<sdk::instrumentationscope::InstrumentationScope>
      scope_;
  std::unique_ptr<sdk::trace::SpanProcessor> processor_;
  sdk::trace::SpanExporter* exporter_ = nullptr;  // the processor's
};

std::unique_ptr<Export> Export::Start(const ::config::v1::Telemetry& telemetry,
                                      const std::string& program,
                                      const std::string& version) {
  if (telemetry.traces_endpoint().empty()) return nullptr;
  setenv("no_proxy", "*", /*overwrite=*/1);
  auto otlp = std::make_shared<Otlp>(telemetry, program, version);
  SetSink(otlp,
          telemetry.traces_percent() == 0 ? 100 : telemetry.traces_percent());
  log::Info("traces.exported", {{"endpoint", telemetry.traces_endpoint()}});
  return std::unique_ptr<Export>(new Export(std::move(otlp)));
}

Export::Export(std::shared_ptr<Otlp> otlp) : otlp_(std::move(otlp)) {}

Export::~Export() {
  SetSink(nullptr);
  struct State {
    std::mutex mutex;
    std::condition_variable done;
    bool is_done = false;
  };
  auto state = std::make_shared<State>();
  // On a thread of its own, which owns everything that it needs: should the SDK
  // hang after all, the process ends without it.
  std::thread([otlp = std::move(otlp_), state]() mutable {
    otlp->Flush(kFlushLimit);
    otlp->Abort();
    otlp->Shutdown();
    otlp.reset();
    const std::lock_guard<std::mutex> lock(state->mutex);
    state->is_done = true;
    state->done.notify_all();
  }).detach();
  std::unique_lock<std::mutex> lock(state->mutex);
  const bool in_time = state->done.wait_for(
      lock, absl::ToChronoNanoseconds(kFlushLimit + kTakeDownLimit),
      [&] { return state->is_done; });
  if (!in_time) log::Warning("traces.not_flushed");
}

}  // namespace opcon_snow::trace
