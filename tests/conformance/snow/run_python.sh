#!/bin/sh
# run_python.sh TEST.py SNOW_SANDBOX OPCON_SANDBOX: runs the test with Debian's
# Python, which has python3-requests and python3-yaml.
set -eu
test=$1
SNOW_SANDBOX=$(pwd)/$2
OPCON_SANDBOX=$(pwd)/$3
export SNOW_SANDBOX OPCON_SANDBOX
export PYTHONDONTWRITEBYTECODE=1
# Tests of other folders use snow_sandbox.py, too.
PYTHONPATH=$(pwd)/tests/conformance/snow
export PYTHONPATH
# Nothing between the test and the loopback interface.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY || true
exec /usr/bin/python3 "$test"
