# SPDX-License-Identifier: Apache-2.0
"""Layers: convolutions, pools, products, normalizations, recurrences, losses."""

from __future__ import annotations

import numpy as np

from .model import SHAPE, Case, tried


@tried("AveragePool", "LpPool", "MaxPool")
def pool(name: str, case: Case, dtype: str) -> Case:
    value = case.input(dtype)
    plain = case.node(name, value, kernel_shape=[2, 3], strides=[2, 1], pads=[1, 0, 0, 1])
    ways = [plain, case.node(name, value, kernel_shape=[3, 3], auto_pad="SAME_LOWER")]
    if name == "MaxPool" or case.opset >= 19:
        more = {"dilations": [2, 1], "ceil_mode": 1}
        ways.append(case.node(name, value, kernel_shape=[2, 2], strides=[2, 2], **more))
    return case.ends(*ways)


@tried("MaxUnpool")
def max_unpool(case: Case, dtype: str) -> Case:
    where = case.constant(np.array([5, 7, 13, 15]).reshape(1, 1, 2, 2))
    value = case.input(dtype, (1, 1, 2, 2))
    return case.ends(case.node("MaxUnpool", value, where, kernel_shape=[2, 2], strides=[2, 2]))


@tried("MaxRoiPool")
def max_roi_pool(case: Case, dtype: str) -> Case:
    rois = case.constant([[0, 0, 0, 3, 3], [0, 1, 1, 5, 4]], dtype)
    return case.ends(case.node("MaxRoiPool", case.input(dtype), rois, pooled_shape=[2, 2]))


@tried("RoiAlign")
def roi_align(case: Case, dtype: str) -> Case:
    rois = case.constant([[0, 0, 3, 3], [1, 1, 5, 4]], dtype)
    given = case.input(dtype), rois, case.constant([0, 0])
    more = {"output_height": 2, "output_width": 2, "sampling_ratio": 2}
    return case.ends(case.node("RoiAlign", *given, **more))


@tried("NonMaxSuppression", parameter="tensor(float)")
def non_max_suppression(case: Case, dtype: str) -> Case:
    boxes, scores = case.input(dtype, (1, 4, 4)), case.input(dtype, (1, 1, 4))
    return case.ends(case.node("NonMaxSuppression", boxes, scores, case.constant([2])))


@tried("Conv")
def conv(case: Case, dtype: str) -> Case:
    """With a bias, padding and a stride; in groups; and each channel by itself."""
    value, bias = case.input(dtype), case.weights((8,), dtype)
    more = {"pads": [1, 1, 0, 1], "strides": [2, 1]}
    full = case.node("Conv", value, case.weights((8, 4, 3, 3), dtype), bias, **more)
    grouped = case.node("Conv", value, case.weights((8, 2, 3, 3), dtype), bias, group=2)
    single = case.weights((4, 1, 3, 3), dtype)
    return case.ends(full, grouped, case.node("Conv", value, single, group=4, dilations=[2, 1]))


@tried("ConvTranspose")
def conv_transpose(case: Case, dtype: str) -> Case:
    value, bias = case.input(dtype), case.weights((3,), dtype)
    more = {"strides": [2, 2], "pads": [1, 0, 1, 1], "output_padding": [1, 0]}
    full = case.node("ConvTranspose", value, case.weights((4, 3, 3, 3), dtype), bias, **more)
    grouped = case.weights((4, 2, 2, 2), dtype)
    return case.ends(full, case.node("ConvTranspose", value, grouped, group=2))


@tried("DeformConv")
def deform_conv(case: Case, dtype: str) -> Case:
    value, offset = case.input(dtype), case.input(dtype, (1, 8, 5, 5), -1, 1)
    weights = case.weights((3, 4, 2, 2), dtype)
    return case.ends(case.node("DeformConv", value, weights, offset, kernel_shape=[2, 2]))


@tried("Gemm")
def gemm(case: Case, dtype: str) -> Case:
    # onnx's reference evaluator rounds products of int64 to double.
    extents = (None, None) if dtype.startswith("float") else (0, 100)
    value, weights = case.input(dtype, (3, 5), *extents), case.weights((4, 5), dtype)
    bias = case.weights((4,), dtype)
    scaled = case.node("Gemm", value, weights, bias, transB=1, alpha=0.5, beta=2.0)
    whole = case.node("Gemm", value, case.weights((5, 4), dtype), bias)
    return case.ends(scaled, whole) if dtype.startswith("float") else case.ends(whole)


@tried("MatMul")
def matmul(case: Case, dtype: str) -> Case:
    """By weights, and two batches of inputs."""
    value = case.input(dtype, (2, 3, 5))
    both = case.node("MatMul", value, case.input(dtype, (5, 4)))
    return case.ends(case.node("MatMul", value, case.weights((5, 4), dtype)), both)


@tried("Einsum")
def einsum(case: Case, dtype: str) -> Case:
    pair = case.input(dtype, (2, 3, 4)), case.input(dtype, (2, 4, 5))
    return case.ends(case.node("Einsum", *pair, equation="bij,bjk->bik"))


@tried("BatchNormalization")
def batch_normalization(case: Case, dtype: str) -> Case:
    weights = [case.weights((4,), dtype) for _ in range(3)]
    variance = case.constant([0.5, 1.0, 2.0, 0.1], dtype)
    return case.ends(case.node("BatchNormalization", case.input(dtype), *weights, variance))


@tried("InstanceNormalization")
def instance_normalization(case: Case, dtype: str) -> Case:
    weights = [case.weights((4,), dtype) for _ in range(2)]
    return case.ends(case.node("InstanceNormalization", case.input(dtype), *weights))


@tried("GroupNormalization")
def group_normalization(case: Case, dtype: str) -> Case:
    count = 4 if case.opset >= 21 else 2
    weights = [case.weights((count,), dtype) for _ in range(2)]
    result = case.node("GroupNormalization", case.input(dtype), *weights, num_groups=2)
    return case.ends(case.says(result, dtype, SHAPE))


@tried("LayerNormalization")
def layer_normalization(case: Case, dtype: str) -> Case:
    """All three results."""
    weights = [case.weights((6, 6), dtype) for _ in range(2)]
    given = case.input(dtype), *weights
    return case.ends(*case.node("LayerNormalization", *given, outputs=3, axis=-2))


@tried("LRN")
def lrn(case: Case, dtype: str) -> Case:
    return case.ends(case.node("LRN", case.input(dtype), size=3, alpha=0.1, beta=0.6, bias=2.0))


@tried("LpNormalization")
def lp_normalization(case: Case, dtype: str) -> Case:
    value = case.input(dtype)
    return case.ends(*(case.node("LpNormalization", value, axis=1, p=p) for p in (1, 2)))


@tried("MeanVarianceNormalization")
def mean_variance_normalization(case: Case, dtype: str) -> Case:
    result = case.node("MeanVarianceNormalization", case.input(dtype))
    return case.ends(case.says(result, dtype, SHAPE))


@tried("GRU", "LSTM", "RNN")
def recurrent(name: str, case: Case, dtype: str) -> Case:
    """Four steps in both directions, three cells."""
    gates = {"GRU": 3, "LSTM": 4, "RNN": 1}[name] * 3
    value = case.input(dtype, (4, 1, 5))
    weights = [case.weights(s, dtype) for s in ((2, gates, 5), (2, gates, 3), (2, 2 * gates))]
    more = {"hidden_size": 3, "direction": "bidirectional"}
    count = 3 if name == "LSTM" else 2
    return case.ends(*case.node(name, value, *weights, outputs=count, **more))


@tried("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")
def loss(name: str, case: Case, dtype: str) -> Case:
    scores, labels = case.input(dtype, (3, 5)), case.input("int64", (3,), 0, 4)
    return case.ends(case.node(name, scores, labels))
