#include "sandbox/opcon/opcon_flags.h"

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "gtest/gtest.h"

namespace opcon_snow::sandbox::opcon {
namespace {

// False if the arguments are refused.
bool Parse(std::vector<std::string> arguments, OpConOptions* options) {
  CLI::App app;
  AddOpConFlags(app, options);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError&) {
    return false;
  }
  return true;
}

TEST(OpConFlagsTest, Defaults) {
  OpConOptions options;
  ASSERT_TRUE(Parse({}, &options));
  EXPECT_EQ(options.tokens.application_token,
            "00000000-0000-4000-8000-000000000001");
  EXPECT_EQ(options.tokens.user, "ocadm");
  EXPECT_EQ(options.tokens.password, "opconxps");
  EXPECT_TRUE(options.api.missing_endpoints.empty());
  EXPECT_EQ(options.model.job_number_on_restart, JobNumberOnRestart::kNew);
}

TEST(OpConFlagsTest, EverySwitch) {
  OpConOptions options;
  ASSERT_TRUE(Parse({"--token",
                     "t",
                     "--user",
                     "u",
                     "--password",
                     "p",
                     "--token-lifetime",
                     "5",
                     "--job-number-on-restart",
                     "same",
                     "--utc-offset",
                     "-06:00",
                     "--processing-events-ms",
                     "250",
                     "--without-incident-tickets",
                     "--one-incident-ticket",
                     "--api-version",
                     "19.0",
                     "--created-status",
                     "201",
                     "--schedule-date",
                     "date",
                     "--action-delay-ms",
                     "7",
                     "--action-polls",
                     "3"},
                    &options));
  EXPECT_EQ(options.tokens.application_token, "t");
  EXPECT_EQ(options.tokens.user, "u");
  EXPECT_EQ(options.tokens.password, "p");
  EXPECT_EQ(options.tokens.user_token_lifetime, absl::Seconds(5));
  EXPECT_EQ(options.model.job_number_on_restart, JobNumberOnRestart::kSame);
  EXPECT_EQ(options.model.zone, absl::FixedTimeZone(-6 * 3600));
  EXPECT_EQ(options.model.processing_events, absl::Milliseconds(250));
  EXPECT_EQ(options.api.missing_endpoints.size(), 4U);
  EXPECT_FALSE(options.api.several_tickets);
  EXPECT_EQ(options.api.version, "19.0");
  EXPECT_EQ(options.api.created_status, 201);
  EXPECT_EQ(options.api.schedule_date, ScheduleDateForm::kDateOnly);
  EXPECT_EQ(options.actions.delay, absl::Milliseconds(7));
  EXPECT_EQ(options.actions.polls, 3);
}

TEST(OpConFlagsTest, RefusesValuesOutOfRange) {
  OpConOptions options;
  EXPECT_FALSE(Parse({"--utc-offset", "CET"}, &options));
  EXPECT_FALSE(Parse({"--job-number-on-restart", "other"}, &options));
  EXPECT_FALSE(Parse({"--created-status", "204"}, &options));
  EXPECT_FALSE(Parse({"--action-delay-ms", "-1"}, &options));
  EXPECT_FALSE(Parse({"--token-lifetime", "x"}, &options));
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
