# SPDX-License-Identifier: Apache-2.0
"""What the Zephyr template needs."""

from __future__ import annotations

import glob
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys

from server_kit import tools
from server_kit.errors import ToolError

from .finding import Finding, program

_DOCS = "docs/zephyr.md"
_WEST_INIT = f"west init zephyrproject && cd zephyrproject && west update ({_DOCS})"
_REQUIREMENTS = "pip install -r $ZEPHYR_BASE/scripts/requirements-base.txt, where west is installed"
# Zephyr's build scripts import these.
_MODULES = ("elftools", "yaml", "pykwalify", "packaging")
_SDK_PLACES = (
    "~/zephyr-sdk-*",
    "~/.local/zephyr-sdk-*",
    "/opt/zephyr-sdk-*",
    "/usr/local/zephyr-sdk-*",
)
# Toolchains by ZEPHYR_TOOLCHAIN_VARIANT that are told where they are by another variable.
_LOCATED = {
    "gnuarmemb": "GNUARMEMB_TOOLCHAIN_PATH",
    "cross-compile": "CROSS_COMPILE",
    "llvm": "LLVM_TOOLCHAIN_PATH",
}
_FLASH_TOOLS = {
    "openocd": "apt-get install openocd",
    "pyocd": "pip install pyocd",
    "nrfutil": "Nordic's download page",
    "JLinkExe": "SEGGER's download page",
    "STM32_Programmer_CLI": "ST's download page",
}
_PORTS = ("/dev/ttyACM*", "/dev/ttyUSB*", "/dev/cu.usb*")


def examine() -> list[Finding]:
    """Look for Zephyr, its tools and toolchain, and what boards need."""
    return [
        program("west", "build and flash", "pip install west", at_least=(0, 14)),
        _zephyr(),
        _python_modules(),
        program("cmake", "build", "pip install cmake", at_least=(3, 20)),
        program("ninja", "build", "pip install ninja"),
        program("dtc", "check devicetrees", "apt-get install device-tree-compiler", required=False),
        _toolchain(),
        program("ccache", "build faster", "apt-get install ccache", required=False),
        program(
            "qemu-system-arm",
            "run emulated boards",
            "apt-get install qemu-system-arm",
            required=False,
        ),
        _pyserial(),
        _flash_tools(),
        _ports(),
    ]


def _zephyr() -> Finding:
    base = os.environ.get("ZEPHYR_BASE") or _workspace()
    found = None
    if base:
        try:
            text = (pathlib.Path(base) / "VERSION").read_text(encoding="utf-8")
            numbers = re.findall(r"(?:MAJOR|MINOR|PATCHLEVEL)\s*=\s*(\d+)", text)
            found = f"{'.'.join(numbers)} {base}"
        except OSError:
            pass
    return Finding("Zephyr", "build; set ZEPHYR_BASE or make a workspace", found, _WEST_INIT)


def _workspace() -> str | None:
    """Ask west, from here, for the Zephyr of its workspace."""
    try:
        west = tools.find_tool("west")
        top = tools.output([west, "topdir"]).strip()
        return str(pathlib.Path(top, tools.output([west, "config", "zephyr.base"]).strip()))
    except ToolError:
        return None


def _python_modules() -> Finding:
    """Ask the Python that runs west, since Zephyr's build uses that one."""
    python = _west_python()
    missing = [name for name in _MODULES if not _has_module(python, name)]
    return Finding(
        "Python packages",
        f"build ({', '.join(missing)} cannot be imported by {python})",
        None if missing else f"of {python}",
        _REQUIREMENTS,
    )


def _west_python() -> str:
    west = shutil.which("west")
    if west:
        with open(west, "rb") as script:
            line = script.readline()
        interpreter = line[2:].decode("utf-8", "replace").strip() if line[:2] == b"#!" else ""
        if os.access(interpreter, os.X_OK):
            return interpreter
    return sys.executable


def _has_module(python: str, name: str) -> bool:
    if python == sys.executable:
        return importlib.util.find_spec(name) is not None
    done = subprocess.run([python, "-c", f"import {name}"], capture_output=True, check=False)
    return done.returncode == 0


def _toolchain() -> Finding:
    variant = os.environ.get("ZEPHYR_TOOLCHAIN_VARIANT", "")
    install = f"install the Zephyr SDK: west sdk install ({_DOCS})"
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
    else:
        places = [os.environ.get("ZEPHYR_SDK_INSTALL_DIR", ""), *map(_expand, _SDK_PLACES)]
        found = next((path for place in places if place for path in sorted(glob.glob(place))), None)
    return Finding("toolchain", why, found, install)


def _expand(place: str) -> str:
    return str(pathlib.Path(place).expanduser())


def _host_compiler() -> str | None:
    compiler = shutil.which("gcc") or shutil.which("clang")
    return f"host {compiler}" if compiler else None


def _pyserial() -> Finding:
    there = importlib.util.find_spec("serial") is not None
    return Finding(
        "PySerial",
        "talk to boards",
        f"of {sys.executable}" if there else None,
        f"{sys.executable} -m pip install pyserial",
        required=False,
    )


def _flash_tools() -> Finding:
    found = [name for name in _FLASH_TOOLS if shutil.which(name)]
    return Finding(
        "flash tools",
        "flash boards, one of them by the board's runner",
        ", ".join(found) or None,
        "; ".join(f"{name}: {source}" for name, source in _FLASH_TOOLS.items()),
        required=False,
    )


def _ports() -> Finding:
    ports = sorted(port for pattern in _PORTS for port in glob.glob(pattern))
    closed = [port for port in ports if not os.access(port, os.R_OK | os.W_OK)]
    if closed:
        return Finding(
            "ports",
            f"open {', '.join(closed)}, which this user may not",
            None,
            "sudo usermod -a -G dialout $USER, then log in again",
            required=False,
        )
    return Finding("ports", "talk to boards", ", ".join(ports) or "none attached", "", False)
