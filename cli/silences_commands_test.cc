// The real program's commands about silences.

#include <string>

#include "cli/exit_code.h"
#include "cli/testing/cli_test.h"
#include "cli/testing/fake_incident_service.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class SilencesCommandsTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    UseServer(service_.address());
  }

  FakeIncidentService service_;
};

TEST_F(SilencesCommandsTest, MakesListsAndEndsSilences) {
  ProcessResult result =
      Run({"silences", "add", "--job", "~PAY.*", "--tag", "month end", "--kind",
           "Job Missed Start Time", "--until", "2h", "--reason", "upgrade"});
  EXPECT_EQ(result.exit_code, kExitOk) << result.error;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("job~PAY.*"), HasSubstr("tag=month end"),
                    HasSubstr("event_kind="), HasSubstr("upgrade")));
  const ::incident::v1::CreateSilenceRequest made = service_.silence_call();
  EXPECT_THAT(made.request_id(), SizeIs(36));
  ASSERT_THAT(made.silence().matchers(), SizeIs(3));
  EXPECT_EQ(made.silence().matchers(0).regex(), "PAY.*");
  EXPECT_EQ(made.silence().matchers(1).equals(), "month end");
  EXPECT_EQ(made.silence().matchers(2).event_kind(),
            ::incident::v1::EVENT_KIND_MISSED_START_TIME);
  EXPECT_FALSE(made.silence().has_start_time());

  result = Run({"silences", "list"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, AllOf(HasSubstr("S1"), HasSubstr("job~PAY.*"),
                                HasSubstr("upgrade")));
  result = Run({"silences", "expire", "S1", "--output", "json"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_EQ(nlohmann::json::parse(result.out)["silence"]["silenceId"], "S1");
  EXPECT_EQ(Run({"silences", "expire", "S2"}).exit_code, kExitData);
}

TEST_F(SilencesCommandsTest, SaysAllThatIsWrongWithASilence) {
  ProcessResult result = Run({"silences", "add", "--until", "soon", "--from",
                              "later", "--reason", "upgrade"});
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_THAT(result.error,
              AllOf(HasSubstr("--until \"soon\" is neither a time"),
                    HasSubstr("--from \"later\" is neither a time"),
                    HasSubstr("say what the silence is about")));
  result = Run({"silences", "add", "--job", "X", "--kind", "bad", "--until",
                "1h", "--reason", "upgrade"});
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_THAT(result.error, HasSubstr("--kind \"bad\" is none of job_failed"));
  result = Run({"silences", "add", "--job", "X", "--until", "1h"});
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_THAT(result.error, HasSubstr("--reason"));
  EXPECT_FALSE(service_.silence_call().has_silence());
}

}  // namespace
}  // namespace opcon_snow::cli
