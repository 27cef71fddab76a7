"""Links a gRPC client statically, for a program that has to start quickly.

    cc_binary(
        name = "incidentctl",
        srcs = ["main.cc"],
        linkopts = STATIC_GRPC_LINKOPTS + ["-s"],  # no symbols: half as large
        deps = [..., "//third_party:grpc++"],
    )

Loading and relocating gRPC's 50 shared libraries takes longer than a call. Not
every library has an archive: spdlog, fmt and cpp-httplib cannot be used. The
linker warns that getaddrinfo and the like need glibc at run time; gRPC resolves
names with c-ares and does not call them.
"""

load("@system_packages//:static_grpc.bzl", "STATIC_GRPC_LIBRARIES")

# The sanitizers' runtimes are shared libraries.
STATIC_GRPC_LINKOPTS = select({
    "//third_party:sanitizer": [],
    "//conditions:default": [
        "-static",
        "-Wl,--gc-sections",
        # The archives depend on each other in circles.
        "-Wl,--start-group",
    ] + STATIC_GRPC_LIBRARIES + ["-Wl,--end-group"],
})
