#!/bin/bash
# clang_tidy.sh CONFIG PLUGIN SOURCE REPORT FLAGS...: one file's analysis, for
# clang_tidy.bzl. Prints the findings, with paths as in the project, and fails if
# there are any.
config=$1 plugin=$2 source=$3 report=$4
shift 4
if ! clang-tidy-14 --load="$plugin" --quiet --config-file="$config" "$source" \
  -- "$@" >"$report" 2>/dev/null; then
  sed "s|$PWD/||g; s|^\./||" "$report" >&2
  exit 1
fi
