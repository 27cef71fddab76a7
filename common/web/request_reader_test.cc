#include "common/web/request_reader.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::web {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Seen {
  std::vector<std::string> requests;  // "METHOD target body"
  int status = 0;                     // of the refusal
  std::string problem;
};

// What comes out when the bytes come in pieces of this size.
Seen ReadAll(const std::string& bytes, std::size_t piece) {
  RequestReader reader({.max_header_bytes = 1024, .max_body_bytes = 100});
  Seen seen;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.Append(bytes.substr(at, piece));
    while (true) {
      const RequestReader::State state = reader.Advance();
      if (state == RequestReader::State::kNeedsMore) break;
      if (state == RequestReader::State::kFailed) {
        seen.status = reader.problem().status;
        seen.problem = reader.problem().body;
        return seen;
      }
      if (state == RequestReader::State::kHead) continue;
      const Request request = reader.Take();
      seen.requests.push_back(
          absl::StrCat(request.method, " ", request.target, " ", request.body));
    }
  }
  return seen;
}

std::string Get(const std::string& headers) {
  return absl::StrCat("GET /a?b HTTP/1.1\r\nHost: localhost\r\n", headers,
                      "\r\n");
}

std::string Chunked(const std::string& body) {
  return absl::StrCat(
      "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
      body);
}

TEST(RequestReaderTest, ReadsRequestsHoweverTheyAreCut) {
  const std::string bytes = absl::StrCat(
      Get(""),
      "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab\r\nc",
      Chunked("2\r\nxy\r\n01;ext=\"v\"\r\nz\r\n0\r\nT: r\r\n\r\n"), Get(""));
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    SCOPED_TRACE(piece);
    EXPECT_THAT(ReadAll(bytes, piece).requests,
                ElementsAre("GET /a?b ", "POST /p ab\r\nc", "POST /p xyz",
                            "GET /a?b "));
  }
}

TEST(RequestReaderTest, RefusesWhatIsNotStrictlyHttp) {
  const struct {
    std::string bytes;
    int status;
  } kCases[] = {
      {"\x16\x03\x01 TLS\r\n\r\n", 400},
      {"GET /\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},  // no Host
      {Get("Host: other\r\n"), 400},
      {Get("Name : blank\r\n"), 400},
      {Get("No colon\r\n"), 400},
      {Get(absl::StrCat("Nul: ", std::string(1, '\0'), "\r\n")), 400},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"GET / HTTP/0.9\r\n\r\n", 505},
      {Get("Content-Length: 1\r\nContent-Length: 2\r\n"), 400},
      {Get("Content-Length: -1\r\n"), 400},
      {Get("Content-Length: 1x\r\n"), 400},
      {Get("Content-Length: 101\r\n"), 413},
      {Get("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400},
      {Get("Transfer-Encoding: gzip\r\n"), 501},
      {Get("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
      {Get("Expect: tea\r\n"), 417},
      {Chunked("x\r\n"), 400},
      {Chunked("1\r\nabc\r\n"), 400},
      {Chunked("ffffffffffffffff\r\n"), 413},
      {Chunked("65\r\n"), 413},
      {Chunked("64\r\n" + std::string(100, 'x') + "\r\n1\r\nx\r\n"), 413},
      {Chunked(absl::StrCat("1;", std::string(2000, 'x'))), 431},
      {Get(absl::StrCat("X: ", std::string(2000, 'x'))), 431},
      {std::string(2000, 'x'), 431},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.bytes);
    EXPECT_EQ(ReadAll(test.bytes, test.bytes.size()).status, test.status);
    EXPECT_EQ(ReadAll(test.bytes, 1).status, test.status);
  }
}

TEST(RequestReaderTest, ARefusalSaysTheBound) {
  EXPECT_THAT(ReadAll(Get("Content-Length: 101\r\n"), 1000).problem,
              HasSubstr("more than 100 bytes"));
}

// What a client pays for a body byte has a bound, too.
TEST(RequestReaderTest, ChunkExtensionsDoNotGoOnForEver) {
  std::string bytes;
  for (int i = 0; i < 90; ++i) {
    absl::StrAppend(&bytes, "1;", std::string(100, 'x'), "\r\ny\r\n");
  }
  EXPECT_EQ(ReadAll(Chunked(bytes), 1000).status, 413);
}

TEST(RequestReaderTest, TellsWhoWaitsAndWhoStays) {
  RequestReader reader({});
  EXPECT_FALSE(reader.HasBegun());
  reader.Append(
      "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n"
      "Content-Length: 1\r\n\r\n");
  EXPECT_TRUE(reader.HasBegun());
  ASSERT_EQ(reader.Advance(), RequestReader::State::kHead);
  EXPECT_EQ(reader.head().Header("content-length"), "1");
  EXPECT_TRUE(reader.ExpectsContinue());
  EXPECT_TRUE(reader.KeepsAlive());
  reader.Append("xGET / HTTP/1.0\r\n\r\n");
  EXPECT_FALSE(reader.ExpectsContinue());
  ASSERT_EQ(reader.Advance(), RequestReader::State::kComplete);
  EXPECT_EQ(reader.Take().body, "x");
  ASSERT_EQ(reader.Advance(), RequestReader::State::kHead);
  EXPECT_FALSE(reader.KeepsAlive());
}

}  // namespace
}  // namespace opcon_snow::web
