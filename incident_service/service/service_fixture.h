#ifndef OPCON_SNOW_INCIDENT_SERVICE_SERVICE_SERVICE_FIXTURE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_SERVICE_SERVICE_FIXTURE_H_

// The service over a real gRPC server on a port of its own, with a real store
// and upstreams in memory. Nothing works on the reports.

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "incident_service/service/incident_service.h"
#include "incident_service/store/sqlite_store.h"
#include "incident_service/upstreams/fake_upstreams.h"

namespace opcon_snow::incident {

namespace v1 = ::incident::v1;
using Stub = v1::IncidentService::StubInterface;

class ServiceFixture : public ::testing::Test {
 protected:
  explicit ServiceFixture(std::int64_t max_open = 1000000) {
    google::protobuf::RepeatedPtrField<::config::v1::Template> configs;
    configs.Add()->set_name("basic.json");
    config::Faults faults;
    templates_ = TemplateSet::Compile(configs, "", &faults);
    auto store = SqliteStore::Open(
        absl::StrCat(
            ::testing::TempDir(), "/",
            ::testing::UnitTest::GetInstance()->current_test_info()->name(),
            ".db"),
        RealClock::Get());
    EXPECT_OK(store.status());
    store_ = *std::move(store);
    intake_ =
        std::make_unique<Intake>(IntakeOptions{.default_opcon = "production",
                                               .max_open_reports = max_open},
                                 store_.get(), [this] { return templates_; });
    health_ = std::make_unique<HealthProbe>(
        store_.get(), &opcon_, "oc:1", &servicenow_, "sn:1", RealClock::Get());
    steps_ = std::make_unique<Steps>(
        StepDependencies{.store = store_.get(),
                         .opcon = &opcon_,
                         .servicenow = &servicenow_,
                         .templates = [this] { return templates_; },
                         .deployment = "test",
                         .clock = RealClock::Get()});
    service_ = std::make_unique<IncidentServiceImpl>(ServiceDependencies{
        .intake = intake_.get(),
        .store = store_.get(),
        .health = health_.get(),
        .templates = [this] { return templates_; },
        .preview =
            [this](const v1::Report& report, const Template& chosen) {
              return steps_->Preview(report, chosen);
            },
        .preview_follow =
            [this](const v1::TicketLink& link) {
              return steps_->PreviewFollow(link);
            },
        .default_opcon = "production",
        .clock = RealClock::Get(),
        .max_watchers = 2,
        .heartbeat = absl::Milliseconds(20)});
    auto server = rpc::Server::Create({}, {service_->Served()});
    EXPECT_OK(server.status());
    server_ = *std::move(server);
    EXPECT_OK(server_->Start());
    auto channel = rpc::CreateChannel({.target = server_->address()});
    EXPECT_OK(channel.status());
    stub_ = v1::IncidentService::NewStub(*channel);
  }
  ~ServiceFixture() override { EXPECT_OK(server_->Stop()); }

  static v1::ReportJobEventRequest Event(const std::string& request_id,
                                         const std::string& job = "JOB001") {
    v1::ReportJobEventRequest request;
    request.set_request_id(request_id);
    v1::JobEvent* event = request.mutable_event();
    event->mutable_job_key()->mutable_schedule_date()->set_year(2026);
    event->mutable_job_key()->mutable_schedule_date()->set_month(1);
    event->mutable_job_key()->mutable_schedule_date()->set_day(5);
    event->mutable_job_key()->set_schedule_id(16);
    event->mutable_job_key()->set_schedule_instance(1);
    event->mutable_job_key()->set_job_name(job);
    event->set_schedule_name("Payroll");
    return request;
  }

  absl::StatusOr<v1::ReportJobEventResponse> Report(
      const v1::ReportJobEventRequest& request) {
    return rpc::Call(*stub_, &Stub::ReportJobEvent, request);
  }

  FakeOpCon opcon_;
  FakeServiceNow servicenow_;
  std::shared_ptr<const TemplateSet> templates_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<HealthProbe> health_;
  std::unique_ptr<Steps> steps_;
  std::unique_ptr<IncidentServiceImpl> service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<Stub> stub_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_SERVICE_SERVICE_FIXTURE_H_
