#include "opcon_gateway/error_mapping.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::opcon {
namespace {

using absl::StatusCode;
using Kind = http::TransportError::Kind;
namespace v1 = ::opcon::v1;

struct Meaning {
  StatusCode code;
  v1::ErrorReason reason;
};

// The decision record's table once more, written out by hand.
constexpr Meaning kUnknown = {StatusCode::kUnavailable,
                              v1::ERROR_REASON_OUTCOME_UNKNOWN};
constexpr Meaning kNotOpCon = {StatusCode::kUnavailable,
                               v1::ERROR_REASON_UPSTREAM_NOT_OPCON};
constexpr Meaning kUnavailable = {StatusCode::kUnavailable,
                                  v1::ERROR_REASON_UPSTREAM_UNAVAILABLE};
constexpr Meaning kUnreachable = {StatusCode::kUnavailable,
                                  v1::ERROR_REASON_UPSTREAM_UNREACHABLE};
constexpr Meaning kRejected = {StatusCode::kInvalidArgument,
                               v1::ERROR_REASON_UPSTREAM_REJECTED};
constexpr Meaning kLogin = {StatusCode::kFailedPrecondition,
                            v1::ERROR_REASON_UPSTREAM_AUTHENTICATION_FAILED};
constexpr Meaning kForbidden = {StatusCode::kFailedPrecondition,
                                v1::ERROR_REASON_UPSTREAM_FORBIDDEN};
constexpr Meaning kNotFound = {StatusCode::kNotFound,
                               v1::ERROR_REASON_RECORD_NOT_FOUND};
constexpr Meaning kVersion = {StatusCode::kUnimplemented,
                              v1::ERROR_REASON_UPSTREAM_VERSION};
constexpr Meaning kState = {StatusCode::kFailedPrecondition,
                            v1::ERROR_REASON_JOB_STATE};
constexpr Meaning kTimeout = {StatusCode::kDeadlineExceeded,
                              v1::ERROR_REASON_UPSTREAM_TIMEOUT};
constexpr Meaning kRate = {StatusCode::kResourceExhausted,
                           v1::ERROR_REASON_UPSTREAM_RATE_LIMITED};
constexpr Meaning kFailure = {StatusCode::kInternal,
                              v1::ERROR_REASON_UPSTREAM_FAILURE};
constexpr Meaning kTooLarge = {StatusCode::kOutOfRange,
                               v1::ERROR_REASON_TOO_LARGE};
constexpr Meaning kCancelled = {StatusCode::kCancelled,
                                v1::ERROR_REASON_CANCELLED};
constexpr Meaning kInvalid = {StatusCode::kInvalidArgument,
                              v1::ERROR_REASON_INVALID_REQUEST};

struct AnswerCase {
  int status;
  Meaning read;
  Meaning write;
  // With a page of HTML as body, read and write alike; the same as above
  // where it makes no difference.
  Meaning html_read;
  Meaning html_write;
};

const AnswerCase kAnswerCases[] = {
    {0, kNotOpCon, kUnknown, kNotOpCon, kUnknown},
    {101, kNotOpCon, kUnknown, kNotOpCon, kUnknown},
    {200, kNotOpCon, kUnknown, kNotOpCon, kUnknown},
    {204, kNotOpCon, kUnknown, kNotOpCon, kUnknown},
    {301, kNotOpCon, kNotOpCon, kNotOpCon, kNotOpCon},
    {302, kNotOpCon, kNotOpCon, kNotOpCon, kNotOpCon},
    {304, kNotOpCon, kNotOpCon, kNotOpCon, kNotOpCon},
    {308, kNotOpCon, kNotOpCon, kNotOpCon, kNotOpCon},
    {400, kRejected, kRejected, kNotOpCon, kNotOpCon},
    {401, kLogin, kLogin, kLogin, kLogin},
    {402, kRejected, kRejected, kNotOpCon, kNotOpCon},
    {403, kForbidden, kForbidden, kNotOpCon, kNotOpCon},
    {404, kNotFound, kNotFound, kNotOpCon, kNotOpCon},
    {405, kVersion, kVersion, kNotOpCon, kNotOpCon},
    {406, kRejected, kRejected, kNotOpCon, kNotOpCon},
    {407, kLogin, kLogin, kLogin, kLogin},
    {408, kTimeout, kUnknown, kTimeout, kUnknown},
    {409, kState, kState, kNotOpCon, kNotOpCon},
    {410, kNotFound, kNotFound, kNotOpCon, kNotOpCon},
    {411, kRejected, kRejected, kNotOpCon, kNotOpCon},
    {412, kState, kState, kNotOpCon, kNotOpCon},
    {413, kRejected, kRejected, kNotOpCon, kNotOpCon},
    {415, kRejected, kRejected, kNotOpCon, kNotOpCon},
    {422, kRejected, kRejected, kNotOpCon, kNotOpCon},
    {423, kState, kState, kNotOpCon, kNotOpCon},
    {429, kRate, kRate, kRate, kRate},
    {431, kRejected, kRejected, kNotOpCon, kNotOpCon},
    {451, kRejected, kRejected, kNotOpCon, kNotOpCon},
    {499, kRejected, kRejected, kNotOpCon, kNotOpCon},
    {500, kFailure, kFailure, kFailure, kFailure},
    {501, kVersion, kVersion, kVersion, kVersion},
    {502, kUnavailable, kUnknown, kUnavailable, kUnknown},
    {503, kUnavailable, kUnavailable, kUnavailable, kUnavailable},
    {504, kUnavailable, kUnknown, kUnavailable, kUnknown},
    {505, kFailure, kFailure, kFailure, kFailure},
    {507, kFailure, kFailure, kFailure, kFailure},
    {520, kFailure, kFailure, kFailure, kFailure},
    {599, kFailure, kFailure, kFailure, kFailure},
    {999, kFailure, kFailure, kFailure, kFailure},
};

void ExpectMeaning(const ErrorMapping& mapping, const Meaning& meaning) {
  EXPECT_EQ(mapping.code, meaning.code);
  EXPECT_EQ(ReasonName(mapping.reason), ReasonName(meaning.reason));
}

TEST(ErrorMappingTest, EveryHttpClassHasItsMeaning) {
  for (const AnswerCase& c : kAnswerCases) {
    SCOPED_TRACE(c.status);
    for (BodyForm form :
         {BodyForm::kEmpty, BodyForm::kJson, BodyForm::kOther}) {
      ExpectMeaning(MapAnswer(c.status, form, Effect::kRead), c.read);
      ExpectMeaning(MapAnswer(c.status, form, Effect::kWrite), c.write);
    }
    ExpectMeaning(MapAnswer(c.status, BodyForm::kHtml, Effect::kRead),
                  c.html_read);
    ExpectMeaning(MapAnswer(c.status, BodyForm::kHtml, Effect::kWrite),
                  c.html_write);
  }
}

TEST(ErrorMappingTest, EveryStatusIsInTheTable) {
  for (int status = -1; status <= 1100; ++status) {
    for (BodyForm form : {BodyForm::kEmpty, BodyForm::kJson, BodyForm::kHtml,
                          BodyForm::kOther}) {
      for (Effect effect : {Effect::kRead, Effect::kWrite}) {
        const ErrorMapping mapping = MapAnswer(status, form, effect);
        EXPECT_NE(mapping.code, StatusCode::kOk) << status;
        EXPECT_NE(mapping.code, StatusCode::kUnknown) << status;
        EXPECT_NE(mapping.reason, v1::ERROR_REASON_UNSPECIFIED) << status;
      }
    }
  }
}

TEST(ErrorMappingTest, AWriteThatMayHaveHappenedIsNeverCalledRetryable) {
  for (int status = 0; status <= 1000; ++status) {
    for (BodyForm form : {BodyForm::kEmpty, BodyForm::kJson, BodyForm::kHtml,
                          BodyForm::kOther}) {
      const ErrorMapping mapping = MapAnswer(status, form, Effect::kWrite);
      if (mapping.outcome_unknown) {
        EXPECT_FALSE(mapping.retry_after.has_value()) << status;
      }
      EXPECT_EQ(mapping.reason == v1::ERROR_REASON_OUTCOME_UNKNOWN ||
                    mapping.reason == v1::ERROR_REASON_UPSTREAM_FAILURE,
                mapping.outcome_unknown)
          << status;
      // A read has no outcome to be unknown.
      EXPECT_FALSE(MapAnswer(status, form, Effect::kRead).outcome_unknown);
    }
  }
}

struct TransportCase {
  Kind kind;
  Meaning not_sent;
  Meaning sent_read;
};

const TransportCase kTransportCases[] = {
    {Kind::kBadRequest, kInvalid, kInvalid},
    {Kind::kResolve, kUnreachable, kUnavailable},
    {Kind::kConnect, kUnreachable, kUnavailable},
    {Kind::kTls, kUnreachable, kUnavailable},
    {Kind::kTimeout, kUnreachable, kTimeout},
    {Kind::kSend, kUnreachable, kUnavailable},
    {Kind::kReceive, kUnreachable, kUnavailable},
    {Kind::kProtocol, kNotOpCon, kNotOpCon},
    {Kind::kTooLarge, kTooLarge, kTooLarge},
    {Kind::kCancelled, kCancelled, kCancelled},
    {Kind::kSource, kUnreachable, kUnavailable},
    {Kind::kSink, kUnreachable, kUnavailable},
    {Kind::kOther, kUnreachable, kUnavailable},
};

TEST(ErrorMappingTest, EveryTransportErrorHasItsMeaning) {
  std::set<Kind> seen;
  for (const TransportCase& c : kTransportCases) {
    SCOPED_TRACE(http::KindName(c.kind));
    seen.insert(c.kind);
    for (Effect effect : {Effect::kRead, Effect::kWrite}) {
      ExpectMeaning(MapTransportError(c.kind, false, effect), c.not_sent);
      EXPECT_FALSE(MapTransportError(c.kind, false, effect).outcome_unknown);
    }
    ExpectMeaning(MapTransportError(c.kind, true, Effect::kRead), c.sent_read);
    const ErrorMapping write = MapTransportError(c.kind, true, Effect::kWrite);
    ExpectMeaning(write, kUnknown);
    EXPECT_TRUE(write.outcome_unknown);
    EXPECT_FALSE(write.retry_after.has_value());
  }
  // kOther is the last one: no kind is forgotten here.
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(Kind::kOther) + 1);
}

TEST(ErrorMappingTest, SaysWhenARetryMakesSense) {
  EXPECT_TRUE(MapAnswer(429, BodyForm::kJson, Effect::kWrite).retry_after);
  EXPECT_TRUE(MapAnswer(408, BodyForm::kJson, Effect::kRead).retry_after);
  EXPECT_TRUE(
      MapTransportError(Kind::kTimeout, true, Effect::kRead).retry_after);
  EXPECT_FALSE(MapAnswer(400, BodyForm::kJson, Effect::kRead).retry_after);
  EXPECT_FALSE(MapAnswer(401, BodyForm::kJson, Effect::kRead).retry_after);
}

TEST(ErrorMappingTest, NamesReasonsWithoutPrefix) {
  EXPECT_EQ(ReasonName(v1::ERROR_REASON_JOB_NOT_FOUND), "JOB_NOT_FOUND");
  EXPECT_EQ(ReasonName(v1::ERROR_REASON_CANCELLED), "CANCELLED");
}

}  // namespace
}  // namespace opcon_snow::opcon
