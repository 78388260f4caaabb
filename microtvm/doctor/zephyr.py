# SPDX-License-Identifier: Apache-2.0
"""What the Zephyr template needs."""

from __future__ import annotations

import dataclasses
import glob
import importlib
import os
import pathlib
import re
import shutil
import sys
from typing import Any

from server_kit.api import client_directory
from server_kit.errors import ServerError

from ..templates import get_microtvm_template_projects
from .finding import Finding, apt, pip, program, pyserial

#: Boards are attached by USB.
USES_BOARDS = True

_DOCS = "docs/zephyr.md"
_WEST_INIT = (
    "west init zephyrproject && cd zephyrproject && west update, "
    f"then export ZEPHYR_BASE=$PWD/zephyr ({_DOCS})"
)
# Where Zephyr looks: cmake/modules/FindZephyr-sdk.cmake. And CMake's registry, where the SDK's
# setup.sh writes the place down.
_SDK_PLACES = ("/usr", "/usr/local", "/opt", "~", "~/.local", "~/.local/opt", "~/bin")
_SDK_REGISTRY = "~/.cmake/packages/Zephyr-sdk"
# Since this release there is `west sdk install`.
_WEST_SDK_SINCE = (4, 0)
_SDK = "zephyr"  # newer releases add the compiler: zephyr/gnu
# Toolchains by ZEPHYR_TOOLCHAIN_VARIANT that are told where they are by another variable.
_LOCATED = {
    "gnuarmemb": "GNUARMEMB_TOOLCHAIN_PATH",
    "cross-compile": "CROSS_COMPILE",
    "llvm": "LLVM_TOOLCHAIN_PATH",
}
_FLASH_TOOLS = {
    "openocd": apt("openocd"),
    "pyocd": "pip install pyocd",
    "esptool": "pip install esptool",
    "bossac": apt("bossa-cli"),
    "nrfutil": "nordicsemi.com",
    "nrfjprog": "nordicsemi.com",
    "JLinkExe": "segger.com",
    "LinkServer": "nxp.com",
    "STM32_Programmer_CLI": "st.com",
}


def examine() -> list[Finding]:
    """Look for Zephyr, its tools and toolchain, and what boards need."""
    zephyr = _zephyr()
    base = _base()
    return [
        program("west", "build and flash", pip("west"), at_least=(0, 14)),
        zephyr,
        _python_packages(base),
        program("cmake", "build", pip("cmake"), at_least=(3, 20)),
        program("ninja", "build", pip("ninja")),
        program("dtc", "check devicetrees", apt("device-tree-compiler"), required=False),
        _toolchain(base),
        program("ccache", "build faster", apt("ccache"), required=False),
        _qemu(),
        pyserial(),
        _flash_tools(),
    ]


def _kit(module: str) -> Any:
    """Import one of the template's own modules, so that both say the same."""
    place = get_microtvm_template_projects("zephyr")
    if place not in sys.path:
        sys.path.append(place)
    os.environ[client_directory.VARIABLE] = os.getcwd()  # as for a server that is started here
    return importlib.import_module(f"zephyr_kit.{module}")


def _base() -> pathlib.Path | None:
    """The tree that is meant, whether or not it can be built with."""
    try:
        base: pathlib.Path = _kit("west").find_base(None, None)
    except ServerError:
        return None
    return base


def _zephyr() -> Finding:
    try:
        tree, _ = _kit("west").find_zephyr(None, None)
    except ServerError as error:
        return Finding("Zephyr", f"build ({error})", None, _WEST_INIT)
    version = ".".join(map(str, _version(tree.base)))
    return Finding("Zephyr", "build", f"{version} {tree.base}", _WEST_INIT)


def _version(base: pathlib.Path | None) -> list[int]:
    text = _text(base, "VERSION")
    return [int(n) for n in re.findall(r"(?:MAJOR|MINOR|PATCHLEVEL)\s*=\s*(\d+)", text)]


def _text(base: pathlib.Path | None, name: str) -> str:
    try:
        return (base / name).read_text(encoding="utf-8") if base else ""
    except OSError:
        return ""


def _python_packages(base: pathlib.Path | None) -> Finding:
    """Ask the Python that runs west, since Zephyr's build uses that one."""
    kit = _kit("python_packages")
    west = shutil.which("west")
    python = kit.python_of([west] if west else [])
    missing = kit.missing_modules(python, base)
    return Finding(
        "Python packages",
        f"build ({', '.join(missing)} cannot be imported by {python})",
        None if missing else f"of {python}",
        kit.install_command(python, base),
    )


def _toolchain(base: pathlib.Path | None) -> Finding:
    variant = os.environ.get("ZEPHYR_TOOLCHAIN_VARIANT", "")
    install = _sdk_install(base)
    found = None
    why = "build"
    if variant == "host":
        found = _host_compiler()
    elif variant in _LOCATED:
        variable = _LOCATED[variant]
        value = os.environ.get(variable, "")
        if value and glob.glob(f"{glob.escape(value)}*"):
            found = f"{variant} {value}"
        else:
            why = f"build; ZEPHYR_TOOLCHAIN_VARIANT is {variant} and {variable} is {value!r}"
            install = f"set {variable}"
    elif variant and not variant.startswith(_SDK):
        kinds = _toolchains_of(base)
        found = variant if variant in kinds else None
        why = f"build; ZEPHYR_TOOLCHAIN_VARIANT is {variant!r}"
        install = f"set it to one that Zephyr has: {', '.join(kinds)}" if kinds else install
    else:
        found = _sdk()
    return Finding("toolchain", why, found, install)


def _toolchains_of(base: pathlib.Path | None) -> list[str]:
    """Zephyr's, and those where its variable TOOLCHAIN_ROOT points."""
    roots = [base, os.environ.get("TOOLCHAIN_ROOT")]
    places = [pathlib.Path(root, "cmake/toolchain") for root in roots if root]
    return sorted({path.name for place in places for path in place.glob("*") if path.is_dir()})


def _sdk() -> str | None:
    """Find the newest Zephyr SDK where Zephyr looks, or the one that is named."""
    named = os.environ.get("ZEPHYR_SDK_INSTALL_DIR")
    if named:
        return named if pathlib.Path(named).is_dir() else None
    found = [
        path
        for place in _SDK_PLACES
        for path in pathlib.Path(place).expanduser().glob("zephyr-sdk-*")
        if path.is_dir()
    ]
    for entry in pathlib.Path(_SDK_REGISTRY).expanduser().glob("*"):
        path = pathlib.Path(_text(entry.parent, entry.name).strip()).parent
        found += [path] if (path / "sdk_version").is_file() else []
    newest = max(
        found, key=lambda path: [int(n) for n in re.findall(r"\d+", path.name)], default=""
    )
    return str(newest) or None


def _sdk_install(base: pathlib.Path | None) -> str:
    version = _version(base)
    if version and tuple(version) < _WEST_SDK_SINCE:
        return f"the Zephyr SDK of Zephyr {version[0]}.{version[1]}, by its setup.sh ({_DOCS})"
    return f"cd {base or '$ZEPHYR_BASE'} && west sdk install ({_DOCS})"


def _host_compiler() -> str | None:
    compiler = shutil.which("gcc") or shutil.which("clang")
    return f"host {compiler}" if compiler else None


def _qemu() -> Finding:
    """Look for QEMU, which Zephyr's SDK brings on Linux."""
    name = "qemu-system-arm"
    finding = program(name, "run emulated boards", apt(name), required=False)
    sdk = _sdk()
    brought = sorted(glob.glob(f"{glob.escape(sdk)}/**/bin/{name}", recursive=True)) if sdk else []
    if finding.found is None and brought:
        return dataclasses.replace(finding, found=brought[0])
    return finding


def _flash_tools() -> Finding:
    found = [name for name in _FLASH_TOOLS if shutil.which(name)]
    return Finding(
        "flash tools",
        "flash boards, each by one of these",
        ", ".join(found) or None,
        ", ".join(f"{name} ({source})" for name, source in _FLASH_TOOLS.items()),
        required=False,
    )
