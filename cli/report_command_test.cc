// `report` as Notification Manager sees it: the real program against a service
// in this process. Nothing that is reported is ever lost, and the exit code
// says what came of it.

#include "cli/report_command.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/exit_code.h"
#include "cli/testing/cli_test.h"
#include "cli/testing/fake_incident_service.h"
#include "common/http/test_certificate.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::ReportState;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Request = FakeIncidentService::Request;

class ReportTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    UseServer(service_.address());
  }

  // The only report that the service has stored.
  Request Stored() const {
    const auto accepted = service_.accepted();
    EXPECT_THAT(accepted, SizeIs(1));
    return accepted.empty() ? Request() : accepted.begin()->second;
  }

  void Refuse(const absl::Status& status) {
    service_.AnswerReports([status](const Request&) { return status; });
  }

  FakeIncidentService service_;
};

TEST_F(ReportTest, AFailureIsAcknowledged) {
  const ProcessResult result =
      Run({"report", "-a", "GENP001", "-s", "Payroll", "Daily", "-jn", "JOB",
           "001", "-e", "0000000010", "-sd", "2026-01-05", "-si", "16", "-sn",
           "1", "-t", "basic.json"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.error, IsEmpty());
  const Request stored = Stored();
  EXPECT_EQ(result.out,
            absl::StrCat("report R-", stored.request_id(), " accepted\n"));
  EXPECT_THAT(stored.request_id(),
              MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-"
                           "[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_EQ(stored.event().job_key().job_name(), "JOB 001");
  EXPECT_EQ(stored.event().schedule_name(), "Payroll Daily");
  EXPECT_EQ(stored.event().kind(), ::incident::v1::EVENT_KIND_JOB_FAILED);
  EXPECT_GT(stored.event().occurred_time().seconds(), 0);
  EXPECT_EQ(stored.template_(), "basic.json");
  EXPECT_EQ(stored.source().program(), "incidentctl");
  EXPECT_FALSE(stored.source().host().empty());
  EXPECT_FALSE(stored.source().spooled());
  EXPECT_FALSE(std::filesystem::exists(home_ + "/spool"));
}

TEST_F(ReportTest, TheIncumbentsCommandLineNeedsOnlyAnotherPath) {
  const ProcessResult result =
      Run({"-a", "N/A", "-s", "Payroll", "-jn", "JOB001", "-e", "-sd",
           "2026-01-05", "-si", "16", "-sn", "1", "-t", "basic.json"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_EQ(Stored().event().machine(), "");
  EXPECT_EQ(Stored().event().schedule_name(), "Payroll");
}

TEST_F(ReportTest, GlobalSwitchesMayStandInFront) {
  UseServer(kNobody);
  std::vector<std::string> arguments = {"--server", service_.address(),
                                        "--output=json"};
  for (const std::string& argument : FailureReport())
    arguments.push_back(argument);
  const ProcessResult result = Run(arguments);
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, HasSubstr("\"state\": \"REPORT_STATE_ACCEPTED\""));
  EXPECT_THAT(service_.accepted(), SizeIs(1));
}

TEST_F(ReportTest, ARecoveryIsReportedWithTheSameIdentity) {
  std::vector<std::string> arguments = FailureReport();
  arguments[0] = "recovered";
  EXPECT_EQ(Run(arguments).exit_code, kExitOk);
  EXPECT_EQ(Stored().event().kind(), ::incident::v1::EVENT_KIND_RECOVERED);
}

TEST_F(ReportTest, WithoutAServiceItIsKeptAtOnceAndDeliveredByTheNextRun) {
  UseServer(kNobody);
  // Should it wait for its deadline, this test would run out of time.
  const ProcessResult kept = Run(FailureReport({"--timeout", "10m"}));
  EXPECT_EQ(kept.exit_code, kExitOk);
  EXPECT_THAT(kept.out, IsEmpty());
  EXPECT_THAT(kept.error,
              AllOf(StartsWith("incidentctl: warning: the incident service at "
                               "127.0.0.1:1 cannot be reached: "),
                    HasSubstr("Connection refused"),
                    HasSubstr("the address (from INCIDENTCTL_SERVER) is right; "
                              "--server names another"),
                    HasSubstr(absl::StrCat("the report is safe in the spool ",
                                           home_, "/spool"))));
  ASSERT_THAT(Waiting(), SizeIs(1));
  const std::string id = Waiting()[0].request_id();

  UseServer(service_.address());
  const ProcessResult next = Run(FailureReport());
  EXPECT_EQ(next.exit_code, kExitOk);
  EXPECT_THAT(next.error,
              HasSubstr("delivered from the spool: 1; still waiting: 0"));
  EXPECT_THAT(Waiting(), IsEmpty());
  ASSERT_THAT(service_.calls(), SizeIs(2));
  EXPECT_FALSE(service_.calls()[0].source().spooled());
  EXPECT_EQ(service_.calls()[1].request_id(), id);
  EXPECT_TRUE(service_.calls()[1].source().spooled());
}

TEST_F(ReportTest, AServiceThatHangsIsNotWaitedForForever) {
  service_.HangReports();
  const ProcessResult result = Run(FailureReport({"--timeout", "200ms"}));
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.error, HasSubstr("DEADLINE_EXCEEDED"));
  ASSERT_THAT(Waiting(), SizeIs(1));
  // It may have been stored: the id tells.
  ASSERT_THAT(service_.calls(), SizeIs(1));
  EXPECT_EQ(service_.calls()[0].request_id(), Waiting()[0].request_id());
}

TEST_F(ReportTest, ToldToEndItKeepsTheReportFirst) {
  service_.HangReports();
  options_.terminate_when = [this] { return !service_.calls().empty(); };
  const ProcessResult result = Run(FailureReport({"--timeout", "10m"}));
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(Waiting(), SizeIs(1));
}

TEST_F(ReportTest, AnAnswerThatMeansLaterIsSpooled) {
  for (const absl::Status& status :
       {absl::UnavailableError("the disk is full"),
        MakeError(absl::StatusCode::kResourceExhausted, "too many",
                  {.retry_after = absl::Seconds(3)}),
        absl::InternalError("a fault"), absl::AbortedError("a race")}) {
    SetUp();
    Refuse(status);
    const ProcessResult result = Run(FailureReport());
    EXPECT_EQ(result.exit_code, kExitOk) << status;
    EXPECT_THAT(result.error, StartsWith("incidentctl: warning: ")) << status;
    EXPECT_THAT(result.error, HasSubstr(std::string(status.message())));
    EXPECT_THAT(Waiting(), SizeIs(1)) << status;
  }
}

TEST_F(ReportTest, WhatTheServiceWillNeverTakeIsSetAside) {
  Refuse(MakeError(absl::StatusCode::kInvalidArgument, "wrong request",
                   {.violations = {{"event.job_key.opcon", "no such name"}}}));
  const ProcessResult result = Run(FailureReport());
  EXPECT_EQ(result.exit_code, kExitData);
  EXPECT_THAT(result.error,
              AllOf(HasSubstr("INVALID_ARGUMENT: wrong request; "
                              "event.job_key.opcon: no such name"),
                    HasSubstr("the report is kept in "),
                    HasSubstr("spool flush --refused")));
  EXPECT_THAT(Refused(), ElementsAre("INVALID_ARGUMENT: wrong request; "
                                     "event.job_key.opcon: no such name"));
  EXPECT_THAT(Waiting(), IsEmpty());
}

TEST_F(ReportTest, WhatIsNotPermittedWaitsForTheMend) {
  for (const absl::Status& status : {absl::PermissionDeniedError("not you"),
                                     absl::UnauthenticatedError("who?")}) {
    SetUp();
    Refuse(status);
    const ProcessResult result = Run(FailureReport());
    EXPECT_EQ(result.exit_code, kExitDenied);
    EXPECT_THAT(result.error, HasSubstr("Check the bearer token"));
    EXPECT_THAT(Waiting(), SizeIs(1));
    EXPECT_THAT(Refused(), IsEmpty());
  }
  const ProcessResult unread = Run(FailureReport({"--token-file", "/none"}));
  EXPECT_EQ(unread.exit_code, kExitConfig);
  EXPECT_THAT(unread.error, HasSubstr("token file /none"));
  EXPECT_THAT(Waiting(), SizeIs(2));
}

TEST_F(ReportTest, AnotherServiceIsAMistakeInTheConfiguration) {
  int port = 0;
  grpc::health::v1::Health::Service other_service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(&other_service);
  const std::unique_ptr<grpc::Server> other = builder.BuildAndStart();
  UseServer(absl::StrCat("127.0.0.1:", port));
  const ProcessResult result = Run(FailureReport());
  EXPECT_EQ(result.exit_code, kExitConfig);
  EXPECT_THAT(result.error, HasSubstr("Probably something else listens there"));
  EXPECT_THAT(Waiting(), SizeIs(1));
}

TEST_F(ReportTest, ACommandLineThatIsNotUnderstoodReachesAnOperator) {
  const ProcessResult usage = Run(FailureReport({"--terminaton", "5"}));
  EXPECT_EQ(usage.exit_code, kExitUsage);
  EXPECT_THAT(
      usage.error,
      AllOf(StartsWith("incidentctl: \"--terminaton\" is not a switch; did you "
                       "mean --termination?\nincidentctl: right would be: "
                       "incidentctl report -jn \"JOB 001\" -sd 2026-01-05"),
            HasSubstr("was kept for an operator as report R-")));
  const ::incident::v1::RejectedCommandLine rejected = Stored().rejected();
  EXPECT_THAT(rejected.arguments(),
              ElementsAre("report", "-jn", "JOB 001", "-sd", "2026-01-05",
                          "-si", "16", "-sn", "1", "--terminaton", "5"));
  EXPECT_THAT(rejected.problem(), HasSubstr("did you mean --termination?"));
  EXPECT_GT(rejected.occurred_time().seconds(), 0);

  EXPECT_EQ(
      Run({"-jn", "J", "-sd", "03/04/2026", "-si", "1", "-sn", "1"}).exit_code,
      kExitData);
  EXPECT_EQ(Run({"reprot", "-jn", "J"}).exit_code, kExitUsage);
  EXPECT_EQ(Run({"report"}).exit_code, kExitUsage);
  EXPECT_EQ(Run({"\u2013a", "X"}).exit_code, kExitUsage);
  EXPECT_EQ(Run({"/a", "GENP001", "/jn", "JOB001"}).exit_code, kExitUsage);
  EXPECT_THAT(service_.accepted(), SizeIs(6));
}

TEST_F(ReportTest, ACommandLineThatIsNotUnderstoodIsSpooledToo) {
  UseServer(kNobody);
  const ProcessResult result = Run({"-a", "\xff", "-jn", "[[$JOB NAME]]", "-sd",
                                    "2026-01-05", "-si", "1", "-sn", "1"});
  EXPECT_EQ(result.exit_code, kExitData);
  EXPECT_THAT(result.error, HasSubstr("the command line is safe in the spool"));
  ASSERT_THAT(Waiting(), SizeIs(1));
  EXPECT_EQ(Waiting()[0].rejected().arguments(1), "\uFFFD");
  EXPECT_EQ(Waiting()[0].rejected().arguments(3), "[[$JOB NAME]]");

  UseServer(service_.address());
  EXPECT_EQ(Run({"spool", "flush"}).exit_code, kExitOk);
  EXPECT_TRUE(Stored().has_rejected());
}

TEST_F(ReportTest, WithoutSpoolAndServiceItSaysWhatIsLost) {
  UseServer(kNobody);
  const std::string config = WriteFile("c.yaml", "spool: {disabled: true}\n");
  ProcessResult result = Run(FailureReport({"--config", config}));
  EXPECT_EQ(result.exit_code, kExitUnavailable);
  EXPECT_THAT(result.error,
              AllOf(Not(HasSubstr("warning")),
                    HasSubstr("and the report cannot be kept: the spool is off "
                              "(spool.disabled). It is LOST unless"),
                    HasSubstr("\"jobName\": \"JOB 001\"")));

  options_.environment["INCIDENTCTL_SPOOL_DIR"] = config;
  result = Run(FailureReport());
  EXPECT_EQ(result.exit_code, kExitUnavailable);
  EXPECT_THAT(result.error, AllOf(HasSubstr(config), HasSubstr("LOST")));
  // Also for what was not understood: it is as lost.
  EXPECT_EQ(Run({"report", "-x"}).exit_code, kExitUnavailable);
}

TEST_F(ReportTest, AMistakeInTheConfigurationDoesNotLoseTheReport) {
  const std::string config =
      WriteFile("c.yaml", "sever: {address: \"127.0.0.1:2\"}\n");
  const ProcessResult result = Run(FailureReport({"--config", config}));
  EXPECT_EQ(result.exit_code, kExitConfig);
  EXPECT_THAT(result.error, AllOf(HasSubstr("c.yaml:1:1: sever: "),
                                  HasSubstr("is safe in the spool")));
  EXPECT_THAT(Waiting(), SizeIs(1));
  EXPECT_THAT(service_.calls(), IsEmpty());
}

TEST_F(ReportTest, ACertificateThatCannotBeReadDoesNotLoseTheReport) {
  const ProcessResult result =
      Run(FailureReport({"--tls-ca", home_ + "/missing.pem"}));
  EXPECT_EQ(result.exit_code, kExitConfig);
  EXPECT_THAT(result.error, HasSubstr("missing.pem"));
  EXPECT_THAT(Waiting(), SizeIs(1));
}

TEST_F(ReportTest, AWrongTimeoutIsSaidButDoesNotHoldTheReportBack) {
  const ProcessResult result = Run(FailureReport({"--timeout", "5"}));
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_THAT(result.error, HasSubstr("the failure was reported all the same"));
  EXPECT_THAT(service_.accepted(), SizeIs(1));
}

TEST_F(ReportTest, ARepeatedVariableIsTakenOverTheFile) {
  const std::string config =
      WriteFile("c.yaml", "server: {address: \"127.0.0.1:1\"}\n");
  EXPECT_EQ(Run(FailureReport({"--config", config})).exit_code, kExitOk);
  EXPECT_THAT(service_.accepted(), SizeIs(1));
}

TEST_F(ReportTest, ADryRunHasItCheckedAndStoresNothing) {
  const ProcessResult result = Run(FailureReport({"--dry-run"}));
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, AllOf(StartsWith("would be reported:\n{"),
                                HasSubstr("\"jobName\": \"JOB 001\"")));
  EXPECT_THAT(result.error, HasSubstr("warning: checked only"));
  ASSERT_THAT(service_.calls(), SizeIs(1));
  EXPECT_TRUE(service_.calls()[0].validate_only());
  EXPECT_THAT(service_.accepted(), IsEmpty());

  EXPECT_EQ(Run({"report", "--dry-run"}).exit_code, kExitUsage);
  UseServer(kNobody);
  EXPECT_EQ(Run(FailureReport({"--dry-run"})).exit_code, kExitUnavailable);
  EXPECT_FALSE(std::filesystem::exists(home_ + "/spool"));
}

TEST_F(ReportTest, ClosedStandardFilesDoNotSpoilTheSpool) {
  UseServer(kNobody);
  options_.close_standard_files = true;
  EXPECT_EQ(Run(FailureReport()).exit_code, kExitOk);
  EXPECT_THAT(Waiting(), SizeIs(1));
}

TEST_F(ReportTest, OneThatIsRefusedFromTheSpoolNeedsAPerson) {
  UseServer(kNobody);
  EXPECT_EQ(Run(FailureReport({"-t", "bad"})).exit_code, kExitOk);
  UseServer(service_.address());
  service_.AnswerReports([](const Request& request) {
    return request.template_() == "bad" ? absl::InvalidArgumentError("no")
                                        : absl::OkStatus();
  });
  const ProcessResult result = Run(FailureReport());
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.error,
              HasSubstr("warning: refused from the spool: 1; they need a "
                        "person, see \"incidentctl spool list\""));
  EXPECT_THAT(Refused(), ElementsAre("INVALID_ARGUMENT: no"));
}

std::string Content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_F(ReportTest, ReachesAServiceThatDemandsACertificate) {
  // Each is its own authority. The server's is for its address, not for a name.
  const http::TestCertificate server =
      http::MakeTestCertificate("server", "incidents", "127.0.0.1");
  const http::TestCertificate client =
      http::MakeTestCertificate("client", "incidentctl", "");
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = Content(client.certificate_file);
  options.pem_key_cert_pairs = {
      {Content(server.key_file), Content(server.certificate_file)}};
  const FakeIncidentService secured(grpc::SslServerCredentials(options));
  UseServer(secured.address());
  std::vector<std::string> tls = {"--tls-ca", server.certificate_file};
  // Without its own certificate it is turned away, and keeps the report.
  EXPECT_EQ(Run(FailureReport(tls)).exit_code, kExitOk);
  EXPECT_THAT(Waiting(), SizeIs(1));
  tls.insert(tls.end(), {"--tls-cert", client.certificate_file, "--tls-key",
                         client.key_file});
  const ProcessResult result = Run(FailureReport(tls));
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, HasSubstr(" accepted\n")) << result.error;
  EXPECT_THAT(secured.accepted(), SizeIs(2));
  // Another authority: the server is not believed.
  tls[1] = client.certificate_file;
  EXPECT_THAT(Run(FailureReport(tls)).error, HasSubstr("cannot be reached"));
}

// --- With --wait ----------------------------------------------------------

TEST_F(ReportTest, WaitsForTheTicket) {
  service_.OnGetReport([](int asked, ::incident::v1::Report& report) {
    if (asked == 1) return absl::UnavailableError("restarting");
    if (asked >= 3) {
      report.mutable_ticket()->set_number("INC0010025");
      report.mutable_ticket()->set_url("https://x.example/INC0010025");
    }
    return absl::OkStatus();
  });
  const ProcessResult result = Run(FailureReport({"--wait"}));
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, MatchesRegex("report R-[-0-9a-f]+: ticket INC0010025 "
                                       "https://x.example/INC0010025\n"));
}

TEST_F(ReportTest, AReportThatIsMergedWaitsForTheOthersTicket) {
  service_.OnGetReport([](int, ::incident::v1::Report& report) {
    if (report.report_id() == "other") {
      report.mutable_ticket()->set_number("INC7");
    } else {
      report.set_state(::incident::v1::REPORT_STATE_MERGED);
      report.set_merged_into_report_id("other");
    }
    return absl::OkStatus();
  });
  const ProcessResult result = Run(FailureReport({"--wait"}));
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, StartsWith("report other: ticket INC7"));
}

TEST_F(ReportTest, WaitingEndsWithTheDeadline) {
  service_.OnGetReport([](int, ::incident::v1::Report& report) {
    report.set_summary("OpCon is away");
    return absl::OkStatus();
  });
  const ProcessResult result =
      Run(FailureReport({"--wait", "--timeout", "200ms"}));
  EXPECT_EQ(result.exit_code, kExitTryLater);
  EXPECT_THAT(result.error,
              HasSubstr("has no ticket yet; it is safe and goes on by itself: "
                        "OpCon is away"));
}

TEST_F(ReportTest, WaitingEndsWhereOnlyAPersonCanHelp) {
  struct Case {
    ReportState state;
    absl::StatusCode error;
    int exit_code;
    std::string text;
  };
  for (const Case& c :
       {Case{::incident::v1::REPORT_STATE_DEAD_LETTER,
             absl::StatusCode::kFailedPrecondition, kExitData,
             "needs a person: why"},
        Case{::incident::v1::REPORT_STATE_DEAD_LETTER,
             absl::StatusCode::kPermissionDenied, kExitDenied,
             "needs a person: why"},
        Case{::incident::v1::REPORT_STATE_DISCARDED, absl::StatusCode::kOk,
             kExitData, "was discarded: why"}}) {
    service_.OnGetReport([&c](int, ::incident::v1::Report& report) {
      report.set_state(c.state);
      report.set_summary("why");
      report.mutable_error()->set_code(static_cast<int>(c.error));
      return absl::OkStatus();
    });
    const ProcessResult result = Run(FailureReport({"--wait"}));
    EXPECT_EQ(result.exit_code, c.exit_code);
    EXPECT_THAT(result.error, HasSubstr(c.text));
  }
}

TEST_F(ReportTest, NoTicketIsAnAnswerToo) {
  service_.OnGetReport([](int, ::incident::v1::Report& report) {
    report.set_state(::incident::v1::REPORT_STATE_SUPPRESSED);
    report.set_summary("maintenance");
    return absl::OkStatus();
  });
  const ProcessResult result = Run(FailureReport({"--wait"}));
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, HasSubstr("no ticket is wanted: maintenance"));
}

TEST_F(ReportTest, WaitingWithoutPermissionToLookEndsAtOnce) {
  service_.OnGetReport([](int, ::incident::v1::Report&) {
    return absl::PermissionDeniedError("reporters may not read");
  });
  const ProcessResult result = Run(FailureReport({"--wait"}));
  EXPECT_EQ(result.exit_code, kExitDenied);
  EXPECT_THAT(result.error, HasSubstr("is safe but cannot be followed"));
}

TEST_F(ReportTest, WaitingForWhatIsInTheSpoolMeansLater) {
  UseServer(kNobody);
  EXPECT_EQ(Run(FailureReport({"--wait"})).exit_code, kExitTryLater);
  EXPECT_THAT(Waiting(), SizeIs(1));
}

TEST_F(ReportTest, ToldToEndItStopsWaiting) {
  options_.terminate_when = [this] { return !service_.accepted().empty(); };
  EXPECT_EQ(Run(FailureReport({"--wait", "--timeout", "10m"})).exit_code,
            kExitTryLater);
}

}  // namespace
}  // namespace opcon_snow::cli
