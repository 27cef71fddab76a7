#include "common/http/test_certificate.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace opcon_snow::http {
namespace {

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "test certificate: %s failed\n", what);
  std::abort();
}

struct Free {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(std::FILE* p) const { std::fclose(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

void AddExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  Owned<X509_EXTENSION> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  Require(extension != nullptr, "extension");
  Require(X509_add_ext(certificate, extension.get(), -1) == 1, "X509_add_ext");
}

Owned<std::FILE> Open(const std::string& path) {
  Owned<std::FILE> file(std::fopen(path.c_str(), "w"));
  Require(file != nullptr, "fopen");
  return file;
}

}  // namespace

TestCertificate MakeTestCertificate(absl::string_view name,
                                    absl::string_view common_name,
                                    absl::string_view ip, absl::Duration left,
                                    absl::Duration from) {
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  Require(key != nullptr, "EVP_EC_gen");
  Owned<X509> certificate(X509_new());
  Require(certificate != nullptr, "X509_new");
  X509* x509 = certificate.get();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509),
                  static_cast<long>(absl::ToInt64Seconds(from)));
  X509_gmtime_adj(X509_getm_notAfter(x509),
                  static_cast<long>(absl::ToInt64Seconds(left)));
  X509_set_pubkey(x509, key.get());
  const std::string subject(common_name);
  X509_NAME* x509_name = X509_get_subject_name(x509);
  Require(X509_NAME_add_entry_by_txt(
              x509_name, "CN", MBSTRING_ASC,
              reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1,
              0) == 1,
          "X509_NAME_add_entry_by_txt");
  X509_set_issuer_name(x509, x509_name);
  AddExtension(x509, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(x509, NID_subject_alt_name,
               ip.empty() ? absl::StrCat("DNS:", common_name)
                          : absl::StrCat("DNS:", common_name, ",IP:", ip));
  // Or two of one name could not be told apart as authorities.
  AddExtension(x509, NID_subject_key_identifier, "hash");
  AddExtension(x509, NID_authority_key_identifier, "keyid");
  Require(X509_sign(x509, key.get(), EVP_sha256()) > 0, "X509_sign");

  TestCertificate files;
  const std::string prefix = absl::StrCat(::testing::TempDir(), "/", name);
  files.certificate_file = prefix + ".crt";
  files.key_file = prefix + ".key";
  Require(PEM_write_PrivateKey(Open(files.key_file).get(), key.get(), nullptr,
                               nullptr, 0, nullptr, nullptr) == 1,
          "PEM_write_PrivateKey");
  Require(chmod(files.key_file.c_str(), 0600) == 0, "chmod");
  Require(PEM_write_X509(Open(files.certificate_file).get(), x509) == 1,
          "PEM_write_X509");
  return files;
}

}  // namespace opcon_snow::http
