"""Runs the examples of docs/api.md against the real suite and the sandboxes, and
compares what comes back with what the guide says.

    api_guide_test.py GUIDE BUF FILE...

FILEs are the programs of the suite and the protos of the services.

In an answer of the guide a text with "…" in it stands for any text that fits, a field
named "…" for any further fields, a "…" in a list for any further entries, and "$NAME"
for a value that later examples use. Every call of the three services must have an
example. With RECORD=FILE the guide is written there with the answers as they come.
"""

import json
import os
import re
import subprocess
import sys

import requests

from processes import World, await_true

BLOCK = re.compile(r"```sh\n(.*?)\n```\n(?:\n```json\n(.*?)\n```\n)?", re.S)
SERVICES = {"INCIDENTS": "incident.v1.IncidentService", "OPCON": "opcon.v1.OpConGateway",
            "SERVICENOW": "servicenow.v1.ServiceNowGateway"}
JOBS = ["JOB001", "JOB002"]
TEMPLATES = "[{name: basic.json, state_sync: {mode: watch}}]"


def documents(text):
    """The JSON documents that stand one after the other."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        value, at = decoder.raw_decode(text, at)
        found.append(value)
    return found


class Comparison:
    """Of answers with those of the guide; keeps the values of names."""

    def __init__(self):
        self.values = {}

    def check(self, expected, actual, where):
        if isinstance(expected, dict):
            self.check_fields(expected, actual, where)
        elif isinstance(expected, list):
            self.check_entries(expected, actual, where)
        elif isinstance(expected, str):
            self.check_text(expected, actual, where)
        else:
            assert expected == actual, f"{where}: {actual!r} is not {expected!r}"

    def check_fields(self, expected, actual, where):
        assert isinstance(actual, dict), f"{where}: {actual!r} has no fields"
        for name, value in expected.items():
            if name != "…":
                assert name in actual, f"{where}: no {name} in {actual}"
                self.check(value, actual[name], f"{where}.{name}")
        more = actual.keys() - expected.keys()
        assert "…" in expected or not more, f"{where}: the guide lacks {more}"

    def check_entries(self, expected, actual, where):
        assert isinstance(actual, list), f"{where}: {actual!r} is no list"
        if expected and expected[-1] == "…":
            expected = expected[:-1]
            actual = actual[:len(expected)]
        assert len(expected) == len(actual), f"{where}: {actual}"
        for at, (one, other) in enumerate(zip(expected, actual)):
            self.check(one, other, f"{where}[{at}]")

    def check_text(self, expected, actual, where):
        if re.fullmatch(r"\$[A-Z]+", expected):
            known = self.values.setdefault(expected[1:], str(actual))
            assert known == str(actual), f"{where}: {actual!r} is not {expected} ({known})"
            return
        assert expected == "…" or isinstance(actual, str), f"{where}: {actual!r} is no text"
        pattern = ".*".join(re.escape(part) for part in expected.split("…"))
        assert re.fullmatch(pattern, str(actual), re.S), f"{where}: {actual!r} is not {expected!r}"


class Guide:
    def __init__(self, path, buf, addresses):
        with open(path, encoding="utf-8") as file:
            self.text = file.read()
        self.environment = {**os.environ, "PATH": os.path.dirname(buf) + ":/usr/bin:/bin",
                            "HOME": os.environ.get("TEST_TMPDIR", "/tmp"),
                            "PLAIN": "--protocol grpc --http2-prior-knowledge", **addresses}
        self.comparison = Comparison()
        self.recorded = []

    def run(self, before_each):
        for block in BLOCK.finditer(self.text):
            command, answer = block.groups()
            if "buf curl" not in command:
                continue
            before_each(command)
            result = subprocess.run(
                ["bash", "-c", "set -o pipefail\n" + command], capture_output=True, text=True,
                env={**self.environment, **self.comparison.values}, timeout=120, check=False)
            printed = result.stdout or result.stderr
            self.recorded.append((block, printed.strip()))
            if os.environ.get("RECORD"):
                self.learn(answer, printed)
                continue
            assert answer, f"no answer in the guide:\n{command}\n{printed}"
            self.compare(command, answer, printed)

    def compare(self, command, answer, printed):
        try:
            expected, actual = documents(answer), documents(printed)
            if expected[-1] == "…":
                expected, actual = expected[:-1], actual[:len(expected) - 1]
            self.comparison.check(expected, actual, "")
        except (AssertionError, json.JSONDecodeError) as error:
            raise AssertionError(f"{error}\nof\n{command}\nwhich answered\n{printed}") from error

    def learn(self, answer, printed):
        try:
            self.comparison.check(documents(answer or ""), documents(printed), "")
        except (AssertionError, json.JSONDecodeError) as error:
            print("differs:", str(error)[:300])

    def write(self, path):
        text, at = [], 0
        for block, printed in self.recorded:
            text += [self.text[at:block.start()], f"```sh\n{block.group(1)}\n```\n\n```json\n",
                     printed, "\n```\n"]
            at = block.end()
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(text) + self.text[at:])

    def check_complete(self, protos):
        """Every call has an example, and every example is of a call that exists."""
        for variable, service in SERVICES.items():
            methods = set()
            for path in protos:
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                package, name = service.rsplit(".", 1)
                if f"package {package};" in text and f"\nservice {name} " in text:
                    methods = set(re.findall(r"\n  rpc (\w+)\(", text))
            shown = set(re.findall(r"\$" + variable + r"/(\w+)", self.text))
            assert methods and methods == shown, (service, methods ^ shown)


def define_jobs(opcon):
    for name in JOBS:
        job = {"date": "2026-01-05", "schedule": "Payroll Daily", "schedule_id": 16,
               "schedule_instance": 1, "name": name, "machine": "GENP001", "tags": [],
               "documentation": "Call payroll.", "log": ""}
        failed = {"termination": "0000000005", "log": "cannot open the bank file\n"}
        for path, body in [("jobs", job), (f"jobs/20260105%7C16%7C1%7C{name}/fail", failed)]:
            reply = requests.post(f"{opcon}/_sandbox/{path}", json=body, timeout=60)
            assert reply.status_code < 300, reply.text
    requests.post(f"{opcon}/_sandbox/schedules", timeout=60, json={
        "name": "Nightly", "schedule_id": 40, "jobs": [{"name": "Extract"}]}).raise_for_status()


def start_suite(world):
    sandboxes = {name: world.start(name, ["--listen", "127.0.0.1:0"]).ports["http"]
                 for name in ("opcon_sandbox", "snow_sandbox")}
    opcon = world.gateway("opcon_gateway", {
        "name": "production", "base_url": f"http://127.0.0.1:{sandboxes['opcon_sandbox']}",
        "allow_plain_http": True, "public_address": "opcon.example.com:443",
        "token_file": world.write(world.folder, "token", "00000000-0000-4000-8000-000000000001")})
    snow = world.gateway("snow_gateway", {
        "name": "production", "base_url": f"http://127.0.0.1:{sandboxes['snow_sandbox']}",
        "allow_plain_http": True, "integration_user": "opcon.integration",
        "oauth_client_credentials": {
            "client_id": "sandbox",
            "client_secret_file": world.write(world.folder, "secret", "sandbox")}})
    service = world.service("service", opcon=opcon, snow=snow, templates=TEMPLATES)
    define_jobs(f"http://127.0.0.1:{sandboxes['opcon_sandbox']}")
    ports = {"INCIDENTS": service.ports["grpc"], "OPCON": opcon, "SERVICENOW": snow}
    return {name: f"http://127.0.0.1:{ports[name]}/{SERVICES[name]}" for name in SERVICES}


class Reports:
    """Waits until a report has come to rest, where an example is about that."""

    def __init__(self, guide):
        self.guide = guide

    def await_rest(self, command):
        for name in re.findall(r'"reportId": "\'\$(\w+)\'"', command):
            report = self.guide.comparison.values[name]
            await_true(lambda report=report: self.state(report) in
                       ("REPORT_STATE_SUCCEEDED", "REPORT_STATE_DEAD_LETTER"))

    def state(self, report):
        asked = subprocess.run(
            ["bash", "-c", "buf curl $PLAIN $INCIDENTS/GetReport -d '{\"reportId\": \"" + report
             + "\"}'"], capture_output=True, text=True, env=self.guide.environment, check=True)
        return json.loads(asked.stdout)["report"]["state"]


def main(path, buf, *files):
    protos = [file for file in files if file.endswith(".proto")]
    world = World([file for file in files if file not in protos])
    try:
        guide = Guide(path, os.path.abspath(buf), start_suite(world))
        guide.check_complete(protos)
        guide.run(Reports(guide).await_rest)
        if os.environ.get("RECORD"):
            guide.write(os.environ["RECORD"])
    finally:
        world.stop()
    print(len(guide.recorded), "examples hold")


if __name__ == "__main__":
    main(*sys.argv[1:])
