#include "common/http/curl_code.h"

#include <string>

#include "gtest/gtest.h"

namespace opcon_snow::http::internal {
namespace {

using Kind = TransportError::Kind;

// That every code has exactly one row, in order, is a static_assert in the
// table. These are the codes that HTTP/1.1 over TLS can give, each with what
// the gateways rely on; a wrong `implies_sent` would repeat a write or park one
// that could be repeated.
struct Case {
  CURLcode code;
  Kind kind;
  bool implies_sent;
};

constexpr Case kCases[] = {
    {CURLE_UNSUPPORTED_PROTOCOL, Kind::kBadRequest, false},
    {CURLE_URL_MALFORMAT, Kind::kBadRequest, false},
    {CURLE_LOGIN_DENIED, Kind::kBadRequest, false},
    {CURLE_COULDNT_RESOLVE_PROXY, Kind::kResolve, false},
    {CURLE_COULDNT_RESOLVE_HOST, Kind::kResolve, false},
    {CURLE_COULDNT_CONNECT, Kind::kConnect, false},
    {CURLE_INTERFACE_FAILED, Kind::kConnect, false},
    {CURLE_NO_CONNECTION_AVAILABLE, Kind::kConnect, false},
    {CURLE_PROXY, Kind::kConnect, false},
    {CURLE_SSL_CONNECT_ERROR, Kind::kTls, false},
    {CURLE_SSL_CERTPROBLEM, Kind::kTls, false},
    {CURLE_SSL_CIPHER, Kind::kTls, false},
    {CURLE_PEER_FAILED_VERIFICATION, Kind::kTls, false},
    {CURLE_SSL_CACERT_BADFILE, Kind::kTls, false},
    {CURLE_SSL_CRL_BADFILE, Kind::kTls, false},
    {CURLE_SSL_ISSUER_ERROR, Kind::kTls, false},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, Kind::kTls, false},
    {CURLE_SSL_INVALIDCERTSTATUS, Kind::kTls, false},
    {CURLE_SSL_CLIENTCERT, Kind::kTls, false},
    {CURLE_OPERATION_TIMEDOUT, Kind::kTimeout, false},
    {CURLE_SEND_ERROR, Kind::kSend, false},
    {CURLE_UPLOAD_FAILED, Kind::kSend, false},
    {CURLE_SEND_FAIL_REWIND, Kind::kSend, true},
    {CURLE_RECV_ERROR, Kind::kReceive, false},
    {CURLE_GOT_NOTHING, Kind::kReceive, true},
    {CURLE_PARTIAL_FILE, Kind::kReceive, true},
    {CURLE_WEIRD_SERVER_REPLY, Kind::kProtocol, true},
    {CURLE_BAD_CONTENT_ENCODING, Kind::kProtocol, true},
    {CURLE_FILESIZE_EXCEEDED, Kind::kTooLarge, true},
    {CURLE_READ_ERROR, Kind::kSource, false},
    {CURLE_WRITE_ERROR, Kind::kOther, true},
    {CURLE_OUT_OF_MEMORY, Kind::kOther, false},
    {CURLE_FAILED_INIT, Kind::kOther, false},
    {CURLE_ABORTED_BY_CALLBACK, Kind::kOther, false},
    {CURLE_UNRECOVERABLE_POLL, Kind::kOther, false},
};

TEST(CurlCodeTest, CodesOfHttpHaveTheirKind) {
  for (const Case& c : kCases) {
    const CodeMeaning& meaning = MeaningOf(c.code);
    EXPECT_EQ(meaning.code, c.code);
    EXPECT_EQ(KindName(meaning.kind), KindName(c.kind)) << c.code;
    EXPECT_EQ(meaning.implies_sent, c.implies_sent) << c.code;
  }
}

TEST(CurlCodeTest, EveryCodeHasARowWithAText) {
  for (int i = 0; i < CURL_LAST; ++i) {
    const auto code = static_cast<CURLcode>(i);
    const CodeMeaning& meaning = MeaningOf(code);
    EXPECT_EQ(meaning.code, code);
    EXPECT_GT(std::string(meaning.text).size(), 4u) << i;
  }
}

TEST(CurlCodeTest, CodesOfANewerLibraryAreNotRefused) {
  EXPECT_EQ(MeaningOf(static_cast<CURLcode>(CURL_LAST + 3)).kind, Kind::kOther);
}

}  // namespace
}  // namespace opcon_snow::http::internal
