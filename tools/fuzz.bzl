"""Fuzz targets, which are tests of their corpus in every other build.

    load("//tools:fuzz.bzl", "fuzz_target")
"""

load("//tools:cc.bzl", "cc_test")

def fuzz_target(name, srcs, corpus, deps = [], **kwargs):
    """A test that replays a corpus, and with --config=fuzz a libFuzzer program.

    Args:
      name: name of the target; "./dev soak" finds it by its tag.
      srcs: a file that defines LLVMFuzzerTestOneInput.
      corpus: files to begin with, usually glob(["NAME_corpus/*"]); no blanks in
        their names.
      deps: what srcs includes.
      **kwargs: passed on to cc_test.
    """
    if not corpus:
        fail("%s: a fuzz target needs a corpus" % name)
    native.filegroup(
        name = name + "_files",
        testonly = True,
        srcs = corpus,
    )
    cc_test(
        name = name,
        srcs = srcs,
        args = ["$(rootpaths :%s_files)" % name],
        data = [":%s_files" % name],
        linkopts = select({
            "//tools/fuzz:enabled": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        tags = ["fuzz"],
        deps = deps + select({
            "//tools/fuzz:enabled": [],
            "//conditions:default": ["//tools/fuzz:replay_main"],
        }),
        **kwargs
    )
