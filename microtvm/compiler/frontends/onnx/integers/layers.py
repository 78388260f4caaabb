# SPDX-License-Identifier: Apache-2.0
"""Convolutions and dense layers."""

from __future__ import annotations

import numpy as np

from ....operators import Operator, QuantizedTensor
from ....operators.batch_matmul import BatchMatMul
from ....operators.conv2d import Conv2D, Window
from ....operators.dense import Dense
from ....operators.depthwise import Depthwise
from ....operators.transposed_conv2d import TransposedConv2D
from ..rewrites.windows import same_pads
from .operand import Operand
from .registry import InFloat, integer
from .site import Site
from .tensors import Layout, Tensors, last


def activation(site: Site, index: int) -> Operand:
    """A quantized operand of eight bits that may be computed."""
    operand = site.operand(index)
    if operand is None or not operand.is_activation:
        raise InFloat
    return operand


def limits(site: Site) -> tuple[int, int] | None:
    """Smallest and largest integer of the result behind a fused ReLU or Clip."""
    tensor = site.output.tensor
    low, high = tensor.limits
    steps = [
        None
        if real is None
        else int(np.clip(np.rint(np.float32(real) / np.float32(tensor.scale)), -512, 512))
        + tensor.zero_point
        for real in site.limits
    ]
    low = low if steps[0] is None else min(max(low, steps[0]), high)
    high = high if steps[1] is None else max(min(high, steps[1]), low)
    return low, high


def _weights(site: Site, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Constant weights without their zero point, in int8, and their scales along an axis."""
    weights = site.operand(1)
    if weights is None or weights.data is None or weights.dtype not in ("int8", "uint8"):
        raise InFloat
    if weights.scales.size > 1 and weights.axis != axis:
        raise InFloat
    centred = weights.data.astype(np.int64) - weights.along(weights.zero_points)
    if centred.min(initial=0) < -128 or centred.max(initial=0) > 127:
        raise InFloat
    return centred.astype(np.int8), weights.scales


def _bias(site: Site, scales: np.ndarray, channels: int) -> np.ndarray | None:
    """The bias in steps of the data's scale times the weights', one for each channel."""
    if len(site.inputs) < 3 or (not site.node.domain and site.names[2:3] == [""]):
        return None
    steps = activation(site, 0).scales.astype(np.float64) * scales
    operand = site.operand(2)
    if operand is not None and operand.data is not None:
        data = operand.data.astype(np.int64) - operand.along(operand.zero_points)
        theirs = operand.scales.astype(np.float64)
        if np.allclose(theirs, steps, rtol=1e-5, atol=0):
            found = data
        else:
            found = np.rint(data * operand.along(theirs) / steps)
    elif 2 in site.constants:
        found = np.rint(site.constants[2].astype(np.float64) / steps)
    else:
        raise InFloat
    if found.size not in (1, channels) or np.abs(found).max(initial=0) >= 2**31:
        raise InFloat
    return np.broadcast_to(found.reshape(-1), (channels,)).astype(np.int32)


def _pairs(values: list[int], filler: int) -> tuple[int, int]:
    """One number for rows and one for columns; a sequence is an image of one row."""
    both = values if len(values) == 2 else [filler, *values]
    return both[0], both[1]


@integer("Conv")
def conv(site: Site, tensors: Tensors) -> None:
    """In one group, depthwise, or in groups that are convolved one after the other."""
    source = activation(site, 0)
    rank = len(source.shape) - 2
    if rank not in (1, 2):
        raise InFloat
    weights, scales = _weights(site, axis=0)
    channels, group = weights.shape[0], site.attribute("group", 1)
    bias = _bias(site, scales, channels)
    strides = list(site.attribute("strides", [1] * rank))
    dilations = list(site.attribute("dilations", [1] * rank))
    pads = list(site.attribute("pads", [0] * (2 * rank)))
    automatic = site.attribute("auto_pad", "NOTSET")
    if automatic in ("SAME_UPPER", "SAME_LOWER"):
        extents, kernel = source.shape[2:], list(weights.shape[2:])
        pads = same_pads(extents, kernel, strides, dilations, automatic == "SAME_LOWER")
    elif automatic == "VALID":
        pads = [0] * (2 * rank)
    if min(pads) < 0:
        raise InFloat
    window = Window(_pairs(strides, 1), _pairs(dilations, 1), _pairs(pads[:rank], 0))
    image = weights if rank == 2 else weights[:, :, None]
    shape = _moved(site.output.shape)
    a, y = last(source.tensor), last(site.output.tensor)
    bounds = limits(site)
    data = tensors.read(source, Layout.LAST)
    operator: Operator
    if group == 1:
        operator = Conv2D(a, y, image.transpose(0, 2, 3, 1), bias, scales, window, bounds)
        result = tensors.call(operator, data, shape=shape)
    elif group == source.shape[1]:
        taps = image[:, 0].transpose(1, 2, 0)
        operator = Depthwise(a, y, taps, bias, scales, window, bounds)
        result = tensors.call(operator, data, shape=shape)
    else:
        parts = []
        depth, width = source.shape[1] // group, channels // group
        spread = np.broadcast_to(scales, (channels,))
        for index in range(group):
            chosen = slice(index * width, (index + 1) * width)
            start, end = (np.array([n * depth], np.int64) for n in (index, index + 1))
            axes = np.array([rank + 1], np.int64)
            part = tensors.emit("Slice", data, *map(tensors.constant, (start, end, axes)))
            operator = Conv2D(
                _channels(a, depth),
                _channels(y, width),
                image[chosen].transpose(0, 2, 3, 1),
                None if bias is None else bias[chosen],
                spread[chosen],
                window,
                bounds,
            )
            parts.append(tensors.call(operator, part, shape=(*shape[:-1], width)))
        result = tensors.emit("Concat", *parts, axis=rank + 1)
    tensors.write(site.output, result, Layout.LAST)


def _moved(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[0], *shape[2:], shape[1])


def _channels(tensor: QuantizedTensor, channels: int) -> QuantizedTensor:
    return QuantizedTensor(
        (*tensor.shape[:-1], channels), tensor.dtype, tensor.scale, tensor.zero_point
    )


@integer("ConvTranspose")
def conv_transpose(site: Site, tensors: Tensors) -> None:
    """In one group, with explicit pads."""
    source = activation(site, 0)
    rank = len(source.shape) - 2
    weights, scales = _weights(site, axis=1)
    dilations = list(site.attribute("dilations", [1] * rank))
    if rank not in (1, 2) or site.attribute("group", 1) != 1 or dilations != [1] * rank:
        raise InFloat
    if site.attribute("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise InFloat
    if site.attribute("output_shape") is not None:
        raise InFloat
    image = weights if rank == 2 else weights[:, :, None]
    strides = list(site.attribute("strides", [1] * rank))
    pads = list(site.attribute("pads", [0] * (2 * rank)))[:rank]
    operator = TransposedConv2D(
        last(source.tensor),
        last(site.output.tensor),
        np.ascontiguousarray(image.transpose(1, 2, 3, 0)),
        _bias(site, scales, weights.shape[1]),
        scales,
        _pairs(strides, 1),
        _pairs(pads, 0),
        limits(site),
    )
    data = tensors.read(source, Layout.LAST)
    result = tensors.call(operator, data, shape=_moved(site.output.shape))
    tensors.write(site.output, result, Layout.LAST)


@integer("Gemm")
def gemm(site: Site, tensors: Tensors) -> None:
    """A dense layer."""
    if site.attribute("transA", 0) or site.attribute("alpha", 1.0) != 1.0:
        raise InFloat
    if site.attribute("beta", 1.0) != 1.0:
        raise InFloat
    transposed = bool(site.attribute("transB", 0))
    weights, scales = _weights(site, axis=0 if transposed else 1)
    _dense(site, tensors, weights if transposed else weights.T, scales)


@integer("MatMul")
def matmul(site: Site, tensors: Tensors) -> None:
    """A product with constant weights is a dense layer without bias."""
    other = site.operand(1)
    if other is not None and other.data is None:
        _of_activations(site, tensors)
        return
    weights, scales = _weights(site, axis=1)
    if weights.ndim != 2:
        raise InFloat
    _dense(site, tensors, weights.T, scales)


def _of_activations(site: Site, tensors: Tensors) -> None:
    """A product of two matrices that are both computed."""
    operands = [activation(site, 0), activation(site, 1)]
    if min(len(operand.shape) for operand in operands) < 2 or site.limits != (None, None):
        raise InFloat
    a, b = operands
    operator = BatchMatMul(a.tensor, b.tensor, site.output.tensor)
    result = tensors.call(operator, tensors.read(a), tensors.read(b))
    tensors.write(site.output, result)


def _dense(site: Site, tensors: Tensors, weights: np.ndarray, scales: np.ndarray) -> None:
    source = activation(site, 0)
    if source.data is not None or source.shape[-1] != weights.shape[1]:
        raise InFloat
    bias = _bias(site, scales, weights.shape[0]) if site.kind == "Gemm" else None
    rows = np.ascontiguousarray(weights)
    operator = Dense(source.tensor, site.output.tensor, rows, bias, scales, limits(site))
    tensors.write(site.output, tensors.call(operator, tensors.read(source)))
