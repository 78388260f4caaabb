# SPDX-License-Identifier: Apache-2.0
"""SVDF's C computes what its oracle does; LiteRT is compared in tflite/test_memory.py."""

from __future__ import annotations

import numpy as np
import pytest

from microtvm.compiler.operators import QuantizedTensor
from microtvm.compiler.operators.svdf import SvdfMemory, SvdfUnits

from .conftest import Case, Run


def test_c_computes_what_the_oracle_does(run_c: Run) -> None:
    random = np.random.default_rng(0)
    cases: list[Case] = []
    for batch, filters, steps, rank, kept in ((1, 6, 5, 2, "int16"), (2, 4, 1, 1, "int8")):
        source = QuantizedTensor((batch, 7), "int8", 0.05, -128)
        memory = QuantizedTensor((batch, filters * steps), kept, 0.02)
        output = QuantizedTensor((batch, filters // rank), "int8", 0.3, 5)
        feature = random.integers(-127, 128, (filters, 7)).astype(np.int8)
        time = random.integers(-127, 128, (filters, steps)).astype(kept)
        bias = random.integers(-9999, 9999, filters // rank).astype(np.int32)
        past = random.integers(*memory.limits, memory.shape).astype(kept)
        values = random.integers(-128, 128, source.shape).astype(np.int8)
        cases.append((SvdfMemory(memory, source, feature, 0.01), [past, values]))
        cases.append((SvdfUnits(memory, output, time, bias, 0.01), [past]))
    for (operator, arrays), result in zip(cases, run_c(cases), strict=True):
        assert np.array_equal(result, operator.compute(*arrays)), vars(operator)


def test_sums_beyond_32_bits_are_refused() -> None:
    memory, output = QuantizedTensor((1, 8), "int16", 0.1), QuantizedTensor((1, 1), "int8", 0.1)
    with pytest.raises(ValueError, match="32 bits"):
        SvdfUnits(memory, output, np.full((1, 8), 32767, np.int16), np.zeros(1, np.int32), 0.1)
