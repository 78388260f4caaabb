#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Print what device_kit adds to a firmware for Cortex-M3, and fail when it is over budget.

The same stub platform and empty kernel are linked twice, with device_kit and without. Both links
use ``-Os``, nano libc and ``--gc-sections``; packet buffer and memory pool are the port's and in
both.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
STUB = pathlib.Path(__file__).with_name("footprint_stub.c")
COMPILER = "arm-none-eabi-gcc"
SIZE = "arm-none-eabi-size"
FLAGS = [
    "-std=c11",
    "-Os",
    "-mcpu=cortex-m3",
    "-mthumb",
    "-ffunction-sections",
    "-fdata-sections",
    "--specs=nano.specs",
    "--specs=nosys.specs",
    "-Wl,--gc-sections",
]
TEXT_BUDGET = 12 * 1024
RAM_BUDGET = 1024


def section_sizes(compiler: str, size: str, directory: pathlib.Path, kit: bool) -> dict[str, int]:
    """Link the stub firmware and measure it.

    Parameters
    ----------
    compiler, size
        The tools to link and to measure with.
    directory
        Where the executable goes.
    kit
        Whether the firmware has device_kit in it.

    Returns
    -------
    dict
        ``text``, ``data`` and ``bss`` in bytes.
    """
    output = directory / ("with.elf" if kit else "without.elf")
    sources = [str(STUB)]
    if kit:
        sources += [
            "-DWITH_DEVICE_KIT",
            *map(str, sorted((REPOSITORY / "device_kit/src").glob("*.c"))),
        ]
    include = REPOSITORY / "device_kit/include"
    subprocess.run([compiler, *FLAGS, f"-I{include}", *sources, "-o", str(output)], check=True)
    listing = subprocess.run([size, str(output)], check=True, capture_output=True, text=True)
    text, data, bss = listing.stdout.splitlines()[1].split()[:3]
    return {"text": int(text), "data": int(data), "bss": int(bss)}


def main() -> int:
    """Measure, print a table (or JSON), and return 0 when within budget."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    options = parser.parse_args()

    compiler, size = shutil.which(COMPILER), shutil.which(SIZE)
    if compiler is None or size is None:
        print(
            f"error: {COMPILER} is not on the PATH; on Debian and Ubuntu: "
            "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi",
            file=sys.stderr,
        )
        return 2

    with tempfile.TemporaryDirectory() as directory:
        without = section_sizes(compiler, size, pathlib.Path(directory), kit=False)
        with_kit = section_sizes(compiler, size, pathlib.Path(directory), kit=True)
    added = {name: with_kit[name] - without[name] for name in without}
    ram = added["data"] + added["bss"]
    fits = added["text"] <= TEXT_BUDGET and ram <= RAM_BUDGET

    if options.json:
        print(json.dumps({"without": without, "with": with_kit, "added": added, "fits": fits}))
    else:
        print(f"{'Cortex-M3, -Os, bytes':24}{'text':>8}{'data':>8}{'bss':>8}")
        for title, sizes in (("stub", without), ("with device_kit", with_kit), ("added", added)):
            print(f"{title:24}{sizes['text']:8}{sizes['data']:8}{sizes['bss']:8}")
        print(
            f"text: {added['text']} of {TEXT_BUDGET} bytes; static RAM: {ram} of {RAM_BUDGET} bytes"
        )
        if not fits:
            print("error: device_kit is over its budget", file=sys.stderr)
    return 0 if fits else 1


if __name__ == "__main__":
    sys.exit(main())
