# SPDX-License-Identifier: Apache-2.0
"""A board with a firmware of ours: generated, built and flashed once, then asked many times."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pathlib
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import microtvm
from hil_tests.bench import Dut
from hil_tests.report.recording import Record
from microtvm.check import tiny_archive
from microtvm.errors import MicroTVMError
from microtvm.project import GeneratedProject, TemplateProject
from microtvm.templates import template_names
from microtvm.transport import TransportTimeouts
from server_kit.boards.device_lock import DeviceLock
from server_kit.boards.ports import is_path_or_url
from server_kit.errors import JSONRPCError

from . import scripts
from .pty_port import PtyError, PtyPort
from .wire_log import RecordedTransport, WireLog

APPEAR_SEC = 10.0
"""How long a board that is not there is waited for."""
USUAL_BAUDRATE = 115200
BITS_PER_BYTE = 10
"""On a serial line: a start bit, eight of data and a stop bit."""
_START_SEC = (2.0, 20.0)
"""When a session's start is asked for again, and when it is given up."""
_KEPT_CHARACTERS = 4000

ERRORS = (MicroTVMError, JSONRPCError)
"""What goes wrong with a board or on the way to it."""


class BoardError(Exception):
    """A board cannot be tested; ``str()`` says why."""


BENCH_ERRORS = (*ERRORS, BoardError, scripts.ScriptError, PtyError)
"""What keeps a board from being tested at all; ``str()`` is for people."""


class BoardUnderTest:
    """A board whose firmware is the model y = 2 x + 1 over four floats.

    Nobody else's run has the board meanwhile.

    Parameters
    ----------
    dut : Dut
    directory : pathlib.Path
        Where projects are made.
    spool : pathlib.Path, optional
        A file that has the last transfers as well, for when this process dies.

    Attributes
    ----------
    death : str
        Why nothing more is asked of the board; empty while it lives.
    record : Record
        What is measured.
    """

    def __init__(self, dut: Dut, directory: pathlib.Path, spool: pathlib.Path | None = None):
        self.dut = dut
        self.death = ""
        self.record = Record()
        self.wire = WireLog(spool)
        self._tools = io.StringIO()
        self._directory = directory
        self._unprepared = ""
        self._is_told = False
        self._is_suspect = False
        self._has_own_model = False
        self._pty = PtyPort(dut.serial_pty) if dut.serial_pty else None
        held = os.path.realpath(dut.hardware) if dut.hardware.startswith("/") else dut.hardware
        self._lock = DeviceLock(*([f"hil {held}"] if held else []))
        self.template = pathlib.Path(
            microtvm.get_microtvm_template_projects(dut.template)
            if dut.template in template_names()
            else dut.template
        ).absolute()
        self._listed: list[dict[str, Any]] = []
        self._project: GeneratedProject | None = None
        self.project_directory = directory / "project"
        self.archive = tiny_archive.write(directory / "tiny.tar")

    def prepare(self) -> None:
        """Take the board, build for it and flash it; `begin` says what keeps it from that."""
        try:
            self._prepare()
        except BENCH_ERRORS as error:
            self._unprepared = str(error)

    def _prepare(self) -> None:
        self._lock.acquire()
        self.await_port()
        self.generate(self.project_directory, self.archive)
        self.project.build()
        self.record.sections("firmware", self.firmware_sizes())
        if self.dut.pre_script:
            script = self.dut.pre_script
            scripts.run(script.command, "pre_script", script.seconds)
        self.flash(self.project)
        if self.dut.post_flash_script:
            script = self.dut.post_flash_script
            scripts.run(script.command, "post_flash_script", script.seconds)

    def close(self) -> None:
        """Let go of the board."""
        self.end_server()
        if self._pty is not None:
            self._pty.close()
        self._lock.release()
        self.wire.close()
        if self.dut.post_script:
            script = self.dut.post_script
            scripts.run(script.command, "post_script", script.seconds)

    # --- projects

    @property
    def options(self) -> dict[str, str]:
        """What chooses the board."""
        if self._pty is not None:
            return {**self.dut.options, "port": self._pty.open()}
        return self.dut.options

    @property
    def project(self) -> GeneratedProject:
        """The project whose firmware the board has; its server is started again if it has ended."""
        if self._project is None:
            self._project = self.opened(self.project_directory)
        return self._project

    def end_server(self) -> None:
        """End the project's server, whatever it is busy with."""
        project, self._project = self._project, None
        if project is not None:
            project.close()

    def opened(self, directory: pathlib.Path) -> GeneratedProject:
        """Start the server of one of the board's projects."""
        project = GeneratedProject.from_directory(directory, output=self._tools)
        listed = {option["name"] for option in project.info()["project_options"]}
        given = {name: value for name, value in self.options.items() if name in listed}
        project.options = {**project.options, **given}
        return project

    def generate(self, target: pathlib.Path, archive: pathlib.Path, **more: str) -> None:
        """Generate a project for the board.

        Raises
        ------
        BoardError
            The template has no option that tells it which board is meant.
        """
        with TemplateProject.from_directory(self.template, self._tools) as template:
            self._listed = template.info()["project_options"]
            listed = {option["name"] for option in self._listed}
            options = self.options
            chosen = {"port", "serial_number"} & options.keys()
            if chosen and not chosen & listed:
                raise BoardError(
                    f"the template {self.dut.template} has no option {' or '.join(sorted(chosen))}:"
                    f" it cannot be told which board is {self.dut.name}"
                )
            given = {name: value for name, value in options.items() if name in listed}
            template.write_project(archive, target, {**given, **more})

    def choices(self, name: str) -> list[str]:
        """Give what an option of the template may be."""
        found = (option.get("choices") for option in self._listed if option["name"] == name)
        return list(next(found, None) or ())

    def place(self, name: str) -> pathlib.Path:
        """Give the directory of a further project."""
        return self._directory / name

    def make(self, name: str, archive: pathlib.Path, **more: str) -> GeneratedProject:
        """Generate and build a further project for the board; whoever asks closes it."""
        target = self.place(name)
        self.generate(target, archive, **more)
        project = self.opened(target)
        try:
            project.build()
        except BaseException:
            project.close()
            raise
        return project

    def flash(self, project: GeneratedProject) -> None:
        """Flash within the bench's limit.

        Raises
        ------
        BoardError
            It took longer; the flashing tool is ended.
        """
        seconds = self.dut.flash_timeout
        is_own, self._has_own_model = project is self._project, False
        failed: list[BaseException] = []

        def work() -> None:
            try:
                project.flash()
            except BaseException as error:  # told in the thread that waits
                failed.append(error)

        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        worker.join(seconds)
        if worker.is_alive():
            self.end_server()
            project.close()
            raise BoardError(
                f"flashing {self.dut.name} did not end within {seconds:g} s (flash_timeout of the "
                "hardware map)"
            )
        if failed:
            raise failed[0]
        self._has_own_model = is_own

    def firmware_sizes(self, directory: pathlib.Path | None = None) -> dict[str, int]:
        """Give the sections of a built firmware in bytes; empty where they cannot be measured."""
        path = (directory or self.project_directory) / "build" / "footprint.json"
        try:
            sizes = json.loads(path.read_text(encoding="utf-8"))["firmware"] or {}
        except (OSError, ValueError, KeyError):
            return {}
        return {name: size for name, size in sizes.items() if isinstance(size, int)}

    def counts_instructions(self, directory: pathlib.Path | None = None) -> bool:
        """Whether a project's clock is an emulator's count of instructions."""
        path = (directory or self.project_directory) / "project.json"
        return bool(json.loads(path.read_text(encoding="utf-8")).get("clock") == "instructions")

    def record_times(
        self, name: str, seconds: Sequence[float], directory: pathlib.Path | None = None
    ) -> None:
        """Record how long a model takes, by the board's own clock."""
        if self.counts_instructions(directory):
            self.record.count(name, round(min(seconds) * 1e9), "instructions")
        else:
            self.record.latency(name, seconds)

    # --- the wire

    @property
    def line_rate(self) -> float | None:
        """Bytes that a serial line carries per second, each way; None where there is no line."""
        if self.dut.port is None and self._pty is None:
            return None
        told = {option["name"]: option.get("default") for option in self._listed}
        baudrate = self.dut.options.get("baudrate") or told.get("baudrate") or USUAL_BAUDRATE
        return int(baudrate) / BITS_PER_BYTE

    @contextlib.contextmanager
    def session(
        self, project: GeneratedProject | None = None, limit_sec: float = 60.0
    ) -> Iterator[microtvm.Session]:
        """Open a session with the firmware; what goes over the wire is recorded.

        Parameters
        ----------
        project : GeneratedProject, optional
            Another than the suite's own.
        limit_sec : float
            How long an answer may take.
        """
        self.await_port()
        transport = RecordedTransport((project or self.project).transport(), self.wire)
        try:
            with microtvm.Session(
                transport,
                timeout_override=TransportTimeouts(*_START_SEC, limit_sec),
                on_log=lambda line: self.wire.add("log", line.encode()),
            ) as opened:
                yield opened
        except BaseException as error:
            if not isinstance(error, AssertionError):
                # Interrupted by a limit, or lost: what the server is busy with is unknown.
                self.end_server()
            raise

    def answer(self, session: microtvm.Session, x: np.ndarray) -> np.ndarray:
        """Run the firmware's model once."""
        model = microtvm.create_local_aot_executor(session)
        model.run(x=x)
        return model.get_output(0).numpy()

    def await_port(self) -> None:
        """Wait for the board to be there.

        Raises
        ------
        BoardError
            It does not appear.
        """
        port = self.dut.port
        if port is None or not port.startswith("/") or not is_path_or_url(port):
            return
        end = time.monotonic() + APPEAR_SEC
        while not os.path.exists(port):
            if time.monotonic() >= end:
                raise BoardError(
                    f"{port} is not there after {APPEAR_SEC:g} s: is {self.dut.name} attached and "
                    "powered? microtvm boards lists what is"
                )
            time.sleep(0.1)

    # --- from test to test

    def begin(self, with_model: bool = True) -> None:
        """Start afresh for a test.

        Parameters
        ----------
        with_model : bool
            Whether the suite's own model is wanted, which is flashed if another is there.

        Raises
        ------
        BoardError
            It could not be prepared, or is dead.
        """
        if self._unprepared and not self._is_told:
            self._is_told = True
            raise BoardError(self._unprepared)
        self.death = self.death or self._unprepared
        if not self.death:
            try:
                self._restore(with_model)
            except (*ERRORS, BoardError) as error:
                self.death = str(error)
        if self.death:
            raise BoardError(f"{self.dut.name} is dead since an earlier test: {self.death}")
        self.wire.clear()

    def _restore(self, with_model: bool) -> None:
        """Flash the suite's own model where another is, and see that a suspect board answers."""
        if not self._has_own_model and (with_model or self._is_suspect):
            self.end_server()
            self.flash(self.project)
        if self._is_suspect:
            with self.session():
                self._is_suspect = False

    def suspect(self) -> None:
        """Ask whether the board lives before the next test."""
        self._is_suspect = True

    def tools_said(self) -> str:
        """Give the end of what the servers and their tools printed."""
        return self._tools.getvalue()[-_KEPT_CHARACTERS:]
