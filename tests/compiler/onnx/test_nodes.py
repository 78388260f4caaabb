# SPDX-License-Identifier: Apache-2.0
"""A fixed part of ONNX's node tests: kinds that were wrong, kinds that were refused.

``node_tests.py`` beside this file runs them all.
"""

from __future__ import annotations

import importlib.util
import pathlib
from typing import Any

import pytest

# Wrong answers of TVM's importer alone; and one of each group of rewrites.
MUST_RUN = """
bitshift_left_int32_shift_ge_width bitshift_right_int32_negative_shift convtranspose_output_shape
dropout_default_mask isinf_positive mod_float_edge_cases_fmod_0_float32
layer_normalization_3d_axis1_epsilon resize_upsample_scales_cubic_A_n0p5_exclude_outside
resize_downsample_scales_linear_antialias maxpool_2d_same_lower averagepool_2d_ceil
averagepool_2d_dilations spacetodepth_crd_mode_example lrn celu swish mvn l2normalization_axis_1
lstm_with_peepholes gru_seq_length simple_rnn_bidirectional qlinearconv convinteger_with_padding
qlinearmatmul_2D_int8_float32 top_k_smallest onehot_with_negative_axis
scatternd_add scatter_elements_with_negative_indices reduce_l2_keep_dims_example
reversesequence_time shape slice_neg_steps pow_types_float32_int64 center_crop_pad_crop_axes_hwc
col2im_pads compress_negative_axis dft_axis stft_with_window eyelike_with_dtype if loop11 scan9_sum
optional_get_element_tensor
""".split()  # noqa: SIM905
MUST_BE_REFUSED = [
    "nonmaxsuppression_suppress_by_IOU",
    "roialign_mode_max",
    "scan_sum",
    "training_dropout",
]


@pytest.fixture(scope="module")
def verdicts(require: Any, require_module: Any) -> dict[str, Any]:
    """Outcomes by the case's name without ``test_``."""
    require_module("onnx", "read ONNX models")
    require("gcc", "build a compiled model")
    path = pathlib.Path(__file__).with_name("node_tests.py")
    specification = importlib.util.spec_from_file_location("node_tests", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    import sys

    sys.modules["node_tests"] = module  # where dataclasses look their module up
    specification.loader.exec_module(module)
    wanted = {f"test_{name}" for name in MUST_RUN + MUST_BE_REFUSED}
    chosen = [case for case in module.cases() if case.name in wanted]
    return {o.case.removeprefix("test_"): o for o in module.outcomes(chosen)}


@pytest.mark.parametrize("name", MUST_RUN)
def test_right(verdicts: dict[str, Any], name: str) -> None:
    assert verdicts[name].verdict == "right", verdicts[name].reason


@pytest.mark.parametrize("name", MUST_BE_REFUSED)
def test_refused_by_name(verdicts: dict[str, Any], name: str) -> None:
    assert verdicts[name].verdict == "refused", verdicts[name].reason
    assert "operator" in verdicts[name].reason
