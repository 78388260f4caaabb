# SPDX-License-Identifier: Apache-2.0
"""Disks that are full or read-only: real file systems, in a mount namespace of one command."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

#: ``fill LEFT`` leaves so many KiB; ``read_only``, ``not_ours`` and ``writable`` are what they say.
_PRELUDE = """\
set -u
mount -t tmpfs -o size=$SIZE none "$DISK" && cd "$DISK" || exit 99
microtvm() { "$PYTHON" -m microtvm "$@"; }
fill() {
    rm -f fill; free=$(df -k --output=avail . | tail -1)
    head -c $((free - $1))K /dev/zero > fill
}
read_only() { mount --bind "$DISK" "$DISK" && mount -o remount,bind,ro "$DISK" && cd "$DISK"; }
writable() { cd / && umount "$DISK" && cd "$DISK"; }
without_root() { setpriv --bounding-set=-dac_override "$PYTHON" -m microtvm "$@"; }
"""


class Disk:
    """A small file system that exists while a script runs; the script's directory."""

    def __init__(self, place: pathlib.Path) -> None:
        self.path = place

    def run(self, script: str, size: str = "3m", **variables: str) -> list[str]:
        """Run a script of bash; give what it printed, errors with the rest, a line each."""
        environment = {**os.environ, "DISK": str(self.path), "SIZE": size, "PYTHON": sys.executable}
        repository = str(pathlib.Path(__file__).parents[2])
        environment["PYTHONPATH"] = repository
        done = subprocess.run(
            ["unshare", "-rm", "bash", "-c", _PRELUDE + script],
            env={**environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout.splitlines()


@pytest.fixture()
def disk(tmp_path: pathlib.Path, require: Callable[..., Any]) -> Disk:
    """A disk, where this machine lets a user mount one."""
    require("unshare", "mount a small file system (util-linux)")
    place = tmp_path / "disk"
    place.mkdir()
    allowed = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "none", str(place)],
        capture_output=True,
        check=False,
    )
    if allowed.returncode != 0:
        pytest.skip("mounting a file system in a user namespace is not allowed on this machine")
    return Disk(place)
