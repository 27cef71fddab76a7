#include "common/http/curl_code.h"

#include <cstddef>
#include <iterator>

namespace opcon_snow::http::internal {
namespace {

using Kind = TransportError::Kind;

constexpr char kNoError[] = "no error";
// Codes of other protocols, of features switched off, and retired numbers. They
// are listed so that a code can never be met for the first time in production.
constexpr char kNotUsed[] = "libcurl gave a code that HTTP/1.1 does not use";
constexpr char kEngine[] = "the TLS engine cannot be used";

// In the order of libcurl's numbers; the table is indexed by them.
constexpr CodeMeaning kMeanings[] = {
    {CURLE_OK, Kind::kOther, false, kNoError},
    {CURLE_UNSUPPORTED_PROTOCOL, Kind::kBadRequest, false,
     "the URL's scheme is not allowed for this upstream"},
    {CURLE_FAILED_INIT, Kind::kOther, false,
     "libcurl could not be initialized"},
    {CURLE_URL_MALFORMAT, Kind::kBadRequest, false, "the URL is malformed"},
    {CURLE_NOT_BUILT_IN, Kind::kOther, false,
     "the installed libcurl lacks a feature that is needed"},
    {CURLE_COULDNT_RESOLVE_PROXY, Kind::kResolve, false,
     "the proxy's name could not be resolved; check the proxy setting and the "
     "name service"},
    {CURLE_COULDNT_RESOLVE_HOST, Kind::kResolve, false,
     "the host name could not be resolved; check the configured URL and the "
     "name service"},
    {CURLE_COULDNT_CONNECT, Kind::kConnect, false,
     "no connection; check that the host is up and that no firewall is "
     "between"},
    {CURLE_WEIRD_SERVER_REPLY, Kind::kProtocol, true,
     "the answer is not HTTP; check that the port speaks HTTP"},
    {CURLE_REMOTE_ACCESS_DENIED, Kind::kOther, false, kNotUsed},
    {CURLE_FTP_ACCEPT_FAILED, Kind::kOther, false, kNotUsed},
    {CURLE_FTP_WEIRD_PASS_REPLY, Kind::kOther, false, kNotUsed},
    {CURLE_FTP_ACCEPT_TIMEOUT, Kind::kOther, false, kNotUsed},
    {CURLE_FTP_WEIRD_PASV_REPLY, Kind::kOther, false, kNotUsed},
    {CURLE_FTP_WEIRD_227_FORMAT, Kind::kOther, false, kNotUsed},
    {CURLE_FTP_CANT_GET_HOST, Kind::kOther, false, kNotUsed},
    {CURLE_HTTP2, Kind::kProtocol, false, kNotUsed},
    {CURLE_FTP_COULDNT_SET_TYPE, Kind::kOther, false, kNotUsed},
    {CURLE_PARTIAL_FILE, Kind::kReceive, true,
     "the connection was closed before the end of the answer"},
    {CURLE_FTP_COULDNT_RETR_FILE, Kind::kOther, false, kNotUsed},
    {CURLE_OBSOLETE20, Kind::kOther, false, kNotUsed},
    {CURLE_QUOTE_ERROR, Kind::kOther, false, kNotUsed},
    {CURLE_HTTP_RETURNED_ERROR, Kind::kProtocol, true, kNotUsed},
    {CURLE_WRITE_ERROR, Kind::kOther, true, "the answer could not be taken"},
    {CURLE_OBSOLETE24, Kind::kOther, false, kNotUsed},
    {CURLE_UPLOAD_FAILED, Kind::kSend, false,
     "the request body could not be sent"},
    {CURLE_READ_ERROR, Kind::kSource, false,
     "the request body could not be read"},
    {CURLE_OUT_OF_MEMORY, Kind::kOther, false, "out of memory"},
    {CURLE_OPERATION_TIMEDOUT, Kind::kTimeout, false, "timed out"},
    {CURLE_OBSOLETE29, Kind::kOther, false, kNotUsed},
    {CURLE_FTP_PORT_FAILED, Kind::kOther, false, kNotUsed},
    {CURLE_FTP_COULDNT_USE_REST, Kind::kOther, false, kNotUsed},
    {CURLE_OBSOLETE32, Kind::kOther, false, kNotUsed},
    {CURLE_RANGE_ERROR, Kind::kOther, false, kNotUsed},
    {CURLE_HTTP_POST_ERROR, Kind::kOther, false, kNotUsed},
    {CURLE_SSL_CONNECT_ERROR, Kind::kTls, false, "the TLS handshake failed"},
    {CURLE_BAD_DOWNLOAD_RESUME, Kind::kOther, false, kNotUsed},
    {CURLE_FILE_COULDNT_READ_FILE, Kind::kOther, false, kNotUsed},
    {CURLE_LDAP_CANNOT_BIND, Kind::kOther, false, kNotUsed},
    {CURLE_LDAP_SEARCH_FAILED, Kind::kOther, false, kNotUsed},
    {CURLE_OBSOLETE40, Kind::kOther, false, kNotUsed},
    {CURLE_FUNCTION_NOT_FOUND, Kind::kOther, false,
     "the installed libcurl lacks a function that is needed"},
    {CURLE_ABORTED_BY_CALLBACK, Kind::kOther, false,
     "given up by this process"},
    {CURLE_BAD_FUNCTION_ARGUMENT, Kind::kOther, false,
     "libcurl was called wrongly"},
    {CURLE_OBSOLETE44, Kind::kOther, false, kNotUsed},
    {CURLE_INTERFACE_FAILED, Kind::kConnect, false,
     "the outgoing interface could not be used"},
    {CURLE_OBSOLETE46, Kind::kOther, false, kNotUsed},
    {CURLE_TOO_MANY_REDIRECTS, Kind::kProtocol, true, kNotUsed},
    {CURLE_UNKNOWN_OPTION, Kind::kOther, false,
     "the installed libcurl does not know an option that is needed"},
    {CURLE_SETOPT_OPTION_SYNTAX, Kind::kOther, false,
     "libcurl refused the form of an option"},
    {CURLE_OBSOLETE50, Kind::kOther, false, kNotUsed},
    {CURLE_OBSOLETE51, Kind::kOther, false, kNotUsed},
    {CURLE_GOT_NOTHING, Kind::kReceive, true,
     "the server closed the connection without an answer"},
    {CURLE_SSL_ENGINE_NOTFOUND, Kind::kTls, false, kEngine},
    {CURLE_SSL_ENGINE_SETFAILED, Kind::kTls, false, kEngine},
    {CURLE_SEND_ERROR, Kind::kSend, false,
     "the connection broke while the request was sent"},
    {CURLE_RECV_ERROR, Kind::kReceive, false,
     "the connection broke while the answer was awaited"},
    {CURLE_OBSOLETE57, Kind::kOther, false, kNotUsed},
    {CURLE_SSL_CERTPROBLEM, Kind::kTls, false,
     "our client certificate or its key cannot be used; check both files"},
    {CURLE_SSL_CIPHER, Kind::kTls, false, "no common TLS cipher"},
    {CURLE_PEER_FAILED_VERIFICATION, Kind::kTls, false,
     "the server's certificate could not be verified; check the host name and "
     "the certificate authority file"},
    {CURLE_BAD_CONTENT_ENCODING, Kind::kProtocol, true,
     "the answer's compression is damaged or unknown"},
    {CURLE_OBSOLETE62, Kind::kOther, false, kNotUsed},
    {CURLE_FILESIZE_EXCEEDED, Kind::kTooLarge, true, "the answer is too large"},
    {CURLE_USE_SSL_FAILED, Kind::kTls, false, "TLS could not be used"},
    {CURLE_SEND_FAIL_REWIND, Kind::kSend, true,
     "a kept connection broke after the request had been sent on it"},
    {CURLE_SSL_ENGINE_INITFAILED, Kind::kTls, false, kEngine},
    {CURLE_LOGIN_DENIED, Kind::kBadRequest, false, "the URL holds credentials"},
    {CURLE_TFTP_NOTFOUND, Kind::kOther, false, kNotUsed},
    {CURLE_TFTP_PERM, Kind::kOther, false, kNotUsed},
    {CURLE_REMOTE_DISK_FULL, Kind::kOther, false, kNotUsed},
    {CURLE_TFTP_ILLEGAL, Kind::kOther, false, kNotUsed},
    {CURLE_TFTP_UNKNOWNID, Kind::kOther, false, kNotUsed},
    {CURLE_REMOTE_FILE_EXISTS, Kind::kOther, false, kNotUsed},
    {CURLE_TFTP_NOSUCHUSER, Kind::kOther, false, kNotUsed},
    {CURLE_OBSOLETE75, Kind::kOther, false, kNotUsed},
    {CURLE_OBSOLETE76, Kind::kOther, false, kNotUsed},
    {CURLE_SSL_CACERT_BADFILE, Kind::kTls, false,
     "the certificate authority file cannot be read; check the path and that "
     "it is PEM"},
    {CURLE_REMOTE_FILE_NOT_FOUND, Kind::kOther, false, kNotUsed},
    {CURLE_SSH, Kind::kOther, false, kNotUsed},
    {CURLE_SSL_SHUTDOWN_FAILED, Kind::kTls, false,
     "TLS could not be shut down"},
    {CURLE_AGAIN, Kind::kOther, false, "libcurl asked to be called again"},
    {CURLE_SSL_CRL_BADFILE, Kind::kTls, false,
     "the certificate revocation list cannot be read"},
    {CURLE_SSL_ISSUER_ERROR, Kind::kTls, false,
     "the issuer of the server's certificate is not the expected one"},
    {CURLE_FTP_PRET_FAILED, Kind::kOther, false, kNotUsed},
    {CURLE_RTSP_CSEQ_ERROR, Kind::kOther, false, kNotUsed},
    {CURLE_RTSP_SESSION_ERROR, Kind::kOther, false, kNotUsed},
    {CURLE_FTP_BAD_FILE_LIST, Kind::kOther, false, kNotUsed},
    {CURLE_CHUNK_FAILED, Kind::kOther, false, kNotUsed},
    {CURLE_NO_CONNECTION_AVAILABLE, Kind::kConnect, false,
     "no connection available"},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, Kind::kTls, false,
     "the server's public key is not the expected one"},
    {CURLE_SSL_INVALIDCERTSTATUS, Kind::kTls, false,
     "the status of the server's certificate could not be verified"},
    {CURLE_HTTP2_STREAM, Kind::kProtocol, false, kNotUsed},
    {CURLE_RECURSIVE_API_CALL, Kind::kOther, false,
     "libcurl was called from its own callback"},
    {CURLE_AUTH_ERROR, Kind::kProtocol, false, kNotUsed},
    {CURLE_HTTP3, Kind::kProtocol, false, kNotUsed},
    {CURLE_QUIC_CONNECT_ERROR, Kind::kConnect, false, kNotUsed},
    {CURLE_PROXY, Kind::kConnect, false,
     "the proxy refused or failed; check the proxy settings"},
    {CURLE_SSL_CLIENTCERT, Kind::kTls, false,
     "the server wants a client certificate; set one for this upstream"},
    {CURLE_UNRECOVERABLE_POLL, Kind::kOther, false,
     "waiting on the network failed"},
};

constexpr bool InOrder() {
  for (std::size_t i = 0; i < std::size(kMeanings); ++i) {
    if (static_cast<std::size_t>(kMeanings[i].code) != i) return false;
  }
  return true;
}
static_assert(InOrder(), "a row is missing or out of place");
// A newer libcurl adds codes at the end: give them a row.
static_assert(std::size(kMeanings) == CURL_LAST, "not every code has a row");

}  // namespace

const CodeMeaning& MeaningOf(CURLcode code) {
  const auto index = static_cast<std::size_t>(code);
  // The shared library may be newer than the header.
  return index < std::size(kMeanings) ? kMeanings[index] : kMeanings[CURLE_OK];
}

}  // namespace opcon_snow::http::internal
