#!/bin/sh
# scripts_test.sh TEST.py: runs the test with Debian's Python.
set -eu
export PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 "$1"
