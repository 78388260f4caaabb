# SPDX-License-Identifier: Apache-2.0
"""Pools and means."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from ....operators import Operator
from ....operators.conv2d import Window
from ....operators.depthwise import Depthwise
from ....operators.mean import Mean
from ....operators.pool import Pool2D
from ..rewrites.windows import same_pads
from .layers import activation
from .lookup import rescaling
from .registry import InFloat, integer
from .site import Site
from .tensors import Layout, Tensors, last


def _moved(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[0], *shape[2:], shape[1])


@integer("MaxPool", "AveragePool")
def pool(site: Site, tensors: Tensors) -> None:
    """Over windows of images and of sequences."""
    source = activation(site, 0)
    rank = len(source.shape) - 2
    kernel = list(site.attribute("kernel_shape"))
    if rank not in (1, 2) or any(d != 1 for d in site.attribute("dilations", [1])):
        raise InFloat
    if site.index or site.limits != (None, None):
        raise InFloat
    strides = list(site.attribute("strides", [1] * rank))
    pads = list(site.attribute("pads", [0] * (2 * rank)))
    automatic = site.attribute("auto_pad", "NOTSET")
    if automatic in ("SAME_UPPER", "SAME_LOWER"):
        pads = same_pads(source.shape[2:], kernel, strides, [1] * rank, automatic == "SAME_LOWER")
    elif automatic == "VALID":
        pads = [0] * (2 * rank)
    a, y = last(source.tensor), last(site.output.tensor)
    window, steps, before = (
        (values[0], values[1]) if rank == 2 else (filler, values[0])
        for values, filler in ((kernel, 1), (strides, 1), (pads[:rank], 0))
    )
    shape = _moved(site.output.shape)
    average = site.kind == "AveragePool"
    same = (a.scale, a.zero_point) == (y.scale, y.zero_point)
    counted = any(pads) and bool(site.attribute("count_include_pad", 0))
    operator: Operator
    if average and (counted or not same):
        # Each channel convolved with ones: rounded once, in the result's scale.
        if site.attribute("ceil_mode", 0) or (any(pads) and not counted):
            raise InFloat
        ones = np.ones((*window, source.shape[1]), np.int8)
        share = np.array([1 / math.prod(kernel)], np.float32)
        operator = Depthwise(a, y, ones, None, share, Window(steps, (1, 1), before))
        operator.name = "average_pool2d"
    else:
        pooled = dataclasses.replace(y, scale=a.scale, zero_point=a.zero_point)
        operator = Pool2D(
            a,
            pooled,
            average=average,
            window=window,
            strides=steps,
            padding=before,
            ties_to_even=True,
        )
    data = tensors.read(source, Layout.LAST)
    result = tensors.call(operator, data, shape=shape)
    change = None if average else rescaling(operator.output, y)
    if change is not None:
        result = tensors.call(change, result, shape=shape)
    tensors.write(site.output, result, Layout.LAST)


@integer("GlobalAveragePool")
def global_average(site: Site, tensors: Tensors) -> None:
    """The mean of all but batch and channels."""
    source = activation(site, 0)
    rank = len(source.shape)
    if rank not in (3, 4) or site.limits != (None, None):
        raise InFloat
    a, y = last(source.tensor), last(site.output.tensor)
    operator = Mean(a, y, (1, 2))
    data = tensors.read(source, Layout.LAST)
    result = tensors.call(operator, data, shape=_moved(site.output.shape))
    tensors.write(site.output, result, Layout.LAST)


@integer("ReduceMean")
def reduce_mean(site: Site, tensors: Tensors) -> None:
    """The mean along constant axes."""
    source = activation(site, 0)
    axes = site.constants.get(1)
    given = site.attribute("axes") if axes is None else axes.reshape(-1).tolist()
    if not given or site.limits != (None, None):
        raise InFloat
    rank = len(source.shape)
    chosen = {int(axis) % rank for axis in given}
    if rank in (3, 4) and chosen == set(range(2, rank)) and tensors.has(source, Layout.LAST):
        operator = Mean(last(source.tensor), site.output.tensor, (1, 2))
        result = tensors.call(operator, tensors.read(source, Layout.LAST))
    else:
        operator = Mean(source.tensor, site.output.tensor, tuple(chosen))
        result = tensors.call(operator, tensors.read(source))
    tensors.write(site.output, result)
