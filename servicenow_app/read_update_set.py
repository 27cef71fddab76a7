#!/usr/bin/env python3
"""Takes the update set apart for checks:

    read_update_set.py UPDATE_SET DIRECTORY    one file for each record
    read_update_set.py --compare DIRECTORY FLUENT
        whether the source that the SDK made of those files has every script,
        rule, message, property and table
"""

import os
import sys
from xml.etree import ElementTree

COMPARED = ("sys_db_object", "sys_properties", "sys_rest_message", "sys_script",
            "sys_script_include", "sysauto_script")


def split(update_set, directory):
    for update in ElementTree.parse(update_set).getroot().iter("sys_update_xml"):
        name = update.findtext("name")
        with open(os.path.join(directory, name + ".xml"), "w",
                  encoding="utf-8") as file:
            file.write(update.findtext("payload"))


def names(directory):
    found = set()
    for file in os.listdir(directory):
        for record in ElementTree.parse(os.path.join(directory, file)).getroot():
            if record.tag in COMPARED:
                found.add(record.findtext("name"))
    return found


def compare(directory, fluent):
    text = ""
    for folder, _, files in os.walk(fluent):
        for name in files:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text += file.read()
    expected = names(directory)
    missing = sorted(name for name in expected
                     if "'%s'" % name not in text and '"%s"' % name not in text)
    if missing or not expected:
        sys.exit("the SDK did not read back: " + (", ".join(missing) or "anything"))


def main():
    if len(sys.argv) == 3:
        split(*sys.argv[1:])
    elif len(sys.argv) == 4 and sys.argv[1] == "--compare":
        compare(*sys.argv[2:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
