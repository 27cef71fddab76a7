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

load("@rules_cc//cc:defs.bzl", "cc_library")

# A root without any input does not exist in the sandbox; protoc would warn.
_PROTO_PATH = """$$(for root in protos external/google_common_protos \
    external/grpc_protos /usr/include; do \
  [ ! -d $$root ] || echo -I$$root; done)"""

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
      grpc: whether to generate the services, too (*.grpc.pb.h).
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

    # Import paths without ".proto", such as opcon/v1/opcon_gateway.
    package = native.package_name()
    below_root = package[len(proto_root):].lstrip("/") if package.startswith(proto_root) else ""
    stems = []
    for src in srcs:
        path = src.split(":")[-1][:-len(".proto")]
        stems.append(below_root + "/" + path if below_root else path)

    generated_dir = name + "_generated"
    kinds = [".pb"] + ([".grpc.pb"] if grpc else [])
    headers = kinds + (["_mock.grpc.pb"] if grpc and mocks else [])
    cc = ["%s/%s%s.cc" % (generated_dir, s, k) for s in stems for k in kinds]
    h = ["%s/%s%s.h" % (generated_dir, s, k) for s in stems for k in headers]

    out = "$(RULEDIR)/" + generated_dir
    grpc_out = ("generate_mock_code=true:" if mocks else "") + out
    native.genrule(
        name = name + "_generate",
        srcs = [name + "_srcs", "@system_packages//:versions.txt"],
        outs = cc + h,
        cmd = " ".join(
            ["protoc", _PROTO_PATH, "--cpp_out=" + out] +
            ([
                "--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin",
                "--grpc_out=" + grpc_out,
            ] if grpc else []) +
            [stem + ".proto" for stem in stems],
        ),
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
