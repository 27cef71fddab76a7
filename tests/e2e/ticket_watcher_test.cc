// People move tickets, and the jobs follow: every pair of states and whatever
// else may happen between, in each mode, counted from OpCon's own request log.
// All cases run side by side in one suite.

#include <map>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/e2e_test_base.h"
#include "tests/harness/reporter.h"

namespace opcon_snow::e2e {
namespace {

using nlohmann::json;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kTemplates[] =
    "  - name: watch\n"
    "    state_sync: {mode: STATE_SYNC_MODE_WATCH}\n"
    "  - name: watch_restart\n"
    "    state_sync: {mode: STATE_SYNC_MODE_WATCH, restart_on_resolve: true}\n"
    "  - name: verify\n"
    "    state_sync: {mode: STATE_SYNC_MODE_VERIFY}\n"
    "  - name: verify_restart\n"
    "    state_sync: {mode: STATE_SYNC_MODE_VERIFY, restart_on_resolve: true}\n"
    "  - name: off\n";
constexpr char kWatcher[] =
    "ticket_watcher:\n  interval: 1s\n  overlap: 3s\n  verify_after: 2s\n";

constexpr char kReview[] = "markUnderReview";
constexpr char kFixed[] = "markFixed";
constexpr char kRestart[] = "restart";
constexpr char kCancel[] = "cancel";

bool Restarts(const std::string& template_name) {
  return absl::EndsWith(template_name, "_restart");
}

// A failed job, its ticket, and what is to come of it.
struct Case {
  std::string name;
  std::string template_name;
  // The states that the ticket is moved to; after each the suite comes to rest.
  std::vector<std::string> states;
  std::vector<std::string> expected;
  harness::Job job;
  std::string request_id;
  std::string sys_id;
};

// What the table of the guide says of a failed job whose ticket goes this way.
std::vector<std::string> Expected(const std::string& template_name,
                                  const std::vector<std::string>& states) {
  std::vector<std::string> actions;
  if (template_name == "off") return actions;
  bool failed = true;
  bool under_review = false;
  for (const std::string& state : states) {
    if (state == "2" && failed) {
      actions.push_back(kReview);
      under_review = true;
      failed = false;
    } else if ((state == "6" || state == "8") && (failed || under_review)) {
      actions.push_back(state == "8"              ? kCancel
                        : Restarts(template_name) ? kRestart
                                                  : kFixed);
      failed = under_review = false;
    }
  }
  return actions;
}

class TicketWatcherE2eTest : public E2eTest {
 protected:
  void Start() {
    harness::SuiteOptions options = Options();
    options.templates_yaml = kTemplates;
    options.incident_service_yaml = kWatcher;
    StartSuite(options);
    reporter_ = std::make_unique<harness::Reporter>(suite().server());
  }

  void Add(const std::string& name, const std::string& template_name,
           std::vector<std::string> states, harness::Job job) {
    Case& one = cases_.emplace_back();
    one.name = absl::StrCat(name, ", ", template_name);
    one.template_name = template_name;
    one.expected = Expected(template_name, states);
    one.states = std::move(states);
    one.job = std::move(job);
    one.request_id = absl::StrCat("request-", cases_.size());
  }

  // All jobs fail, and get their tickets.
  void OpenTickets() {
    for (const Case& one : cases_) {
      ASSERT_OK(harness::DefineJob(suite(), one.job));
      ASSERT_OK(harness::FailJob(suite(), one.job, "0000000005", "log\n"));
      ASSERT_OK(reporter_->Report(one.job, "0000000005", one.request_id,
                                  one.template_name));
    }
    const auto reports = reporter_->AwaitSettled(cases_.size());
    ASSERT_OK(reports.status());
    std::map<std::string, std::string> tickets;
    for (const ::incident::v1::Report& report : *reports) {
      tickets[report.request_id()] = report.ticket().sys_id();
    }
    for (Case& one : cases_) {
      one.sys_id = tickets[one.request_id];
      ASSERT_NE(one.sys_id, "") << one.name;
    }
  }

  // Queries of the watcher so far. Reads only what is new.
  int Rounds() {
    const auto requests =
        harness::Requests(suite().servicenow(), last_request_);
    EXPECT_OK(requests.status());
    if (requests->empty()) return rounds_;
    last_request_ = requests->back().at("n").get<int>();
    for (const json& request :
         harness::RequestsTo(*requests, "GET", "/api/now/v2/table/incident")) {
      rounds_ +=
          absl::StrContains(request.dump(), "ORDERBYsys_updated_on") ? 1 : 0;
    }
    return rounds_;
  }
  // Until everything that has been done so far has been seen and acted on.
  void Rest() {
    const int before = Rounds();
    ASSERT_TRUE(harness::Eventually([&] { return Rounds() >= before + 3; }))
        << suite().LogOf("incident_service");
    ASSERT_OK(reporter_->AwaitSettled(cases_.size()).status());
  }

  // What OpCon was asked to do to each job, in order, by the job's id.
  std::map<std::string, std::vector<std::string>> Actions() {
    const auto requests = harness::Requests(suite().opcon());
    EXPECT_OK(requests.status());
    std::map<std::string, std::vector<std::string>> actions;
    for (const json& request :
         harness::RequestsTo(*requests, "POST", "/api/jobactions")) {
      json body = request.at("body");
      if (body.is_string()) body = json::parse(body.get<std::string>());
      actions[body.at("jobs").at(0).at("id")].push_back(body.at("action"));
    }
    return actions;
  }
  void ExpectActions() {
    auto actions = Actions();
    for (const Case& one : cases_) {
      EXPECT_THAT(actions[one.job.id()], ElementsAreArray(one.expected))
          << one.name;
    }
  }

  std::vector<Case> cases_;
  std::unique_ptr<harness::Reporter> reporter_;
  int last_request_ = 0;
  int rounds_ = 0;
};

TEST_F(TicketWatcherE2eTest, EveryPairOfStatesActsAsTheTableSays) {
  Start();
  for (const char* name :
       {"watch", "watch_restart", "verify", "verify_restart", "off"}) {
    for (const char* from : {"1", "2", "3", "6"}) {
      for (const char* to : {"1", "2", "3", "6", "7", "8"}) {
        if (from == std::string(to)) continue;
        std::vector<std::string> states;
        if (from != std::string("1")) states.emplace_back(from);
        states.emplace_back(to);
        Add(absl::StrCat("from ", from, " to ", to), name, states,
            harness::RandomJob());
      }
    }
    harness::Job job = harness::RandomJob();
    job.name = std::string(100, 'L') + job.name.substr(0, 20);
    Add("long name", name, {"2", "6"}, job);
  }
  OpenTickets();
  for (std::size_t i = 0; i < 2; ++i) {
    for (const Case& one : cases_) {
      if (i >= one.states.size()) continue;
      ASSERT_OK(harness::SetIncidentState(suite(), one.sys_id, one.states[i]))
          << one.name;
    }
    Rest();
  }
  ExpectActions();
  // Nothing is done again by looking again.
  Rest();
  ExpectActions();
}

TEST_F(TicketWatcherE2eTest, WhatElseMayHappenBetween) {
  Start();
  enum { kEdits, kQuick, kOwn, kCorrelation, kRestarted, kRecovered };
  for (const char* name : {"watch", "watch_restart", "verify"}) {
    for (const char* what :
         {"edits", "quick moves", "our own user", "edited correlation_id",
          "restarted meanwhile", "recovered meanwhile"}) {
      Add(what, name, {}, harness::RandomJob());
    }
  }
  OpenTickets();
  const harness::HttpPeer own(
      suite().servicenow().port(),
      "Basic " + absl::Base64Escape("opcon.integration:sandbox"));
  const auto change = [&](const harness::HttpPeer& who, const Case& one,
                          const json& fields) {
    const auto answer =
        who.Send("PATCH", "/api/now/v2/table/incident/" + one.sys_id, fields);
    ASSERT_OK(answer.status());
    ASSERT_EQ(answer->status, 200) << one.name << answer->body;
  };
  const json resolved = {{"state", "6"},
                         {"close_code", "Solved (Permanently)"},
                         {"close_notes", "By a person"}};
  for (std::size_t i = 0; i < cases_.size(); ++i) {
    Case& one = cases_[i];
    const auto resolve = [&] {
      ASSERT_OK(harness::SetIncidentState(suite(), one.sys_id, "6"));
    };
    switch (i % 6) {
      case kEdits:
        change(suite().servicenow(), one, {{"urgency", "1"}});
        change(suite().servicenow(), one, {{"work_notes", "looking"}});
        break;
      case kQuick:
        ASSERT_OK(harness::SetIncidentState(suite(), one.sys_id, "2"));
        resolve();
        break;
      case kOwn:
        change(own, one, resolved);
        break;
      case kCorrelation:
        change(suite().servicenow(), one,
               {{"correlation_id", "127.0.0.1:1,20260105|1|1|OTHER"}});
        resolve();
        break;
      case kRestarted:
        ASSERT_OK(harness::FailJobAgain(suite(), one.job, "0000000006", "log"));
        resolve();
        break;
      default:
        ASSERT_OK(harness::StartJob(suite(), one.job));
        ASSERT_OK(harness::FinishJob(suite(), one.job));
        resolve();
    }
  }
  Rest();
  auto all_actions = Actions();
  for (std::size_t i = 0; i < cases_.size(); ++i) {
    const Case& one = cases_[i];
    const std::string last = Restarts(one.template_name) ? kRestart : kFixed;
    const std::vector<std::string>& actions = all_actions[one.job.id()];
    switch (i % 6) {
      case kQuick:
        // A round may lie between the two.
        EXPECT_THAT(actions,
                    AnyOf(ElementsAre(last), ElementsAre(kReview, last)))
            << one.name;
        break;
      case kCorrelation:
        EXPECT_THAT(actions, ElementsAre(last)) << one.name;
        break;
      default:
        EXPECT_THAT(actions, IsEmpty()) << one.name;
    }
  }
}

TEST_F(TicketWatcherE2eTest, OpConInTroubleIsActedOnOnce) {
  Start();
  Add("down", "watch_restart", {}, harness::RandomJob());
  Add("answer lost", "watch_restart", {}, harness::RandomJob());
  OpenTickets();
  // Away for a while.
  ASSERT_OK(harness::AddFault(
      suite().opcon(), {{"match", {{"path", "/api/dailyjobs"}}},
                        {"times", 5},
                        {"action", {{"kind", "status"}, {"status", 503}}}}));
  ASSERT_OK(harness::SetIncidentState(suite(), cases_[0].sys_id, "6"));
  Rest();
  EXPECT_THAT(Actions()[cases_[0].job.id()], ElementsAre(kRestart));
  // Does it and does not say so.
  ASSERT_OK(harness::ClearFaults(suite().opcon()));
  ASSERT_OK(harness::AddFault(
      suite().opcon(),
      {{"match", {{"method", "POST"}, {"path", "/api/jobactions"}}},
       {"times", 1},
       {"action", {{"kind", "drop_after"}}}}));
  ASSERT_OK(harness::SetIncidentState(suite(), cases_[1].sys_id, "6"));
  Rest();
  EXPECT_THAT(Actions()[cases_[1].job.id()], ElementsAre(kRestart));
  const auto reports = reporter_->Reports();
  ASSERT_OK(reports.status());
  EXPECT_THAT(*reports, SizeIs(4));
  for (const ::incident::v1::Report& report : *reports) {
    EXPECT_EQ(report.state(), ::incident::v1::REPORT_STATE_SUCCEEDED)
        << report.DebugString();
  }
}

}  // namespace
}  // namespace opcon_snow::e2e
