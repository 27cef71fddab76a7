"""The Table API: paging, display values, what is accepted in silence."""

import re

from snow_sandbox import NETWORK_ID, TABLE, SnowTest, main


def links(reply):
    """The Link header: relation to offset."""
    found = re.findall(r'<([^>]*)>;rel="(\w+)"', reply.headers.get("Link", ""))
    return {name: int(re.search(r"sysparm_offset=(\d+)", url).group(1))
            for url, name in found}


class TablesTest(SnowTest):

    def list(self, table="incident", version="", **parameters):
        return self.snow.call("GET", "/api/now/%stable/%s" % (version, table),
                              params=parameters)

    def test_every_table_in_every_version(self):
        for table in ("incident", "problem", "task", "sys_user",
                      "sys_user_group", "cmdb_ci", "sys_choice",
                      "sys_journal_field", "sys_script", "sys_attachment"):
            for version in ("", "v1/", "v2/"):
                reply = self.list(table, version)
                empty = not reply.ok or not reply.json()["result"]
                self.assertEqual(
                    reply.status_code,
                    404 if version == "v1/" and empty else 200, table)
                if reply.ok:
                    self.assertIn("X-Total-Count", reply.headers)
            self.assertEqual(self.snow.call("HEAD", TABLE + table).text, "")

    def test_paging(self):
        for number in range(7):
            self.create(short_description=str(number))
        page = self.list(sysparm_limit=2, sysparm_offset=2)
        self.assertEqual(page.headers["X-Total-Count"], "7")
        self.assertEqual([row["short_description"]
                          for row in page.json()["result"]], ["2", "3"])
        self.assertEqual(links(page),
                         {"first": 0, "prev": 0, "next": 4, "last": 6})
        self.assertEqual(set(links(self.list(sysparm_limit=2))),
                         {"first", "next", "last"})
        last = self.list(sysparm_limit=2, sysparm_offset=6)
        self.assertEqual(set(links(last)), {"first", "prev", "last"})
        # The links keep the other parameters and can be followed.
        page = self.list(sysparm_limit=3, sysparm_fields="number",
                         sysparm_query="short_description>=2")
        numbers = [row["number"] for row in page.json()["result"]]
        while "next" in page.links:
            page = self.snow.call("GET", page.links["next"]["url"])
            numbers += [row["number"] for row in page.json()["result"]]
        self.assertEqual(len(set(numbers)), 5)

    def test_headers_that_can_be_turned_off(self):
        self.create()
        self.create()
        reply = self.list(sysparm_limit=1, sysparm_no_count="true")
        self.assertNotIn("X-Total-Count", reply.headers)
        reply = self.list(sysparm_limit=1,
                          sysparm_suppress_pagination_header="true")
        self.assertNotIn("Link", reply.headers)
        self.assertEqual(reply.headers["X-Total-Count"], "2")

    def test_offsets_and_limits_that_are_none(self):
        self.assertEqual(self.list(sysparm_offset="-1").status_code, 400)
        self.create()
        self.assertEqual(self.list(sysparm_offset=5).json()["result"], [])

    def test_display_values(self):
        record = self.create(assignment_group=NETWORK_ID, impact="1")
        created = record["sys_created_on"]
        path = TABLE + "incident/" + record["sys_id"]
        fields = "assignment_group,impact,sys_created_on,problem_id"
        link = (self.snow.url + TABLE + "sys_user_group/" + NETWORK_ID)

        def read(**parameters):
            return self.snow.call("GET", path, params={
                "sysparm_fields": fields, **parameters}).json()["result"]
        plain = read()
        self.assertEqual(plain, {
            "assignment_group": {"link": link, "value": NETWORK_ID},
            "impact": "1", "sys_created_on": created, "problem_id": ""})
        shown = read(sysparm_display_value="true")
        self.assertEqual(shown["assignment_group"],
                         {"display_value": "Network", "link": link})
        self.assertEqual(shown["impact"], "1 - High")
        self.assertNotEqual(shown["sys_created_on"], created)
        both = read(sysparm_display_value="all")
        self.assertEqual(both["assignment_group"],
                         {"display_value": "Network", "link": link,
                          "value": NETWORK_ID})
        self.assertEqual(both["impact"],
                         {"display_value": "1 - High", "value": "1"})
        self.assertEqual(both["sys_created_on"]["value"], created)
        self.assertEqual(
            read(sysparm_exclude_reference_link="true")["assignment_group"],
            NETWORK_ID)
        self.assertEqual(
            read(sysparm_exclude_reference_link="true",
                 sysparm_display_value="true")["assignment_group"], "Network")

    def test_fields_walk_references_and_unknown_ones_are_ignored(self):
        record = self.create(assignment_group=NETWORK_ID)
        reply = self.snow.call(
            "GET", TABLE + "incident/" + record["sys_id"], params={
                "sysparm_fields": "number,assignment_group.manager.name,"
                                  "no_such,no.such.way"})
        self.assertEqual(reply.json()["result"], {
            "number": record["number"],
            "assignment_group.manager.name": "Beth Anglin"})

    def test_every_value_is_text(self):
        record = self.create(impact=1, knowledge=True, description=None)
        self.assertEqual({type(value) for value in record.values()}
                         - {dict}, {str})
        self.assertEqual((record["impact"], record["knowledge"]),
                         ("1", "true"))

    def test_what_is_accepted_in_silence(self):
        record = self.create(no_such_field="x", category="no such choice",
                             correlation_id="c" * 120,
                             short_description="s" * 200)
        self.assertNotIn("no_such_field", record)
        self.assertEqual(record["category"], "no such choice")
        self.assertEqual(record["correlation_id"], "c" * 100)
        self.assertEqual(len(record["short_description"]), 160)
        # An empty text clears; what the platform keeps cannot be written.
        record = self.patch(record, correlation_id="", sys_mod_count="77",
                            number="INC0099999")
        self.assertEqual(record["correlation_id"], "")
        self.assertEqual(record["sys_mod_count"], "1")

    def test_input_by_what_is_shown(self):
        reply = self.snow.call(
            "POST", TABLE + "incident", json={
                "assignment_group": "Network", "impact": "1 - High",
                "opened_at": "2026-01-05 02:00:00"},
            params={"sysparm_input_display_value": "true"})
        record = reply.json()["result"]
        self.assertEqual(record["assignment_group"]["value"], NETWORK_ID)
        self.assertEqual((record["impact"], record["opened_at"]),
                         ("1", "2026-01-05 10:00:00"))

    def test_put_and_patch_are_the_same(self):
        record = self.create(short_description="a", description="b")
        path = TABLE + "incident/" + record["sys_id"]
        reply = self.snow.call("PUT", path, json={"short_description": "c"})
        self.assertEqual(reply.json()["result"]["description"], "b")
        reply = self.snow.call("POST", path, json={"description": "d"},
                               headers={"X-http-method-override": "PATCH"})
        self.assertEqual(reply.json()["result"]["short_description"], "c")

    def test_xml(self):
        reply = self.snow.call(
            "POST", TABLE + "incident",
            headers={"Accept": "application/xml",
                     "Content-Type": "application/xml"},
            data="<request><entry><short_description>a &amp; b"
                 "</short_description></entry></request>")
        self.assertEqual(reply.status_code, 201)
        self.assertIn("application/xml", reply.headers["Content-Type"])
        self.assertIn("<short_description>a &amp; b</short_description>",
                      reply.text)

    def test_a_long_query_by_a_short_address(self):
        self.create(short_description="wanted")
        self.create()
        url = TABLE + "incident?sysparm_query=short_description%3Dwanted"
        tiny = self.snow.call("POST", "/api/now/tinyurl",
                              json={"url": url}).json()["result"]
        reply = self.snow.call("GET", tiny)
        self.assertEqual(len(reply.json()["result"]), 1)

    def test_a_table_from_a_file(self):
        self.snow.control("POST", "seed", {
            "_tables": {"u_ticket": {
                "extends": "task", "display": "number", "number_prefix": "TCK",
                "first_number": 1, "columns": {
                    "u_key": {"type": "string", "max_length": 5}}}},
            "u_ticket": [{"u_key": "k"}]})
        self.assertEqual(self.create("u_ticket", u_key="1234567")["u_key"],
                         "12345")
        self.assertEqual([row["number"] for row in self.find("task")],
                         ["TCK0000001", "TCK0000002"])

    def test_a_body_that_is_too_large(self):
        body = '{"description":"%s"}' % ("x" * 10485760)
        reply = self.snow.call("POST", TABLE + "incident", data=body,
                               headers={"Content-Type": "application/json"})
        self.assert_error(
            reply, 400, "Exception while reading request",
            "Rejected large REST payload with content-length = %d bytes. Max "
            "allowed: 10485760 bytes." % len(body))


if __name__ == "__main__":
    main()
