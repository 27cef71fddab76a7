#include "cli/event_kind.h"

#include <string>

#include "cli/enum_text.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::EventKind;
using ::testing::Optional;

TEST(EventKindTest, HasEveryValueOfTheProto) {
  const auto* kinds = ::incident::v1::EventKind_descriptor();
  for (int i = 0; i < kinds->value_count(); ++i) {
    const auto kind = static_cast<EventKind>(kinds->value(i)->number());
    EXPECT_EQ(EventKindName(kind), EnumText(kind));
    if (kind == ::incident::v1::EVENT_KIND_UNSPECIFIED) continue;
    EXPECT_THAT(ParseEventKind(EnumText(kind)), Optional(kind));
  }
  EXPECT_EQ(EventKindNames(), EnumTexts<EventKind>());
  EXPECT_EQ(EventKindName(static_cast<EventKind>(99)), "kind 99");
}

TEST(EventKindTest, UnderstandsTheNamesOfTriggers) {
  const auto is = [](EventKind kind, const std::string& name) {
    EXPECT_THAT(ParseEventKind(name), Optional(kind)) << name;
  };
  is(::incident::v1::EVENT_KIND_JOB_FAILED, "Job Failed");
  is(::incident::v1::EVENT_KIND_JOB_FAILED, "JOB_FAILED");
  is(::incident::v1::EVENT_KIND_JOB_FAILED, "failed");
  is(::incident::v1::EVENT_KIND_MARKED_FAILED, "Job Marked Failed");
  is(::incident::v1::EVENT_KIND_INITIALIZATION_ERROR,
     "Job Initialization Error");
  is(::incident::v1::EVENT_KIND_PRERUN_FAILED, "Job Prerun Failed");
  is(::incident::v1::EVENT_KIND_MISSED_START_TIME, "Job Missed Start Time");
  is(::incident::v1::EVENT_KIND_EXCEEDED_MAX_RUNTIME,
     "Job Exceeded Max Runtime");
  is(::incident::v1::EVENT_KIND_LATE_TO_START, "Job Late to Start");
  is(::incident::v1::EVENT_KIND_LATE_TO_FINISH, "late-to-finish");
  is(::incident::v1::EVENT_KIND_WAIT_MACHINE, "Job Wait Machine");
  is(::incident::v1::EVENT_KIND_STILL_ATTEMPTING_TO_START,
     "Job Still Attempting to Start");
  is(::incident::v1::EVENT_KIND_TO_BE_KILLED, "Job to be Killed");
  is(::incident::v1::EVENT_KIND_CANCELLED, "Job Cancelled");
  is(::incident::v1::EVENT_KIND_RECOVERED, "Job Finished OK");
  is(::incident::v1::EVENT_KIND_RECOVERED, "Job Marked Finished OK");
  is(::incident::v1::EVENT_KIND_RECOVERED, "Job Fixed");
  is(::incident::v1::EVENT_KIND_RECOVERED, "Job Skipped");
  is(::incident::v1::EVENT_KIND_RECOVERED, "recovered");
}

TEST(EventKindTest, TakesNothingElse) {
  for (const std::string name :
       {"", "unspecified", "job", "Job Restarted", "1"}) {
    EXPECT_EQ(ParseEventKind(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace opcon_snow::cli
