// Names, types, runs, and files that are passed on while they arrive.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/digest/sha256.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "snow_gateway/attachments_fixture.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using ::testing::HasSubstr;
using Attached = absl::StatusOr<v1::AttachFileResponse>;

TEST_F(AttachmentsTest, NamesAndTypesAreMadeAcceptable) {
  struct Case {
    std::string name;
    std::string run;
    std::string type;
    std::string sent_name;
    std::string sent_type;
  };
  const std::string longest(300, 'x');
  for (const Case& c : std::vector<Case>{
           {"job log.txt", "", "", "job log.txt", "text/plain"},
           {"job.log", "", "", "job_log.txt", "text/plain"},
           {"JOB.LOG", "", "application/x-log", "JOB_LOG.txt", "text/plain"},
           {"job.log", "4711", "", "job_log_4711.txt", "text/plain"},
           {"a/b\\c\"d\n.txt", "", "", "a_b_c_d_.txt", "text/plain"},
           {"ä€.txt", "", "", "__.txt", "text/plain"},
           {"..", "", "", "file_", "text/plain"},
           {"x.bin", "", "application/x-y", "x.bin", "application/x-y"},
           {"x.csv", "", "text/plain", "x.csv", "text/csv"},
           {longest + ".txt", "", "",
            absl::StrCat(std::string(87, 'x'), "_",
                         Sha256Hex(longest + ".txt").substr(0, 8), ".txt"),
            "text/plain"}}) {
    SCOPED_TRACE(c.name);
    header_.set_file_name(c.name);
    header_.set_run(c.run);
    header_.set_content_type(c.type);
    const std::size_t first = request_count();
    AnswerNotThere();
    AnswerCreated(Row(kContent));
    ASSERT_OK(Attach());
    EXPECT_EQ(ParameterOf(Request(first + 1).url, "file_name"), c.sent_name);
    EXPECT_EQ(Request(first + 1).headers.Get("Content-Type"), c.sent_type);
    EXPECT_THAT(ParameterOf(Request(first).url, "sysparm_query"),
                HasSubstr(absl::StrCat("file_name=", c.sent_name, "^ORDER")));
  }
}

TEST_F(AttachmentsTest, AnotherRunIsAnotherFile) {
  header_.set_run("4712");
  AnswerRows({Row(kContent)});
  AnswerNotThere();
  AnswerCreated(Row(kContent));
  const Attached reply = Attach();
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->created());
}

// Larger than what is received as a whole.
class LargeFileTest : public AttachmentsTest {
 protected:
  LargeFileTest() {
    SetContent(std::string(std::size_t{3} << 20, 'x'));
    Split();
  }
  void Split() {
    const std::string content = chunks_.front();
    chunks_.clear();
    for (std::size_t i = 0; i < content.size(); i += kMaxSent) {
      chunks_.push_back(content.substr(i, kMaxSent));
    }
  }
  static constexpr std::size_t kMaxSent = std::size_t{200} * 1000;
};

TEST_F(LargeFileTest, ArrivesWhole) {
  AnswerNotThere();
  const std::string content(std::size_t{3} << 20, 'x');
  AnswerCreated(Row(content));
  const Attached reply = Attach();
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->created());
  EXPECT_EQ(Request(1).body, content);
}

TEST_F(LargeFileTest, ItsEndIsNotSentUnlessSizeAndHashFit) {
  const std::vector<std::string> good = chunks_;
  std::vector<std::string> cut = good;
  cut.pop_back();
  std::vector<std::string> more = good;
  more.emplace_back("x");
  std::vector<std::string> other = good;
  other.front()[0] = 'y';
  for (const auto& chunks : {cut, more, other}) {
    chunks_ = chunks;
    const std::size_t first = request_count();
    AnswerNotThere();
    // Only asked for if the whole body came.
    transport_->Handle([](const auto& request) -> http::Result {
      ADD_FAILURE() << "sent " << request.body.size();
      return http::TransportError();
    });
    EXPECT_THAT(Attach(), HasReason("CHECKSUM_MISMATCH"));
    EXPECT_LE(request_count(), first + 2);
    transport_ = std::make_shared<http::FakeTransport>(&loop_);
    instance_ = MakeInstance();
  }
}

TEST_F(LargeFileTest, AnAnswerBeforeTheEndIsHeard) {
  AnswerNotThere();
  AnswerJson(503, "{}");
  AnswerNotThere();
  EXPECT_THAT(Attach(), HasReason("UPSTREAM_UNAVAILABLE"));
}

TEST_F(LargeFileTest, CannotBeSentAgainAfterANewLogin) {
  instance_ = MakeInstance(ClientCredentials());
  AnswerJson(200, R"({"access_token":"t1","expires_in":1800})");
  AnswerNotThere();
  AnswerJson(401, ErrorBody("User Not Authenticated", ""));
  const Attached reply = Attach();
  EXPECT_THAT(reply, HasReason("UPSTREAM_UNAVAILABLE"));
  EXPECT_EQ(RetryDelay(reply.status()), absl::Seconds(1));
  // The repetition logs in anew.
  AnswerJson(200, R"({"access_token":"t2","expires_in":1800})");
  AnswerNotThere();
  AnswerCreated(Row(std::string(std::size_t{3} << 20, 'x')));
  EXPECT_OK(Attach());
}

}  // namespace
}  // namespace opcon_snow::snow
