"""The exchanges of exchanges.yaml, word for word."""

import os
import re

import yaml

from snow_sandbox import ADMIN, INTEGRATION, SnowTest, main

USERS = {"admin": ADMIN, "integration": INTEGRATION, "nobody": None,
         "abel.tuter": ("abel.tuter", "abel.tuter")}


def fill(value, names):
    """`value` with {NAME} replaced in every text."""
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace("{" + name + "}", text)
        return value
    if isinstance(value, dict):
        return {key: fill(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [fill(member, names) for member in value]
    return value


class ExchangesTest(SnowTest):

    def run_case(self, case):
        names = {"origin": self.snow.url}
        for number, raw in enumerate(case["steps"], 1):
            step = fill(raw, names)
            where = "%s, step %d" % (case["name"], number)
            method, path = step["send"].split(" ", 1)
            arguments = {}
            if "json" in step:
                arguments["json"] = step["json"]
            if "text" in step:
                arguments["data"] = step["text"]
            reply = self.snow.call(
                method, path, USERS[step.get("as", "admin")],
                step.get("headers"), **arguments)
            self.assertEqual(reply.status_code, step["status"],
                             where + ": " + reply.text)
            if "body" in step:
                self.assertEqual(reply.json(), step["body"], where)
            if "text_body" in step:
                self.assertEqual(reply.text, step["text_body"], where)
            self.check_members(reply, step.get("has", {}), where)
            for name, wanted in step.get("header", {}).items():
                pattern = re.escape(wanted).replace(r"\*", ".+")
                self.assertRegex(reply.headers.get(name, ""),
                                 "^" + pattern + "$", where + ": " + name)
            for name, dotted in step.get("keep", {}).items():
                value = reply.json()
                for key in dotted.split("."):
                    value = value[key]
                names[name] = value

    def check_members(self, reply, members, where):
        for key, wanted in members.items():
            actual = reply.json()[key]
            if not isinstance(wanted, dict):
                self.assertEqual(actual, wanted, where)
                continue
            self.assertEqual({name: actual.get(name) for name in wanted},
                             wanted, where)

    def test_every_exchange(self):
        path = os.path.join(os.path.dirname(__file__), "exchanges.yaml")
        with open(path, encoding="utf-8") as file:
            cases = yaml.safe_load(file)
        self.assertGreater(len(cases), 10)
        for case in cases:
            with self.subTest(case["name"]):
                self.snow.control("POST", "reset")
                self.run_case(case)


if __name__ == "__main__":
    main()
