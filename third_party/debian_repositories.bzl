"""External repositories made from files that Debian packages installed.

No build machine of this project can be assumed to reach the internet, so there
is no http_archive: rules, protos and libraries are those of the distribution.
"""

load("//third_party:system_packages.bzl", "system_packages")

def _rules_cc_impl(ctx):
    # Debian's rules_cc 0.0.4 loads use_cpp_toolchain, which Debian's Bazel 4.2.3
    # does not have. What that function returns is this list.
    ctx.execute(["cp", "-rL", ctx.attr.path + "/.", "."])
    for file in ["cc_flags_supplier.bzl", "compiler_flag.bzl"]:
        file = "cc/private/rules_impl/" + file
        text = ctx.read(file)
        text = text.replace(", \"use_cpp_toolchain\")", ")")
        text = text.replace(
            "use_cpp_toolchain()",
            "[\"@bazel_tools//tools/cpp:toolchain_type\"]",
        )
        ctx.file(file, text)

_rules_cc = repository_rule(
    implementation = _rules_cc_impl,
    attrs = {"path": attr.string(mandatory = True)},
)

def _google_common_protos_impl(ctx):
    # Reading the stamp makes a package upgrade extract the jar again.
    ctx.read(Label("@system_packages//:versions.txt"))
    ctx.extract(ctx.attr.jar)
    details = "google/rpc/error_details.proto"
    if "message ErrorInfo " not in ctx.read(details):
        addition = ctx.read(Label("//third_party/googleapis:error_info.proto.txt"))
        ctx.file(details, ctx.read(details) + addition, executable = False)
    ctx.file("BUILD", "exports_files(glob([\"google/**/*.proto\"]))\n")

_google_common_protos = repository_rule(
    implementation = _google_common_protos_impl,
    attrs = {"jar": attr.string(mandatory = True)},
)

# buildifier: disable=unnamed-macro
def debian_repositories():
    """Declares every external repository of this workspace."""
    _rules_cc(
        name = "rules_cc",
        path = "/usr/share/bazel/rules/cc",
    )
    native.local_repository(
        name = "rules_java",
        path = "/usr/share/bazel/rules/java",
    )
    native.local_repository(
        name = "rules_proto",
        path = "/usr/share/bazel/rules/proto",
    )
    native.local_repository(
        name = "bazel_skylib",
        path = "/usr/share/bazel/tools/skylib",
    )
    native.local_repository(
        name = "platforms",
        path = "/usr/share/bazel/tools/platforms",
    )

    # Every cc_test asks for this tool, also when no coverage is collected. It
    # consists of the BUILD file alone; the path only has to exist.
    native.new_local_repository(
        name = "remote_coverage_tools",
        build_file_content = """
package(default_visibility = ["//visibility:public"])
filegroup(name = "coverage_report_generator")
""",
        path = "third_party",
    )

    # From npm, see tools/npm: calls gRPC services as a person does.
    native.new_local_repository(
        name = "buf",
        build_file_content = "exports_files([\"bin/buf\"])",
        path = "tools/npm/node_modules/@bufbuild/buf-linux-x64",
    )

    native.new_local_repository(
        name = "dpkg_database",
        build_file_content = "exports_files([\"status\"])",
        path = "/var/lib/dpkg",
    )
    system_packages(
        name = "system_packages",
        status = "@dpkg_database//:status",
        lists = ["//tools/setup:packages_base.txt"],
    )
    _google_common_protos(
        name = "google_common_protos",
        jar = "/usr/share/java/proto-google-common-protos.jar",
    )
    native.new_local_repository(
        name = "grpc_protos",
        build_file_content = "exports_files(glob([\"grpc/health/**/*.proto\"]))",
        path = "/usr/share/grpc-proto",
    )
