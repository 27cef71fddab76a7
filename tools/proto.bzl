"""C++ from .proto files, with the distribution's protoc and gRPC plugin.

    cc_proto(
        name = "opcon_cc_grpc",
        srcs = ["opcon_gateway.proto"],
        grpc = True,
        mocks = True,
        deps = ["//third_party/googleapis:type_cc_proto"],
    )

Protos import each other, and C++ includes the result, by the path below the
proto root, which is protos/ for our own: "opcon/v1/opcon_gateway.grpc.pb.h".
The directory is a system include directory, because generated code does not
keep our warnings.
"""

load("//tools:cc.bzl", "cc_library")

# A root without any input does not exist in the sandbox; protoc would warn.
_PROTO_PATH = """$$(for root in protos external/google_common_protos \
    external/grpc_protos /usr/include; do \
  [ ! -d $$root ] || echo -I$$root; done)"""

def _import_paths(srcs, proto_root):
    # The file's name below the proto root, such as opcon/v1/daily_job.proto.
    package = native.package_name()
    prefix = ""
    if package.startswith(proto_root + "/"):
        prefix = package[len(proto_root) + 1:] + "/"
    return [prefix + src.split(":")[-1] for src in srcs]

def _stems(generated_dir, srcs, proto_root):
    # The generated files' names without their endings.
    return [
        generated_dir + "/" + path[:-len(".proto")]
        for path in _import_paths(srcs, proto_root)
    ]

def cc_proto(
        name,
        srcs,
        deps = [],
        grpc = False,
        mocks = False,
        proto_root = "protos",
        visibility = None):
    """Generates and compiles C++ for proto files.

    Args:
      name: name of the cc_library; NAME_srcs are the proto files, with those
        of the dependencies.
      srcs: proto files.
      deps: other cc_proto targets, written with their ":name".
      grpc: whether to generate the services, too (*.grpc.pb.h); or a list of
        those srcs that have any, which saves compiling empty files.
      mocks: whether to generate mock stubs, too (*_mock.grpc.pb.h); the users
        of those depend on //third_party:gmock_main themselves.
      proto_root: the folder that imports are relative to.
      visibility: of the library and its proto files.
    """
    native.filegroup(
        name = name + "_srcs",
        srcs = srcs + [dep + "_srcs" for dep in deps],
        visibility = visibility,
    )

    generated_dir = name + "_generated"
    out = "$(RULEDIR)/" + generated_dir
    protoc = ["protoc", _PROTO_PATH]
    commands = [protoc + ["--cpp_out=" + out] + _import_paths(srcs, proto_root)]
    stems = _stems(generated_dir, srcs, proto_root)
    cc = [stem + ".pb.cc" for stem in stems]
    h = [stem + ".pb.h" for stem in stems]

    if grpc:
        services = srcs if grpc == True else grpc
        commands.append(protoc + [
            "--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin",
            "--grpc_out=%s%s" % ("generate_mock_code=true:" if mocks else "", out),
        ] + _import_paths(services, proto_root))
        stems = _stems(generated_dir, services, proto_root)
        cc += [stem + ".grpc.pb.cc" for stem in stems]
        h += [stem + ".grpc.pb.h" for stem in stems]
        if mocks:
            h += [stem + "_mock.grpc.pb.h" for stem in stems]

    native.genrule(
        name = name + "_generate",
        srcs = [name + "_srcs", "@system_packages//:versions.txt"],
        outs = cc + h,
        cmd = " && ".join([" ".join(command) for command in commands]),
    )
    cc_library(
        name = name,
        srcs = cc,
        hdrs = h,
        includes = [generated_dir],
        visibility = visibility,
        deps = deps + [
            "//third_party:grpc++" if grpc else "//third_party:protobuf",
        ],
    )
