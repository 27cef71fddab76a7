#ifndef OPCON_SNOW_OPCON_GATEWAY_SANDBOX_FIXTURE_H_
#define OPCON_SNOW_OPCON_GATEWAY_SANDBOX_FIXTURE_H_

// The real opcon_gateway against the real opcon_sandbox as two processes, and
// what its tests ask of both. Tests only; for one source file.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/async/sync_wait.h"
#include "common/config/flags.h"
#include "common/digest/sha256.h"
#include "common/http/curl_transport.h"
#include "common/http/json.h"
#include "common/http/url.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "opcon/v1/opcon_gateway.grpc.pb.h"
#include "opcon_gateway/client_fixture.h"

namespace opcon_snow::opcon {

using absl::StatusCode;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
namespace v1 = ::opcon::v1;
using Stub = v1::OpConGateway::StubInterface;

inline constexpr char kGateway[] = "opcon_gateway/opcon_gateway";
inline constexpr char kSandbox[] = "sandbox/opcon_sandbox";
// What the sandbox accepts unless it is told otherwise.
inline constexpr char kToken[] = "00000000-0000-4000-8000-000000000001";
inline constexpr char kPassword[] = "opconxps";
// Names with everything that OpCon allows and a URL does not.
inline constexpr char kSchedule[] = "Payroll_Load[Sub]";
inline constexpr char kJobName[] = "Load A/B $0001";
inline constexpr char kJobId[] = "20260105|16|1|Load A/B $0001";

inline std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline bool Eventually(const std::function<bool()>& holds) {
  const absl::Time give_up = absl::Now() + absl::Seconds(30);
  while (!holds()) {
    if (absl::Now() > give_up) return false;
    absl::SleepFor(absl::Milliseconds(2));
  }
  return true;
}

// A server in its own process; killed at the end if it still runs.
class Child {
 public:
  Child(const std::string& folder, const std::string& program,
        std::vector<std::string> arguments)
      : name_(program), err_(absl::StrCat(folder, "/err.", pid_of_next_++)) {
    arguments.insert(arguments.begin(), program);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, err_.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    EXPECT_EQ(posix_spawn(&pid_, program.c_str(), &actions, nullptr,
                          argv.data(), environ),
              0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Child() {
    if (pid_ == 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The exit code; -1 if a signal ended it.
  int Wait() {
    int status = 0;
    EXPECT_EQ(waitpid(std::exchange(pid_, 0), &status, 0) > 0, true);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void Signal(int signal) const { EXPECT_EQ(kill(pid_, signal), 0); }
  std::string Log() const { return Content(err_); }
  const std::string& name() const { return name_; }

 private:
  static inline int pid_of_next_ = 0;

  const std::string name_;
  const std::string err_;
  pid_t pid_ = 0;
};

class SandboxTest : public ::testing::Test {
 protected:
  SandboxTest()
      : folder_(absl::StrCat(
            ::testing::TempDir(), "/",
            ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    loop_ = *http::CurlLoop::Create({});
    http::CurlTransportOptions options;
    options.allow_http = true;
    transport_ = *http::CurlTransport::Create(loop_.get(), options);
  }

  // The one port in the file that a server writes once it serves.
  int PortOf(const Child& child, const std::string& file) {
    EXPECT_TRUE(Eventually([&] { return !Content(file).empty(); }))
        << child.name() << ": " << child.Log();
    const std::vector<std::string> parts = absl::StrSplit(Content(file), '=');
    int port = 0;
    EXPECT_TRUE(parts.size() == 2 && absl::SimpleAtoi(parts[1], &port))
        << Content(file);
    return port;
  }

  void StartSandbox(std::vector<std::string> flags = {}) {
    const std::string ports = folder_ + "/sandbox.ports";
    for (const std::string& flag :
         {std::string("--listen"), std::string("127.0.0.1:0"),
          std::string("--port-file"), ports}) {
      flags.push_back(flag);
    }
    sandbox_ = std::make_unique<Child>(folder_, kSandbox, flags);
    opcon_ = absl::StrCat("http://127.0.0.1:", PortOf(*sandbox_, ports));
  }

  // Two names of one OpCon: "login" has user and password, "token" an
  // application token.
  void StartGateway(const std::string& token = kToken,
                    const std::string& password = kPassword) {
    token_file_ = WriteSecretFile("token", token);
    password_file_ = WriteSecretFile("password", password);
    config_ = folder_ + "/gateway.yaml";
    std::ofstream(config_)
        << "listener: {address: \"127.0.0.1:0\"}\n"
        << "logging: {level: debug}\n"
        << "instances:\n"
        << "  - name: login\n    base_url: " << opcon_
        << "\n    allow_plain_http: true\n"
        << "    public_address: opcon.example:9010\n"
        << "    login: {username: ocadm, password_file: " << password_file_
        << "}\n    polling: {initial_interval: 10ms, max_interval: 100ms}\n"
        << "  - name: token\n    base_url: " << opcon_
        << "\n    allow_plain_http: true\n    token_file: " << token_file_
        << "\n    polling: {initial_interval: 10ms, max_interval: 100ms}\n"
        << "    max_job_log_bytes: 100000\n";
    const std::string ports = folder_ + "/gateway.ports";
    gateway_ = std::make_unique<Child>(
        folder_, kGateway,
        std::vector<std::string>{"--config", config_, "--port-file", ports});
    rpc::ChannelOptions options;
    options.target = absl::StrCat("127.0.0.1:", PortOf(*gateway_, ports));
    ASSERT_OK_AND_ASSIGN(const auto channel, rpc::CreateChannel(options));
    stub_ = v1::OpConGateway::NewStub(channel);
  }

  json Post(const std::string& path, const json& body) {
    http::Request request;
    request.method = http::Method::kPost;
    request.url = opcon_ + path;
    request.headers.Add("Content-Type", "application/json");
    request.body = http::WriteJson(body);
    const http::Result result =
        async::SyncWait(transport_->Send(std::move(request)));
    EXPECT_TRUE(result.ok() && result.response().status < 300)
        << path << ": "
        << (result.ok() ? result.response().body : result.error().message);
    const auto answer =
        http::ParseJson(result.ok() ? result.response().body : "");
    return answer.ok() ? *answer : json();
  }

  // Defines the job, with these fields instead of the usual ones, and lets it
  // fail with this log.
  void HaveFailedJob(const std::string& log = "line 1\r\nline 2\r\n",
                     const json& other = json::object()) {
    json job = {{"date", "2026-01-05"}, {"schedule", kSchedule},
                {"schedule_id", 16},    {"schedule_instance", 1},
                {"name", kJobName},     {"machine", "GENP001"},
                {"tags", {"ROUTE2-x"}}, {"documentation", "Call Joe"}};
    job.update(other);
    Post("/_sandbox/jobs", job);
    Post(absl::StrCat("/_sandbox/jobs/", http::PercentEncode(kJobId), "/fail"),
         {{"termination", "0000000005"}, {"log", log}});
  }

  v1::DailyJob Job() {
    v1::GetDailyJobRequest request;
    request.mutable_job()->set_id(kJobId);
    const auto reply = rpc::Call(*stub_, &Stub::GetDailyJob, request);
    EXPECT_OK(reply.status());
    return reply.ok() ? reply->job() : v1::DailyJob();
  }

  absl::StatusOr<v1::SetIncidentTicketResponse> SetTicket(
      const std::string& ticket, const std::string& replaced = "") {
    v1::SetIncidentTicketRequest request;
    request.mutable_job()->set_id(kJobId);
    request.set_ticket_id(ticket);
    request.set_ticket_url("https://example.service-now.com/x?id=" + ticket);
    request.set_replaced_ticket_id(replaced);
    return rpc::Call(*stub_, &Stub::SetIncidentTicket, request);
  }

  std::vector<std::string> Tickets() {
    v1::GetIncidentTicketsRequest request;
    request.mutable_job()->set_id(kJobId);
    const auto reply = rpc::Call(*stub_, &Stub::GetIncidentTickets, request);
    EXPECT_OK(reply.status());
    std::vector<std::string> ids;
    if (!reply.ok()) return ids;
    for (const auto& ticket : reply->tickets()) {
      ids.push_back(ticket.ticket_id());
    }
    return ids;
  }

  const std::string folder_;
  std::unique_ptr<http::CurlLoop> loop_;
  std::unique_ptr<http::Transport> transport_;
  std::unique_ptr<Child> sandbox_;
  std::unique_ptr<Child> gateway_;
  std::unique_ptr<Stub> stub_;
  std::string opcon_;
  std::string config_;
  std::string token_file_;
  std::string password_file_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_SANDBOX_FIXTURE_H_
