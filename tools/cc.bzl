"""The C++ rules of this workspace: rules_cc's, with a precompiled header.

    load("//tools:cc.bzl", "cc_binary", "cc_library", "cc_test")
"""

load(
    "@rules_cc//cc:defs.bzl",
    _cc_binary = "cc_binary",
    _cc_library = "cc_library",
    _cc_test = "cc_test",
)
load("//tools/pch:precompiled_header.bzl", "precompiled_header_flags")

def _with_header(rule, header, copts = [], deps = [], **kwargs):
    rule(
        copts = select({
            "//tools/pch:clang": precompiled_header_flags("$(location %s)" % header),
            "//conditions:default": [],
        }) + copts,
        deps = select({
            "//tools/pch:clang": [header],
            "//conditions:default": [],
        }) + deps,
        **kwargs
    )

# Their files include the contracts.
_SERVICES = ["cli", "incident_service", "opcon_gateway", "snow_gateway", "tests"]

def _header(testonly):
    folder = native.package_name().split("/")[0]
    layer = "services" if folder in _SERVICES else "library"
    return "//tools/pch:%s%s" % (layer, "_test" if testonly else "")

def cc_library(name, **kwargs):
    """rules_cc's cc_library; takes the same arguments."""
    if kwargs.get("srcs"):
        _with_header(_cc_library, _header(kwargs.get("testonly")), name = name, **kwargs)
    else:
        _cc_library(name = name, **kwargs)

def cc_binary(name, **kwargs):
    """rules_cc's cc_binary; takes the same arguments."""
    _with_header(_cc_binary, _header(kwargs.get("testonly")), name = name, **kwargs)

def cc_test(name, **kwargs):
    """rules_cc's cc_test; takes the same arguments."""
    _with_header(_cc_test, _header(True), name = name, **kwargs)
