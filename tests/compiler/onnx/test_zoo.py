# SPDX-License-Identifier: Apache-2.0
"""Public ONNX models that people put on boards, against onnxruntime's answers kept with them."""

from __future__ import annotations

import numpy as np
import pytest

from microtvm.compiler import compile


@pytest.mark.parametrize("name", ["lstm_k1_b1_r1", "micro_kws_m_static_qoperator_tvm"])
def test_model(name, build, shared_zoo, require_module):
    """A recurrent net of unrolled steps; a keyword spotter in QLinear operators."""
    require_module("onnx", "read ONNX models")
    golden = np.load(shared_zoo / f"{name}.onnx.golden.npz")
    (key,) = [key for key in golden if key.startswith("input/")]
    samples = golden[key]
    path = shared_zoo / f"{name}.onnx"
    model = build(compile(path, shapes={key.removeprefix("input/"): samples.shape[1:]}))
    for sample, expected in zip(samples, golden["ort/seq_0"], strict=True):
        np.testing.assert_allclose(model(sample)[0], expected, rtol=1e-5, atol=1e-6)
