"""Faults on demand, and the log of requests."""

import hashlib
import json

import requests

from snow_sandbox import TABLE, SnowTest, main

INCIDENT = TABLE + "incident"


class FaultsTest(SnowTest):

    def insert(self):
        return self.snow.call("POST", INCIDENT, json={})

    def count(self):
        return len(self.find())

    def arm(self, kind, **keys):
        self.snow.fault({"kind": kind, **keys}, method="POST", path=INCIDENT)

    def test_statuses(self):
        for status, headers in ((429, {"Retry-After": "7"}), (429, {}),
                                (503, {}), (500, {}), (403, {})):
            self.arm("status", status=status, headers=headers)
            reply = self.insert()
            self.assertEqual(reply.status_code, status)
            self.assertEqual(reply.headers.get("Retry-After"),
                             headers.get("Retry-After"))
        self.assertEqual(self.count(), 0)
        self.assertEqual(self.insert().status_code, 201)

    def test_committed_and_yet_refused(self):
        for number, status in enumerate((500, 403), 1):
            self.arm("status_after", status=status)
            reply = self.insert()
            self.assertEqual(reply.status_code, status)
            self.assertEqual(reply.json()["status"], "failure")
            self.assertEqual(self.count(), number)

    def test_empty_202(self):
        self.arm("empty_202")
        reply = self.insert()
        self.assertEqual((reply.status_code, reply.content), (202, b""))
        self.assertEqual(self.count(), 0)

    def test_html(self):
        self.arm("html")
        reply = self.insert()
        self.assertEqual(reply.status_code, 200)
        self.assertIn("text/html", reply.headers["Content-Type"])
        with self.assertRaises(json.JSONDecodeError):
            json.loads(reply.text)

    def test_bodies_that_are_broken(self):
        self.arm("body", status=200, body='{"result":[')
        self.assertEqual(self.insert().text, '{"result":[')
        self.arm("truncate", bytes=20)
        # Some clients notice that the body is too short, some do not.
        try:
            reply = self.insert()
            self.assertEqual(len(reply.content), 20)
            self.assertGreater(int(reply.headers["Content-Length"]), 20)
        except requests.exceptions.RequestException:
            pass
        self.assertEqual(self.count(), 1)

    def test_connections_that_break(self):
        for kind, count in (("drop_before", 0), ("drop_after", 1)):
            self.arm(kind)
            with self.assertRaises(requests.exceptions.ConnectionError):
                self.insert()
            self.assertEqual(self.count(), count)

    def test_slow_answers(self):
        self.arm("delay", ms=300)
        self.assertGreaterEqual(self.insert().elapsed.total_seconds(), 0.3)
        self.arm("slow", bytes_per_second=100000)
        self.assertEqual(self.insert().status_code, 201)
        self.arm("delay", ms=5000)
        with self.assertRaises(requests.exceptions.Timeout):
            self.snow.call("POST", INCIDENT, json={}, timeout=0.2)

    def test_which_request_is_hit(self):
        self.snow.control("POST", "faults", {
            "match": {"path": "/api/now/table/*", "query": "sysparm_limit=2"},
            "skip": 1, "times": 2, "action": {"kind": "status", "status": 503}})
        self.assertEqual(
            [self.snow.call("GET", path).status_code for path in (
                INCIDENT, INCIDENT + "?sysparm_limit=2",
                "/api/now/v2/table/incident?sysparm_limit=2",
                TABLE + "problem?sysparm_limit=2",
                INCIDENT + "?sysparm_limit=2")],
            [200, 200, 503, 503, 200])
        self.snow.control("DELETE", "faults")
        self.assertEqual(self.snow.control("GET", "faults")["faults"], [])

    def test_the_log(self):
        self.arm("drop_after")
        with self.assertRaises(requests.exceptions.ConnectionError):
            self.snow.call("POST", INCIDENT, json={"a": "b"},
                           headers={"X-Mine": "1"})
        self.snow.call("GET", INCIDENT + "?sysparm_limit=1")
        log = self.snow.control("GET", "requests")["requests"]
        self.assertEqual([(entry["n"], entry["method"], entry["path"])
                          for entry in log],
                         [(1, "POST", INCIDENT), (2, "GET", INCIDENT)])
        first = log[0]
        self.assertEqual(json.loads(first["body"]), {"a": "b"})
        self.assertEqual(first["body_sha256"], hashlib.sha256(
            first["body"].encode()).hexdigest())
        self.assertEqual((first["status"], first["applied"], first["fault"]),
                         (0, True, "drop_after"))
        self.assertEqual(first["headers"]["x-mine"], "1")
        # No credential is in it.
        self.assertEqual(first["headers"]["authorization"], "Basic admin:***")
        self.assertEqual(self.snow.control("GET", "requests?since=1")
                         ["requests"][0]["n"], 2)

    def test_the_state(self):
        self.create(short_description="there")
        state = self.snow.control("GET", "state")
        self.assertEqual(state["tables"]["incident"][0]["short_description"],
                         "there")
        self.snow.control("POST", "reset")
        self.assertEqual(self.find(), [])


if __name__ == "__main__":
    main()
