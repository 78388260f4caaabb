# SPDX-License-Identifier: Apache-2.0
"""Public models that people put on boards, against answers of LiteRT kept with them."""

from __future__ import annotations

import numpy as np
import pytest

from microtvm.compiler import compile

MODELS = [
    "MNIST_best_model",
    "dilated_conv",
    "keyword_scrambled_8bit",
    "keyword_spotting_pacman_v3",
    "magic_wand",
    "micro_speech_quantized",
    "person_detect",
    "trained_lstm_int8",
    "v2_okay_nabu",
]


def _distance(answers: np.ndarray, reference: np.ndarray) -> float:
    return float(np.abs(answers.astype(np.float64) - reference.astype(np.float64)).max())


@pytest.mark.parametrize("name", MODELS)
def test_model(name, build, shared_zoo, require_module):
    """Samples one after the other, so that models with state are asked as a stream is.

    The references differ from each other: an answer may be as far from the nearest of them as they
    are apart, or one quantum (float: 1e-5 of the range), whichever is more.
    """
    require_module("tflite", "read TensorFlow Lite models")
    golden = np.load(shared_zoo / f"{name}.tflite.golden.npz")
    (samples,) = [golden[key] for key in golden if key.startswith("input/")]
    kept = [key for key in golden if key.endswith("/seq_0")]
    references = [golden[key] for key in kept]
    # person_detect has one reference, TensorFlow Lite Micro, which rounds twice.
    rounding = "double" if all(key.startswith("tflm") for key in kept) else "single"
    model = build(compile(shared_zoo / f"{name}.tflite", rounding=rounding))
    answers = np.stack([model(sample)[0] for sample in samples])
    spread = max(_distance(a, b) for a in references for b in references)
    step = 1.0 if references[0].dtype.kind in "iu" else 1e-5 * float(np.ptp(references[0]))
    nearest = min(_distance(answers, reference) for reference in references)
    assert nearest <= max(spread, step)


@pytest.mark.parametrize("name", ["trained_lstm_int8", "v2_okay_nabu"])
def test_reset_forgets_earlier_runs(name, build, shared_zoo, require_module):
    """Each sample after a reset, against a new interpreter for each."""
    require_module("tflite", "read TensorFlow Lite models")
    golden = np.load(shared_zoo / f"{name}.tflite.golden.npz")
    (samples,) = [golden[key] for key in golden if key.startswith("input/")]
    assert (golden["ref/fresh_0"] != golden["ref/seq_0"]).any()
    model = build(compile(shared_zoo / f"{name}.tflite"))
    for sample, expected in zip(samples, golden["ref/fresh_0"], strict=True):
        model.reset()
        assert _distance(model(sample)[0], expected) <= 1
