# SPDX-License-Identifier: Apache-2.0
"""Compile, run and check every model file below a directory, and print a table.

    python tests/bench/zoo.py DIR [--json FILE]

Each model is compiled with the check that ``microtvm compile`` does, beside its own runtime on
seeded random inputs. Where ``NAME.golden.npz`` lies beside a model, its samples are run as well, in
order, and compared with the answers in it: ``input`` and ``output`` (and ``output_ref``), or
``input/NAME`` for each input and ``RUNTIME/seq_I`` for output I of each runtime. The samples give
shapes that an ONNX file leaves open; where all answers are TensorFlow Lite Micro's (``tflm``), the
model is compiled with its two roundings.

The exit status is 1 where a model gives wrong answers; a model that is refused is no failure.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np

from microtvm.compiler import CompiledModel, CompileError
from microtvm.compiler.child import compile_in_child
from microtvm.compiler.verify import Verification, WrongAnswersError
from microtvm.compiler.verify.comparison import compare
from microtvm.compiler.verify.host_build import HostBuild

SUFFIXES = (".tflite", ".onnx", ".pt2")


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the rows as JSON")
    args = parser.parse_args()
    paths = sorted(p for p in args.directory.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not paths:
        parser.error(f"there is no {', '.join(SUFFIXES)} file below {args.directory}")
    rows = []
    for path in paths:
        rows.append(check(path))
        print(line(rows[-1], str(path.relative_to(args.directory))), flush=True)
    counts = {result: sum(row["result"] == result for row in rows) for result in RESULTS}
    print(", ".join(f"{count} {result}" for result, count in counts.items()))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 1 if counts["wrong"] else 0


_RANGE = "of the range"  # the unit of float outputs
RESULTS = ("right", "wrong", "refused", "not checked")


def check(path: pathlib.Path) -> dict[str, Any]:
    """Compile and check one model."""
    row: dict[str, Any] = {"model": str(path)}
    start = time.perf_counter()
    golden = path.with_name(path.name + ".golden.npz")
    if not golden.exists():
        golden = path.with_suffix(".golden.npz")
    data: dict[str, np.ndarray] = {}
    if golden.exists():
        with np.load(golden) as file:
            data = {name: file[name] for name in file}
    try:
        compiled = compile_in_child(
            "microtvm.compiler:compile", str(path), check=True, **_options(path, data)
        )
        row["constants"], row["workspace"] = compiled.constant_bytes, compiled.workspace_bytes
        assert compiled.verification is not None
        found = [compiled.verification, *([against(compiled, golden, data)] if data else [])]
        for verification in found:
            verification.require_right()
        is_checked = any(verification.outputs for verification in found)
        row["result"] = "right" if is_checked else "not checked"
        row["says"] = "; ".join(text for v in found for text in v.lines())
    except WrongAnswersError as error:
        row.update(result="wrong", says=str(error))
    except CompileError as error:
        row.update(result="refused", says=str(error))
    row["seconds"] = round(time.perf_counter() - start, 1)
    return row


def _options(path: pathlib.Path, data: dict[str, np.ndarray]) -> dict[str, Any]:
    """What the compiler must be told of a model to give the answers that lie beside it."""
    options: dict[str, Any] = {}
    if path.suffix.lower() == ".onnx":
        given = {name.removeprefix("input/"): a for name, a in data.items() if "input/" in name}
        options["shapes"] = {name: array.shape[1:] for name, array in given.items()}
    runtimes = _runtimes(data)
    if runtimes and all(runtime.startswith("tflm") for runtime in runtimes):
        options["rounding"] = "double"
    return options


def _runtimes(data: dict[str, np.ndarray]) -> list[str]:
    return [name.rpartition("/")[0] for name in data if name.endswith("/seq_0")]


def against(
    compiled: CompiledModel, golden: pathlib.Path, data: dict[str, np.ndarray]
) -> Verification:
    """Compare with the answers in a file."""
    inputs = []
    for tensor in compiled.inputs:
        array = data.get(f"input/{tensor.name}", data.get("input"))
        if array is None and len(compiled.inputs) == 1:  # by another name than in the file
            array = next((a for name, a in data.items() if name.startswith("input/")), None)
        if array is None:
            return Verification(str(golden), note=f"{golden.name} has no input {tensor.name}")
        inputs.append(array.reshape(-1, *tensor.shape))
    runtimes = _runtimes(data)
    references = [
        [data[f"{runtime}/seq_{i}"] for i in range(len(compiled.outputs))] for runtime in runtimes
    ] or [[data[name]] for name in ("output", "output_ref") if name in data]
    with HostBuild(compiled) as build:
        ours = build.answers(inputs)
    is_narrow = [np.dtype(t.dtype).kind in "iu" for t in compiled.outputs]
    scales = [1.0 if narrow else None for narrow in is_narrow]
    checks = compare(compiled.outputs, ours, references, scales, is_approximate=False)
    # Weights stored as integers and computed in float are told by the model's own runtime.
    assert compiled.verification is not None
    allowed = {c.name: c.tolerance for c in compiled.verification.outputs if c.unit == _RANGE}
    checks = tuple(
        replace(c, tolerance=max(c.tolerance, allowed.get(c.name, 0))) if c.unit == _RANGE else c
        for c in checks
    )
    return Verification(str(golden), golden.name, len(inputs[0]), checks)


def line(row: dict[str, Any], name: str) -> str:
    """A row of the table."""
    sizes = f"{row.get('constants', 0):>9,} {row.get('workspace', 0):>9,}"
    return f"{row['result']:<11} {row['seconds']:>6.1f} s {sizes}  {name}: {row['says']}"


if __name__ == "__main__":
    sys.exit(main())
