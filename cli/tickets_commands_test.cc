// tickets list, show, sync.

#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/testing/cli_test.h"
#include "cli/testing/fake_incident_service.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::cli {
namespace {

namespace v1 = ::incident::v1;
using ::testing::AllOf;
using ::testing::HasSubstr;

class TicketsTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    UseServer(service_.address());
  }

  // The ticket of "20260105|16|1|JOB 001".
  static v1::TicketLink Link(const std::string& state) {
    v1::TicketLink link;
    v1::JobKey& key = *link.mutable_job_key();
    key.mutable_schedule_date()->set_year(2026);
    key.mutable_schedule_date()->set_month(1);
    key.mutable_schedule_date()->set_day(5);
    key.set_schedule_id(16);
    key.set_schedule_instance(1);
    key.set_job_name("JOB 001");
    link.mutable_ticket()->set_number("INC1");
    link.set_ticket_state_value(state);
    return link;
  }

  FakeIncidentService service_;
};

TEST_F(TicketsTest, ShowsTickets) {
  v1::TicketLink link = Link("2");
  link.mutable_ticket()->set_servicenow("production");
  service_.SetLinks({link});
  ProcessResult result = Run({"tickets", "list"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, HasSubstr("INC1    production  2"));
  result = Run({"tickets", "show", "20260105|16|1|JOB 001", "--opcon", "prod"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, HasSubstr("ticket      INC1\n"));
  EXPECT_EQ(service_.link_call().job_key().opcon(), "prod");
  EXPECT_EQ(service_.link_call().job_key().job_name(), "JOB 001");
  EXPECT_EQ(service_.link_call().job_key().schedule_date().month(), 1);

  result = Run({"tickets", "show", "20260105|16|JOB"});
  EXPECT_EQ(result.exit_code, kExitData);
  EXPECT_THAT(result.error,
              HasSubstr("JOB_ID \"20260105|16|JOB\" is not the id of a daily "
                        "job; it is YYYYMMDD|scheduleId|"));
}

TEST_F(TicketsTest, SyncsATicket) {
  v1::SyncTicketResponse answer;
  *answer.mutable_link() = Link("6");
  answer.set_action(v1::SYNC_ACTION_MARKED_FIXED);
  answer.set_message("marked Fixed");
  answer.set_report_id("R7");
  service_.SetSync(answer);
  const std::vector<std::string> sync = {
      "tickets", "sync", "20260105|16|1|JOB 001", "--servicenow", "prod"};
  ProcessResult result = Run(sync);
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, AllOf(HasSubstr("done     marked_fixed\n"),
                                HasSubstr("because  marked Fixed\n"),
                                HasSubstr("report   R7\n")));
  EXPECT_EQ(service_.sync_call().job_key().job_name(), "JOB 001");
  EXPECT_EQ(service_.sync_call().servicenow(), "prod");
  EXPECT_FALSE(service_.sync_call().validate_only());

  answer.clear_report_id();
  answer.set_action(v1::SYNC_ACTION_NOT_APPLICABLE);
  service_.SetSync(answer);
  std::vector<std::string> dry = sync;
  dry.push_back("--dry-run");
  result = Run(dry);
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, HasSubstr("would do  not_applicable\n"));
  EXPECT_TRUE(service_.sync_call().validate_only());

  answer.set_action(v1::SYNC_ACTION_PENDING);
  answer.set_report_id("R8");
  service_.SetSync(answer);
  std::vector<std::string> json = sync;
  json.insert(json.end(), {"--output", "json"});
  result = Run(json);
  EXPECT_EQ(result.exit_code, kExitTryLater);
  EXPECT_EQ(nlohmann::json::parse(result.out)["action"], "SYNC_ACTION_PENDING");
  result = Run(sync);
  EXPECT_EQ(result.exit_code, kExitTryLater);
  EXPECT_THAT(result.error, HasSubstr("incidentctl reports show R8"));

  result = Run({"tickets", "sync", "20260105|16|JOB"});
  EXPECT_EQ(result.exit_code, kExitData);
  result = Run({"tickets", "sync"});
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_THAT(result.error, HasSubstr("JOB_ID"));
}

}  // namespace
}  // namespace opcon_snow::cli
