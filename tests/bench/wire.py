#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Print what the wire to a firmware process costs: one call, and tensors each way.

Everything is in the way that a user's inference goes: client, JSON-RPC, server, pipe, firmware.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import tempfile
import time
from collections.abc import Callable

import numpy as np

import microtvm
from microtvm.check import tiny_archive

TENSOR_BYTES = 256 * 1024
CALLS = 200
REPEATS = 7


def median_seconds(action: Callable[[], object], repeats: int = REPEATS) -> float:
    """Seconds of one run of ``action``: the median of several."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        archive = tiny_archive.write(directory / "model.tar")
        template = microtvm.get_microtvm_template_projects("host")
        options = {"workspace_size_bytes": 4 * TENSOR_BYTES}
        with microtvm.generate_project_from_mlf(
            template, directory / "project", archive, options
        ) as project:
            project.build()
            with microtvm.Session(project.transport()) as session:
                result = measure(session)
    if args.json:
        print(json.dumps(result))
        return
    print(f"one call       {result['call_ms']:8.3f} ms")
    print(f"to the device  {result['to_device_mb_per_s']:8.2f} MB/s")
    print(f"back           {result['from_device_mb_per_s']:8.2f} MB/s")


def measure(session: microtvm.Session) -> dict[str, float]:
    """Time calls and copies in an open session."""
    executor = microtvm.create_local_aot_executor(session)
    count = executor.module["get_num_inputs"]
    values = np.random.default_rng(0).integers(0, 256, TENSOR_BYTES, np.uint8)
    tensor = session.empty(values.shape, values.dtype)
    to_device = median_seconds(lambda: tensor.copyfrom(values))
    back = median_seconds(tensor.numpy)
    assert (tensor.numpy() == values).all()
    return {
        "call_ms": 1000 * median_seconds(lambda: [count() for _ in range(CALLS)]) / CALLS,
        "to_device_mb_per_s": TENSOR_BYTES / to_device / 1e6,
        "from_device_mb_per_s": TENSOR_BYTES / back / 1e6,
    }


if __name__ == "__main__":
    main()
