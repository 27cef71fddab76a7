"""The Attachment API."""

import hashlib
import json

from snow_sandbox import ADMIN, TABLE, SnowTest, main

API = "/api/now/attachment"


class AttachmentsTest(SnowTest):

    FLAGS = ("--max-attachment-bytes", "100000")

    def setUp(self):
        super().setUp()
        self.record = self.create()

    def post(self, content=b"log line\n", name="job.txt", kind="text/plain",
             **parameters):
        return self.snow.call(
            "POST", API + "/file", data=content,
            headers={"Content-Type": kind},
            params={"table_name": "incident", "file_name": name,
                    "table_sys_id": self.record["sys_id"], **parameters})

    def test_bytes_come_back_as_they_were(self):
        content = bytes(range(256)) * 20
        reply = self.post(content, "a.bin", "application/octet-stream")
        self.assertEqual(reply.status_code, 201)
        file = reply.json()["result"]
        self.assertEqual(reply.headers["Location"],
                         self.snow.url + API + "/" + file["sys_id"])
        self.assertEqual(file["download_link"],
                         self.snow.url + API + "/" + file["sys_id"] + "/file")
        self.assertEqual(file["hash"], hashlib.sha256(content).hexdigest())
        self.assertEqual(
            {name: file[name] for name in (
                "table_name", "table_sys_id", "file_name", "size_bytes",
                "content_type", "sys_created_by")},
            {"table_name": "incident", "table_sys_id": self.record["sys_id"],
             "file_name": "a.bin", "size_bytes": "5120",
             "content_type": "application/octet-stream",
             "sys_created_by": "admin"})
        reply = self.snow.call("GET", file["download_link"])
        self.assertEqual(reply.content, content)
        self.assertEqual(reply.headers["Content-Type"],
                         "application/octet-stream")
        metadata = json.loads(reply.headers["X-Attachment-Metadata"])
        self.assertEqual(metadata["hash"], file["hash"])
        again = self.snow.call("GET", API + "/" + file["sys_id"])
        self.assertEqual(again.json()["result"], file)

    def test_lists(self):
        for name in ("a.txt", "b.txt", "c.txt"):
            self.post(name=name)
        reply = self.snow.call("GET", API, params={
            "sysparm_query": "table_sys_id=" + self.record["sys_id"],
            "sysparm_limit": 2})
        self.assertEqual(reply.headers["X-Total-Count"], "3")
        self.assertEqual(len(reply.json()["result"]), 2)
        self.assertIn('rel="next"', reply.headers["Link"])
        reply = self.snow.call("GET", API, params={
            "file_name": "b.txt", "table_name": "incident"})
        self.assertEqual([file["file_name"]
                          for file in reply.json()["result"]], ["b.txt"])

    def test_a_form(self):
        reply = self.snow.call(
            "POST", API + "/upload",
            data={"table_name": "incident",
                  "table_sys_id": self.record["sys_id"]},
            files={"uploadFile": ("form.txt", b"by form", "text/plain")})
        self.assertEqual(reply.status_code, 201, reply.text)
        file = reply.json()["result"]
        self.assertEqual((file["file_name"], file["size_bytes"]),
                         ("form.txt", "7"))

    def test_renaming_and_deleting(self):
        file = self.post().json()["result"]
        path = API + "/" + file["sys_id"]
        reply = self.snow.call("PATCH", path, json={"file_name": "new.txt"})
        self.assertEqual(reply.json()["result"]["file_name"], "new.txt")
        self.assertEqual(self.snow.call("DELETE", path).status_code, 204)
        self.assertEqual(self.snow.call("GET", path).status_code, 404)
        # With its record.
        self.post()
        self.snow.call("DELETE", TABLE + "incident/" + self.record["sys_id"])
        self.assertEqual(self.snow.call("GET", API).json()["result"], [])

    def test_what_is_refused(self):
        for name in ("job.log", "x.EXE", "a.sh"):
            self.assertEqual(self.post(name=name).status_code, 400, name)
        self.assertEqual(self.post(b"x" * 100001).status_code, 413)
        self.assertEqual(self.post(b"x" * 100000).status_code, 201)
        self.assertEqual(self.post(file_name="").status_code, 400)
        self.assertEqual(self.post(table_sys_id="0" * 32).status_code, 404)
        self.assertEqual(self.post(table_name="no_such").status_code, 400)
        reply = self.snow.call("GET", API + "/" + "0" * 32 + "/file", ADMIN)
        self.assertEqual(reply.status_code, 404)
        self.assertEqual(
            self.snow.call("POST", API + "/file", None).status_code, 401)

    def test_versions(self):
        self.post()
        for version in ("v1/", ""):
            reply = self.snow.call("GET", "/api/now/%sattachment" % version)
            self.assertEqual(len(reply.json()["result"]), 1)


class BlockedTest(AttachmentsTest):

    FLAGS = ("--max-attachment-bytes", "100000", "--blocked-extensions",
             ".txt2", "--blocked-attachment-status", "403")

    def test_what_is_refused(self):
        self.assertEqual(self.post(name="job.log").status_code, 201)
        self.assertEqual(self.post(name="job.txt2").status_code, 403)


if __name__ == "__main__":
    main()
