#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""NOT arduino-cli: the stand-in beside this file, answering as release 0.18 did (until 0.29, but
for the list of ports). The forms are those of the real 0.18.3, built from its source."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any

from stand_in_arduino_cli import board_properties

STAND_IN = pathlib.Path(__file__).with_name("stand_in_arduino_cli.py")


def show(reply: Any) -> None:
    print(json.dumps(reply, indent=2))


def compiled(reply: dict[str, Any]) -> None:
    """Why there is no build it told only who did not ask for JSON, and it ended with 0."""
    result = reply.get("builder_result") or {}
    properties = result.pop("build_properties", [])
    if "--show-properties" in sys.argv:
        print("\n".join(properties))
    show(
        {
            "compiler_out": reply.get("compiler_out", ""),
            "compiler_err": reply.get("compiler_err", ""),
            "builder_result": result or None,
            "success": reply["success"],
        }
    )


def uploaded(reply: dict[str, Any]) -> None:
    """The programmer's own words, whatever the format."""
    print(reply.get("stdout", ""), end="")
    print(reply.get("stderr", ""), end="", file=sys.stderr)
    if "error" in reply:
        sys.exit(f"Error during Upload: {reply['error']}")


def details() -> None:
    try:
        show(board_properties(sys.argv[sys.argv.index("--fqbn") + 1]))
    except ValueError as error:
        sys.exit(f"Error getting board details: loading board data: {error}")


def main() -> None:
    if sys.argv[1:3] == ["board", "details"]:
        details()
        return
    done = subprocess.run(
        [sys.executable, str(STAND_IN), *sys.argv[1:]], capture_output=True, text=True, check=False
    )
    reply = json.loads(done.stdout or done.stderr)
    if sys.argv[1] == "compile":
        compiled(reply)
    elif sys.argv[1] == "upload":
        uploaded(reply)
    else:
        show([{**one["port"], "boards": one["matching_boards"]} for one in reply["detected_ports"]])


if __name__ == "__main__":
    main()
