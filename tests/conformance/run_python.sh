#!/bin/sh
# Runs a test that is written in Python, with Debian's own: it has the packages
# of tools/setup/packages_base.txt, whatever else is in the PATH.
exec /usr/bin/python3 -B "$@"
