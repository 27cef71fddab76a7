"""Calls every operation of the HTTP door of a real incident_service, and checks
each answer against openapi.json.

    http_door_test.py OPENAPI_JSON GUIDE PROGRAM...

PROGRAMs are the incident service, the gateways and the sandboxes. Fails if the
door answers otherwise than the file says, if an operation, a parameter or a
status of the file was never seen, or if the door knows more than the file. The
lines of the guide for callers without incidentctl are tried, too.
"""

import copy
import http.client
import json
import os
import re
import socket
import subprocess
import sys
from urllib.parse import quote

import jsonschema
import requests

from processes import PATIENCE_S, World, await_true, service_yaml

DATE = {"year": 2026, "month": 1, "day": 5}
# Statuses that no client can bring about by itself.
OWN_FAULTS = {"429", "500", "503", "504"}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]


class Contract:
    """The file, and what was seen of it."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.file = json.load(file)
        self.components = copy.deepcopy(self.file["components"])
        for schema in self.components["schemas"].values():
            self.make_strict(schema)
        self.seen = {key: set() for key in self.operations()}

    def make_strict(self, schema):
        """Nothing but what the file says may be in an answer."""
        if isinstance(schema, dict):
            if "properties" in schema and isinstance(schema["properties"], dict):
                schema.setdefault("additionalProperties", False)
            for value in schema.values():
                self.make_strict(value)
        elif isinstance(schema, list):
            for value in schema:
                self.make_strict(value)

    def operations(self):
        return [(method.upper(), path) for path, item in self.file["paths"].items()
                for method in item]

    def operation(self, key):
        return self.file["paths"][key[1]][key[0].lower()]

    def resolve(self, node):
        while "$ref" in node:
            name = node["$ref"].split("/")[-2:]
            node = self.components[name[0]][name[1]]
        return node

    def validate(self, schema, value):
        jsonschema.Draft202012Validator({**schema, "components": self.components}).validate(value)

    def check(self, key, status, headers, body):
        """Checks an answer to the operation; returns its JSON."""
        shown = f"{key} {status} {body[:300]}"
        responses = self.operation(key)["responses"]
        assert str(status) in responses, shown
        response = self.resolve(responses[str(status)])
        (media, content), = response["content"].items()
        assert headers["Content-Type"] == media, shown
        for name, header in response.get("headers", {}).items():
            if header.get("required"):
                assert name in headers, shown
            if name in headers:
                self.validate(header["schema"], headers[name])
        value = json.loads(body) if "json" in media else body
        self.validate(content["schema"], value)
        self.seen[key].add(str(status))
        return value


class Caller:
    """Calls operations of one door."""

    def __init__(self, contract, port):
        self.contract, self.port = contract, port
        self.url = f"http://127.0.0.1:{port}"
        self.session = requests.Session()
        self.session.trust_env = False

    def call(self, method, path, status=200, segment="", query=None, **body):
        url = self.url + re.sub(r"\{\w+\}", quote(segment, safe=""), path)
        reply = self.session.request(method, url, params=query, timeout=PATIENCE_S, **body)
        value = self.contract.check((method, path), reply.status_code, reply.headers, reply.text)
        assert reply.status_code in (status if isinstance(status, tuple) else (status,)), reply.text
        return value

    def report(self, request_id, job, status=201, **more):
        event = {"jobKey": {"scheduleDate": DATE, "scheduleId": 16, "scheduleInstance": 1,
                            "jobName": job}, "scheduleName": "Payroll"}
        return self.call("POST", "/v1/reports", status,
                         json={"requestId": request_id, "event": event, **more})

    def raw(self, key, data):
        """Sends bytes; checks the answer as one of the operation."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as sock:
            sock.sendall(data)
            reply = http.client.HTTPResponse(sock, method=key[0])
            reply.begin()
            return reply.status, self.contract.check(
                key, reply.status, reply.headers, reply.read().decode())


def await_state(door, report_id, state):
    await_true(lambda: door.call("GET", "/v1/reports/{id}", segment=report_id)
               ["report"]["state"] == state)


def failures_become_tickets(world, contract):
    """The whole way of two failures that are reported over HTTP."""
    opcon = world.start("opcon_sandbox", ["--listen", "127.0.0.1:0"]).ports["http"]
    snow = world.start("snow_sandbox", ["--listen", "127.0.0.1:0"]).ports["http"]
    world.write(world.folder, "token", "00000000-0000-4000-8000-000000000001")
    world.write(world.folder, "secret", "sandbox")
    door = Caller(contract, world.service(
        "whole",
        opcon=world.gateway("opcon_gateway", {
            "name": "production", "base_url": f"http://127.0.0.1:{opcon}",
            "token_file": "token", "allow_plain_http": True}),
        snow=world.gateway("snow_gateway", {
            "name": "production", "base_url": f"http://127.0.0.1:{snow}",
            "oauth_client_credentials": {"client_id": "sandbox", "client_secret_file": "secret"},
            "allow_plain_http": True}),
        http="max_request_bytes: 20000, max_header_bytes: 4096").ports["http"])
    for number, job in enumerate(["Load A/B $0001", "Load C"]):
        sandbox = f"http://127.0.0.1:{opcon}/_sandbox/jobs"
        assert door.session.post(sandbox, json={
            "date": "2026-01-05", "schedule": "Payroll", "schedule_id": 16,
            "name": job, "machine": "GENP001"}).ok
        assert door.session.post(f"{sandbox}/{quote('20260105|16|1|' + job, safe='')}/fail",
                                 json={"termination": "0000000005", "log": "log"}).ok
        report = door.report(f"failure-{number}", job)["report"]
        assert door.report(f"failure-{number}", job, status=200)["duplicate"]
        await_state(door, report["reportId"], "REPORT_STATE_SUCCEEDED")
        link = door.call("GET", "/v1/tickets/{job}", segment="20260105|16|1|" + job)["link"]
        assert link["jobKey"]["jobName"] == job
        found = door.call("GET", "/v1/tickets", query={"ticketNumber": link["ticket"]["number"]})
        assert [entry["ticket"] for entry in found["links"]] == [link["ticket"]]
    # A rejected command line, and a report that OpCon does not know.
    door.call("POST", "/v1/reports", 201, json={
        "requestId": "rejected-1", "rejected": {"arguments": ["-jn"], "problem": "no value"}})
    unknown = door.report("unknown-1", "NOBODY", template="none.json")["report"]
    await_state(door, unknown["reportId"], "REPORT_STATE_DEAD_LETTER")
    door.report("checked-1", "Load C", status=200, validateOnly=True)
    return door


def sample(parameter):
    schema = parameter["schema"]
    if schema["type"] == "array":
        return "REPORT_STATE_SUCCEEDED"
    if schema["type"] == "integer":
        return "3"
    return {"date": "2026-01-05", "date-time": "2026-01-05T12:00:00Z"}.get(
        schema.get("format"), "INC0010001")


def parameters_are_those_of_the_file(door):
    contract = door.contract
    for method, path in contract.operations():
        for parameter in contract.operation((method, path)).get("parameters", []):
            name = parameter["name"]
            if parameter["in"] != "query" or name == "pageToken":
                continue
            snake = re.sub("[A-Z]", lambda m: "_" + m.group().lower(), name)
            for spelling in {name, snake}:
                # One job has a ticket; it need not be in the destination named.
                door.call(method, path, (200, 404), "20260105|16|1|Load C",
                          {spelling: sample(parameter)})
        door.call(method, path, 400, "20260105|16|1|Load C", {"nonsense": "1"},
                  **({"json": {}} if method == "POST" else {}))
    for path, field in (("/v1/reports", "reports"), ("/v1/tickets", "links")):
        first = door.call("GET", path, query={"pageSize": 1})
        second = door.call("GET", path,
                           query={"pageSize": 1, "pageToken": first["nextPageToken"]})
        assert first[field] != second[field]


def nothing_else_is_there(door):
    paths = door.contract.file["paths"]
    for path, item in paths.items():
        url = door.url + re.sub(r"\{\w+\}", "x", path)
        for method in METHODS:
            if method.lower() in item:
                continue
            reply = door.session.request(method, url, timeout=PATIENCE_S)
            assert reply.status_code == 405, (method, url, reply.text)
            assert set(reply.headers["Allow"].split(", ")) == {m.upper() for m in item}
    for path in ("/", "/v1", "/v1/reports/", "/v1/tickets/x/y", "/metric", "/openapi.json"):
        reply = door.session.get(door.url + path, timeout=PATIENCE_S)
        assert reply.status_code == 404 and reply.json()["reason"] == "HTTP_PATH", path
    assert door.call("GET", "/v1/openapi.json") == door.contract.file
    assert "opcon_snow_reports{" in door.call("GET", "/metrics")


def head_of(key, version="1.1", host="localhost"):
    target = re.sub(r"\{\w+\}", "20260105%7C16%7C1%7CLoad%20C", key[1])
    return f"{key[0]} {target} HTTP/{version}\r\nHost: {host}\r\n"


def every_operation_keeps_the_bounds(door):
    for key in door.contract.operations():
        json_type = "Content-Type: application/json\r\n"
        cases = [
            (400, head_of(key) + "Host: localhost\r\n\r\n"),
            (413, head_of(key) + json_type + "Content-Length: 20001\r\n\r\n"),
            (413, head_of(key) + json_type + "Transfer-Encoding: chunked\r\n\r\nfffff\r\n"),
            (417, head_of(key) + "Expect: tea\r\n\r\n"),
            (421, head_of(key, host="example.com") + "\r\n"),
            (431, head_of(key) + "X: " + "x" * 5000 + "\r\n\r\n"),
            (501, head_of(key) + "Transfer-Encoding: gzip\r\n\r\n"),
            (505, head_of(key, version="2.0") + "\r\n"),
        ]
        if key[0] == "POST":
            cases.append((415, head_of(key) + "Content-Length: 2\r\n\r\n{}"))
        for status, request in cases:
            seen, _ = door.raw(key, request.encode())
            assert seen == status, (seen, request[:200])
    door.call("GET", "/v1/reports/{id}", 404, "nobody")
    door.call("GET", "/v1/tickets/{job}", 404, "20260105|16|1|nobody")


def callers_need_a_role(world, contract):
    """Which role each operation needs is the business of tests/auth."""
    secured = [key for key in contract.operations() if "security" not in contract.operation(key)]
    assert len(secured) == 5, secured
    names = {"reporter": "reporter", "stranger": "reporter", "reader": "reader",
             "service": "service"}
    tokens = {name: f"token-of-a-{name}-0123456789" for name in names}
    for name, token in tokens.items():
        world.write(os.path.join(world.folder, "roles"), name, token)
    principals = ", ".join(f"{{name: {name}, token_file: {name}, roles: [{role}]}}"
                           for name, role in names.items())
    door = Caller(contract, world.service(
        "roles", listener=f"authorization: {{principals: [{principals}]}}").ports["http"])

    def as_role(name):
        return {"headers": {"Authorization": "Bearer " + tokens[name]}}

    for key in secured:
        json_body = {"json": {}} if key[0] == "POST" else {}
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}):
            problem = door.call(*key, 401, "none", headers=headers, **json_body)
            assert problem["reason"] == "UNAUTHENTICATED"
        problem = door.call(*key, 403, "none", **as_role("service"), **json_body)
        assert problem["reason"] == "ROLE_REQUIRED" and problem["metadata"]["roles"]
    event = {"jobKey": {"scheduleDate": DATE, "scheduleId": 16, "scheduleInstance": 1,
                        "jobName": "J"}}
    stored = door.call("POST", "/v1/reports", 201, **as_role("reporter"),
                       json={"requestId": "of-the-reporter", "event": event})["report"]
    for role in ("reporter", "reader"):
        door.call("GET", "/v1/reports/{id}", 200, stored["reportId"], **as_role(role))
    unseen = door.call("GET", "/v1/reports/{id}", 404, stored["reportId"], **as_role("stranger"))
    assert unseen["reason"] == "RECORD_NOT_FOUND", unseen
    # Health is for everybody, what it says of this machine is not.
    assert door.call("GET", "/healthz") == {}
    assert "hops" in door.call("GET", "/healthz", **as_role("reader"))
    door.call("GET", "/v1/openapi.json")


def slow_requests_end(world, contract):
    door = Caller(contract, world.service("slow", http="request_timeout: 500ms").ports["http"])
    for key in contract.operations():
        status, problem = door.raw(key, head_of(key).encode())
        assert (status, problem["reason"]) == (408, "HTTP_TIMEOUT")


def what_was_acknowledged_is_kept(world, contract):
    workflow = "workers: 1, max_open_reports: 1"
    service = world.service("kept", workflow=workflow)
    door = Caller(contract, service.ports["http"])
    stored = door.report("kept-anyway", "Load C")["report"]
    service.kill()
    world.running.remove(service)
    door = Caller(contract, world.service("kept", workflow=workflow).ports["http"])
    again = door.call("GET", "/v1/reports/{id}", segment=stored["reportId"])
    assert again["report"]["requestId"] == "kept-anyway"
    assert door.report("kept-anyway", "Load C", status=200)["duplicate"]
    assert door.report("too-many", "Load D", status=429)["retryAfter"]


def a_full_disk_is_told(world, contract):
    service = world.service("full", file_limit=400 << 10)
    door = Caller(contract, service.ports["http"])
    door.call("GET", "/healthz")
    for number in range(5000):
        reply = door.report(f"filling-{number}", "x" * 100, status=(201, 503))
        if "reason" in reply:
            break
    assert reply["reason"] == "STORE_UNAVAILABLE", reply
    assert door.call("GET", "/healthz", 503)["reason"] == "STORE_UNAVAILABLE"
    assert re.search(r"^opcon_snow_store_commit_failures_total [1-9]",
                     door.call("GET", "/metrics"), re.MULTILINE)
    service.kill()
    world.running.remove(service)


def lines_of_the_guide_work(door, guide):
    with open(guide, encoding="utf-8") as file:
        text = file.read()
    curl, = [line for line in text.splitlines() if "curl.exe" in line and "--data-raw" in line]
    shell, = [line for line in text.splitlines() if "powershell.exe" in line]
    assert len(curl) <= 4000 and len(shell) <= 4000
    for token, value in {"$SCHEDULE DATE-YYYY": "2026", "$SCHEDULE DATE-MM": "01",
                         "$SCHEDULE DATE-DD": "05", "$SCHEDULE ID": "16", "$SCHEDULE INST": "1",
                         "$SCHEDULE NAME": "Payroll [Sub]", "$JOB NAME": "Load C",
                         "$JOB TERMINATION": "+000000010:0000:N", "$NOTIFYID": "471"}.items():
        curl = curl.replace(f"[[{token}]]", value)
    assert "[[" not in curl and "{{" not in curl
    body = re.search(r'--data-raw "((?:[^"\\]|\\")*)"', curl).group(1).replace('\\"', '"')
    headers = dict(header.split(": ") for header in re.findall(r'-H "([^"]*)"', curl))
    stored = door.call("POST", "/v1/reports", 201, data=body.encode(), headers=headers)
    assert stored["report"]["event"]["jobKey"]["scheduleDate"] == DATE


def a_reachable_address_is_refused(world):
    config = world.write(world.folder, "reachable.yaml", service_yaml(1, 1, "", "").replace(
        'http: {address: "127.0.0.1:0"', 'http: {max_connections: -1, address: "0.0.0.0:0"'))
    checked = subprocess.run([world.paths["incident_service"], "--config", config,
                              "--check-config"], capture_output=True, text=True, check=False)
    assert checked.returncode == 78, checked
    assert "http.address" in checked.stderr and "listen on 127.0.0.1" in checked.stderr
    assert "http.max_connections" in checked.stderr


def compare(contract):
    """What the file has and was never seen."""
    for key in contract.operations():
        missing = set(contract.operation(key)["responses"]) - contract.seen[key] - OWN_FAULTS
        assert not missing, f"{key} never answered {missing}"
    assert {"429", "503"} <= contract.seen[("POST", "/v1/reports")]


def main():
    contract = Contract(sys.argv[1])
    world = World(sys.argv[3:])
    try:
        door = failures_become_tickets(world, contract)
        parameters_are_those_of_the_file(door)
        nothing_else_is_there(door)
        every_operation_keeps_the_bounds(door)
        lines_of_the_guide_work(door, sys.argv[2])
        callers_need_a_role(world, contract)
        slow_requests_end(world, contract)
        what_was_acknowledged_is_kept(world, contract)
        a_full_disk_is_told(world, contract)
        a_reachable_address_is_refused(world)
        compare(contract)
    finally:
        world.stop()
    for key, seen in contract.seen.items():
        print(*key, *sorted(seen))


if __name__ == "__main__":
    main()
