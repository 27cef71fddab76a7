#ifndef OPCON_SNOW_COMMON_RPC_TLS_FILES_H_
#define OPCON_SNOW_COMMON_RPC_TLS_FILES_H_

// The certificate, key and authorities of a listener: read from files, checked
// together, and read again when they change, so that a renewed certificate
// needs no restart and a half-written one harms nobody.

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/config/file_watch.h"
#include "common/config/secret.h"

namespace opcon_snow::rpc {

// PEM files.
struct ServerTls {
  std::string certificate_file{};  // chain, leaf first
  // Refused if everybody on the machine may read or write it.
  std::string private_key_file{};
  // Set: clients must show a certificate signed by one of these (mutual TLS) …
  std::string client_ca_file{};
  // … or may, if others have tokens. One that is shown must be good.
  bool client_certificate_optional = false;
};

// What the files held. The key is that of the certificate.
struct TlsContent {
  std::string certificate_chain;
  config::Secret private_key;
  std::string client_authorities;  // empty: clients are not asked
};

// Thread-safe.
class TlsFiles {
 public:
  using SteadyNow = config::FileWatch::SteadyNow;

  // Errors name the file: NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT (no
  // PEM, no certificate, a key of another certificate, run out). One that is
  // not valid yet is told in the log; it is an error where it is to replace
  // one.
  static absl::StatusOr<std::shared_ptr<TlsFiles>> Load(
      const ServerTls& files,
      SteadyNow now = [] { return std::chrono::steady_clock::now(); });

  // The last content that was good. If the files were not looked at for a
  // second, looks whether they have changed and then reads them: for the
  // moment when a client connects. What is not good is logged once.
  std::shared_ptr<const TlsContent> Current();

  // Reads the files now. What it gives makes that the content: reading and
  // taking over are apart so that a reload can prepare everything before it
  // changes anything. Null is a listener without TLS, with nothing to take.
  static absl::StatusOr<std::function<void()>> Prepare(
      std::shared_ptr<TlsFiles> files);

  const ServerTls& files() const { return files_; }

 private:
  TlsFiles(ServerTls files, const SteadyNow& now);

  const ServerTls files_;
  std::mutex mutex_;
  config::FileWatch watch_;                    // guarded by mutex_
  std::shared_ptr<const TlsContent> content_;  // guarded by mutex_
  absl::Status refused_;                       // guarded by mutex_
};

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_TLS_FILES_H_
