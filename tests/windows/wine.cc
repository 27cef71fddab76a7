#include "tests/windows/wine.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/status/status_macros.h"

namespace opcon_snow::windows {
namespace {

constexpr char kWine[] = "/usr/bin/wine";
constexpr char kWineServer[] = "/usr/bin/wineserver";
// A new Windows is unpacked.
constexpr absl::Duration kFirstStart = absl::Minutes(5);

// The certificate in DER form; empty if it cannot be read.
std::string ReadCertificate(const std::string& pem_file) {
  std::string der;
  std::FILE* file = std::fopen(pem_file.c_str(), "r");
  if (file == nullptr) return der;
  X509* certificate = PEM_read_X509(file, nullptr, nullptr, nullptr);
  std::fclose(file);
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  if (size > 0) {
    der.assign(reinterpret_cast<const char*>(bytes),
               static_cast<std::size_t>(size));
  }
  OPENSSL_free(bytes);
  X509_free(certificate);
  return der;
}

std::string Sha1(const std::string& data) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  EVP_Digest(data.data(), data.size(),
             reinterpret_cast<unsigned char*>(digest.data()), &size, EVP_sha1(),
             nullptr);
  digest.resize(size);
  return digest;
}

std::string LittleEndian(std::uint32_t value) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) {
    bytes.push_back(static_cast<char>(value & 0xFFU));
    value >>= 8U;
  }
  return bytes;
}

}  // namespace

Wine::Wine(std::string directory)
    : directory_(std::move(directory)),
      environment_({{"PATH", "/usr/bin:/bin"},
                    {"HOME", directory_ + "/home"},
                    // Otherwise letters beyond ASCII are lost.
                    {"LC_ALL", "C.UTF-8"},
                    {"WINEPREFIX", directory_ + "/prefix"},
                    {"WINEARCH", "win64"},
                    {"WINEDEBUG", "-all"},
                    // It would ask to download Mono and Gecko.
                    {"WINEDLLOVERRIDES", "mscoree,mshtml="}}) {}

absl::StatusOr<std::unique_ptr<Wine>> Wine::Start(std::string directory) {
  std::unique_ptr<Wine> wine(new Wine(std::move(directory)));
  std::filesystem::create_directories(wine->environment_["HOME"]);
  std::filesystem::create_directories(wine->environment_["WINEPREFIX"]);
  const std::string log = wine->directory_ + "/wine.log";
  OPCON_SNOW_ASSIGN_OR_RETURN(
      wine->server_,
      harness::Process::Start(
          {.arguments = {kWineServer, "--foreground", "--persistent"},
           .environment = wine->environment_,
           .stdout_file = log,
           .stderr_file = log}));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const auto boot,
      harness::Process::Start({.arguments = {kWine, "wineboot", "--init"},
                               .environment = wine->environment_,
                               .stdout_file = log,
                               .stderr_file = log}));
  OPCON_SNOW_ASSIGN_OR_RETURN(const int code, boot->Wait(kFirstStart));
  if (code == 0) return wine;
  return absl::InternalError(
      absl::StrCat("wineboot: ", code, "\n", harness::ReadFile(log)));
}

Wine::~Wine() {
  // Ends what still runs in it, too.
  const auto ignored =
      harness::RunToEnd({kWineServer, "--kill"}, environment_, directory_);
  static_cast<void>(ignored);
  std::error_code also_ignored;
  std::filesystem::remove_all(directory_ + "/prefix", also_ignored);
}

absl::StatusOr<harness::Finished> Wine::Run(
    const std::vector<std::string>& arguments,
    const std::map<std::string, std::string>& environment) {
  std::vector<std::string> all = {kWine};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return harness::RunToEnd(all, Whole(environment), directory_);
}

absl::StatusOr<std::unique_ptr<harness::Process>> Wine::Start(
    const std::vector<std::string>& arguments,
    const std::map<std::string, std::string>& environment,
    const std::string& log_file) {
  std::vector<std::string> all = {kWine};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return harness::Process::Start({.arguments = all,
                                  .environment = Whole(environment),
                                  .stdout_file = log_file,
                                  .stderr_file = log_file});
}

std::map<std::string, std::string> Wine::Whole(
    std::map<std::string, std::string> environment) const {
  environment.insert(environment_.begin(), environment_.end());
  return environment;
}

absl::Status Wine::TrustAuthority(const std::string& pem_file) {
  const std::string der = ReadCertificate(pem_file);
  if (der.empty()) {
    return absl::NotFoundError(absl::StrCat("no certificate in ", pem_file));
  }
  // A store keeps an entry as its properties, each with a number, a 1 and its
  // size; number 32 is the certificate itself.
  const std::string blob =
      absl::StrCat(LittleEndian(32), LittleEndian(1),
                   LittleEndian(static_cast<std::uint32_t>(der.size())), der);
  const std::string key = absl::StrCat(
      "HKCU\\Software\\Microsoft\\SystemCertificates\\Root\\"
      "Certificates\\",
      absl::AsciiStrToUpper(absl::BytesToHexString(Sha1(der))));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const harness::Finished added,
      Run({"reg", "add", key, "/v", "Blob", "/t", "REG_BINARY", "/d",
           absl::BytesToHexString(blob), "/f"}));
  if (added.exit_code == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("reg add: ", added.out, added.err));
}

std::string Wine::program_data() const {
  return directory_ + "/prefix/drive_c/ProgramData";
}

std::string WindowsPath(const std::string& path) {
  return absl::StrCat("Z:", absl::StrReplaceAll(path, {{"/", "\\"}}));
}

}  // namespace opcon_snow::windows
