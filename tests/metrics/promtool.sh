#!/usr/bin/env bash
# Prometheus's own checks of the rules, their tests and the configuration in the
# folder that is given.
set -euo pipefail
cd "$1"
promtool check config prometheus.yaml
promtool check rules alerts.yaml
promtool test rules alerts_test.yaml
