#include "common/http/transport.h"

namespace opcon_snow::http {

absl::string_view MethodName(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
  }
  return "UNKNOWN";
}

absl::string_view KindName(TransportError::Kind kind) {
  using Kind = TransportError::Kind;
  switch (kind) {
    case Kind::kBadRequest:
      return "BAD_REQUEST";
    case Kind::kResolve:
      return "RESOLVE";
    case Kind::kConnect:
      return "CONNECT";
    case Kind::kTls:
      return "TLS";
    case Kind::kTimeout:
      return "TIMEOUT";
    case Kind::kSend:
      return "SEND";
    case Kind::kReceive:
      return "RECEIVE";
    case Kind::kProtocol:
      return "PROTOCOL";
    case Kind::kTooLarge:
      return "TOO_LARGE";
    case Kind::kCancelled:
      return "CANCELLED";
    case Kind::kSource:
      return "SOURCE";
    case Kind::kSink:
      return "SINK";
    case Kind::kOther:
      return "OTHER";
  }
  return "OTHER";
}

}  // namespace opcon_snow::http
