# SPDX-License-Identifier: Apache-2.0
"""Places of labgrid, held for a run: acquired before it, released after it however it ends."""

from __future__ import annotations

import dataclasses
import os
import shlex
import signal
import subprocess
import threading
import time
from typing import Any

import yaml

from microtvm.boards import labgrid
from microtvm.boards.labgrid import LabgridError, Place
from server_kit.boards.device_lock import DeviceLock
from server_kit.errors import ServerError

_LIMIT_SEC = 60.0
_RETRY_SEC = 2.0
_EXPORT_SEC = 10.0
_POWER = ("PowerPort", "PDUDaemonPort")
# The place is this shell's, which lets it go when the pipe to it ends: with this process, however.
_KEEPER = '"$@" acquire && cat >/dev/null && exec "$@" release-from "$LG_HOSTNAME/$LG_USERNAME"'


@dataclasses.dataclass(frozen=True)
class Wired:
    """What a place offers once it is acquired.

    Parameters
    ----------
    port : str
        The URL of its serial port.
    speed : int or None
        Baud.
    fixtures : tuple of str
        ``power:COMMAND`` where its power can be switched.
    """

    port: str
    speed: int | None
    fixtures: tuple[str, ...]


class Hold:
    """A place that is this run's alone, until it is released or this process ends.

    It is acquired, unless it is this user's already, or another lets this user in.

    Parameters
    ----------
    place : Place
        As it was a moment ago.
    lock : DeviceLock
        Keeps it from other runs of this user, whom labgrid does not tell apart.

    Raises
    ------
    LabgridError
        It cannot be acquired.
    """

    def __init__(self, place: Place, lock: DeviceLock):
        self.name = place.name
        self._lock = lock
        self._keeper = None if place.is_ours else self._acquire()

    def _acquire(self) -> subprocess.Popen[str]:
        keeper = subprocess.Popen(
            ["sh", "-c", _KEEPER, "sh", *labgrid.command(), "-p", self.name],
            env=labgrid.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C is not for it
            pass_fds=self._lock.descriptors,  # until it has released the place
        )
        limit = threading.Timer(_LIMIT_SEC, os.killpg, (keeper.pid, signal.SIGKILL))
        limit.start()
        said = ""
        try:
            for line in keeper.stdout:
                said += line
                if line.startswith("acquired place "):
                    return keeper
        finally:
            limit.cancel()
        keeper.communicate()
        raise LabgridError(f"the place {self.name} cannot be acquired: {labgrid.reason(said)}")

    def release(self) -> str:
        """Let the place go; give what went wrong, empty where nothing did."""
        try:
            return self._release()
        finally:
            self._lock.release()

    def _release(self) -> str:
        if self._keeper is None:
            return ""
        try:
            said, _ = self._keeper.communicate(timeout=_LIMIT_SEC)
        except subprocess.TimeoutExpired:
            return f"the place {self.name} was not released within {_LIMIT_SEC:g} s"
        if self._keeper.returncode != 0:
            return f"the place {self.name} was not released: {labgrid.reason(said)}"
        return ""


def find(name: str, places: list[Place]) -> Place:
    """Give the place of a name or alias.

    Raises
    ------
    LabgridError
        There is none.
    """
    for place in places:
        if name == place.name or name in place.aliases:
            return place
    known = ", ".join(place.name for place in places) or "none"
    raise LabgridError(f"labgrid at {labgrid.coordinator()} has no place {name}; it has {known}")


def hold(place: Place, wait_sec: float) -> Hold:
    """Take a place for this run.

    Parameters
    ----------
    place : Place
        As it was a moment ago.
    wait_sec : float
        How long it is waited for.

    Raises
    ------
    LabgridError
        Another holds it still, or it cannot be acquired.
    """
    end = time.monotonic() + wait_sec
    waited = f", after {wait_sec:g} s still" if wait_sec else ""
    is_told = False
    while True:
        try:
            return _taken(place)
        except LabgridError as error:
            why = str(error)
        left = end - time.monotonic()
        if left <= 0:
            raise LabgridError(why + waited)
        if not is_told:
            is_told = True
            print(f"hil: waiting up to {wait_sec:g} s: {why}", flush=True)
        time.sleep(min(_RETRY_SEC, left))
        place = find(place.name, labgrid.places())


def _taken(place: Place) -> Hold:
    lock = DeviceLock(f"labgrid {labgrid.coordinator()} {place.name}")
    try:
        lock.acquire()
    except ServerError as error:
        raise LabgridError(f"the place {place.name}: {error}") from None
    try:
        if place.holder and not place.is_ours:
            raise LabgridError(f"the place {place.name} is held by {place.holder}")
        return Hold(place, lock)
    except BaseException:
        lock.release()
        raise


def wired(place: Place, resource: str = "") -> Wired:
    """Tell what an acquired place offers.

    Parameters
    ----------
    place : Place
    resource : str
        The name of its serial port, where it has several.

    Raises
    ------
    LabgridError
        It has no serial port, or several of which none is named, or its exporter does not serve it.
    """
    end = time.monotonic() + _EXPORT_SEC
    while True:
        listed = yaml.safe_load(labgrid.ask("-p", place.name, "env"))
        resources = listed["targets"][place.name]["resources"]
        serial = _serial_port(place, resources, resource)
        if serial.get("port"):  # an exporter's ser2net is started for whoever acquires the place
            break
        if time.monotonic() > end:
            raise LabgridError(
                f"the place {place.name}: its exporter does not serve the serial port within "
                f"{_EXPORT_SEC:g} s"
            )
        time.sleep(0.2)
    fixtures = ()
    if any(kind.endswith(_POWER) for one in resources for kind in one):
        words = [*labgrid.command(), "-x", labgrid.coordinator(), "-p", place.name]
        fixtures = (f"power:{shlex.join(['env', '-u', 'LG_ENV', *words, 'power', 'cycle'])}",)
    return Wired(_url(serial), serial.get("speed"), fixtures)


def _serial_port(place: Place, resources: list[dict[str, Any]], name: str) -> dict[str, Any]:
    kind = "NetworkSerialPort"
    ports = [{"name": kind, **one[kind]} for one in resources if kind in one]
    chosen = [port for port in ports if name in ("", port["name"])]
    if len(chosen) == 1:
        return chosen[0]
    known = ", ".join(port["name"] for port in ports)
    if not ports:
        raise LabgridError(f"the place {place.name} has no serial port that the network reaches")
    raise LabgridError(
        f"the place {place.name} has the serial ports {known}: name one, as in {place.name}/NAME"
    )


def _url(serial: dict[str, Any]) -> str:
    host = f"[{serial['host']}]" if ":" in serial["host"] else serial["host"]
    if serial.get("protocol") == "raw":
        return f"socket://{host}:{serial['port']}"
    # Not every port has modem lines for ser2net to answer for.
    return f"rfc2217://{host}:{serial['port']}?ign_set_control"
