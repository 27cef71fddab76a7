// The commands other than `report`: the real program against a service in this
// process.

#include "cli/commands.h"

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/exit_code.h"
#include "cli/testing/cli_test.h"
#include "cli/testing/fake_incident_service.h"
#include "common/http/test_certificate.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::Report;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

Report MakeReport(const std::string& id) {
  Report report;
  report.set_report_id(id);
  report.set_state(::incident::v1::REPORT_STATE_SUCCEEDED);
  report.set_summary("done");
  auto& key = *report.mutable_event()->mutable_job_key();
  key.mutable_schedule_date()->set_year(2026);
  key.mutable_schedule_date()->set_month(1);
  key.mutable_schedule_date()->set_day(5);
  key.set_schedule_id(16);
  key.set_schedule_instance(1);
  key.set_job_name("JOB 001");
  report.mutable_event()->set_kind(::incident::v1::EVENT_KIND_JOB_FAILED);
  report.mutable_ticket()->set_number("INC1");
  report.mutable_create_time()->set_seconds(1'767'614'400);
  return report;
}

class CommandsTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    UseServer(service_.address());
  }

  FakeIncidentService service_;
};

TEST_F(CommandsTest, ListsReportsInATable) {
  service_.SetReports({MakeReport("A"), MakeReport("B\x1b[31m")});
  const ProcessResult result = Run({"reports", "list"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_EQ(result.out,
            "REPORT  STORED                STATE      KIND        JOB          "
            "          TICKET  SUMMARY\n"
            "A       2026-01-05 12:00:00Z  succeeded  job_failed  "
            "20260105|16|1|JOB 001  INC1    done\n"
            "B\uFFFD[31m  2026-01-05 12:00:00Z  succeeded  job_failed  "
            "20260105|16|1|JOB 001  INC1    done\n");
}

TEST_F(CommandsTest, ListsMoreThanAPage) {
  const std::vector<Report> reports(2500, MakeReport("R"));
  service_.SetReports(reports);
  ProcessResult result =
      Run({"reports", "list", "--limit", "0", "--output", "json"});
  EXPECT_EQ(result.exit_code, kExitOk);
  ::incident::v1::ListReportsResponse reply;
  ASSERT_TRUE(
      google::protobuf::util::JsonStringToMessage(result.out, &reply).ok());
  EXPECT_THAT(reply.reports(), SizeIs(2500));
  EXPECT_EQ(reply.next_page_token(), "");
  EXPECT_THAT(service_.list_calls(), SizeIs(3));

  result = Run({"reports", "list"});
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 51);
  EXPECT_THAT(result.error, HasSubstr("there are more; --limit 0 shows all"));
  result = Run({"reports", "list", "--limit", "1200", "--output", "json"});
  ASSERT_TRUE(
      google::protobuf::util::JsonStringToMessage(result.out, &reply).ok());
  EXPECT_THAT(reply.reports(), SizeIs(1200));
}

TEST_F(CommandsTest, FiltersReports) {
  EXPECT_EQ(Run({"reports", "list", "--state", "dead_letter", "--state",
                 "Waiting", "--opcon", "prod", "--job", "J", "--schedule", "S",
                 "--date", "5 Jan 2026", "--request-id", "id", "--since",
                 "2026-01-05T12:00:00Z"})
                .exit_code,
            kExitOk);
  ASSERT_THAT(service_.list_calls(), SizeIs(1));
  const auto request = service_.list_calls()[0];
  EXPECT_THAT(request.states(),
              ElementsAre(::incident::v1::REPORT_STATE_DEAD_LETTER,
                          ::incident::v1::REPORT_STATE_WAITING));
  EXPECT_EQ(request.opcon(), "prod");
  EXPECT_EQ(request.job_name(), "J");
  EXPECT_EQ(request.schedule_name(), "S");
  EXPECT_EQ(request.schedule_date().day(), 5);
  EXPECT_EQ(request.request_id(), "id");
  EXPECT_EQ(request.created_since_time().seconds(), 1'767'614'400);
  EXPECT_EQ(request.page_size(), 50);
}

TEST_F(CommandsTest, SaysWhichFilterIsWrong) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--state", "lost"},
       "--state \"lost\" is none of accepted, running, waiting, succeeded, "
       "merged, suppressed, dead_letter, discarded"},
      {{"--date", "03/04/2026"}, "--date \"03/04/2026\" can be read two ways"},
      {{"--since", "yesterday"}, "--since \"yesterday\" is neither a time"},
      {{"--limit", "x"}, "--limit"},
      {{"--colour", "blue"}, "--colour"}};
  for (const auto& [arguments, message] : cases) {
    std::vector<std::string> all = {"reports", "list"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const ProcessResult result = Run(all);
    EXPECT_EQ(result.exit_code, kExitUsage) << message;
    EXPECT_THAT(result.error, HasSubstr(message));
  }
  EXPECT_THAT(service_.list_calls(), IsEmpty());
}

TEST_F(CommandsTest, ShowsAReportWithItsSteps) {
  service_.OnGetReport([](int, Report& report) {
    const std::string id = report.report_id();
    report = MakeReport(id);
    auto& step = *report.add_steps();
    step.set_kind(::incident::v1::STEP_KIND_TICKET);
    step.set_state(::incident::v1::STEP_STATE_SUCCEEDED);
    step.set_attempts(2);
    step.set_outcome("created INC1");
    report.add_warnings("the template is unknown");
    return absl::OkStatus();
  });
  const ProcessResult result = Run({"reports", "show", "R1"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("report       R1\n"),
                    HasSubstr("job id       20260105|16|1|JOB 001\n"),
                    HasSubstr("warning      the template is unknown\n"),
                    HasSubstr("ticket  succeeded  2               created "
                              "INC1\n"),
                    Not(HasSubstr("merged into"))));
}

TEST_F(CommandsTest, SaysThatThereIsNoSuchReport) {
  service_.OnGetReport([](int, Report&) {
    return absl::NotFoundError("there is no report \"R1\"");
  });
  const ProcessResult result = Run({"reports", "show", "R1"});
  EXPECT_EQ(result.exit_code, kExitData);
  EXPECT_EQ(
      result.error,
      absl::StrCat("incidentctl: the incident service at ", service_.address(),
                   " answers NOT_FOUND: there is no report \"R1\"\n"));
  EXPECT_EQ(Run({"reports", "show"}).exit_code, kExitUsage);
}

TEST_F(CommandsTest, RetriesAndDiscards) {
  ProcessResult result = Run({"reports", "retry", "R1"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, HasSubstr("running"));
  result = Run({"reports", "discard", "R2", "--reason", "known trouble"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, HasSubstr("discarded"));
  EXPECT_EQ(service_.discard_call().report_id(), "R2");
  EXPECT_EQ(service_.discard_call().reason(), "known trouble");
  result = Run({"reports", "discard", "R2"});
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_THAT(result.error, HasSubstr("--reason is missing"));
}

TEST_F(CommandsTest, WatchesAReportAcrossABreakUntilItEnds) {
  ::incident::v1::WatchReportsResponse running;
  *running.mutable_report() = MakeReport("R1");
  running.mutable_report()->set_state(::incident::v1::REPORT_STATE_RUNNING);
  running.set_resume_token("t1");
  ::incident::v1::WatchReportsResponse heartbeat;
  heartbeat.set_resume_token("t2");
  ::incident::v1::WatchReportsResponse done;
  *done.mutable_report() = MakeReport("R1");
  done.set_resume_token("t3");
  service_.SetWatch({running, heartbeat, done},
                    absl::UnavailableError("restarting"));
  const ProcessResult result = Run({"reports", "watch", "R1"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, AllOf(HasSubstr("R1  running"),
                                EndsWith("R1  succeeded  "
                                         "20260105|16|1|JOB 001  INC1  "
                                         "done\n")));
  ASSERT_THAT(service_.watch_calls(), SizeIs(2));
  EXPECT_EQ(service_.watch_calls()[1].resume_token(), "t1");
}

TEST_F(CommandsTest, SaysThatTheServiceDoesNotOfferWatching) {
  service_.SetWatch({}, absl::UnimplementedError("not offered"));
  const ProcessResult result = Run({"reports", "watch"});
  EXPECT_EQ(result.exit_code, kExitUnavailable);
  EXPECT_THAT(result.error, HasSubstr("does not offer watching"));
}

TEST_F(CommandsTest, WatchesUntilToldToEnd) {
  ::incident::v1::WatchReportsResponse message;
  *message.mutable_report() = MakeReport("R1");
  message.set_resume_token("t1");
  service_.SetWatch({message}, absl::UnavailableError("restarting"));
  options_.terminate_when = [this] {
    return service_.watch_calls().size() > 1;
  };
  const ProcessResult result = Run({"reports", "watch", "--output", "json"});
  EXPECT_EQ(result.exit_code, kExitOk);
  const std::string line = result.out.substr(0, result.out.find('\n'));
  EXPECT_EQ(nlohmann::json::parse(line)["resumeToken"], "t1");
}

TEST_F(CommandsTest, ListsTemplatesWithRemarks) {
  const ProcessResult result = Run({"templates", "list"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("basic.json  yes      incumbent  production"),
                    HasSubstr("warning   basic.json:3  has no effect; leave it "
                              "out")));
}

TEST_F(CommandsTest, TheDoctorLooksAtEveryHop) {
  ::incident::v1::GetHealthResponse health;
  health.set_version("1.2.3");
  auto& hop = *health.add_hops();
  hop.set_name("opcon:production");
  hop.set_state(::incident::v1::HOP_STATE_OK);
  service_.SetHealth(health);
  ProcessResult result = Run({"doctor"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(
      result.out,
      AllOf(
          HasSubstr("configuration     ok"), HasSubstr("tls               ok"),
          HasSubstr("spool             ok"), HasSubstr("incident-service  ok"),
          HasSubstr("opcon:production  ok"), HasSubstr("1.2.3"),
          HasSubstr("the service's address is from INCIDENTCTL_SERVER")));

  hop.set_state(::incident::v1::HOP_STATE_FAILED);
  service_.SetHealth(health);
  result = Run({"doctor", "--output", "json"});
  EXPECT_EQ(result.exit_code, kExitUnavailable);
  EXPECT_THAT(nlohmann::json::parse(result.out)["hops"], SizeIs(5));

  UseServer(kNobody);
  result = Run({"doctor"});
  EXPECT_EQ(result.exit_code, kExitUnavailable);
  EXPECT_THAT(result.out, HasSubstr("incident-service  failed"));
  options_.environment["INCIDENTCTL_SPOOL_DIR"] = "/dev/null/spool";
  EXPECT_THAT(Run({"doctor"}).out, HasSubstr("spool             failed"));
}

TEST_F(CommandsTest, TheDoctorComparesTheClocks) {
  const auto clock_hop = [this](std::int64_t off) {
    ::incident::v1::GetHealthResponse health;
    health.mutable_service_time()->set_seconds(
        absl::ToUnixSeconds(absl::Now()) + off);
    service_.SetHealth(health);
    const ProcessResult result = Run({"doctor"});
    EXPECT_EQ(result.exit_code, kExitOk) << "a warning is no failure";
    return result.out;
  };
  EXPECT_THAT(clock_hop(0), HasSubstr("clock             ok"));
  EXPECT_THAT(clock_hop(-3600),
              AllOf(HasSubstr("clock             warning"),
                    HasSubstr("this machine's is 1h"),
                    HasSubstr(" ahead of the service's"), HasSubstr("by NTP")));
  EXPECT_THAT(clock_hop(3600), AllOf(HasSubstr("clock             warning"),
                                     HasSubstr(" behind the service's")));
  // Of an earlier version, which does not tell.
  service_.SetHealth({});
  EXPECT_THAT(Run({"doctor"}).out, Not(HasSubstr("clock")));
}

TEST_F(CommandsTest, TheDoctorLooksAtCertificates) {
  // Valid for a day.
  const http::TestCertificate made =
      http::MakeTestCertificate("doctor", "localhost", "127.0.0.1");
  const std::vector<std::string> doctor = {"doctor",
                                           "--tls-ca",
                                           made.certificate_file,
                                           "--tls-cert",
                                           made.certificate_file,
                                           "--tls-key",
                                           made.key_file};
  EXPECT_THAT(Run(doctor).out, AllOf(HasSubstr("tls               warning"),
                                     HasSubstr("the client certificate "),
                                     HasSubstr("; renew it before")));
  const std::string none = WriteFile("none.pem", "nothing");
  EXPECT_THAT(Run({"doctor", "--tls-ca", none}).out,
              AllOf(HasSubstr("tls               failed"),
                    HasSubstr("none.pem has no certificate in PEM form")));
}

TEST_F(CommandsTest, ListsAndFlushesTheSpool) {
  UseServer(kNobody);
  ASSERT_EQ(Run(FailureReport({"-t", "bad"})).exit_code, kExitOk);
  ASSERT_EQ(Run(FailureReport()).exit_code, kExitOk);
  ASSERT_EQ(Run({"report", "-x"}).exit_code, kExitUsage);
  ProcessResult result = Run({"spool", "list"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(
      result.out,
      AllOf(HasSubstr("waiting"), HasSubstr("20260105|16|1|JOB 001"),
            HasSubstr("(command line)"), HasSubstr("\"-x\" is not a switch")));
  EXPECT_EQ(Run({"spool", "flush"}).exit_code, kExitUnavailable);

  UseServer(service_.address());
  service_.AnswerReports([](const FakeIncidentService::Request& request) {
    return request.template_() == "bad" ? absl::InvalidArgumentError("no")
                                        : absl::OkStatus();
  });
  result = Run({"spool", "flush"});
  EXPECT_EQ(result.exit_code, kExitData);
  EXPECT_EQ(result.out, absl::StrCat("2 delivered, 1 refused, 0 waiting in ",
                                     home_, "/spool\n"));
  result = Run({"spool", "list", "--output", "json"});
  const nlohmann::json list = nlohmann::json::parse(result.out);
  ASSERT_THAT(list["entries"], SizeIs(1));
  EXPECT_EQ(list["entries"][0]["state"], "refused");
  EXPECT_EQ(list["entries"][0]["reason"], "INVALID_ARGUMENT: no");
  EXPECT_EQ(list["entries"][0]["request"]["template"], "bad");

  service_.AnswerReports(nullptr);
  result = Run({"spool", "flush", "--output", "json"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_EQ(nlohmann::json::parse(result.out),
            nlohmann::json({{"directory", home_ + "/spool"},
                            {"delivered", 0},
                            {"refused", 0},
                            {"waiting", 0}}));
  EXPECT_THAT(service_.accepted(), SizeIs(2));
  EXPECT_EQ(Run({"spool", "flush", "--refused"}).exit_code, kExitOk);
  EXPECT_THAT(service_.accepted(), SizeIs(3));
  EXPECT_THAT(Refused(), IsEmpty());
}

TEST_F(CommandsTest, ShowsTheAudit) {
  ::incident::v1::AuditEntry created;
  created.set_actor("incident-service");
  created.set_action("servicenow.CreateIncident");
  created.set_target("INC1");
  created.set_reason("the job has no ticket");
  created.mutable_result()->set_message("created INC1");
  ::incident::v1::AuditEntry refused = created;
  refused.mutable_result()->set_code(14);
  refused.mutable_result()->set_message("down");
  service_.SetAudit({created, refused});
  const ProcessResult result = Run(
      {"audit", "list", "--report", "R1", "--target", "INC1", "--since", "1h"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("servicenow.CreateIncident"),
                    HasSubstr("the job has no ticket"),
                    HasSubstr("created INC1"), HasSubstr("UNAVAILABLE: down")));
  EXPECT_EQ(service_.audit_call().report_id(), "R1");
  EXPECT_EQ(service_.audit_call().target(), "INC1");
  EXPECT_TRUE(service_.audit_call().has_created_since_time());
  EXPECT_EQ(Run({"audit", "list", "--since", "soon"}).exit_code, kExitUsage);
}

TEST_F(CommandsTest, WritesABackupUnderItsNameOnlyWhenItIsComplete) {
  ::incident::v1::BackUpStoreResponse header;
  header.mutable_header()->set_format("sqlite");
  header.mutable_header()->set_size_bytes(6);
  ::incident::v1::BackUpStoreResponse chunk;
  chunk.set_chunk("abc");
  const std::string path = ::testing::TempDir() + "/backup.db";
  service_.SetBackup({header, chunk}, absl::OkStatus());
  ProcessResult result = Run({"admin", "backup", path});
  EXPECT_NE(result.exit_code, kExitOk);
  EXPECT_THAT(result.error, HasSubstr("3 bytes of 6"));
  service_.SetBackup({header, chunk}, absl::UnavailableError("disk full"));
  result = Run({"admin", "backup", path});
  EXPECT_EQ(result.exit_code, kExitTryLater);
  EXPECT_THAT(result.error, HasSubstr("disk full"));
  EXPECT_FALSE(std::ifstream(path).good());
  EXPECT_FALSE(std::ifstream(path + ".part").good());
  service_.SetBackup({header, chunk, chunk}, absl::OkStatus());
  result = Run({"admin", "backup", path});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, AllOf(HasSubstr(path), HasSubstr("sqlite")));
  std::string content;
  std::ifstream(path) >> content;
  EXPECT_EQ(content, "abcabc");
  result = Run({"admin", "backup", "/nowhere/backup.db"});
  EXPECT_NE(result.exit_code, kExitOk);
  EXPECT_THAT(result.error, HasSubstr("/nowhere/backup.db"));
}

TEST_F(CommandsTest, HelpListsWhatWorks) {
  const ProcessResult result = Run({"--help"});
  EXPECT_EQ(result.exit_code, kExitOk);
  for (const std::string command :
       {"report ", "recovered ", "reports ", "tickets ", "templates ", "spool ",
        "silences ", "doctor ", "--server HOST:PORT"}) {
    EXPECT_THAT(result.out, HasSubstr("\n  " + command));
  }
  EXPECT_THAT(
      Run({"tickets", "--help"}).out,
      AllOf(HasSubstr("Usage: incidentctl tickets"), HasSubstr("\n  sync ")));
  EXPECT_THAT(Run({"report", "--help"}).out,
              StartsWith("usage: incidentctl report SWITCHES"));
  EXPECT_THAT(Run({"recovered", "-h"}).out,
              StartsWith("usage: incidentctl recovered SWITCHES"));
  EXPECT_EQ(Run({"--version"}).out, "incidentctl 0.2.0\n");
  EXPECT_THAT(service_.calls(), IsEmpty());
}

TEST_F(CommandsTest, SaysWhatIsNoCommand) {
  ProcessResult result = Run({});
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_THAT(result.error, HasSubstr("a command is missing"));
  result = Run({"--output", "json"});
  EXPECT_EQ(result.exit_code, kExitUsage);
  result = Run({"reports"});
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_THAT(service_.calls(), IsEmpty());
}

TEST_F(CommandsTest, AMistakeInTheConfigurationEndsACommand) {
  ProcessResult result = Run({"reports", "list", "--output", "xml"});
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_THAT(result.error, HasSubstr("--output \"xml\" is neither"));
  options_.environment["INCIDENTCTL_TIMEOUT"] = "soon";
  result = Run({"reports", "list"});
  EXPECT_EQ(result.exit_code, kExitConfig);
  EXPECT_THAT(result.error, HasSubstr("INCIDENTCTL_TIMEOUT \"soon\""));
  EXPECT_THAT(service_.list_calls(), IsEmpty());
}

TEST_F(CommandsTest, AServiceThatIsAwayIsUnavailable) {
  UseServer(kNobody);
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"reports", "list"},
        {"reports", "show", "R1"},
        {"reports", "watch"},
        {"tickets", "list"},
        {"templates", "list"}}) {
    const ProcessResult result = Run(arguments);
    EXPECT_EQ(result.exit_code, kExitUnavailable);
    EXPECT_THAT(result.error, HasSubstr("cannot be reached"));
  }
}

}  // namespace
}  // namespace opcon_snow::cli
