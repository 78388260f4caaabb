# SPDX-License-Identifier: Apache-2.0
"""Being told to end, in and out of code that must not be cut in two."""

from __future__ import annotations

import pathlib
import subprocess
import sys

PROLOGUE = """
import os, signal
from server_kit import interrupts
from server_kit.interrupts import Deferred, Ending
interrupts.install()
def tell():
    os.kill(os.getpid(), signal.SIGTERM)
"""


def run(code: str, repository: pathlib.Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROLOGUE + code],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_it_is_an_exception_wherever_the_code_is(repository: pathlib.Path) -> None:
    code = """
try:
    tell()
    print("not reached")
except Exception:
    print("not handled by accident")
except Ending:
    print("ending")
"""
    assert run(code, repository) == "ending\n"


def test_it_waits_for_the_outermost_deferral(repository: pathlib.Path) -> None:
    code = """
try:
    with Deferred():
        with Deferred():
            tell()
            print("inner")
        print("outer")
    print("not reached")
except Ending:
    print("ending")
"""
    assert run(code, repository) == "inner\nouter\nending\n"


def test_it_comes_once_and_never_after_disarm(repository: pathlib.Path) -> None:
    code = """
try:
    tell()
except Ending:
    tell()
    print("once")
"""
    assert run(code, repository) == "once\n"
    assert run("interrupts.disarm(); tell(); print('never')", repository) == "never\n"
