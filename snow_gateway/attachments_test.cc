#include "snow_gateway/attachments.h"

#include <optional>
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
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = http::TransportError::Kind;
using Attached = absl::StatusOr<v1::AttachFileResponse>;
using Part = std::optional<v1::AttachFileRequest>;

constexpr std::int64_t kBudget = std::int64_t{32} << 20;

TEST_F(AttachmentsTest, AttachesWhatIsNotThere) {
  chunks_ = {"line 1\n", "line 2\n"};
  AnswerNotThere();
  AnswerCreated(Row(kContent));
  const Attached reply = Attach();
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->created());
  EXPECT_EQ(reply->attachment().sys_id(), kOtherSysId);
  EXPECT_EQ(reply->attachment().sha256(), Sha256Hex(kContent));
  EXPECT_EQ(PathOf(Request(0).url), "/api/now/v1/attachment");
  EXPECT_EQ(ParameterOf(Request(0).url, "sysparm_query"),
            absl::StrCat("table_name=incident^table_sys_id=", kSysId,
                         "^file_name=job log.txt^ORDERBYsys_created_on"
                         "^ORDERBYsys_id"));
  EXPECT_EQ(PathOf(Request(1).url), "/api/now/v1/attachment/file");
  EXPECT_EQ(ParameterOf(Request(1).url, "table_name"), "incident");
  EXPECT_EQ(ParameterOf(Request(1).url, "table_sys_id"), kSysId);
  EXPECT_EQ(ParameterOf(Request(1).url, "file_name"), "job log.txt");
  EXPECT_EQ(Request(1).headers.Get("Content-Type"), "text/plain");
  EXPECT_EQ(Request(1).body, kContent);
  EXPECT_TRUE(Request(1).streamed);
}

TEST_F(AttachmentsTest, WhatIsThereIsNotEvenReceived) {
  AnswerRows({Row(kContent)});
  const Attached reply = Attach();
  ASSERT_OK(reply);
  EXPECT_FALSE(reply->created());
  EXPECT_EQ(reply->attachment().sys_id(), kOtherSysId);
  EXPECT_EQ(parts_read_, 1);
  EXPECT_EQ(request_count(), 1u);
}

TEST_F(AttachmentsTest, AnotherFileOfTheSameNameIsNoReason) {
  AnswerRows({Row("line 1\nline 3\n"), Row("other")});
  AnswerNotThere();
  AnswerCreated(Row(kContent));
  const Attached reply = Attach();
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->created());
}

TEST_F(AttachmentsTest, WithoutHashesFilesOfTheSameSizeAreRead) {
  json row = Row(kContent);
  row.erase("hash");
  AnswerRows({row});
  transport_->Answer(200, kContent, {{"Content-Type", "text/plain"}});
  Attached reply = Attach();
  ASSERT_OK(reply);
  EXPECT_FALSE(reply->created());
  EXPECT_EQ(PathOf(Request(1).url),
            absl::StrCat("/api/now/v1/attachment/", kOtherSysId, "/file"));

  AnswerRows({row});
  transport_->Answer(200, "line 1\nline 3\n", {{"Content-Type", "text/plain"}});
  AnswerNotThere();
  AnswerCreated(Row(kContent));
  reply = Attach();
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->created());
}

TEST_F(AttachmentsTest, NothingIsStoredUnlessSizeAndHashFit) {
  const std::vector<std::vector<std::string>> streams = {
      {}, {"line 1\n"}, {kContent, "x"}, {"line 1\nline 3\n"}};
  for (const auto& stream : streams) {
    chunks_ = stream;
    AnswerNotThere();
    const Attached reply = Attach();
    EXPECT_THAT(reply, HasReason("CHECKSUM_MISMATCH"));
    EXPECT_THAT(reply, StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_EQ(request_count(), streams.size());
  EXPECT_EQ(transport_->unused(), 0u);
}

TEST_F(AttachmentsTest, AnEmptyFileIsAFile) {
  SetContent("");
  AnswerNotThere();
  AnswerCreated(Row(""));
  ASSERT_OK(Attach());
  EXPECT_EQ(Request(1).body, "");
  EXPECT_EQ(Request(1).method, http::Method::kPost);
}

TEST_F(AttachmentsTest, RefusesAStreamThatIsNone) {
  EXPECT_THAT(AttachParts(), HasReason("INVALID_REQUEST"));
  v1::AttachFileRequest part;
  part.set_chunk("x");
  parts_.push_back(part);
  EXPECT_THAT(AttachParts(), HasReason("INVALID_REQUEST"));
  EXPECT_EQ(request_count(), 0u);

  AnswerNotThere();
  *part.mutable_header() = header_;
  parts_ = {part, part};
  EXPECT_THAT(AttachParts(), HasReason("INVALID_REQUEST"));
  AnswerNotThere();
  v1::AttachFileRequest huge;
  huge.set_chunk(std::string(256 * 1024 + 1, 'x'));
  parts_ = {part, huge};
  EXPECT_THAT(AttachParts(), HasReason("INVALID_REQUEST"));
}

TEST_F(AttachmentsTest, NamesEveryFaultOfTheHeader) {
  header_.set_table("No Table");
  header_.set_record_sys_id("x");
  header_.set_content_type("text/plain\r\nX-Evil: 1");
  header_.set_size_bytes(std::int64_t{65} << 20);
  header_.set_sha256("ABC");
  header_.set_run("run 1");
  for (const std::string& name : {std::string(), std::string(1001, 'x')}) {
    header_.set_file_name(name);
    const Attached reply = Attach();
    EXPECT_THAT(reply, HasReason("INVALID_REQUEST"));
    EXPECT_EQ(GetErrorDetails(reply.status())->violations.size(), 7u) << name;
  }
  EXPECT_EQ(request_count(), 0u);
}

TEST_F(AttachmentsTest, TakesMediaTypesWithParameters) {
  header_.set_content_type("text/plain; charset=utf-8");
  AnswerNotThere();
  AnswerCreated(Row(kContent));
  ASSERT_OK(Attach());
  EXPECT_EQ(Request(1).headers.Get("Content-Type"),
            "text/plain; charset=utf-8");
}

TEST_F(AttachmentsTest, ARefusedFileSaysSo) {
  AnswerNotThere();
  AnswerJson(400, ErrorBody("Invalid file type", ".log is not allowed"));
  AnswerNotThere();
  const Attached reply = Attach();
  EXPECT_THAT(reply, HasReason("ATTACHMENT_REFUSED"));
  EXPECT_THAT(std::string(reply.status().message()),
              HasSubstr(".log is not allowed"));
}

TEST_F(AttachmentsTest, AMissingRecordIsNotFound) {
  AnswerNotThere();
  AnswerNoRecord();
  EXPECT_THAT(Attach(), HasReason("RECORD_NOT_FOUND"));
}

TEST_F(AttachmentsTest, AFailedUploadIsSettledByLooking) {
  AnswerNotThere();
  transport_->Fail(Kind::kReceive, true);
  AnswerRows({Row(kContent)});
  Attached reply = Attach();
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->created());

  AnswerNotThere();
  transport_->Fail(Kind::kTimeout, true);
  AnswerNotThere();
  EXPECT_THAT(Attach(), HasReason("OUTCOME_UNKNOWN"));

  AnswerNotThere();
  AnswerJson(500, ErrorBody("x", "y"));
  AnswerNotThere();
  EXPECT_THAT(Attach(), HasReason("UPSTREAM_FAILURE"));

  AnswerNotThere();
  AnswerJson(500, ErrorBody("x", "y"));
  AnswerJson(503, "{}");
  EXPECT_THAT(Attach(), HasReason("OUTCOME_UNKNOWN"));
  EXPECT_EQ(transport_->unused(), 0u);
}

TEST_F(AttachmentsTest, AnUploadIsSentAgainAfterANewLogin) {
  instance_ = MakeInstance(ClientCredentials());
  AnswerJson(200, R"({"access_token":"t1","expires_in":1800})");
  AnswerNotThere();
  AnswerJson(401, ErrorBody("User Not Authenticated", ""));
  AnswerJson(200, R"({"access_token":"t2","expires_in":1800})");
  AnswerCreated(Row(kContent));
  ASSERT_OK(Attach());
  EXPECT_EQ(Request(2).body, kContent);
  EXPECT_EQ(Request(4).body, kContent);
}

TEST_F(AttachmentsTest, OtherBytesThanWereSentAreAFailure) {
  AnswerNotThere();
  AnswerCreated(Row("something else"));
  EXPECT_THAT(Attach(), HasReason("UPSTREAM_FAILURE"));
}

TEST_F(AttachmentsTest, MemoryIsBounded) {
  const auto all = instance_->upload_budget().Take(kBudget);
  ASSERT_TRUE(all.ok());
  AnswerNotThere();
  const Attached reply = Attach();
  EXPECT_THAT(reply, HasReason("GATEWAY_OVERLOADED"));
  EXPECT_TRUE(RetryDelay(reply.status()).has_value());
  EXPECT_EQ(parts_read_, 1);
}

TEST_F(AttachmentsTest, TheBudgetIsGivenBack) {
  for (int i = 0; i < 3; ++i) {
    AnswerNotThere();
    AnswerCreated(Row(kContent));
    ASSERT_OK(Attach());
  }
  EXPECT_TRUE(instance_->upload_budget().Take(kBudget).ok());
}

TEST_F(AttachmentsTest, NoneMayBeToldAsNotFound) {
  v1::ListAttachmentsRequest request;
  request.set_record_sys_id(kSysId);
  AnswerNoRecord();
  const auto reply = Run(ListAttachments(instance_, request, Scope()));
  ASSERT_OK(reply);
  EXPECT_EQ(reply->attachments_size(), 0);
}

TEST_F(AttachmentsTest, ListsThoseOfTheRecord) {
  v1::ListAttachmentsRequest request;
  request.set_record_sys_id(kSysId);
  json foreign = Row("x");
  foreign["table_sys_id"] = kOtherSysId;
  AnswerRows({Row(kContent), foreign});
  const auto reply = Run(ListAttachments(instance_, request, Scope()));
  ASSERT_OK(reply);
  ASSERT_EQ(reply->attachments_size(), 1);
  EXPECT_EQ(reply->attachments(0).file_name(), "job log.txt");
}

// --- Reading ---------------------------------------------------------------

class ReadAttachmentTest : public AttachmentsTest {
 protected:
  static async::Task<absl::Status> Take(ReadAttachmentTest* self,
                                        v1::ReadAttachmentResponse part) {
    if (part.has_header()) {
      self->announced_ = part.header();
    } else {
      self->received_ += part.chunk();
      self->largest_ = std::max(self->largest_, part.chunk().size());
    }
    co_return self->caller_;
  }

  absl::Status Read() {
    v1::ReadAttachmentRequest request;
    request.set_sys_id(kOtherSysId);
    WritePart write = [this](v1::ReadAttachmentResponse part) {
      return Take(this, std::move(part));
    };
    return Run(ReadAttachment(instance_, request, std::move(write), Scope()));
  }

  std::optional<v1::Attachment> announced_;
  std::string received_;
  std::size_t largest_ = 0;
  absl::Status caller_;
};

TEST_F(ReadAttachmentTest, StreamsHeaderAndBytes) {
  std::string content;
  for (int i = 0; i < 100'000; ++i) absl::StrAppend(&content, i, "\n");
  AnswerResult(Row(content));
  transport_->Answer(200, content, {{"Content-Type", "text/plain"}});
  EXPECT_OK(Read());
  EXPECT_EQ(announced_->file_name(), "job log.txt");
  EXPECT_EQ(received_, content);
  EXPECT_LE(largest_, 64u * 1024);
}

TEST_F(ReadAttachmentTest, AnEmptyFileHasOnlyAHeader) {
  AnswerResult(Row(""));
  EXPECT_OK(Read());
  EXPECT_TRUE(announced_.has_value());
  EXPECT_EQ(request_count(), 1u);
}

TEST_F(ReadAttachmentTest, EndsWithAnErrorIfTheBytesAreOthers) {
  AnswerResult(Row(kContent));
  transport_->Answer(200, "line 1\nline 3\n", {{"Content-Type", "text/plain"}});
  EXPECT_THAT(Read(), HasReason("UPSTREAM_UNAVAILABLE"));
  AnswerResult(Row(kContent));
  AnswerNoRecord();
  EXPECT_THAT(Read(), HasReason("RECORD_NOT_FOUND"));
  AnswerResult(Row(kContent));
  transport_->Fail(Kind::kReceive, true);
  EXPECT_THAT(Read(), HasReason("UPSTREAM_UNAVAILABLE"));
  AnswerResult(Row(kContent));
  transport_->Answer(200, std::string(kContent) + "more",
                     {{"Content-Type", "text/plain"}});
  EXPECT_THAT(Read(), HasReason("UPSTREAM_UNAVAILABLE"));
}

TEST_F(ReadAttachmentTest, RefusesWhatIsTooLarge) {
  json row = Row(kContent);
  row["size_bytes"] = absl::StrCat(std::int64_t{65} << 20);
  AnswerResult(row);
  EXPECT_THAT(Read(), HasReason("TOO_LARGE"));
  EXPECT_EQ(request_count(), 1u);
}

TEST_F(ReadAttachmentTest, EndsWhenTheCallerIsGone) {
  AnswerResult(Row(kContent));
  caller_ = absl::CancelledError("gone");
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(received_, IsEmpty());
}

}  // namespace
}  // namespace opcon_snow::snow
