# SPDX-License-Identifier: Apache-2.0
"""Putting firmware on a board, whose port may have another name afterwards."""

from __future__ import annotations

import contextlib
import json
import os

from server_kit import ServerError, log
from server_kit.boards import ports
from server_kit.disk import write_text

from .remote_port import local_port

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib

    from .cli import ArduinoCli

ATTEMPTS = 3
_UPLOADED = "uploaded.json"


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
    before = ports.at_path(port) if port is not None else None
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with _local(fqbn, port) as local:
                now = cli.upload(fqbn, local, build_dir)
            break
        except ServerError as error:
            if attempt == ATTEMPTS or port is None:
                raise
            log.info(f"attempt {attempt} of {ATTEMPTS} failed: {error}")
    note = build_dir / _UPLOADED
    note.unlink(missing_ok=True)
    if port is not None and "://" not in port:
        board = {
            "port": port,
            "now": now or port,
            "serial_number": before.serial_number if before else "",
            "location": before.device_location if before else "",
        }
        write_text(note, json.dumps(board) + "\n")


def _local(fqbn: str, port: str | None) -> contextlib.AbstractContextManager[str | None]:
    """The port as a programmer knows it.

    Those of AVR boards take paths only. Others are given a URL as it is: Espressif's takes them.
    """
    if port is not None and "://" in port and ":avr:" in fqbn:
        return local_port(port)
    return contextlib.nullcontext(port)


def port_now(port: str, build_dir: pathlib.Path) -> str:
    """Where a board is that was uploaded to at ``port``, if that name has gone meanwhile.

    arduino-cli tells it (0.35 and later, not in every case); else it is the port of the same serial
    number, or where the board was plugged in.
    """
    note = build_dir / _UPLOADED
    if os.path.exists(port) or not note.exists():
        return port
    board = json.loads(note.read_text(encoding="utf-8"))
    if board["port"] != port:
        return port
    now: str = board["now"]
    if not os.path.exists(now):
        found = ports.find_again(board["serial_number"], board["location"])
        now = found.device if found else now
    if now != port:
        log.info(f"the board that was at {port} is at {now} now")
    return now
