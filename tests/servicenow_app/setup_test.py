"""Installation: systems, tokens, mistakes in the setup, other applications,
and the messages that other applications call."""

import json
import os
import unittest

from app_sandbox import ADDRESS, RESOLVED, AppTest, make_certificate
from snow_sandbox import TABLE, OpConSandbox, ScriptError

EXAMPLES = os.environ["EXAMPLES"]
CHECK = "scheduled-jobs/OpCon:%20check%20the%20setup"


class UpdateSetTest(AppTest):

    def test_it_loads(self):
        loaded = self.snow.control("GET", "scripts")["update_sets"]
        self.assertEqual([one["faults"] for one in loaded], [[]])
        # Kinds of records that only a real instance has.
        self.assertLessEqual(set(loaded[0]["unknown_tables"]), {
            "sys_app_application", "sys_app_module", "sys_documentation",
            "sys_index", "sys_scope_privilege", "sys_security_acl",
            "sys_security_acl_role", "sys_ui_list", "sys_ui_list_element"})
        self.assertEqual(
            {row["name"]: row["active"] for row in self.find(
                "sys_script", "nameSTARTSWITHOpConTicket")},
            {"OpConTicketAccepted": "true", "OpConTicketResolved": "true",
             "OpConTicketRelease": "false", "OpConTicketCanceled": "true"})
        self.assertEqual(sorted(self.names(
            "nameISNOTEMPTY", "sys_rest_message", "name")), [
                "addJobToScheduleInDaily", "buildSchedule", "getApiVersion",
                "getDailyJob", "getDailyScheduleByNameAndDate",
                "updateJobStatusById"])

    def test_every_endpoint_is_https(self):
        for table in ("sys_rest_message", "sys_rest_message_fn"):
            for row in self.find(table):
                self.assertRegex(row["rest_endpoint"] or "https://${address}/",
                                 r"^https://\$\{address\}/")

    def test_loading_it_again_changes_nothing(self):
        before = len(self.find("sys_script"))
        with open(os.environ["UPDATE_SET"], "rb") as file:
            reply = self.snow.call("POST", "/_sandbox/update-sets", None,
                                   data=file.read())
        self.assertEqual(reply.status_code, 201, reply.text)
        self.assertEqual(len(self.find("sys_script")), before)
        job = self.job()
        self.move(self.ticket(job), state="2")
        self.assertEqual(self.told(), [("markUnderReview", job)])


class SystemTest(AppTest):

    SYSTEM = False

    def test_what_is_no_system(self):
        self.add_system()
        for values in (
                {"url": "http://localhost:9010"}, {"url": "localhost"},
                {"url": "https://user:secret@localhost"}, {"url": ""},
                {"url": "https://localhost/api"}, {"url": "https://"},
                {"url": "https://localhost:1?x=y"}, {"address": "a,b"},
                {"address": ""}, {"address": "https://opcon"},
                {"url": "https://localhost:1"}):
            reply = self.snow.call("POST", TABLE + "x_opcon_snow_system", json={
                "name": "x", "address": ADDRESS, "active": "true",
                "url": "https://localhost:9010", "token": "t", **values})
            self.assertEqual(reply.status_code, 403, values)
        self.add_system(address="other", name="Other")
        self.add_system(active="false", name="Old")

    def test_the_token_is_not_shown(self):
        self.add_system()
        job = self.job()
        self.move(self.ticket(job), state="2")
        self.opcon.fault({"kind": "drop_before"}, times=-1, path="/api/*")
        self.move(self.ticket(job, link=False), state="6",
                  close_code="x", close_notes="x")
        self.snow.control("POST", CHECK)
        seen = json.dumps([self.find(table) for table in (
            "x_opcon_snow_system", "x_opcon_snow_action", "syslog",
            "x_opcon_snow_problem", "sys_journal_field", "incident")])
        self.assertNotIn(OpConSandbox.TOKEN, seen)
        self.assertEqual(self.snow.run(
            "var s = new GlideRecord('x_opcon_snow_system'); s.query(); "
            "s.next(); s.getValue('token').indexOf('%s') < 0 && "
            "('' + s.token).indexOf('%s') < 0"
            % (OpConSandbox.TOKEN, OpConSandbox.TOKEN)), "true")

    def test_no_system_or_an_inactive_one(self):
        job = self.job()
        first = self.ticket(job)
        self.move(first, state="2")
        self.add_system(active="false")
        second = self.ticket(job, link=False)
        self.move(second, state="2")
        for ticket in (first, second):
            self.assertIn("not exactly one active OpCon system with the "
                          "address " + ADDRESS, self.notes(ticket)[0])
        self.assertEqual(self.requests(), [])

    def test_two_systems(self):
        self.add_system()
        other = type(self.opcon)(self.cert, self.key)
        try:
            self.add_system(name="Test", address="test:1", url=other.url)
            job = self.job()
            self.move(self.ticket(job, correlation_id="test:1," + job),
                      state="2")
            self.assertEqual(
                [request["path"] for request in self.requests(other)],
                ["/api/dailyjobs/" + self.path_of(job)])
            self.assertEqual(self.requests(), [])
        finally:
            other.close()

    def test_through_a_mid_server(self):
        mid = self.create("ecc_agent", name="mid-1")
        self.add_system(mid_server=mid["name"])
        job = self.job()
        self.move(self.ticket(job), state="2")
        self.assertEqual(self.told(), [("markUnderReview", job)])


class SetupCheckTest(AppTest):

    SYSTEM = False

    def problems(self):
        self.snow.control("POST", CHECK)
        return {row["code"]: row["problem"]
                for row in self.find("x_opcon_snow_problem")}

    def test_nothing_is_wrong(self):
        system = self.add_system()
        self.assertEqual(self.problems(), {})
        row = self.find("x_opcon_snow_system",
                        "sys_id=" + system["sys_id"])[0]
        self.assertNotEqual(row["api_version"], "")
        self.assertNotEqual(row["checked_on"], "")

    def test_no_system(self):
        self.assertEqual(list(self.problems()), ["no_system"])
        self.add_system()
        self.assertEqual(self.problems(), {})

    def test_systems(self):
        system = self.add_system(token="wrong")
        self.assertIn("Invalid token specified. Enter a valid application",
                      self.problems()["system"])
        self.patch(system, "x_opcon_snow_system", token="")
        self.assertIn("it has no token", self.problems()["system"])
        self.patch(system, "x_opcon_snow_system", token="x",
                   url="https://localhost:1")
        self.assertIn("Look at the URL", self.problems()["system"])

    def test_a_certificate_that_is_not_trusted(self):
        other = self.directory.name + "/other"
        os.makedirs(other, exist_ok=True)
        cert, key = make_certificate(other)
        stranger = type(self.opcon)(cert, key)
        self.addCleanup(stranger.close)
        self.add_system(url=stranger.url)
        self.assertIn("certificate", self.problems()["system"])

    def test_the_integration_user(self):
        self.add_system()
        row = self.find("sys_properties",
                        "name=x_opcon_snow.integration_users")[0]
        for value in ("", "nobody.here"):
            self.patch(row, "sys_properties", value=value)
            self.assertEqual(list(self.problems()), ["integration_user"])
        self.patch(row, "sys_properties", value=" x, OpCon.Integration ")
        self.assertEqual(self.problems(), {})

    def test_both_rules_for_resolved_tickets(self):
        self.add_system()
        self.use_release(resolved="true")
        self.assertIn("are both active", self.problems()["both_release_rules"])
        job = self.job()
        ticket = self.ticket(job, state="2")
        self.move(ticket, **RESOLVED)
        self.assertEqual(self.told(), [])
        self.assertEqual(len(self.notes(ticket)), 1)
        self.assertIn("neither acts", self.notes(ticket)[0])
        # The other rules are not concerned.
        self.move(self.ticket(job), state="8")
        self.assertEqual(len(self.asked()), 1)

    def test_the_application_before_this_one(self):
        self.add_system()
        app = self.create("sys_app", name="OpConAPI",
                          scope="x_176837_opconapi")["sys_id"]
        rules = [self.create("sys_script", name=name, sys_scope=app,
                             collection="incident", when="async",
                             active="true", advanced="true",
                             action_update="true", script=script)
                 for name, script in (
                     ("OpConTicketAccepted", "gs.info('theirs')"),
                     ("OpConTicketCancelled", "gs.info('theirs')"),
                     ("Renamed", "var m = 'updateJobStatusByJobId';"))]
        text = self.problems()["other_application"]
        self.assertIn("(OpConTicketAccepted, OpConTicketCancelled, Renamed)",
                      text)
        job = self.job()
        ticket = self.ticket(job)
        self.move(ticket, state="2")
        self.assertEqual(self.told(), [])
        self.assertEqual(self.asked(), [])
        self.assertIn("does nothing until they are inactive",
                      self.notes(ticket)[0])
        for rule in rules:
            self.patch(rule, "sys_script", active="false")
        self.assertEqual(self.problems(), {})
        self.move(ticket, **RESOLVED)
        self.assertEqual(self.told(), [("markFixed", job)])

    def test_old_job_actions_are_removed(self):
        self.add_system()
        self.move(self.ticket(self.job()), state="2")
        # What OpCon has not done yet when it is asked is looked at once more.
        self.later()
        self.later(89 * 86400)
        self.assertEqual(len(self.asked()), 1)
        self.later(2 * 86400)
        self.assertEqual(self.asked(), [])


class MessageTest(AppTest):
    """The examples of the guide, run as another application runs them."""

    def example(self, name, **values):
        with open(os.path.join(EXAMPLES, name + ".js"),
                  encoding="utf-8") as file:
            script = file.read()
        for old, new in values.items():
            self.assertIn(old, script)
            script = script.replace(old, new)
        self.snow.run(script)
        return self.log()

    def test_get_api_version(self):
        self.assertIn("OpCon ", self.example("getApiVersion")[-1])

    def test_update_job_status(self):
        job = self.job("LOAD")
        self.example("updateJobStatusById", **{
            "20260105|16|1|LOAD": job})
        self.assertEqual(self.told(), [("markUnderReview", job)])

    def test_schedules(self):
        self.opcon.control("POST", "schedules", {
            "name": "Nightly", "schedule_id": 17, "jobs": [
                {"name": "LOAD", "machine": "GENP001"},
                {"name": "EXTRA", "machine": "GENP001",
                 "frequency": "OnDemand", "multi_instance": True}]})
        self.example("buildSchedule")
        self.opcon.control("POST", "clock", {"advance_ms": 60000})
        self.assertIn("20260106|17|1",
                      self.example("getDailyScheduleByNameAndDate")[-1])
        self.example("addJobToScheduleInDaily")
        self.opcon.control("POST", "clock", {"advance_ms": 60000})
        jobs = self.opcon.api("GET", "/api/dailyjobs?dates=2026-01-06").json()
        self.assertIn("EXTRA", {job["name"].split("$")[0] for job in jobs})
        builds = [json.loads(request["body"]) for request in self.requests()
                  if request["path"].lower() == "/api/schedulebuilds"]
        self.assertEqual([build["overwrite"] for build in builds], [False])

    def test_only_the_named_schedule(self):
        for number, name in enumerate(("Sub", "Sub[x]", "Subx")):
            self.opcon.control("POST", "jobs", {
                "date": "2026-01-06", "schedule": name,
                "schedule_id": 30 + number, "name": "J"})
        found = self.snow.run(
            "var a = new x_opcon_snow.OpConApi('Production')"
            ".getDailyScheduleByNameAndDate('Sub[x]', '2026-01-06');"
            "a.ok + ' ' + a.body.length + ' ' + a.body[0].name")
        self.assertEqual(found, "true 1 Sub[x]")

    def test_mistakes_of_the_caller(self):
        for script, text in (
                ("new x_opcon_snow.OpConApi('nowhere')", "not exactly one"),
                ("new x_opcon_snow.OpConApi('Production')"
                 ".updateJobStatusById('x', 'explode', '')",
                 "no job action \"explode\"")):
            with self.assertRaises(ScriptError) as caught:
                self.snow.run(script)
            self.assertIn(text, str(caught.exception))
        self.assertEqual(self.snow.run(
            "var a = new x_opcon_snow.OpConApi('Production')"
            ".updateJobStatusById('no such \"job\"', 'restart', 'a \\\\ b');"
            "a.ok + ' ' + (a.status > 0) + ' ' + (a.error !== '')"),
                         "false true true")

    def test_no_answer(self):
        self.opcon.fault({"kind": "drop_before"}, times=-1, path="/api/*")
        self.assertEqual(self.snow.run(
            "var a = new x_opcon_snow.OpConApi('Production').getApiVersion();"
            "a.ok + ' ' + a.status + ' ' + (a.error.length > 0)"),
                         "false 0 true")


if __name__ == "__main__":
    unittest.main(verbosity=1)
