"""Starts a snow_sandbox and talks to it as any REST client would."""

import os
import shutil
import subprocess
import tempfile
import time
import unittest

import requests

ADMIN = ("admin", "admin")
INTEGRATION = ("opcon.integration", "sandbox")
ADMIN_ID = "6816f79cc0a8016401c5a33be04be441"
NETWORK_ID = "287ebd7da9fe198100f92cc8d1d2154e"
TABLE = "/api/now/table/"


class Sandbox:
    """One process; its address is in `url`."""

    PROGRAM = "SNOW_SANDBOX"

    def __init__(self, *flags):
        self.directory = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        port_file = os.path.join(self.directory, "port")
        self.process = subprocess.Popen(
            [os.environ[self.PROGRAM], "--listen", "127.0.0.1:0",
             "--port-file", port_file, *flags],
            stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not os.path.exists(port_file):
            if self.process.poll() is not None:
                raise RuntimeError("the sandbox ended by itself")
            if time.monotonic() > deadline:
                raise RuntimeError("the sandbox did not start")
            time.sleep(0.005)
        with open(port_file, encoding="utf-8") as file:
            port = dict(line.strip().split("=") for line in file)["http"]
        self.url = "http://127.0.0.1:" + port

    def close(self):
        self.process.terminate()
        code = self.process.wait(60)
        shutil.rmtree(self.directory)
        if code != 0:
            raise RuntimeError("the sandbox ended with %d" % code)

    def call(self, method, path, auth=ADMIN, headers=None, **arguments):
        """One request on a connection and with cookies of its own."""
        all_headers = {"Accept": "application/json"}
        all_headers.update(headers or {})
        url = path if path.startswith("http") else self.url + path
        arguments.setdefault("timeout", 60)
        arguments.setdefault("allow_redirects", False)
        return requests.request(
            method, url, auth=auth, headers=all_headers, **arguments)

    def control(self, method, path, body=None):
        reply = requests.request(
            method, self.url + "/_sandbox/" + path, json=body, timeout=60)
        if reply.status_code >= 300:
            raise RuntimeError(reply.text)
        return reply.json() if reply.content else None

    def conditions(self, **keys):
        self.control("PATCH", "conditions", keys)

    def run(self, script, user="admin"):
        """The value of a background script."""
        reply = requests.post(self.url + "/_sandbox/scripts", timeout=60,
                              json={"script": script, "user": user})
        if reply.status_code != 200:
            raise ScriptError(reply.json()["error"])
        return reply.json()["value"]

    def await_scripts(self):
        """Async rules and jobs that are due have run."""
        state = self.control("GET", "scripts?wait_ms=60000")
        if state["queued"] != 0:
            raise RuntimeError("scripts do not come to an end")
        return state

    def fault(self, action, times=1, **match):
        self.control("POST", "faults",
                     {"match": match, "times": times, "action": action})


class OpConSandbox(Sandbox):
    """The other product."""

    PROGRAM = "OPCON_SANDBOX"
    TOKEN = "00000000-0000-4000-8000-000000000001"

    def api(self, method, path, **arguments):
        return self.call(method, path, None,
                         {"Authorization": "Token " + self.TOKEN}, **arguments)


class ScriptError(Exception):
    """What a script threw."""


class SnowTest(unittest.TestCase):
    """One sandbox per class, reset before each test."""

    FLAGS = ()

    @classmethod
    def setUpClass(cls):
        cls.snow = Sandbox(*cls.FLAGS)

    @classmethod
    def tearDownClass(cls):
        cls.snow.close()

    def setUp(self):
        self.snow.control("POST", "reset")
        self.maxDiff = None

    def create(self, table="incident", auth=ADMIN, **values):
        reply = self.snow.call("POST", TABLE + table, auth, json=values)
        self.assertEqual(reply.status_code, 201, reply.text)
        return reply.json()["result"]

    def patch(self, record, table="incident", auth=ADMIN, **values):
        reply = self.snow.call(
            "PATCH", TABLE + table + "/" + record["sys_id"], auth, json=values)
        self.assertEqual(reply.status_code, 200, reply.text)
        return reply.json()["result"]

    def find(self, table="incident", query=None, auth=ADMIN, **parameters):
        if query is not None:
            parameters["sysparm_query"] = query
        reply = self.snow.call("GET", TABLE + table, auth, params=parameters)
        self.assertEqual(reply.status_code, 200, reply.text)
        return reply.json()["result"]

    def names(self, query, table="incident", field="short_description"):
        """The values of one column that a query finds, in its order."""
        return [row[field] for row in self.find(table, query)]

    def assert_error(self, reply, status, message, detail=None):
        self.assertEqual(reply.status_code, status, reply.text)
        self.assertEqual(reply.json(), {
            "error": {"message": message, "detail": detail},
            "status": "failure"})


def main():
    unittest.main(verbosity=1)
