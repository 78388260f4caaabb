# SPDX-License-Identifier: Apache-2.0
"""What a verb tells: lines and bars for people, one JSON object for programs."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

_LINE_WAIT_SEC = 0.2
_PLAIN_PARTS = 4  # lines a bar becomes where there is no terminal


class ServerLines(io.StringIO):
    """Keep what a template's server prints, and pass it on.

    Parameters
    ----------
    onward : text file, optional
        Where it is passed on to.
    """

    def __init__(self, onward: IO[str] | None):
        super().__init__()
        self._onward = onward
        self._came = threading.Event()

    def write(self, text: str) -> int:
        """Take text, from any thread."""
        if self._onward is not None:
            self._onward.write(text)
        written = super().write(text)
        self._came.set()
        return written

    def clear(self) -> None:
        """Forget what was printed so far."""
        self._came.clear()
        self.seek(0)
        self.truncate()

    def last(self) -> list[str]:
        """Give the last line printed, if any. It may come just after the reply it belongs to."""
        self._came.wait(_LINE_WAIT_SEC)
        return [line.strip() for line in self.getvalue().splitlines() if line.strip()][-1:]


class Report:
    """Tell what happens.

    With ``json_wanted`` standard output is for the result alone, and all else goes to standard
    error. Bars move on a terminal only; elsewhere they become a few plain lines.

    Parameters
    ----------
    verb : str
        What is being done.
    json_wanted : bool
        Print the result as JSON.
    verbose : bool
        Let through what the template's server prints.
    """

    def __init__(self, verb: str, json_wanted: bool = False, verbose: bool = False):
        self.verb = verb
        self.json_wanted = json_wanted
        self.verbose = verbose
        self._stream = sys.stderr if json_wanted else sys.stdout

    @property
    def server_output(self) -> IO[str] | None:
        """Where the server's output goes: nowhere, unless asked for."""
        return sys.stderr if self.verbose else None

    def line(self, text: str) -> None:
        """Print a line for people."""
        print(text, file=self._stream, flush=True)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time a step; what is appended to the list that is given is said about it at its end."""
        notes: list[str] = []
        start = time.perf_counter()
        with self._spinner(name):
            yield notes
        elapsed = f"{time.perf_counter() - start:.2f} s"
        self.line(f"{name:<12}{elapsed:>9}" + (f"   {'; '.join(notes)}" if notes else ""))

    @contextlib.contextmanager
    def bar(self, name: str, total: int) -> Iterator[Callable[[], None]]:
        """Show progress over ``total`` items; call what is given after each."""
        if self._stream.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

            columns = (f"{name:<12}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            console = Console(file=self._stream)
            with Progress(*columns, console=console, transient=True) as progress:
                task = progress.add_task(name, total=total)
                yield lambda: progress.advance(task)
            return
        done = 0

        def advance() -> None:
            nonlocal done
            done += 1
            if done * _PLAIN_PARTS // total > (done - 1) * _PLAIN_PARTS // total and total > 1:
                self.line(f"{name:<12}{done:>5} of {total}")

        yield advance

    def result(self, facts: Mapping[str, Any], lines: list[str]) -> None:
        """Print the result: ``facts`` as JSON, or ``lines``."""
        if self.json_wanted:
            print(json.dumps(facts, allow_nan=False), flush=True)
        else:
            for text in lines:
                self.line(text)

    def _spinner(self, name: str) -> contextlib.AbstractContextManager[Any]:
        if not self._stream.isatty() or self.verbose:
            return contextlib.nullcontext()
        from rich.console import Console

        return Console(file=self._stream).status(name)
