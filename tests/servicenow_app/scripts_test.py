"""The committed update set: made from the sources as they are, and every script
of it in Rhino and as ES5."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from xml.etree import ElementTree

UPDATE_SET = os.environ["UPDATE_SET"]
APPLICATION = os.environ["APPLICATION"]
HERE = os.path.dirname(os.path.abspath(__file__))
# Rhino takes these, the platform's ES5 mode does not.
NEWER = (r"^\s*const\s", r"^\s*let\s", r"=>", r"`", r"^\s*class\s",
         r"\bfor\s*\([^;)]*\sof\s", r"\.\.\.", r"\basync\s+function")


def scripts():
    """The scripts of the update set by name."""
    found = {}
    for update in ElementTree.parse(UPDATE_SET).getroot().iter("payload"):
        for record in ElementTree.fromstring(update.text.encode()):
            script = record.findtext("script") or ""
            if script.strip() and record.tag != "sys_security_acl":
                found[record.findtext("name")] = script
    return found


class SourceTest(unittest.TestCase):

    def test_it_is_made_from_these_sources(self):
        sys.path.insert(0, APPLICATION)
        import make_update_set
        root = ElementTree.parse(UPDATE_SET).getroot()
        self.assertIn(
            make_update_set.digest_of_sources(APPLICATION),
            root.findtext("sys_remote_update_set/description"),
            "the sources have changed: run ./dev servicenow-app")

    def test_every_script_is_in_it(self):
        directory = os.path.join(APPLICATION, "src", "scripts")
        known = set(scripts().values())
        for name in os.listdir(directory):
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                self.assertIn(file.read(), known, name)


class RhinoTest(unittest.TestCase):

    def test_scripts(self):
        all_scripts = scripts()
        self.assertGreaterEqual(len(all_scripts), 12)
        with tempfile.TemporaryDirectory(
                dir=os.environ.get("TEST_TMPDIR")) as directory:
            files = []
            for name, script in all_scripts.items():
                files.append(name.replace(":", "").replace(" ", "_"))
                with open(os.path.join(directory, files[-1]), "w",
                          encoding="utf-8") as file:
                    file.write(script)
            run = subprocess.run(
                ["rhino", "-opt", "-1",
                 os.path.join(HERE, "scripts_under_rhino.js"), directory,
                 ",".join(files)],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                check=False)
        # Java may have something to say of its own.
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertIn("Every check passed", run.stdout)

    def test_es5(self):
        for name, script in scripts().items():
            code = re.sub(r"//.*|/\*.*?\*/|'(\\.|[^'\\])*'", "", script)
            for pattern in NEWER:
                self.assertIsNone(re.search(pattern, code, re.M),
                                  "%s: %s" % (name, pattern))


if __name__ == "__main__":
    unittest.main(verbosity=1)
