# SPDX-License-Identifier: Apache-2.0
"""A west workspace of our own: a tree with a few boards, whose commands write down how they were
called and leave what a build leaves. West itself is the real one."""

from __future__ import annotations

import json
import pathlib
from typing import Any

MANIFEST = """\
manifest:
  self:
    west-commands: commands.yml
"""

COMMANDS = """\
west-commands:
  - file: commands.py
    commands:
      - {name: boards, class: Boards, help: list boards}
      - {name: build, class: Build, help: build}
      - {name: flash, class: Flash, help: flash}
"""

PROGRAM = """\
import json, os, pathlib, sys, time
from west.commands import WestCommand

HERE = pathlib.Path(__file__).parent
SETUP = json.loads((HERE / "setup.json").read_text())


def record(name, args):
    with open(HERE / "calls.jsonl", "a") as file:
        file.write(json.dumps({"name": name, "args": args, "cwd": os.getcwd()}) + "\\n")


class Recorded(WestCommand):
    def __init__(self):
        super().__init__(self.name, self.name, self.name, accepts_unknown_args=True)

    def do_add_parser(self, parser_adder):
        return parser_adder.add_parser(self.name, add_help=False)

    def do_run(self, args, unknown):
        record(self.name, unknown)
        self.act(unknown)


class Boards(Recorded):
    name = "boards"

    def act(self, args):
        for board in SETUP["boards"]:
            if not SETUP["has_qualifiers"]:
                board = {key: board[key] for key in ("name", "dir")}
            print(args[args.index("-f") + 1].format(**board))


class Build(Recorded):
    name = "build"

    def act(self, args):
        directory = next(pathlib.Path(a[12:]) for a in args if a.startswith("--build-dir="))
        for name, text in SETUP["build_leaves"].items():
            if SETUP["build_says"] and name != "zephyr/.config":
                continue
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        if SETUP["build_says"]:
            print(SETUP["build_says"])
            sys.exit(1)


class Flash(Recorded):
    name = "flash"

    def act(self, args):
        if "--context" in args:
            print(SETUP["flash_context"])
            return
        attempts = HERE / "attempts"
        number = len(attempts.read_text()) if attempts.exists() else 0
        attempts.write_text("x" * (number + 1))
        said = SETUP["flash_says"][number] if number < len(SETUP["flash_says"]) else ""
        if said == "hang":
            time.sleep(60)
        if said:
            print(said)
            sys.exit(1)
"""

DEVICETREE = """\
/dts-v1/;
/ {
    chosen {
        zephyr,console = &usart3; /* in board.dts:1 */
    };
    soc {
        usart1: serial@40011000 {
            current-speed = < 0x2580 >;
        };
        usart3: console_uart: serial@40004800 {
            child {
                current-speed = < 0x1 >;
            };
            current-speed = < 0xf4240 >; /* in board.dts:7 */
        };
    };
};
"""

BOARDS: list[dict[str, str]] = [
    {"name": "nucleo_f746zg", "qualifiers": "stm32f746xx", "dir": "boards/st/nucleo_f746zg"},
    {
        "name": "nrf5340dk",
        "qualifiers": "nrf5340/cpuapp,nrf5340/cpuapp/ns,nrf5340/cpunet",
        "dir": "boards/nordic/nrf5340dk",
    },
    {"name": "mps2", "qualifiers": "an385,an521/cpu0", "dir": "boards/arm/mps2"},
    {"name": "native_sim", "qualifiers": "native,native/64", "dir": "boards/native/native_sim"},
    {"name": "qemu_cortex_m3", "qualifiers": "ti_lm3s6965", "dir": "boards/qemu/cortex_m3"},
]

# As Zephyr before 3.7 lists them.
OLD_BOARDS: list[dict[str, str]] = [
    {"name": name, "qualifiers": "", "dir": f"boards/{directory}"}
    for name, directory in {
        "mps2_an521": "arm/mps2_an521",
        "native_posix_64": "posix/native_posix",
        "nrf9160dk_nrf9160_ns": "arm/nrf9160dk_nrf9160",
    }.items()
]

BUILD_LEAVES = {
    "build.ninja": "",
    "CMakeCache.txt": "CMAKE_SIZE:FILEPATH=/nowhere/size\n",
    "zephyr/zephyr.elf": "firmware",
    "zephyr/zephyr.dts": DEVICETREE,
    "zephyr/runners.yaml": "runners:\n- stm32cubeprogrammer\n- openocd\n\nflash-runner: openocd\n",
    "zephyr/.config": "CONFIG_UART_CONSOLE=n\n",
}


class TinyZephyr:
    """The workspace.

    Parameters
    ----------
    root : pathlib.Path
        An empty directory.
    version : (int, int)
        What it says it is.
    """

    def __init__(self, root: pathlib.Path, version: tuple[int, int] = (4, 2)) -> None:
        self.base = root / "tree"
        (root / ".west").mkdir(parents=True)
        (root / ".west" / "config").write_text(
            "[manifest]\npath = tree\nfile = west.yml\n[zephyr]\nbase = tree\n"
        )
        (self.base / "drivers" / "serial").mkdir(parents=True)
        files = {
            "VERSION": f"VERSION_MAJOR = {version[0]}\nVERSION_MINOR = {version[1]}\n",
            "west.yml": MANIFEST,
            "commands.yml": COMMANDS,
            "commands.py": PROGRAM,
            "drivers/serial/Kconfig": "",
        }
        for name, text in files.items():
            (self.base / name).write_text(text)
        self.setup: dict[str, Any] = {
            "boards": BOARDS,
            "has_qualifiers": True,
            "build_says": "",
            "build_leaves": BUILD_LEAVES,
            "flash_context": "  -i DEV_ID, --dev-id DEV_ID",
            "flash_says": [],
        }
        self.change()

    def change(self, **setup: Any) -> None:
        """Let the commands do something else."""
        self.setup.update(setup)
        (self.base / "setup.json").write_text(json.dumps(self.setup))

    def calls(self, name: str) -> list[list[str]]:
        """The arguments of each call of a command, oldest first."""
        path = self.base / "calls.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [call["args"] for call in map(json.loads, lines) if call["name"] == name]
