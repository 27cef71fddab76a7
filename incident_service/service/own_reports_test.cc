// Callers that may see only what they have reported themselves.

#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/auth/authorizer.h"
#include "common/auth/bearer_token.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/testing/status_matchers.h"
#include "config/v1/common.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident_service/service/service_fixture.h"

namespace opcon_snow::incident {
namespace {

class OwnReportsTest : public ServiceFixture {
 protected:
  OwnReportsTest() {
    ::config::v1::Authorization config;
    for (const auto& [name, role] :
         {std::pair{"ann", ::config::v1::ROLE_REPORTER},
          {"bob", ::config::v1::ROLE_REPORTER},
          {"eve", ::config::v1::ROLE_OPERATOR}}) {
      const std::string file = absl::StrCat(::testing::TempDir(), "/", name);
      std::ofstream(file) << TokenOf(name);
      chmod(file.c_str(), 0600);
      auto* principal = config.add_principals();
      principal->set_name(name);
      principal->set_token_file(file);
      principal->add_roles(role);
    }
    auto authorizer = auth::Authorizer::Create(config);
    EXPECT_OK(authorizer);
    service_->Served().bridge->Guard(*std::move(authorizer));
  }

  static std::string TokenOf(const std::string& name) {
    return absl::StrCat("token-of-", name, "-0123456789");
  }

  std::unique_ptr<Stub> As(const std::string& name) {
    auto channel = rpc::CreateChannel(
        {.target = server_->address(),
         .token = std::make_shared<auth::BearerToken>(TokenOf(name))});
    EXPECT_OK(channel);
    return v1::IncidentService::NewStub(*channel);
  }

  std::string ReportAs(const std::string& name, const std::string& id) {
    const auto stub = As(name);
    const auto stored = rpc::Call(*stub, &Stub::ReportJobEvent, Event(id, id));
    EXPECT_OK(stored);
    return stored.ok() ? stored->report().report_id() : "";
  }

  absl::Status Get(const std::string& name, const std::string& report_id) {
    const auto stub = As(name);
    v1::GetReportRequest request;
    request.set_report_id(report_id);
    return rpc::Call(*stub, &Stub::GetReport, request).status();
  }

  // OK once a report comes.
  absl::Status Watch(const std::string& name,
                     const v1::WatchReportsRequest& request) {
    const auto stub = As(name);
    const absl::Status seen =
        rpc::ReadStream<Stub, Stub, v1::WatchReportsRequest,
                        v1::WatchReportsResponse>(
            *stub, &Stub::WatchReports, request, {},
            [](v1::WatchReportsResponse& message) {
              return message.has_report() ? absl::AlreadyExistsError("seen")
                                          : absl::OkStatus();
            });
    return absl::IsAlreadyExists(seen) ? absl::OkStatus() : seen;
  }
};

TEST_F(OwnReportsTest, AReporterSeesItsOwnAndAnOperatorEverything) {
  const std::string report = ReportAs("ann", "request-of-ann");
  EXPECT_OK(Get("ann", report));
  EXPECT_OK(Get("eve", report));
  EXPECT_THAT(Get("bob", report), StatusIs(absl::StatusCode::kNotFound));
  // In no way other than one that is not there.
  const std::string nothing(report.size(), '0');
  const absl::Status absent = Get("bob", nothing);
  EXPECT_THAT(absent, HasReason("RECORD_NOT_FOUND"));
  const absl::Status unseen = Get("bob", report);
  EXPECT_THAT(unseen, HasReason("RECORD_NOT_FOUND"));
  EXPECT_EQ(
      absl::StrReplaceAll(std::string(unseen.message()), {{report, nothing}}),
      absent.message());
}

TEST_F(OwnReportsTest, AReporterWatchesItsOwnByName) {
  const std::string report = ReportAs("ann", "request-of-ann");
  v1::WatchReportsRequest request;
  EXPECT_THAT(Watch("ann", request), HasReason("ROLE_REQUIRED"));
  EXPECT_OK(Watch("eve", request));
  request.set_report_id(report);
  EXPECT_OK(Watch("ann", request));
  EXPECT_OK(Watch("eve", request));
  EXPECT_THAT(Watch("bob", request), HasReason("RECORD_NOT_FOUND"));
  // Nor with a token that a watch of its own gave.
  request.set_resume_token(absl::StrCat(store_->Info().id, ".0.0"));
  EXPECT_THAT(Watch("bob", request), HasReason("RECORD_NOT_FOUND"));
}

TEST_F(OwnReportsTest, TheAuditNamesThePrincipal) {
  v1::ReportJobEventRequest rejected;
  rejected.set_request_id("request-rejected");
  rejected.mutable_rejected()->set_problem("-jn was not resolved");
  const auto ann = As("ann");
  const auto kept = rpc::Call(*ann, &Stub::ReportJobEvent, rejected);
  ASSERT_OK(kept);
  v1::DiscardReportRequest discard;
  discard.set_report_id(kept->report().report_id());
  discard.set_reason("seen");
  EXPECT_THAT(rpc::Call(*ann, &Stub::DiscardReport, discard),
              HasReason("ROLE_REQUIRED"));
  const auto eve = As("eve");
  ASSERT_OK(rpc::Call(*eve, &Stub::DiscardReport, discard));
  const auto audit =
      rpc::Call(*eve, &Stub::ListAuditEntries, v1::ListAuditEntriesRequest());
  ASSERT_OK(audit);
  ASSERT_EQ(audit->entries_size(), 1);
  EXPECT_EQ(audit->entries(0).actor(), "eve");
}

}  // namespace
}  // namespace opcon_snow::incident
