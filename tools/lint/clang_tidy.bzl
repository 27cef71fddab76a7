"""clang-tidy as a Bazel aspect; see the configuration clang-tidy in .bazelrc.

Bazel knows the flags and headers of every file, runs what changed in parallel
and remembers what was clean, so that a second run takes no time. The headers that
a compilation takes precompiled are not parsed here either, which is four fifths
of the time; --config=gcc is what notices a missing #include.
"""

load("@rules_cc//cc:defs.bzl", "CcInfo", "cc_common")
load("//tools/pch:precompiled_header.bzl", "compile_command", "precompiled_header_flags")

def _sources(ctx):
    files = []
    for attr in ["srcs", "hdrs"]:
        for target in getattr(ctx.rule.attr, attr, []):
            files += target.files.to_list()
    return files

def _precompiled_header(ctx):
    for dep in getattr(ctx.rule.attr, "deps", []):
        for file in dep.files.to_list():
            if file.extension == "pch":
                return file
    return None

def _flags(ctx, context):
    command = compile_command(
        ctx,
        context,
        preprocessor_defines = context.defines,
        include_directories = context.includes,
    )
    header = _precompiled_header(ctx)
    return command.flags + (precompiled_header_flags(header.path) if header else [])

def _clang_tidy_impl(target, ctx):
    if not ctx.rule.kind.startswith("cc_"):
        return []
    files = _sources(ctx)
    deps = [dep[CcInfo] for dep in getattr(ctx.rule.attr, "deps", []) if CcInfo in dep]
    own = [target[CcInfo]] if CcInfo in target else []
    context = cc_common.merge_cc_infos(cc_infos = own + deps).compilation_context

    flags = _flags(ctx, context)
    reports = []
    for source in files:
        if source.extension != "cc" or not source.is_source:
            continue
        report = ctx.actions.declare_file("%s.%s.clang-tidy" % (ctx.label.name, source.basename))
        ctx.actions.run(
            mnemonic = "ClangTidy",
            progress_message = "Analysing " + source.short_path,
            executable = ctx.file._script,
            arguments = [ctx.file._config.path, ctx.file._plugin.path, source.path, report.path] + flags,
            use_default_shell_env = True,
            inputs = depset(
                files + [ctx.file._config, ctx.file._plugin, ctx.file._versions],
                transitive = [context.headers],
            ),
            outputs = [report],
        )
        reports.append(report)
    return [OutputGroupInfo(clang_tidy = depset(reports))]

clang_tidy = aspect(
    implementation = _clang_tidy_impl,
    attrs = {
        "_config": attr.label(
            default = "//:.clang-tidy",
            allow_single_file = True,
        ),
        "_plugin": attr.label(
            default = "//tools/lint:own_code",
            allow_single_file = True,
        ),
        "_script": attr.label(
            default = "//tools/lint:clang_tidy.sh",
            allow_single_file = True,
        ),
        "_versions": attr.label(
            default = "@system_packages//:versions.txt",
            allow_single_file = True,
        ),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
