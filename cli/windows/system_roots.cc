#include "cli/windows/system_roots.h"

#include <windows.h>
// After windows.h, which it needs.
#include <wincrypt.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/string_view.h"
#include "grpc/grpc_security.h"
#include "grpc/support/string_util.h"

namespace opcon_snow::cli::platform {
namespace {

// A store of this user, which shows those of the machine and of group policies,
// too. Null if it cannot be opened.
HCERTSTORE OpenStore(const wchar_t* name) {
  return CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0,
                       CERT_SYSTEM_STORE_CURRENT_USER |
                           CERT_STORE_READONLY_FLAG |
                           CERT_STORE_OPEN_EXISTING_FLAG,
                       name);
}

// Whether an authority may vouch for servers: it can be bound to other
// purposes, by itself or by an administrator.
bool IsForServers(const CERT_CONTEXT* certificate) {
  DWORD size = 0;
  if (!CertGetEnhancedKeyUsage(certificate, 0, nullptr, &size)) {
    return GetLastError() == static_cast<DWORD>(CRYPT_E_NOT_FOUND);
  }
  std::vector<std::byte> buffer(
      std::max(size, DWORD{sizeof(CERT_ENHKEY_USAGE)}));
  auto* usage = reinterpret_cast<CERT_ENHKEY_USAGE*>(buffer.data());
  SetLastError(ERROR_SUCCESS);
  if (!CertGetEnhancedKeyUsage(certificate, 0, usage, &size)) return false;
  if (usage->cUsageIdentifier == 0) {
    return GetLastError() == static_cast<DWORD>(CRYPT_E_NOT_FOUND);
  }
  return std::any_of(usage->rgpszUsageIdentifier,
                     usage->rgpszUsageIdentifier + usage->cUsageIdentifier,
                     [](const char* id) {
                       return absl::string_view(id) ==
                              szOID_PKIX_KP_SERVER_AUTH;
                     });
}

bool IsIn(HCERTSTORE store, const CERT_CONTEXT* certificate) {
  if (store == nullptr) return false;
  const CERT_CONTEXT* found = CertFindCertificateInStore(
      store, X509_ASN_ENCODING, 0, CERT_FIND_EXISTING, certificate, nullptr);
  if (found == nullptr) return false;
  CertFreeCertificateContext(found);
  return true;
}

std::string ToPem(const CERT_CONTEXT* certificate) {
  DWORD size = 0;  // with the final NUL at first
  if (!CryptBinaryToStringA(certificate->pbCertEncoded,
                            certificate->cbCertEncoded,
                            CRYPT_STRING_BASE64HEADER, nullptr, &size)) {
    return "";
  }
  std::string pem(size, '\0');
  if (!CryptBinaryToStringA(certificate->pbCertEncoded,
                            certificate->cbCertEncoded,
                            CRYPT_STRING_BASE64HEADER, pem.data(), &size)) {
    return "";
  }
  pem.resize(size);
  return pem;
}

std::string SystemRoots() {
  std::string pem;
  HCERTSTORE roots = OpenStore(L"ROOT");
  if (roots == nullptr) return pem;
  HCERTSTORE refused = OpenStore(L"Disallowed");
  const absl::Cleanup close_stores = [roots, refused] {
    CertCloseStore(roots, 0);
    if (refused != nullptr) CertCloseStore(refused, 0);
  };
  const CERT_CONTEXT* certificate = nullptr;
  while ((certificate = CertEnumCertificatesInStore(roots, certificate)) !=
         nullptr) {
    if (CertVerifyTimeValidity(nullptr, certificate->pCertInfo) == 0 &&
        IsForServers(certificate) && !IsIn(refused, certificate)) {
      pem += ToPem(certificate);
    }
  }
  return pem;
}

grpc_ssl_roots_override_result GiveRoots(char** pem) {
  const std::string roots = SystemRoots();
  if (roots.empty()) return GRPC_SSL_ROOTS_OVERRIDE_FAIL;
  // gRPC frees it.
  *pem = gpr_strdup(roots.c_str());
  return GRPC_SSL_ROOTS_OVERRIDE_OK;
}

}  // namespace

void UseSystemRoots() { grpc_set_ssl_roots_override_callback(&GiveRoots); }

}  // namespace opcon_snow::cli::platform
