# SPDX-License-Identifier: Apache-2.0
"""A board that costs next to nothing: firmware of the host at a pseudo-terminal.

``python attached.py PORT`` attaches one until standard input ends. What is flashed is put at
``PORT.firmware``; ``PORT.runs`` tells which of them runs, by its inode.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import pty
import select
import subprocess
import sys
import tty

POLL_SEC = 0.02


def main() -> None:
    """Run what is flashed."""
    port = pathlib.Path(sys.argv[1])
    firmware, runs = port.with_suffix(".firmware"), port.with_suffix(".runs")
    master, slave = pty.openpty()  # the other end is kept, so that the line has no end
    tty.setraw(slave)
    port.symlink_to(os.ttyname(slave))
    print("ready", flush=True)
    running, inode = None, 0
    while not select.select([0], [], [], POLL_SEC)[0]:
        with contextlib.suppress(FileNotFoundError):
            if firmware.stat().st_ino != inode:
                if running is not None:
                    running.kill()
                    running.wait()
                inode = firmware.stat().st_ino
                running = subprocess.Popen([firmware], stdin=master, stdout=master)
                runs.with_suffix(".new").write_text(str(inode))
                runs.with_suffix(".new").replace(runs)
    port.unlink()
    if running is not None:
        running.kill()
        running.wait()


if __name__ == "__main__":
    main()
