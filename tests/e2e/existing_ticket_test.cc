// What becomes of the ticket that a job has already when the job fails again:
// every state of the ticket, under each policy, with whatever people have done
// to the job's ticket field. All cases run side by side in one suite.

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/e2e_test_base.h"
#include "tests/harness/reporter.h"

namespace opcon_snow::e2e {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kTemplates[] =
    "  - name: reopen\n"
    "  - name: resolved_only\n"
    "    existing_ticket: EXISTING_TICKET_POLICY_RESOLVED_ONLY\n"
    "  - name: to_in_progress\n"
    "    reopen_state: REOPEN_STATE_IN_PROGRESS\n"
    "  - name: resolved_only_to_new\n"
    "    existing_ticket: EXISTING_TICKET_POLICY_RESOLVED_ONLY\n"
    "    reopen_state: REOPEN_STATE_NEW\n";

// What a person has done to the job's ticket field since the first failure.
enum class Field {
  kAsWritten,
  kEmptied,
  kAnotherTicket,  // which is in the state of the case; ours is New
  kDangling,       // a number that there is not
};

struct State {
  std::string name;
  std::string number;
  // What each template sets it to; empty: a new ticket takes its place.
  std::string reopen;
  std::string resolved_only;
  std::string to_in_progress;
  std::string resolved_only_to_new;

  const std::string& After(const std::string& template_name) const {
    if (template_name == "reopen") return reopen;
    if (template_name == "resolved_only") return resolved_only;
    if (template_name == "to_in_progress") return to_in_progress;
    return resolved_only_to_new;
  }
};

// The table, as the configuration's reference has it.
const State kStates[] = {
    {"New", "1", "1", "1", "2", "1"},
    {"In Progress", "2", "1", "2", "2", "2"},
    {"On Hold", "3", "1", "3", "2", "3"},
    {"Resolved", "6", "1", "2", "2", "1"},
    {"Closed", "7", "", "", "", ""},
    {"Canceled", "8", "", "", "", ""},
};

struct Case {
  std::string name;
  State state;
  std::string template_name;
  Field field = Field::kAsWritten;
  harness::Job job;
  // The tickets before the second failure: the one that we opened, and the one
  // that a person has put on the job.
  std::string first;
  std::string first_number;
  std::string persons;
  std::string persons_number;
};

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const State& state : kStates) {
    for (const std::string& name : {"reopen", "resolved_only", "to_in_progress",
                                    "resolved_only_to_new"}) {
      for (const auto& [field, words] :
           {std::pair(Field::kAsWritten, "field as written"),
            std::pair(Field::kEmptied, "field emptied"),
            std::pair(Field::kAnotherTicket, "another ticket in the field"),
            std::pair(Field::kDangling, "dangling field")}) {
        for (const bool documented : {false, true}) {
          Case& one = cases.emplace_back();
          one.name = absl::StrCat(state.name, ", ", name, ", ", words,
                                  documented ? ", documented" : "");
          one.state = state;
          one.template_name = name;
          one.field = field;
          one.job = harness::RandomJob();
          if (!documented) one.job.documentation.clear();
        }
      }
    }
  }
  return cases;
}

class ExistingTicketTest : public E2eTest {
 protected:
  void Fail(harness::Reporter* reporter, const Case& one, bool again) {
    const std::string termination = again ? "0000000006" : "0000000005";
    const std::string log =
        absl::StrCat(again ? "second" : "first", " log of ", one.job.name);
    ASSERT_OK(again ? harness::FailJobAgain(suite(), one.job, termination, log)
                    : harness::FailJob(suite(), one.job, termination, log));
    ASSERT_OK(reporter->Report(one.job, termination,
                               absl::StrCat("request-", ++last_request_),
                               one.template_name));
  }

  // What people do between the two failures.
  void Meddle(Case* one) {
    const auto incidents = harness::FindIncidents(suite(), one->job);
    ASSERT_OK(incidents.status());
    ASSERT_THAT(*incidents, SizeIs(1));
    one->first = incidents->front().at("sys_id");
    one->first_number = incidents->front().at("number");
    std::string changed = one->first;
    switch (one->field) {
      case Field::kAsWritten:
        break;
      case Field::kEmptied:
        ASSERT_OK(harness::ReplaceTickets(suite(), one->job, ""));
        break;
      case Field::kAnotherTicket: {
        const auto made = harness::CreateIncident(suite());
        ASSERT_OK(made.status());
        one->persons = made->at("sys_id");
        one->persons_number = made->at("number");
        changed = one->persons;
        ASSERT_OK(
            harness::ReplaceTickets(suite(), one->job, one->persons_number));
        break;
      }
      case Field::kDangling:
        ASSERT_OK(harness::ReplaceTickets(suite(), one->job, "INC7654321"));
        break;
    }
    if (one->state.number != "1") {
      ASSERT_OK(harness::SetIncidentState(suite(), changed, one->state.number));
    }
  }

  void Check(const Case& one) {
    SCOPED_TRACE(one.name);
    const bool replaced = one.state.After(one.template_name).empty();
    if (one.field == Field::kAnotherTicket) {
      // A person's ticket that is closed gives way to ours, which is open.
      CheckUpdated(one, replaced ? one.first : one.persons,
                   replaced ? kStates[0] : one.state);
    } else if (replaced) {
      CheckReplaced(one);
    } else {
      CheckUpdated(one, one.first, one.state);
    }
  }

  void CheckUpdated(const Case& one, const std::string& sys_id,
                    const State& before) {
    const auto incidents = harness::FindIncidents(suite(), one.job);
    ASSERT_OK(incidents.status());
    EXPECT_THAT(*incidents, SizeIs(1));
    const auto incident = harness::GetIncident(suite(), sys_id);
    ASSERT_OK(incident.status());
    EXPECT_EQ(incident->at("state"), before.After(one.template_name));
    EXPECT_THAT(incident->at("description").get<std::string>(),
                HasSubstr("0000000006"));
    const auto notes = harness::FindWorkNotes(suite(), sys_id);
    ASSERT_OK(notes.status());
    EXPECT_THAT(*notes, ElementsAre(HasSubstr("0000000006")));
    EXPECT_THAT(harness::GetDocumentation(suite(), one.job),
                IsOkAndHolds(one.job.documentation));
    CheckTicketAndLog(one, *incident);
  }

  void CheckReplaced(const Case& one) {
    const auto incidents = harness::FindIncidents(suite(), one.job);
    ASSERT_OK(incidents.status());
    ASSERT_THAT(*incidents, SizeIs(2));
    const bool first_is_old = incidents->at(0).at("sys_id") == one.first;
    const nlohmann::json& old = incidents->at(first_is_old ? 0 : 1);
    const nlohmann::json& fresh = incidents->at(first_is_old ? 1 : 0);
    EXPECT_EQ(old.at("state"), one.state.number);
    EXPECT_EQ(fresh.at("state"), "1");
    const std::string description = fresh.at("description");
    EXPECT_THAT(description, HasSubstr("0000000006"));
    EXPECT_THAT(description,
                HasSubstr(absl::StrCat("Previous ticket: ", one.first_number)));
    for (const std::string& sys_id :
         {one.first, fresh.at("sys_id").get<std::string>()}) {
      EXPECT_THAT(harness::FindWorkNotes(suite(), sys_id),
                  IsOkAndHolds(IsEmpty()));
    }
    const auto text = harness::GetDocumentation(suite(), one.job);
    ASSERT_OK(text.status());
    EXPECT_TRUE(absl::StartsWith(*text, one.job.documentation));
    const std::vector<std::string> around =
        absl::StrSplit(*text, one.first_number);
    EXPECT_THAT(around, SizeIs(2)) << *text;
    EXPECT_THAT(*text, HasSubstr(fresh.at("number").get<std::string>()));
    CheckTicketAndLog(one, fresh);
  }

  void CheckTicketAndLog(const Case& one, const nlohmann::json& incident) {
    const std::string sys_id = incident.at("sys_id");
    const auto tickets = harness::GetTickets(suite(), one.job);
    ASSERT_OK(tickets.status());
    ASSERT_THAT(*tickets, SizeIs(1)) << tickets->dump();
    EXPECT_EQ(
        tickets->front().at("ticketId"),
        absl::StrCat(incident.at("number").get<std::string>(), "/", sys_id));
    EXPECT_THAT(tickets->front().at("ticketUrl").get<std::string>(),
                HasSubstr(sys_id));
    const auto files = harness::FindAttachments(suite(), sys_id);
    ASSERT_OK(files.status());
    int seconds = 0;
    for (const nlohmann::json& file : *files) {
      const auto content =
          harness::DownloadAttachment(suite(), file.at("sys_id"));
      ASSERT_OK(content.status());
      if (*content == absl::StrCat("second log of ", one.job.name)) ++seconds;
    }
    EXPECT_EQ(seconds, 1) << files->dump();
  }

  int last_request_ = 10000000;
};

TEST_F(ExistingTicketTest, EveryStateUnderEveryPolicyWhateverTheFieldSays) {
  harness::SuiteOptions options = Options();
  options.templates_yaml = kTemplates;
  StartSuite(options);
  harness::Reporter reporter(suite().server());
  std::vector<Case> cases = AllCases();
  ASSERT_THAT(cases, SizeIs(6 * 4 * 4 * 2));
  for (const Case& one : cases) {
    ASSERT_OK(harness::DefineJob(suite(), one.job));
    Fail(&reporter, one, /*again=*/false);
  }
  ASSERT_OK(reporter.AwaitSettled(cases.size()).status());
  for (Case& one : cases) {
    SCOPED_TRACE(one.name);
    Meddle(&one);
    Fail(&reporter, one, /*again=*/true);
    if (HasFatalFailure()) return;
  }
  const auto reports = reporter.AwaitSettled(2 * cases.size());
  ASSERT_OK(reports.status());
  for (const ::incident::v1::Report& report : *reports) {
    EXPECT_EQ(report.state(), ::incident::v1::REPORT_STATE_SUCCEEDED)
        << report.ShortDebugString();
  }
  for (const Case& one : cases) Check(one);
}

// A ticket that somebody deleted is replaced, and the new one says so.
TEST_F(ExistingTicketTest, ATicketThatIsGoneIsReplaced) {
  harness::SuiteOptions options = Options();
  options.templates_yaml = kTemplates;
  StartSuite(options);
  harness::Reporter reporter(suite().server());
  Case one;
  one.template_name = "reopen";
  one.job = harness::RandomJob();
  ASSERT_OK(harness::DefineJob(suite(), one.job));
  Fail(&reporter, one, /*again=*/false);
  ASSERT_OK(reporter.AwaitSettled(1).status());
  const auto incidents = harness::FindIncidents(suite(), one.job);
  ASSERT_OK(incidents.status());
  ASSERT_THAT(*incidents, SizeIs(1));
  const std::string number = incidents->front().at("number");
  ASSERT_OK(suite()
                .servicenow()
                .Send("DELETE",
                      absl::StrCat(
                          "/api/now/v2/table/incident/",
                          incidents->front().at("sys_id").get<std::string>()),
                      nullptr)
                .status());
  Fail(&reporter, one, /*again=*/true);
  ASSERT_OK(reporter.AwaitSettled(2).status());
  const auto after = harness::FindIncidents(suite(), one.job);
  ASSERT_OK(after.status());
  ASSERT_THAT(*after, SizeIs(1));
  EXPECT_THAT(after->front().at("description").get<std::string>(),
              HasSubstr(absl::StrCat("Previous ticket: ", number,
                                     " (no longer exists)")));
  EXPECT_THAT(harness::GetDocumentation(suite(), one.job),
              IsOkAndHolds(HasSubstr(number)));
  CheckTicketAndLog(one, after->front());
}

// Both ways in which OpCon may number a run that is restarted.
TEST_F(ExistingTicketTest, ARunIsKnownAlsoWhereARestartKeepsItsNumber) {
  harness::SuiteOptions options = Options();
  options.templates_yaml = kTemplates;
  options.opcon_sandbox_flags = {"--job-number-on-restart", "same"};
  StartSuite(options);
  harness::Reporter reporter(suite().server());
  Case one;
  one.template_name = "reopen";
  one.job = harness::RandomJob();
  ASSERT_OK(harness::DefineJob(suite(), one.job));
  Fail(&reporter, one, /*again=*/false);
  ASSERT_OK(reporter.AwaitSettled(1).status());
  const auto first = harness::FindIncidents(suite(), one.job);
  ASSERT_OK(first.status());
  ASSERT_THAT(*first, SizeIs(1));
  const auto before = harness::GetJob(suite(), one.job);
  ASSERT_OK(before.status());
  // Runs of one number differ by their end, which OpCon tells in seconds.
  ASSERT_TRUE(harness::Eventually([&] {
    const auto failed =
        harness::FailJobAgain(suite(), one.job, "0000000006",
                              absl::StrCat("second log of ", one.job.name));
    const auto shown = harness::GetJob(suite(), one.job);
    return failed.ok() && shown.ok() &&
           shown->at("computedEndTime") != before->at("computedEndTime");
  }));
  const auto after = harness::GetJob(suite(), one.job);
  ASSERT_OK(after.status());
  ASSERT_EQ(after->at("jobNumber"), before->at("jobNumber"));
  ASSERT_OK(reporter.Report(one.job, "0000000006", "request-again", "reopen"));
  ASSERT_OK(reporter.Report(one.job, "0000000006", "request-twice", "reopen"));
  const auto reports = reporter.AwaitSettled(3);
  ASSERT_OK(reports.status());
  const std::string sys_id = first->front().at("sys_id");
  const auto notes = harness::FindWorkNotes(suite(), sys_id);
  ASSERT_OK(notes.status());
  EXPECT_THAT(*notes, SizeIs(1));
  EXPECT_EQ((*reports)[0].state(), ::incident::v1::REPORT_STATE_MERGED);
  EXPECT_NE((*reports)[1].failure_id(), (*reports)[2].failure_id());
  CheckTicketAndLog(one, first->front());
}

}  // namespace
}  // namespace opcon_snow::e2e
