# SPDX-License-Identifier: Apache-2.0
"""The files by which a project tells CMake and Kconfig what it is."""

from __future__ import annotations

from server_kit.errors import OptionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    from .tree import Board, ZephyrTree

DEFAULT_STACK_BYTES = 4096
MOST_STACK_BYTES = 1 << 28  # Kconfig cuts what 32 bits do not hold, without a word

# What connects the UART of a board emulated on the host to standard input and output: of Zephyr
# 4.2 and later, and of those before.
_NATIVE_STDIO = ("UART_NATIVE_PTY_0_ON_STDINOUT", "NATIVE_UART_0_ON_STDINOUT")
_SERIAL_KCONFIG = "drivers/serial"


def stack_bytes(given: int | None) -> int:
    """The option ``config_main_stack_size``, or what most models do with.

    Raises
    ------
    OptionError :
        When it is negative, or more than any board has.
    """
    if not given:
        return DEFAULT_STACK_BYTES
    if not 0 < given <= MOST_STACK_BYTES:
        raise OptionError(
            f"option 'config_main_stack_size' was given {given}; allowed is a number of bytes, "
            f"{DEFAULT_STACK_BYTES} by default and {MOST_STACK_BYTES} at most"
        )
    return given


def cmake_text(facts: Mapping[str, Any]) -> str:
    """``settings.cmake``: variables that CMakeLists.txt reads.

    Parameters
    ----------
    facts : mapping
        The project's facts; their values were validated and need no quoting.
    """
    definitions = " ".join(f'"{definition}"' for definition in facts["compile_definitions"])
    return "\n".join(
        [
            "# Written by generate_project.",
            f"set(PROGRAM {facts['program']})",
            f"set(RUNTIME {facts['runtime']})",
            f"set(TVM_CRT_RPC {'ON' if facts['is_served_by_tvm'] else 'OFF'})",
            f"set(TVM_WORKSPACE_BYTES {facts['tvm_workspace_bytes']})",
            f"set(POOL_BYTES {facts['pool_bytes']})",
            f"set(POOL_HAS_SPARE {int(facts['pool_has_spare'])})",
            f"set(COMPILE_DEFINITIONS {definitions})",
            f"set(WARNING_AS_ERROR {'ON' if facts['warning_as_error'] else 'OFF'})",
            "",
        ]
    )


def kconfig_text(facts: Mapping[str, Any], board: Board, tree: ZephyrTree) -> str:
    """``prj.conf``: what differs between projects. What all want stands in ``Kconfig``."""
    lines = [
        "# Written by generate_project; Kconfig holds what every project wants.",
        "CONFIG_SERIAL=y",
        "CONFIG_BOOT_BANNER=n",
        f"CONFIG_MAIN_STACK_SIZE={facts['main_stack_bytes']}",
    ]
    if facts["project_type"] != "host_driven":
        lines += ["# Answers are printed, floats among them.", "CONFIG_CBPRINTF_FP_SUPPORT=y"]
    if facts["project_type"] != "standalone":
        lines += ["# The console's UART is the wire to the host.", "CONFIG_UART_CONSOLE=n"]
    if facts["is_energy_mode"]:
        lines += ["# Moments are marked by a pin.", "CONFIG_MICROTVM_ENERGY_MODE=y"]
    if facts["is_served_by_tvm"]:
        lines += ["# TVM's RPC server is C++.", "CONFIG_MICROTVM_CPP=y"]
    if facts["use_fvp"]:
        lines += ["# Arm's FVP has the UART for the wire.", "CONFIG_MICROTVM_FVP=y"]
    if board.is_native:
        known = [name for name in _NATIVE_STDIO if tree.knows(name, _SERIAL_KCONFIG)]
        lines += [f"CONFIG_{known[0]}=y"] if known else []
    return "\n".join([*lines, ""])
