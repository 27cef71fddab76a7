"""What tickets that move do to their jobs: the table of transitions."""

import itertools
import json
import unittest

from app_sandbox import ADDRESS, RESOLVED, TICKETS, AppTest
from snow_sandbox import ADMIN, INTEGRATION

STATES = ("1", "2", "3", "6", "7", "8")
MORE = {"3": {"hold_reason": "3"}, "6": RESOLVED, "7": RESOLVED}


def to(state):
    return {**MORE.get(state, {}), "state": state}


def expected(before, after):
    if before == after:
        return None
    if (before, after) == ("1", "2"):
        return "markUnderReview"
    return {"6": "markFixed", "8": "cancel"}.get(after)


class TransitionTest(AppTest):

    def make_pairs(self):
        """A job and a ticket for each pair of states."""
        pairs = {}
        for pair in itertools.product(STATES, STATES):
            job = self.job("JOB%s%s" % pair)
            pairs[pair] = (job, self.ticket(job, **to(pair[0])))
        self.settle()
        self.assertEqual(self.requests(), [])
        return pairs

    def check_pairs(self, outcomes):
        pairs = self.make_pairs()
        for (_, after), (_, ticket) in pairs.items():
            self.patch(ticket, **to(after))
        self.settle()
        wanted = sorted((outcomes[expected(*pair)], job)
                        for pair, (job, _) in pairs.items()
                        if expected(*pair))
        self.assertEqual(sorted(self.told(applied_only=False)), wanted)
        # An edit is no transition, whatever the state.
        for _, ticket in pairs.values():
            self.patch(ticket, short_description="edited", urgency="1",
                       work_notes="looking at it")
        self.settle()
        self.later()
        self.retry()
        self.assertEqual(sorted(self.told(applied_only=False)), wanted)
        self.assertEqual({state for _, state, _ in self.asked()}, {"done"})
        for job, ticket in pairs.values():
            self.assertEqual(
                [note for note in self.notes(ticket)
                 if note.startswith("OpCon")], [], job)

    def test_each_pair_of_states(self):
        self.check_pairs({name: name for name in
                          ("markUnderReview", "markFixed", "cancel")})

    def test_each_pair_of_states_with_release(self):
        self.use_release()
        self.check_pairs({"markUnderReview": "markUnderReview",
                          "markFixed": "restart", "cancel": "cancel"})

    def test_the_job_follows(self):
        job = self.job()
        ticket = self.ticket(job)
        self.move(ticket, **to("2"))
        self.assertEqual(self.status(job), "Under Review")
        self.move(ticket, **to("6"))
        self.assertEqual(self.status(job), "Fixed")
        self.assertEqual(self.told(), [("markUnderReview", job),
                                       ("markFixed", job)])
        reasons = [json.loads(request["body"])["reason"]
                   for request in self.requests() if "body" in request]
        self.assertEqual(reasons, [ticket["number"] + ": In Progress (admin)",
                                   ticket["number"] + ": Resolved (admin)"])

    def test_two_quick_moves(self):
        job = self.job()
        ticket = self.ticket(job)
        self.patch(ticket, **to("2"))
        self.patch(ticket, **to("6"))
        self.settle()
        # The first may have been overtaken; the last one counts.
        self.assertIn(self.told(), ([("markFixed", job)],
                                    [("markUnderReview", job),
                                     ("markFixed", job)]))
        self.assertEqual(self.status(job), "Fixed")

    def test_two_quick_moves_with_release(self):
        self.use_release()
        job = self.job()
        ticket = self.ticket(job)
        for state in ("2", "6", "2", "6"):
            self.patch(ticket, **to(state))
        self.settle()
        self.retry()
        told = self.told(applied_only=False)
        self.assertEqual(told.count(("restart", job)), 1)
        self.assertLessEqual(len(told), 2)

    def test_back_and_forth(self):
        job = self.job()
        ticket = self.ticket(job)
        for state in ("2", "1", "2", "1", "2"):
            self.patch(ticket, **to(state))
        self.settle()
        # The job is under review already: there is nothing to mark.
        self.assertEqual(self.told(), [("markUnderReview", job)])

    def test_the_integration_user_is_ignored(self):
        self.check_integration_user()

    def test_the_integration_user_is_ignored_with_release(self):
        # As when it resolves the ticket of a job that has recovered.
        self.use_release()
        self.check_integration_user()

    def check_integration_user(self):
        for name, before, after in (("A", "1", "2"), ("B", "2", "6"),
                                    ("C", "1", "6"), ("D", "2", "8")):
            ticket = self.ticket(self.job(name), **to(before))
            self.move(ticket, auth=INTEGRATION, **to(after))
        self.retry()
        self.assertEqual(self.requests(), [])
        self.assertEqual(self.asked(), [])

    def test_other_tickets_are_left_alone(self):
        job = self.job()
        self.move(self.ticket(job, correlation_display="OTHER"), **to("2"))
        self.move(self.ticket(job, correlation_display=""), **to("6"))
        self.assertEqual(self.requests(), [])


class JobTest(AppTest):
    """What the job, and OpCon's view of it, has to do with it."""

    def test_what_an_operator_did_is_respected(self):
        for name, action, after in (
                ("A", "markFixed", "2"), ("B", "markFinishedOk", "6"),
                ("C", "cancel", "6"), ("D", "markUnderReview", "2"),
                ("E", "skip", "8"), ("F", "restartOnHold", "8")):
            job = self.job(name)
            ticket = self.ticket(job)
            self.act(job, action)
            status = self.status(job)
            self.move(ticket, **to(after))
            self.assertEqual(self.status(job), status)
        self.assertEqual(self.told(), [])
        self.assertLessEqual({state for _, state, _ in self.asked()},
                             {"needless", "done"})

    def test_a_recovered_job_is_not_run_again(self):
        self.use_release()
        for what in ("finish", "start"):
            job = self.job("JOB" + what)
            ticket = self.ticket(job, **to("2"))
            self.act(job, "restart")
            self.report(job, what)
            self.move(ticket, **to("6"))
        self.retry()
        self.assertEqual(self.told(), [])

    def test_only_the_current_ticket(self):
        job = self.job()
        old = self.ticket(job, link=False)
        current = self.ticket(job)
        self.move(old, **to("2"))
        self.assertEqual(self.told(), [])
        self.assertIn("is not the current ticket of job " + job,
                      self.notes(old)[-1])
        self.assertIn(current["number"], self.notes(old)[-1])
        self.move(current, **to("2"))
        self.assertEqual(self.told(), [("markUnderReview", job)])

    def test_a_number_is_enough_and_other_tickets_may_be_there(self):
        job = self.job()
        ticket = self.ticket(job, link=False)
        for text in ("CHG0030001", " " + ticket["number"] + " "):
            self.opcon.api("POST", TICKETS % self.known_jobs[job],
                           json={"id": 0, "ticketId": text, "ticketUrl": ""})
        self.move(ticket, **to("2"))
        self.assertEqual(self.told(), [("markUnderReview", job)])

    def test_a_ticket_that_opcon_does_not_name_yet(self):
        job = self.job()
        ticket = self.ticket(job, link=False)
        self.move(ticket, **to("2"))
        self.assertEqual(self.told(), [])
        self.assertEqual(self.notes(ticket), [])
        self.link(job, ticket)
        self.retry()
        self.assertEqual(self.told(), [("markUnderReview", job)])
        self.assertEqual(self.notes(ticket), [])

    def test_an_edited_correlation_id(self):
        mine, other = self.job("MINE"), self.job("OTHER")
        for text, why in (
                (ADDRESS + "," + other, "OpCon names no ticket"),
                ("evil.example.com:9010," + mine, "evil.example.com:9010"),
                (self.opcon.url[len("https://"):] + "," + mine, "localhost"),
                (ADDRESS + "/../," + mine, "not exactly one active"),
                ("Production," + mine, "not exactly one active"),
                (ADDRESS + "," + mine + "|x", "names no job"),
                (ADDRESS + ",#unknown-1", "names no job"),
                (ADDRESS, "names no job"),
                (ADDRESS + ",20260105|16|1|GONE", "no such job")):
            ticket = self.ticket(mine, link=False, correlation_id=text)
            self.move(ticket, **to("2"))
            self.assertEqual(self.told(), [], text)
            self.assertIn(why, self.asked(ticket)[0][2], text)
        self.assertEqual(self.status(mine), "Failed")

    def test_no_request_to_a_host_that_a_ticket_names(self):
        job = self.job()
        ticket = self.ticket(job)
        before = len(self.requests())
        other = type(self.opcon)(self.cert, self.key)
        try:
            self.patch(ticket, correlation_id="%s,%s" % (
                other.url[len("https://"):], job))
            for state in ("2", "6"):
                self.move(ticket, **to(state))
            self.retry()
            self.assertEqual(
                other.control("GET", "requests")["requests"], [])
            self.assertEqual(len(self.requests()), before)
        finally:
            other.close()
        self.assertIn("Do it in OpCon", self.notes(ticket)[-1])

    def test_names(self):
        for name in ("A B", "JOB$0001", "a/b", "x_y-z.#1", "J\u00fcrgen",
                     "Job^1", "$token"):
            job = self.job(name)
            self.move(self.ticket(job), **to("2"))
            self.assertEqual(self.told()[-1], ("markUnderReview", job))
            self.assertEqual(self.status(job), "Under Review", name)

    def test_long_names_are_found_by_their_uid(self):
        job = self.job("X" * 128)
        self.job("X" * 127)
        ticket = self.ticket(
            job, correlation_id="%s,#%d" % (ADDRESS, self.known_jobs[job]))
        self.assertLess(len(ticket["correlation_id"]), 100)
        self.move(ticket, **to("2"))
        self.move(ticket, **to("6"))
        self.assertEqual(self.told(), [("markUnderReview", job),
                                       ("markFixed", job)])

    def test_a_missed_start(self):
        for after, sent in (("6", []), ("8", ["cancel"])):
            job = self.job("MISSED" + after, failed=False)
            self.opcon.control("POST", "jobs/%s/fail" % self.path_of(job),
                               {"status": "Missed Start Time"})
            self.move(self.ticket(job), **to(after))
            self.assertEqual(self.told(), [(action, job) for action in sent])


class OldApiTest(AppTest):

    OPCON_FLAGS = ("--without-incident-tickets",)

    def link(self, job, incident):
        path = "/api/dailyjobs/" + self.path_of(job)
        body = self.opcon.api("GET", path).json()
        body["incidentTicketId"] = incident["number"]
        self.assertEqual(
            self.opcon.api("PUT", path, json=body).status_code, 200)

    def test_the_field_of_the_job(self):
        job = self.job()
        self.move(self.ticket(job), **to("2"))
        self.move(self.ticket(job, link=False), **to("6"))
        self.assertEqual(self.told(), [("markUnderReview", job)])


class ThirdPartyTest(AppTest):
    """A rule of somebody else that reads tickets as it always did."""

    SYSTEM = False
    SCRIPT = """(function executeRule(current, previous) {
        if (current.correlation_display == 'SMA_OPCON') {
            var parts = current.correlation_id.toString().split(',');
            var message = new sn_ws.RESTMessageV2();
            message.setHttpMethod('post');
            message.setEndpoint('https://' + parts[0] + '/api/jobactions');
            message.setRequestHeader('Content-Type', 'application/json');
            message.setRequestHeader('Authorization', 'Token %s');
            message.setRequestBody(
                '{"action":"markUnderReview","jobs":[{"id":"' + parts[1] +
                '"}],"reason":"taken"}');
            message.execute();
        }
    })(current, previous);"""

    def test_its_contract_with_the_ticket_holds(self):
        for name in ("OpConTicketAccepted", "OpConTicketResolved",
                     "OpConTicketCanceled"):
            self.patch(self.find("sys_script", "name=" + name)[0],
                       "sys_script", active="false")
        self.create("sys_script", name="Acme tells the scheduler",
                    collection="incident", when="async", advanced="true",
                    active="true", action_update="true",
                    filter_condition="state=2^EQ",
                    script=self.SCRIPT % self.opcon.TOKEN)
        job = self.job()
        ticket = self.ticket(job, correlation_id="%s,%s" % (
            self.opcon.url[len("https://"):], job))
        self.move(ticket, ADMIN, **to("2"))
        self.assertEqual(self.told(), [("markUnderReview", job)])
        self.assertEqual(self.status(job), "Under Review")


if __name__ == "__main__":
    unittest.main(verbosity=1)
