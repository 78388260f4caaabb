# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the tools of those who make chips and probes: it writes down how it was called.

Called as ``fake_tool.py NAME LOG ARGUMENTS``. It answers what Zephyr's runners ask before they
flash; nothing is flashed.
"""

from __future__ import annotations

import json
import sys

ANSWERS = {
    ("LinkServer", "-v"): "LinkServer v1.6.121",
    ("bossac", "--help"): "--offset",
    ("stty", "--version"): "stty (GNU coreutils) 9.1",
}


def main(name: str, log: str, *arguments: str) -> None:
    with open(log, "a", encoding="utf-8") as file:
        file.write(json.dumps([name, *arguments]) + "\n")
    print(ANSWERS.get((name, arguments[0] if arguments else ""), ""), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
