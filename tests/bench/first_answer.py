#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Print how long each step takes from an archive to the first answer on the host.

Two projects are made from the same archive, one after the other, with an empty build cache at the
start: the second shows what a user waits for who tries another model. Starting the servers counts.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

import microtvm

STEPS = ("create", "build", "flash", "connect", "run")


@contextlib.contextmanager
def timed(times: dict[str, float], step: str) -> Iterator[None]:
    """Add a step's seconds to ``times``."""
    start = time.perf_counter()
    yield
    times[step] = time.perf_counter() - start


def first_answer(archive: pathlib.Path, directory: pathlib.Path) -> dict[str, float]:
    """Take an archive to its first answer; seconds by step."""
    times: dict[str, float] = {}
    template = microtvm.get_microtvm_template_projects("host")
    with timed(times, "create"):
        project = microtvm.generate_project_from_mlf(template, directory, archive)
    with project:
        with timed(times, "build"):
            project.build()
        with timed(times, "flash"):
            project.flash()
        with contextlib.ExitStack() as stack:
            with timed(times, "connect"):
                session = stack.enter_context(microtvm.Session(project.transport()))
                executor = microtvm.create_local_aot_executor(session)
            with timed(times, "run"):
                for index in range(executor.get_num_inputs()):
                    tensor = executor.get_input(index)
                    executor.set_input(index, np.zeros(tensor.shape, tensor.dtype))
                executor.run()
                executor.get_output(0).numpy()
    times["total"] = sum(times[step] for step in STEPS)
    return times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", help="an archive or a model file; default: the digits")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        os.environ["MICROTVM_CACHE_DIR"] = str(directory / "cache")
        archive = pathlib.Path(args.model or "")
        if archive.suffix != ".tar":
            archive = directory / "model.tar"
            microtvm.export_model_library_format(microtvm.compile(args.model or _digits()), archive)
        results = [first_answer(archive, directory / name) for name in ("first", "second")]
    if args.json:
        print(json.dumps(dict(zip(("first", "second"), results, strict=True))))
        return
    print(f"{'seconds':<10}" + "".join(f"{step:>9}" for step in (*STEPS, "total")))
    for name, times in zip(("first", "second"), results, strict=True):
        print(f"{name:<10}" + "".join(f"{times[step]:9.3f}" for step in (*STEPS, "total")))


def _digits() -> Any:
    from microtvm.demo import relax_module

    return relax_module()


if __name__ == "__main__":
    main()
