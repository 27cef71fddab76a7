"""Checks requests and replies of OpCon's REST API against opcon_wire.yaml.

A problem is a line of text; no problem, no lines. Nothing here raises for
what a client or a server sent.
"""

import json
import re
from urllib.parse import parse_qsl, unquote

import yaml

JSON_TYPE = re.compile(
    r"(application/(json|json-patch\+json|[\w.-]+\+json)|text/json)\s*(;.*)?", re.I)
DATE = r"\d{4}[-/]\d{2}[-/]\d{2}"
CLOCK = r"\d{2}:\d{2}:\d{2}(\.\d{1,7})?"
DATE_TIME = DATE + "T" + CLOCK + r"(Z|[+-]\d{2}:\d{2})?"
SCHEDULE_ID = r"\d{8}\|\d+\|\d+"
TEXTS = {
    "text": r"(?s).*",
    "date": f"{DATE}|{DATE_TIME}",
    "date_time": DATE_TIME,
    "time_of_day": CLOCK,
    "schedule_id": SCHEDULE_ID,
    "job_id": rf"(?s){SCHEDULE_ID}\|.+",
}
BITS = {"int32": 31, "int64": 63}


def _is_whole(value, bits):
    return (isinstance(value, int) and not isinstance(value, bool)
            and -(1 << bits) <= value < (1 << bits))


class Endpoint:
    """One entry of `endpoints`."""

    def __init__(self, entry):
        self.method, self.template = entry["path"].split(" ", 1)
        self.name = f"{self.method} {re.sub(r':[a-z0-9_]+}', '}', self.template)}"
        self.segments = [
            tuple(s[1:-1].split(":")) if s.startswith("{") else s
            for s in self.template.split("/")[1:]
        ]
        self.needs_token = entry.get("token") != "none"
        self.query = entry.get("query", {})
        self.body = entry.get("body")
        self.replies = entry["replies"]
        self.counted = entry.get("counted")
        self.always_counted = entry.get("always_counted")

    def pattern(self):
        """The path with nameless places, in lower case: to compare with a
        router's."""
        parts = ["{}" if isinstance(s, tuple) else s.lower() for s in self.segments]
        return self.method, "/".join(parts)


def pattern_of(method, path):
    """Of a router's "api/dailyjobs/{id}": as Endpoint.pattern() has it."""
    return method, re.sub(r"{[^}]*}", "{}", path.strip("/")).lower()


class Wire:
    """The file."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            data = yaml.safe_load(file)
        self.schemas = data["schemas"]
        self.errors = data["errors"]
        self.every_reply = data["headers"]["every_reply"]
        self.sort_columns = set(data["sort_columns"])
        self.endpoints = [Endpoint(e) for e in data["endpoints"]]
        names = [e.name for e in self.endpoints]
        if len(set(names)) != len(names):
            raise ValueError(f"{path}: an endpoint is there twice")

    # --- Types ---------------------------------------------------------------

    def check(self, kind, value, where, reply):
        """Problems of a JSON value that should be of type `kind`."""
        if isinstance(kind, list):
            return self._check_array(kind[0], value, where, reply)
        if isinstance(kind, dict):
            return self._check_object(kind, value, where, reply)
        kind = re.sub(r"\s+", " ", kind).strip()
        if kind.endswith("?"):
            return [] if value is None else self.check(kind[:-1], value, where, reply)
        if value is None:
            return [f"{where} is null"]
        if kind.startswith("["):
            return self._check_array(kind[1:-1], value, where, reply)
        if kind in self.schemas:
            return self.check(self.schemas[kind], value, where, reply)
        if self._fits(kind, value):
            return []
        shown = json.dumps(value, ensure_ascii=False)[:80]
        return [f"{where} is {shown}, not {kind}"]

    @staticmethod
    def _fits(kind, value):
        if kind == "boolean":
            return isinstance(value, bool)
        if kind in BITS:
            return _is_whole(value, BITS[kind])
        if not isinstance(value, str):
            return False
        named = re.fullmatch(r"(enum|choice)\((.*)\)", kind)
        if named:
            values = [v.strip() for v in named.group(2).split(",")]
            if named.group(1) == "enum":
                return value in values
            return value.lower() in [v.lower() for v in values]
        return re.fullmatch(TEXTS[kind], value) is not None

    def _check_array(self, kind, value, where, reply):
        if not isinstance(value, list):
            return [f"{where} is no array"]
        return [
            problem for i, item in enumerate(value)
            for problem in self.check(kind, item, f"{where}[{i}]", reply)
        ]

    def _check_object(self, fields, value, where, reply):
        if not isinstance(value, dict):
            return [f"{where} is no object"]
        problems = [f"{where}.{name} is not known" for name in value if name not in fields]
        for name, kind in fields.items():
            if name in value:
                problems += self.check(kind, value[name], f"{where}.{name}", reply)
            elif reply or not str(kind).endswith("?"):
                problems.append(f"{where}.{name} is missing")
        return problems

    # --- Requests ------------------------------------------------------------

    def find(self, method, raw_path):
        """The endpoint and the decoded values of its places; None if there is
        no such endpoint."""
        segments = raw_path.split("/")[1:]
        if segments and not segments[-1]:
            segments.pop()
        for endpoint in self.endpoints:
            if endpoint.method != method or len(endpoint.segments) != len(segments):
                continue
            values = self._values(endpoint, segments)
            if values is not None:
                return endpoint, values
        return None, None

    def _values(self, endpoint, segments):
        values = {}
        for expected, raw in zip(endpoint.segments, segments):
            once = unquote(raw)
            if isinstance(expected, str):
                if once.lower() != expected.lower():
                    return None
                continue
            # A slash in a value has to be encoded twice, so decode twice.
            name, kind = expected
            value = unquote(once)
            if kind in BITS:
                if not re.fullmatch(r"\d+", value):
                    return None
            elif not raw or "/" in once or not self._fits(kind, value):
                return None
            values[name] = value
        return values

    def check_request(self, method, raw_path, raw_query, headers, body):
        """Problems of one request and its endpoint. `headers` has names in
        lower case; `body` is text, or None if it is not to be looked at."""
        endpoint, _ = self.find(method, raw_path)
        if endpoint is None:
            return [f"{method} {raw_path} is no endpoint"], None
        problems = []
        if re.search(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]", raw_path):
            problems.append("the path is not percent-encoded")
        token = headers.get("authorization", "")
        if endpoint.needs_token and not re.fullmatch(r"Token \S+", token):
            problems.append("Authorization is not \"Token \" and a token")
        problems += self._check_query(endpoint, raw_query)
        problems += self._check_body(endpoint, headers, body)
        return [f"{endpoint.name}: {p}" for p in problems], endpoint

    def _check_body(self, endpoint, headers, body):
        if endpoint.body is None:
            return ["there should be no body"] if body else []
        problems = []
        if not JSON_TYPE.fullmatch(headers.get("content-type", "")):
            problems.append("Content-Type is not that of JSON")
        if body is None:
            return problems
        try:
            value = json.loads(body)
        except ValueError:
            return problems + ["the body is not JSON"]
        return problems + self.check(endpoint.body, value, "body", reply=False)

    def _check_query(self, endpoint, raw_query):
        kinds = {name.lower(): kind for name, kind in endpoint.query.items()}
        problems = []
        seen = set()
        for name, value in parse_qsl(raw_query, keep_blank_values=True):
            kind = kinds.get(name.lower())
            if kind is None:
                problems.append(f"the parameter {name} is not known")
                continue
            if name.lower() in seen and not kind.startswith("list("):
                problems.append(f"the parameter {name} is there twice")
            seen.add(name.lower())
            for part in value.split(",") if kind.startswith("list(") else [value]:
                part_kind = re.sub(r"list\((.*)\)", r"\1", kind)
                if not self._is_parameter(part_kind, part.strip()):
                    problems.append(f"{name}={value} is not {kind}")
                    break
        return problems

    def _is_parameter(self, kind, value):
        if kind == "boolean":
            return value.lower() in ("true", "false")
        if kind in BITS:
            return (re.fullmatch(r"\d+", value) is not None
                    and _is_whole(int(value), BITS[kind]))
        if kind == "sort":
            return all(self._is_order(order) for order in value.split(","))
        return self._fits(kind, value)

    def _is_order(self, order):
        column, _, direction = order.partition(":")
        return column.lower() in self.sort_columns and direction in ("", "asc", "desc")

    # --- Replies -------------------------------------------------------------

    def check_status(self, endpoint, status):
        if status in endpoint.replies or status in self.errors["statuses"]:
            return []
        return [f"{endpoint.name}: status {status}"]

    def check_reply(self, endpoint, raw_query, status, headers, body):
        """Problems of the answer to a request with this query. `headers` has
        names in lower case; `body` is text."""
        problems = self.check_status(endpoint, status)
        for name, kind in self.every_reply.items():
            problems += self.check(kind, headers.get(name.lower(), ""), name, reply=True)
        if problems:
            return problems
        if status not in endpoint.replies:
            problems = self._check_error(status, headers, body)
        else:
            problems = self._check_answer(endpoint.replies[status], headers, body)
            problems += self._check_count(endpoint, raw_query, headers)
        return [f"{endpoint.name}: {status}: {p}" for p in problems]

    @staticmethod
    def _check_count(endpoint, raw_query, headers):
        asked = any(
            name.lower() == "includecount" and value.lower() == "true"
            for name, value in parse_qsl(raw_query))
        name = endpoint.always_counted or (asked and endpoint.counted)
        if not name or re.fullmatch(r"\d+", headers.get(name.lower(), "")):
            return []
        return [f"the header {name} is no count"]

    def _check_answer(self, kind, headers, body):
        if kind == "nothing":
            return ["there should be no body"] if body else []
        value, problems = self._json(headers, body)
        return problems or self.check(kind, value, "body", reply=True)

    def _check_error(self, status, headers, body):
        if not body and status in self.errors["may_be_empty"]:
            return []
        value, problems = self._json(headers, body)
        if problems:
            return problems
        tried = [self.check(s, value, "body", reply=True) for s in self.errors["shapes"]]
        return min(tried, key=len) if all(tried) else []

    @staticmethod
    def _json(headers, body):
        if not JSON_TYPE.fullmatch(headers.get("content-type", "")):
            return None, ["Content-Type is not that of JSON"]
        try:
            return json.loads(body), []
        except ValueError:
            return None, ["the body is not JSON"]

    # --- Request logs --------------------------------------------------------

    def check_log(self, entries):
        """Problems of the entries of GET /_sandbox/requests, and how often
        each endpoint was called."""
        problems = []
        calls = {}
        for entry in entries:
            body = entry.get("body") if entry["body_bytes"] else ""
            if entry.get("body_truncated"):
                body = None
            found, endpoint = self.check_request(
                entry["method"], entry["path"], entry["query"], entry["headers"], body)
            if endpoint is not None:
                calls[endpoint.name] = calls.get(endpoint.name, 0) + 1
                if entry["status"] and "fault" not in entry:
                    found += self.check_status(endpoint, entry["status"])
            problems += [f"request {entry['n']}: {p}" for p in found]
        return problems, calls
