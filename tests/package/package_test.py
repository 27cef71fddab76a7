"""Installs, configures, upgrades, removes and purges the Debian packages as an
administrator does, in a small Debian in which systemd runs.

    package_test.py BASE PACKAGES WORK

BASE is an archive of a file system with the packages' dependencies, PACKAGES the
folder of the packages, WORK an empty folder. The steps build on each other, and one that fails
ends the run. Needs root, and a network namespace of its own.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys

import requests

from machine import Machine, await_true

SERVERS = {"opcon-gateway": "opcon_gateway", "snow-gateway": "snow_gateway",
           "incident-service": "incident_service"}
UNITS = {name: f"opcon-snow-{name}.service" for name in SERVERS}
SPOOL_UNIT = "opcon-snow-spool@opcon.service"
# In hundredths less than what systemd calls "OK"; a line of the hardening that is
# lost costs 1 to 3.
MOST_EXPOSED = 15
OPCON, SNOW = "http://127.0.0.1:7481", "http://127.0.0.1:7482"
OPCON_TOKEN = "00000000-0000-4000-8000-000000000001"
EXAMPLES = ["opcon_gateway.yaml", "snow_gateway.yaml", "incident_service.yaml",
            "incidentctl.yaml"]
SANDBOX_UNIT = """[Service]
ExecStart=/usr/bin/{program} --listen {address}
"""


def older_package(package, folder):
    """The same package as an earlier version would be, with another example."""
    tree = os.path.join(folder, "older")
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    control = os.path.join(tree, "DEBIAN/control")
    with open(control, encoding="utf-8") as file:
        text = re.sub(r"(?m)^Version: .*$", "Version: 0.0.1", file.read())
    with open(control, "w", encoding="utf-8") as file:
        file.write(text)
    example = os.path.join(tree, "etc/opcon-snow/incident_service.yaml")
    if os.path.exists(example):
        with open(example, "a", encoding="utf-8") as file:
            file.write("# Written by the earlier version.\n")
    target = os.path.join(folder, os.path.basename(package).split("_")[0] + "_0.0.1_amd64.deb")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", tree, target],
                   check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    return target


def control(path, body):
    requests.post(f"{OPCON}/_sandbox/{path}", json=body, timeout=60).raise_for_status()


class PackageTest:
    def __init__(self, machine, packages, work):
        self.machine, self.work = machine, work
        self.new = sorted(glob.glob(os.path.join(packages, "*.deb")))
        assert len(self.new) == 2, self.new
        self.old = [older_package(package, work) for package in self.new]
        self.jobs = 0

    # What an administrator types.

    def ctl(self, *arguments, user="opcon"):
        return self.machine.run("incidentctl", *arguments, user=user)

    def systemctl(self, *arguments):
        return self.machine.output("systemctl", *arguments)

    def install(self, packages):
        for package in packages:
            shutil.copy(package, self.machine.path("/tmp"))
        names = ["/tmp/" + os.path.basename(package) for package in packages]
        # As apt does for those who are not asked.
        return self.machine.output("dpkg", "--force-confdef", "--force-confold", "--install",
                                   *names)

    def secret(self, name, text):
        self.machine.write("/etc/opcon-snow/secrets/" + name, text + "\n", 0o600)

    def edit(self, name, *replacements):
        text = self.machine.read("/etc/opcon-snow/" + name)
        for old, new in replacements:
            assert old in text, f"{name} has no {old}"
            text = text.replace(old, new)
        self.machine.write("/etc/opcon-snow/" + name, text)

    def check_config(self, program):
        return self.machine.run(program, "--check-config", "--config",
                                f"/etc/opcon-snow/{program}.yaml")

    # What is seen of the suite.

    def state(self, unit):
        return self.machine.property(unit, "ActiveState")

    def pid(self, unit):
        return int(self.machine.property(unit, "MainPID"))

    def reports(self):
        shown = self.ctl("--output", "json", "reports", "list")
        return json.loads(shown.stdout).get("reports", []) if shown.returncode == 0 else []

    def fail_a_job(self):
        self.jobs += 1
        job = {"date": "2026-01-05", "schedule": "Payroll Daily", "schedule_id": 16,
               "schedule_instance": 1, "name": f"JOB{self.jobs:03}", "machine": "GENP001",
               "tags": [], "documentation": "", "log": ""}
        control("jobs", job)
        control(f"jobs/20260105%7C16%7C1%7C{job['name']}/fail",
                {"termination": "0000000005", "log": "it broke"})
        return job["name"]

    def report(self, job):
        return self.ctl("report", "-a", "GENP001", "-s", "Payroll Daily", "-jn", job, "-e",
                        "0000000005", "-sd", "2026-01-05", "-si", "16", "-sn", "1", "-t",
                        "basic.json")

    def incidents(self):
        found = requests.get(SNOW + "/api/now/table/incident", auth=("admin", "admin"),
                             headers={"Accept": "application/json"}, timeout=60)
        found.raise_for_status()
        return found.json()["result"]

    def await_ticket(self, job):
        def done():
            found = [r for r in self.reports() if r["event"]["jobKey"]["jobName"] == job]
            return found and found[0]["state"] == "REPORT_STATE_SUCCEEDED"
        await_true(done, f"a report of {job} succeeds: {self.reports()}")
        titles = [incident["short_description"] for incident in self.incidents()]
        assert sum(job in title for title in titles) == 1, titles

    # The steps.

    def an_installation_starts_nothing(self):
        self.before = self.machine.files()
        self.install(self.old)
        for unit in [*UNITS.values(), SPOOL_UNIT]:
            assert self.state(unit) == "inactive", unit
            enabled = self.machine.run("systemctl", "is-enabled", unit).stdout.strip()
            assert enabled == "disabled", (unit, enabled)
        assert self.machine.output("systemctl", "--failed", "--no-legend").strip() == ""
        modes = self.machine.output("stat", "-c", "%a %U %G %n", "/etc/opcon-snow/secrets",
                                    "/etc/opcon-snow/tls", "/etc/opcon-snow")
        assert modes.splitlines() == ["700 root root /etc/opcon-snow/secrets",
                                      "2750 root opcon-snow /etc/opcon-snow/tls",
                                      "755 root root /etc/opcon-snow"], modes
        assert "/usr/sbin/nologin" in self.machine.output("getent", "passwd", "opcon-snow")
        for program in [*SERVERS.values(), "incidentctl"]:
            version = self.machine.output(program, "--version")
            assert re.fullmatch(program + r" \d+\.\d+\.\d+\n", version), version

    def the_units_are_good_and_let_through_little(self):
        verified = self.machine.run("systemd-analyze", "verify", "--man=no", *UNITS.values(),
                                    SPOOL_UNIT)
        # Other units of the machine may have something to say of themselves.
        said = [line for line in verified.stderr.splitlines() if "opcon-snow" in line]
        assert not said and verified.returncode == 0, verified
        for unit in [*UNITS.values(), SPOOL_UNIT]:
            exposed = self.machine.run("systemd-analyze", "security", "--offline=yes",
                                       "--no-pager", f"--threshold={MOST_EXPOSED}", unit)
            assert exposed.returncode == 0, exposed.stdout[-1500:]
            assert "Overall exposure level" in exposed.stdout, exposed

    def the_examples_lack_only_their_secrets(self):
        for program, secret in [("opcon_gateway", "opcon.token"),
                                ("snow_gateway", "servicenow.secret")]:
            checked = self.check_config(program)
            assert checked.returncode == 78, checked
            faults = checked.stderr.strip().splitlines()
            assert len(faults) == 1 and f"secrets/{secret}" in faults[0], faults
        self.systemctl("start", "--no-block", UNITS["snow-gateway"])
        await_true(lambda: self.state(UNITS["snow-gateway"]) == "failed", "no secret, no start")
        assert self.machine.property(UNITS["snow-gateway"], "NRestarts") == "0"
        self.secret("opcon.token", OPCON_TOKEN)
        self.secret("servicenow.secret", "sandbox")
        for program in SERVERS.values():
            checked = self.check_config(program)
            assert checked.returncode == 0 and "no faults" in checked.stdout, checked
        shown = self.ctl("config", "show", user="root")
        assert shown.returncode == 0 and "127.0.0.1:7470" in shown.stdout, shown

    def a_wrong_configuration_is_not_tried_again(self):
        self.edit("snow_gateway.yaml", ("base_url: https://", "base_url: gopher://"))
        self.systemctl("reset-failed")
        self.systemctl("start", "--no-block", UNITS["snow-gateway"])
        await_true(lambda: self.state(UNITS["snow-gateway"]) == "failed", "a wrong start ends")
        assert self.machine.property(UNITS["snow-gateway"], "ExecMainStatus") == "78"
        assert self.machine.property(UNITS["snow-gateway"], "NRestarts") == "0"
        assert "base_url" in self.machine.journal(UNITS["snow-gateway"])
        self.edit("snow_gateway.yaml", ("base_url: gopher://", "base_url: https://"))

    def the_services_start(self):
        for program, address in [("opcon_sandbox", OPCON), ("snow_sandbox", SNOW)]:
            self.machine.write(
                f"/run/systemd/system/{program}.service",
                SANDBOX_UNIT.format(program=program, address=address.removeprefix("http://")))
        self.edit("opcon_gateway.yaml", ("https://opcon.example.com\n",
                                         f"{OPCON}\n    allow_plain_http: true\n"))
        self.edit("snow_gateway.yaml",
                  ("https://example.service-now.com", f"{SNOW}\n    allow_plain_http: true"),
                  ("0123456789abcdef0123456789abcdef", "sandbox"))
        self.edit("incidentctl.yaml", ("# spool:\n#   directory", "spool:\n  directory"))
        self.machine.write("/etc/sysusers.d/opcon.conf", "u opcon -\n")
        self.machine.output("systemd-sysusers")
        self.systemctl("daemon-reload")
        self.systemctl("reset-failed")
        self.systemctl("start", "opcon_sandbox", "snow_sandbox")
        self.systemctl("enable", "--quiet", "--now", *UNITS.values(), SPOOL_UNIT)
        for unit in [*UNITS.values(), SPOOL_UNIT]:
            assert self.state(unit) == "active", (unit, self.machine.journal(unit))
        # A unit is started only when it takes calls.
        assert self.ctl("reports", "list").returncode == 0

    def they_may_do_little(self):
        users = set()
        for unit in [*UNITS.values(), SPOOL_UNIT]:
            status = dict(line.split(":\t", 1) for line in
                          self.machine.read(f"/proc/{self.pid(unit)}/status").splitlines()
                          if ":\t" in line)
            assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", (unit, status)
            assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0, (unit, status)
            users.add(status["Uid"])
        assert len(users) == 4 and not any("\t0" in user for user in users), users
        service = self.pid(UNITS["incident-service"])
        owner = self.machine.output("stat", "-c", "%U", f"/proc/{service}").strip()
        assert owner == "opcon-snow", owner
        store = self.machine.output("stat", "-c", "%a %U", "/var/lib/opcon-snow",
                                    "/var/lib/opcon-snow/incidents.db")
        assert store == "700 opcon-snow\n600 opcon-snow\n", store
        # Each gateway sees its own secret, and only that.
        for name, secret in [("opcon-gateway", "opcon.token"),
                             ("snow-gateway", "servicenow.secret")]:
            seen = os.path.join("/proc", str(self.pid(UNITS[name])), "root", "etc/opcon-snow/secrets")
            assert self.machine.output("ls", seen).split() == [secret]
            assert self.machine.output("stat", "-c", "%a", f"{seen}/{secret}") == "400\n"

    def a_report_goes_through(self):
        job = self.fail_a_job()
        reported = self.report(job)
        assert reported.returncode == 0, reported
        self.await_ticket(job)

    def what_waits_in_the_spool_is_delivered(self):
        self.systemctl("stop", UNITS["incident-service"])
        job = self.fail_a_job()
        reported = self.report(job)
        assert reported.returncode == 0 and "spool" in reported.stderr, reported
        self.systemctl("start", UNITS["incident-service"])
        self.await_ticket(job)

    def a_reload_is_taken_or_refused_as_a_whole(self):
        unit = UNITS["opcon-gateway"]
        pid = self.pid(unit)
        self.edit("opcon_gateway.yaml", ("address: 127.0.0.1:7471", "adress: 127.0.0.1:7471"))
        self.systemctl("reload", unit)
        await_true(lambda: "config.reload_refused" in self.machine.journal(unit), "it refuses")
        self.edit("opcon_gateway.yaml", ("adress: 127.0.0.1:7471", "address: 127.0.0.1:7471"))
        self.systemctl("reload", unit)
        await_true(lambda: "config.reloaded" in self.machine.journal(unit), "it reloads")
        assert self.pid(unit) == pid

    def who_dies_is_started_again(self):
        unit = UNITS["incident-service"]
        self.machine.output("systemctl", "kill", "--signal=KILL", unit)
        await_true(lambda: self.machine.property(unit, "NRestarts") == "1"
                   and self.state(unit) == "active", "it is started again")
        assert len(self.reports()) == 2

    def an_upgrade_keeps_store_and_configuration(self):
        configured = {name: self.machine.read("/etc/opcon-snow/" + name) for name in EXAMPLES}
        assert "# Written by the earlier" in configured["incident_service.yaml"]
        pids = {unit: self.pid(unit) for unit in [*UNITS.values(), SPOOL_UNIT]}
        reports = self.reports()
        self.edit("incident_service.yaml", ("deployment: production", "deployment: mine"))
        configured["incident_service.yaml"] = self.machine.read(
            "/etc/opcon-snow/incident_service.yaml")
        self.install(self.new)
        for unit, pid in pids.items():
            assert self.state(unit) == "active" and self.pid(unit) != pid, unit
        for name, text in configured.items():
            assert self.machine.read("/etc/opcon-snow/" + name) == text, name
        assert self.reports() == reports
        job = self.fail_a_job()
        assert self.report(job).returncode == 0
        self.await_ticket(job)

    def a_removal_keeps_store_and_configuration(self):
        self.machine.output("dpkg", "--remove", "opcon-snow", "opcon-snow-sandbox")
        for unit in [*UNITS.values(), SPOOL_UNIT]:
            assert self.state(unit) == "inactive", unit
        left = self.machine.files() - self.before
        assert "/var/lib/opcon-snow/incidents.db" in left
        assert "/etc/opcon-snow/secrets/opcon.token" in left
        assert not [name for name in left if name.startswith(("/usr", "/lib", "/bin"))], left

    def a_purge_leaves_nothing(self):
        self.machine.output("dpkg", "--purge", "opcon-snow", "opcon-snow-sandbox")
        left = self.machine.files() - self.before
        # The administrator's own, and the accounts in files that were there before.
        own = {"/etc/sysusers.d", "/etc/sysusers.d/opcon.conf"}
        accounts = {name for name in left
                    if name.startswith(("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow",
                                        "/etc/.pwd.lock"))}
        assert left - own - accounts == set(), sorted(left - own - accounts)
        assert "opcon-snow" in self.machine.output("getent", "passwd", "opcon-snow")


STEPS = [
    PackageTest.an_installation_starts_nothing,
    PackageTest.the_units_are_good_and_let_through_little,
    PackageTest.the_examples_lack_only_their_secrets,
    PackageTest.a_wrong_configuration_is_not_tried_again,
    PackageTest.the_services_start,
    PackageTest.they_may_do_little,
    PackageTest.a_report_goes_through,
    PackageTest.what_waits_in_the_spool_is_delivered,
    PackageTest.a_reload_is_taken_or_refused_as_a_whole,
    PackageTest.who_dies_is_started_again,
    PackageTest.an_upgrade_keeps_store_and_configuration,
    PackageTest.a_removal_keeps_store_and_configuration,
    PackageTest.a_purge_leaves_nothing,
]


def main(base, packages, work):
    machine = Machine(base, work)
    passed = 0
    try:
        test = PackageTest(machine, packages, work)
        for step in STEPS:
            step(test)
            passed += 1
            print("ok", step.__name__.replace("_", " "), flush=True)
    finally:
        if passed < len(STEPS):
            for unit in UNITS.values():
                print(f"--- {unit}\n{machine.journal(unit)[-3000:]}")
            print("--- console\n" + machine.console())
        print(f"{passed} passed, {len(STEPS) - passed} failed", flush=True)
        machine.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
