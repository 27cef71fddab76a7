#include "opcon_gateway/incident_tickets.h"

#include <memory>
#include <string>
#include <utility>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "opcon_gateway/client_fixture.h"
#include "opcon_gateway/sample_job.h"

namespace opcon_snow::opcon {
namespace {

using absl::StatusCode;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Kind = http::TransportError::Kind;
namespace v1 = ::opcon::v1;

constexpr char kRows[] =
    "https://opcon.example:9010/api/dailyjobs/4711/"
    "incidentTickets";
constexpr char kJob[] =
    "https://opcon.example:9010/api/dailyjobs/"
    "20260105%7C16%7C1%7CJOB001";

v1::IncidentTicket Row(int id, const std::string& ticket,
                       const std::string& url) {
  v1::IncidentTicket row;
  row.set_row_id(id);
  row.set_ticket_id(ticket);
  row.set_ticket_url(url);
  return row;
}

TicketWish Wish(const std::string& id, const std::string& url,
                const std::string& replaced = "") {
  return TicketWish{id, url, replaced};
}

// --- The decision ----------------------------------------------------------

TEST(PlanTicketTest, AddsARowBesideThoseOfOthers) {
  const TicketPlan plan = PlanTicket({Row(1, "CHG1", "u")}, Wish("INC1", "v"));
  EXPECT_EQ(plan.step, TicketPlan::Step::kAddRow);
  EXPECT_EQ(plan.row.row_id(), 0);
  EXPECT_EQ(plan.row.ticket_url(), "v");
}

TEST(PlanTicketTest, LeavesWhatIsRightAlone) {
  EXPECT_EQ(PlanTicket({Row(1, "INC1", "v")}, Wish("INC1", "v")).step,
            TicketPlan::Step::kNothing);
  // No address wished for: the one that is there stays.
  EXPECT_EQ(PlanTicket({Row(1, "INC1", "v")}, Wish("INC1", "")).step,
            TicketPlan::Step::kNothing);
}

TEST(PlanTicketTest, CorrectsTheAddressOfOurRow) {
  const TicketPlan plan = PlanTicket(
      {Row(1, "CHG1", "u"), Row(2, "INC1", "old")}, Wish("INC1", "new"));
  EXPECT_EQ(plan.step, TicketPlan::Step::kReplaceRow);
  EXPECT_EQ(plan.row.row_id(), 2);
}

TEST(PlanTicketTest, ReplacesTheTicketThatGivesWay) {
  const TicketPlan plan = PlanTicket(
      {Row(1, "CHG1", "u"), Row(2, "INC0", "old")}, Wish("INC1", "", "INC0"));
  EXPECT_EQ(plan.step, TicketPlan::Step::kReplaceRow);
  EXPECT_EQ(plan.row.row_id(), 2);
  EXPECT_EQ(plan.row.ticket_id(), "INC1");
  // The old ticket's address does not stay with the new one.
  EXPECT_EQ(plan.row.ticket_url(), "");
}

TEST(PlanTicketTest, PrefersTheRowThatIsOursAlready) {
  EXPECT_EQ(PlanTicket({Row(1, "INC0", ""), Row(2, "INC1", "v")},
                       Wish("INC1", "v", "INC0"))
                .step,
            TicketPlan::Step::kNothing);
}

// --- The exchange ----------------------------------------------------------

class IncidentTicketsTest : public ClientFixture {
 protected:
  IncidentTicketsTest() { selector.set_uid(4711); }

  absl::StatusOr<TicketWritten> Set(const TicketWish& wish) {
    return Run(tickets->Set(selector, wish, scope));
  }
  absl::StatusOr<TicketList> List() {
    return Run(tickets->List(selector, scope));
  }

  v1::JobSelector selector;
  std::unique_ptr<IncidentTickets> tickets =
      std::make_unique<IncidentTickets>(rest.get(), jobs.get());
};

TEST_F(IncidentTicketsTest, ListsEveryRow) {
  transport->Answer(200, R"([{"id":12,"ticketId":"INC1","ticketUrl":"u"},
               {"id":"13","ticketId":"INC2","ticketUrl":null},null])");
  ASSERT_OK_AND_ASSIGN(TicketList list, List());
  EXPECT_EQ(Line(0), std::string("GET ") + kRows);
  ASSERT_THAT(list.rows, SizeIs(2));
  EXPECT_EQ(list.rows[0].ticket_url(), "u");
  EXPECT_EQ(list.rows[1].row_id(), 13);
  EXPECT_FALSE(list.single_field);
}

TEST_F(IncidentTicketsTest, LooksTheUidUpFirst) {
  selector.set_id("20260105|16|1|JOB001");
  transport->Answer(200, SampleJob().dump());
  transport->Answer(200, "[]");
  ASSERT_OK_AND_ASSIGN(TicketList list, List());
  EXPECT_EQ(Line(1), std::string("GET ") + kRows);
}

TEST_F(IncidentTicketsTest, ReadsTheSingleFieldOfOldVersions) {
  transport->Answer(404, "");
  transport->Answer(200, json::array({SampleJob()}).dump());
  ASSERT_OK_AND_ASSIGN(TicketList list, List());
  EXPECT_TRUE(list.single_field);
  ASSERT_THAT(list.rows, SizeIs(1));
  EXPECT_EQ(list.rows[0].ticket_id(), "INC0010025");
}

TEST_F(IncidentTicketsTest, AJobThatIsNotThereIsNoOldVersion) {
  transport->Answer(404, "");
  transport->Answer(200, "[]");
  EXPECT_THAT(List(), HasReason("JOB_NOT_FOUND"));
}

TEST_F(IncidentTicketsTest, PostsANewRow) {
  transport->Answer(200, R"([{"id":1,"ticketId":"CHG1","ticketUrl":""}])");
  transport->Answer(201, R"({"id":2,"ticketId":"INC1","ticketUrl":"u"})");
  ASSERT_OK_AND_ASSIGN(TicketWritten written, Set(Wish("INC1", "u")));
  EXPECT_EQ(Line(1), std::string("POST ") + kRows);
  EXPECT_EQ(json::parse(Request(1).body),
            json::parse(R"({"id":0,"ticketId":"INC1","ticketUrl":"u"})"));
  EXPECT_TRUE(written.changed);
  EXPECT_FALSE(written.single_field);
  EXPECT_EQ(written.ticket.row_id(), 2);
}

TEST_F(IncidentTicketsTest, LooksWhatBecameOfASilentWrite) {
  transport->Answer(200, "[]");
  transport->Answer(200, "");
  transport->Answer(200, R"([{"id":9,"ticketId":"INC1","ticketUrl":"u"}])");
  ASSERT_OK_AND_ASSIGN(TicketWritten written, Set(Wish("INC1", "u")));
  EXPECT_EQ(written.ticket.row_id(), 9);

  transport->Answer(200, "[]");
  transport->Answer(200, "");
  transport->Answer(200, "[]");
  EXPECT_THAT(Set(Wish("INC1", "u")),
              StatusIs(StatusCode::kInternal, HasSubstr("does not show it")));
}

TEST_F(IncidentTicketsTest, PutsOurRow) {
  transport->Answer(200, R"([{"id":1,"ticketId":"CHG1","ticketUrl":""},
                             {"id":2,"ticketId":"INC0","ticketUrl":"x"}])");
  transport->Answer(200, R"({"id":2,"ticketId":"INC1","ticketUrl":"u"})");
  ASSERT_OK_AND_ASSIGN(TicketWritten written, Set(Wish("INC1", "u", "INC0")));
  EXPECT_EQ(Line(1), std::string("PUT ") + kRows + "/2");
  EXPECT_TRUE(written.changed);
}

TEST_F(IncidentTicketsTest, IsNatural) {
  transport->Answer(200, R"([{"id":2,"ticketId":"INC1","ticketUrl":"u"}])");
  ASSERT_OK_AND_ASSIGN(TicketWritten written, Set(Wish("INC1", "u")));
  EXPECT_FALSE(written.changed);
  EXPECT_THAT(transport->requests(), SizeIs(1));
}

TEST_F(IncidentTicketsTest, ARowThatVanishesIsAddedAnew) {
  transport->Answer(200, R"([{"id":2,"ticketId":"INC1","ticketUrl":"x"}])");
  transport->Answer(404, "");
  transport->Answer(200, R"({"id":3,"ticketId":"INC1","ticketUrl":"u"})");
  ASSERT_OK_AND_ASSIGN(TicketWritten written, Set(Wish("INC1", "u")));
  EXPECT_EQ(Line(2), std::string("POST ") + kRows);
  EXPECT_EQ(written.ticket.row_id(), 3);
}

TEST_F(IncidentTicketsTest, AConflictMeansAnotherTicket) {
  transport->Answer(200, R"([{"id":1,"ticketId":"CHG1","ticketUrl":""}])");
  transport->Answer(409, R"([{"message":"There is a ticket"}])");
  const auto written = Set(Wish("INC1", "u"));
  EXPECT_THAT(written, StatusIs(StatusCode::kAlreadyExists, HasSubstr("CHG1")));
  EXPECT_THAT(written, HasReason("JOB_STATE"));
}

TEST_F(IncidentTicketsTest, ALostAnswerIsAnUnknownOutcome) {
  transport->Answer(200, "[]");
  transport->Fail(Kind::kReceive, true);
  const auto written = Set(Wish("INC1", "u"));
  EXPECT_THAT(written, HasReason("OUTCOME_UNKNOWN"));
  EXPECT_TRUE(IsOutcomeUnknown(written.status()));
}

// --- Versions without the list ---------------------------------------------

class SingleFieldTest : public IncidentTicketsTest {
 protected:
  SingleFieldTest() { selector.set_id("20260105|16|1|JOB001"); }

  // The lookup, the missing list, the job to be changed.
  void Start(const json& job) {
    transport->Answer(200, job.dump());
    transport->Answer(405, "");
    transport->Answer(200, job.dump());
  }
  static json JobWith(const json& ticket) {
    json job = SampleJob();
    job["incidentTicketId"] = ticket;
    return job;
  }
};

TEST_F(SingleFieldTest, SendsTheWholeJobBack) {
  Start(JobWith(nullptr));
  transport->Answer(200, "");
  transport->Answer(200, JobWith("INC1").dump());  // it looks what came of it
  ASSERT_OK_AND_ASSIGN(TicketWritten written, Set(Wish("INC1", "u")));
  EXPECT_TRUE(written.single_field);
  EXPECT_TRUE(written.changed);
  EXPECT_EQ(Line(3), std::string("PUT ") + kJob);
  json expected = SampleJob();
  expected["incidentTicketId"] = "INC1";
  expected["incidentTicketURL"] = "u";
  EXPECT_EQ(json::parse(Request(3).body), expected);
}

TEST_F(SingleFieldTest, FindsTheIdOfAUidFirst) {
  selector.set_uid(4711);
  transport->Answer(404, "");
  transport->Answer(200, json::array({SampleJob()}).dump());
  transport->Answer(200, JobWith("").dump());
  transport->Answer(200, JobWith("INC1").dump());
  ASSERT_OK_AND_ASSIGN(TicketWritten written, Set(Wish("INC1", "u")));
  EXPECT_TRUE(written.changed);
}

TEST_F(SingleFieldTest, IsNatural) {
  Start(JobWith("INC1"));
  ASSERT_OK_AND_ASSIGN(TicketWritten written, Set(Wish("INC1", "")));
  EXPECT_FALSE(written.changed);
  EXPECT_EQ(transport->unused(), 0u);
}

TEST_F(SingleFieldTest, LeavesTheTicketOfAnotherAlone) {
  Start(JobWith("CHG1"));
  const auto written = Set(Wish("INC1", "u", "INC0"));
  EXPECT_THAT(written, StatusIs(StatusCode::kAlreadyExists, HasSubstr("CHG1")));
  EXPECT_THAT(written, HasReason("JOB_STATE"));
  EXPECT_THAT(transport->requests(), SizeIs(3));
}

TEST_F(SingleFieldTest, ReplacesTheTicketThatGivesWay) {
  Start(JobWith("INC0"));
  transport->Answer(200, JobWith("INC1").dump());
  ASSERT_OK_AND_ASSIGN(TicketWritten written, Set(Wish("INC1", "u", "INC0")));
  EXPECT_TRUE(written.changed);
}

TEST_F(SingleFieldTest, DoesNotBelieveAWriteThatDoesNotShow) {
  Start(JobWith(nullptr));
  transport->Answer(200, "");
  transport->Answer(200, JobWith(nullptr).dump());
  EXPECT_THAT(Set(Wish("INC1", "u")), HasReason("UPSTREAM_FAILURE"));
}

TEST_F(SingleFieldTest, APostThatIsMissingFallsBackToo) {
  // 20.0 has GET, PUT and DELETE of the list, but no POST.
  transport->Answer(200, JobWith(nullptr).dump());
  transport->Answer(200, "[]");
  transport->Answer(405, "");
  transport->Answer(200, JobWith(nullptr).dump());
  transport->Answer(200, JobWith("INC1").dump());
  ASSERT_OK_AND_ASSIGN(TicketWritten written, Set(Wish("INC1", "u")));
  EXPECT_TRUE(written.single_field);
}

}  // namespace
}  // namespace opcon_snow::opcon
