# SPDX-License-Identifier: Apache-2.0
"""Builds of one project take turns, whichever servers they come from."""

from __future__ import annotations

import contextlib
import fcntl
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    from typing import Iterator


@contextlib.contextmanager
def only_one(directory: pathlib.Path) -> Iterator[None]:
    """Wait until no other server builds the project in this directory."""
    fd = os.open(str(directory), os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
