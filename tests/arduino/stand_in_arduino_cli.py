#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""NOT arduino-cli: a stand-in for machines that cannot get it, over Debian's real tools.

It takes the commands and options that templates/arduino uses and answers as arduino-cli
1.x does. Compiling is done by the real arduino-builder with the real avr-gcc and Arduino's AVR
core, uploading by the real avrdude. With ``ARDUINO_CLI`` set, the tests use the real arduino-cli.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import termios
import time
from typing import Any

# The variable by which the real one finds a user's sketchbook, with cores in it.
USER = os.environ.get("ARDUINO_DIRECTORIES_USER")
HARDWARE = f"{USER}/hardware" if USER else "/usr/share/arduino/hardware"
AVR = pathlib.Path(HARDWARE) / "arduino" / "avr"
# As if in a platform.local.txt: Debian's avr-gcc 5.4 lacks this macro, which its core uses.
LOCAL = {} if USER else {"compiler.cpp.extra_flags": "-DDECIMAL_DIG=9"}


def answer(status: int, **reply: Any) -> None:
    print(json.dumps(reply, indent=2))
    sys.exit(status)


def board_properties(fqbn: str) -> dict[str, str]:
    """What boards.txt says of a board, its options (or the first of each) applied."""
    parts = fqbn.split(":")
    if len(parts) not in (3, 4):
        raise ValueError(f"Invalid FQBN: not an FQBN: {fqbn}")
    core = ":".join(parts[:2])
    if core != "arduino:avr":
        raise ValueError(f"Platform '{core}' not found: platform not installed")
    lines = (AVR / "boards.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("=", 1) for line in lines if line.startswith(f"{parts[2]}.")]
    if not pairs:
        raise ValueError(f"Invalid FQBN: board {':'.join(parts[:3])} not found")
    found = {name.split(".", 1)[1]: value for name, value in pairs}
    chosen = dict(one.split("=", 1) for one in parts[3].split(",")) if len(parts) == 4 else {}
    for name in list(found):
        option = re.fullmatch(r"menu\.(\w+)\.(\w+)", name)
        if option and option[1] not in chosen:
            chosen[option[1]] = option[2]
    for option, value in chosen.items():
        prefix = f"menu.{option}.{value}."
        if f"menu.{option}.{value}" not in found:
            raise ValueError(f"Invalid FQBN: invalid option '{option}={value}'")
        overlay = {k[len(prefix) :]: v for k, v in found.items() if k.startswith(prefix)}
        found.update(overlay)
    if "EMULATED_NATIVE_USB" in os.environ:  # the emulated Mega acts as if it had that
        found["upload.use_1200bps_touch"] = found["upload.wait_for_upload_port"] = "true"
    parts[3:] = [",".join(f"{option}={value}" for option, value in chosen.items())]
    return {**found, "fqbn": ":".join(filter(None, parts))}


def compile_sketch(args: argparse.Namespace) -> None:
    failed = {"success": False, "builder_result": None, "compiler_out": "", "upload_result": {}}
    try:
        board = board_properties(args.fqbn)
    except ValueError as error:
        answer(1, compiler_err="", error=f"Error during build: {error}", **failed)
    build = pathlib.Path(args.build_path or tempfile.mkdtemp())
    build.mkdir(parents=True, exist_ok=True)
    given = {**LOCAL, **dict(one.split("=", 1) for one in args.build_property)}
    sketch = pathlib.Path(args.sketch)
    command = [
        *("arduino-builder", "-dump-prefs" if args.show_properties else "-compile"),
        *("-hardware", HARDWARE),
        *("-hardware", "/usr/share/arduino-builder", "-tools", "/usr/bin"),
        *("-fqbn", board["fqbn"], "-build-path", str(build), "-warnings", args.warnings),
        *(f"-prefs={name}={value}" for name, value in given.items()),
        *(word for folder in args.libraries for word in ("-libraries", folder)),
        str(sketch / f"{sketch.name}.ino"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if args.show_properties:
        shutil.rmtree(build)
        own = [f"{name}={value}" for name, value in board.items()]
        result = {"build_properties": [*done.stdout.splitlines(), *own]}
        answer(done.returncode, success=done.returncode == 0, builder_result=result)
    elf = build / f"{sketch.name}.ino.elf"
    sections = []
    if elf.exists():
        # As platform.txt's recipe.size has it: what lies in flash, and what lies in RAM.
        listing = subprocess.run(
            ["avr-size", "-A", str(elf)], capture_output=True, text=True, check=True
        ).stdout
        sizes = {
            row[0]: int(row[1])
            for row in map(str.split, listing.splitlines())
            if row[1:2] and row[1].isdigit()
        }
        flash = sum(sizes.get(name, 0) for name in (".text", ".data", ".bootloader"))
        ram = sum(sizes.get(name, 0) for name in (".data", ".bss", ".noinit"))
        sections = [
            {"name": "text", "size": flash, "max_size": int(board["upload.maximum_size"])},
            {"name": "data", "size": ram, "max_size": int(board["upload.maximum_data_size"])},
        ]
    result = {
        "build_path": str(build),
        "executable_sections_size": sections,
        "build_properties": [f"{name}={value}" for name, value in board.items()],
    }
    out = {"compiler_out": done.stdout, "compiler_err": done.stderr, "upload_result": {}}
    if done.returncode != 0:
        said = "Error during build: exit status 1"
        answer(1, success=False, builder_result=result, error=said, **out)
    answer(0, success=True, builder_result=result, **out)


def upload(args: argparse.Namespace) -> None:
    try:
        board = board_properties(args.fqbn)
    except ValueError as error:
        answer(1, error=f"Error during Upload: {error}")
    if not args.port:
        print(json.dumps({"error": "Failed uploading: no upload port provided"}), file=sys.stderr)
        sys.exit(1)
    is_native = board.get("upload.use_1200bps_touch") == "true"
    port = touch(args.port) if is_native else args.port
    firmware = next(pathlib.Path(args.input_dir).glob("*.ino.hex"))
    command = [
        *("avrdude", "-q", "-q", f"-p{board['build.mcu']}", f"-c{board['upload.protocol']}"),
        *(f"-P{port}", f"-b{board['upload.speed']}", "-D", f"-Uflash:w:{firmware}:i"),
    ]
    # The real one gives each tool a process group of its own as well.
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, preexec_fn=os.setpgrp
    )
    if done.returncode != 0:
        said = "Failed uploading: uploading error: exit status 1"
        answer(1, stdout=done.stdout, stderr=done.stderr, error=said)
    if is_native:  # the real one waits for a port, and does not always tell which
        answer(0, stdout=done.stdout, stderr=done.stderr)
    now = {"address": port, "protocol": "serial", "properties": {}}
    answer(0, stdout=done.stdout, stderr=done.stderr, updated_upload_port=now)


def touch(port: str) -> str:
    """Open and close a port at 1200 baud; the port that comes where it was, or that one again."""
    before = {*pathlib.Path(port).parent.iterdir()}
    fd = os.open(port, os.O_RDWR | os.O_NOCTTY)
    settings = termios.tcgetattr(fd)
    settings[4] = settings[5] = termios.B1200
    termios.tcsetattr(fd, termios.TCSANOW, settings)
    os.close(fd)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        time.sleep(0.1)
        new = {*pathlib.Path(port).parent.iterdir()} - before
        if new:
            return str(new.pop())
    return port


def board_list(args: argparse.Namespace) -> None:
    """The emulated boards that the environment names, which real discovery cannot see."""
    boards = [{"name": "Arduino Mega or Mega 2560", "fqbn": "arduino:avr:mega"}]
    ports = os.environ.get("EMULATED_MEGA2560", "").split()
    answer(
        0,
        detected_ports=[
            {"matching_boards": boards, "port": {"address": port, "protocol": "serial"}}
            for port in ports
        ],
    )


def board_list_all(args: argparse.Namespace) -> None:
    """The boards of the one core."""
    text = (AVR / "boards.txt").read_text(encoding="utf-8")
    named = re.findall(r"^(\w+)\.name=(.*)$", text, re.MULTILINE)
    answer(0, boards=[{"fqbn": f"arduino:avr:{board}", "name": name} for board, name in named])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.set_defaults(act=None)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--format", choices=["json"], required=True)
    shared.add_argument("--fqbn")
    verbs = parser.add_subparsers(required=True)
    one = verbs.add_parser("compile", parents=[shared])
    one.set_defaults(act=compile_sketch)
    one.add_argument("--build-path")
    one.add_argument("--show-properties", action="store_true")
    one.add_argument("--build-property", action="append", default=[])
    one.add_argument("--libraries", action="append", default=[])
    one.add_argument("--warnings", default="none")
    one.add_argument("--verbose", action="store_true")
    one.add_argument("sketch")
    one = verbs.add_parser("upload", parents=[shared])
    one.set_defaults(act=upload)
    one.add_argument("--input-dir", required=True)
    one.add_argument("--port")
    boards = verbs.add_parser("board").add_subparsers(required=True)
    boards.add_parser("list", parents=[shared]).set_defaults(act=board_list)
    boards.add_parser("listall", parents=[shared]).set_defaults(act=board_list_all)
    args = parser.parse_args()
    args.act(args)


if __name__ == "__main__":
    main()
