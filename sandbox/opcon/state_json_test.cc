#include "sandbox/opcon/state_json.h"

#include <iterator>
#include <string>

#include "common/clock/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class StateJsonTest : public ::testing::Test {
 protected:
  void SetUp() override {
    JobDefinition definition;
    definition.id = {{absl::CivilDay(2026, 1, 5), 16, 1}, "JOB001"};
    definition.schedule_name = "Payroll";
    definition.machine = "GENP001";
    definition.tags = {"A"};
    definition.properties = {{"k", "v"}};
    definition.documentation = "text";
    ASSERT_OK(model_.DefineJob(definition));
    JobEnd end;
    end.processing_events = absl::Seconds(5);
    ASSERT_OK(model_.EndJob(definition.id, end));
    ASSERT_OK(model_.StartJob(definition.id));
    model_.AddTicket(*model_.FindJob(definition.id), "INC1", "https://u");
    definition.id.job_name = "WAITS";
    ASSERT_OK(model_.DefineJob(definition));
  }

  json State() const { return StateToJson(model_.tables(), notify_.ReadAll()); }

  FakeClock clock_;
  NotifyTable notify_{&clock_};
  OpConModel model_{{}, &clock_, &notify_};
};

TEST_F(StateJsonTest, EverythingIsTakenBack) {
  const json state = State();
  const auto kept = StateFromJson(state);
  ASSERT_OK(kept);
  EXPECT_EQ(StateToJson(kept->tables, kept->notifications), state);
  EXPECT_EQ(state["jobs"].size(), 2u);
  EXPECT_EQ(state["jobs"][0]["runs"].size(), 2u);
  EXPECT_EQ(state["notifications"]["rows"].size(), 4u);
}

TEST_F(StateJsonTest, SaysWhatIsWrong) {
  json state = State();
  state["jobs"][0]["status"] = "Exploded";
  EXPECT_THAT(StateFromJson(state), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("Exploded")));
  state = State();
  state["schedules"].clear();
  EXPECT_THAT(StateFromJson(state),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("without its schedule")));
  state = State();
  state["notifications"]["rows"].erase(0);
  EXPECT_THAT(StateFromJson(state), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("numbered from 1")));
}

// Takes one value out of a good state or puts a wrong one in its place, at a
// place chosen by chance: an error, never a crash.
TEST_F(StateJsonTest, DamagedStatesAreRefusedWithoutACrash) {
  const json good = State();
  const json flat = good.flatten();
  EXPECT_TRUE(rc::check([&] {
    const auto at = *rc::gen::inRange(0, static_cast<int>(flat.size()));
    auto item = flat.begin();
    std::advance(item, at);
    json damaged = good;
    json& value = damaged[json::json_pointer(item.key())];
    value = *rc::gen::element(json(nullptr), json("x"), json(-7),
                              json::object(), json::array({1}));
    const auto kept = StateFromJson(damaged);
    if (kept.ok()) StateToJson(kept->tables, kept->notifications);
  }));
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
