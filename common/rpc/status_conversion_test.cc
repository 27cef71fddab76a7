#include "common/rpc/status_conversion.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "google/protobuf/duration.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"

namespace opcon_snow::rpc {
namespace {

using ::testing::Ge;
using ::testing::Le;
using ::testing::SizeIs;
using ::testing::StartsWith;

google::rpc::Status DetailsOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

int CountErrorInfos(const grpc::Status& status) {
  int count = 0;
  const google::rpc::Status details = DetailsOf(status);
  for (const auto& detail : details.details()) {
    if (detail.Is<google::rpc::ErrorInfo>()) ++count;
  }
  return count;
}

TEST(StatusConversionTest, EveryCodeSurvivesTheRoundTrip) {
  for (int raw = 0; raw <= 16; ++raw) {
    const auto code = static_cast<absl::StatusCode>(raw);
    const grpc::Status there =
        ToGrpcStatus(absl::Status(code, "what happened"), "test");
    EXPECT_EQ(static_cast<int>(there.error_code()), raw);
    const absl::Status back = FromGrpcStatus(there);
    EXPECT_EQ(back.code(), code);
    if (code == absl::StatusCode::kOk) {
      EXPECT_EQ(there.error_details(), "");
      continue;
    }
    EXPECT_EQ(back.message(), "what happened");
    EXPECT_EQ(CountErrorInfos(there), 1);
    EXPECT_EQ(GetErrorReason(back), absl::StatusCodeToString(code));
    EXPECT_EQ(GetErrorDetails(back)->domain, "test");
    EXPECT_EQ(DetailsOf(there).code(), raw);
    EXPECT_EQ(DetailsOf(there).message(), "what happened");
  }
}

TEST(StatusConversionTest, EveryDetailSurvivesTheRoundTrip) {
  ErrorDetails details;
  details.reason = "JOB_NOT_FOUND";
  details.domain = "opcon-gateway.opcon-snow";
  details.metadata = {{"http_status_code", "404"}, {"outcome", "unknown"}};
  details.retry_after = absl::Milliseconds(1500);
  details.violations = {{"job.name", "is empty"}};
  const grpc::Status there = ToGrpcStatus(
      MakeError(absl::StatusCode::kNotFound, "no job", details), "other");
  EXPECT_EQ(CountErrorInfos(there), 1);
  const absl::Status back = FromGrpcStatus(there);
  EXPECT_EQ(GetErrorDetails(back), details);
  EXPECT_TRUE(IsOutcomeUnknown(back));
}

TEST(StatusConversionTest, PassingAnErrorOnKeepsItsOrigin) {
  ErrorDetails details;
  details.reason = "JOB_NOT_FOUND";
  details.domain = "opcon-gateway.opcon-snow";
  const absl::Status first = FromGrpcStatus(ToGrpcStatus(
      MakeError(absl::StatusCode::kNotFound, "no job", details), "a"));
  const absl::Status second =
      FromGrpcStatus(ToGrpcStatus(WithContext(first, "step 2"), "b"));
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kNotFound, "step 2: no job"));
  EXPECT_EQ(GetErrorDetails(second), details);
}

TEST(StatusConversionTest, CutsWhatWouldNotFitIntoTrailers) {
  ErrorDetails details;
  details.reason = std::string(1000, 'R');
  details.domain = std::string(1000, 'd');
  details.metadata[kOutcomeKey] = kOutcomeUnknown;
  for (int i = 0; i < 100; ++i) {
    details.metadata[absl::StrCat(std::string(500, 'k'), i)] =
        std::string(5000, 'v');
    details.metadata[absl::StrCat("key", i)] = std::string(5000, 'v');
    details.violations.push_back(
        {std::string(1000, 'f'), std::string(1000, 'd')});
  }
  details.retry_after = absl::Seconds(1);
  const grpc::Status there =
      ToGrpcStatus(MakeError(absl::StatusCode::kUnavailable,
                             std::string(100'000, 'm'), details),
                   "test");
  EXPECT_THAT(there.error_message(), SizeIs(Le(kMaxStatusMessageBytes)));
  EXPECT_THAT(there.error_details(), SizeIs(Le(kMaxStatusDetailsBytes)));
  const absl::Status back = FromGrpcStatus(there);
  const auto kept = GetErrorDetails(back);
  ASSERT_TRUE(kept.has_value());
  EXPECT_THAT(kept->reason, StartsWith("RRR"));
  EXPECT_EQ(kept->retry_after, absl::Seconds(1));
  EXPECT_TRUE(IsOutcomeUnknown(back)) << "what must not be lost";
  EXPECT_THAT(kept->metadata, SizeIs(Ge(2U))) << "what fits is kept";
}

TEST(StatusConversionTest, MakesEverythingUtf8) {
  ErrorDetails details;
  details.metadata["bytes"] = "a\xFF";
  const grpc::Status there = ToGrpcStatus(
      MakeError(absl::StatusCode::kInternal, "m\xFF", details), "test");
  EXPECT_EQ(there.error_message(), "m\uFFFD");
  EXPECT_EQ(GetErrorDetails(FromGrpcStatus(there))->metadata.at("bytes"),
            "a\uFFFD");
}

TEST(StatusConversionTest, DetailsThatAreNoneAreIgnored) {
  for (const char* garbage : {"\xFF\xFF\xFF", "garbage", "\x08"}) {
    const absl::Status status = FromGrpcStatus(
        grpc::Status(grpc::StatusCode::NOT_FOUND, "no job", garbage));
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, "no job"));
    EXPECT_FALSE(GetErrorDetails(status).has_value());
  }
}

TEST(StatusConversionTest, ForeignDetailsAreKeptOnReading) {
  google::rpc::Status details;
  auto* foreign = details.add_details();
  foreign->set_type_url("type.googleapis.com/some.Thing");
  foreign->set_value("\x01\x02");
  details.add_details();  // without a type
  auto* broken = details.add_details();
  broken->set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  broken->set_value("\xFF\xFF");
  const absl::Status status = FromGrpcStatus(grpc::Status(
      grpc::StatusCode::ABORTED, "m", details.SerializeAsString()));
  EXPECT_EQ(status.GetPayload("type.googleapis.com/some.Thing"), "\x01\x02");
  EXPECT_FALSE(GetErrorDetails(status).has_value());
  const grpc::Status again = ToGrpcStatus(status, "test");
  EXPECT_EQ(CountErrorInfos(again), 1) << "the broken one is replaced";
}

TEST(StatusConversionTest, OfSeveralDetailsOfOneTypeTheFirstCounts) {
  google::rpc::Status details;
  for (const char* reason : {"FIRST", "SECOND"}) {
    google::rpc::ErrorInfo info;
    info.set_reason(reason);
    details.add_details()->PackFrom(info);
  }
  const absl::Status status = FromGrpcStatus(grpc::Status(
      grpc::StatusCode::ABORTED, "m", details.SerializeAsString()));
  EXPECT_THAT(status, HasReason("FIRST"));
}

TEST(StatusConversionTest, UnknownCodesAreUnknown) {
  const absl::Status status =
      FromGrpcStatus(grpc::Status(static_cast<grpc::StatusCode>(30), "m"));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(status.raw_code(), 2);
  EXPECT_EQ(status.message(), "m");
}

}  // namespace
}  // namespace opcon_snow::rpc
