# SPDX-License-Identifier: Apache-2.0
"""Selecting boxes: LiteRT's answers, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from microtvm.compiler import UnsupportedOperatorError, compile
from microtvm.compiler.operators import QuantizedTensor
from tests.compiler.operators.tflite_cases import detection
from tests.compiler.operators.tflite_file import one_operator

_COUNT = 30


def _float(*shape: int) -> QuantizedTensor:
    return QuantizedTensor(shape, "float32")


def _suppression(version: int, most: int, score: float, sigma: float = 0.0) -> bytes:
    numbers = [np.array(most, np.int32), np.float32(0.3), np.float32(score)]
    results = [QuantizedTensor((most,), "int32"), QuantizedTensor((), "int32")]
    if version == 5:
        numbers.append(np.float32(sigma))
        results.insert(1, _float(most))
    return one_operator(
        f"NON_MAX_SUPPRESSION_V{version}",
        [_float(_COUNT, 4), _float(_COUNT), *map(np.asarray, numbers)],
        results,
        f"NonMaxSuppressionV{version}Options",
        1,
    )


@pytest.mark.parametrize("version", [4, 5])
def test_non_max_suppression(checked, version):
    """Scores that are equal are few among the best five: LiteRT takes them in no order."""
    checked(_suppression(version, 5, 0.0))


def test_scores_that_are_lowered_are_refused(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(_suppression(5, 5, 0.0, sigma=0.5))
    with pytest.raises(UnsupportedOperatorError, match="V5: it lowers scores of boxes that overla"):
        compile(path)


@pytest.mark.parametrize("background", [0, 1])
def test_detection(checked, background):
    checked(detection(background=background))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"use_regular_nms": True}, r"class by class \(use_regular_nms\)"),
        ({"max_classes_per_detection": 2}, "more than one class for a box"),
        ({"num_classes": 9}, "it has 5 scores for 9 classes"),
        ({"num_classes": None, "x_scale": None}, "its options lack num_classes, x_scale"),
    ],
)
def test_a_detection_that_is_refused(tmp_path, options, reason):
    path = tmp_path / "model.tflite"
    path.write_bytes(detection(**options))
    with pytest.raises(UnsupportedOperatorError, match=f"TFLite_Detection_PostProcess: .*{reason}"):
        compile(path)
