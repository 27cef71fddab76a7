"""A small Debian of its own, with a systemd that runs."""

import os
import signal
import subprocess
import time

PATIENCE_S = 120
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
               "DEBIAN_FRONTEND": "noninteractive"}


def await_true(done, what):
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, f"it never happened: {what}"
        time.sleep(0.1)


class Machine:
    """Has the network of this process. Needs root."""

    def __init__(self, base, work):
        """`base`: an archive of a file system with systemd. `work`: a folder."""
        self.log = os.path.join(work, "console.log")
        self.root = os.path.join(work, "root")
        os.mkdir(self.root)
        subprocess.run(["tar", "--extract", "--file", base, "--directory", self.root], check=True)
        with open(self.log, "wb") as log:
            self.container = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot",
                 "--console=pipe", "--resolv-conf=off", "--timezone=off", "--link-journal=no",
                 "--directory", self.root, "systemd.unit=multi-user.target"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        await_true(self._has_begun, "systemd starts")
        await_true(lambda: self.output("systemctl", "is-system-running", check=False).strip()
                   in ("running", "degraded"), "systemd has started")

    def _has_begun(self):
        assert self.container.poll() is None, self.console()
        pid = self.container.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
        self.leader = int(children[0]) if children else 0
        return self.leader and os.path.exists(
            os.path.join("/proc", str(self.leader), "root", "run/systemd/private"))

    def console(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()[-3000:]

    def path(self, name):
        """Where this process sees a file of the machine."""
        return f"/proc/{self.leader}/root{name}"

    def run(self, *command, user=None):
        """Runs a program to its end, as root or another user."""
        if user:
            command = ("setpriv", "--reuid", user, "--regid", user, "--clear-groups", *command)
        return subprocess.run(["nsenter", "--target", str(self.leader), "--all", "--", *command],
                              env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=PATIENCE_S, check=False)

    def output(self, *command, user=None, check=True):
        result = self.run(*command, user=user)
        assert not check or result.returncode == 0, f"{command}: {result}"
        return result.stdout

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def property(self, unit, name):
        return self.output("systemctl", "show", "--property", name, "--value", unit).strip()

    def journal(self, unit):
        return self.output("journalctl", "--output=cat", "--no-pager", "--unit", unit)

    def files(self):
        """Every file and folder that is there, but for what systemd and dpkg note
        for themselves."""
        lines = self.output("find", "/", "-xdev", "-printf", r"%p\n").splitlines()
        passing = ("/var/lib/dpkg/", "/var/log/", "/var/cache/", "/var/tmp/", "/tmp/",
                   "/var/lib/systemd/", "/etc/ld.so.cache")
        return {line for line in lines if not line.startswith(passing)}

    def stop(self):
        os.kill(self.leader, signal.SIGKILL)
        self.container.wait(timeout=PATIENCE_S)
