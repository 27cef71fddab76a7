// Silences over gRPC.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "incident_service/service/service_fixture.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class SilencesTest : public ServiceFixture {
 protected:
  static v1::CreateSilenceRequest Request(
      const std::string& request_id, absl::Duration length = absl::Hours(1)) {
    v1::CreateSilenceRequest request;
    request.set_request_id(request_id);
    v1::Matcher* matcher = request.mutable_silence()->add_matchers();
    matcher->set_field(v1::MATCHER_FIELD_JOB);
    matcher->set_equals("JOB001");
    SetTime(absl::Now() + length,
            request.mutable_silence()->mutable_expire_time());
    request.mutable_silence()->set_reason("upgrade");
    return request;
  }
  auto Create(const v1::CreateSilenceRequest& request) {
    return rpc::Call(*stub_, &Stub::CreateSilence, request);
  }
  // The fields that are refused.
  std::vector<std::string> Refused(const v1::CreateSilenceRequest& request) {
    const auto made = Create(request);
    EXPECT_THAT(made.status(), HasReason("INVALID_REQUEST"));
    const std::optional<ErrorDetails> details = GetErrorDetails(made.status());
    std::vector<std::string> fields;
    if (!details.has_value()) return fields;
    for (const FieldViolation& violation : details->violations) {
      fields.push_back(violation.field);
    }
    return fields;
  }
};

TEST_F(SilencesTest, IsMadeListedAndEnded) {
  const v1::CreateSilenceRequest request = Request("request-1");
  const auto made = Create(request);
  ASSERT_OK(made.status());
  EXPECT_THAT(made->silence().silence_id(), SizeIs(26));
  EXPECT_TRUE(made->silence().has_start_time());
  EXPECT_THAT(made->silence().created_by(),
              ::testing::StartsWith("unauthenticated ("));
  // The answer was lost.
  const auto again = Create(request);
  ASSERT_OK(again.status());
  EXPECT_EQ(again->silence().silence_id(), made->silence().silence_id());
  v1::CreateSilenceRequest other = request;
  other.mutable_silence()->set_reason("another");
  EXPECT_THAT(Create(other).status(), HasReason("REQUEST_ID_REUSED"));

  ASSERT_OK(Create(Request("request-2", absl::Hours(2))).status());
  v1::ListSilencesRequest list;
  list.set_page_size(1);
  std::vector<std::string> ids;
  do {
    const auto page = rpc::Call(*stub_, &Stub::ListSilences, list);
    ASSERT_OK(page.status());
    for (const v1::Silence& silence : page->silences()) {
      ids.push_back(silence.silence_id());
    }
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty() && ids.size() < 5);
  ASSERT_THAT(ids, SizeIs(2));
  EXPECT_EQ(ids[1], made->silence().silence_id());
  list.set_page_token("made up");
  EXPECT_THAT(rpc::Call(*stub_, &Stub::ListSilences, list).status(),
              HasReason("INVALID_REQUEST"));

  v1::ExpireSilenceRequest expire;
  expire.set_silence_id(ids[1]);
  ASSERT_OK(rpc::Call(*stub_, &Stub::ExpireSilence, expire).status());
  list.Clear();
  EXPECT_THAT(rpc::Call(*stub_, &Stub::ListSilences, list)->silences(),
              SizeIs(1));
  list.set_include_expired(true);
  EXPECT_THAT(rpc::Call(*stub_, &Stub::ListSilences, list)->silences(),
              SizeIs(2));
  expire.set_silence_id("no such");
  EXPECT_THAT(rpc::Call(*stub_, &Stub::ExpireSilence, expire).status(),
              HasReason("RECORD_NOT_FOUND"));
}

TEST_F(SilencesTest, AllThatIsWrongIsSaid) {
  EXPECT_THAT(Refused({}),
              UnorderedElementsAre("request_id", "silence.reason",
                                   "silence.expire_time", "silence.matchers"));
  v1::CreateSilenceRequest request = Request("request-1");
  v1::Silence* silence = request.mutable_silence();
  silence->add_matchers();
  silence->add_matchers()->set_field(v1::MATCHER_FIELD_TAG);
  EXPECT_THAT(Refused(request),
              ElementsAre("silence.matchers[1]", "silence.matchers[2]"));
  for (int i = 0; i < 20; ++i) *silence->add_matchers() = silence->matchers(0);
  EXPECT_THAT(Refused(request), ElementsAre("silence.matchers"));
  request = Request("request-1");
  silence = request.mutable_silence();
  SetTime(absl::Now() + absl::Hours(2), silence->mutable_start_time());
  EXPECT_THAT(Refused(request), ElementsAre("silence.expire_time"));
  silence->mutable_start_time()->set_seconds(INT64_MAX);
  EXPECT_THAT(Refused(request), ElementsAre("silence.start_time"));
  silence->mutable_expire_time()->set_nanos(-1);
  EXPECT_THAT(Refused(request), ElementsAre("silence.expire_time"));
  EXPECT_THAT(Refused(Request("request-1", absl::Hours(24 * 91))),
              ElementsAre("silence.expire_time"));
  EXPECT_THAT(Refused(Request("request-1", -absl::Hours(1))),
              ElementsAre("silence.expire_time"));
  request = Request("request-1");
  request.mutable_silence()->set_reason("two\nlines");
  EXPECT_THAT(Refused(request), ElementsAre("silence.reason"));
}

}  // namespace
}  // namespace opcon_snow::incident
