// Silences.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident_service/store/store_conformance.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> Names(const std::vector<v1::Silence>& silences) {
  std::vector<std::string> names;
  for (const v1::Silence& silence : silences) {
    names.push_back(silence.matchers(0).equals());
  }
  return names;
}

}  // namespace

Store::NewSilence SilenceConformanceTest::NewSilence(const std::string& name,
                                                     absl::Duration start,
                                                     absl::Duration end) {
  Store::NewSilence fresh;
  v1::Matcher* matcher = fresh.silence.add_matchers();
  matcher->set_field(v1::MATCHER_FIELD_JOB);
  matcher->set_equals(name);
  SetTime(clock_.Now() + start, fresh.silence.mutable_start_time());
  SetTime(clock_.Now() + end, fresh.silence.mutable_expire_time());
  fresh.silence.set_reason("upgrade");
  fresh.silence.set_created_by("operator");
  fresh.request_id = absl::StrCat("request of ", name);
  fresh.digest = absl::StrCat("digest of ", name);
  return fresh;
}

std::string SilenceConformanceTest::Silence(const std::string& name,
                                            absl::Duration start,
                                            absl::Duration end) {
  const auto made = store_->CreateSilence(NewSilence(name, start, end));
  EXPECT_OK(made.status());
  return made.ok() ? made->silence_id() : "";
}

std::vector<std::string> SilenceConformanceTest::InForce(absl::Duration later) {
  const auto silences = store_->SilencesAt(clock_.Now() + later);
  EXPECT_OK(silences.status());
  return silences.ok() ? Names(*silences) : std::vector<std::string>();
}

std::vector<std::string> SilenceConformanceTest::Listed(bool include_expired) {
  const auto page = store_->ListSilences(include_expired, "", 100);
  EXPECT_OK(page.status());
  return page.ok() ? Names(page->records) : std::vector<std::string>();
}

TEST_P(SilenceConformanceTest, IsInForceFromItsStartUntilItsEnd) {
  Silence("long", -absl::Hours(1), absl::Hours(5));
  Silence("later", absl::Hours(2), absl::Hours(3));
  Store::NewSilence at_once =
      NewSilence("at once", absl::ZeroDuration(), absl::Hours(1));
  at_once.silence.clear_start_time();
  const auto made = store_->CreateSilence(at_once);
  ASSERT_OK(made.status());
  EXPECT_EQ(ToTime(made->start_time()), clock_.Now());
  EXPECT_EQ(ToTime(made->create_time()), clock_.Now());
  EXPECT_EQ(made->created_by(), "operator");
  EXPECT_THAT(InForce(), ElementsAre("long", "at once"));
  EXPECT_THAT(InForce(-absl::Minutes(1)), ElementsAre("long"));
  EXPECT_THAT(InForce(absl::Hours(1)), ElementsAre("long"));
  EXPECT_THAT(InForce(absl::Hours(2)), ElementsAre("long", "later"));
  EXPECT_THAT(InForce(absl::Hours(3)), ElementsAre("long"));
  EXPECT_THAT(InForce(absl::Hours(5)), IsEmpty());
}

TEST_P(SilenceConformanceTest, ARequestMakesOne) {
  const Store::NewSilence fresh =
      NewSilence("request-1", absl::ZeroDuration(), absl::Hours(1));
  const auto first = store_->CreateSilence(fresh);
  ASSERT_OK(first.status());
  clock_.Advance(absl::Hours(2));
  // Also when it has ended meanwhile.
  const auto again = store_->CreateSilence(fresh);
  ASSERT_OK(again.status());
  EXPECT_EQ(again->silence_id(), first->silence_id());
  Store::NewSilence other = fresh;
  other.digest = "another";
  EXPECT_THAT(store_->CreateSilence(other).status(),
              HasReason("REQUEST_ID_REUSED"));
  EXPECT_THAT(Audit(), ElementsAre("operator CreateSilence upgrade"));
}

TEST_P(SilenceConformanceTest, WrongTimesAreRefused) {
  Store::NewSilence past =
      NewSilence("request-1", -absl::Hours(2), -absl::Hours(1));
  EXPECT_THAT(store_->CreateSilence(past).status(),
              HasReason("INVALID_REQUEST"));
  EXPECT_THAT(store_
                  ->CreateSilence(NewSilence("request-2", absl::Hours(1),
                                             absl::Hours(24 * 90 + 2)))
                  .status(),
              HasReason("INVALID_REQUEST"));
  Silence("request-3", absl::Hours(1), absl::Hours(24 * 90 + 1));
}

TEST_P(SilenceConformanceTest, ThereAreNotTooMany) {
  for (int i = 0; i < Store::kMaxSilences; ++i) {
    Silence(absl::StrCat("request-", i), absl::ZeroDuration(), absl::Hours(1));
  }
  const Store::NewSilence fresh =
      NewSilence("one more", absl::ZeroDuration(), absl::Hours(2));
  EXPECT_THAT(store_->CreateSilence(fresh).status(), HasReason("OVERLOADED"));
  clock_.Advance(absl::Hours(1));
  EXPECT_OK(store_->CreateSilence(fresh).status());
}

TEST_P(SilenceConformanceTest, EndsWhenToldTo) {
  const std::string now = Silence("now", -absl::Hours(1), absl::Hours(1));
  const std::string later = Silence("later", absl::Hours(1), absl::Hours(2));
  const auto ended = store_->ExpireSilence(now, {"someone"});
  ASSERT_OK(ended.status());
  EXPECT_EQ(ToTime(ended->expire_time()), clock_.Now());
  EXPECT_THAT(InForce(), IsEmpty());
  // What was silenced was.
  EXPECT_THAT(InForce(-absl::Minutes(1)), ElementsAre("now"));
  const auto never = store_->ExpireSilence(later, {"someone"});
  ASSERT_OK(never.status());
  EXPECT_EQ(ToTime(never->start_time()), ToTime(never->expire_time()));
  EXPECT_THAT(InForce(absl::Minutes(90)), IsEmpty());
  clock_.Advance(absl::Minutes(1));
  // Ending it again is nothing.
  const auto again = store_->ExpireSilence(now, {"someone"});
  ASSERT_OK(again.status());
  EXPECT_EQ(ToTime(again->expire_time()), ToTime(ended->expire_time()));
  EXPECT_THAT(store_->ExpireSilence("no such", {"someone"}).status(),
              HasReason("RECORD_NOT_FOUND"));
  EXPECT_THAT(Audit(),
              ElementsAre("operator CreateSilence upgrade",
                          "operator CreateSilence upgrade",
                          "someone ExpireSilence ", "someone ExpireSilence "));
  EXPECT_THAT(Audit({.target = now}), SizeIs(2));
}

TEST_P(SilenceConformanceTest, IsListedByItsEnd) {
  Silence("b", absl::ZeroDuration(), absl::Hours(2));
  Silence("c", absl::ZeroDuration(), absl::Hours(3));
  Silence("a", absl::ZeroDuration(), absl::Hours(1));
  // Two that end at once.
  Silence("d", absl::Minutes(1), absl::Hours(3));
  EXPECT_THAT(Listed(false), ElementsAre("d", "c", "b", "a"));
  std::vector<std::string> paged;
  std::string after;
  do {
    const auto page = store_->ListSilences(false, after, 1);
    ASSERT_OK(page.status());
    ASSERT_THAT(page->records, SizeIs(1));
    paged.push_back(page->records[0].matchers(0).equals());
    after = page->next;
  } while (!after.empty() && paged.size() < 10);
  EXPECT_THAT(paged, ElementsAre("d", "c", "b", "a"));
  clock_.Advance(absl::Hours(1));
  EXPECT_THAT(Listed(false), ElementsAre("d", "c", "b"));
  EXPECT_THAT(Listed(true), ElementsAre("d", "c", "b", "a"));
}

TEST_P(SilenceConformanceTest, CountsWhatItSuppresses) {
  const std::string id =
      Silence("request-1", absl::ZeroDuration(), absl::Hours(1));
  Create("report-1");
  StepCommit commit = Ending(ClaimOnly(), v1::STEP_STATE_SUCCEEDED);
  commit.silence_id = id;
  commit.final_state = v1::REPORT_STATE_SUPPRESSED;
  EXPECT_OK(store_->Commit(commit));
  // A commit that comes too late counts nothing.
  EXPECT_THAT(store_->Commit(commit), HasReason("CLAIM_LOST"));
  const auto silences = store_->SilencesAt(clock_.Now());
  ASSERT_OK(silences.status());
  ASSERT_THAT(*silences, SizeIs(1));
  EXPECT_EQ(silences->at(0).suppressed_count(), 1);
  const auto ended = store_->ExpireSilence(id, {"someone"});
  ASSERT_OK(ended.status());
  EXPECT_EQ(ended->suppressed_count(), 1);
  const auto listed = store_->ListSilences(true, "", 10);
  ASSERT_OK(listed.status());
  EXPECT_EQ(listed->records.at(0).suppressed_count(), 1);
  // A silence that is gone is no obstacle.
  Create("report-2");
  StepCommit late = Ending(ClaimOnly(), v1::STEP_STATE_SUCCEEDED);
  late.silence_id = "gone";
  EXPECT_OK(store_->Commit(late));
}

TEST_P(SilenceConformanceTest, IsForgottenWithTheKeys) {
  Silence("old", absl::ZeroDuration(), absl::Hours(1));
  Silence("new", absl::ZeroDuration(), absl::Hours(3));
  clock_.Advance(absl::Hours(4));
  EXPECT_OK(store_->DeleteExpired({.reports_before = clock_.Now()}).status());
  EXPECT_THAT(Listed(true), ElementsAre("new", "old"));
  Expiry expiry{.keys_before = clock_.Now() - absl::Hours(2)};
  EXPECT_OK(store_->DeleteExpired(expiry).status());
  EXPECT_THAT(Listed(true), ElementsAre("new"));
}

}  // namespace opcon_snow::incident
