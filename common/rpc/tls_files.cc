#include "common/rpc/tls_files.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/config/secret.h"
#include "common/config/secret_file.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/rpc/address.h"
#include "common/status/status_macros.h"

namespace opcon_snow::rpc {
namespace {

const metrics::Counter& ReloadsRefused() {
  static const auto* counter = new metrics::Counter(metrics::GetCounter(
      "opcon_snow_tls_reloads_refused_total",
      "Times that changed TLS files of a listener were not taken."));
  return *counter;
}

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

Owned<BIO> Memory(const std::string& text) {
  return Owned<BIO>(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// OpenSSL would ask for the passphrase of an encrypted key on the terminal.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/,
                 void* /*data*/) {
  return -1;
}

Owned<X509> FirstCertificate(const std::string& pem) {
  return Owned<X509>(
      PEM_read_bio_X509(Memory(pem).get(), nullptr, &NoPassphrase, nullptr));
}

absl::Status Invalid(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

absl::Status CheckPair(const ServerTls& files, const TlsContent& content) {
  const Owned<X509> certificate = FirstCertificate(content.certificate_chain);
  if (certificate == nullptr) {
    return Invalid(files.certificate_file, "holds no certificate");
  }
  const Owned<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(Memory(content.private_key.Reveal()).get(),
                              nullptr, &NoPassphrase, nullptr));
  if (key == nullptr) {
    return Invalid(files.private_key_file,
                   "holds no private key, or one with a passphrase, which "
                   "nobody could enter");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Invalid(files.private_key_file,
                   absl::StrCat("is not the key of the certificate in ",
                                files.certificate_file));
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) {
    return Invalid(files.certificate_file,
                   "the certificate has run out; renew it");
  }
  if (!content.client_authorities.empty() &&
      FirstCertificate(content.client_authorities) == nullptr) {
    return Invalid(files.client_ca_file, "holds no certificate");
  }
  return absl::OkStatus();
}

// A clock that is wrong must not keep a server from starting, as callers judge
// by theirs; but a good certificate is not exchanged for such a one.
absl::Status CheckBegin(const ServerTls& files, const TlsContent& content) {
  const Owned<X509> certificate = FirstCertificate(content.certificate_chain);
  if (certificate == nullptr ||
      X509_cmp_current_time(X509_get0_notBefore(certificate.get())) <= 0) {
    return absl::OkStatus();
  }
  return Invalid(
      files.certificate_file,
      "the certificate is not valid yet; check this machine's clock, "
      "or wait");
}

absl::StatusOr<std::shared_ptr<const TlsContent>> Read(const ServerTls& files) {
  auto content = std::make_shared<TlsContent>();
  OPCON_SNOW_ASSIGN_OR_RETURN(
      content->private_key,
      config::ReadSecretFile(files.private_key_file, {.multiline = true}));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      content->certificate_chain,
      ReadPemFile(files.certificate_file, "certificate"));
  if (!files.client_ca_file.empty()) {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        content->client_authorities,
        ReadPemFile(files.client_ca_file, "client certificate authorities"));
  }
  const absl::Status good = CheckPair(files, *content);
  ERR_clear_error();
  if (!good.ok()) return good;
  return content;
}

// In the place of one that is good.
absl::StatusOr<std::shared_ptr<const TlsContent>> ReadAnew(
    const ServerTls& files) {
  OPCON_SNOW_ASSIGN_OR_RETURN(std::shared_ptr<const TlsContent> content,
                              Read(files));
  OPCON_SNOW_RETURN_IF_ERROR(CheckBegin(files, *content));
  return content;
}

}  // namespace

TlsFiles::TlsFiles(ServerTls files, const SteadyNow& now)
    : files_(std::move(files)),
      watch_({files_.certificate_file, files_.private_key_file,
              files_.client_ca_file},
             now) {}

absl::StatusOr<std::shared_ptr<TlsFiles>> TlsFiles::Load(const ServerTls& files,
                                                         SteadyNow now) {
  ReloadsRefused();  // exposed from now on
  std::shared_ptr<TlsFiles> loaded(new TlsFiles(files, now));
  OPCON_SNOW_ASSIGN_OR_RETURN(loaded->content_, Read(files));
  const absl::Status begun = CheckBegin(files, *loaded->content_);
  if (!begun.ok()) log::Warning("tls.not_valid_yet", {{"status", begun}});
  return loaded;
}

absl::StatusOr<std::function<void()>> TlsFiles::Prepare(
    std::shared_ptr<TlsFiles> files) {
  if (files == nullptr) return [] {};
  OPCON_SNOW_ASSIGN_OR_RETURN(std::shared_ptr<const TlsContent> content,
                              ReadAnew(files->files_));
  return [files = std::move(files), content = std::move(content)] {
    const std::lock_guard<std::mutex> lock(files->mutex_);
    files->content_ = content;
  };
}

std::shared_ptr<const TlsContent> TlsFiles::Current() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!watch_.Changed()) return content_;
  absl::StatusOr<std::shared_ptr<const TlsContent>> read = ReadAnew(files_);
  if (read.ok()) {
    content_ = *std::move(read);
    refused_ = absl::OkStatus();
    log::Info("tls.reloaded", {{"certificate", files_.certificate_file}});
    return content_;
  }
  // One that is not valid yet will be.
  watch_.Distrust();
  if (read.status() == refused_) return content_;
  refused_ = read.status();
  ReloadsRefused().Add();
  log::Error("tls.reload_refused",
             {{"status", refused_}, {"advice", "the one before is used on"}});
  return content_;
}

}  // namespace opcon_snow::rpc
