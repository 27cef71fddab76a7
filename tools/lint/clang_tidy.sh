#!/bin/bash
# clang_tidy.sh CONFIG SOURCE REPORT FLAGS...: one file's analysis, for
# clang_tidy.bzl. Prints the findings, with paths as in the project, and fails if
# there are any.
config=$1 source=$2 report=$3
shift 3
if ! clang-tidy-14 --quiet --config-file="$config" "$source" -- "$@" \
  >"$report" 2>/dev/null; then
  sed "s|$PWD/||g; s|^\./||" "$report" >&2
  exit 1
fi
