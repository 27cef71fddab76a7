#include "common/rpc/tls_advice.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::rpc {

absl::string_view TlsAdvice(absl::string_view message) {
  const std::string text = absl::AsciiStrToLower(message);
  const auto says = [&text](absl::string_view part) {
    return absl::StrContains(text, part);
  };
  if (says("hostname verification") || says("peer name")) {
    return "the server's certificate does not have the name or address that "
           "was dialled among its subject alternative names: dial a name that "
           "it has, or have it made with this one";
  }
  if (says("certificate verify failed")) {
    return "the server's certificate is not good here: see that it is in date, "
           "by this machine's clock too, and that ca_file names the authority "
           "that signed it";
  }
  if (says("wrong version number")) {
    return "the server does not speak TLS: take tls out here, or set it up "
           "there";
  }
  if (says("certificate required") || says("unknown ca") ||
      says("bad certificate") || says("certificate expired") ||
      says("alert certificate")) {
    return "the server does not take the client's certificate: see that "
           "certificate_file is set and in date, and signed by the server's "
           "client_ca_file";
  }
  if (says("handshake")) {
    return "TLS cannot be agreed on: compare tls here with that of the server";
  }
  return "";
}

}  // namespace opcon_snow::rpc
