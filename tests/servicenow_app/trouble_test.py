"""OpCon that is away, slow, or in another state than the ticket thinks."""

import json
import unittest

from app_sandbox import ADDRESS, RESOLVED, AppTest
from snow_sandbox import ADMIN

TAKEN = {"state": "2"}
CANCELED = {"state": "8"}
JOB_ACTIONS = {"method": "POST", "path": "/api/jobactions"}


class AwayTest(AppTest):

    def test_away_then_back(self):
        for kind in ({"kind": "drop_before"}, {"kind": "html", "status": 200},
                     {"kind": "status", "status": 503},
                     {"kind": "status", "status": 401, "body": json.dumps(
                         [{"message": "Invalid token specified"}])}):
            with self.subTest(kind["kind"]):
                self.setUp()
                job = self.job()
                ticket = self.ticket(job)
                self.opcon.fault(kind, times=-1, path="/api/*")
                self.move(ticket, **TAKEN)
                self.retry()
                self.assertEqual(self.told(), [])
                self.assertEqual(len(self.notes(ticket)), 1)
                self.assertIn("tried again for 24 hours",
                              self.notes(ticket)[0])
                self.opcon.control("DELETE", "faults")
                self.retry()
                self.assertEqual(self.told(), [("markUnderReview", job)])
                self.assertIn("done now", self.notes(ticket)[1])
                self.retry()
                self.assertEqual(len(self.told()), 1)
                self.assertEqual(len(self.notes(ticket)), 2)

    def test_every_action_waits_until_it_is_back(self):
        for action, moved in (("markFixed", RESOLVED), ("restart", RESOLVED),
                              ("cancel", CANCELED)):
            with self.subTest(action):
                self.setUp()
                if action == "restart":
                    self.use_release()
                job = self.job()
                ticket = self.ticket(job, **TAKEN)
                self.opcon.fault({"kind": "status", "status": 503}, times=-1,
                                 path="/api/*")
                self.move(ticket, **moved)
                self.retry()
                self.opcon.control("DELETE", "faults")
                self.retry()
                self.retry()
                self.assertEqual(self.told(applied_only=False),
                                 [(action, job)])

    def test_nobody_listens(self):
        job = self.job()
        ticket = self.ticket(job)
        self.patch(self.system, "x_opcon_snow_system",
                   url="https://localhost:1")
        self.move(ticket, **TAKEN)
        self.assertIn("https://localhost:1", self.notes(ticket)[0])
        self.patch(self.system, "x_opcon_snow_system", url=self.opcon.url)
        self.retry()
        self.assertEqual(self.told(), [("markUnderReview", job)])

    def test_given_up_after_a_day(self):
        ticket = self.ticket(self.job())
        self.opcon.fault({"kind": "drop_before"}, times=-1, path="/api/*")
        self.move(ticket, **TAKEN)
        self.later(25 * 3600)
        self.later()
        self.assertEqual(self.asked()[0][1], "failed")
        self.assertIn("given up after 24 hours", self.notes(ticket)[-1])
        self.opcon.control("DELETE", "faults")
        self.retry()
        self.assertEqual(self.told(), [])

    def test_the_ticket_moved_on_meanwhile(self):
        job = self.job()
        ticket = self.ticket(job)
        self.opcon.fault({"kind": "drop_before"}, times=-1, path="/api/*")
        self.move(ticket, **TAKEN)
        self.move(ticket, **RESOLVED)
        self.opcon.control("DELETE", "faults")
        self.retry()
        self.assertEqual(self.told(), [("markFixed", job)])
        self.assertIn(("markUnderReview", "needless",
                       "the ticket is Resolved by now"), self.asked())

    def test_a_deleted_ticket(self):
        ticket = self.ticket(self.job())
        self.opcon.fault({"kind": "drop_before"}, times=-1, path="/api/*")
        self.move(ticket, **TAKEN)
        self.opcon.control("DELETE", "faults")
        self.snow.call("DELETE", "/api/now/table/incident/" +
                       ticket["sys_id"])
        self.retry()
        self.assertEqual(self.told(), [])
        self.assertEqual(self.asked()[0][1], "needless")

    def test_many_tickets_and_a_system_that_is_away(self):
        self.opcon.fault({"kind": "status", "status": 503}, times=-1,
                         path="/api/*")
        for number in range(8):
            job = self.job("JOB%d" % number)
            self.patch(self.ticket(job, link=False), **TAKEN)
        self.settle()
        before = len(self.requests())
        self.later(16 * 60)
        # One attempt finds out; the others wait.
        self.assertLessEqual(len(self.requests()) - before, 1)
        self.assertEqual({state for _, state, _ in self.asked()}, {"waiting"})

    def test_a_note_that_a_closed_ticket_gets(self):
        ticket = self.ticket(self.job(), state="2")
        self.opcon.fault({"kind": "status", "status": 400, "body": json.dumps(
            [{"message": "no"}])}, times=-1, **JOB_ACTIONS)
        self.move(ticket, **RESOLVED)
        self.patch(ticket, auth=ADMIN, state="7")
        self.assertIn("HTTP 400: no", self.notes(ticket)[0])
        self.assertEqual(self.asked()[0][1], "refused")


class OncePerRun:
    """Restart and cancel happen at most once per run, however runs are told
    apart."""

    def sent(self, action, moved, fault=None, times=1):
        if action == "restart":
            self.use_release()
        job = self.job()
        ticket = self.ticket(job, state="2")
        if fault:
            self.opcon.fault(fault, times=times, **JOB_ACTIONS)
        self.move(ticket, **moved)
        return job, ticket

    def test_the_answer_is_lost(self):
        for action, moved in (("restart", RESOLVED), ("cancel", CANCELED),
                              ("markUnderReview", None)):
            with self.subTest(action):
                self.setUp()
                if moved is None:
                    job = self.job()
                    ticket = self.ticket(job)
                    self.opcon.fault({"kind": "drop_after"}, **JOB_ACTIONS)
                    self.move(ticket, **TAKEN)
                else:
                    job, ticket = self.sent(action, moved,
                                            {"kind": "drop_after"})
                self.retry()
                self.retry()
                self.assertEqual(self.told(), [(action, job)])
                self.assertEqual(self.asked()[0][:2], (action, "done"))
                self.assertIn("done now", self.notes(ticket)[-1])

    def test_the_same_run_twice(self):
        self.use_release()
        job = self.job()
        tickets = [self.ticket(job, state="2") for _ in range(2)]
        # OpCon accepts, and shows the failed run for a long time.
        self.opcon.fault({"kind": "body", "status": 200, "body": json.dumps(
            {"id": 1, "action": "restart", "result": "submitted",
             "jobs": [{"id": job, "result": "submitted"}]})}, times=-1,
                         **JOB_ACTIONS)
        for ticket in tickets:
            self.move(ticket, **RESOLVED)
            self.move(ticket, **TAKEN)
            self.move(ticket, **RESOLVED)
        self.assertEqual(len(self.told(applied_only=False)), 1)

    def test_a_new_run_may_be_restarted_again(self):
        self.use_release()
        job = self.job()
        ticket = self.ticket(job, state="2")
        self.move(ticket, **RESOLVED)
        for _ in range(2):
            self.opcon.control("POST", "clock", {"advance_ms": 60000})
            self.report(job, "fail")
            self.move(ticket, state="1")
            self.move(ticket, **RESOLVED)
        self.assertEqual(self.told(), [("restart", job)] * 3)


class OnceTest(OncePerRun, AppTest):

    def test_what_nobody_knows_is_not_sent_again(self):
        for action, moved in (("restart", RESOLVED), ("cancel", CANCELED)):
            with self.subTest(action):
                self.setUp()
                _, ticket = self.sent(action, moved, {"kind": "drop_before"})
                for _ in range(4):
                    self.retry()
                self.assertEqual(self.told(applied_only=False), [
                    (action, "20260105|16|1|JOB001")])
                self.assertEqual(self.asked()[0][1], "unknown")
                self.assertIn("nobody knows whether it happened",
                              self.notes(ticket)[-1])

    def test_a_mark_is_sent_again(self):
        job = self.job()
        ticket = self.ticket(job)
        self.opcon.fault({"kind": "drop_before"}, **JOB_ACTIONS)
        self.move(ticket, **TAKEN)
        self.retry()
        self.assertEqual(self.told(), [("markUnderReview", job)])

    def test_what_was_refused_for_now_is_sent_again(self):
        for action, moved in (("restart", RESOLVED), ("cancel", CANCELED)):
            with self.subTest(action):
                self.setUp()
                job, _ = self.sent(action, moved,
                                   {"kind": "status", "status": 429})
                self.retry()
                self.assertEqual(self.told(), [(action, job)])


class SameNumberTest(OncePerRun, AppTest):
    """Nobody knows whether a restarted job keeps its number."""

    OPCON_FLAGS = ("--job-number-on-restart", "same")


class RunTest(AppTest):

    def new_failure(self, job):
        self.opcon.control("POST", "clock", {"advance_ms": 600000})
        self.report(job, "fail")

    def test_a_run_that_was_seen_and_is_another_now(self):
        job = self.job()
        ticket = self.ticket(job)
        self.opcon.fault({"kind": "status", "status": 429}, **JOB_ACTIONS)
        self.move(ticket, **TAKEN)
        self.new_failure(job)
        self.retry()
        self.assertEqual(self.told(), [])
        self.assertEqual(self.status(job), "Failed")
        self.assertIn("run again", self.notes(ticket)[-1])

    def test_a_run_that_nobody_could_see(self):
        self.use_release()
        job = self.job()
        ticket = self.ticket(job, state="2")
        self.opcon.fault({"kind": "drop_before"}, times=-1, path="/api/*")
        self.move(ticket, **RESOLVED)
        self.opcon.control("DELETE", "faults")
        self.new_failure(job)
        self.retry()
        self.assertEqual(self.told(), [])
        self.assertEqual(self.asked()[0][1], "needless")


    def test_times_without_a_time_zone(self):
        for moved, state, told in ((CANCELED, "refused", []),
                                   (RESOLVED, "done", ["markFixed"])):
            with self.subTest(told):
                self.setUp()
                job = self.job()
                ticket = self.ticket(job, **TAKEN)
                self.opcon.fault({"kind": "drop_before"}, path="/api/*")
                self.move(ticket, **moved)
                path = "/api/dailyjobs/" + self.path_of(job)
                shown = self.opcon.api("GET", path).json()
                end = shown["computedEndTime"]
                end["time"] = end["time"][:19]
                self.opcon.fault({"kind": "body", "status": 200,
                                  "body": json.dumps(shown)}, path=path)
                self.retry()
                self.assertEqual(self.told(), [(one, job) for one in told])
                self.assertEqual(self.asked()[0][1], state)

    def test_a_corrected_correlation_id(self):
        wrong, right = self.job("WRONG"), self.job("RIGHT")
        ticket = self.ticket(right, correlation_id=ADDRESS + "," + wrong)
        self.move(ticket, **TAKEN)
        self.patch(ticket, correlation_id=ADDRESS + "," + right)
        self.retry()
        self.assertEqual(self.told(), [("markUnderReview", right)])


class EventsTest(AppTest):

    def test_while_events_are_processed(self):
        job = self.job(failed=False)
        self.opcon.control("POST", "jobs/%s/fail" % self.path_of(job),
                           {"processing_events_ms": 600000})
        ticket = self.ticket(job)
        self.move(ticket, **TAKEN)
        self.later()
        self.assertEqual(self.told(applied_only=False), [])
        self.opcon.control("POST", "clock", {"advance_ms": 600001})
        self.later()
        self.assertEqual(self.told(), [("markUnderReview", job)])
        self.assertEqual(self.notes(ticket), [])


class LaterTest(AppTest):

    OPCON_FLAGS = ("--action-delay-ms", "300000")

    def test_an_action_that_opcon_carries_out_later(self):
        job = self.job()
        ticket = self.ticket(job)
        self.move(ticket, **TAKEN)
        self.assertEqual(self.asked()[0][1], "submitted")
        self.later()
        self.opcon.control("POST", "clock", {"advance_ms": 300001})
        self.later()
        self.assertEqual(self.asked()[0][1], "done")
        self.assertEqual(self.told(), [("markUnderReview", job)])
        self.assertEqual(self.notes(ticket), [])

    def test_an_action_that_fails_later(self):
        job = self.job()
        ticket = self.ticket(job)
        self.move(ticket, **TAKEN)
        self.report(job, "finish")
        self.opcon.control("POST", "clock", {"advance_ms": 300001})
        self.later()
        self.retry()
        self.assertEqual(len(self.told()), 1)
        self.assertIn(self.asked()[0][1], ("needless", "refused"))


if __name__ == "__main__":
    unittest.main(verbosity=1)
