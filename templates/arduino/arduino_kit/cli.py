# SPDX-License-Identifier: Apache-2.0
"""arduino-cli, asked for JSON. Its shapes differ by release; both are read."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import shlex
import time

from server_kit import ToolError, log
from server_kit.api.options import did_you_mean
from server_kit.disk import why_tool_failed
from server_kit.interrupts import Deferred
from server_kit.tools import overflow, processes, running

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence

COMPILE_SEC = 1800.0
UPLOAD_SEC = 120.0
LIST_SEC = 30.0
# How often it is looked at what was compiled meanwhile: in JSON it answers when all is done.
PROGRESS_SEC = 1.0

running.INSTALL_HINTS["arduino-cli"] = (
    "see https://arduino.github.io/arduino-cli/latest/installation, or name it with the option "
    "arduino_cli_cmd or the environment variable ARDUINO_CLI"
)


class ArduinoCli:
    """The command.

    Parameters
    ----------
    command : str or None
        The option ``arduino_cli_cmd``; by default ``ARDUINO_CLI`` of the environment, or PATH.

    Raises
    ------
    ToolError :
        When there is none.
    """

    def __init__(self, command: str | None) -> None:
        words = shlex.split(command or os.environ.get("ARDUINO_CLI") or "arduino-cli")
        self._command = [running.find_tool(words[0]), *words[1:]]

    def compile(
        self, fqbn: str, sketch: pathlib.Path, build_path: pathlib.Path, more: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Compile a sketch; the reply of ``arduino-cli compile``.

        Raises
        ------
        ToolError :
            With the first error of the compiler, or what arduino-cli says and what to do.
        """
        arguments = ["compile", "--fqbn", fqbn, "--build-path", str(build_path), *more, str(sketch)]
        reply = self._run(arguments, COMPILE_SEC, _Progress(build_path).tell).reply()
        for text in (reply.get("compiler_out"), reply.get("compiler_err")):
            for line in (text or "").splitlines():
                log.info(line)
        if not reply.get("success"):
            said = f"{reply.get('compiler_err')}\n{reply.get('error')}"
            why = why_tool_failed(said, build_path)
            if why is not None:
                raise ToolError(f"arduino-cli compile failed: {why}")
            raise ToolError(self._failure("compile", fqbn, self._with_error(fqbn, reply)))
        return reply

    def properties(self, fqbn: str, sketch: pathlib.Path) -> dict[str, str]:
        """What a board's core, and a ``platform.local.txt`` beside it, set for its builds.

        Raises
        ------
        ToolError :
        """
        arguments = ["compile", "--fqbn", fqbn, "--show-properties", str(sketch)]
        answer = self._run(arguments, LIST_SEC)
        reply = answer.reply()
        # Since 0.30 they are in the reply; until then they were printed before it.
        lines = (reply.get("builder_result") or {}).get("build_properties")
        pairs = (x.partition("=") for x in lines or answer.before.splitlines())
        found = {name: value for name, equals, value in pairs if equals}
        if not found:
            raise ToolError(self._failure("compile", fqbn, self._with_error(fqbn, reply)))
        return found

    def upload(self, fqbn: str, port: str | None, build_path: pathlib.Path) -> str | None:
        """Put what was compiled on the board; the port where it is afterwards, if that is told."""
        arguments = ["upload", "--fqbn", fqbn, "--input-dir", str(build_path)]
        if port is not None:
            arguments += ["--port", port]
        log.info(f"uploading to {port or fqbn}")
        answer = self._run(arguments, UPLOAD_SEC)
        # Until 0.29 there were the programmer's own words, and the exit status told.
        words = answer.spoken() if answer.status else {}
        reply = answer.reply() if answer.is_json else words
        for line in f"{reply.get('stdout', '')}\n{reply.get('stderr', '')}".splitlines():
            if line.strip():
                log.info(line)
        if "error" in reply:
            raise ToolError(self._failure("upload", fqbn, reply))
        updated: str | None = (reply.get("updated_upload_port") or {}).get("address")
        return updated

    def ports_of(self, fqbn: str) -> list[dict[str, Any]]:
        """The attached ports at which a board of this kind is: ``address`` and ``properties``."""
        reply = self._run(["board", "list"], LIST_SEC).reply()
        listed = reply.get("detected_ports") if isinstance(reply, dict) else reply
        plain = ":".join(fqbn.split(":")[:3]).lower()
        return [
            entry.get("port") or entry  # 0.18 had no such level
            for entry in listed or []
            for board in (entry.get("matching_boards") or entry.get("boards") or [])
            if str(board.get("fqbn", board.get("FQBN", ""))).lower() == plain
        ]

    def _with_error(self, fqbn: str, reply: dict[str, Any]) -> dict[str, Any]:
        """A reply to ``compile`` that tells why there is no build; until 0.29 it does not."""
        if reply.get("error") or reply.get("compiler_err"):
            return reply
        asked = self._run(["board", "details", "--fqbn", fqbn], LIST_SEC)
        return {**reply, **({} if asked.is_json else asked.spoken())}

    def _run(
        self,
        arguments: Sequence[str],
        timeout_sec: float,
        tell: Callable[[], None] = lambda: None,
    ) -> _Answer:
        """Its answer. Ended with all that it started when the time is up."""
        import subprocess

        command = [*self._command, *arguments, "--format", "json"]
        process = None
        try:
            with Deferred():
                process = processes.start(
                    command,
                    cwd=pathlib.Path.cwd(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
            end = time.monotonic() + timeout_sec
            while True:
                left = end - time.monotonic()
                try:
                    out, err = process.communicate(timeout=min(max(left, 0), PROGRESS_SEC))
                    break
                except subprocess.TimeoutExpired:
                    if left <= PROGRESS_SEC:
                        raise
                    tell()
        except subprocess.TimeoutExpired:
            raise ToolError(
                f"arduino-cli {arguments[0]} did not end within {timeout_sec} s; repeat with: "
                + shlex.join(command)
            ) from None
        except OSError as error:
            raise ToolError(f"{command[0]} cannot be run: {error.strerror}") from error
        finally:
            if process is not None:
                processes.end(process)
        return _Answer(command, arguments[0], process.returncode, out, err)

    def _failure(self, verb: str, fqbn: str, reply: dict[str, Any]) -> str:
        compiler = (reply.get("compiler_err") or reply.get("stderr") or "").splitlines()
        errors = [line for line in compiler if _ERROR.search(line)]
        said = str(reply.get("error") or "it failed without a word").strip()
        sizes = (reply.get("builder_result") or {}).get("executable_sections_size") or []
        too_big = [one for one in sizes if one.get("max_size") and one["size"] > one["max_size"]]
        core = ":".join(fqbn.split(":")[:2])
        if too_big:
            numbers = ", ".join(
                f"{s['name']} {s['size']} of {s['max_size']} bytes" for s in too_big
            )
            what_to_do = overflow.advice_for(s["name"] for s in too_big)
            return f"the sketch is too big for {fqbn}: {numbers}; {what_to_do}"
        what_to_do = overflow.advice("\n".join(compiler))
        if what_to_do:
            regions = dict.fromkeys(m.group() for m in map(overflow.REGION.search, compiler) if m)
            said = ", ".join(regions) or (errors or compiler)[0]
            return f"the sketch is too big for {fqbn}: {said}; {what_to_do}"
        one_line = " ".join(said.split())
        if re.search(r"not installed|unknown (package|platform)|platform not found", said, re.I):
            url = _manager_url(core)
            return (
                f"the core {core} is missing: arduino-cli core install {core}{url}"
                f"{self._nearest(fqbn)}; it said: {one_line}"
            )
        if "FQBN" in said or re.search(r"board.*(not found|invalid (value|option))", said):
            return (
                f"option 'board': arduino-cli knows no {fqbn}{self._nearest(fqbn)} ({one_line}); "
                "arduino-cli board listall names those of the cores that are installed, and "
                "arduino-cli board details --fqbn FQBN a board's options"
            )
        # A compiler's first error counts, a programmer's last: avrdude begins with harmless ones.
        at = 0 if verb == "compile" else -1
        line = errors[at] if errors else (compiler[-1] if compiler else "")
        return f"arduino-cli {verb} failed: {line or said}" + (f" ({said})" if line else "")

    def _nearest(self, fqbn: str) -> str:
        """`` (did you mean 'x'?)`` of a board that is installed, where one is near."""
        plain = ":".join(fqbn.split(":")[:3])
        try:
            reply = self._run(["board", "listall"], LIST_SEC).reply()
        except ToolError:
            return ""  # the error that is being told is the one that counts
        listed = reply.get("boards") if isinstance(reply, dict) else None
        known = [str(board.get("fqbn", board.get("FQBN", ""))) for board in listed or []]
        return "" if plain in known else did_you_mean(plain, known)


class _Progress:
    """What was compiled since this was made, told by the files that there are."""

    def __init__(self, build_path: pathlib.Path) -> None:
        self._build_path = build_path
        self._before = self._objects()
        self._told = 0

    def tell(self) -> None:
        """Log how many files are done, where there are more than when it was last told."""
        new = dict(self._objects().items() - self._before.items())
        if len(new) > self._told:
            self._told = len(new)
            last = max(new, key=lambda path: new[path]).relative_to(self._build_path)
            log.info(f"compiled so far: {len(new)} files, {last.with_suffix('')} the last")

    def _objects(self) -> dict[pathlib.Path, int]:
        found = {}
        for path in self._build_path.rglob("*.o"):
            with contextlib.suppress(OSError):
                found[path] = path.stat().st_mtime_ns
        return found


class _Answer:
    """What arduino-cli said, in JSON or in words.

    Attributes
    ----------
    status : int
        Its exit status.
    is_json : bool
        Whether there is a reply.
    before : str
        What it printed before that.
    """

    def __init__(
        self, command: Sequence[str], verb: str, status: int, out: bytes, err: bytes
    ) -> None:
        self._command = command
        self._verb = verb
        self._texts = [text.decode("utf-8", "replace") for text in (out, err)]
        self._reply: Any = None
        self.status = status
        self.is_json = False
        self.before = ""
        for text in self._texts:  # an error that ends it early is on its standard error
            before, _, rest = text.partition("\n{\n")
            for begin, reply in (("", text), (before, f"{{{rest}")):
                with contextlib.suppress(ValueError):
                    self._reply, self.before = json.loads(reply), begin
                    self.is_json = True
                    return

    def reply(self) -> Any:
        """The reply in JSON."""
        if self.is_json:
            return self._reply
        out, err = self._texts
        said = (err or out).strip() or "nothing"
        raise ToolError(
            f"arduino-cli {self._verb} did not answer in JSON but said: {said}; repeat with: "
            + shlex.join(self._command)
        )

    def spoken(self) -> dict[str, str]:
        """What is in words, as a reply would have it: the last line is why it failed."""
        out, err = self._texts
        lines = (err or out).strip().splitlines() or ["it failed without a word"]
        return {"error": lines[-1], "stderr": "\n".join(lines[:-1])}


# Linkers say what is wrong before they say that there is an error.
_ERROR = re.compile(r"error|exceed|undefined reference|multiple definition", re.IGNORECASE)


def _manager_url(core: str) -> str:
    url = _MANAGER_URLS.get(core.split(":")[0])
    return f" --additional-urls {url}" if url else ""


# Where cores that are not Arduino's own are listed, by their makers' documentation.
_MANAGER_URLS = {
    "SPRESENSE": "https://github.com/sonydevworld/spresense-arduino-compatible/releases/download/"
    "generic/package_spresense_index.json",
    "Seeeduino": "https://files.seeedstudio.com/arduino/package_seeeduino_boards_index.json",
    "adafruit": "https://adafruit.github.io/arduino-board-index/package_adafruit_index.json",
    "esp32": "https://espressif.github.io/arduino-esp32/package_esp32_index.json",
    "rp2040": "https://github.com/earlephilhower/arduino-pico/releases/download/global/"
    "package_rp2040_index.json",
    "teensy": "https://www.pjrc.com/teensy/package_teensy_index.json",
}
