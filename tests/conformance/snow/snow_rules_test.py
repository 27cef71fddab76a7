"""Business rules and scheduled jobs; an update set that drives OpCon."""

import json
import os
import time

from snow_sandbox import (INTEGRATION, TABLE, OpConSandbox, ScriptError,
                          SnowTest, main)

UPDATE_SET = os.path.join(os.path.dirname(__file__), "testdata",
                          "opcon_update_set.xml")
JOB = "20260105|16|1|JOB001"
RESOLVE = {"state": "6", "close_code": "Solution provided", "close_notes": "x"}


class RuleTest(SnowTest):

    def rule(self, when, script, **values):
        values = {"collection": "incident", "when": when, "advanced": "true",
                  "active": "true", "action_insert": "true",
                  "action_update": "true", "name": "r", "script": script,
                  **values}
        return self.create("sys_script", **values)

    def note(self):
        """The rules' traces, in order."""
        return [row["message"] for row in self.find("syslog")]


class BusinessRuleTest(RuleTest):

    FLAGS = ("--script-timeout", "5")

    def test_before_changes_what_is_stored(self):
        self.rule("before", """(function executeRule(current, previous) {
            current.category = 'from ' + current.operation();
            current.work_notes = 'noted';
            current.impact = 1;
            if (previous) current.description = previous.short_description;
        })(current, previous);""")
        record = self.create(short_description="a", urgency="1")
        self.assertEqual(record["category"], "from insert")
        self.assertEqual(record["priority"], "1")
        changed = self.patch(record, short_description="b")
        self.assertEqual((changed["category"], changed["description"]),
                         ("from update", "a"))
        self.assertEqual([row["value"] for row in
                          self.find("sys_journal_field")], ["noted"] * 2)

    def test_abort(self):
        rule = self.rule("before", """if (current.impact == 1)
            current.setAbortAction(true);""", name="No impact")
        reply = self.snow.call("POST", TABLE + "incident", json={"impact": "1"})
        self.assert_error(
            reply, 403, "Operation Failed",
            "Operation against file 'incident' was aborted by Business Rule "
            "'No impact^%s'. Business Rule Stack:No impact" % rule["sys_id"])
        self.assertEqual(self.find(), [])
        self.create(impact="2")
        self.rule("before", "", name="Never", abort_action="true",
                  action_insert="false", action_update="false",
                  action_delete="true", filter_condition="impact=2^EQ")
        record = self.find()[0]
        reply = self.snow.call("DELETE", TABLE + "incident/" + record["sys_id"])
        self.assertEqual(reply.status_code, 403)
        self.assertEqual(len(self.find()), 1)

    def test_conditions(self):
        trace = "gs.info(current.short_description + ' ' + '%s')"
        for name, condition in (
                ("to2", "stateCHANGESTO2^EQ"), ("from1", "stateCHANGESFROM1^EQ"),
                ("from1to2", "stateCHANGESFROM1^stateCHANGESTO2^EQ"),
                ("val", "stateVALCHANGES^EQ"), ("is2", "state=2^EQ"),
                ("category", "categoryCHANGES^EQ")):
            self.rule("after", trace % name, name=name, action_insert="false",
                      filter_condition=condition)
        self.rule("after", trace % "script", name="script",
                  condition="current.state.changesFrom(1) && "
                  "current.state.changesTo('2') && current.state.changes() && "
                  "!current.category.changes() && previous.state == 1",
                  action_insert="false", order="200")
        record = self.create(short_description="i")
        self.assertEqual(self.note(), [])
        self.patch(record, state="2")
        self.assertEqual(sorted(self.note()), sorted(
            "i " + name for name in ("from1", "from1to2", "is2", "to2", "val",
                                     "script")))
        before = len(self.note())
        self.patch(record, comments="an edit without a change of state")
        self.assertEqual(self.note()[before:], ["i is2"])

    def test_order_table_role_and_switch(self):
        trace = "gs.info('%s ' + current.getTableName())"
        self.rule("after", trace % "third", order="300")
        self.rule("after", trace % "first", order="9")
        self.rule("after", trace % "second", order="200", collection="task")
        self.rule("after", trace % "other", collection="problem")
        self.rule("after", trace % "off", active="false")
        self.rule("after", trace % "simple", advanced="false")
        self.rule("after", trace % "admin", order="400",
                  role_conditions="admin")
        self.create(auth=INTEGRATION)
        self.assertEqual(self.note(), ["first incident", "second incident",
                                       "third incident"])
        self.create()
        self.assertEqual(self.note()[3:], [
            "first incident", "second incident", "third incident",
            "admin incident"])

    def test_fields_that_a_rule_sets_without_a_script(self):
        self.rule("before", "", advanced="false",
                  template="category=software^description=by rule^EQ")
        record = self.create()
        self.assertEqual((record["category"], record["description"]),
                         ("software", "by rule"))

    def test_after_and_delete(self):
        self.rule("after", """var p = new GlideRecord('problem');
            p.initialize(); p.short_description = current.number; p.insert();
            current.problem_id = p.sys_id; current.update();""",
                  action_update="false")
        self.rule("after", "gs.info('gone ' + current.number)",
                  action_insert="false", action_update="false",
                  action_delete="true")
        record = self.create()
        self.assertEqual(self.find("problem")[0]["short_description"],
                         record["number"])
        self.assertNotEqual(record["problem_id"], "")
        self.snow.call("DELETE", TABLE + "incident/" + record["sys_id"])
        self.assertEqual(self.note(), ["gone " + record["number"]])

    def test_async_runs_later_without_previous(self):
        self.rule("async_always", """(function executeRule(current, previous) {
            gs.info([previous === null, current.state.changes(),
                     current.operation(), gs.getUserName(),
                     current.state].join());
            current.work_notes = 'async'; current.update();
        })(current, previous);""", filter_condition="stateCHANGESTO2",
                  action_insert="false")
        record = self.create()
        self.patch(record, auth=INTEGRATION, state="2")
        state = self.snow.await_scripts()
        self.assertEqual((state["ran"], state["failed"]), (1, 0))
        self.assertEqual(self.note(),
                         ["true,false,update,opcon.integration,2"])
        self.assertEqual([row["value"] for row in
                          self.find("sys_journal_field")], ["async"])

    def test_a_rule_does_not_cause_itself(self):
        record = self.create()
        self.rule("after", "current.description += 'x'; current.update();")
        self.patch(record, short_description="go")
        self.assertEqual(self.find()[0]["description"], "x")

    def test_async_rules_do_not_run_for_ever(self):
        record = self.create()
        self.rule("async", "current.category += 'y'; current.update();")
        self.patch(record, short_description="go")
        self.assertEqual(self.snow.await_scripts()["ran"], 21)
        self.assertEqual(self.note(), ["not run: async rules have caused each "
                                       "other more than 20 times"])

    def test_rules_do_not_nest_without_end(self):
        self.rule("after", """var p = new GlideRecord('problem');
            p.short_description = 'p'; p.insert();""", collection="problem",
                  name="endless")
        self.create("problem")
        self.assertEqual(len(self.find("problem")), 9)
        self.assertIn("more than 8 deep: endless", self.note()[0])

    def test_without_workflow_no_rule_runs(self):
        record = self.create()
        self.rule("after", "gs.info('ran')")
        self.snow.run("""var gr = new GlideRecord('incident'); gr.get('%s');
            gr.setWorkflow(false); gr.category = 'network'; gr.update()"""
                      % record["sys_id"])
        self.assertEqual(self.note(), [])

    def test_a_script_that_fails_is_logged(self):
        self.rule("before", "null.x", name="bad")
        self.rule("after", "null.y", name="worse")
        self.create()
        self.assertEqual(
            self.note(),
            ["TypeError: cannot read property '%s' of null (business rule %s, "
             "line 1)" % pair for pair in (("x", "bad"), ("y", "worse"))])

    def test_a_script_that_takes_too_long_ends_the_transaction(self):
        rule = self.rule("after", "while (true) {}")
        reply = self.snow.call("POST", TABLE + "incident", json={})
        self.assert_error(
            reply, 500,
            "Transaction cancelled: maximum execution time exceeded")
        # As on an instance: what was done is done.
        self.assertEqual(len(self.find()), 1)
        self.patch(rule, "sys_script", when="before")
        self.snow.call("POST", TABLE + "incident", json={})
        self.assertEqual(len(self.find()), 1)

    def test_what_an_application_may_do_on_a_table_of_others(self):
        app = self.create("sys_app", name="a", scope="x_app")["sys_id"]
        trace = "gs.info('%s')"
        self.rule("before", trace % "before", sys_scope=app, name="b")
        self.rule("after", trace % "after", sys_scope=app, name="a")
        self.rule("async", trace % "async", sys_scope=app)
        self.create()
        self.snow.await_scripts()
        notes = self.note()
        self.assertEqual(len([note for note in notes if "only async" in note]),
                         2)
        self.assertEqual(notes[-1], "async")
        self.assertNotIn("before", notes)


class StopTest(RuleTest):

    FLAGS = ("--script-timeout", "600")

    def test_a_script_that_runs_is_no_obstacle(self):
        self.rule("async", "gs.info('begun'); while (true) {}")
        self.create()
        while not self.note():
            pass
        # tearDownClass wants an end with code 0.


class ScheduledJobTest(SnowTest):

    def job(self, **values):
        return self.create("sysauto_script", **{
            "name": "j", "active": "true", "script": "gs.info('ran')", **values})

    def count(self):
        self.snow.await_scripts()
        return len(self.find("syslog", "message=ran"))

    def advance(self, seconds):
        self.snow.control("POST", "clock", {"advance_seconds": seconds})

    def test_the_clock_runs_jobs(self):
        self.job(run_type="periodically", run_period="1970-01-01 00:10:00")
        self.assertEqual(self.count(), 0)
        self.advance(599)
        self.assertEqual(self.count(), 0)
        self.advance(2)
        self.assertEqual(self.count(), 1)
        # However far it goes, a job is due once.
        self.advance(86400)
        self.assertEqual(self.count(), 2)
        self.assertEqual(self.count(), 2)

    def test_daily_and_inactive(self):
        self.job(run_type="daily", run_time="1970-01-01 03:00:00")
        self.job(run_type="daily", run_time="1970-01-01 03:00:00",
                 active="false")
        self.job(run_type="on_demand")
        self.assertEqual(self.count(), 0)
        self.advance(86400)
        self.assertEqual(self.count(), 1)

    def test_triggers(self):
        for kind in ("0", "1"):
            self.create("sys_trigger", name="t", script="gs.info('ran')",
                        state="0", trigger_type=kind,
                        next_action="2020-01-01 00:00:00",
                        repeat="1970-01-01 01:00:00")
        self.assertEqual(self.count(), 2)
        self.assertEqual(len(self.find("sys_trigger")), 1)
        self.advance(3600)
        self.assertEqual(self.count(), 3)

    def test_a_job_by_command(self):
        self.job(name="My job", script="gs.info('ran'); 'value'",
                 run_type="on_demand")
        self.assertEqual(
            self.snow.control("POST", "scheduled-jobs/My%20job"),
            {"value": "value"})
        self.assertEqual(self.count(), 1)
        with self.assertRaisesRegex(RuntimeError, "has no job"):
            self.snow.control("POST", "scheduled-jobs/none")


class UpdateSetTest(SnowTest):
    """Both products; OpCon's own log tells what arrived."""

    FLAGS = ("--update-set", UPDATE_SET)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.opcon = OpConSandbox()

    @classmethod
    def tearDownClass(cls):
        cls.opcon.close()
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        self.opcon.control("POST", "reset")
        self.opcon.control("POST", "jobs", {
            "date": "2026-01-05", "schedule": "Payroll", "schedule_id": 16,
            "schedule_instance": 1, "name": "JOB001", "machine": "GENP001"})
        self.opcon.control("POST", "jobs/" + JOB.replace("|", "%7C") + "/fail",
                           {"termination": "0000000005"})
        self.set_property("x_opcon_conf.address",
                          self.opcon.url[len("http://"):])
        self.set_property("x_opcon_conf.token", OpConSandbox.TOKEN)

    def set_property(self, name, value):
        found = self.find("sys_properties", "name=" + name)
        self.patch(found[0], "sys_properties", value=value)

    def ticket(self, **values):
        return self.create(**{
            "correlation_display": "SMA_OPCON",
            "correlation_id": "opcon.example.com:9010," + JOB, **values})

    def actions(self):
        """What OpCon was told: action and job, once all rules have run."""
        self.assertEqual(self.snow.await_scripts()["failed"], 0)
        sent = []
        for request in self.opcon.control("GET", "requests")["requests"]:
            if request["path"].lower() == "/api/jobactions":
                body = json.loads(request["body"])
                self.assertLess(request["status"], 300, request)
                sent.append((body["action"], body["jobs"][0]["id"]))
        return sent

    def job_status(self):
        return self.opcon.api(
            "GET", "/api/dailyjobs/" + JOB.replace("|", "%7C")
        ).json()["status"]

    def test_every_transition(self):
        ticket = self.ticket()
        self.assertEqual(self.actions(), [])
        self.patch(ticket, state="2")
        self.assertEqual(self.actions(), [("markUnderReview", JOB)])
        # An edit is no transition.
        self.patch(ticket, work_notes="looking at it")
        self.assertEqual(len(self.actions()), 1)
        self.patch(ticket, state="3", hold_reason="3")
        self.patch(ticket, state="2")
        self.assertEqual(len(self.actions()), 1)
        self.patch(ticket, **RESOLVE)
        self.assertEqual(self.actions()[1:], [("markFixed", JOB)])

    def test_cancel(self):
        self.patch(self.ticket(), state="8")
        self.assertEqual(self.actions(), [("cancel", JOB)])

    def test_release_in_the_place_of_resolved(self):
        for name, active in (("OpConTicketRelease", "true"),
                             ("OpConTicketResolved", "false")):
            rule = self.find("sys_script", "name=" + name)[0]
            self.patch(rule, "sys_script", active=active)
        self.patch(self.ticket(), **RESOLVE)
        self.assertEqual(self.actions(), [("restart", JOB)])

    def test_other_tickets_are_left_alone(self):
        self.patch(self.create(correlation_id="x," + JOB), state="2")
        self.assertEqual(self.actions(), [])

    def test_opcon_away(self):
        self.opcon.fault({"kind": "status", "status": 503}, path="/api/*")
        ticket = self.ticket()
        self.patch(ticket, state="2")
        self.snow.await_scripts()
        notes = [row["value"] for row in self.find("sys_journal_field")]
        self.assertEqual(notes, ["OpCon could not be told: markUnderReview, "
                                 "Method failed: (/api/jobactions) with code: "
                                 "503"])

    def requests(self):
        return [(request["method"], request["path"], request["query"],
                 request.get("body", ""))
                for request in self.opcon.control("GET", "requests")["requests"]]

    def daily_jobs(self, date):
        """The names of the jobs that OpCon has for a day."""
        jobs = self.opcon.api("GET", "/api/dailyjobs?dates=" + date).json()
        return sorted(job["name"] for job in jobs)

    def completed(self, path, number):
        """Asks as a client does, until OpCon has done it."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            answer = self.opcon.api("GET", "%s/%s" % (path, number)).json()
            text = json.dumps(answer)
            if "Completed" in text or '"result": "success"' in text:
                return answer
            time.sleep(0.05)
        raise AssertionError(answer)

    def test_every_message(self):
        self.opcon.control("POST", "schedules", {
            "name": "Nightly", "schedule_id": 17, "jobs": [
                {"name": "LOAD", "machine": "GENP001"},
                {"name": "EXTRA", "machine": "GENP001", "frequency": "OnDemand",
                 "multi_instance": True}]})
        version = self.snow.run("new OpConApi().getApiVersion().getBody()")
        self.assertIn("opConRestApiProductVersion", version)
        found = self.snow.run("new x_opcon_conf.OpConApi().getDailySchedule("
                              "'Payroll', '2026-01-05').getBody()")
        self.assertEqual([schedule["name"] for schedule in json.loads(found)],
                         ["Payroll"])
        build = json.loads(self.snow.run(
            "var r = new OpConApi().buildSchedule('Nightly', '2026-01-06'); "
            "r.haveError() ? r.getErrorMessage() : r.getBody()"))
        self.completed("/api/schedulebuilds", build["id"])
        before = self.daily_jobs("2026-01-06")
        self.assertIn("LOAD", before)
        added = json.loads(self.snow.run(
            "var r = new OpConApi().addJob('20260106|17|1', 'EXTRA', "
            "'OnDemand'); r.haveError() ? r.getErrorMessage() : r.getBody()"))
        self.completed("/api/scheduleactions", added["id"])
        self.assertEqual(len(self.daily_jobs("2026-01-06")), len(before) + 1)
        sent = [request for request in self.requests()
                if request[0] == "POST" or request[2] == "" and
                "version" in request[1] or "name=Payroll" in request[2]]
        self.assertEqual(sent, [
            ("GET", "/api/version", "", ""),
            ("GET", "/api/dailyschedules", "name=Payroll&dates=2026-01-05", ""),
            ("POST", "/api/schedulebuilds", "",
             '{"schedules":[{"id":null,"name":"Nightly"}],'
             '"dates":["2026-01-06"],"overwrite":false,"hold":true}'),
            ("POST", "/api/ScheduleActions", "",
             '{"action":"addJobs","scheduleActionItems":[{"id":"20260106|17|1",'
             '"jobs":[{"id":"EXTRA","frequency":"OnDemand"}]}],'
             '"reason":"asked for in ServiceNow"}')])

    def test_its_scheduled_job(self):
        # An hour counts from when the scheduler first sees the job.
        self.snow.await_scripts()
        self.snow.control("POST", "clock", {"advance_seconds": 3601})
        self.snow.await_scripts()
        self.assertEqual(len(self.find("sys_properties",
                                       "name=x_opcon_conf.version")), 1)

    def test_what_is_said_about_the_file(self):
        loaded = self.snow.control("GET", "scripts")["update_sets"]
        self.assertEqual(len(loaded), 1)
        self.assertEqual(loaded[0]["unknown_tables"], ["sys_atf_test"])
        self.assertEqual(loaded[0]["faults"], [])
        self.assertEqual(len(self.find("sys_atf_test")), 1)
        self.assertIn("sys_atf_test", self.find(
            "syslog", "sourceSTARTSWITHupdate set")[0]["message"])

    def test_another_one_at_run_time(self):
        with open(UPDATE_SET, "rb") as file:
            xml = file.read().replace(b">x_opcon_conf.address<",
                                      b">x_opcon_conf.renamed<")
        reply = self.snow.call("POST", "/_sandbox/update-sets", None, data=xml)
        self.assertEqual(reply.status_code, 201, reply.text)
        self.assertEqual(len(self.find("sys_properties",
                                       "name=x_opcon_conf.renamed")), 1)
        reply = self.snow.call("POST", "/_sandbox/update-sets", None,
                               data=b"<unload><a>")
        self.assertEqual(reply.status_code, 400)
        self.assertIn("at byte", reply.json()["error"])

    def test_a_message_that_cannot_be_sent(self):
        self.set_property("x_opcon_conf.address", "opcon.example.com")
        self.assertIn("this machine only", self.snow.run(
            "new OpConApi().getApiVersion().getErrorMessage()"))
        with self.assertRaises(ScriptError):
            self.snow.run("new sn_ws.RESTMessageV2('buildSchedule', 'none')")


if __name__ == "__main__":
    main()
