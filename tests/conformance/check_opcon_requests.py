#!/usr/bin/python3
"""Checks what a client sent to an opcon_sandbox against opcon_wire.yaml.

    check_opcon_requests.py --url http://127.0.0.1:PORT [--called "GET /api/version"]…
    check_opcon_requests.py --log FILE …    FILE: the answer of GET /_sandbox/requests

Prints each problem, then how often each endpoint was called. Exit 0: none and
every endpoint of --called was called; 1: there are problems; 2: usage.
"""

import argparse
import json
import os
import sys

import requests

import opcon_wire


def read_log(arguments):
    if arguments.log:
        with open(arguments.log, encoding="utf-8") as file:
            return json.load(file)
    session = requests.Session()
    session.trust_env = False  # no proxy between us and loopback
    reply = session.get(arguments.url + "/_sandbox/requests", timeout=60)
    reply.raise_for_status()
    return reply.json()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--url", help="of a running opcon_sandbox")
    source.add_argument("--log", help="a file with the answer of GET /_sandbox/requests")
    parser.add_argument("--called", action="append", default=[], metavar="ENDPOINT",
                        help='an endpoint that must be there, as "GET /api/dailyjobs/{id}"')
    parser.add_argument("--wire", default=os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "opcon_wire.yaml"))
    arguments = parser.parse_args()

    wire = opcon_wire.Wire(arguments.wire)
    log = read_log(arguments)
    problems, calls = wire.check_log(log["requests"])
    if log["forgotten"]:
        problems.append(f"the log has forgotten {log['forgotten']} requests")
    if not log["requests"]:
        problems.append("the log is empty")
    known = {endpoint.name for endpoint in wire.endpoints}
    for name in arguments.called:
        if name not in known:
            problems.append(f"--called {name}: no such endpoint in the file")
        elif name not in calls:
            problems.append(f"{name} was not called")
    for problem in problems:
        print(problem)
    for name, count in sorted(calls.items()):
        print(f"  {count:6} {name}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
