"""A header that Clang parses once, for every file that begins with it.

Most of a compilation is parsing the same few large libraries; see //tools/pch
for which. tools/cc.bzl gives every target one.
"""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
load("@rules_cc//cc:defs.bzl", "CcInfo", "cc_common")

# Or clang-tidy preprocesses everything a second time, looking for modules, which
# with such a header fails.
_NO_MODULES = ["-Xclang", "-fno-cxx-modules"]

def precompiled_header_flags(path):
    """What Clang needs to begin with such a header.

    Args:
      path: its path.

    Returns:
      the flags.
    """
    return ["-include-pch", path, "-isysroot", "."] + _NO_MODULES

def compile_command(ctx, context, **variables):
    """How a C++ file is compiled; of all that uses such a header, it must be the same.

    Args:
      ctx: of a rule or aspect with the C++ toolchain and the fragment "cpp".
      context: the compilation context with the folders of headers.
      **variables: more for cc_common.create_compile_variables.

    Returns:
      compiler, flags, and the files that both need.
    """
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    return struct(
        compiler = cc_common.get_tool_for_action(
            feature_configuration = features,
            action_name = "c++-compile",
        ),
        files = toolchain.all_files,
        flags = cc_common.get_memory_inefficient_command_line(
            feature_configuration = features,
            action_name = "c++-compile",
            variables = cc_common.create_compile_variables(
                feature_configuration = features,
                cc_toolchain = toolchain,
                use_pic = True,
                user_compile_flags = ctx.fragments.cpp.copts + ctx.fragments.cpp.cxxopts,
                quote_include_directories = context.quote_includes,
                system_include_directories = context.system_includes,
                **variables
            ),
        ),
    )

def _precompiled_header_impl(ctx):
    context = cc_common.merge_cc_infos(
        cc_infos = [dep[CcInfo] for dep in ctx.attr.deps],
    ).compilation_context
    output = ctx.actions.declare_file(ctx.label.name + ".pch")
    command = compile_command(ctx, context, source_file = "-", output_file = output.path)
    ctx.actions.run_shell(
        mnemonic = "PrecompileHeader",
        # Clang notes absolute paths of files, and would look for ours in a sandbox
        # that is gone by then: those that are put in front of everything come from
        # standard input, generated ones are noted relative to the "system root".
        command = "cat %s | \"$@\" -relocatable-pch -isysroot \"$PWD\"" %
                  " ".join([hdr.path for hdr in ctx.files.hdrs]),
        # A generated header may be newer than this and the same.
        arguments = [
            command.compiler,
            "-x",
            "c++-header",
            "-fpch-instantiate-templates",
            "-Xclang",
            "-fno-pch-timestamp",
        ] + _NO_MODULES + command.flags,
        inputs = depset(ctx.files.hdrs, transitive = [context.headers, command.files]),
        outputs = [output],
    )
    return [
        DefaultInfo(files = depset([output])),
        # Inputs of the compilations of everything that depends on this; where the
        # headers are found, each target has to know by itself.
        CcInfo(compilation_context = cc_common.create_compilation_context(
            headers = depset([output], transitive = [context.headers]),
        )),
    ]

precompiled_header = rule(
    implementation = _precompiled_header_impl,
    attrs = {
        # Without include guards; one after the other.
        "hdrs": attr.label_list(allow_files = [".h"], mandatory = True),
        "deps": attr.label_list(providers = [CcInfo]),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
