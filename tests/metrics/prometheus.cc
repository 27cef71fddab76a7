#include "tests/metrics/prometheus.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace opcon_snow::metrics {

using nlohmann::json;

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool bound =
      bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

absl::StatusOr<std::unique_ptr<Prometheus>> Prometheus::Start(
    const std::string& directory, const std::string& config) {
  const std::string file = directory + "/prometheus.yaml";
  const std::string log = directory + "/prometheus.log";
  OPCON_SNOW_RETURN_IF_ERROR(harness::WriteFile(file, config));
  // It cannot say which port it took, so it is given one; if somebody else was
  // quicker, another one.
  for (int attempt = 0; attempt < 5; ++attempt) {
    const int port = FreePort();
    OPCON_SNOW_ASSIGN_OR_RETURN(
        std::unique_ptr<harness::Process> process,
        harness::Process::Start(
            {.arguments = {"/usr/bin/prometheus", "--config.file", file,
                           "--storage.tsdb.path", directory + "/tsdb",
                           "--web.listen-address",
                           absl::StrCat("127.0.0.1:", port), "--log.level",
                           "warn"},
             .environment = {},
             .stdout_file = log,
             .stderr_file = log}));
    std::unique_ptr<Prometheus> prometheus(
        new Prometheus(std::move(process), port));
    const bool answers = harness::Eventually([&] {
      if (!prometheus->process_->Running()) return true;
      const auto ready = prometheus->peer_.Get("/-/ready");
      return ready.ok() && ready->status == 200;
    });
    if (answers && prometheus->process_->Running()) return prometheus;
  }
  return absl::UnavailableError(
      absl::StrCat("Prometheus does not start: ", harness::ReadFile(log)));
}

absl::StatusOr<json> Prometheus::Get(const std::string& path) const {
  OPCON_SNOW_ASSIGN_OR_RETURN(const harness::HttpAnswer answer,
                              peer_.Get(path));
  if (answer.status != 200 || !answer.json.is_object() ||
      answer.json.value("status", "") != "success") {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", answer.body));
  }
  return answer.json.at("data");
}

absl::StatusOr<json> Prometheus::Query(const std::string& expression) const {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      json data, Get("/api/v1/query?query=" + harness::Encode(expression)));
  return data.at("result");
}

double Prometheus::Value(const std::string& expression) const {
  const absl::StatusOr<json> result = Query(expression);
  double value = -1;
  if (!result.ok() || result->size() != 1 ||
      !absl::SimpleAtod(
          result->front().at("value").at(1).get_ref<const std::string&>(),
          &value)) {
    return -1;
  }
  return value;
}

std::set<std::string> Prometheus::Firing() const {
  std::set<std::string> names;
  const absl::StatusOr<json> data = Get("/api/v1/alerts");
  if (!data.ok()) return names;
  for (const json& alert : data->at("alerts")) {
    if (alert.at("state") == "firing") {
      names.insert(alert.at("labels").at("alertname"));
    }
  }
  return names;
}

}  // namespace opcon_snow::metrics
