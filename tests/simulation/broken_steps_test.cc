// Steps that are broken on purpose: the simulation must notice each.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident_service/identity.h"
#include "tests/simulation/simulation.h"

namespace opcon_snow::simulation {
namespace {

namespace v1 = ::incident::v1;
using incident::ClaimedStep;
using incident::StepCommit;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Within so many seeds every fault below shows.
constexpr std::uint64_t kSeeds = 300;

// Hands on what `before` makes of a claimed step, and commits what `after`
// makes of the result.
class BrokenSteps final : public incident::StepRunner {
 public:
  std::function<void(ClaimedStep*)> before = [](ClaimedStep*) {};
  std::function<void(StepCommit*)> after = [](StepCommit*) {};
  // Is said to be done, and is not.
  v1::StepKind left_out = v1::STEP_KIND_UNSPECIFIED;

  explicit BrokenSteps(incident::StepRunner* steps) : steps_(steps) {}

  absl::StatusOr<StepCommit> Run(const ClaimedStep& claimed) override {
    if (claimed.claim.kind == left_out) {
      return incident::Succeeded(claimed, "done, as it were");
    }
    ClaimedStep changed = claimed;
    before(&changed);
    absl::StatusOr<StepCommit> commit = steps_->Run(changed);
    if (commit.ok()) after(&*commit);
    return commit;
  }
  absl::Duration GiveUpAfter(const ClaimedStep& claimed,
                             absl::Duration limit) const override {
    return steps_->GiveUpAfter(claimed, limit);
  }

 private:
  incident::StepRunner* const steps_;
};

// What the first violation says; empty if there is none.
std::string FirstViolation(const std::function<void(BrokenSteps*)>& brake) {
  const WrapSteps wrap = [&](incident::StepRunner* steps) {
    auto broken = std::make_unique<BrokenSteps>(steps);
    brake(broken.get());
    return broken;
  };
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const SimulationResult result = Simulate({.seed = seed, .wrap = wrap});
    if (!result.violations.empty()) return result.violations.front();
  }
  return "";
}

// Each attempt takes the failure for another one: what "search, then create"
// without a key of its own comes to.
TEST(BrokenStepsTest, ATicketStepWithoutAStableKeyIsCaught) {
  EXPECT_THAT(
      FirstViolation([](BrokenSteps* broken) {
        broken->before = [](ClaimedStep* claimed) {
          if (claimed->claim.kind != v1::STEP_KIND_TICKET) return;
          claimed->stored.memo.clear_plan();
          claimed->stored.memo.mutable_failure()->set_failure_id(
              incident::Fingerprint({claimed->claim.report_id,
                                     absl::StrCat(claimed->step.attempts())}));
        };
      }),
      AnyOf(HasSubstr("open incidents"), HasSubstr("does not tell of")));
}

TEST(BrokenStepsTest, AMarkerThatChangesWithTheAttemptIsCaught) {
  EXPECT_THAT(
      FirstViolation([](BrokenSteps* broken) {
        broken->before = [](ClaimedStep* claimed) {
          if (claimed->claim.kind != v1::STEP_KIND_DOCUMENT) return;
          claimed->stored.memo.mutable_plan()->set_marker(absl::StrCat(
              "[OpCon failure attempt ", claimed->step.attempts(), "]"));
        };
      }),
      HasSubstr("documentation"));
}

TEST(BrokenStepsTest, AWriteBackThatIsLeftOutIsCaught) {
  EXPECT_THAT(FirstViolation([](BrokenSteps* broken) {
                broken->left_out = v1::STEP_KIND_WRITE_BACK;
              }),
              HasSubstr("shows its ticket"));
}

TEST(BrokenStepsTest, ALogThatIsLeftOutIsCaught) {
  EXPECT_THAT(FirstViolation([](BrokenSteps* broken) {
                broken->left_out = v1::STEP_KIND_ATTACH_LOG;
              }),
              HasSubstr("left no \"log of failure"));
}

TEST(BrokenStepsTest, AFileNameThatChangesWithTheAttemptIsCaught) {
  EXPECT_THAT(
      FirstViolation([](BrokenSteps* broken) {
        broken->before = [](ClaimedStep* claimed) {
          if (claimed->claim.kind != v1::STEP_KIND_ATTACH_LOG) return;
          v1::Failure* failure = claimed->stored.memo.mutable_failure();
          failure->mutable_run_end_time()->set_seconds(
              failure->run_end_time().seconds() + claimed->step.attempts());
        };
      }),
      HasSubstr("was attached"));
}

TEST(BrokenStepsTest, AMoveThatIsNotFollowedIsCaught) {
  EXPECT_THAT(FirstViolation([](BrokenSteps* broken) {
                broken->left_out = v1::STEP_KIND_FOLLOW_TICKET;
              }),
              HasSubstr("although its ticket"));
}

TEST(BrokenStepsTest, ARecoveryThatIsNotToldIsCaught) {
  EXPECT_THAT(FirstViolation([](BrokenSteps* broken) {
                broken->left_out = v1::STEP_KIND_RECOVER_TICKET;
              }),
              HasSubstr("is well, and its ticket"));
}

// The result is kept, the link to the ticket is not.
TEST(BrokenStepsTest, ATicketThatIsForgottenIsCaught) {
  EXPECT_THAT(FirstViolation([](BrokenSteps* broken) {
                broken->after = [](StepCommit* commit) {
                  commit->link.reset();
                };
              }),
              Not(IsEmpty()));
}

// Reports of a failure that somebody else deals with go on all the same.
TEST(BrokenStepsTest, AReportThatIsNotMergedIsCaught) {
  EXPECT_THAT(FirstViolation([](BrokenSteps* broken) {
                broken->after = [](StepCommit* commit) {
                  if (commit->final_state != v1::REPORT_STATE_MERGED) return;
                  commit->final_state = v1::REPORT_STATE_UNSPECIFIED;
                };
              }),
              HasSubstr("is done, and nothing tells of"));
}

}  // namespace
}  // namespace opcon_snow::simulation
