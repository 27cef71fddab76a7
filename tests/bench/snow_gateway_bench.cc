// ./dev bench: what the ServiceNow gateway adds to a request, beside the same
// request made by bare libcurl on a connection that is kept, in turn, to the
// same sandbox.

#include <curl/curl.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/status/status_macros.h"
#include "servicenow/v1/servicenow_gateway.grpc.pb.h"
#include "tests/bench/percentile.h"
#include "tests/harness/http_peer.h"
#include "tests/harness/process.h"
#include "tests/harness/suite.h"

namespace opcon_snow::bench {
namespace {

namespace v1 = ::servicenow::v1;
using Stub = v1::ServiceNowGateway::StubInterface;
using harness::Process;

// What the gateway promises, at the median.
constexpr absl::Duration kPromised = absl::Milliseconds(1);
constexpr char kSysId[] = "0123456789abcdef0123456789abcdef";
constexpr int kWarmUp = 200;

struct Started {
  std::unique_ptr<Process> process;
  int port = 0;
};

absl::StatusOr<Started> Start(const std::string& directory,
                              const std::string& name,
                              std::vector<std::string> arguments) {
  const std::string port_file = absl::StrCat(directory, "/", name, ".port");
  const std::string log = absl::StrCat(directory, "/", name, ".log");
  arguments.insert(arguments.end(), {"--port-file", port_file});
  Started started;
  OPCON_SNOW_ASSIGN_OR_RETURN(started.process,
                              Process::Start({.arguments = std::move(arguments),
                                              .environment = {},
                                              .stdout_file = log,
                                              .stderr_file = log}));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const auto ports,
      harness::WaitForPorts(port_file, started.process.get(), log));
  started.port = ports.begin()->second;
  return started;
}

// One easy handle: libcurl keeps its connection.
class Curl {
 public:
  Curl(const std::string& url, const std::string& key)
      : curl_(curl_easy_init()),
        headers_(curl_slist_append(nullptr, "Accept: application/json")) {
    headers_ = curl_slist_append(headers_, ("x-sn-apikey: " + key).c_str());
    curl_easy_setopt(curl_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, &Take);
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &body_);
    curl_easy_setopt(curl_, CURLOPT_PROXY, "");
  }
  ~Curl() {
    curl_slist_free_all(headers_);
    curl_easy_cleanup(curl_);
  }
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;

  absl::Status Get() {
    body_.clear();
    const CURLcode code = curl_easy_perform(curl_);
    if (code != CURLE_OK)
      return absl::UnavailableError(curl_easy_strerror(code));
    if (body_.find(kSysId) != std::string::npos) return absl::OkStatus();
    return absl::InternalError("not the incident: " + body_);
  }

 private:
  static std::size_t Take(char* data, std::size_t size, std::size_t count,
                          void* body) {
    static_cast<std::string*>(body)->append(data, size * count);
    return size * count;
  }

  CURL* const curl_;
  curl_slist* headers_;
  std::string body_;
};

class Times {
 public:
  // Measures `work`.
  template <class Work>
  absl::Status Add(const Work& work) {
    const auto begin = std::chrono::steady_clock::now();
    absl::Status status = work();
    times_.push_back(
        absl::FromChrono(std::chrono::steady_clock::now() - begin));
    return status;
  }
  void Clear() { times_.clear(); }
  absl::Duration At(double part) const { return Percentile(times_, part); }

 private:
  std::vector<absl::Duration> times_;
};

void Print(const Times& bare, const Times& gateway, int runs) {
  const auto line = [](const std::string& name, const Times& times,
                       const Times& base) {
    std::cout << absl::StreamFormat(
        "%-44s %7.3f ms %7.3f ms %7.3f ms %7.2fx\n", name,
        absl::ToDoubleMilliseconds(times.At(0.5)),
        absl::ToDoubleMilliseconds(times.At(0.9)),
        absl::ToDoubleMilliseconds(times.At(0.99)),
        absl::FDivDuration(times.At(0.5), base.At(0.5)));
  };
  std::cout << absl::StreamFormat(
      "%-44s %10s %10s %10s %8s\n",
      absl::StrCat(runs, " incidents read, in turn"), "median", "90 %", "99 %",
      "ratio");
  line("bare libcurl, connection kept", bare, bare);
  line("snow_gateway, gRPC GetIncident", gateway, bare);
  const absl::Duration overhead = gateway.At(0.5) - bare.At(0.5);
  std::cout << absl::StreamFormat(
      "Promised: at most %.0f ms more at the median; %.3f ms, %s in this "
      "run.\n",
      absl::ToDoubleMilliseconds(kPromised),
      absl::ToDoubleMilliseconds(overhead),
      overhead <= kPromised ? "kept" : "not kept");
}

absl::Status Compare(Stub& stub, Curl& curl, int runs) {
  v1::GetIncidentRequest request;
  request.set_sys_id(kSysId);
  Times bare;
  Times gateway;
  for (int i = 0; i < kWarmUp + runs; ++i) {
    if (i == kWarmUp) {
      bare.Clear();
      gateway.Clear();
    }
    OPCON_SNOW_RETURN_IF_ERROR(bare.Add([&curl] { return curl.Get(); }));
    OPCON_SNOW_RETURN_IF_ERROR(gateway.Add([&stub, &request] {
      return rpc::Call(stub, &Stub::GetIncident, request).status();
    }));
  }
  Print(bare, gateway, runs);
  return absl::OkStatus();
}

absl::Status Run(const std::string& argv0, int runs) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const harness::Programs programs,
                              harness::FindPrograms(argv0));
  std::string directory = "/tmp/opcon-snow-bench-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) {
    return absl::UnavailableError("cannot make a directory in /tmp");
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const Started sandbox,
      Start(directory, "sandbox",
            {programs.snow_sandbox, "--listen", "127.0.0.1:0"}));
  const harness::HttpPeer peer(sandbox.port, "Basic YWRtaW46YWRtaW4=");
  OPCON_SNOW_RETURN_IF_ERROR(
      peer.Send("POST", "/api/now/table/incident",
                {{"sys_id", kSysId}, {"short_description", "Job failed"}})
          .status());
  OPCON_SNOW_RETURN_IF_ERROR(
      harness::WriteFile(directory + "/key", "sandbox-key\n", 0600));
  OPCON_SNOW_RETURN_IF_ERROR(harness::WriteFile(
      directory + "/gateway.yaml",
      absl::StrCat("listener: {address: \"127.0.0.1:0\"}\ninstances:\n"
                   "  - name: prod\n    base_url: ",
                   peer.base_url(),
                   "\n    allow_plain_http: true\n    api_key_file: key\n")));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const Started gateway,
      Start(directory, "gateway",
            {programs.snow_gateway, "--config", directory + "/gateway.yaml"}));
  rpc::ChannelOptions options;
  options.target = absl::StrCat("127.0.0.1:", gateway.port);
  OPCON_SNOW_ASSIGN_OR_RETURN(const auto channel, rpc::CreateChannel(options));
  const auto stub = v1::ServiceNowGateway::NewStub(channel);
  // What the gateway itself asks for.
  Curl curl(
      absl::StrCat(peer.base_url(), "/api/now/v2/table/incident/", kSysId,
                   "?sysparm_fields=sys_id%2Cnumber%2Cstate%2Cactive%2C"
                   "reopen_count%2Cshort_description%2Cdescription%2C"
                   "correlation_id%2Ccorrelation_display%2Cclose_code%2C"
                   "close_notes%2Csys_created_on%2Csys_updated_on%2C"
                   "sys_updated_by%2Csys_mod_count&sysparm_display_value=false&"
                   "sysparm_exclude_reference_link=true"),
      "sandbox-key");
  return Compare(*stub, curl, runs);
}

}  // namespace
}  // namespace opcon_snow::bench

int main(int argc, char** argv) {
  CLI::App app("Measures what the ServiceNow gateway adds to a request.");
  int runs = 3000;
  app.add_option("--runs", runs, "Counted requests of each.")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const absl::Status status = opcon_snow::bench::Run(argv[0], runs);
  if (status.ok()) return 0;
  std::cerr << status << std::endl;
  return 1;
}
