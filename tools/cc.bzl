"""The C++ rules of this workspace: rules_cc's, with a precompiled header.

    load("//tools:cc.bzl", "cc_binary", "cc_library", "cc_test")
"""

load(
    "@rules_cc//cc:defs.bzl",
    _cc_binary = "cc_binary",
    _cc_library = "cc_library",
    _cc_test = "cc_test",
)

def _with_header(rule, header, copts = [], deps = [], **kwargs):
    rule(
        copts = select({
            "//tools/pch:clang": ["-include-pch", "$(location %s)" % header],
            "//conditions:default": [],
        }) + copts,
        deps = select({
            "//tools/pch:clang": [header],
            "//conditions:default": [],
        }) + deps,
        **kwargs
    )

def _header(kwargs):
    return "//tools/pch:test" if kwargs.get("testonly") else "//tools/pch:library"

def cc_library(name, **kwargs):
    """rules_cc's cc_library; takes the same arguments."""
    if kwargs.get("srcs"):
        _with_header(_cc_library, _header(kwargs), name = name, **kwargs)
    else:
        _cc_library(name = name, **kwargs)

def cc_binary(name, **kwargs):
    """rules_cc's cc_binary; takes the same arguments."""
    _with_header(_cc_binary, _header(kwargs), name = name, **kwargs)

def cc_test(name, **kwargs):
    """rules_cc's cc_test; takes the same arguments."""
    _with_header(_cc_test, "//tools/pch:test", name = name, **kwargs)
