# SPDX-License-Identifier: Apache-2.0
"""SelectBoxes' C computes what its oracle does, corners in any order, and scores that are equal."""

from __future__ import annotations

import numpy as np

from microtvm.compiler.operators import QuantizedTensor
from microtvm.compiler.operators.select_boxes import SelectBoxes

from .conftest import Case, Run


def test_c_computes_what_the_oracle_does(run_c: Run) -> None:
    random = np.random.default_rng(0)
    kinds = QuantizedTensor((40, 4), "float32"), QuantizedTensor((40,), "float32")
    cases: list[Case] = []
    for most, overlap, score, exactly, again in (
        (5, 0.3, 0.25, (True, True), False),
        (40, 0.5, 0.25, (False, False), True),
        (3, 0.0, -np.inf, (True, False), False),
        (4, 1.0, np.inf, (False, True), True),
    ):
        boxes = random.integers(0, 6, (40, 4)).astype(np.float32)
        scores = (random.integers(0, 5, 40) / 4).astype(np.float32)
        cases.append((SelectBoxes(*kinds, most, overlap, score, exactly, again), [boxes, scores]))
    selected = []
    for (operator, arrays), result in zip(cases, run_c(cases), strict=True):
        assert np.array_equal(result, operator.compute(*arrays)), vars(operator)
        selected.append(int(result[-1]))
    assert selected[0] == 5 and selected[1] > 5 and selected[3] == 0
