# SPDX-License-Identifier: Apache-2.0
"""ONNX's own tests of single nodes (onnx.backend.test), compiled to C and run on the host.

    python tests/compiler/onnx/node_tests.py [--only TEXT] [--jobs N] [--json FILE]

prints how many run and are right, how many are refused, and every one that is wrong. A case counts
when a board could hold it: tensors of fixed shape, of element types that compile at all.
"""

from __future__ import annotations

import argparse
import collections
import ctypes
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from microtvm.compiler import compile
from microtvm.compiler.dtypes import ELEMENT_TYPES
from microtvm.compiler.errors import CompileError

RIGHT, REFUSED, WRONG = "right", "refused", "WRONG"
TIME_LIMIT = 120  # seconds for a case


@dataclass(frozen=True)
class Outcome:
    """What became of a case: one of the three words above, and why."""

    case: str
    verdict: str
    reason: str = ""


def _fits(value: Any) -> bool:
    import onnx

    if not value.type.HasField("tensor_type"):
        return False
    tensor = value.type.tensor_type
    try:
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
    except KeyError:
        return False
    return (
        dtype in ELEMENT_TYPES
        and tensor.HasField("shape")
        and all(dim.HasField("dim_value") and dim.dim_value > 0 for dim in tensor.shape.dim)
    )


# Inputs that say what an operator does rather than what it works on. A test hands them in; a model
# for a board has them as constants, and so have the cases here.
_PARAMETERS = frozenset(
    """K M axes axis canvas_shape crop_shape depth dft_length ends frame_length frame_step
    image_shape block_shape k max_output_boxes_per_class pads output_shape r ratio
    training_mode repeats roi scales score_threshold iou_threshold shape size sizes split
    starts steps t values""".split()  # noqa: SIM905
)


def _bind_parameters(case: Any) -> None:
    """Make initializers of a case's parameters, where other inputs are left."""
    from onnx import defs, numpy_helper

    model = case.model
    inputs = list(model.graph.input)
    arrays = [_array(value) for value in case.data_sets[0][0]]
    operator = _TESTED.get(case.name.removesuffix("_expanded"))
    if operator is None or len(case.data_sets) > 1 or len(arrays) != len(inputs):
        return
    node, version = operator
    schema = defs.get_schema(node.op_type, version, node.domain)
    formal = {}
    for position, name in enumerate(node.input):
        if position < len(schema.inputs):
            formal[name] = schema.inputs[position].name
    bound = {v.name for v in inputs if formal.get(v.name) in _PARAMETERS}
    bound |= {v.name for v in inputs if formal.get(v.name) in _MORE.get(node.op_type, ())}
    if node.op_type in _DATA_NAMED_ALIKE:
        bound -= {node.input[0]}
    if not bound or len(bound) == len(inputs):
        return
    for value, array in zip(inputs, arrays, strict=True):
        if value.name in bound:
            model.graph.initializer.append(numpy_helper.from_array(array, value.name))
    del model.graph.input[:]
    model.graph.input.extend(value for value in inputs if value.name not in bound)
    data = [a for v, a in zip(inputs, arrays, strict=True) if v.name not in bound]
    case.data_sets[:] = [(data, case.data_sets[0][1])]


# The same, for single operators.
_MORE = {
    "Compress": ("condition",),
    "Loop": ("M", "cond"),
    "QLinearConv": ("x_scale", "w_scale", "y_scale"),
    "ReverseSequence": ("sequence_lens",),
    "STFT": ("window",),
}

# Sums that cancel: what is expected is rounded as far as their terms are, a few times 2**-24 of the
# largest. (dft_inverse expects 1.9e-7 where 0 is right.)
_CANCEL = frozenset({"DFT", "STFT"})

_TESTED: dict[str, tuple[Any, int]] = {}
# Operators whose first input bears one of the names above, but is data.
_DATA_NAMED_ALIKE = frozenset("ConstantOfShape Resize Col2Im STFT".split())  # noqa: SIM905


def cases() -> list[Any]:
    """The test cases that a board could hold, by name, each name once."""
    from onnx.backend.test.case.node import collect_testcases

    found: dict[str, Any] = {}
    for case in collect_testcases():
        graph = case.model.graph
        if graph.input and case.data_sets and all(map(_fits, [*graph.input, *graph.output])):
            found.setdefault(case.name, case)
            if len(graph.node) == 1:
                versions = [o for o in case.model.opset_import if o.domain == graph.node[0].domain]
                _TESTED[case.name] = (graph.node[0], versions[0].version)
    for case in found.values():
        _bind_parameters(case)
    return [found[name] for name in sorted(found)]


def _array(value: Any) -> np.ndarray:
    """A value of a test case, some of which are protocol buffers."""
    from onnx import TensorProto, numpy_helper

    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


def _operator(case: Any) -> str:
    """The operator that a case is of; empty where it is of several."""
    node, _ = _TESTED.get(case.name.removesuffix("_expanded"), (None, 0))
    return node.op_type if node is not None else ""


def _run(case: Any, folder: pathlib.Path) -> Outcome:
    path = folder / "model.onnx"
    path.write_bytes(case.model.SerializeToString())
    try:
        compiled = compile(path)
    except CompileError as error:
        return Outcome(case.name, REFUSED, str(error).replace(str(path), "model.onnx"))
    for name, text in compiled.files.items():
        if name.startswith("codegen/host/"):
            (folder / pathlib.Path(name).name).write_bytes(text)
    library = folder / "model.so"
    subprocess.run(
        ["gcc", "-std=c11", "-O1", "-ffp-contract=off", "-fPIC", "-shared", f"-I{folder}"]
        + [str(folder / "default_lib0.c"), "-o", str(library), "-lm"],
        check=True,
    )
    run = ctypes.CDLL(str(library)).tvmgen_default_run
    for inputs, expected in case.data_sets:
        by_name = dict(zip([value.name for value in case.model.graph.input], inputs, strict=False))
        given = []
        for info in compiled.inputs:
            array = np.array(_array(by_name[info.name]), order="C")
            if (array.shape, array.dtype.name) != (info.shape, info.dtype):
                return Outcome(case.name, WRONG, f"input {info} for {array.dtype}{array.shape}")
            given.append(array)
        results = [np.full(info.shape, 113, info.dtype) for info in compiled.outputs]
        run(
            (ctypes.c_void_p * len(given))(*(a.ctypes.data for a in given)),
            (ctypes.c_void_p * len(results))(*(a.ctypes.data for a in results)),
        )
        names = [value.name for value in case.model.graph.output]
        if [info.name for info in compiled.outputs] != names:
            return Outcome(case.name, WRONG, "names of outputs")
        for name, got, want in zip(names, results, map(_array, expected), strict=True):
            try:
                assert got.dtype == want.dtype, f"{got.dtype} for {want.dtype}"
                assert got.shape == np.shape(want), f"{got.shape} for {np.shape(want)}"
                # A few roundings of half precision are more than the tests' own tolerance.
                rtol = max(case.rtol, 4e-3) if got.dtype == np.float16 else case.rtol
                atol = case.atol
                if got.dtype == np.float32 and _operator(case) in _CANCEL:
                    atol = max(atol, 5e-7 * float(np.abs(want).max(initial=0)))
                np.testing.assert_allclose(got, want, rtol=rtol, atol=atol)
            except AssertionError as error:
                text = " ".join(str(error).split())
                return Outcome(case.name, WRONG, f"output {name}: {text[:300]}")
    return Outcome(case.name, RIGHT)


def _child(case: Any) -> tuple[int, int]:
    """Start a process of its own for a case: a crash of the C is one wrong answer."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        os.close(reading)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        import signal

        signal.alarm(TIME_LIMIT)
        with tempfile.TemporaryDirectory() as folder:
            try:
                outcome = _run(case, pathlib.Path(folder))
            except BaseException as error:
                outcome = Outcome(case.name, WRONG, f"{type(error).__name__}: {str(error)[:300]}")
        os.write(writing, json.dumps(asdict(outcome)).encode()[:60000])
    finally:
        os._exit(0)


def outcomes(chosen: Iterable[Any], jobs: int = 2) -> Iterator[Outcome]:
    """Run cases, ``jobs`` at a time, each in a fork of this process."""
    import tvm
    import tvm.relax.frontend.onnx  # noqa: F401

    running: collections.deque[tuple[str, int, int]] = collections.deque()
    for case in [*chosen, *[None] * jobs]:
        if len(running) == jobs or (case is None and running):
            name, pid, reading = running.popleft()
            with os.fdopen(reading, "rb") as pipe:
                said = pipe.read()
            _, status = os.waitpid(pid, 0)
            if said:
                yield Outcome(**json.loads(said))
            else:
                yield Outcome(name, WRONG, f"the process ended (status {status})")
        if case is not None:
            running.append((case.name, *_child(case)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="cases whose name has this text")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=pathlib.Path, help="write every outcome there, a line each")
    arguments = parser.parse_args()
    chosen = [case for case in cases() if arguments.only in case.name]
    counts: collections.Counter[str] = collections.Counter()
    # A run that is broken off has written what it has found.
    with open(arguments.json or os.devnull, "w", buffering=1) as lines:
        for outcome in outcomes(chosen, arguments.jobs):
            counts[outcome.verdict] += 1
            lines.write(json.dumps(asdict(outcome)) + "\n")
            if outcome.verdict == WRONG or (arguments.only and outcome.verdict == REFUSED):
                print(f"{outcome.verdict} {outcome.case}: {outcome.reason}", flush=True)
    print(
        f"{counts.total()} cases: {counts[RIGHT]} right, {counts[REFUSED]} refused, "
        f"{counts[WRONG]} wrong"
    )
    return 1 if counts[WRONG] or math.isclose(counts[RIGHT], 0) else 0


if __name__ == "__main__":
    sys.exit(main())
