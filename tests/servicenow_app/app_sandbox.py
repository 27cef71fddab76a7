"""The application's committed update set in a ServiceNow sandbox, beside an
OpCon sandbox that speaks TLS. What OpCon was told is read from its own log."""

import json
import os
import subprocess
import tempfile
from urllib.parse import quote

from snow_sandbox import ADMIN, TABLE, OpConSandbox, SnowTest

UPDATE_SET = os.environ["UPDATE_SET"]
# What tickets name. Nothing listens there: only the row of the system is dialled.
ADDRESS = "opcon.example.com:9010"
RESOLVED = {"state": "6", "close_code": "Solution provided",
            "close_notes": "done"}
TICKETS = "/api/dailyjobs/%s/incidentTickets"


def make_certificate(directory):
    """A certificate for localhost that only the tests trust, and its key."""
    cert = os.path.join(directory, "cert.pem")
    key = os.path.join(directory, "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
         key, "-out", cert],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return cert, key


class TlsOpCon(OpConSandbox):
    """An OpCon on https://localhost."""

    def __init__(self, cert, key, *flags):
        super().__init__("--tls-cert", cert, "--tls-key", key, *flags)
        self.url = self.url.replace("http://127.0.0.1", "https://localhost")


class AppTest(SnowTest):
    """One pair of sandboxes per class, both reset before each test."""

    OPCON_FLAGS = ()
    SYSTEM = True

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(
            dir=os.environ.get("TEST_TMPDIR"))
        cls.cert, cls.key = make_certificate(cls.directory.name)
        # For requests; nothing else is trusted.
        os.environ["REQUESTS_CA_BUNDLE"] = cls.cert
        # A slow machine is no reason to end a script.
        cls.FLAGS = ("--update-set", UPDATE_SET, "--outbound-ca", cls.cert,
                     "--script-timeout", "120")
        super().setUpClass()
        cls.opcon = TlsOpCon(cls.cert, cls.key, *cls.OPCON_FLAGS)

    @classmethod
    def tearDownClass(cls):
        cls.opcon.close()
        super().tearDownClass()
        cls.directory.cleanup()

    def setUp(self):
        super().setUp()
        self.opcon.control("POST", "reset")
        self.known_jobs = {}
        if self.SYSTEM:
            self.system = self.add_system()

    # --- ServiceNow ---

    def add_system(self, **values):
        """A row of the table of OpCon systems, as an administrator enters it."""
        values = {"name": "Production", "address": ADDRESS,
                  "url": self.opcon.url, "active": "true",
                  "token": OpConSandbox.TOKEN, **values}
        reply = self.snow.call(
            "POST", TABLE + "x_opcon_snow_system", ADMIN, json=values,
            params={"sysparm_input_display_value": "true"})
        self.assertEqual(reply.status_code, 201, reply.text)
        return reply.json()["result"]

    def ticket(self, job, link=True, **values):
        """An incident about a job, and OpCon's field that names it."""
        incident = self.create(**{
            "correlation_display": "SMA_OPCON",
            "correlation_id": "%s,%s" % (ADDRESS, job),
            "short_description": "OpCon Task Failure", **values})
        if link:
            self.link(job, incident)
        return incident

    def move(self, incident, auth=ADMIN, **values):
        """The ticket changes, and whatever that causes has happened."""
        self.patch(incident, auth=auth, **values)
        self.settle()

    def settle(self):
        for _ in range(5):
            state = self.snow.control("GET", "scripts?wait_ms=60000")
            if state["queued"] == 0:
                break
        self.assertEqual((state["queued"], state["failed"]), (0, 0),
                         self.log())

    def log(self):
        return [row["message"] for row in self.find("syslog")]

    def later(self, seconds=61):
        """Time passes in ServiceNow; the scheduled jobs that are due run."""
        self.snow.control("POST", "clock", {"advance_seconds": seconds})
        self.settle()

    def retry(self):
        """Whatever waits is due, and the scheduled job has run."""
        self.later(16 * 60)
        self.later()

    def notes(self, incident):
        return self.names("element=work_notes^element_id=%s^ORDERBYsys_created_on"
                          % incident["sys_id"], "sys_journal_field", "value")

    def asked(self, incident=None):
        """(action, state, message) of what the rules asked for."""
        query = "incident=" + incident["sys_id"] if incident else None
        return [(row["action"], row["state"], row["message"])
                for row in self.find("x_opcon_snow_action", query)]

    def use_release(self, resolved="false"):
        for name, active in (("OpConTicketRelease", "true"),
                             ("OpConTicketResolved", resolved)):
            rule = self.find("sys_script", "name=" + name)[0]
            self.patch(rule, "sys_script", active=active)

    # --- OpCon ---

    def job(self, name="JOB001", failed=True, **values):
        """The id of a job of the daily tables, which has failed."""
        made = self.opcon.control("POST", "jobs", {
            "date": "2026-01-05", "schedule": "Payroll", "schedule_id": 16,
            "schedule_instance": 1, "name": name, "machine": "GENP001",
            **values})
        self.known_jobs[made["id"]] = made["uid"]
        if failed:
            self.report(made["id"], "fail")
        return made["id"]

    @staticmethod
    def path_of(job):
        # OpCon wants a slash encoded twice.
        return quote(job, safe="").replace("%2F", "%252F")

    def report(self, job, what):
        body = {"termination": "0000000005"} if what == "fail" else {}
        return self.opcon.control(
            "POST", "jobs/%s/%s" % (self.path_of(job), what), body)

    def link(self, job, incident):
        reply = self.opcon.api(
            "POST", TICKETS % self.known_jobs[job], json={
                "id": 0, "ticketUrl": "",
                "ticketId": incident["number"] + "/" + incident["sys_id"]})
        self.assertLess(reply.status_code, 300, reply.text)

    def status(self, job):
        return self.opcon.api("GET", "/api/dailyjobs/" + self.path_of(job)
                              ).json()["status"]["category"]

    def act(self, job, action):
        """What an operator does in OpCon."""
        reply = self.opcon.api("POST", "/api/jobactions", json={
            "action": action, "reason": "operator", "jobs": [{"id": job}]})
        self.assertLess(reply.status_code, 300, reply.text)
        self.opcon.control("POST", "clock", {"advance_ms": 100})

    def requests(self, opcon=None):
        """Those of ServiceNow, without those of the hourly check."""
        return [request for request in
                (opcon or self.opcon).control("GET", "requests")["requests"]
                if "ServiceNow" in request["headers"].get("user-agent", "") and
                request["path"] not in ("/api/version", "/api/dailyschedules")]

    def told(self, applied_only=True):
        """(action, job) of the job actions that ServiceNow sent."""
        sent = []
        for request in self.requests():
            if (request["method"], request["path"].lower()) != (
                    "POST", "/api/jobactions"):
                continue
            if applied_only and not request["applied"]:
                continue
            body = json.loads(request["body"])
            self.assertEqual(len(body["jobs"]), 1)
            sent.append((body["action"], body["jobs"][0]["id"]))
        return sent
