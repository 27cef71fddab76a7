"""Rate rules, semaphores, sessions, quotas, hibernation, maintenance."""

import json
import threading

import requests

from snow_sandbox import ADMIN, INTEGRATION, TABLE, SnowTest, main


class LimitsTest(SnowTest):

    def get(self, auth=ADMIN, **arguments):
        return self.snow.call("GET", TABLE + "incident", auth, **arguments)

    def test_a_rate_rule(self):
        self.snow.conditions(rate_limits=[{"requests_per_hour": 2,
                                           "api": "table"}])
        for _ in range(2):
            reply = self.get()
            self.assertEqual(reply.status_code, 200)
            self.assertEqual(reply.headers["X-RateLimit-Limit"], "2")
            self.assertRegex(reply.headers["X-RateLimit-Rule"],
                             r"^[0-9a-f]{32}$")
            self.assertNotIn("Retry-After", reply.headers)
        reply = self.get()
        self.assert_error(
            reply, 429, "Rate limit exceeded",
            "Rate limit of 2 requests per hour for Table API exceeded")
        wait = int(reply.headers["Retry-After"])
        self.assertTrue(0 < wait <= 3600)
        self.assertEqual(int(reply.headers["X-RateLimit-Reset"]) % 3600, 0)
        # Others have a count of their own, and other APIs none.
        self.assertEqual(self.get(INTEGRATION).status_code, 200)
        self.assertEqual(self.snow.call("GET",
                                        "/api/now/attachment").status_code, 200)
        self.snow.control("POST", "clock", {"advance_seconds": wait})
        self.assertEqual(self.get().status_code, 200)

    def begin_hour(self):
        """What is counted by the hour begins anew, and not during the test."""
        self.snow.conditions(rate_limits=[{"requests_per_hour": 1}])
        self.get()
        wait = int(self.get().headers["Retry-After"])
        self.snow.control("POST", "clock", {"advance_seconds": wait})

    def test_counts_that_are_flushed_late(self):
        self.begin_hour()
        self.snow.conditions(rate_limits=[{"requests_per_hour": 1,
                                           "flush_seconds": 30}])
        self.assertEqual([self.get().status_code for _ in range(4)], [200] * 4)
        self.snow.control("POST", "clock", {"advance_seconds": 31})
        self.get()
        self.assertEqual(self.get().status_code, 429)

    def test_semaphores_that_are_full(self):
        self.snow.conditions(semaphores={"threads": 0, "queue": 0})
        reply = self.get()
        self.assertEqual(reply.status_code, 429)
        self.assertEqual([name for name in reply.headers
                          if name.startswith("X-RateLimit")
                          or name == "Retry-After"], [])

    def test_one_transaction_per_session(self):
        with requests.Session() as session:
            headers = {"Accept": "application/json"}
            url = self.snow.url + TABLE + "incident"
            session.get(url, auth=ADMIN, headers=headers, timeout=60)
            cookies = session.cookies.get_dict()
        self.snow.conditions(sessions={"waiting": 0, "wait_milliseconds": 60000},
                             transaction_milliseconds=3000)
        answers = []

        def call():
            answers.append(requests.get(url, auth=ADMIN, headers=headers,
                                        cookies=cookies, timeout=60))
        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statuses = sorted(answer.status_code for answer in answers)
        self.assertEqual((statuses[0], statuses[-1]), (200, 202))
        self.assertEqual({answer.text for answer in answers
                          if answer.status_code == 202}, {""})
        # Without the cookies they do not stand in each other's way.
        self.assertEqual(self.get().status_code, 200)

    def test_the_quota_kills_a_list(self):
        for _ in range(3):
            self.create()
        slow = {"path": TABLE + "incident", "method": "GET", "seconds": 75}
        message = "Transaction cancelled: maximum execution time exceeded"
        self.snow.conditions(slow=[slow])
        self.assertEqual(self.get().status_code, 500)
        self.assertIn(message, self.get().text)
        # Glued onto an answer that had begun.
        self.snow.conditions(slow=[{**slow, "rows": 2}])
        reply = self.get()
        self.assertEqual(reply.status_code, 200)
        answer = reply.json()
        self.assertEqual(len(answer["result"]), 2)
        self.assertEqual(answer["error"]["message"], message)
        self.assertEqual(answer["status"], "failure")
        self.snow.conditions(slow=[{**slow, "rows": 2, "broken": True}])
        reply = self.get()
        self.assertEqual(reply.status_code, 200)
        with self.assertRaises(json.JSONDecodeError):
            json.loads(reply.text)
        self.assertIn(message, reply.text)

    def test_the_quota_kills_a_write_that_was_done_or_not(self):
        for committed, count in ((False, 0), (True, 1)):
            self.snow.conditions(slow=[{
                "path": TABLE + "incident", "method": "POST", "seconds": 75,
                "committed": committed, "times": 1}])
            reply = self.snow.call("POST", TABLE + "incident", json={})
            self.assertEqual(reply.status_code, 500)
            self.assertEqual(len(self.find()), count)

    def test_hibernation(self):
        for status in (200, 302, 503):
            self.snow.conditions(hibernating=status)
            reply = self.get()
            self.assertEqual(reply.status_code, status)
            if status == 302:
                self.assertIn("developer.servicenow.com",
                              reply.headers["Location"])
            else:
                self.assertIn("text/html", reply.headers["Content-Type"])
                self.assertIn("Hibernating Instance", reply.text)
                self.assertIn("instance-hibernating-page", reply.text)
        self.snow.conditions(hibernating=0)
        self.assertEqual(self.get().status_code, 200)

    def test_maintenance(self):
        self.snow.conditions(maintenance=True)
        self.assertEqual(self.get().status_code, 503)
        self.snow.control("DELETE", "conditions")
        self.assertEqual(self.get().status_code, 200)


if __name__ == "__main__":
    main()
