# SPDX-License-Identifier: Apache-2.0
"""arduino-cli, asked for JSON. Its shapes differ by release; both are read."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import shlex

from server_kit import ToolError, log
from server_kit.disk import why_tool_failed
from server_kit.interrupts import Deferred
from server_kit.tools import processes, running

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

COMPILE_SEC = 1800.0
UPLOAD_SEC = 120.0
LIST_SEC = 30.0

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
        reply = self._call(arguments, COMPILE_SEC)
        for text in (reply.get("compiler_out"), reply.get("compiler_err")):
            for line in (text or "").splitlines():
                log.info(line)
        if not reply.get("success"):
            said = f"{reply.get('compiler_err')}\n{reply.get('error')}"
            why = why_tool_failed(said, build_path)
            if why is not None:
                raise ToolError(f"arduino-cli compile failed: {why}")
            raise ToolError(self._failure("compile", fqbn, reply))
        return reply

    def properties(self, fqbn: str, sketch: pathlib.Path) -> dict[str, str]:
        """What a board's core, and a ``platform.local.txt`` beside it, set for its builds.

        Raises
        ------
        ToolError :
        """
        arguments = ["compile", "--fqbn", fqbn, "--show-properties", str(sketch)]
        reply, before = self._call_after_text(arguments, LIST_SEC)
        result = reply.get("builder_result") or {}
        # Since 0.30 they are in the reply; until then they were printed before it.
        lines = result.get("build_properties") or before.splitlines()
        found = {name: value for name, equals, value in (x.partition("=") for x in lines) if equals}
        if not found:
            raise ToolError(self._failure("compile", fqbn, reply))
        return found

    def upload(self, fqbn: str, port: str | None, build_path: pathlib.Path) -> str | None:
        """Put what was compiled on the board; the port where it is afterwards, if that is told."""
        arguments = ["upload", "--fqbn", fqbn, "--input-dir", str(build_path)]
        if port is not None:
            arguments += ["--port", port]
        reply = self._call(arguments, UPLOAD_SEC)
        if "error" in reply:
            raise ToolError(self._failure("upload", fqbn, reply))
        updated: str | None = (reply.get("updated_upload_port") or {}).get("address")
        return updated

    def ports_of(self, fqbn: str) -> list[dict[str, Any]]:
        """The attached ports at which a board of this kind is: ``address`` and ``properties``."""
        reply = self._call(["board", "list"], LIST_SEC)
        listed = reply.get("detected_ports") if isinstance(reply, dict) else reply
        plain = ":".join(fqbn.split(":")[:3]).lower()
        return [
            entry["port"]
            for entry in listed or []
            for board in (entry.get("matching_boards") or entry.get("boards") or [])
            if str(board.get("fqbn", board.get("FQBN", ""))).lower() == plain
        ]

    def _call(self, arguments: Sequence[str], timeout_sec: float) -> Any:
        """Its reply."""
        return self._call_after_text(arguments, timeout_sec)[0]

    def _call_after_text(self, arguments: Sequence[str], timeout_sec: float) -> tuple[Any, str]:
        """Its reply, and what it printed before. Ended with all that it started after that time."""
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
            out, err = process.communicate(timeout=timeout_sec)
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
        for text in (out, err):  # an error that ends it early is on its standard error
            said = text.decode("utf-8", "replace")
            before, _, rest = said.partition("\n{\n")
            for begin, reply in (("", said), (before, f"{{{rest}")):
                with contextlib.suppress(ValueError):
                    return json.loads(reply), begin
        said = (err or out).decode("utf-8", "replace").strip() or "nothing"
        raise ToolError(
            f"arduino-cli {arguments[0]} did not answer in JSON but said: {said}; repeat with: "
            + shlex.join(command)
        )

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
            return (
                f"the sketch is too big for {fqbn}: {numbers}; take a smaller model, a board with "
                "more memory, or set workspace_size_bytes lower"
            )
        overflow = [line for line in compiler if "within region" in line or "overflowed" in line]
        if overflow:
            return (
                f"the sketch is too big for {fqbn}: {overflow[0].strip()}; take a smaller model, a "
                "board with more memory, or set workspace_size_bytes lower"
            )
        if "not installed" in said or "Unknown package" in said or "platform not found" in said:
            url = _manager_url(core)
            return (
                f"the core {core} is missing: arduino-cli core install {core}{url}; it said: {said}"
            )
        if "FQBN" in said or "board" in said and "not found" in said:
            return (
                f"option 'board': arduino-cli knows no {fqbn} ({said}); "
                "arduino-cli board listall names those of the cores that are installed"
            )
        # A compiler's first error counts, a programmer's last: avrdude begins with harmless ones.
        at = 0 if verb == "compile" else -1
        line = errors[at] if errors else (compiler[-1] if compiler else "")
        return f"arduino-cli {verb} failed: {line or said}" + (f" ({said})" if line else "")


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
