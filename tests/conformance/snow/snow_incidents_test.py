"""What an incident does by itself."""

from snow_sandbox import INTEGRATION, NETWORK_ID, TABLE, SnowTest, main

RESOLVE = {"state": "6", "close_code": "Solution provided", "close_notes": "x"}
CHOSEN = "AAAABBBBCCCCDDDDEEEEFFFF00001111"


class IncidentsTest(SnowTest):

    def journal(self, record, element):
        return [(row["value"], row["sys_created_by"]) for row in self.find(
            "sys_journal_field", "element_id=%s^element=%s^ORDERBYvalue"
            % (record["sys_id"], element))]

    def test_both_states_are_one(self):
        record = self.create()
        self.assertEqual(self.patch(record, state="2")["incident_state"], "2")
        self.assertEqual(self.patch(record, incident_state="3")["state"], "3")
        record = self.create(incident_state="2")
        self.assertEqual(record["state"], "2")

    def test_priority_is_computed(self):
        for impact, urgency, priority in (
                ("1", "1", "1"), ("1", "2", "2"), ("2", "2", "3"),
                ("2", "3", "4"), ("3", "3", "5")):
            record = self.create(impact=impact, urgency=urgency, priority="1")
            self.assertEqual(record["priority"], priority)
        self.assertEqual(self.patch(record, impact="1")["priority"], "3")

    def test_journals(self):
        record = self.create(work_notes="one", comments="c")
        self.assertEqual((record["work_notes"], record["comments"]), ("", ""))
        self.patch(record, auth=INTEGRATION, work_notes="two")
        self.assertEqual(self.journal(record, "work_notes"),
                         [("one", "admin"), ("two", INTEGRATION[0])])
        self.assertEqual(self.journal(record, "comments"), [("c", "admin")])

    def test_resolving_and_reopening(self):
        record = self.create()
        record = self.patch(record, **RESOLVE)
        self.assertNotEqual(record["resolved_at"], "")
        self.assertEqual(record["resolved_by"]["value"],
                         record["opened_by"]["value"])
        self.assertEqual(record["reopen_count"], "0")
        record = self.patch(record, state="2")
        self.assertEqual(record["reopen_count"], "1")
        self.assertEqual(record["reopened_by"]["value"],
                         record["opened_by"]["value"])
        self.assertNotEqual(record["reopened_time"], "")
        self.patch(record, **RESOLVE)
        self.assertEqual(self.patch(record, state="1")["reopen_count"], "2")

    def test_closed_ones_are_left_alone(self):
        record = self.create()
        self.patch(record, **{**RESOLVE, "state": "7"})
        path = TABLE + "incident/" + record["sys_id"]
        reply = self.snow.call("PATCH", path, INTEGRATION,
                               json={"state": "2"})
        self.assertEqual(reply.status_code, 403)
        # An administrator may.
        self.assertEqual(self.patch(record, state="2")["state"], "2")

    def test_canceled(self):
        record = self.patch(self.create(), state="8")
        self.assertEqual((record["incident_state"], record["active"]),
                         ("8", "false"))

    def test_resolved_ones_are_closed_after_a_week(self):
        record = self.create()
        self.patch(record, **RESOLVE)
        self.snow.control("POST", "clock", {"advance_seconds": 8 * 86400})
        self.assertEqual(self.find()[0]["state"], "7")

    def test_counters(self):
        record = self.create(assignment_group=NETWORK_ID)
        record = self.patch(record, assignment_group="")
        self.assertEqual((record["sys_mod_count"],
                          record["reassignment_count"]), ("1", "1"))
        # Nothing changes, nothing is counted.
        record = self.patch(record, short_description="")
        self.assertEqual(record["sys_mod_count"], "1")

    def test_numbers_and_times(self):
        first, second = self.create(), self.create()
        self.assertEqual((first["number"], second["number"]),
                         ("INC0010001", "INC0010002"))
        for column in ("opened_at", "sys_created_on", "sys_updated_on"):
            self.assertRegex(first[column],
                             r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
        now = self.snow.control("GET", "clock")["time"]
        self.assertLessEqual(first["sys_created_on"], now)
        self.assertEqual(first["sys_created_on"][:10], now[:10])


class ChosenIdTest(SnowTest):

    FLAGS = ("--client-sys-id", "reject-duplicate")

    def insert(self, **values):
        return self.snow.call("POST", TABLE + "incident",
                              json={"sys_id": CHOSEN, **values})

    def test_it_is_used_and_not_twice(self):
        reply = self.insert()
        self.assertEqual(reply.json()["result"]["sys_id"], CHOSEN)
        self.assertTrue(reply.headers["Location"].endswith(CHOSEN))
        reply = self.insert()
        self.assertEqual(reply.status_code, 403)
        self.assertIn("Unique Key violation", reply.json()["error"]["detail"])
        self.assertEqual(len(self.find()), 1)


class HonouredIdTest(ChosenIdTest):

    FLAGS = ("--client-sys-id", "honour")

    def test_it_is_used_and_not_twice(self):
        self.assertEqual(self.insert().json()["result"]["sys_id"], CHOSEN)
        self.assert_error(self.insert(), 403, "Operation Failed",
                          "ACL Exception Insert Failed due to security "
                          "constraints")


class IgnoredIdTest(ChosenIdTest):

    FLAGS = ("--client-sys-id", "ignore")

    def test_it_is_used_and_not_twice(self):
        for _ in range(2):
            self.assertNotEqual(self.insert().json()["result"]["sys_id"],
                                CHOSEN)
        self.assertEqual(len(self.find()), 2)


class LenientTest(SnowTest):

    FLAGS = ("--require-close-code", "false", "--closed-read-only", "false")

    def test_the_switches(self):
        record = self.create()
        self.assertEqual(self.patch(record, state="7")["state"], "7")
        self.assertEqual(self.patch(record, auth=INTEGRATION,
                                    state="2")["state"], "2")


if __name__ == "__main__":
    main()
