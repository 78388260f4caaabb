# SPDX-License-Identifier: Apache-2.0
"""Inputs that are always the same, and fit each input's type."""

from __future__ import annotations

import numpy as np

from ..compiled import CompiledModel
from ..dtypes import numpy_dtype
from .runtime import Array

_SEED = 20261125


def _noise(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return random.uniform(-1, 1, shape)


def _faint(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Most values near the middle."""
    return np.clip(random.normal(0, 0.15, shape), -1, 1)


def _blocks(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Plateaus with edges, as pictures and spectrograms have them."""
    values = random.uniform(-1, 1, shape)
    for axis, extent in enumerate(shape):
        steps = np.sort(random.integers(0, extent, extent))
        values = np.take(values, steps, axis=axis)
    return values


def _sparse(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """The lowest value, but for a twentieth."""
    return np.where(random.random(shape) < 0.05, random.uniform(-1, 1, shape), -1.0)


# White noise alone drives many networks into one corner, where much that is wrong does not show.
_KINDS = (_noise, _faint, _blocks, _sparse, _noise, _faint, _blocks, _sparse)


def random_inputs(compiled: CompiledModel, zeros: bool = True) -> list[Array]:
    """Samples for each input, along a leading axis.

    Narrow integers span all their values, as quantized activations do. Wide ones count or index:
    zeros and ones are valid wherever an index is, and ones alone (``zeros``) wherever something is
    divided by them. Floats lie between -1 and 1.
    """
    random = np.random.default_rng(_SEED)
    inputs = []
    for tensor in compiled.inputs:
        dtype = numpy_dtype(tensor.dtype)
        values = np.stack([kind(random, tensor.shape) for kind in _KINDS])
        if dtype.kind in "iu" and dtype.itemsize <= 2:
            limits = np.iinfo(dtype)
            values = np.rint(limits.min + (values + 1) / 2 * (limits.max - limits.min))
        elif dtype.kind == "b":
            values = values > 0
        elif dtype.kind != "f":
            values = np.where(values > 0, 1, 0 if zeros else 1)
        inputs.append(values.astype(dtype))
    return inputs
