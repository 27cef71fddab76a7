#include "incident_service/application.h"

#include <csignal>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/auth/authorizer.h"
#include "common/auth/bearer_token.h"
#include "common/clock/clock.h"
#include "common/config/file_watch.h"
#include "common/config/next_start.h"
#include "common/config/secret_file.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/metrics/metrics_server.h"
#include "common/rpc/channel.h"
#include "common/rpc/channel_config.h"
#include "common/rpc/server_config.h"
#include "common/status/status_macros.h"
#include "common/trace/span.h"
#include "common/version/version.h"
#include "incident_service/config_validation.h"
#include "incident_service/http/http_door.h"
#include "incident_service/options.h"
#include "incident_service/service/health.h"
#include "incident_service/service/incident_service.h"
#include "incident_service/service/intake.h"
#include "incident_service/service/retention.h"
#include "incident_service/store/sqlite_store.h"
#include "incident_service/templates/template_library.h"
#include "incident_service/upstreams/grpc_upstreams.h"
#include "incident_service/watchers/job_watcher.h"
#include "incident_service/watchers/recovery_watcher.h"
#include "incident_service/watchers/ticket_watcher.h"
#include "incident_service/watchers/watcher_config.h"
#include "incident_service/workflow/engine.h"
#include "incident_service/workflow/steps.h"

namespace opcon_snow::incident {
namespace {

using ::config::v1::IncidentServiceConfig;

constexpr int kDefaultWorkers = 16;
constexpr std::int64_t kDefaultMaxOpenReports = 1000000;
constexpr absl::Duration kDefaultCallTimeout = absl::Seconds(90);
// Promised at config.v1.Template.
constexpr absl::Duration kQuickTimeout = absl::Seconds(10);

class IncidentApplication final : public config::Application {
 public:
  // The order of construction is that of dependence; destruction reverses it.
  static absl::StatusOr<std::unique_ptr<config::Application>> Make(
      const IncidentServiceConfig& config) {
    // A file that reaches a limit is an error of the write, not the end.
    std::signal(SIGXFSZ, SIG_IGN);
    std::unique_ptr<IncidentApplication> app(new IncidentApplication(config));
    OPCON_SNOW_ASSIGN_OR_RETURN(
        app->store_,
        SqliteStore::Open(
            SqliteStoreOptions{
                .path = config.store().sqlite().path(),
                .backup_directory = config.store().sqlite().backup_directory()},
            RealClock::Get()));
    config::Faults faults;
    app->templates_ = LoadTemplates(config, RealClock::Get()->Now(), &faults);
    if (app->templates_ == nullptr) {
      return absl::InvalidArgumentError(faults.Format());
    }
    OPCON_SNOW_RETURN_IF_ERROR(app->ConnectGateways(config));
    app->BuildWorkflow(config);
    app->retention_ = std::make_unique<Retention>(
        RetentionFrom(config.store()), app->store_.get(), RealClock::Get());
    OPCON_SNOW_RETURN_IF_ERROR(app->BuildService(config));
    OPCON_SNOW_RETURN_IF_ERROR(app->BuildMetrics(config));
    return app;
  }

  absl::StatusOr<std::map<std::string, int>> Start() override {
    OPCON_SNOW_RETURN_IF_ERROR(server_->Start());
    std::map<std::string, int> ports = {{"grpc", server_->port()}};
    if (http_ != nullptr) {
      OPCON_SNOW_RETURN_IF_ERROR(http_->Start());
      ports["http"] = http_->port();
    }
    if (metrics_ != nullptr) {
      OPCON_SNOW_RETURN_IF_ERROR(metrics_->Start());
      ports["metrics"] = metrics_->port();
    }
    engine_->Start();
    retention_->Start();
    ticket_watcher_->Start();
    if (job_watcher_ != nullptr) job_watcher_->Start();
    recovery_watcher_->Start();
    log::Info("service.started",
              {{"address", server_->address()}, {"version", kVersion}});
    return ports;
  }

  absl::Status Reload(const google::protobuf::Message& config) override {
    const auto& fresh = static_cast<const IncidentServiceConfig&>(config);
    config::Faults faults;
    std::shared_ptr<const TemplateSet> templates =
        LoadTemplates(fresh, RealClock::Get()->Now(), &faults);
    if (templates == nullptr) {
      return absl::InvalidArgumentError(faults.Format());
    }
    OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<auth::WatchedToken> token,
                                TokenOf(fresh));
    if (token.has_value() != (token_ != nullptr)) {
      return absl::FailedPreconditionError(
          "the first token_file, or that there is none any more, needs a "
          "restart");
    }
    std::function<void()> take_door = [] {};
    if (http_ != nullptr) {
      OPCON_SNOW_ASSIGN_OR_RETURN(take_door, http_->PrepareTls());
    }
    OPCON_SNOW_ASSIGN_OR_RETURN(
        const rpc::ListenerReload listener,
        rpc::PrepareReload(fresh.listener(), running_.listener(), authorizer_,
                           *server_));
    std::vector<absl::string_view> taken = listener.TakenWith(
        {"templates", "template_directory", "incumbent_directory",
         "default_template", "token_file"});
    if (metrics_ != nullptr) {
      OPCON_SNOW_ASSIGN_OR_RETURN(
          const std::vector<absl::string_view> also,
          metrics_->Reload(fresh.telemetry(), running_.telemetry()));
      taken.insert(taken.end(), also.begin(), also.end());
    }
    // Nothing fails from here on.
    if (token_ != nullptr) token_->Set(*std::move(token));
    take_door();
    listener.take();
    config::TellNextStart(running_, fresh, taken);
    log::Info("templates.reloaded", {{"templates", templates->Names()}});
    const std::lock_guard<std::mutex> lock(templates_mutex_);
    templates_ = std::move(templates);
    return absl::OkStatus();
  }

  absl::Status Stop() override {
    absl::Status stopped = http_ == nullptr ? absl::OkStatus() : http_->Stop();
    stopped.Update(server_->Stop());
    stop_calls_.request_stop();
    if (job_watcher_ != nullptr) job_watcher_->Stop();
    ticket_watcher_->Stop();
    recovery_watcher_->Stop();
    engine_->Stop();
    retention_->Stop();
    // Until now it could be watched how it stops.
    if (metrics_ != nullptr) stopped.Update(metrics_->Stop());
    return stopped;
  }

 private:
  explicit IncidentApplication(const IncidentServiceConfig& config)
      : running_(config),
        opcon_target_(config.opcon_gateway().address()),
        servicenow_target_(config.servicenow_gateway().address()) {}

  static absl::StatusOr<std::optional<auth::WatchedToken>> TokenOf(
      const IncidentServiceConfig& config) {
    if (config.token_file().empty()) return std::nullopt;
    auth::WatchedToken token{.fresh = config::FreshSecret(
                                 config.token_file(), &auth::ReadTokenFile)};
    OPCON_SNOW_ASSIGN_OR_RETURN(token.token,
                                auth::ReadTokenFile(config.token_file()));
    return token;
  }

  absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(
      const ::config::v1::Channel& gateway) {
    rpc::ChannelOptions options = rpc::ChannelOptionsFrom(gateway);
    options.token = token_;
    options.watch_tls_files = true;
    const std::string& key = options.tls.private_key_file;
    if (!key.empty()) {
      OPCON_SNOW_RETURN_IF_ERROR(
          config::ReadSecretFile(key, {.multiline = true}).status());
    }
    return rpc::CreateChannel(options);
  }

  absl::Status ConnectGateways(const IncidentServiceConfig& config) {
    OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<auth::WatchedToken> token,
                                TokenOf(config));
    if (token.has_value()) {
      token_ = std::make_shared<auth::BearerToken>(*std::move(token));
    }
    const absl::Duration timeout =
        OrDefault(config.workflow().call_timeout(),
                  config.workflow().has_call_timeout(), kDefaultCallTimeout);
    OPCON_SNOW_ASSIGN_OR_RETURN(std::shared_ptr<grpc::Channel> opcon,
                                Connect(config.opcon_gateway()));
    OPCON_SNOW_ASSIGN_OR_RETURN(std::shared_ptr<grpc::Channel> servicenow,
                                Connect(config.servicenow_gateway()));
    quick_opcon_ = MakeGrpcOpCon({.channel = opcon,
                                  .target = opcon_target_,
                                  .timeout = std::min(timeout, kQuickTimeout),
                                  .stop = stop_calls_.get_token()});
    opcon_ = MakeGrpcOpCon({.channel = std::move(opcon),
                            .target = opcon_target_,
                            .timeout = timeout,
                            .stop = stop_calls_.get_token()});
    servicenow_ = MakeGrpcServiceNow({.channel = std::move(servicenow),
                                      .target = servicenow_target_,
                                      .timeout = timeout,
                                      .stop = stop_calls_.get_token()});
    return absl::OkStatus();
  }

  void BuildWorkflow(const IncidentServiceConfig& config) {
    steps_ = std::make_unique<Steps>(StepDependencies{
        .store = store_.get(),
        .opcon = opcon_.get(),
        .servicenow = servicenow_.get(),
        .templates = [this] { return Templates(); },
        .deployment = config.deployment(),
        .clock = RealClock::Get(),
        .settles = config.workflow().has_settle_delay(),
        .provisional_ticket_after =
            OrDefault(config.workflow().provisional_ticket_after(),
                      config.workflow().has_provisional_ticket_after(),
                      absl::InfiniteDuration()),
        .quick_opcon = quick_opcon_.get()});
    const int workers = config.workflow().workers();
    engine_ = std::make_unique<Engine>(
        EngineOptions{.workers = workers > 0 ? workers : kDefaultWorkers,
                      .retry = RetryPolicyFrom(config.workflow()),
                      .worker = worker_},
        store_.get(), steps_.get(), RealClock::Get());
    TicketWatcherOptions watcher = WatcherOptionsFrom(config.ticket_watcher());
    watcher.worker = worker_;
    ticket_watcher_ = std::make_unique<TicketWatcher>(
        std::move(watcher),
        TicketWatcherDependencies{.store = store_.get(),
                                  .opcon = opcon_.get(),
                                  .servicenow = servicenow_.get(),
                                  .templates = [this] { return Templates(); },
                                  .clock = RealClock::Get()});
    RecoveryWatcherOptions recovery =
        WatcherOptionsFrom(config.recovery_watcher());
    recovery.worker = worker_;
    recovery_watcher_ = std::make_unique<RecoveryWatcher>(
        std::move(recovery),
        RecoveryWatcherDependencies{.store = store_.get(),
                                    .opcon = opcon_.get(),
                                    .templates = [this] { return Templates(); },
                                    .clock = RealClock::Get()});
  }

  absl::Status BuildService(const IncidentServiceConfig& config) {
    const std::int64_t max_open = config.workflow().max_open_reports();
    intake_ = std::make_unique<Intake>(
        IntakeOptions{
            .default_opcon = config.default_opcon(),
            .max_open_reports =
                max_open > 0 ? max_open : kDefaultMaxOpenReports,
            .settle_delay = OrDefault(config.workflow().settle_delay(),
                                      config.workflow().has_settle_delay(),
                                      absl::ZeroDuration())},
        store_.get(), [this] { return Templates(); });
    if (config.has_job_watcher()) BuildJobWatcher(config);
    health_ = std::make_unique<HealthProbe>(
        store_.get(), opcon_.get(), opcon_target_, servicenow_.get(),
        servicenow_target_, RealClock::Get());
    service_ = std::make_unique<IncidentServiceImpl>(ServiceDependencies{
        .intake = intake_.get(),
        .store = store_.get(),
        .health = health_.get(),
        .templates = [this] { return Templates(); },
        .preview =
            [this](const ::incident::v1::Report& report,
                   const Template& chosen) {
              return steps_->Preview(report, chosen);
            },
        .preview_follow =
            [this](const ::incident::v1::TicketLink& link) {
              return steps_->PreviewFollow(link);
            },
        .default_opcon = config.default_opcon(),
        .worker = worker_,
        .clock = RealClock::Get(),
        .max_concurrent_calls = rpc::MaxConcurrentCalls(config.listener())});
    OPCON_SNOW_ASSIGN_OR_RETURN(authorizer_,
                                rpc::AuthorizerOf(config.listener()));
    OPCON_SNOW_ASSIGN_OR_RETURN(
        server_, rpc::CreateServer(config.listener(), {service_->Served()},
                                   authorizer_));
    if (!config.has_http()) return absl::OkStatus();
    OPCON_SNOW_ASSIGN_OR_RETURN(
        http_,
        HttpDoor::Create(
            config.http(),
            {.intake = intake_.get(),
             .store = store_.get(),
             .health = health_.get(),
             .default_opcon = config.default_opcon(),
             .authorizer = authorizer_.get(),
             .client_certificate_optional = authorizer_->TakesTokens(),
             .drain_timeout =
                 rpc::ServerOptionsFrom(config.listener()).shutdown_timeout}));
    return absl::OkStatus();
  }

  absl::Status BuildMetrics(const IncidentServiceConfig& config) {
    const metrics::Gauge age = metrics::GetGauge(
        "opcon_snow_oldest_open_report_age_seconds",
        "Age of the oldest report that is accepted, running or waiting.");
    oldest_at_scrape_.emplace([this, age] {
      const absl::StatusOr<std::optional<absl::Time>> oldest =
          store_->OldestOpen();
      // A store that cannot be read is told by other metrics.
      if (!oldest.ok()) return;
      age.Set(oldest->has_value()
                  ? absl::ToDoubleSeconds(RealClock::Get()->Now() - **oldest)
                  : 0);
    });
    OPCON_SNOW_ASSIGN_OR_RETURN(
        metrics_, metrics::MetricsServer::Create(
                      config.telemetry(),
                      {.domain = "incident-service",
                       .health = [this] { return store_->LastWrite(); }}));
    return absl::OkStatus();
  }

  void BuildJobWatcher(const IncidentServiceConfig& config) {
    JobWatcherOptions options = JobWatcherOptionsFrom(config);
    options.worker = worker_;
    job_watcher_ = std::make_unique<JobWatcher>(
        std::move(options),
        JobWatcherDependencies{
            .store = store_.get(),
            .opcon = opcon_.get(),
            .report =
                [this](const ::incident::v1::ReportJobEventRequest& request,
                       Intake::Done done) {
                  intake_->Report(request, /*reported_by=*/"", std::move(done),
                                  trace::BeginTrace("job_watcher found"));
                },
            .clock = RealClock::Get()});
  }

  std::shared_ptr<const TemplateSet> Templates() const {
    const std::lock_guard<std::mutex> lock(templates_mutex_);
    return templates_;
  }

  // What the process started with.
  const IncidentServiceConfig running_;
  const std::string opcon_target_;
  const std::string servicenow_target_;
  const std::string worker_ = MakeWorkerName();
  std::shared_ptr<auth::BearerToken> token_;  // null for none
  std::shared_ptr<auth::Authorizer> authorizer_;
  std::stop_source stop_calls_;
  mutable std::mutex templates_mutex_;
  std::shared_ptr<const TemplateSet> templates_;  // guarded by the mutex
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<OpCon> opcon_;
  std::unique_ptr<OpCon> quick_opcon_;
  std::unique_ptr<ServiceNow> servicenow_;
  std::unique_ptr<Steps> steps_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Retention> retention_;
  std::unique_ptr<TicketWatcher> ticket_watcher_;
  std::unique_ptr<RecoveryWatcher> recovery_watcher_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<JobWatcher> job_watcher_;  // null unless configured
  std::unique_ptr<HealthProbe> health_;
  std::unique_ptr<IncidentServiceImpl> service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<HttpDoor> http_;  // null unless configured
  std::optional<metrics::AtScrape> oldest_at_scrape_;
  std::unique_ptr<metrics::MetricsServer> metrics_;  // null unless configured
};

// With every template as it is used, wherever it came from.
std::unique_ptr<google::protobuf::Message> WithAllTemplates(
    const IncidentServiceConfig& config) {
  auto complete = std::make_unique<IncidentServiceConfig>(config);
  config::Faults faults;
  const std::shared_ptr<const TemplateSet> templates =
      LoadTemplates(config, RealClock::Get()->Now(), &faults);
  if (templates == nullptr) return complete;
  complete->clear_templates();
  for (const std::shared_ptr<const Template>& loaded : templates->all()) {
    *complete->add_templates() = loaded->config();
  }
  return complete;
}

}  // namespace

absl::StatusOr<std::unique_ptr<config::Application>> MakeApplication(
    const IncidentServiceConfig& config) {
  return IncidentApplication::Make(config);
}

int RunIncidentService(int argc, const char* const* argv) {
  config::ServerSpec spec = config::MakeServerSpec<IncidentServiceConfig>(
      "incident_service", kVersion,
      "Takes reports of failed OpCon jobs and turns each failure into a "
      "ServiceNow incident, exactly once.",
      [](const IncidentServiceConfig& config, config::Faults* faults) {
        ValidateConfig(config, faults);
        CheckStorePlace(config.store().sqlite(), faults);
      },
      &MakeApplication);
  // Building opens the store, which a running process holds.
  spec.check_builds = false;
  spec.effective = [](const google::protobuf::Message& config) {
    return WithAllTemplates(static_cast<const IncidentServiceConfig&>(config));
  };
  return config::RunServerMain(argc, argv, spec);
}

}  // namespace opcon_snow::incident
