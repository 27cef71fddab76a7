#!/usr/bin/env python3
"""Makes the update set from what `now-sdk build` wrote:

    make_update_set.py BUILT > update_set/opcon.xml

BUILT is dist/app. The same input gives the same bytes: records are in a fixed
order, and ids and times are made from the content.
"""

import hashlib
import json
import os
import re
import sys
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

HERE = os.path.dirname(os.path.abspath(__file__))

# What a record is called in the list of customer updates.
TYPES = {
    "sys_app": "Custom Application",
    "sys_app_application": "Application Menu",
    "sys_app_module": "Module",
    "sys_choice": "Choice list",
    "sys_db_object": "Table",
    "sys_dictionary": "Dictionary",
    "sys_documentation": "Field Label",
    "sys_index": "Table Index",
    "sys_properties": "System Property",
    "sys_rest_message": "REST Message",
    "sys_rest_message_fn": "HTTP Method",
    "sys_rest_message_fn_headers": "HTTP Headers",
    "sys_rest_message_fn_parameters": "Variable Substitutions",
    "sys_rest_message_headers": "HTTP Headers",
    "sys_scope_privilege": "Cross scope privilege",
    "sys_script": "Business Rule",
    "sys_script_include": "Script Include",
    "sys_security_acl": "Access Control",
    "sys_security_acl_role": "Access Roles",
    "sys_user_role": "Role",
    "sysauto_script": "Scheduled Script Execution",
}
# Modules of JavaScript: only the SDK's package.json, which no script uses.
LEFT_OUT = {"sys_module"}
# Tables before what is kept in them, roles before what names them.
ORDER = ["sys_app", "sys_db_object", "sys_dictionary", "sys_documentation",
         "sys_choice", "sys_index", "sys_user_role"]


def digest_of_sources(application):
    """Of everything that decides about the update set."""
    files = ["make_update_set.py", "now.config.json", "package.json"]
    for directory, _, names in os.walk(os.path.join(application, "src")):
        files += [os.path.relpath(os.path.join(directory, name), application)
                  for name in names]
    digest = hashlib.sha256()
    for name in sorted(files):
        with open(os.path.join(application, name), "rb") as file:
            content = file.read()
        digest.update(("%s %d\n" % (name, len(content))).encode())
        digest.update(content)
    return digest.hexdigest()


def make_id(*parts):
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


class Record:
    """One record that the SDK wrote, in a form that does not change."""

    # Who built it and when says nothing about the application, and modules are
    # left out.
    VOLATILE = re.compile(r"sys_(created|updated)_(by|on)|sys_mod_count|"
                          r"package_(json|resolver_version)")

    def __init__(self, element):
        self.table = element.tag
        self.attributes = dict(element.attrib)
        self.fields = sorted(
            (field.tag, dict(field.attrib), field.text or "")
            for field in element if not self.VOLATILE.fullmatch(field.tag))

    def get(self, name):
        for tag, _, text in self.fields:
            if tag == name:
                return text
        return ""

    @property
    def name(self):
        return self.get("sys_update_name") or "%s_%s" % (
            self.table, self.get("sys_id"))

    def order(self):
        first = ORDER.index(self.table) if self.table in ORDER else len(ORDER)
        return (first, self.table, self.name)

    def xml(self):
        lines = ["<%s%s>" % (self.table, attributes_xml(self.attributes))]
        for tag, attributes, text in self.fields:
            lines.append(field_xml(tag, attributes, text))
        lines.append("</%s>" % self.table)
        return ('<?xml version="1.0" encoding="UTF-8"?>'
                '<record_update table=%s>\n%s\n</record_update>' %
                (quoteattr(self.table), "\n".join(lines)))


def attributes_xml(attributes):
    return "".join(" %s=%s" % (name, quoteattr(attributes[name]))
                   for name in sorted(attributes))


def field_xml(tag, attributes, text):
    start = "<%s%s" % (tag, attributes_xml(attributes))
    if not text:
        return start + "/>"
    # As the platform writes scripts.
    if "\n" in text and "]]>" not in text:
        return "%s><![CDATA[%s]]></%s>" % (start, text, tag)
    return "%s>%s</%s>" % (start, escape(text), tag)


def read_records(built):
    """Every record below `built`; descriptions of tables for the first start of
    a platform, which hold the same in another form, are left out."""
    records = {}
    for directory, _, names in os.walk(built):
        for name in names:
            if not name.endswith(".xml"):
                continue
            path = os.path.join(directory, name)
            root = ElementTree.parse(path).getroot()
            if root.tag == "database":
                continue
            elements = list(root) if root.tag == "record_update" else [root]
            for element in elements:
                if element.tag in LEFT_OUT:
                    continue
                record = Record(element)
                if not record.get("sys_id"):
                    sys.exit("%s: %s has no sys_id" % (path, element.tag))
                records[record.table, record.get("sys_id")] = record
    return sorted(records.values(), key=Record.order)


def update_xml(record, config, update_set):
    """A record as one customer update."""
    payload = record.xml()
    # CDATA cannot hold CDATA.
    if "]]>" in payload:
        payload = escape(payload)
    else:
        payload = "<![CDATA[%s]]>" % payload
    fields = [
        ("action", "INSERT_OR_UPDATE"),
        ("application", config["scopeId"]),
        ("category", "customer"),
        ("comments", ""),
        ("name", escape(record.name)),
        ("payload", payload),
        ("remote_update_set", update_set),
        ("replace_on_upgrade", "false"),
        ("sys_id", make_id("sys_update_xml", record.name)),
        ("table", escape(record.get("collection") if record.table == "sys_script"
                         else "")),
        ("target_name", escape(record.get("sys_name") or record.get("name"))),
        ("type", TYPES[record.table]),
        ("update_domain", "global"),
        ("view", ""),
    ]
    lines = []
    for name, value in fields:
        attributes = ""
        if name in ("application", "remote_update_set"):
            attributes = " display_value=%s" % quoteattr(config["name"])
        lines.append("<%s%s>%s</%s>" % (name, attributes, value, name)
                     if value else "<%s/>" % name)
    return ('<sys_update_xml action="INSERT_OR_UPDATE">\n%s\n</sys_update_xml>' %
            "\n".join(lines))


def make_update_set(records, config, version, digest):
    update_set = make_id("sys_remote_update_set", config["scope"])
    head = "\n".join([
        '<sys_remote_update_set action="INSERT_OR_UPDATE">',
        "<application display_value=%s>%s</application>" % (
            quoteattr(config["name"]), config["scopeId"]),
        "<application_name>%s</application_name>" % escape(config["name"]),
        "<application_scope>%s</application_scope>" % config["scope"],
        "<application_version>%s</application_version>" % version,
        "<description>%s Sources: %s</description>" % (
            escape(config["description"]), digest),
        "<name>%s %s</name>" % (escape(config["name"]), version),
        "<release_date/>",
        "<remote_sys_id>%s</remote_sys_id>" % make_id(
            "sys_update_set", config["scope"]),
        "<state>loaded</state>",
        "<sys_class_name>sys_remote_update_set</sys_class_name>",
        "<sys_id>%s</sys_id>" % update_set,
        "</sys_remote_update_set>",
    ])
    updates = [update_xml(record, config, update_set) for record in records]
    return ('<?xml version="1.0" encoding="UTF-8"?>\n'
            '<unload unload_date="2026-01-01 00:00:00">\n%s\n%s\n</unload>\n' %
            (head, "\n".join(updates)))


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_update_set.py BUILT")
    with open(os.path.join(HERE, "now.config.json"), encoding="utf-8") as file:
        config = json.load(file)
    with open(os.path.join(HERE, "package.json"), encoding="utf-8") as file:
        version = json.load(file)["version"]
    records = read_records(sys.argv[1])
    unknown = sorted({record.table for record in records} - set(TYPES))
    if unknown:
        sys.exit("make_update_set.py: name the type of %s in TYPES" %
                 ", ".join(unknown))
    sys.stdout.write(make_update_set(records, config, version,
                                     digest_of_sources(HERE)))


if __name__ == "__main__":
    main()
