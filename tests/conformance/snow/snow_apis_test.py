"""The Batch and Import Set APIs, and what is not simulated."""

import base64
import json

from snow_sandbox import INTEGRATION, TABLE, SnowTest, main

HEADERS = [{"name": "Content-Type", "value": "application/json"},
           {"name": "Accept", "value": "application/json"}]


class BatchTest(SnowTest):

    @staticmethod
    def item(number, method, url, body=None):
        item = {"id": number, "method": method, "url": url, "headers": HEADERS}
        if body is not None:
            item["body"] = base64.b64encode(json.dumps(body).encode()).decode()
        return item

    def batch(self, *items, **headers):
        return self.snow.call(
            "POST", "/api/now/v1/batch", headers=headers,
            json={"batch_request_id": "b", "rest_requests": list(items)})

    def test_each_gets_its_answer(self):
        reply = self.batch(
            self.item("1", "POST", TABLE + "incident",
                      {"short_description": "x"}),
            self.item("2", "GET", TABLE + "incident?sysparm_fields=number"),
            self.item("3", "GET", TABLE + "no_such"))
        self.assertEqual(reply.status_code, 200)
        answer = reply.json()
        self.assertEqual(answer["batch_request_id"], "b")
        self.assertEqual(answer["unserviced_requests"], [])
        self.assertEqual(
            [(part["id"], part["status_code"], part["status_text"])
             for part in answer["serviced_requests"]],
            [("1", 201, "Created"), ("2", 200, "OK"), ("3", 400, "Bad Request")])
        second = json.loads(base64.b64decode(
            answer["serviced_requests"][1]["body"]))
        self.assertEqual(second, {"result": [{"number": "INC0010001"}]})
        names = [header["name"]
                 for header in answer["serviced_requests"][0]["headers"]]
        self.assertIn("Location", names)

    def test_without_headers(self):
        item = self.item("1", "GET", TABLE + "incident")
        item["exclude_response_headers"] = True
        answer = self.batch(item).json()
        self.assertEqual(answer["serviced_requests"][0]["headers"], [])

    def test_the_time_runs_out(self):
        self.snow.conditions(slow=[{"path": TABLE + "problem", "seconds": 40,
                                    "times": 1}])
        answer = self.batch(self.item("1", "GET", TABLE + "incident"),
                            self.item("2", "GET", TABLE + "problem"),
                            self.item("3", "GET", TABLE + "incident")).json()
        self.assertEqual([part["id"] for part in answer["serviced_requests"]],
                         ["1"])
        self.assertEqual(answer["unserviced_requests"], ["2", "3"])

    def test_an_answer_that_is_too_large(self):
        self.create(description="d" * 3000)
        reply = self.batch(
            self.item("1", "GET", TABLE + "incident"),
            **{"X-BATCHREQUEST-MAX-OUTPUT-SIZE": "1000"})
        part = reply.json()["serviced_requests"][0]
        self.assertIn("larger than 1000 bytes", part["error_message"])

    def test_no_batch(self):
        for body in ({}, {"batch_request_id": "b"},
                     {"batch_request_id": "b", "rest_requests": [{}]},
                     {"batch_request_id": "b", "rest_requests": [
                         self.item("1", "POST", "/api/now/batch", {})]}):
            reply = self.snow.call("POST", "/api/now/batch", json=body)
            self.assertEqual(reply.status_code, 400, body)


class ImportTest(SnowTest):

    def post(self, **values):
        return self.snow.call("POST", "/api/now/import/imp_opcon_incident",
                              INTEGRATION, json=values)

    def test_coalescing(self):
        statuses = []
        for text in ("first", "first", "second"):
            reply = self.post(correlation_id="k", short_description=text,
                              assignment_group="Network")
            self.assertEqual(reply.status_code, 201)
            answer = reply.json()
            self.assertEqual(answer["staging_table"], "imp_opcon_incident")
            self.assertRegex(answer["import_set"], r"^ISET\d{7}$")
            result = answer["result"][0]
            self.assertEqual(result["table"], "incident")
            self.assertEqual(result["display_value"], "INC0010001")
            self.assertEqual(result["record_link"], self.snow.url + TABLE +
                             "incident/" + result["sys_id"])
            statuses.append(result["status"])
        self.assertEqual(statuses, ["inserted", "ignored", "updated"])
        row = self.find()[0]
        self.assertEqual(row["short_description"], "second")
        self.assertNotEqual(row["assignment_group"], "")

    def test_a_row_that_fails_is_a_201_all_the_same(self):
        reply = self.post(correlation_id="k", state="6")
        self.assertEqual(reply.status_code, 201)
        result = reply.json()["result"][0]
        self.assertEqual(result["status"], "error")
        self.assertIn("Data Policy Exception", result["error_message"])
        self.assertEqual(self.find(), [])

    def test_many(self):
        reply = self.snow.call(
            "POST", "/api/now/import/imp_user/insertMultiple", json={
                "records": [{"user_id": "u%d" % number, "last_name": "L"}
                            for number in range(3)]})
        self.assertEqual(reply.status_code, 201)
        self.assertEqual(len(self.find("sys_user", "user_nameSTARTSWITHu")), 3)

    def test_no_staging_table(self):
        reply = self.snow.call("POST", "/api/now/import/incident", json={})
        self.assert_error(reply, 400, "Invalid table incident")


class OtherApisTest(SnowTest):

    def test_what_is_not_simulated_says_so(self):
        for path in ("/api/now/stats/incident", "/api/now/graphql",
                     "/api/global/em/jsonv2", "/incident.do"):
            reply = self.snow.call("GET", path)
            self.assertEqual(reply.status_code, 501, path)
            self.assertIn("Not simulated", reply.json()["error"]["message"])


if __name__ == "__main__":
    main()
