#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Print what the Zephyr template costs on an emulated board, beside Zephyr's own hello_world.

Wants what builds for the board want: ZEPHYR_BASE, west and a toolchain (docs/zephyr.md). Times are
of one run, so ratios hold where seconds do not. The compiler's cache, where ccache is installed,
starts empty.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import microtvm
from microtvm.check import tiny_archive
from microtvm.demo import MODEL_NAME, relax_module

TENSOR_BYTES = 16 * 1024
REPEATS = 7
BUILDS = ("first", "same project, other model", "other project", "hello_world")


def seconds(action: Callable[[], object]) -> float:
    """How long it takes once."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def west(*arguments: str) -> None:
    """Run west, quietly unless it fails.

    Raises
    ------
    RuntimeError :
        With what it printed.
    """
    done = subprocess.run(["west", *arguments], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"west {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def sizes(build_dir: pathlib.Path, kind: str, project_dir: pathlib.Path) -> dict[str, int]:
    """Bytes by origin, from the report that west's target ``rom_report`` or ``ram_report`` writes.

    Parameters
    ----------
    build_dir : pathlib.Path
    kind : str
        ``rom`` or ``ram``.
    project_dir : pathlib.Path
        Where the application's sources lie.
    """
    west("build", "-d", str(build_dir), "-t", f"{kind}_report")
    report = json.loads((build_dir / f"{kind}.json").read_text(encoding="utf-8"))["symbols"]
    zephyr = str(pathlib.Path(os.environ["ZEPHYR_BASE"]).resolve())
    origins = {
        str(project_dir / "model"): "model",
        str(project_dir / "src/model_descriptor.c"): "model",
        str(project_dir / "device_kit"): "device_kit",
        str(project_dir / "src"): "template",
        str(build_dir): "Zephyr",
        zephyr: "Zephyr",
    }
    found: collections.Counter[str] = collections.Counter()

    def add(node: dict[str, Any], inside: str) -> None:
        # The report writes paths below Zephyr, and those alone, relative to the node above them.
        name = node["identifier"]
        path = name if name.startswith("/") else f"{inside}/{name}"
        if node.get("children"):
            for child in node["children"]:
                add(child, inside if node is report else path)
            return
        origin = next((origin for start, origin in origins.items() if path.startswith(start)), None)
        found[origin or "libraries and the rest"] += node["size"]

    add(report, "")
    return {**found, "total": report["size"]}


def copies(project: Any) -> dict[str, float]:
    """Bytes a second of a tensor to the board and back, the median of several copies."""
    values = np.random.default_rng(0).integers(0, 256, TENSOR_BYTES, np.uint8)
    with microtvm.Session(project.transport()) as session:
        tensor = session.empty(values.shape, values.dtype)
        to_device = [seconds(lambda: tensor.copyfrom(values)) for _ in range(REPEATS)]
        back = [seconds(tensor.numpy) for _ in range(REPEATS)]
        assert (tensor.numpy() == values).all()
    return {
        "to_device_bytes_per_s": TENSOR_BYTES / float(np.median(to_device)),
        "from_device_bytes_per_s": TENSOR_BYTES / float(np.median(back)),
    }


def exchange_model(project_dir: pathlib.Path) -> None:
    """Change one weight in the project's generated code, as more training would."""
    source = next((project_dir / "model/codegen/host/src").glob("*_lib0.c"))
    text = source.read_text(encoding="utf-8")
    source.write_text(re.sub(r"-?0x1\.[0-9a-f]+p-\d+f", "0x1p-3f", text, count=1), encoding="utf-8")


def measure(board: str, directory: pathlib.Path) -> dict[str, Any]:
    """Build, run and measure on one board."""
    os.environ["CCACHE_DIR"] = str(directory / "ccache")
    digits = microtvm.export_model_library_format(
        microtvm.compile(relax_module(), name=MODEL_NAME), directory / "digits.tar"
    )
    other = tiny_archive.write(directory / "tiny.tar")
    template = microtvm.get_microtvm_template_projects("zephyr")
    options = {"board": board, "workspace_size_bytes": 2 * TENSOR_BYTES}
    project_dir = directory / "digits"
    builds = {}
    with microtvm.generate_project_from_mlf(template, project_dir, digits, options) as project:
        builds["first"] = seconds(project.build)
        project.flash()
        result: dict[str, Any] = copies(project)
        firmware = project_dir / "build/zephyr/zephyr.elf"
        before = firmware.read_bytes()
        exchange_model(project_dir)
        builds["same project, other model"] = seconds(project.build)
        assert firmware.read_bytes() != before, "the model was not exchanged"
    with microtvm.generate_project_from_mlf(template, directory / "tiny", other, options) as tiny:
        builds["other project"] = seconds(tiny.build)
    hello = directory / "hello"
    sample = pathlib.Path(os.environ["ZEPHYR_BASE"], "samples/hello_world")
    builds["hello_world"] = seconds(
        lambda: west("build", "-b", board, "-d", str(hello), str(sample))
    )
    result["build_seconds"] = builds
    result["sizes"] = {
        kind: {
            "digits": sizes(project_dir / "build", kind, project_dir),
            "hello_world": sizes(hello, kind, sample),
        }
        for kind in ("rom", "ram")
    }
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--board", default="qemu_cortex_m3")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    if not os.environ.get("ZEPHYR_BASE"):
        parser.error("set ZEPHYR_BASE to a Zephyr (docs/zephyr.md)")
    with tempfile.TemporaryDirectory() as scratch:
        result = measure(args.board, pathlib.Path(scratch).resolve())
    if args.json:
        print(json.dumps(result))
        return
    first = result["build_seconds"]["first"]
    for name in BUILDS:
        taken = result["build_seconds"][name]
        print(f"build: {name:<26} {taken:7.2f} s  {taken / first:5.2f} of the first")
    for name, label in (("to_device", "to the board"), ("from_device", "back")):
        rate = result[f"{name}_bytes_per_s"]
        print(f"copy {TENSOR_BYTES} bytes {label:<13} {rate / 1000:9.1f} kB/s")
    for kind, tables in result["sizes"].items():
        print(f"{kind} bytes {'digits':>34} {'hello_world':>12}")
        for origin in sorted(tables["digits"], key=lambda name: (name == "total", name)):
            values = [tables[name].get(origin, 0) for name in ("digits", "hello_world")]
            print(f"    {origin:<26} {values[0]:12d} {values[1]:12d}")


if __name__ == "__main__":
    main()
