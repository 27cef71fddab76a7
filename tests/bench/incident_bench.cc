// ./dev bench incident: ten thousand jobs fail at once, and fifty a second. How
// fast the incident service acknowledges, what memory it takes, how well it
// keeps a slow ServiceNow busy, and what time of its own it adds.

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/status/status_macros.h"
#include "tests/bench/percentile.h"
#include "tests/bench/promise.h"
#include "tests/bench/report_load.h"
#include "tests/harness/jobs.h"
#include "tests/harness/suite.h"

namespace opcon_snow::bench {
namespace {

namespace v1 = ::incident::v1;

// What is promised; see docs/decisions/store-schema.md.
constexpr double kPromisedRate = 8000;
constexpr double kPromisedMegabytes = 150;
constexpr double kPromisedSlotUse = 0.95;
constexpr absl::Duration kPromisedMedian = absl::Milliseconds(10);
constexpr absl::Duration kPromisedP99 = absl::Milliseconds(30);

constexpr int kSlots = 4;
constexpr absl::Duration kTransaction = absl::Milliseconds(250);

struct Arguments {
  int failures = 10000;
  int window_seconds = 60;
  int to_the_end = 120;
  double rate = 50;
  int seconds = 20;
};

// What a durable acknowledgement costs at the least, one after the other: one
// row and one commit in SQLite. Rows a second.
absl::StatusOr<double> MeasureBareCommits(const std::string& path) {
  sqlite3* db = nullptr;
  constexpr int kRows = 2000;
  bool ok = sqlite3_open(path.c_str(), &db) == SQLITE_OK;
  const auto execute = [&](const char* sql) {
    ok = ok && sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
  };
  execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
  execute("CREATE TABLE reports (id INTEGER PRIMARY KEY, report BLOB)");
  const absl::Time begun = absl::Now();
  for (int i = 0; i < kRows; ++i) {
    execute("INSERT INTO reports (report) VALUES (randomblob(500))");
  }
  const absl::Duration took = absl::Now() - begun;
  const std::string error = ok ? "" : sqlite3_errmsg(db);
  sqlite3_close(db);
  if (!ok) return absl::InternalError("the baseline failed: " + error);
  return kRows / absl::ToDoubleSeconds(took);
}

// A hundred jobs to a schedule.
harness::Job NthJob(int n) {
  return {.date = "2026-01-05",
          .schedule = absl::StrFormat("Payroll %03d", n / 100),
          .schedule_id = 16 + n / 100,
          .schedule_instance = 1,
          .name = absl::StrFormat("JOB%05d", n),
          .machine = "GENP001"};
}

// Defines and fails the jobs in OpCon, on two connections.
absl::Status FailJobs(const harness::Suite& suite, int first, int count) {
  absl::Status results[2];
  std::vector<std::thread> threads;
  for (int part = 0; part < 2; ++part) {
    threads.emplace_back([&, part] {
      for (int i = first + part; i < first + count; i += 2) {
        const harness::Job job = NthJob(i);
        results[part].Update(harness::DefineJob(suite, job));
        results[part].Update(harness::FailJob(suite, job, "5", "a line"));
        if (!results[part].ok()) return;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  results[0].Update(results[1]);
  return results[0];
}

std::vector<v1::ReportJobEventRequest> Reports(int first, int count) {
  std::vector<v1::ReportJobEventRequest> reports;
  for (int i = first; i < first + count; ++i) {
    const harness::Job job = NthJob(i);
    v1::ReportJobEventRequest& report = reports.emplace_back();
    report.set_request_id(absl::StrFormat("bench-%08d", i));
    v1::JobEvent* event = report.mutable_event();
    v1::JobKey* key = event->mutable_job_key();
    key->mutable_schedule_date()->set_year(2026);
    key->mutable_schedule_date()->set_month(1);
    key->mutable_schedule_date()->set_day(5);
    key->set_schedule_id(job.schedule_id);
    key->set_schedule_instance(1);
    key->set_job_name(job.name);
    event->set_schedule_name(job.schedule);
    event->set_machine("GENP001");
    event->set_termination("0000000005");
    report.mutable_source()->set_program("bench");
  }
  return reports;
}

// The most memory that the process has had, in MB.
double PeakMegabytes(pid_t pid) {
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  std::string line;
  while (std::getline(status, line)) {
    if (!absl::StartsWith(line, "VmHWM:")) continue;
    const std::vector<std::string> words =
        absl::StrSplit(line, ' ', absl::SkipEmpty());
    double kilobytes = 0;
    if (words.size() > 1 && absl::SimpleAtod(words[1], &kilobytes)) {
      return kilobytes / 1024;
    }
  }
  return 0;
}

// The time that the process has computed.
absl::Duration CpuTime(pid_t pid) {
  std::ifstream stat(absl::StrCat("/proc/", pid, "/stat"));
  std::string line;
  std::getline(stat, line);
  // The name in parentheses may contain blanks.
  const std::vector<std::string> words =
      absl::StrSplit(line.substr(line.rfind(')') + 1), ' ', absl::SkipEmpty());
  std::int64_t user = 0;
  std::int64_t system = 0;
  if (words.size() < 13 || !absl::SimpleAtoi(words[11], &user) ||
      !absl::SimpleAtoi(words[12], &system)) {
    return absl::ZeroDuration();
  }
  return absl::Seconds(1) * (user + system) / sysconf(_SC_CLK_TCK);
}

struct SeenRequest {
  absl::Time time;
  std::string method;
  std::string path;
  std::string body;
};

// Answered calls of the instance's APIs, without those for tokens.
absl::StatusOr<std::vector<SeenRequest>> ApiCalls(
    const harness::HttpPeer& servicenow) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const nlohmann::json log,
                              harness::Requests(servicenow));
  std::vector<SeenRequest> calls;
  for (const nlohmann::json& entry : log) {
    const std::string path = entry.at("path");
    if (!absl::StartsWith(path, "/api/now") || entry.at("status") == 0) {
      continue;
    }
    SeenRequest& call = calls.emplace_back();
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full,
                         entry.at("time").get<std::string>(), &call.time,
                         &error)) {
      return absl::InternalError("a time in the request log: " + error);
    }
    call.method = entry.at("method");
    call.path = path;
    call.body = entry.value("body", "");
  }
  return calls;
}

// The part of the slots' time that answered calls took, between the first call
// and `end`; without it, the end of the last call, if none had to wait for it.
double SlotUse(const std::vector<SeenRequest>& calls,
               absl::Time end = absl::InfinitePast()) {
  if (calls.size() < 2) return 0;
  absl::Time first = absl::InfiniteFuture();
  for (const SeenRequest& call : calls) {
    first = std::min(first, call.time);
    end = std::max(end, call.time + kTransaction);
  }
  const double busy =
      absl::ToDoubleSeconds(kTransaction) * static_cast<double>(calls.size());
  return busy / (kSlots * absl::ToDoubleSeconds(end - first));
}

class Bench {
 public:
  Bench(harness::Programs programs, std::string directory, Arguments arguments)
      : programs_(std::move(programs)),
        directory_(std::move(directory)),
        arguments_(arguments) {}

  absl::Status Run() {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        const double bare, MeasureBareCommits(directory_ + "/baseline.db"));
    std::cout << absl::StreamFormat(
        "Baseline: %.0f single-row SQLite commits/s (WAL, synchronous=FULL)\n",
        bare);
    OPCON_SNOW_RETURN_IF_ERROR(ManyAtOnce(bare));
    OPCON_SNOW_RETURN_IF_ERROR(ToTheEnd());
    return OwnTime();
  }

 private:
  absl::StatusOr<std::unique_ptr<harness::Suite>> Start(const std::string& name,
                                                        bool slow) {
    harness::SuiteOptions options;
    options.programs = programs_;
    options.directory = absl::StrCat(directory_, "/", name);
    if (mkdir(options.directory.c_str(), 0700) != 0) {
      return absl::UnavailableError("cannot make " + options.directory);
    }
    options.workflow_yaml = "  workers: 16\n";
    if (slow) {
      options.snow_sandbox_flags = {
          "--conditions",
          absl::StrFormat("{\"semaphores\":{\"threads\":%d,\"queue\":50},"
                          "\"transaction_milliseconds\":%d}",
                          kSlots, absl::ToInt64Milliseconds(kTransaction))};
    }
    return harness::Suite::Start(options);
  }

  absl::Status ManyAtOnce(double bare) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const std::unique_ptr<harness::Suite> suite,
                                Start("many", /*slow=*/true));
    OPCON_SNOW_RETURN_IF_ERROR(FailJobs(*suite, 0, arguments_.failures));
    const pid_t pid = suite->incident_service()->pid();
    const absl::Duration idle = CpuTime(pid);
    OPCON_SNOW_ASSIGN_OR_RETURN(const LoadResult load,
                                SendReports({.server = suite->server()},
                                            Reports(0, arguments_.failures)));
    const absl::Duration busy = CpuTime(pid) - idle;
    const double rate = arguments_.failures / absl::ToDoubleSeconds(load.took);
    PrintLine(absl::StrCat(arguments_.failures,
                           " failures at once, acknowledged durably"),
              absl::StrFormat("%.0f/s (%.1fx)", rate, rate / bare),
              absl::StrFormat("at least %.0f/s", kPromisedRate),
              rate >= kPromisedRate);
    std::cout << absl::StreamFormat(
        "  (%.1f s in all; incident_service computed %.0f us for each)\n",
        absl::ToDoubleSeconds(load.took),
        absl::ToDoubleMicroseconds(busy) / arguments_.failures);
    absl::SleepFor(absl::Seconds(arguments_.window_seconds));
    OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<SeenRequest> calls,
                                ApiCalls(suite->servicenow()));
    const double use = SlotUse(calls, absl::Now());
    PrintLine(absl::StrFormat("their first %d s: slots of ServiceNow in use "
                              "(%d calls)",
                              arguments_.window_seconds, calls.size()),
              absl::StrFormat("%.1f %%", 100 * use),
              absl::StrFormat("at least %.0f %%", 100 * kPromisedSlotUse),
              use >= kPromisedSlotUse);
    const double peak = PeakMegabytes(pid);
    PrintLine("the most memory of incident_service",
              absl::StrFormat("%.1f MB", peak),
              absl::StrFormat("at most %.0f MB", kPromisedMegabytes),
              peak <= kPromisedMegabytes);
    return absl::OkStatus();
  }

  absl::Status ToTheEnd() {
    OPCON_SNOW_ASSIGN_OR_RETURN(const std::unique_ptr<harness::Suite> suite,
                                Start("end", /*slow=*/true));
    const int count = arguments_.to_the_end;
    OPCON_SNOW_RETURN_IF_ERROR(FailJobs(*suite, 0, count));
    OPCON_SNOW_RETURN_IF_ERROR(
        SendReports({.server = suite->server()}, Reports(0, count)).status());
    std::vector<SeenRequest> calls;
    const bool all = harness::Eventually(
        [&] {
          absl::SleepFor(absl::Milliseconds(200));
          auto seen = ApiCalls(suite->servicenow());
          if (!seen.ok()) return false;
          calls = *std::move(seen);
          return CountUploads(calls) >= count;
        },
        absl::Minutes(5));
    if (!all) return absl::InternalError("not every log was attached");
    const double use = SlotUse(calls);
    PrintLine(absl::StrFormat("%d failures from the first to the last of %d "
                              "calls: slots in use",
                              count, calls.size()),
              absl::StrFormat("%.1f %%", 100 * use),
              absl::StrFormat("at least %.0f %%", 100 * kPromisedSlotUse),
              use >= kPromisedSlotUse);
    return absl::OkStatus();
  }

  static int CountUploads(const std::vector<SeenRequest>& calls) {
    int uploads = 0;
    for (const SeenRequest& call : calls) {
      if (call.method == "POST" && absl::StrContains(call.path, "attachment")) {
        ++uploads;
      }
    }
    return uploads;
  }

  // From the moment in which the reporter knows that its report is safe to the
  // arrival of the incident at ServiceNow; OpCon's answers are included.
  absl::Status OwnTime() {
    OPCON_SNOW_ASSIGN_OR_RETURN(const std::unique_ptr<harness::Suite> suite,
                                Start("own", /*slow=*/false));
    const int count = static_cast<int>(arguments_.rate * arguments_.seconds);
    OPCON_SNOW_RETURN_IF_ERROR(FailJobs(*suite, 0, count));
    OPCON_SNOW_ASSIGN_OR_RETURN(
        const LoadResult load,
        SendReports({.server = suite->server(), .rate = arguments_.rate},
                    Reports(0, count)));
    std::vector<absl::Duration> delays;
    const bool all = harness::Eventually([&] {
      absl::SleepFor(absl::Milliseconds(200));
      auto seen = ApiCalls(suite->servicenow());
      if (!seen.ok()) return false;
      delays = Delays(load, *seen);
      return delays.size() == static_cast<std::size_t>(count);
    });
    if (!all) {
      return absl::InternalError(
          absl::StrCat(delays.size(), " incidents for ", count, " failures"));
    }
    const absl::Duration median = Percentile(delays, 0.5);
    const absl::Duration p99 = Percentile(delays, 0.99);
    PrintLine(absl::StrFormat("%.0f failures/s for %d s: acknowledgement to "
                              "incident, median",
                              arguments_.rate, arguments_.seconds),
              absl::StrFormat("%.1f ms", absl::ToDoubleMilliseconds(median)),
              absl::StrFormat("at most %.0f ms",
                              absl::ToDoubleMilliseconds(kPromisedMedian)),
              median <= kPromisedMedian);
    PrintLine("… 99 % of them",
              absl::StrFormat("%.1f ms", absl::ToDoubleMilliseconds(p99)),
              absl::StrFormat("at most %.0f ms",
                              absl::ToDoubleMilliseconds(kPromisedP99)),
              p99 <= kPromisedP99);
    return absl::OkStatus();
  }

  static std::vector<absl::Duration> Delays(
      const LoadResult& load, const std::vector<SeenRequest>& calls) {
    std::vector<absl::Duration> delays;
    for (const SeenRequest& call : calls) {
      if (call.method != "POST" || !absl::StrContains(call.path, "incident")) {
        continue;
      }
      const std::size_t at = call.body.find("|JOB");
      if (at == std::string::npos) continue;
      int n = 0;
      if (!absl::SimpleAtoi(call.body.substr(at + 4, 5), &n)) continue;
      const auto acknowledged =
          load.acknowledged.find(absl::StrFormat("bench-%08d", n));
      if (acknowledged == load.acknowledged.end()) continue;
      delays.push_back(call.time - acknowledged->second);
    }
    return delays;
  }

  const harness::Programs programs_;
  const std::string directory_;
  const Arguments arguments_;
};

absl::Status Run(const std::string& argv0, const Arguments& arguments) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const harness::Programs programs,
                              harness::FindPrograms(argv0));
  std::string directory = "/tmp/opcon-snow-bench-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) {
    return absl::UnavailableError("cannot make a directory in /tmp");
  }
  return Bench(programs, directory, arguments).Run();
}

}  // namespace
}  // namespace opcon_snow::bench

int main(int argc, char** argv) {
  CLI::App app("Measures the incident service under many failures.");
  opcon_snow::bench::Arguments arguments;
  app.add_option("--failures", arguments.failures, "Failures at once.")
      ->check(CLI::Range(10, 100000))
      ->capture_default_str();
  app.add_option("--window", arguments.window_seconds,
                 "Seconds for which the slots are watched.")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  app.add_option("--to-the-end", arguments.to_the_end,
                 "Failures that are followed to the end.")
      ->check(CLI::Range(1, 2000))
      ->capture_default_str();
  app.add_option("--seconds", arguments.seconds,
                 "Seconds of evenly spread failures.")
      ->check(CLI::Range(1, 300))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = opcon_snow::bench::Run(argv[0], arguments);
  if (status.ok()) return 0;
  std::cerr << status << std::endl;
  return 1;
}
