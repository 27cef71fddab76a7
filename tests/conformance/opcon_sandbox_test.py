"""Calls every endpoint of a freshly started opcon_sandbox as a stranger would,
with python3-requests, and checks each request and reply against opcon_wire.yaml.

    opcon_sandbox_test.py PATH_OF_OPCON_SANDBOX

Fails if the sandbox has an endpoint that the file has not, or the other way
round, or if one was never called with success.
"""

import os
import subprocess
import sys
import tempfile
import traceback
from urllib.parse import quote, urlsplit

import requests

import opcon_wire

HERE = os.path.dirname(os.path.abspath(__file__))
APPLICATION_TOKEN = "00000000-0000-4000-8000-000000000001"
SCHEDULE = "Payroll_Load[Sub]"
JOB_NAME = "Load A/B $0001"
JOB = "20260105|16|1|" + JOB_NAME
UNKNOWN_JOB = "20260105|16|1|NOBODY"
MASTER = {
    "name": "Nightly", "schedule_id": 40, "jobs": [
        {"name": "Extract", "machine": "GENP001", "runs": [{"run_ms": 60000}]},
        {"name": "Load", "machines": ["GENP001", "GENP002"], "after": ["Extract"]},
        {"name": "AdHoc", "machine": "GENP001", "multi_instance": True, "instances": [[]]},
    ],
}


def segment(value):
    """A path segment; a slash in it is encoded twice, as OpCon wants it."""
    return quote(str(value).replace("/", "%2F"), safe="")


class Sandbox:
    """The process under test."""

    def __init__(self, program, *flags):
        self.folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        port_file = os.path.join(self.folder.name, "ports")
        self.process = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0", "--port-file", port_file, *flags],
            stdout=subprocess.PIPE, text=True)
        # It says so once it accepts calls.
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"{program} ended with {self.process.wait()}")
        self.url = line.split()[-1]
        with open(port_file, encoding="ascii") as file:
            assert file.read().strip() == f"http={urlsplit(self.url).port}"

    def stop(self):
        self.process.terminate()
        assert self.process.wait(timeout=60) == 0
        self.process.stdout.close()
        self.folder.cleanup()


class Client:
    """Every call is checked on both sides."""

    def __init__(self, url, wire):
        self.url, self.wire = url, wire
        self.session = requests.Session()
        self.session.trust_env = False
        self.succeeded = set()
        self.token = APPLICATION_TOKEN

    def control(self, method, path, body=None):
        reply = self.session.request(method, self.url + "/_sandbox/" + path, json=body, timeout=60)
        assert reply.status_code < 300, (path, reply.status_code, reply.text)
        return reply.json() if reply.content else None

    def call(self, method, path, query=None, body=None, status=200, valid=True):
        """`valid`: the request is what the file allows."""
        headers = {"Authorization": "Token " + self.token} if self.token else {}
        reply = self.session.request(
            method, self.url + path, params=query, json=body, headers=headers, timeout=60)
        sent = urlsplit(reply.request.url)
        lower = {k.lower(): v for k, v in reply.request.headers.items()}
        text = (reply.request.body or b"").decode() if body is not None else ""
        problems, endpoint = self.wire.check_request(method, sent.path, sent.query, lower, text)
        if valid:
            assert not problems, problems
        shown = f"{method} {path} {query or ''} {reply.status_code} {reply.text[:300]}"
        assert reply.status_code == status, shown
        if endpoint is not None:
            problems = self.wire.check_reply(
                endpoint, sent.query, status,
                {k.lower(): v for k, v in reply.headers.items()}, reply.text)
            assert not problems, (problems, shown)
            if status < 300:
                self.succeeded.add(endpoint.name)
        self.headers = reply.headers
        return reply.json() if reply.content else None

    def get(self, path, query=None, status=200, valid=True):
        return self.call("GET", path, query, None, status, valid)

    def post(self, path, body, status=200, valid=True):
        return self.call("POST", path, None, body, status, valid)

    def put(self, path, body, status=200, valid=True):
        return self.call("PUT", path, None, body, status, valid)

    def delete(self, path, query=None, status=200, valid=True):
        return self.call("DELETE", path, query, None, status, valid)

    def finish(self, path, body, status=200):
        """Posts an action and asks for its result until there is one."""
        action = self.post(path, body, status)
        for _ in range(10):
            result = self.get(f"{path}/{action['id']}")
            shown = result[0] if isinstance(result, list) else result
            if shown["result"] != "submitted":
                return result
        raise AssertionError("still submitted")

    def job(self, **fields):
        definition = {"date": "2026-01-05", "schedule": SCHEDULE, "schedule_id": 16,
                      "name": JOB_NAME, "machine": "GENP001"}
        definition.update(fields)
        return self.control("POST", "jobs", definition)

    def fail(self, job=JOB, **fields):
        return self.control("POST", f"jobs/{segment(job)}/fail",
                            {"termination": "0000000005", **fields})


# --- Scenarios ---------------------------------------------------------------


def service_and_tokens(c):
    c.token = ""
    assert c.get("/api/version")["opConRestApiProductVersion"] == "25.0.0.0"
    login = {"user": {"loginName": "ocadm", "password": "opconxps"},
             "tokenType": {"type": "User"}}
    user = c.post("/api/tokens", login)["id"]
    wrong = {"user": {"loginName": "ocadm", "password": "x"}, "tokenType": {"type": "User"}}
    c.post("/api/tokens", wrong, status=401)
    c.post("/api/tokens", {"user": {}}, status=400, valid=False)
    c.token = user
    assert c.get("/api/servicestatus")["running"] is True
    assert c.get("/API/Tokens")["tokenType"]["type"] == "User"
    login["tokenType"] = {"id": "my application", "type": "Application"}
    application = c.post("/api/tokens", login)
    assert c.post("/api/tokens", login)["id"] == application["id"]
    c.control("POST", "clock", {"advance_ms": 21 * 60 * 1000})
    expired = c.get("/api/tokens", status=401)
    assert expired[0]["message"] == c.wire.errors["unauthorized"], expired
    c.token = application["id"]
    c.get("/api/tokens")
    c.delete("/api/tokens")
    c.get("/api/tokens", status=401)


def nothing_without_a_token(c):
    c.token = ""
    samples = {"job_id": JOB, "schedule_id": "20260105|16|1", "text": "x"}
    for endpoint in c.wire.endpoints:
        if not endpoint.needs_token:
            continue
        path = "".join(
            "/" + (segment(samples.get(s[1], 1)) if isinstance(s, tuple) else s)
            for s in endpoint.segments)
        body = {} if endpoint.body else None
        errors = c.call(endpoint.method, path, None, body, status=401, valid=False)
        assert errors[0]["message"] == c.wire.errors["unauthorized"]


def lists_of_jobs(c):
    for name in ["JOB1", "JOB10", "MYJOB1", JOB_NAME]:
        c.job(name=name, tags=["ROUTE2-x"], documentation="call Anna")
    c.job(name="OTHER", schedule="Other", schedule_id=17, date="2026-01-06", department="IT",
          priority=5)

    def names(**query):
        return [job["name"] for job in c.get("/api/DailyJobs", query)]

    # Filters find more than was asked for, and * and ? stand for characters.
    assert names(JobName="job1") == ["JOB1", "JOB10", "MYJOB1"]
    assert names(JobName="J*0") == ["JOB10"]
    assert names(ScheduleName="Payroll_Load?Sub?", Name="LOAD A/B") == [JOB_NAME]
    assert names(dates="2026-01-05,2026/01/06", limit=2, offset=3) == ["MYJOB1", "OTHER"]
    assert names(SortBy="name:desc", Limit=1) == ["OTHER"]
    assert names(Ids=JOB) == [JOB_NAME]
    assert names(Priority=5) == names(DepartmentIds=1) == ["OTHER"]
    assert names(DepartmentIds="1", Categories="Failed,Under Review") == []
    assert c.get("/api/dailyjobs", {"limit": 0, "includeCount": "true"}) == []
    assert c.headers["TotalResourceCount"] == "5"
    assert c.get("/api/dailyjobs/count", {"JobName": "JOB1"}) == 3
    assert c.get("/api/dailyjobs/count_by_status")["waiting"] == 5
    for with_it in ("true", "false"):
        jobs = c.get("/api/dailyjobs", {"JobName": "JOB10", "IncludeDocumentation": with_it})
        assert (jobs[0]["documentation"] is not None) == (with_it == "true")
    c.get("/api/dailyjobs", {"Limit": "many"}, status=400, valid=False)
    c.get("/api/dailyjobs", {"dates": "today"}, status=400, valid=False)


def every_parameter(c):
    c.job()
    samples = {"text": "x", "boolean": "true", "int32": "1", "list(int32)": "1,2",
               "list(int64)": "1,2", "date": "2026-01-05", "list(date)": "2026-01-05",
               "list(text)": "Failed,Held", "list(job_id)": JOB,
               "list(schedule_id)": "20260105|16|1", "sort": "name:desc,start:asc"}
    refused = {"IncludeDetails", "SortBy"}  # named in a 501, see below
    for endpoint in c.wire.endpoints:
        if endpoint.method != "GET":
            continue
        for name, kind in endpoint.query.items():
            status = 200
            if name in refused and not (name == "SortBy" and kind == "sort"):
                status = 501
            answer = c.get(endpoint.template, {name: samples[kind]}, status)
            assert status == 200 or name in answer[0]["message"], answer


def one_job(c):
    uid = c.job(tags=["ROUTE2-x"], properties=[{"key": "k", "value": "v"}])["uid"]
    path = "/api/dailyjobs/" + segment(JOB)
    job = c.get("/API/DAILYJOBS/" + segment(JOB))
    assert (job["uid"], job["name"], job["id"]) == (uid, JOB_NAME, JOB)
    assert c.get(path + "/status")["category"] == "Waiting"
    job.update(incidentTicketId="INC1/abc", incidentTicketURL="https://example/1", priority=7,
               tags=["a", "b"], properties=[{"key": "k", "value": "w"}])
    changed = c.put(path, job)
    for field in ("incidentTicketId", "incidentTicketURL", "priority", "tags", "properties"):
        assert changed[field] == job[field], field
    job["id"] = UNKNOWN_JOB
    c.put(path, job, status=400)
    c.get("/api/dailyjobs/" + segment(UNKNOWN_JOB), status=404)
    c.get("/api/dailyjobs/nonsense", status=400, valid=False)
    c.fail(log="boom")
    failed = c.get(path)
    assert failed["status"]["description"] == "Failed"
    assert failed["terminationDescription"] == "0000000005"


def documentation_and_properties(c):
    c.job()
    path = f"/api/dailyjobs/{segment(JOB)}/documentation"
    assert c.get(path)["id"] == 0
    row = c.post(path, {"id": 0, "job": "a", "frequency": "f"})["id"]
    assert c.get(f"{path}/{row}")["job"] == "a"
    assert c.put(f"{path}/{row}", {"id": row, "job": "b", "frequency": None})["job"] == "b"
    c.put(f"{path}/{row + 1}", {"job": "x"}, status=404)
    c.delete(f"{path}/{row}")
    c.control("POST", "schedules", MASTER)
    for path in (f"/api/dailyjobs/{segment(JOB)}/properties",
                 f"/api/dailyschedules/{segment('20260105|16|1')}/properties"):
        assert c.get(path) == []
        c.post(path, {"key": "a b/c", "value": "1"})
        c.post(path, {"key": "a b/c", "value": "1"}, status=409)
        one = f"{path}/{segment('a b/c')}"
        assert c.get(one)["value"] == "1"
        assert c.put(one, {"key": "a b/c", "value": "2"})["value"] == "2"
        c.delete(one)
        c.get(one, status=404)


def incident_tickets(c):
    path = f"/api/dailyjobs/{c.job()['uid']}/incidentTickets"
    assert c.get(path) == []
    row = c.post(path, {"id": 0, "ticketId": "INC1", "ticketUrl": "https://example/1"})["id"]
    ticket = {"id": row, "ticketId": "INC2", "ticketUrl": None}
    assert c.put(f"{path}/{row}", ticket) == ticket
    assert c.get(f"/api/dailyjobs/{segment(JOB)}")["incidentTicketId"] == "INC2"
    c.put(f"{path}/{row + 1}", {"ticketId": "INC3"}, status=404)
    c.delete(f"{path}/{row}")
    c.get("/api/dailyjobs/999999/incidentTickets", status=404)


def job_actions(c):
    c.job()

    def act(action, job=JOB):
        return c.finish("/api/jobactions", {"action": action, "reason": "why",
                                            "jobs": [{"id": job}]})

    c.fail(processing_events_ms=1000)
    status = c.get(f"/api/dailyjobs/{segment(JOB)}/status")
    assert status["description"] == "Failed; Processing Events", status
    refused = act("markUnderReview")
    assert refused["result"] == refused["jobs"][0]["result"] == "failed"
    assert "Processing Events" in refused["jobs"][0]["message"]
    c.control("POST", "clock", {"advance_ms": 1001})
    assert act("markUnderReview")["jobs"][0]["status"]["category"] == "Under Review"
    assert act("markUnderReview")["result"] == "failed"
    assert act("markFixed")["result"] == "success"
    assert act("restart")["jobs"][0]["status"]["category"] == "Running"
    body = {"action": "markfixed", "jobs": [{"id": JOB}]}
    c.post("/api/jobactions", body, status=400, valid=False)
    body = {"action": "markFixed", "jobs": [{"id": UNKNOWN_JOB}]}
    c.post("/api/jobactions", body, status=404)
    c.get("/api/jobactions/999999", status=404)


def job_logs(c):
    number = c.job()["jobNumber"]
    c.fail(logs=[{"name": "Joblog.txt", "data": "one\r\ntwo"}, {"name": "b.txt", "data": ""}])

    def act(action, *items):
        return c.finish("/api/jobinstanceactions",
                        {"action": action, "jobInstanceActionItems": list(items)})

    listed = act("LIST", {"id": number}, {"id": 999999})
    assert listed["result"] == "success"
    files, missing = listed["jobInstanceActionItems"]
    assert (missing["result"], missing["files"]) == ("failed", None)
    assert len(files["files"]) == 2
    read = act("FILE", {"id": number, "jorsRequestParameters": files["files"][0]},
               {"id": number, "jorsRequestParameters": "C:\\nothing"})
    assert read["jobInstanceActionItems"][0]["data"] == "one\r\ntwo"
    assert read["jobInstanceActionItems"][1]["result"] == "failed"
    c.delete("/api/jobinstanceactions", {"id": read["id"]})
    c.get(f"/api/jobinstanceactions/{read['id']}", status=404)


def schedules(c):
    c.control("POST", "schedules", MASTER)
    body = {"schedules": [{"id": None, "name": "Nightly"}], "dates": ["2026-01-05"],
            "properties": [{"key": "k", "value": "v"}], "logFile": None, "overwrite": False,
            "hold": True, "namedInstance": None, "machineName": None, "id": None,
            "expiryTime": None}
    assert c.finish("/api/schedulebuilds", body, 201)[0]["message"] == "Completed"
    again = c.finish("/api/schedulebuilds", body, 201)[0]
    assert again["result"] == "failed" and "exists" in again["message"], again
    body["schedules"][0]["name"] = "Nobody"
    assert "not found" in c.finish("/api/schedulebuilds", body, 201)[0]["message"]
    found = c.get("/api/dailyschedules", {"name": "Nightly", "dates": "2026-01-05"})
    assert [s["status"]["description"] for s in found] == ["On Hold"]
    path = "/api/dailyschedules/" + segment("20260105|40|1")
    schedule = c.get(path)
    assert schedule["properties"] == [{"key": "k", "value": "v"}]
    schedule["properties"] = []
    assert c.put(path, schedule)["properties"] == []
    names = [j["name"] for j in c.get("/api/dailyjobs", {"ScheduleIds": "20260105|40|1"})]
    assert names == ["AdHoc$0001", "Extract", "Load_GENP001", "Load_GENP002"], names

    def act(action, jobs=None, **fields):
        item = {"id": "20260105|40|1", "jobs": jobs}
        return c.finish("/api/scheduleactions",
                        {"action": action, "scheduleActionItems": [item], **fields})

    added = act("addJobs", [
        {"id": "AdHoc", "frequency": "AllDays", "applyExceptions": True,
         "instanceProperties": [{"name": "k", "value": "v2"}]},
        {"id": "Nobody", "frequency": None, "instanceProperties": []}], reason="why")
    good, bad = added["scheduleActionItems"][0]["jobs"]
    assert (added["result"], good["result"], bad["result"]) == ("failed", "success", "failed")
    assert good["id"] == "20260105|40|1|AdHoc_v2" and "Nobody" in bad["message"]
    assert act("skipJobs", states=["Waiting"])["result"] == "success"
    assert c.get(path)["status"]["description"] == "Completed"
    assert act("release")["result"] == "success"
    missing = {"action": "hold", "scheduleActionItems": [{"id": "20260105|41|1"}]}
    c.post("/api/scheduleactions", missing, status=404)
    c.get("/api/schedulebuilds/1", status=404)


def history_machines_and_global_properties(c):
    c.job()
    c.fail()
    runs = c.get("/api/jobhistories", {"JobName": "Load", "From": "2026-01-05",
                                       "includeCount": "true"})
    assert [r["exitCode"] for r in runs] == ["0000000005"]
    assert c.get("/api/jobhistories/" + segment(runs[0]["id"])) == runs[0]
    c.get("/api/jobhistories/none", status=404)
    machine = c.get("/api/machines", {"Name": "GENP*"})[0]
    assert c.get(f"/api/machines/{machine['id']}") == machine
    path = "/api/globalproperties"
    value = {"name": "SECRET", "value": "x", "documentation": None, "encrypted": True}
    row = c.post(path, value)
    assert row["value"] is None
    c.post(path, value, status=409)
    one = f"{path}/{row['id']}"
    assert c.put(one, {**value, "encrypted": False})["value"] == "x"
    assert c.get(path, {"name": "secret"}) == [c.get(one)]
    c.delete(one)
    c.get(one, status=404)


def what_is_not_simulated(c):
    for method, path in [("GET", "/api/vision/cards"), ("PUT", "/api/jobinstanceactions"),
                         ("GET", "/api/dailyschedules/dates"), ("PUT", "/api/tokens/1"),
                         ("POST", "/api/propertyexpression"),
                         ("GET", "/api/dailyjobs/1/dependencies")]:
        errors = c.call(method, path, status=501, valid=False)
        assert f"{method} {path}" in errors[0]["message"], errors


def the_checker_finds_problems(c):
    command = ["/usr/bin/python3", "-B", os.path.join(HERE, "check_opcon_requests.py"),
               "--url", c.url, "--called", "GET /api/dailyjobs/{id}"]
    c.job()
    c.get("/api/version")
    missed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert missed.returncode == 1 and "was not called" in missed.stdout, missed
    c.get("/api/dailyjobs/" + segment(JOB))
    good = subprocess.run(command, capture_output=True, text=True, check=False)
    assert good.returncode == 0, good
    for method, path, query, body in [
            ("GET", "/api/dailyjobs", {"Nonsense": 1}, None),
            ("POST", "/api/jobactions", None, {"action": "fix", "jobs": []}),
            ("GET", "/api/nothing", None, None)]:
        c.control("POST", "reset")
        c.session.request(method, c.url + path, params=query, json=body, timeout=60,
                          headers={"Authorization": "Token " + c.token})
        bad = subprocess.run(command[:-2], capture_output=True, text=True, check=False)
        assert bad.returncode == 1 and path in bad.stdout, bad


SCENARIOS = [
    service_and_tokens, nothing_without_a_token, lists_of_jobs, every_parameter, one_job,
    documentation_and_properties, incident_tickets, job_actions, job_logs, schedules,
    history_machines_and_global_properties, what_is_not_simulated, the_checker_finds_problems,
]


def compare_endpoints(client):
    """What one side has and the other has not, and what was never called."""
    known = {e.pattern(): e for e in client.wire.endpoints}
    served = {opcon_wire.pattern_of(e["method"], e["path"]): e["token"]
              for e in client.control("GET", "endpoints")}
    problems = [f"{m} {p} is not in the file" for m, p in served.keys() - known.keys()]
    problems += [f"{m} {p} is not in the sandbox" for m, p in known.keys() - served.keys()]
    problems += [f"{e.name} needs a token on one side only" for key, e in known.items()
                 if key in served and served[key] != e.needs_token]
    problems += [f"{e.name} was never called with success" for e in known.values()
                 if e.name not in client.succeeded]
    return problems


def main():
    wire = opcon_wire.Wire(os.path.join(HERE, "opcon_wire.yaml"))
    # Results are there at the second question, whatever the machine is doing.
    sandbox = Sandbox(sys.argv[1], "--action-delay-ms", "3600000", "--action-polls", "2")
    client = Client(sandbox.url, wire)
    failures = 0
    try:
        for scenario in SCENARIOS:
            client.control("POST", "reset")
            client.token = APPLICATION_TOKEN
            try:
                scenario(client)
                print(f"ok      {scenario.__name__}")
            except AssertionError:
                failures += 1
                print(f"FAILED  {scenario.__name__}")
                traceback.print_exc(file=sys.stdout)
        for problem in compare_endpoints(client):
            failures += 1
            print(f"FAILED  {problem}")
    finally:
        sandbox.stop()
    print(f"{len(client.succeeded)} of {len(wire.endpoints)} endpoints called, "
          f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
