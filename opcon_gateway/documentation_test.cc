#include "opcon_gateway/documentation.h"

#include <memory>
#include <string>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "opcon_gateway/client_fixture.h"
#include "opcon_gateway/sample_job.h"

namespace opcon_snow::opcon {
namespace {

using absl::StatusCode;
using nlohmann::json;
using ::testing::SizeIs;
namespace v1 = ::opcon::v1;

constexpr char kUrl[] =
    "https://opcon.example:9010/api/dailyjobs/"
    "20260105%7C16%7C1%7CJOB001/documentation";

TEST(AppendParagraphTest, LeavesABlankLineBetween) {
  EXPECT_EQ(AppendParagraph("", "new"), "new");
  EXPECT_EQ(AppendParagraph("old", "new"), "old\n\nnew");
  EXPECT_EQ(AppendParagraph("old\n", "new"), "old\n\nnew");
  EXPECT_EQ(AppendParagraph("old\n\n", "new"), "old\n\nnew");
}

TEST(AppendParagraphTest, KeepsTheKindOfLineBreaks) {
  EXPECT_EQ(AppendParagraph("a\r\nb", "c\nd\r\ne"),
            "a\r\nb\r\n\r\nc\r\nd\r\ne");
  EXPECT_EQ(AppendParagraph("a\r\n\r\n", "c"), "a\r\n\r\nc");
  EXPECT_EQ(AppendParagraph("a\nb", "c\r\nd"), "a\nb\n\nc\nd");
}

class DocumentationTest : public ClientFixture {
 protected:
  DocumentationTest() { selector.set_id("20260105|16|1|JOB001"); }

  absl::StatusOr<v1::JobDocumentation> Get() {
    return Run(documentation->Get(selector, scope));
  }
  absl::StatusOr<DocumentationAppended> Append() {
    const std::string text = "INC0010025 replaces INC0010024";
    const std::string marker = "replaces INC0010024";
    return Run(documentation->Append(selector, text, marker, scope));
  }

  v1::JobSelector selector;
  std::unique_ptr<Documentation> documentation =
      std::make_unique<Documentation>(rest.get(), jobs.get());
};

TEST_F(DocumentationTest, Reads) {
  transport->Answer(200, R"({"id":7,"job":"Call Joe","frequency":"Daily"})");
  ASSERT_OK_AND_ASSIGN(v1::JobDocumentation got, Get());
  EXPECT_EQ(Line(0), std::string("GET ") + kUrl);
  EXPECT_EQ(got.documentation_id(), 7);
  EXPECT_EQ(got.job_text(), "Call Joe");
  EXPECT_EQ(got.frequency_text(), "Daily");
}

TEST_F(DocumentationTest, ReadsEveryShapeOfNothing) {
  for (const char* body : {"", "null", "[]", "{}", "[null]"}) {
    transport->Answer(*body == 0 ? 204 : 200, body);
    ASSERT_OK_AND_ASSIGN(v1::JobDocumentation got, Get());
    EXPECT_EQ(got.job_text(), "") << body;
  }
  transport->Answer(200, R"([{"id":7,"job":"in a list"}])");
  EXPECT_EQ(Get()->job_text(), "in a list");
}

TEST_F(DocumentationTest, TellsNoDocumentationFromNoJob) {
  transport->Answer(404, "");
  transport->Answer(200, SampleJob().dump());
  ASSERT_OK_AND_ASSIGN(v1::JobDocumentation got, Get());
  EXPECT_EQ(got.job_text(), "");
  transport->Answer(404, "");
  transport->Answer(404, "");
  EXPECT_THAT(Get(), HasReason("JOB_NOT_FOUND"));
}

TEST_F(DocumentationTest, LooksTheIdUpFirst) {
  selector.set_uid(4711);
  transport->Answer(200, json::array({SampleJob()}).dump());
  transport->Answer(200, R"({"id":7,"job":"x"})");
  ASSERT_OK(Get().status());
  EXPECT_EQ(Line(1), std::string("GET ") + kUrl);
}

TEST_F(DocumentationTest, AppendsToWhatIsThere) {
  transport->Answer(200, R"({"id":7,"job":"Call Joe","frequency":null})");
  transport->Answer(200, "");
  transport->Answer(200,
                    R"({"id":7,"frequency":null,)"
                    R"("job":"Call Joe\n\nINC0010025 replaces INC0010024"})");
  ASSERT_OK_AND_ASSIGN(DocumentationAppended appended, Append());
  EXPECT_TRUE(appended.changed);
  EXPECT_EQ(appended.documentation.job_text(),
            "Call Joe\n\nINC0010025 replaces INC0010024");
  EXPECT_EQ(Line(1), std::string("PUT ") + kUrl + "/7");
  EXPECT_EQ(json::parse(Request(1).body),
            json({{"id", 7},
                  {"frequency", nullptr},
                  {"job", "Call Joe\n\nINC0010025 replaces INC0010024"}}));
}

TEST_F(DocumentationTest, ASuccessThatIsNotToBeSeenIsNone) {
  transport->Answer(200, R"({"id":7,"job":"Call Joe","frequency":null})");
  transport->Answer(202, "");
  transport->Answer(200, R"({"id":7,"job":"Call Joe","frequency":null})");
  const auto appended = Append();
  EXPECT_THAT(appended, StatusIs(StatusCode::kInternal));
  EXPECT_THAT(appended, HasReason("UPSTREAM_FAILURE"));
}

TEST_F(DocumentationTest, BeginsADocumentation) {
  transport->Answer(200, "null");
  transport->Answer(201, R"({"id":8,"frequency":null,)"
                         R"("job":"INC0010025 replaces INC0010024"})");
  ASSERT_OK_AND_ASSIGN(DocumentationAppended appended, Append());
  EXPECT_EQ(Line(1), std::string("POST ") + kUrl);
  EXPECT_EQ(appended.documentation.documentation_id(), 8);
}

TEST_F(DocumentationTest, IsCheckedByItsMarker) {
  transport->Answer(200, R"({"id":7,"job":"INC9 replaces INC0010024 now"})");
  ASSERT_OK_AND_ASSIGN(DocumentationAppended appended, Append());
  EXPECT_FALSE(appended.changed);
  EXPECT_EQ(appended.documentation.job_text(), "INC9 replaces INC0010024 now");
  EXPECT_THAT(transport->requests(), SizeIs(1));
}

TEST_F(DocumentationTest, ALostAnswerIsAnUnknownOutcome) {
  transport->Answer(200, "null");
  transport->Fail(http::TransportError::Kind::kTimeout, true);
  EXPECT_THAT(Append(), HasReason("OUTCOME_UNKNOWN"));
}

}  // namespace
}  // namespace opcon_snow::opcon
