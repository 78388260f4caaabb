# SPDX-License-Identifier: Apache-2.0
"""Places of a labgrid coordinator, as the command ``labgrid-client`` tells of them.

labgrid is not imported: it requires pyserial-labgrid, which is installed over PySerial's own files,
so that an environment with both has no package ``serial`` once either is removed. The command may
belong to an environment of its own.

Source: https://labgrid.readthedocs.io/en/latest/man/client.html; tried with labgrid 26.0.
"""

from __future__ import annotations

import dataclasses
import getpass
import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import sys
from typing import Any

from .board import Board, Kind

_LIMIT_SEC = 30.0
_DEFAULT_COORDINATOR = "127.0.0.1:20408"
_HEADER = re.compile(r"Place '(.*)':")
_FIELD = re.compile(r"  (aliases|comment|tags|acquired|allowed): (.*)")


class LabgridError(Exception):
    """labgrid's client cannot do what it should; ``str()`` says why."""


@dataclasses.dataclass(frozen=True)
class Place:
    """A place.

    Parameters
    ----------
    name : str
    aliases : tuple of str
    comment : str
    tags : dict of str to str
        ``board`` and ``template`` say what is in it.
    holder : str
        Who has acquired it, ``HOST/USER``; empty while nobody has.
    guests : tuple of str
        Whom the holder lets in.
    """

    name: str
    aliases: tuple[str, ...] = ()
    comment: str = ""
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    holder: str = ""
    guests: tuple[str, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether this user may use it as it is."""
        return "/".join(identity()) in (self.holder, *self.guests)


def command() -> list[str]:
    """Give the client's words: ``LABGRID_CLIENT``, or where it is found; empty where it is not."""
    given = os.environ.get("LABGRID_CLIENT")
    if given:
        return shlex.split(given)
    beside = shutil.which("labgrid-client", path=str(pathlib.Path(sys.executable).parent))
    found = shutil.which("labgrid-client") or beside
    return [found] if found else []


def coordinator() -> str:
    """Give the coordinator's address, as the client takes it."""
    return os.environ.get("LG_COORDINATOR") or _DEFAULT_COORDINATOR


def identity() -> tuple[str, str]:
    """Give the host and the user that places are acquired for, as labgrid tells users apart."""
    host = os.environ.get("LG_HOSTNAME") or socket.gethostname()
    return host, os.environ.get("LG_USERNAME") or getpass.getuser()


def environment() -> dict[str, str]:
    """Give the client's environment: what is not told by options must not choose places."""
    kept = {n: v for n, v in os.environ.items() if n not in ("LG_ENV", "LG_PLACE", "LG_STATE")}
    host, user = identity()
    return {**kept, "LG_COORDINATOR": coordinator(), "LG_HOSTNAME": host, "LG_USERNAME": user}


def reason(said: str) -> str:
    """Give the last line of what the client said, without its name."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1] if lines else "it says nothing"
    return re.sub(r"^(labgrid-client|Server error): |^Error: ", "", last).removeprefix("Error: ")


def ask(*arguments: str) -> str:
    """Run the client; give what it prints.

    Raises
    ------
    LabgridError
        It is missing, did not end in time, or failed.
    """
    words = command()
    if not words:
        raise LabgridError(
            "labgrid-client is missing: pipx install labgrid, or name it by LABGRID_CLIENT"
        )
    said = f"labgrid at {coordinator()}"
    try:
        done = subprocess.run(
            [*words, *arguments],
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_SEC,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LabgridError(f"{said} did not answer within {_LIMIT_SEC:.0f} s") from None
    except OSError as error:
        raise LabgridError(f"{shlex.join(words)} cannot be run: {error.strerror}") from None
    if done.returncode != 0:
        raise LabgridError(f"{said}: {reason(done.stderr)}")
    return done.stdout


def places() -> list[Place]:
    """List the coordinator's places.

    Raises
    ------
    LabgridError
    """
    found: list[Place] = []
    for line in ask("--verbose", "places").splitlines():
        header, field = _HEADER.fullmatch(line), _FIELD.fullmatch(line)
        if header:
            found.append(Place(header[1]))
        elif field and found:
            found[-1] = dataclasses.replace(found[-1], **_told(field[1], field[2]))
    return found


def _told(name: str, text: str) -> dict[str, Any]:
    if name == "aliases":
        return {"aliases": tuple(text.split(", "))}
    if name == "allowed":
        return {"guests": tuple(text.split(", "))}
    if name == "tags":
        return {"tags": dict(tag.partition("=")[::2] for tag in text.split(", "))}
    if name == "acquired":
        return {"holder": "" if text == "None" else text}
    return {name: text}


def find() -> tuple[list[Board], list[str]]:
    """List places as boards, where ``LG_COORDINATOR`` names a coordinator, and tell why not."""
    if not os.environ.get("LG_COORDINATOR"):
        return [], []
    try:
        return [_board(place) for place in places()], []
    except LabgridError as error:
        return [], [str(error)]


def _board(place: Place) -> Board:
    board = place.tags.get("board")
    problems = []
    if not board:
        problems.append(
            "its board is not told: give --board, or "
            f"labgrid-client -p {shlex.quote(place.name)} set-tags board=NAME"
        )
    if place.holder:
        problems.append(f"acquired by {place.holder}")
    told = f", {place.comment}" if place.comment else ""
    return Board(
        place.name,
        Kind.PLACE,
        f"labgrid at {coordinator()}{told}",
        place.tags.get("template"),
        {"board": board} if board else {},
        tuple(problems),
    )
