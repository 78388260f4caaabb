# SPDX-License-Identifier: Apache-2.0
"""Finding and running the programs that do a platform's work: CMake, Ninja, west, arduino-cli."""

from __future__ import annotations

import collections
import contextlib
import os
import pathlib
import re
import select
import shlex
import shutil
import sys
import time

from .. import log
from ..disk import why_tool_failed
from ..errors import ToolError
from ..interrupts import Deferred
from . import overflow, processes

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from typing import Mapping, Sequence

TAIL_LINES = 40
QUICK_SEC = 30.0
_POLL_SEC = 0.2
_CHUNK_BYTES = 1 << 16

#: What brings a tool, for the message of its absence. Templates add theirs.
INSTALL_HINTS = {
    "cmake": "pip install cmake, or your system's package manager",
    "ninja": "pip install ninja, or your system's package manager",
    "cc": "install a C compiler, on Debian and Ubuntu with apt-get install gcc libc6-dev",
    "c++": "install a C++ compiler, on Debian and Ubuntu with apt-get install g++",
}

# What a line that says what is wrong looks like, from compilers, linkers, CMake, Kconfig, Ninja.
_ERROR_LINE = re.compile(
    r"(?:^|[\s:])error[:\s]|^CMake Error|undefined reference|multiple definition of|cannot find -l"
    r"|region .* overflowed by|is not within region|relocation truncated to fit"
    r"|incompatible with ELFCLASS|^No board named|^\S*/kconfig\.py: ",
    re.IGNORECASE,
)
# Kconfig ends over warnings that name a line of a file; others are advice.
_KCONFIG_WARNING = re.compile(r"([^:\s]+:\d+: )?warning: (?!.*set more than once)")


def find_tool(name: str) -> str:
    """The path of a program: on PATH, or installed by pip beside the Python that runs this server.

    Raises
    ------
    ToolError :
        When it is in neither place; the message says what to install.
    """
    found = shutil.which(name) or shutil.which(name, path=os.path.dirname(sys.executable))
    if found is None:
        hint = INSTALL_HINTS.get(name, f"install {name}")
        raise ToolError(f"{name} was not found on PATH or beside {sys.executable}: {hint}")
    return found


def run(
    arguments: Sequence[str],
    *,
    cwd: pathlib.Path,
    log_file: pathlib.Path,
    env: Mapping[str, str] | None = None,
    timeout_sec: float | None = None,
) -> list[str]:
    """Run a program to its end.

    Parameters
    ----------
    arguments : sequence of str
        The program and its arguments; no shell reads them.
    cwd : pathlib.Path
        Working directory.
    log_file : pathlib.Path
        Where all of its output is kept.
    env : mapping, optional
        Variables added to the environment.
    timeout_sec : float, optional
        Longest run; the whole process group is ended then.

    Returns
    -------
    list of str :
        The last lines of its output.

    Raises
    ------
    ToolError :
        When it cannot be started, fails, or takes too long. The message holds the first line that
        names an error, the path of the log and the command to repeat by hand.
    """
    import subprocess

    output = _Output(log_file, f"cd {shlex.quote(str(cwd))} && {_quoted(arguments)}")
    process = None
    try:
        with Deferred():
            process = processes.start(
                arguments,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        in_time = _follow(process, output, timeout_sec)
    except OSError as error:
        raise ToolError(f"{arguments[0]} cannot be run: {error.strerror}") from error
    finally:
        output.close()
        if process is not None:
            _leave(process)
    if not in_time:
        raise ToolError(f"{_name(arguments)} did not end within {timeout_sec} s; {output.where()}")
    if process.returncode != 0:
        told_reason = bool(output.first_error)
        why = why_tool_failed("\n".join(output.tail), log_file.parent, told_reason)
        if why is not None:
            raise ToolError(f"{_name(arguments)} failed ({_status(process.returncode)}): {why}")
        said = output.first_error or output.last_line()
        what_to_do = overflow.advice(said)
        raise ToolError(
            f"{_name(arguments)} failed ({_status(process.returncode)}): {said}; {output.where()}"
            + (f"; {what_to_do}" if what_to_do else "")
        )
    return list(output.tail)


def output(
    arguments: Sequence[str],
    *,
    cwd: pathlib.Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout_sec: float = QUICK_SEC,
) -> str:
    """What a program that ends soon prints; nothing is shown or kept.

    Parameters
    ----------
    arguments, cwd, env, timeout_sec
        As for :func:`run`.

    Raises
    ------
    ToolError :
        When it cannot be run, fails, or does not end in time. The message holds the first line
        that names an error, or the last.
    """
    import subprocess

    try:
        done = subprocess.run(
            arguments,
            cwd=cwd,
            env={**os.environ, **env} if env else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_sec,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode("utf-8", "replace").strip().splitlines()
        # What follows it is advice, of west; a traceback has none, and ends with what it was.
        said = [line for line in lines if _ERROR_LINE.search(line)] or lines[-1:]
        raise ToolError(
            f"{_quoted(arguments)} failed ({_status(error.returncode)})"
            + "".join(f": {line.strip()}" for line in said[:1])
        ) from error
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolError(f"{_quoted(arguments)}: {error}") from error
    return done.stdout.decode("utf-8", "replace")


class _Output:
    """What a tool prints: shown, kept in a file, and searched for the first error."""

    def __init__(self, log_file: pathlib.Path, command: str) -> None:
        self.tail: collections.deque[str] = collections.deque(maxlen=TAIL_LINES)
        self.first_error = ""
        self._is_in_cmake_error = False
        self._command = command
        self._warning: list[str] = []  # the lines of the first that names a line, or of the last
        self._path = log_file
        self._file = log_file.open("ab", buffering=0)
        self._keep(f"$ {command}\n".encode("utf-8", "replace"))
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        self._keep(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._line(line)

    def close(self) -> None:
        if self._rest:
            self._line(self._rest)
        self._file.close()

    def _keep(self, data: bytes) -> None:
        # On a disk that is full the tool fails too, and says more than the log's end.
        with contextlib.suppress(OSError):
            self._file.write(data)

    def last_line(self) -> str:
        return next((line for line in reversed(self.tail) if line), "it printed nothing")

    def where(self) -> str:
        return f"the whole output is in {self._path}; repeat with: {self._command}"

    def _line(self, raw: bytes) -> None:
        line = raw.decode("utf-8", "replace").rstrip()
        log.info(line)
        warning = _KCONFIG_WARNING.match(line)
        if warning and (not self._warning or self._warning[0].startswith("warning: ")):
            self._warning = [line]
        elif line and self._warning and self.tail and self.tail[-1] == self._warning[-1]:
            self._warning.append(line)
        if not self.first_error and _ERROR_LINE.search(line):
            # Kconfig ends over a warning, and says no more than that.
            is_kconfig = "due to Kconfig warnings" in line
            self.first_error = " ".join(self._warning) if is_kconfig else line.strip()
            self._is_in_cmake_error = line.startswith("CMake Error")
        elif self._is_in_cmake_error:
            # Its text follows, indented, over several lines, and paths in paragraphs of their own.
            self._is_in_cmake_error = not line or line.startswith(" ")
            is_over = not line and self.first_error.endswith((".", "!", "?"))
            if self._is_in_cmake_error and not is_over:
                self.first_error = f"{self.first_error} {line.strip()}".rstrip()
            self._is_in_cmake_error &= not is_over
        elif overflow.REGION.search(self.first_error):
            for another in overflow.REGION.finditer(line):
                if another.group() not in self.first_error:
                    self.first_error += f", {another.group()}"
        self.tail.append(line)


def _follow(process: subprocess.Popen[bytes], output: _Output, timeout_sec: float | None) -> bool:
    """Read output until the process ends; False when the time was up first."""
    assert process.stdout is not None
    fd = process.stdout.fileno()
    deadline = float("inf") if timeout_sec is None else time.monotonic() + timeout_sec
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    at_end = False
    while time.monotonic() < deadline:
        if at_end:
            # Its output is closed, so it is about to end.
            if _ends_within(process, min(_POLL_SEC, deadline - time.monotonic())):
                return True
        elif poller.poll(_POLL_SEC * 1000):
            chunk = os.read(fd, _CHUNK_BYTES)
            output.feed(chunk)
            at_end = not chunk
        elif process.poll() is not None:
            return True  # something it started holds its output open
    return False


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    import subprocess

    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _leave(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:
        processes.end(process)
    else:
        processes.release(process)
    if process.stdout is not None:
        process.stdout.close()


def _name(arguments: Sequence[str]) -> str:
    return os.path.basename(arguments[0])


def _quoted(arguments: Sequence[str]) -> str:
    return " ".join(shlex.quote(argument) for argument in arguments)


def _status(code: int) -> str:
    return f"exit status {code}" if code >= 0 else f"signal {-code}"
