# SPDX-License-Identifier: Apache-2.0
"""Models of ``--models DIR`` that the board has room for give their golden answers.

``NAME.tar`` is an archive, ``NAME.golden.npz`` holds an array for each input and output, by name,
with a first axis of samples. ``python -m hil_tests.golden DIR`` makes them where TVM is.
"""

from __future__ import annotations

import pathlib

import numpy as np
import pytest

import microtvm
from hil_tests.device.board_under_test import ERRORS
from microtvm.archive import read_model_facts

SAMPLES = 3
"""More tell little more and take a board's time."""
FLOAT_TOLERANCE = 1e-3
"""Relative to the range of the golden answers: other processors sum in another order."""
TOO_LARGE = (
    "overflowed",
    "too big",
    "does not fit",
    "do not fit",
    "out of memory",
    "within region",
)


def pytest_generate_tests(metafunc):
    """Make a test of each archive."""
    directory = metafunc.config.getoption("--models")
    found = sorted(pathlib.Path(directory).glob("*.tar")) if directory else [None]
    if directory and not found:
        raise pytest.UsageError(f"--models {directory} holds no NAME.tar")
    names = [path.name.removesuffix(".tar") if path else "none" for path in found]
    metafunc.parametrize("archive", found, ids=names)


def test_golden_answers(board, record, archive, tmp_path):
    if archive is None:
        pytest.skip("--models DIR is missing; it is needed to run models on the board")
    path = archive.with_name(archive.name.replace(".tar", ".golden.npz"))
    if not path.exists():
        pytest.fail(f"{path} is missing: the answers that {archive.name} should give")
    with np.load(path) as file:
        golden = dict(file)
    try:
        name = f"model-{archive.stem}"
        made = board.make(name, archive)
    except ERRORS as error:
        if any(text in str(error) for text in TOO_LARGE):
            pytest.skip(f"the board has no room for {archive.name}: {error}")
        raise
    with made as project:
        board.end_server()
        board.flash(project)
        record.sections(archive.stem, board.firmware_sizes(board.place(name)))
        with board.session(project) as session:
            try:
                model = microtvm.create_local_aot_executor(session)
                wrong = compared(model, read_model_facts(archive), golden)
                times = model.benchmark(number=1, repeat=3).results
                board.record_times(archive.stem, times, board.place(name))
            except microtvm.RemoteError as error:
                if any(text in str(error) for text in TOO_LARGE):
                    pytest.skip(f"the board has no room for {archive.name}: {error}")
                raise
    assert not wrong


def compared(model, facts, golden) -> list[str]:
    """Run the first samples; tell each answer that is not the golden one."""
    inputs = {one.name: golden_of(golden, one, "input") for one in facts.inputs}
    outputs = [(one.name, golden_of(golden, one, "output")) for one in facts.outputs]
    counts = {len(array) for array in (*inputs.values(), *(array for _, array in outputs))}
    if len(counts) != 1 or 0 in counts:
        pytest.fail(f"the golden answers hold {min(counts)} to {max(counts)} samples of a tensor")
    wrong = []
    for sample in range(min(SAMPLES, *counts)):
        model.run(**{name: array[sample] for name, array in inputs.items()})
        for index, (name, array) in enumerate(outputs):
            got, wanted = model.get_output(index).numpy(), array[sample]
            if not is_same(got, wanted, np.ptp(array)):
                wrong.append(f"sample {sample}, {name}: {got.ravel()}, should be {wanted.ravel()}")
    return wrong


def golden_of(golden, tensor, role):
    """Give a tensor's golden arrays: by its name, or ``input``, ``output`` where it is alone."""
    found = golden.get(tensor.name, golden.get(role))
    if found is None:
        pytest.fail(f"the golden answers have no {tensor.name!r} and no {role!r}")
    return found


def is_same(got, wanted, spread) -> bool:
    """Compare: integers to the last bit."""
    if got.shape != wanted.shape or got.dtype != wanted.dtype:
        return False
    if got.dtype.kind == "f":
        return np.allclose(got, wanted, rtol=0, atol=FLOAT_TOLERANCE * max(spread, 1e-6))
    return np.array_equal(got, wanted)
