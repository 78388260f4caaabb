# SPDX-License-Identifier: Apache-2.0
"""Putting firmware on a board, whose port may have another name afterwards."""

from __future__ import annotations

import contextlib
import json
import os

from server_kit import ServerError, log
from server_kit.disk import write_text

from .remote_port import local_port

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib

    from .cli import ArduinoCli

ATTEMPTS = 3
_MOVED = "moved_port.json"


def upload(cli: ArduinoCli, fqbn: str, port: str | None, build_dir: pathlib.Path) -> None:
    """Upload, again where boards are known to time out, and note where the board came back.

    Parameters
    ----------
    cli : ArduinoCli
    fqbn : str
    port : str or None
        None where the board's own tool finds it (Teensy, UF2, DFU).
    build_dir : pathlib.Path
        What was compiled.

    Raises
    ------
    ServerError :
        That of the last attempt.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with _local(fqbn, port) as local:
                now = cli.upload(fqbn, local, build_dir)
            break
        except ServerError as error:
            if attempt == ATTEMPTS or port is None:
                raise
            log.info(f"attempt {attempt} of {ATTEMPTS} failed: {error}")
    note = build_dir / _MOVED
    note.unlink(missing_ok=True)
    if port is not None and "://" not in port and now and now != port:
        log.info(f"the board came back at {now}")
        write_text(note, json.dumps({port: now}) + "\n")


def _local(fqbn: str, port: str | None) -> contextlib.AbstractContextManager[str | None]:
    """The port as a programmer knows it.

    Those of AVR boards take paths only. Others are given a URL as it is: Espressif's takes them.
    """
    if port is not None and "://" in port and ":avr:" in fqbn:
        return local_port(port)
    return contextlib.nullcontext(port)


def port_now(port: str, build_dir: pathlib.Path) -> str:
    """Where a board is that was uploaded to at ``port``, if that name has gone meanwhile."""
    note = build_dir / _MOVED
    if os.path.exists(port) or not note.exists():
        return port
    moved: str = json.loads(note.read_text(encoding="utf-8")).get(port, port)
    return moved
