# SPDX-License-Identifier: Apache-2.0
"""What the template's Kconfig turns on, by board and release, as a real Kconfig evaluates it."""

from __future__ import annotations

import pathlib
from typing import Any, Callable

import pytest

HERE = pathlib.Path(__file__).parent
TEMPLATE = HERE.parents[1] / "templates" / "zephyr"
BOARD = {
    "HAS_FPU": "n",
    "IS_NATIVE": "n",
    "IS_QEMU": "n",
    "IS_RISCV": "n",
    "IS_OLD": "n",
    "HAS_NEWLIB": "y",
    "HAS_PICOLIBC": "y",
    "CYCLES": "64000000",
    "KERNELVERSION": "0x4026300",
    "CHOSEN": "zephyr,console zephyr,entropy",
}


@pytest.fixture()
def evaluate(
    require_module: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, str]]:
    """``evaluate("MICROTVM_CPP", HAS_FPU="y")`` gives all values, with that symbol turned on."""
    kconfiglib = require_module("kconfiglib", "evaluate Kconfig")

    def evaluate_one(*wanted: str, **board: str) -> dict[str, str]:
        for name, value in {**BOARD, **board}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("srctree", str(HERE / "kconfig"))
        monkeypatch.setenv("KCONFIG_FUNCTIONS", "kconfigfunctions")
        monkeypatch.syspath_prepend(str(HERE / "kconfig"))
        kconfig = kconfiglib.Kconfig(str(TEMPLATE / "Kconfig"), warn_to_stderr=False)
        for name in wanted:
            kconfig.syms[name].set_value("y")
        assert not kconfig.warnings  # Zephyr treats each as an error
        return {name: symbol.str_value for name, symbol in kconfig.syms.items()}

    return evaluate_one


def test_a_board_with_everything(evaluate: Callable[..., dict[str, str]]) -> None:
    values = evaluate(HAS_FPU="y")
    for name in ("FPU", "UART_INTERRUPT_DRIVEN", "ENTROPY_GENERATOR", "REBOOT", "PICOLIBC"):
        assert values[name] == "y", name
    for name in ("SEMIHOST", "TIMING_FUNCTIONS", "NEWLIB_LIBC"):
        assert values[name] == "n", name
    assert values["SYS_CLOCK_TICKS_PER_SEC"] == "100"


@pytest.mark.parametrize(
    ("board", "name", "value"),
    [
        ({"HAS_FPU": "n"}, "FPU", "n"),
        ({"HAS_FPU": "y", "IS_RISCV": "y"}, "FPU", "y"),
        ({"HAS_FPU": "y", "IS_RISCV": "y", "KERNELVERSION": "0x2060000"}, "FPU", "n"),
        ({"CHOSEN": "zephyr,console"}, "ENTROPY_GENERATOR", "n"),
        ({"CYCLES": "32768"}, "TIMING_FUNCTIONS", "y"),
        ({"IS_QEMU": "y"}, "SEMIHOST", "y"),
        ({"HAS_PICOLIBC": "n"}, "NEWLIB_LIBC", "y"),
        ({"KERNELVERSION": "0x3040000"}, "NEWLIB_LIBC", "y"),
        ({"HAS_PICOLIBC": "n", "HAS_NEWLIB": "n"}, "MINIMAL_LIBC", "y"),
        ({"IS_OLD": "y"}, "NEWLIB_LIBC", "y"),
        ({"IS_NATIVE": "y"}, "EXTERNAL_LIBC", "y"),
        ({"IS_NATIVE": "y"}, "UART_INTERRUPT_DRIVEN", "n"),
        ({"IS_NATIVE": "y"}, "SYS_CLOCK_TICKS_PER_SEC", "10000"),
    ],
)
def test_boards_that_differ(
    evaluate: Callable[..., dict[str, str]], board: dict[str, str], name: str, value: str
) -> None:
    assert evaluate(**board)[name] == value


def test_a_release_that_knows_no_semihosting(evaluate: Callable[..., dict[str, str]]) -> None:
    values = evaluate(IS_OLD="y", IS_QEMU="y")
    assert values["SEMIHOST"] != "y" and values["UART_INTERRUPT_DRIVEN"] == "y"


@pytest.mark.parametrize(
    ("is_old", "names"),
    [("n", ("CPP", "REQUIRES_FULL_LIBCPP")), ("y", ("CPLUSPLUS", "LIB_CPLUSPLUS"))],
)
def test_c_plus_plus_where_it_is_needed(
    evaluate: Callable[..., dict[str, str]], is_old: str, names: tuple[str, str]
) -> None:
    with_it, without = evaluate("MICROTVM_CPP", IS_OLD=is_old), evaluate(IS_OLD=is_old)
    for name in names:
        assert (with_it[name], without[name]) == ("y", "n"), name
