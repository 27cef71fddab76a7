// ./dev bench: what one call through the OpCon gateway costs beside the same
// request sent by libcurl on a kept connection, to the same sandbox, in the
// same run; and how well a thousand calls at once use a slow upstream.

#include <curl/curl.h>

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/status/status_macros.h"
#include "grpcpp/client_context.h"
#include "opcon/v1/opcon_gateway.grpc.pb.h"
#include "tests/bench/percentile.h"
#include "tests/harness/http_peer.h"
#include "tests/harness/process.h"
#include "tests/harness/suite.h"

namespace opcon_snow::bench {
namespace {

namespace v1 = ::opcon::v1;
using harness::Process;
using nlohmann::json;
using Stub = v1::OpConGateway::StubInterface;

constexpr char kToken[] = "00000000-0000-4000-8000-000000000001";
constexpr char kJobId[] = "20260105|16|1|JOB001";
constexpr absl::Duration kPromised = absl::Milliseconds(1);
constexpr int kCalls = 1000;
constexpr int kSlots = 24;
constexpr absl::Duration kUpstream = absl::Milliseconds(500);

// A sandbox with one failed job, and a gateway in front of it.
class Setup {
 public:
  static absl::StatusOr<std::unique_ptr<Setup>> Start(
      const std::string& argv0) {
    std::unique_ptr<Setup> setup(new Setup);
    setup->directory_ = "/tmp/opcon-snow-bench-XXXXXX";
    if (mkdtemp(setup->directory_.data()) == nullptr) {
      return absl::UnavailableError("cannot make a directory in /tmp");
    }
    OPCON_SNOW_ASSIGN_OR_RETURN(const harness::Programs programs,
                                harness::FindPrograms(argv0));
    OPCON_SNOW_ASSIGN_OR_RETURN(
        setup->sandbox_,
        setup->StartServer("sandbox",
                           {programs.opcon_sandbox, "--listen", "127.0.0.1:0"},
                           &setup->opcon_port_));
    OPCON_SNOW_RETURN_IF_ERROR(setup->Configure());
    int port = 0;
    OPCON_SNOW_ASSIGN_OR_RETURN(
        setup->gateway_,
        setup->StartServer("gateway",
                           {programs.opcon_gateway, "--config",
                            setup->directory_ + "/gateway.yaml"},
                           &port));
    rpc::ChannelOptions options;
    options.target = absl::StrCat("127.0.0.1:", port);
    OPCON_SNOW_ASSIGN_OR_RETURN(const auto channel,
                                rpc::CreateChannel(options));
    setup->stub_ = v1::OpConGateway::NewStub(channel);
    OPCON_SNOW_RETURN_IF_ERROR(setup->DefineJob());
    return setup;
  }

  Stub& stub() { return *stub_; }
  pid_t gateway_pid() const { return gateway_->pid(); }
  std::string JobUrl() const {
    return absl::StrCat("http://127.0.0.1:", opcon_port_, "/api/dailyjobs/",
                        harness::Encode(kJobId));
  }
  absl::Status Post(const std::string& path, const json& body) const {
    const harness::HttpPeer peer(opcon_port_, absl::StrCat("Token ", kToken));
    OPCON_SNOW_ASSIGN_OR_RETURN(const harness::HttpAnswer answer,
                                peer.Send("POST", path, body));
    if (answer.status < 300) return absl::OkStatus();
    return absl::InternalError(absl::StrCat(path, ": ", answer.body));
  }

 private:
  Setup() = default;

  absl::StatusOr<std::unique_ptr<Process>> StartServer(
      const std::string& name, std::vector<std::string> arguments, int* port) {
    const std::string ports = absl::StrCat(directory_, "/", name, ".port");
    const std::string log = absl::StrCat(directory_, "/", name, ".log");
    arguments.insert(arguments.end(), {"--port-file", ports});
    OPCON_SNOW_ASSIGN_OR_RETURN(
        std::unique_ptr<Process> process,
        Process::Start({.arguments = std::move(arguments),
                        .environment = {},
                        .stdout_file = log,
                        .stderr_file = log}));
    OPCON_SNOW_ASSIGN_OR_RETURN(
        const auto bound, harness::WaitForPorts(ports, process.get(), log));
    *port = bound.begin()->second;
    return process;
  }

  absl::Status Configure() const {
    OPCON_SNOW_RETURN_IF_ERROR(
        harness::WriteFile(directory_ + "/token", kToken, 0600));
    return harness::WriteFile(
        directory_ + "/gateway.yaml",
        absl::StrCat("listener:\n  address: \"127.0.0.1:0\"\n"
                     "  max_concurrent_calls: ",
                     2 * kCalls, "\ninstances:\n  - name: prod\n",
                     "    base_url: http://127.0.0.1:", opcon_port_,
                     "\n    allow_plain_http: true\n    token_file: token\n",
                     "    limits: {max_concurrent_requests: ", kSlots,
                     ", max_queued_calls: ", kCalls, "}\n"));
  }

  absl::Status DefineJob() const {
    OPCON_SNOW_RETURN_IF_ERROR(
        Post("/_sandbox/jobs", {{"date", "2026-01-05"},
                                {"schedule", "Payroll"},
                                {"schedule_id", 16},
                                {"schedule_instance", 1},
                                {"name", "JOB001"},
                                {"machine", "GENP001"}}));
    return Post(
        absl::StrCat("/_sandbox/jobs/", harness::Encode(kJobId), "/fail"),
        {{"termination", "0000000005"}});
  }

  std::string directory_;
  int opcon_port_ = 0;
  std::unique_ptr<Process> sandbox_;
  std::unique_ptr<Process> gateway_;
  std::unique_ptr<Stub> stub_;
};

std::size_t Discard(char*, std::size_t size, std::size_t count, void* bytes) {
  *static_cast<std::size_t*>(bytes) += size * count;
  return size * count;
}

// One handle, so that the connection is kept.
class BareCurl {
 public:
  explicit BareCurl(const std::string& url) : easy_(curl_easy_init()) {
    headers_ = curl_slist_append(
        headers_, absl::StrCat("Authorization: Token ", kToken).c_str());
    headers_ = curl_slist_append(headers_, "Accept: application/json");
    curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, Discard);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &bytes_);
  }
  ~BareCurl() {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
  }
  BareCurl(const BareCurl&) = delete;
  BareCurl& operator=(const BareCurl&) = delete;

  absl::Status Get() {
    const CURLcode code = curl_easy_perform(easy_);
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && status == 200) return absl::OkStatus();
    return absl::InternalError(
        absl::StrCat("curl: ", curl_easy_strerror(code), ", status ", status));
  }

 private:
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  std::size_t bytes_ = 0;
};

absl::Status MeasureOverhead(Setup* setup, int runs) {
  v1::GetDailyJobRequest request;
  request.mutable_job()->set_id(kJobId);
  BareCurl curl(setup->JobUrl());
  std::vector<absl::Duration> through;
  std::vector<absl::Duration> bare;
  // In turn, so that a machine that gets slower slows both; the first ones
  // open the connections.
  for (int run = -20; run < runs; ++run) {
    absl::Time begun = absl::Now();
    OPCON_SNOW_RETURN_IF_ERROR(curl.Get());
    if (run >= 0) bare.push_back(absl::Now() - begun);
    begun = absl::Now();
    OPCON_SNOW_RETURN_IF_ERROR(
        rpc::Call(setup->stub(), &Stub::GetDailyJob, request).status());
    if (run >= 0) through.push_back(absl::Now() - begun);
  }
  std::cout << absl::StreamFormat("%-44s %10s %10s %10s %8s\n",
                                  absl::StrCat(runs, " calls each, in turn"),
                                  "median", "90 %", "99 %", "ratio");
  const absl::Duration base = Percentile(bare, 0.5);
  const auto print = [base](const char* name,
                            const std::vector<absl::Duration>& times) {
    std::cout << absl::StreamFormat(
        "%-44s %7.3f ms %7.3f ms %7.3f ms %7.2fx\n", name,
        absl::ToDoubleMilliseconds(Percentile(times, 0.5)),
        absl::ToDoubleMilliseconds(Percentile(times, 0.9)),
        absl::ToDoubleMilliseconds(Percentile(times, 0.99)),
        absl::FDivDuration(Percentile(times, 0.5), base));
  };
  print("curl, kept connection", bare);
  print("GetDailyJob through opcon_gateway", through);
  const absl::Duration overhead = Percentile(through, 0.5) - base;
  std::cout << absl::StreamFormat(
      "Overhead of the gateway, median: %.3f ms. Promised: at most %.0f ms; "
      "%s in this run.\n\n",
      absl::ToDoubleMilliseconds(overhead),
      absl::ToDoubleMilliseconds(kPromised),
      overhead <= kPromised ? "kept" : "not kept");
  return absl::OkStatus();
}

struct Waiting {
  grpc::ClientContext context;
  v1::GetDailyJobRequest request;
  v1::GetDailyJobResponse reply;
  bool ok = false;
};

// Makes all calls at once and waits for them without a thread each.
int CallAtOnce(Stub* stub) {
  std::vector<std::unique_ptr<Waiting>> calls;
  std::mutex mutex;
  std::condition_variable changed;
  int left = kCalls;
  for (int i = 0; i < kCalls; ++i) {
    calls.push_back(std::make_unique<Waiting>());
    Waiting* call = calls.back().get();
    call->context.set_deadline(
        absl::ToChronoTime(absl::Now() + absl::Minutes(3)));
    call->request.mutable_job()->set_id(kJobId);
    stub->async()->GetDailyJob(&call->context, &call->request, &call->reply,
                               [&, call](const grpc::Status& status) {
                                 call->ok = status.ok();
                                 const std::lock_guard<std::mutex> lock(mutex);
                                 --left;
                                 changed.notify_one();
                               });
  }
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return left == 0; });
  int good = 0;
  for (const auto& call : calls) good += call->ok ? 1 : 0;
  return good;
}

std::string StatusLine(pid_t pid, absl::string_view name) {
  const std::string status =
      harness::ReadFile(absl::StrCat("/proc/", pid, "/status"));
  for (absl::string_view line : absl::StrSplit(status, '\n')) {
    const std::vector<absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (parts.size() == 2 && parts[0] == name) {
      return std::string(absl::StripAsciiWhitespace(parts[1]));
    }
  }
  return "unknown";
}

absl::Status MeasureLoad(Setup* setup) {
  OPCON_SNOW_RETURN_IF_ERROR(setup->Post(
      "/_sandbox/faults",
      {{"match", {{"path", "/api/dailyjobs/*"}}},
       {"times", -1},
       {"action",
        {{"kind", "delay"}, {"ms", absl::ToInt64Milliseconds(kUpstream)}}}}));
  const absl::Time begun = absl::Now();
  const int good = CallAtOnce(&setup->stub());
  const absl::Duration took = absl::Now() - begun;
  const absl::Duration ideal = kUpstream * kCalls / kSlots;
  std::cout << absl::StreamFormat(
      "%d calls at once, %d slots, an upstream that takes %.0f ms: %d "
      "answered in %.2f s;\nwith every slot taken all the time: %.2f s. Slots "
      "used: %.1f %%.\nGateway: %s threads, at most %s resident.\n",
      kCalls, kSlots, absl::ToDoubleMilliseconds(kUpstream), good,
      absl::ToDoubleSeconds(took), absl::ToDoubleSeconds(ideal),
      100 * absl::FDivDuration(ideal, took),
      StatusLine(setup->gateway_pid(), "Threads"),
      StatusLine(setup->gateway_pid(), "VmHWM"));
  if (good == kCalls) return absl::OkStatus();
  return absl::InternalError("not every call was answered");
}

absl::Status Run(const std::string& argv0, int runs) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::unique_ptr<Setup> setup,
                              Setup::Start(argv0));
  OPCON_SNOW_RETURN_IF_ERROR(MeasureOverhead(setup.get(), runs));
  return MeasureLoad(setup.get());
}

}  // namespace
}  // namespace opcon_snow::bench

int main(int argc, char** argv) {
  CLI::App app("Measures the OpCon gateway beside libcurl.");
  int runs = 2000;
  app.add_option("--runs", runs, "Counted calls of each.")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const absl::Status status = opcon_snow::bench::Run(argv[0], runs);
  if (status.ok()) return 0;
  std::cerr << status << std::endl;
  return 1;
}
