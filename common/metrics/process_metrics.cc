#include "common/metrics/process_metrics.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/metrics/metrics.h"
#include "google/protobuf/descriptor.h"

namespace opcon_snow::metrics {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string ReadFirst(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Fields of /proc/self/stat from the third on, which follow the program's name
// and so are counted from its last parenthesis; see proc(5).
class Stat {
 public:
  Stat() {
    const std::string text = ReadFirst("/proc/self/stat");
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return;
    fields_ = absl::StrSplit(text.substr(name_end + 1), ' ', absl::SkipEmpty());
  }
  // By its number in proc(5).
  double Field(std::size_t number) const {
    double value = 0;
    if (number - 3 >= fields_.size() ||
        !absl::SimpleAtod(fields_[number - 3], &value)) {
      return 0;
    }
    return value;
  }

 private:
  std::vector<std::string> fields_;
};

double BootTime() {
  for (const absl::string_view line :
       absl::StrSplit(ReadFirst("/proc/stat"), '\n')) {
    double seconds = 0;
    if (absl::StartsWith(line, "btime ") &&
        absl::SimpleAtod(line.substr(6), &seconds)) {
      return seconds;
    }
  }
  return 0;
}

double OpenDescriptors() {
  double count = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end;
       !error && at != end; at.increment(error)) {
    ++count;
  }
  // Without the one that looks.
  return count > 0 ? count - 1 : 0;
}

struct ProcessFigures {
  Counter cpu = GetCounter("process_cpu_seconds_total",
                           "Processor time, user and system, in seconds.");
  Gauge resident = GetGauge("process_resident_memory_bytes",
                            "Memory that is really held, in bytes.");
  Gauge address_space =
      GetGauge("process_virtual_memory_bytes", "Address space, in bytes.");
  Gauge open_fds =
      GetGauge("process_open_fds", "File descriptors that are open.");
  Gauge max_fds =
      GetGauge("process_max_fds", "File descriptors that may be open.");
  Gauge threads = GetGauge("process_threads", "Threads.");
  Gauge start = GetGauge("process_start_time_seconds",
                         "When the process started, as Unix time in seconds.");
  double cpu_told = 0;

  void Refresh() {
    const Stat stat;
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    const double cpu_now = (stat.Field(14) + stat.Field(15)) / ticks;
    if (cpu_now > cpu_told) {
      cpu.Add(cpu_now - cpu_told);
      cpu_told = cpu_now;
    }
    threads.Set(stat.Field(20));
    start.Set(BootTime() + stat.Field(22) / ticks);
    address_space.Set(stat.Field(23));
    resident.Set(stat.Field(24) * static_cast<double>(sysconf(_SC_PAGESIZE)));
    open_fds.Set(OpenDescriptors());
    rlimit limit = {};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
      max_fds.Set(static_cast<double>(limit.rlim_cur));
    }
  }
};

void AddCertificateFiles(const Message& message,
                         std::vector<std::string>* files) {
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->type() == FieldDescriptor::TYPE_STRING &&
        !field->is_repeated() &&
        absl::EndsWith(field->name(), "certificate_file")) {
      files->push_back(reflection.GetString(message, field));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
               !field->is_map()) {
      if (!field->is_repeated()) {
        AddCertificateFiles(reflection.GetMessage(message, field), files);
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        AddCertificateFiles(reflection.GetRepeatedMessage(message, field, i),
                            files);
      }
    }
  }
}

// OpenSSL would ask for a passphrase on the terminal.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/,
                 void* /*data*/) {
  return -1;
}

// When the first certificate in the file runs out; 0 if there is none.
double ExpiryOf(const std::string& path) {
  const std::unique_ptr<BIO, int (*)(BIO*)> file(
      BIO_new_file(path.c_str(), "r"), &BIO_free);
  double seconds = 0;
  if (file != nullptr) {
    const std::unique_ptr<X509, void (*)(X509*)> certificate(
        PEM_read_bio_X509(file.get(), nullptr, &NoPassphrase, nullptr),
        &X509_free);
    std::tm end = {};
    if (certificate != nullptr &&
        ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) == 1) {
      seconds = static_cast<double>(timegm(&end));
    }
  }
  ERR_clear_error();
  return seconds;
}

class Certificates {
 public:
  void Take(const std::vector<std::string>& files) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::map<std::string, Gauge> fresh;
    for (const std::string& file : files) {
      if (file.empty()) continue;
      fresh[file] = GetGauge(
          "opcon_snow_tls_certificate_expiry_timestamp_seconds",
          "When the first certificate in the file runs out, as Unix time; 0 if "
          "it cannot be read.",
          {{"file", file}});
    }
    files_ = std::move(fresh);
  }

  // There are few of them, and they are small.
  void Refresh() {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [file, expiry] : files_) expiry.Set(ExpiryOf(file));
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Gauge> files_;  // guarded by mutex_
};

Certificates& GetCertificates() {
  static auto* certificates = [] {
    auto* made = new Certificates;
    // For the rest of the process.
    static const auto* at_scrape = new AtScrape([made] { made->Refresh(); });
    static_cast<void>(at_scrape);
    return made;
  }();
  return *certificates;
}

struct ReloadFigures {
  Gauge last = GetGauge(
      "opcon_snow_config_last_reload_successful",
      "0 if the configuration had a fault when it was last read again.");
  Counter taken = Reloads("taken");
  Counter refused = Reloads("refused");

  ReloadFigures() { last.Set(1); }
  static Counter Reloads(const std::string& result) {
    return GetCounter("opcon_snow_config_reloads_total",
                      "How often the configuration was read again.",
                      {{"result", result}});
  }
};

const ReloadFigures& GetReloadFigures() {
  static const auto* figures = new ReloadFigures;
  return *figures;
}

}  // namespace

void ObserveProcess(absl::string_view name, absl::string_view version) {
  GetGauge("opcon_snow_build_info", "Always 1; the labels say what runs.",
           {{"process", std::string(name)}, {"version", std::string(version)}})
      .Set(1);
  static auto* figures = new ProcessFigures;
  static const auto* at_scrape = new AtScrape([] { figures->Refresh(); });
  static_cast<void>(at_scrape);
  GetReloadFigures();
}

void ObserveCertificates(const Message& config) {
  std::vector<std::string> files;
  AddCertificateFiles(config, &files);
  GetCertificates().Take(files);
}

void CountReload(bool taken) {
  const ReloadFigures& figures = GetReloadFigures();
  figures.last.Set(taken ? 1 : 0);
  (taken ? figures.taken : figures.refused).Add();
}

}  // namespace opcon_snow::metrics
