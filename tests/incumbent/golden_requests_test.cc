// What is sent to ServiceNow and written to OpCon for the incumbent connector's
// templates, through all the real processes and word by word: its documented
// example, and each of its ten rules both ways, with working and non-working
// hours, every indicator of tags, a hit and a miss in the CMDB, and a ticket in
// every state. golden/NAME.txt has what one template makes of each failure;
// failures of which it makes the same stand together.
//
// After a change that is meant:
//
//   UPDATE_GOLDEN=1 bazel run --config=ci
//   //tests/incumbent:golden_requests_test
//
// writes the files anew; then read the difference.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident/v1/incident_service.grpc.pb.h"
#include "tests/harness/jobs.h"
#include "tests/harness/reporter.h"
#include "tests/harness/suite.h"
#include "tests/incumbent/sent_requests.h"
#include "tests/incumbent/template_matrix.h"

namespace opcon_snow::incumbent {
namespace {

namespace v1 = ::incident::v1;
using nlohmann::json;
using Stub = v1::IncidentService::StubInterface;

constexpr char kGolden[] = "tests/incumbent/golden/";
constexpr char kDay[] = "2026-01-05T10:00:07-06:00";  // Monday
constexpr char kNight[] = "2026-01-05T21:30:07-06:00";
// Of the second failure of a job that has a ticket.
constexpr char kAgain[] = "2026-01-05T10:45:00-06:00";
// A busy machine may need minutes for what an idle one does in seconds.
constexpr absl::Duration kPatience = absl::Minutes(4);
constexpr char kTermination[] = "0000000005";
constexpr char kLog[] = "line 1\r\nline 2\r\n";

// A case and what stands for it in both upstreams.
struct Trial {
  MatrixCase of;
  harness::Job job;
  std::string application;
  std::string uid;
  std::string unique_id;
  // Of the first failure, and the second.
  std::vector<int> job_numbers{};
  std::vector<v1::Report> reports{};
  absl::Time failed{};  // at last
  // What was foretold of the last failure; null if nobody asked.
  json preview{};
  std::vector<std::string> previewed_files{};
};

std::string ItemId(const std::string& application) {
  return absl::StrFormat("c1d%029d", std::stoi(application.substr(2)));
}

class GoldenRequestsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    MakeRuns();
    ASSERT_NO_FATAL_FAILURE(StartSuite());
    reporter_ = std::make_unique<harness::Reporter>(suite_->server());
    ASSERT_OK_AND_ASSIGN(const auto channel,
                         rpc::CreateChannel({.target = suite_->server()}));
    stub_ = v1::IncidentService::NewStub(channel);
  }

  void MakeRuns() {
    for (const MatrixCase& one : MatrixCases()) {
      const int number = static_cast<int>(runs_.size()) + 1;
      Trial run{.of = one, .application = ApplicationId(number)};
      run.job = {.date = "2026-01-05",
                 .schedule = absl::StrCat("PA", run.application, "ROLL"),
                 .schedule_id = 1000 + number,
                 .name = absl::StrFormat("LOAD GL %04d$0001", number),
                 .machine = "GENP001"};
      runs_.push_back(std::move(run));
    }
  }

  // Columns of incidents that are the site's own.
  static json OwnColumns() {
    json columns = json::object();
    for (const char* name : {"u_route", "u_placeholders", "u_syntax"}) {
      columns[name] = {{"max_length", 1000}};
    }
    return columns;
  }

  // The columns that templates ask for, with a record for every hit.
  std::string SeedFile() const {
    json items = json::array();
    json applications = json::array();
    for (const Trial& run : runs_) {
      if (!run.of.in_cmdb) continue;
      json item = {{"sys_id", ItemId(run.application)},
                   {"name", run.application},
                   {"u_trigramme", run.application}};
      if (run.of.template_name == "attributes") {
        item["u_code"] = run.application;
        applications.push_back(item);
      } else {
        items.push_back(item);
      }
    }
    const json columns = {{"u_trigramme", json::object()},
                          {"u_code", json::object()}};
    const std::string path = directory_ + "/cmdb.json";
    EXPECT_OK(harness::WriteFile(
        path, json{{"_tables",
                    {{"cmdb_ci", {{"columns", columns}}},
                     {"incident", {{"columns", OwnColumns()}}}}},
                   {"cmdb_ci", items},
                   {"cmdb_ci_appl", applications}}
                  .dump()));
    return path;
  }

  void StartSuite() {
    harness::SuiteOptions options;
    ASSERT_OK_AND_ASSIGN(options.programs, harness::FindPrograms(""));
    directory_ = ::testing::TempDir() + "/golden-XXXXXX";
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    const std::string documented = "common/incumbent/testdata/documented";
    const std::string files = directory_ + "/ServiceNow";
    std::filesystem::create_directories(files + "/templates");
    std::filesystem::copy(documented + "/Connector.config", files);
    for (const auto& [name, text] : MatrixTemplates(
             harness::ReadFile(documented + "/templates/basic.json"))) {
      ASSERT_OK(harness::WriteFile(
          absl::StrCat(files, "/templates/", name, ".json"), text));
    }
    options.directory = directory_;
    options.incumbent_directory = files;
    options.opcon_sandbox_flags = {"--utc-offset=-06:00"};
    options.snow_sandbox_flags = {"--seed-data", SeedFile()};
    ASSERT_OK_AND_ASSIGN(suite_, harness::Suite::Start(std::move(options)));
  }

  json Sent(const std::string& path, const json& body) {
    const auto answer = suite_->opcon().Send("POST", path, body);
    EXPECT_OK(answer.status());
    EXPECT_EQ(answer->status / 100, 2) << answer->body;
    return answer->json;
  }

  void Define(Trial* run) {
    json tags = run->of.tags;
    tags.push_back("TAG002-" + run->application);
    const json made =
        Sent("/_sandbox/jobs",
             {{"date", run->job.date},
              {"schedule", run->job.schedule},
              {"schedule_id", run->job.schedule_id},
              {"name", run->job.name},
              {"machine", run->job.machine},
              {"tags", tags},
              {"documentation", run->of.is_documented
                                    ? "See there.\n<snow> Call Anna. </snow>"
                                    : "See there."}});
    run->uid = absl::StrCat(made.at("uid").get<std::int64_t>());
    run->unique_id = made.at("uniqueJobId");
  }

  void Fail(Trial* run, const std::string& time) {
    const json failed =
        Sent(absl::StrCat("/_sandbox/jobs/", harness::Encode(run->job.id()),
                          "/fail"),
             {{"termination", kTermination}, {"log", kLog}, {"time", time}});
    run->job_numbers.push_back(failed.at("jobNumber"));
    std::string error;
    ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, time, &run->failed, &error))
        << error;
  }

  void Report(const Trial& run) {
    ASSERT_OK(reporter_->Report(
        run.job, kTermination, absl::StrCat("report-", run.job_numbers.back()),
        run.of.template_name + ".json", run.failed + absl::Seconds(1)));
  }

  // What the service says that it would send, by columns; and what the job
  // would be shown as, if nothing is to be sent.
  void Preview(Trial* run) {
    v1::RenderTemplateRequest request;
    *request.mutable_event() = harness::EventOf(run->job, kTermination,
                                                run->failed + absl::Seconds(1));
    request.set_name(run->of.template_name + ".json");
    const auto reply = rpc::Call(*stub_, &Stub::RenderTemplate, request);
    ASSERT_OK(reply.status());
    ASSERT_LE(reply->incidents_size(), 1);
    run->preview = json::object();
    for (const v1::RenderedIncident& incident : reply->incidents()) {
      for (const auto& [name, value] : incident.fields()) {
        run->preview[name] = value;
      }
      if (!incident.work_note().empty()) {
        run->preview["work_notes"] = incident.work_note();
      }
      for (const std::string& name : incident.attachment_names()) {
        run->previewed_files.push_back(name);
      }
    }
  }

  // Gives each run its reports. In the order of their being made.
  void TakeReports(std::size_t count) {
    auto reports = reporter_->AwaitSettled(count, kPatience);
    ASSERT_OK(reports.status());
    std::map<std::string, std::vector<v1::Report>> by_job;
    std::reverse(reports->begin(), reports->end());
    for (v1::Report& report : *reports) {
      by_job[report.event().job_key().job_name()].push_back(std::move(report));
    }
    for (Trial& run : runs_) run.reports = by_job[run.job.name];
  }

  // What the job's own names are, those that hold others first.
  Names NamesOf(const Trial& run) const {
    Names names = {
        {run.job.id(), "<job id>"},
        {run.job.schedule, "<schedule>"},
        {run.job.name, "<job>"},
        // As file names have it.
        {absl::StrFormat("LOAD_GL_%s_0001", run.job.name.substr(8, 4)),
         "<job>"},
        {ItemId(run.application), "<item>"},
        {run.application, "<application>"},
        {run.unique_id, "<unique job id>"},
        {absl::StrCat("/dailyjobs/", run.uid, "/"), "/dailyjobs/<uid>/"}};
    const char* const which[] = {"first", "second"};
    for (std::size_t i = 0; i < run.reports.size() && i < 2; ++i) {
      const v1::Report& report = run.reports[i];
      const auto add = [&](const std::string& name, const char* what) {
        const bool is_new = std::none_of(
            names.begin(), names.end(),
            [&name](const auto& known) { return known.first == name; });
        if (!name.empty() && is_new) {
          names.emplace_back(name, absl::StrCat("<", which[i], " ", what, ">"));
        }
      };
      // As markers have it.
      add(report.failure_id().substr(0, 16), "failure");
      add(report.ticket().sys_id(), "sys_id");
      add(report.ticket().number(), "number");
    }
    for (std::size_t i = 0; i < run.job_numbers.size(); ++i) {
      // As file names and work notes have it.
      names.emplace_back(absl::StrCat("_", run.job_numbers[i], "."),
                         absl::StrCat("_<", which[i], " run>."));
      names.emplace_back(absl::StrCat("run ", run.job_numbers[i], ")"),
                         absl::StrCat("run <", which[i], " run>)"));
    }
    return names;
  }

  std::int64_t LastRequest(const harness::HttpPeer& upstream) const {
    const auto log = upstream.Get("/_sandbox/requests?since=1000000000");
    EXPECT_OK(log.status());
    return log->json.at("last");
  }

  SentRequests SentSince(const harness::HttpPeer& upstream, std::int64_t since,
                         const std::string& gateway) const {
    const auto log =
        upstream.Get(absl::StrCat("/_sandbox/requests?since=", since));
    EXPECT_OK(log.status());
    EXPECT_EQ(log->json.at("forgotten"), 0);
    return {log->json.at("requests"), gateway};
  }

  void ExpectNoWrites(std::int64_t servicenow_since,
                      std::int64_t opcon_since) const {
    EXPECT_EQ(SentSince(suite_->servicenow(), servicenow_since,
                        "opcon-snow-snow-gateway")
                  .Left(/*only_writes=*/true),
              "");
    EXPECT_EQ(
        SentSince(suite_->opcon(), opcon_since, "opcon-snow-opcon-gateway")
            .Left(/*only_writes=*/true),
        "");
  }

  // What became of the last failure of those runs that have had, or have not
  // had, a ticket before.
  void Tell(bool had_ticket, std::int64_t servicenow_since,
            std::int64_t opcon_since) {
    SentRequests to_servicenow = SentSince(
        suite_->servicenow(), servicenow_since, "opcon-snow-snow-gateway");
    SentRequests to_opcon =
        SentSince(suite_->opcon(), opcon_since, "opcon-snow-opcon-gateway");
    for (const Trial& run : runs_) {
      const bool is_one = run.of.had_state.empty() != had_ticket;
      // Also those that only get their ticket now: nobody else's are left.
      const Names names = NamesOf(run);
      if (is_one) ExpectAsForetold(run, to_servicenow.Find(names));
      const std::string servicenow = to_servicenow.TakeOf(names, false);
      const std::string opcon = to_opcon.TakeOf(names, true);
      if (is_one)
        told_[run.of.template_name].push_back(
            {run.of.Name(), ToldOf(run, names, servicenow, opcon)});
    }
    EXPECT_EQ(to_servicenow.Left(false), "");
    EXPECT_EQ(to_opcon.Left(true), "");
  }

  static void ExpectAsForetold(const Trial& run,
                               const std::vector<json>& requests) {
    if (run.preview.is_null()) return;
    json sent = json::object();
    std::vector<std::string> files;
    for (const json& request : requests) {
      const std::string path = request.at("path");
      if (request.at("method") == "GET") continue;
      if (absl::EndsWith(path, "/attachment/file")) {
        for (const auto parameter :
             absl::StrSplit(request.at("query").get<std::string>(), '&')) {
          absl::string_view name = parameter;
          if (absl::ConsumePrefix(&name, "file_name="))
            files.emplace_back(name);
        }
      } else {
        EXPECT_EQ(sent, json::object()) << "more than one write";
        sent = json::parse(request.at("body").get<std::string>());
      }
    }
    EXPECT_EQ(sent, run.preview) << run.of.Name();
    EXPECT_EQ(files, run.previewed_files) << run.of.Name();
  }

  std::string ToldOf(const Trial& run, const Names& names,
                     const std::string& servicenow,
                     const std::string& opcon) const {
    EXPECT_FALSE(run.reports.empty()) << run.job.name;
    if (run.reports.empty()) return "";
    const v1::Report& report = run.reports.back();
    std::string told = absl::StrCat(
        "report: ",
        absl::AsciiStrToLower(absl::StripPrefix(
            v1::ReportState_Name(report.state()), "REPORT_STATE_")),
        "\n");
    for (const std::string& warning : report.warnings()) {
      absl::StrAppend(&told, "warning: ", warning, "\n");
    }
    told = Replaced(std::move(told), names);
    absl::StrAppend(&told,
                    servicenow.empty()
                        ? "\nNothing to ServiceNow.\n"
                        : absl::StrCat("\nTo ServiceNow:\n", servicenow));
    absl::StrAppend(&told, opcon.empty()
                               ? "\nNothing to OpCon.\n"
                               : absl::StrCat("\nTo OpCon:\n", opcon));
    return Replaced(std::move(told),
                    {{suite_->servicenow().base_url(), "<servicenow>"}});
  }

  // The file of one template: cases of which the same is told stand together.
  static std::string FileOf(
      const std::vector<std::pair<std::string, std::string>>& cases) {
    std::string text;
    std::vector<std::string> written;
    for (const auto& [name, told] : cases) {
      if (std::find(written.begin(), written.end(), told) != written.end()) {
        continue;
      }
      written.push_back(told);
      for (const auto& [other, told_of_it] : cases) {
        if (told_of_it == told) absl::StrAppend(&text, "== ", other, "\n");
      }
      absl::StrAppend(&text, told, "\n");
    }
    return text;
  }

  std::string directory_;
  std::vector<Trial> runs_;
  std::unique_ptr<harness::Suite> suite_;
  std::unique_ptr<harness::Reporter> reporter_;
  std::unique_ptr<Stub> stub_;
  // By template: each case and what is told of it.
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> told_;
};

TEST_F(GoldenRequestsTest, AreWordByWord) {
  for (Trial& run : runs_) {
    Define(&run);
    Fail(&run, run.of.by_day ? kDay : kNight);
  }
  // Each template is asked what it would do; which does nothing.
  for (Trial& run : runs_) {
    const bool is_asked =
        run.of.tagged == "TAG_START" || run.of.tagged == "EXIT";
    if (is_asked && run.of.had_state.empty()) Preview(&run);
  }
  std::int64_t servicenow_since = LastRequest(suite_->servicenow());
  std::int64_t opcon_since = LastRequest(suite_->opcon());
  ExpectNoWrites(0, 0);
  for (const Trial& run : runs_) Report(run);
  ASSERT_NO_FATAL_FAILURE(TakeReports(runs_.size()));
  Tell(/*had_ticket=*/false, servicenow_since, opcon_since);

  for (const Trial& run : runs_) {
    if (run.of.had_state.empty() || run.of.had_state == "1") continue;
    ASSERT_OK(harness::SetIncidentState(
        *suite_, run.reports.front().ticket().sys_id(), run.of.had_state));
  }
  servicenow_since = LastRequest(suite_->servicenow());
  opcon_since = LastRequest(suite_->opcon());
  for (Trial& run : runs_) {
    if (run.of.had_state.empty()) continue;
    Fail(&run, kAgain);
    Preview(&run);
  }
  ExpectNoWrites(servicenow_since, opcon_since);
  servicenow_since = LastRequest(suite_->servicenow());
  opcon_since = LastRequest(suite_->opcon());
  std::size_t reports = runs_.size();
  for (const Trial& run : runs_) {
    if (run.of.had_state.empty()) continue;
    Report(run);
    ++reports;
  }
  ASSERT_NO_FATAL_FAILURE(TakeReports(reports));
  Tell(/*had_ticket=*/true, servicenow_since, opcon_since);

  const char* const update = std::getenv("UPDATE_GOLDEN");
  const char* const source = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  std::vector<std::string> names;
  for (const auto& [name, cases] : told_) {
    names.push_back(name + ".txt");
    const std::string file = absl::StrCat(kGolden, names.back());
    const std::string text = FileOf(cases);
    if (update != nullptr && source != nullptr) {
      ASSERT_OK(harness::WriteFile(absl::StrCat(source, "/", file), text));
    } else {
      EXPECT_EQ(text, harness::ReadFile(file)) << file;
    }
  }
  if (update != nullptr && source != nullptr) return;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(kGolden)) {
    files.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(files, ::testing::UnorderedElementsAreArray(names));
}

}  // namespace
}  // namespace opcon_snow::incumbent
