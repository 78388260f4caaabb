# SPDX-License-Identifier: Apache-2.0
"""Firmware for tests. The first argument says what it does with its standard input and output."""

from __future__ import annotations

import os
import subprocess
import sys
import time


def send(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def until_end() -> None:
    while os.read(0, 1 << 16):
        pass


def echo() -> None:
    while True:
        data = os.read(0, 1 << 16)
        if not data:
            return
        send(data)


def late() -> None:
    """Five bytes at once, five later."""
    send(b"first")
    time.sleep(0.6)
    send(b"later")
    until_end()


def dies() -> None:
    send(b"last words")
    sys.exit(3)


def deaf() -> None:
    """Never reads, and ignores every polite request to end."""
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    send(b"x")
    time.sleep(600)


def family() -> None:
    """Has a child of its own that outlives its parent's input."""
    subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], stdin=subprocess.DEVNULL
    )
    send(b"x")
    until_end()


def boots() -> None:
    """Tells its process id."""
    send(b"%10d" % os.getpid())
    until_end()


globals()[sys.argv[1]]()
