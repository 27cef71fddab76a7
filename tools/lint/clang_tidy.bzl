"""clang-tidy as a Bazel aspect; see the configuration clang-tidy in .bazelrc.

Bazel knows the flags and headers of every file, runs what changed in parallel
and remembers what was clean, so that a second run takes no time.
"""

load("@rules_cc//cc:defs.bzl", "CcInfo", "cc_common")

# Clang 14 implements coroutines, but not the macro that libstdc++ 12 asks for.
_FLAGS = [
    "-std=c++20",
    "-D__cpp_impl_coroutine=201902L",
]

def _sources(ctx):
    files = []
    for attr in ["srcs", "hdrs"]:
        for target in getattr(ctx.rule.attr, attr, []):
            files += target.files.to_list()
    return files

def _clang_tidy_impl(target, ctx):
    if not ctx.rule.kind.startswith("cc_"):
        return []
    files = _sources(ctx)
    deps = [dep[CcInfo] for dep in getattr(ctx.rule.attr, "deps", []) if CcInfo in dep]
    own = [target[CcInfo]] if CcInfo in target else []
    context = cc_common.merge_cc_infos(cc_infos = own + deps).compilation_context

    flags = ctx.actions.args()
    flags.add_all(_FLAGS)
    flags.add_all(context.defines, format_each = "-D%s")
    flags.add_all(context.quote_includes, before_each = "-iquote")
    flags.add_all(context.includes, before_each = "-I")
    flags.add_all(context.system_includes, before_each = "-isystem")

    reports = []
    for source in files:
        if source.extension != "cc" or not source.is_source:
            continue
        report = ctx.actions.declare_file("%s.%s.clang-tidy" % (ctx.label.name, source.basename))
        ctx.actions.run(
            mnemonic = "ClangTidy",
            progress_message = "Analysing " + source.short_path,
            executable = ctx.file._script,
            arguments = [ctx.file._config.path, ctx.file._plugin.path, source.path, report.path, flags],
            env = {"PATH": "/usr/bin:/bin"},
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
    },
)
