"""A job that has recovered is not run again because its ticket is resolved: the
whole suite with the application's rules in ServiceNow, Release active, and the
same with the service's own watcher."""

import json
import os
import subprocess
import tempfile
import time
import unittest

import requests

from app_sandbox import ADDRESS, RESOLVED, AppTest, OpConSandbox
from snow_sandbox import ADMIN, INTEGRATION

PATIENCE_S = 120
RECOVERY = {"action": "resolve", "grace_period": "0s",
            "close_code": "Solution provided"}
TEMPLATES = [
    {"name": "rules", "recovery": RECOVERY},
    {"name": "verify", "recovery": RECOVERY,
     "state_sync": {"mode": "verify", "restart_on_resolve": True}},
    {"name": "watch", "recovery": RECOVERY,
     "state_sync": {"mode": "watch", "restart_on_resolve": True}},
]


def await_true(done, told):
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(told())
        time.sleep(0.02)


class Server:
    """One server of the suite, configured by a dictionary."""

    def __init__(self, folder, name, config):
        self.log = os.path.join(folder, name + ".log")
        config_file = os.path.join(folder, name + ".yaml")
        port_file = os.path.join(folder, name + ".ports")
        with open(config_file, "w", encoding="utf-8") as file:
            json.dump(config, file)  # which is YAML
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [os.path.abspath(os.environ[name.upper()]), "--config",
                 config_file, "--port-file", port_file],
                stdout=log, stderr=log)
        await_true(lambda: os.path.exists(port_file) or
                   self.process.poll() is not None, self.read_log)
        if self.process.poll() is not None:
            raise AssertionError(self.read_log())
        with open(port_file, encoding="ascii") as file:
            self.ports = dict(line.strip().split("=") for line in file)

    def read_log(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()[-5000:]

    def address(self, port="grpc"):
        return "127.0.0.1:" + self.ports[port]

    def stop(self):
        self.process.terminate()
        if self.process.wait(60) != 0:
            raise AssertionError(self.read_log())


class RecoveryTest(AppTest):

    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory(
            dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(self.folder.cleanup)
        opcon = self.start("opcon_gateway", {
            "instances": [{
                "name": "production", "base_url": self.opcon.url,
                "public_address": ADDRESS, "tls": {"ca_file": self.cert},
                "token_file": self.secret("token", OpConSandbox.TOKEN)}]})
        snow = self.start("snow_gateway", {
            "instances": [{
                "name": "production", "base_url": self.snow.url,
                "allow_plain_http": True, "integration_user": INTEGRATION[0],
                "oauth_client_credentials": {
                    "client_id": "sandbox",
                    "client_secret_file": self.secret("client", "sandbox")}}]})
        self.service = self.start("incident_service", {
            "opcon_gateway": {"address": opcon.address()},
            "servicenow_gateway": {"address": snow.address()},
            "store": {"sqlite": {
                "path": os.path.join(self.folder.name, "incidents.db")}},
            "deployment": "test", "default_opcon": "production",
            "templates": TEMPLATES,
            "workflow": {"initial_backoff": "20ms", "max_backoff": "200ms"},
            "ticket_watcher": {"interval": "1s", "overlap": "3s",
                               "verify_after": "1s"},
            "recovery_watcher": {"interval": "1s"},
            "http": {"address": "127.0.0.1:0"}})
        self.url = "http://" + self.service.address("http")

    def start(self, name, config):
        config["listener"] = {"address": "127.0.0.1:0"}
        server = Server(self.folder.name, name, config)
        self.addCleanup(server.stop)
        return server

    def secret(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w",
                  encoding="ascii") as file:
            file.write(text)
        return path

    def reports(self):
        reply = requests.get(self.url + "/v1/reports?pageSize=1000", timeout=60)
        self.assertEqual(reply.status_code, 200, reply.text)
        return reply.json().get("reports", [])

    def tell(self, job, template, request_id):
        """The failure of the job is reported; returns its ticket, once the job
        shows it."""
        date, schedule, instance, name = job.split("|")
        reply = requests.post(self.url + "/v1/reports", timeout=60, json={
            "requestId": request_id, "template": template, "event": {"jobKey": {
                "scheduleDate": {"year": int(date[:4]), "month": int(date[4:6]),
                                 "day": int(date[6:])},
                "scheduleId": int(schedule), "scheduleInstance": int(instance),
                "jobName": name}}})
        self.assertIn(reply.status_code, (200, 201), reply.text)
        done = {}

        def ended():
            done.update({report["requestId"]: report
                         for report in self.reports()})
            return done[request_id]["state"] == "REPORT_STATE_SUCCEEDED"
        await_true(ended, lambda: done[request_id])
        return {"sys_id": done[request_id]["ticket"]["sysId"],
                "number": done[request_id]["ticket"]["number"]}

    def state(self, ticket):
        return self.find(query="sys_id=" + ticket["sys_id"])[0]["state"]

    def await_state(self, ticket, state):
        await_true(lambda: self.state(ticket) == state, lambda: (
            ticket, self.state(ticket), self.reports(),
            self.service.read_log()))

    def run_well(self, job):
        for what in ("start", "finish"):
            self.report(job, what)

    def actions(self):
        """(action, job) of all that OpCon was asked for, by whomever."""
        asked = []
        for request in self.opcon.control("GET", "requests")["requests"]:
            if (request["method"], request["path"].lower()) == (
                    "POST", "/api/jobactions"):
                body = json.loads(request["body"])
                asked += [(body["action"], job["id"]) for job in body["jobs"]]
        return asked

    def no_rules(self):
        for name in ("Accepted", "Resolved", "Release", "Canceled"):
            rule = self.find("sys_script", "name=OpConTicket" + name)[0]
            self.patch(rule, "sys_script", active="false")

    def recover(self, templates):
        """A job of each template fails, gets its ticket, and recovers; then so
        does one whose ticket a person resolves while it is failed. Returns the
        last one, whose restart shows that whatever had to come has come."""
        for template in templates:
            job = self.job("WELL_" + template)
            ticket = self.tell(job, template, "failed-" + template)
            self.run_well(job)
            self.await_state(ticket, "6")
            notes = self.notes(ticket)
            self.assertEqual(len(notes), 1, notes)
            self.assertIn("recovered", notes[0])
        self.settle()
        job = self.job("STILL_FAILED")
        ticket = self.tell(job, templates[0], "failed-control")
        self.move(ticket, ADMIN, **RESOLVED)
        await_true(lambda: ("restart", job) in self.actions(), lambda: (
            self.reports(), self.log(), self.service.read_log()))
        return job

    def await_verification(self):
        """The ticket of a job in `verify` has moved and was looked after."""
        job = self.job("VERIFIED")
        ticket = self.tell(job, "verify", "failed-verified")
        self.move(ticket, ADMIN, state="2")
        self.settle()

        def looked():
            return [report for report in self.reports()
                    if report.get("ticketChange", {}).get("ticket", {}).get(
                        "sysId") == ticket["sys_id"] and
                    report["state"] == "REPORT_STATE_SUCCEEDED"]
        await_true(looked, self.reports)
        self.assertEqual(self.actions().count(("markUnderReview", job)), 1)
        self.verified = job

    def assert_actions(self, *wanted):
        self.assertEqual([action for action in self.actions()
                          if action[1] != getattr(self, "verified", None)],
                         list(wanted))

    def test_release_does_not_restart_a_recovered_job(self):
        self.use_release()
        control = self.recover(["rules", "verify"])
        self.retry()
        self.await_verification()
        self.assert_actions(("restart", control))
        # The rules were not even asked: it was the integration's user.
        self.assertEqual({action for action, _, _ in self.asked()},
                         {"restart", "markUnderReview"})
        self.assertEqual(
            sum(action == "restart" for action, _, _ in self.asked()), 1)

    def test_release_does_not_even_if_it_does_not_know_our_user(self):
        row = self.find("sys_properties",
                        "name=x_opcon_snow.integration_users")[0]
        self.patch(row, "sys_properties", value="")
        self.use_release()
        control = self.recover(["rules", "verify"])
        self.retry()
        self.assert_actions(("restart", control))
        # It was asked, and saw that the job is well.
        self.assertEqual(
            sorted(state for action, state, _ in self.asked()
                   if action == "restart"), ["done", "needless", "needless"])

    def test_the_watcher_does_not_restart_a_recovered_job(self):
        self.no_rules()
        control = self.recover(["watch"])
        self.assert_actions(("restart", control))

    def test_a_run_that_fails_after_its_recovery_is_restarted_once(self):
        self.no_rules()
        job = self.job("AGAIN")
        ticket = self.tell(job, "watch", "failed-1")
        self.run_well(job)
        self.await_state(ticket, "6")
        self.report(job, "start")
        self.report(job, "fail")
        self.assertEqual(self.tell(job, "watch", "failed-2"), ticket)
        self.assertEqual(self.state(ticket), "1")
        self.patch(ticket, auth=ADMIN, **RESOLVED)
        await_true(self.actions, self.reports)
        # The restarted run is well, and the ticket back and forth.
        self.run_well(job)
        for state in ({"state": "2"}, RESOLVED):
            self.patch(ticket, auth=ADMIN, **state)
        control = self.recover(["watch"])
        self.assert_actions(("restart", job), ("restart", control))


if __name__ == "__main__":
    unittest.main(verbosity=1)
