# shellcheck shell=bash
# Sourced by run and format, in the root of the project.

# The variables are for the scripts that source this.
# shellcheck disable=SC2034

npm_tools=tools/npm/node_modules
buf=$npm_tools/@bufbuild/buf-linux-x64/bin/buf
buildifier=$npm_tools/.bin/buildifier

# Prints the files of the project, new ones included, or those given; one a line.
project_files() {
  local file
  if [ $# -gt 0 ]; then
    printf '%s\n' "$@"
  else
    git ls-files --cached --others --exclude-standard
  fi |
    while read -r file; do
      [ ! -f "$file" ] || printf '%s\n' "$file"
    done
}

cpp_files() { grep -E '\.(cc|h)$' "$1" || true; }
bazel_files() { grep -E '(^|/)(BUILD|WORKSPACE)$|\.bzl$' "$1" || true; }
proto_files() { grep -E '\.proto$' "$1" || true; }

# Puts Google's protos, which ours import, where buf.yaml wants them.
copy_google_protos() {
  bazel query --noshow_progress @google_common_protos//:all >/dev/null 2>&1
  mkdir -p .cache/googleapis
  cp -rL "$(bazel info output_base 2>/dev/null)"/external/google_common_protos/google \
    .cache/googleapis
}
