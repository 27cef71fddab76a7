"""A cc_library for a library that a Debian package installed."""

load("@rules_cc//cc:defs.bzl", "cc_library")
load("@system_packages//:stamp.bzl", "SYSTEM_PACKAGES")

def system_library(
        name,
        libs = [],
        as_needed = True,
        defines = [],
        linkopts = [],
        **kwargs):
    """Declares a system library; its headers are in /usr/include.

    Args:
      name: name of the target.
      libs: names of the libraries to link, without "-l".
      as_needed: whether the linker may leave them out when no symbol is used.
      defines: preprocessor definitions for everything that depends on it.
      linkopts: further linker options.
      **kwargs: passed on to cc_library.
    """
    link = ["-l" + lib for lib in libs]
    if libs and as_needed:
        link = ["-Wl,--push-state,--as-needed"] + link + ["-Wl,--pop-state"]
    cc_library(
        name = name,
        defines = defines + ["OPCON_SNOW_PACKAGES_" + SYSTEM_PACKAGES],
        linkopts = link + linkopts + ["-Wl,--defsym=opcon_snow_packages_%s=0" % SYSTEM_PACKAGES],
        **kwargs
    )
