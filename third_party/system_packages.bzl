"""A repository that knows the installed versions of the Debian packages.

Bazel does not look at /usr/include or /usr/lib, so an upgraded library would go
unnoticed and stale objects would be linked with new libraries. This rule writes
the versions to versions.txt and a digest of them to stamp.bzl; every target in
//third_party carries the digest as a preprocessor definition and as a linker
symbol, hence an upgrade compiles, links and tests everything anew.

It also asks pkg-config what a static link with gRPC needs (static_grpc.bzl).
"""

# What the packages of the lists bring along and every object depends on.
_TOOLCHAIN = [
    "g++-12",
    "libc6-dev",
    "libstdc++-12-dev",
]

def _packages(text):
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return [word for line in lines for word in line.split(" ") if word]

def _static_grpc(ctx):
    result = ctx.execute(["pkg-config", "--static", "--libs", "grpc++", "protobuf"])
    if result.return_code != 0:
        fail(result.stderr)
    libs = {}
    for flag in result.stdout.strip().split(" "):
        if flag.startswith("-l"):
            libs[flag] = None
    return "STATIC_GRPC_LIBRARIES = %r\n" % libs.keys()

def _system_packages_impl(ctx):
    # Nothing is read from dpkg's database here, but asking for its path makes
    # Bazel run this rule again whenever a package was installed or removed.
    ctx.path(ctx.attr.status)
    packages = _TOOLCHAIN
    for label in ctx.attr.lists:
        packages = packages + _packages(ctx.read(label))
    result = ctx.execute(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\\n"] + packages,
    )
    if result.return_code != 0:
        fail("Debian packages are missing; run tools/setup/install first.\n" +
             result.stderr)
    ctx.file("versions.txt", result.stdout, executable = False)
    digest = ctx.execute(["sha256sum", "versions.txt"]).stdout[:12]
    ctx.file("stamp.bzl", "SYSTEM_PACKAGES = \"%s\"\n" % digest)
    ctx.file("static_grpc.bzl", _static_grpc(ctx))
    ctx.file("BUILD", "exports_files([\"versions.txt\"])\n")

system_packages = repository_rule(
    implementation = _system_packages_impl,
    attrs = {
        "lists": attr.label_list(doc = "Files that name packages, # comments."),
        "status": attr.label(doc = "dpkg's database, watched for changes."),
    },
)
