# SPDX-License-Identifier: Apache-2.0
"""A laboratory on loopback: labgrid's own coordinator and exporter, from an environment of theirs.

What switches power is no device but a server of ours, which labgrid's driver asks as it asks one.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import pathlib
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from tests.ser2net import free_port

_LIMIT_SEC = 250.0


class Lab:
    """A coordinator and its exporter.

    Parameters
    ----------
    client : str
        The program ``labgrid-client``.
    address : str
        The coordinator's.
    log : pathlib.Path
        What the coordinator prints.
    """

    def __init__(self, client: str, address: str, log: pathlib.Path):
        self._client = client
        self._log = log
        self.variables = {"LABGRID_CLIENT": client, "LG_COORDINATOR": address}

    def ask(self, *arguments: str, user: str = "") -> str:
        """Run the client, as another user too."""
        inherited = {n: v for n, v in os.environ.items() if not n.startswith("LG_")}
        mine = {"LG_USERNAME": user} if user else {}
        done = subprocess.run(
            [self._client, *arguments],
            env={**inherited, **self.variables, **mine},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LIMIT_SEC,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def acquired(self) -> set[str]:
        """Tell which places are acquired, by what the coordinator has said of it."""
        said = self._log.read_text(encoding="utf-8")
        last = dict(re.findall(r"^(.+): place (acquired|released)", said, re.MULTILINE))
        return {place for place, what in last.items() if what == "acquired"}


@contextlib.contextmanager
def lab(
    programs: Mapping[str, str],
    exported: dict[str, Any],
    tags: dict[str, dict[str, str]],
    directory: pathlib.Path,
) -> Iterator[Lab]:
    """Run a laboratory.

    Parameters
    ----------
    programs : mapping of str to str
        ``client``, ``coordinator`` and ``exporter`` of labgrid.
    exported : dict
        The exporter's groups of resources.
    tags : dict of str to dict
        Those of the place of each group.
    directory : pathlib.Path
        Where they keep their files.
    """
    directory.mkdir()
    address = f"127.0.0.1:{free_port()}"
    places = {name: _place(name, told) for name, told in tags.items()}
    for file, text in (("exported", exported), ("places", places)):
        (directory / f"{file}.yaml").write_text(yaml.safe_dump(text), encoding="utf-8")
    found = Lab(programs["client"], address, directory / "coordinator.log")
    with contextlib.ExitStack() as ends:

        def start(name: str, *arguments: str) -> pathlib.Path:
            path = directory / f"{name}.log"
            log = ends.enter_context(path.open("w"))
            started = subprocess.Popen(
                [programs[name], *arguments],
                cwd=directory,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdout=log,
                stderr=log,
            )
            ends.callback(started.wait, _LIMIT_SEC)
            ends.callback(started.terminate)
            return path

        log = start("coordinator", "-l", address)
        until(lambda: "listening on" in log.read_text(encoding="utf-8"))
        where = ("--hostname", "127.0.0.1", "-n", "lab", "-c", address)
        log = start("exporter", *where, "exported.yaml")
        until(lambda: "creating poll task" in log.read_text(encoding="utf-8"))
        until(lambda: all(f"lab/{group}/" in found.ask("resources") for group in exported))
        yield found


def _place(name: str, tags: dict[str, str]) -> dict[str, Any]:
    """Give a place as the coordinator keeps it in its places.yaml."""
    matches = [{"exporter": "lab", "group": name, "cls": "*", "name": None, "rename": None}]
    seconds = {"created": 0.0, "changed": 0.0}
    comment = f"the one: with {name}"
    return {"aliases": [], "comment": comment, "tags": tags, "matches": matches, **seconds}


def until(is_so: Callable[[], bool]) -> None:
    """Wait for it."""
    end = time.monotonic() + _LIMIT_SEC
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


@contextlib.contextmanager
def power_switch(switch: Callable[[bool], None]) -> Iterator[dict[str, Any]]:
    """Give labgrid's resource for power that is switched by a call of ours."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            switch(self.path.endswith("/1"))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    worker = threading.Thread(target=server.serve_forever, daemon=True)
    worker.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}" + "/{value}"
        yield {"NetworkPowerPort": {"model": "simplerest", "host": url, "index": 0}}
    finally:
        server.shutdown()
        worker.join()
        server.server_close()
