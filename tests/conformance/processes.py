"""The programs of the suite as real processes, for tests of what is on their wire."""

import json
import os
import resource
import subprocess
import tempfile
import time

PATIENCE_S = 120


class Program:
    """A process that says its ports in a file."""

    def __init__(self, folder, name, path, arguments, file_limit=None):
        self.name, self.log = name, os.path.join(folder, name + ".log")
        port_file = os.path.join(folder, name + ".ports")
        if os.path.exists(port_file):
            os.remove(port_file)

        def limit():
            if file_limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [path, *arguments, "--port-file", port_file], stdout=log, stderr=log,
                preexec_fn=limit)
        await_true(lambda: os.path.exists(port_file) or self.process.poll() is not None)
        assert self.process.poll() is None, self.read_log()
        with open(port_file, encoding="ascii") as file:
            self.ports = {k: int(v) for k, v in (line.strip().split("=") for line in file)}

    def read_log(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()[-3000:]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(timeout=PATIENCE_S) == 0, self.read_log()

    def kill(self):
        self.process.kill()
        self.process.wait()


def await_true(done):
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def service_yaml(opcon, snow, http, workflow, listener="", templates="[{name: basic.json}]"):
    return f"""listener: {{address: "127.0.0.1:0", {listener}}}
opcon_gateway: {{address: "127.0.0.1:{opcon}"}}
servicenow_gateway: {{address: "127.0.0.1:{snow}"}}
store: {{sqlite: {{path: incidents.db}}}}
deployment: test
default_opcon: production
templates: {templates}
workflow: {{{workflow}}}
http: {{address: "127.0.0.1:0", {http}}}
"""


class World:
    """The programs, each with its files below one folder."""

    def __init__(self, paths):
        self.paths = {os.path.basename(path): path for path in paths}
        self.folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        self.running = []

    def start(self, name, arguments, folder=None, file_limit=None):
        program = Program(folder or self.folder, name, self.paths[name], arguments, file_limit)
        self.running.append(program)
        return program

    def write(self, folder, name, text):
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)
        return path

    def service(self, name, opcon=1, snow=1, http="", workflow="workers: 4", file_limit=None,
                **more):
        folder = os.path.join(self.folder, name)
        config = self.write(folder, "service.yaml",
                            service_yaml(opcon, snow, http, workflow, **more))
        return self.start("incident_service", ["--config", config], folder, file_limit)

    def gateway(self, name, instance):
        config = self.write(
            self.folder, name + ".yaml",
            "listener: {address: \"127.0.0.1:0\"}\ninstances:\n  - " + json.dumps(instance))
        return self.start(name, ["--config", config]).ports["grpc"]

    def stop(self):
        for program in reversed(self.running):
            program.stop()
