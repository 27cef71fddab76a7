#include "cli/settings.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "common/config/fault.h"
#include "common/config/validate.h"
#include "common/config/yaml_loader.h"
#include "common/path/utf8_path.h"
#include "common/rpc/address.h"
#include "common/rpc/channel_config.h"
#include "config/v1/incidentctl.pb.h"

namespace opcon_snow::cli {
namespace {

constexpr absl::string_view kDefaultServer = "127.0.0.1:7470";
constexpr absl::Duration kLeastTimeout = absl::Milliseconds(100);
constexpr absl::Duration kMostTimeout = absl::Minutes(10);

// A setting by flag or environment.
struct Chosen {
  std::string value;   // empty: by neither
  std::string origin;  // "--server" or "INCIDENTCTL_SERVER"
  int exit_code = kExitUsage;
};

bool Exists(const std::string& path) {
  std::error_code ignored;
  return !path.empty() && std::filesystem::exists(PathFromUtf8(path), ignored);
}

class Resolver {
 public:
  Resolver(const GetEnvironment& environment, const PlatformDefaults& defaults)
      : environment_(environment), defaults_(defaults) {}

  ResolvedSettings Run(const GlobalFlags& flags) && {
    ReadFile(Choose(flags.config, "config"));
    TakeServer(flags);
    TakeTimeout(Choose(flags.timeout, "timeout"));
    TakeOutput(Choose(flags.output, "output"));
    TakeSpool(Choose(flags.spool_dir, "spool-dir"));
    SayFaultsOfFile();
    return std::move(result_);
  }

 private:
  // `name` is the flag's without dashes: "tls-ca" is also INCIDENTCTL_TLS_CA.
  Chosen Choose(const std::string& flag, absl::string_view name) const {
    if (!flag.empty()) return {flag, absl::StrCat("--", name), kExitUsage};
    std::string variable = "INCIDENTCTL_";
    for (const char c : name) {
      variable.push_back(
          c == '-' ? '_' : absl::ascii_toupper(static_cast<unsigned char>(c)));
    }
    return {environment_(variable).value_or(""), variable, kExitConfig};
  }

  void ReadFile(const Chosen& chosen) {
    file_ = chosen.value;
    if (file_.empty()) {
      if (!Exists(defaults_.config_file)) return;
      file_ = defaults_.config_file;
    }
    faults_.set_file(file_);
    result_.settings.config_file = file_;
    if (!config::LoadYamlFile(file_, &config_, &faults_).ok()) return;
    if (config_.has_timeout()) {
      config::CheckRange("timeout", config_.timeout(), kLeastTimeout,
                         kMostTimeout, &faults_);
    }
    config::CheckRange("spool.max_entries", config_.spool().max_entries(), 1,
                       100'000'000, &faults_);
  }

  void SayFaultsOfFile() {
    for (const config::Fault& fault : faults_.Sorted()) {
      result_.problems.push_back({kExitConfig, config::FormatFault(fault)});
      // The fault may be a misspelled "server".
      result_.may_dial = false;
    }
  }

  void TakeServer(const GlobalFlags& flags) {
    ::config::v1::Channel& server = result_.settings.server;
    server = config_.server();
    result_.settings.server_origin = file_;
    if (server.address().empty()) {
      server.set_address(std::string(kDefaultServer));
      result_.settings.server_origin = "the default";
    }
    const Chosen address = Choose(flags.server, "server");
    if (!address.value.empty()) {
      server.set_address(address.value);
      result_.settings.server_origin = address.origin;
    }
    const Chosen ca = Choose(flags.tls_ca, "tls-ca");
    if (!ca.value.empty()) {
      server.mutable_tls()->set_ca_file(ca.value == "system" ? "" : ca.value);
    }
    const Chosen certificate = Choose(flags.tls_cert, "tls-cert");
    if (!certificate.value.empty()) {
      server.mutable_tls()->set_certificate_file(certificate.value);
    }
    const Chosen key = Choose(flags.tls_key, "tls-key");
    if (!key.value.empty()) server.mutable_tls()->set_key_file(key.value);
    const Chosen token = Choose(flags.token_file, "token-file");
    result_.settings.token_file =
        token.value.empty() ? config_.token_file() : token.value;

    // What the file alone is to blame for.
    ::config::v1::Channel of_file = server;
    if (!address.value.empty()) {
      CheckAddress(address);
      of_file.set_address(std::string(kDefaultServer));
    }
    if (!certificate.value.empty() || !key.value.empty()) {
      CheckPair(certificate, key);
      of_file.mutable_tls()->clear_certificate_file();
      of_file.mutable_tls()->clear_key_file();
    }
    if (config_.has_server()) {
      rpc::ValidateChannel(of_file, "server", &faults_);
    }
  }

  void CheckAddress(const Chosen& address) {
    const auto parsed = rpc::ParseHostPort(address.value);
    if (!parsed.ok()) {
      AddServer(address, absl::StrCat("is no address to call: ",
                                      parsed.status().message()));
    } else if (parsed->port == 0) {
      AddServer(address, "has port 0, which cannot be called");
    } else if (!result_.settings.server.has_tls() &&
               !rpc::IsLoopbackHost(parsed->host)) {
      AddServer(
          address,
          "is not this machine, so calling it needs TLS; give --tls-ca FILE, "
          "or --tls-ca system for the authorities that the system trusts");
    }
  }

  void CheckPair(const Chosen& certificate, const Chosen& key) {
    const ::config::v1::ClientTls& tls = result_.settings.server.tls();
    if (tls.key_file().empty()) {
      AddServer(certificate, "needs its private key; give --tls-key FILE");
    } else if (tls.certificate_file().empty()) {
      AddServer(key, "needs its certificate; give --tls-cert FILE");
    }
  }

  // A mistake that makes it impossible to call the service.
  void AddServer(const Chosen& chosen, absl::string_view what) {
    Add(chosen, what);
    result_.may_dial = false;
  }

  void TakeTimeout(const Chosen& chosen) {
    if (config_.has_timeout()) {
      const absl::Duration value = config::ToDuration(config_.timeout());
      if (value >= kLeastTimeout && value <= kMostTimeout) {
        result_.settings.timeout = value;
      }
    }
    if (chosen.value.empty()) return;
    absl::Duration value;
    if (!absl::ParseDuration(chosen.value, &value) || value < kLeastTimeout ||
        value > kMostTimeout) {
      Add(chosen, "is not a duration from 100ms to 10m, such as 5s");
      return;
    }
    result_.settings.timeout = value;
    result_.settings.timeout_is_explicit = true;
  }

  void TakeOutput(const Chosen& chosen) {
    if (chosen.value == "json") {
      result_.settings.output = Output::kJson;
    } else if (!chosen.value.empty() && chosen.value != "table") {
      Add(chosen, "is neither table nor json");
    }
  }

  void TakeSpool(const Chosen& chosen) {
    Settings& settings = result_.settings;
    settings.spool_enabled = !config_.spool().disabled();
    if (config_.spool().max_entries() > 0) {
      settings.spool_max_entries = config_.spool().max_entries();
    }
    settings.spool_directory = defaults_.spool_directory;
    if (!config_.spool().directory().empty()) {
      // The loader makes paths absolute by the ending of their field's name,
      // which this one has not.
      settings.spool_directory =
          PathToUtf8(PathFromUtf8(file_).parent_path() /
                     PathFromUtf8(config_.spool().directory()));
    }
    if (!chosen.value.empty()) settings.spool_directory = chosen.value;
  }

  void Add(const Chosen& chosen, absl::string_view what) {
    result_.problems.push_back(
        {chosen.exit_code,
         absl::StrCat(chosen.origin, " ", Shown(chosen.value), " ", what)});
  }

  const GetEnvironment& environment_;
  const PlatformDefaults& defaults_;
  std::string file_;  // the configuration file that was read; may be empty
  ::config::v1::IncidentctlConfig config_;
  config::Faults faults_;
  ResolvedSettings result_;
};

}  // namespace

std::string SpoolObstacle(const Settings& settings) {
  if (!settings.spool_enabled) return "the spool is off (spool.disabled)";
  if (!settings.spool_directory.empty()) return "";
  return "no folder for the spool is known; give --spool-dir";
}

ResolvedSettings ResolveSettings(const GlobalFlags& flags,
                                 const GetEnvironment& environment,
                                 const PlatformDefaults& defaults) {
  return Resolver(environment, defaults).Run(flags);
}

}  // namespace opcon_snow::cli
