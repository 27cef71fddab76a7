#include "opcon_gateway/job_parser.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "opcon_gateway/sample_job.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
namespace v1 = ::opcon::v1;

TEST(JobParserTest, ReadsEveryField) {
  const auto job = ParseDailyJob(SampleJob());
  ASSERT_TRUE(job);
  EXPECT_EQ(job->id(), "20260105|16|1|JOB001");
  EXPECT_EQ(job->uid(), 4711);
  EXPECT_EQ(job->name(), "JOB001");
  EXPECT_EQ(job->schedule().id(), "20260105|16|1");
  EXPECT_EQ(job->schedule().uid(), 99);
  EXPECT_EQ(FormatDate(job->schedule().date()), "2026-01-05");
  EXPECT_EQ(job->schedule().schedule_id(), 16);
  EXPECT_EQ(job->schedule().schedule_instance(), 1);
  EXPECT_EQ(job->schedule().name(), "Payroll");
  EXPECT_EQ(job->schedule().path(), "");
  EXPECT_EQ(job->job_number(), 49895);
  EXPECT_EQ(job->unique_job_id(), "u-1");
  EXPECT_EQ(job->status().category(), v1::JOB_CATEGORY_FAILED);
  EXPECT_EQ(job->status().status_id(), 910);
  EXPECT_TRUE(job->status().processing_events());
  EXPECT_EQ(job->status().category_name(), "Failed");
  EXPECT_EQ(job->termination(), "0000000005");
  EXPECT_EQ(job->start_time().seconds(), 1767603601);  // 09:00:01 UTC
  EXPECT_EQ(job->end_time().nanos(), 500000000);
  EXPECT_EQ(job->utc_offset().seconds(), -6 * 3600);
  EXPECT_EQ(job->frequency(), "AllDays");
  EXPECT_EQ(job->job_type(), "Windows");
  EXPECT_EQ(job->department(), "<General>");
  EXPECT_EQ(job->access_code(), "Ops");
  EXPECT_EQ(job->start_machine(), "GENP001");
  EXPECT_EQ(job->primary_machine(), "GENP002");
  EXPECT_THAT(job->tags(), ElementsAre("ROUTE2-x", "nightly"));
  EXPECT_EQ(job->properties().at("color"), "red");
  EXPECT_EQ(job->properties().at("empty"), "");
  EXPECT_EQ(job->documentation().documentation_id(), 7);
  EXPECT_EQ(job->documentation().job_text(), "Call Joe");
  EXPECT_EQ(job->documentation().frequency_text(), "Daily");
  EXPECT_EQ(job->incident_ticket().ticket_id(), "INC0010025");
  EXPECT_EQ(job->incident_ticket().row_id(), 0);
  EXPECT_THAT(job->detail_messages(), ElementsAre("Exit code 5"));
}

TEST(JobParserTest, AnEstimateIsNoTime) {
  json sample = SampleJob();
  sample["computedEndTime"]["isEstimated"] = true;
  const auto job = ParseDailyJob(sample);
  EXPECT_TRUE(job->has_start_time());
  EXPECT_FALSE(job->has_end_time());
  EXPECT_TRUE(job->has_utc_offset());
}

TEST(JobParserTest, EveryFieldMayBeMissingOrNullOrOfAnotherType) {
  const json sample = SampleJob();
  for (const auto& [key, value] : sample.items()) {
    for (const json& other :
         {json(nullptr), json(1), json("x"), json::array({1, nullptr}),
          json::object(), json(true), json(1e300)}) {
      SCOPED_TRACE(key + " = " + other.dump());
      json changed = sample;
      changed[key] = other;
      EXPECT_TRUE(ParseDailyJob(changed));
    }
    json without = sample;
    without.erase(key);
    EXPECT_TRUE(ParseDailyJob(without)) << key;
  }
}

TEST(JobParserTest, AJobHasAnIdOrAUid) {
  EXPECT_TRUE(ParseDailyJob({{"id", "20260105|16|1|A"}}));
  EXPECT_TRUE(ParseDailyJob({{"uid", 4711}}));
  EXPECT_TRUE(ParseDailyJob({{"uid", "4711"}}));
  EXPECT_FALSE(ParseDailyJob({{"name", "A"}}));
  EXPECT_FALSE(ParseDailyJob(json::array()));
  EXPECT_FALSE(ParseDailyJob(nullptr));
}

TEST(JobParserTest, TheDateMayStandInTheIdAlone) {
  const auto job = ParseDailyJob({{"id", "20260105|16|1|A"}});
  EXPECT_EQ(FormatDate(job->schedule().date()), "2026-01-05");
}

TEST(JobParserTest, KnowsCategoriesHoweverTheyAreWritten) {
  EXPECT_EQ(ParseCategory("Finished Ok"), v1::JOB_CATEGORY_FINISHED_OK);
  EXPECT_EQ(ParseCategory("finishedOk"), v1::JOB_CATEGORY_FINISHED_OK);
  EXPECT_EQ(ParseCategory("FINISHED OK"), v1::JOB_CATEGORY_FINISHED_OK);
  EXPECT_EQ(ParseCategory(""), v1::JOB_CATEGORY_UNSPECIFIED);
  EXPECT_EQ(ParseCategory("Melted"), v1::JOB_CATEGORY_UNSPECIFIED);
  for (int c = v1::JobCategory_MIN + 1; c <= v1::JobCategory_MAX; ++c) {
    const auto category = static_cast<v1::JobCategory>(c);
    EXPECT_FALSE(CategoryName(category).empty());
    EXPECT_EQ(ParseCategory(CategoryName(category)), category);
  }
}

}  // namespace
}  // namespace opcon_snow::opcon
