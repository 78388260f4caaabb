# SPDX-License-Identifier: Apache-2.0
"""Fourier transforms, as products with a constant matrix."""

from __future__ import annotations

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites

# Elements of a matrix; one of 512 samples and their 257 frequencies has half as many.
_MAX_MATRIX = 1 << 18


def _matrix(samples: int, length: int, frequencies: int, sign: int) -> np.ndarray:
    """exp(sign * 2 pi i t k / length) for samples t and frequencies k, complex."""
    if samples * frequencies > _MAX_MATRIX:
        raise Refusal(
            f"its matrix of {samples} samples and {frequencies} frequencies is too large; "
            f"{_MAX_MATRIX} elements are the most"
        )
    turns = np.outer(np.arange(samples), np.arange(frequencies)) % length
    return np.asarray(np.exp(sign * 2j * np.pi * turns / length))


@rewrites("DFT")
def dft(node: Node) -> bool | None:
    """Of real or complex numbers, along an axis."""
    shape, dtype = node.shape(0), node.dtype(0)
    rank = len(shape)
    if node.opset >= 20:
        axis = int(node.required_constant(2, "axis").reshape(())) if node.has_input(2) else -2
    else:
        axis = node.attribute("axis", 1)
    axis %= rank
    length = shape[axis]
    if node.has_input(1):
        length = int(node.required_constant(1, "dft_length").reshape(()))
    inverse, onesided = node.attribute("inverse", 0), node.attribute("onesided", 0)
    if inverse and onesided:
        raise Refusal("inverse and onesided at once are not known")
    samples = min(shape[axis], length)
    frequencies = length // 2 + 1 if onesided else length
    matrix = _matrix(samples, length, frequencies, 1 if inverse else -1)
    if inverse:
        matrix = matrix / length
    swap = list(range(rank - 1))  # without the last axis, of real and imaginary parts
    swap[axis], swap[-1] = swap[-1], swap[axis]

    def part(index: int) -> str:
        taken = node.emit("Gather", node.input(0), node.value(index, "int64"), axis=rank - 1)
        if samples < shape[axis]:
            bounds = [node.value([n], "int64") for n in (0, samples, axis)]
            taken = node.emit("Slice", taken, *bounds)
        return str(node.emit("Transpose", taken, perm=swap))

    cosine, sine = (node.value(m, dtype) for m in (matrix.real, matrix.imag))
    real = part(0)
    results = [node.emit("MatMul", real, m) for m in (cosine, sine)]
    if shape[-1] == 2:
        imaginary = part(1)
        results[0] = node.emit("Sub", results[0], node.emit("MatMul", imaginary, sine))
        results[1] = node.emit("Add", results[1], node.emit("MatMul", imaginary, cosine))
    last = node.value([rank - 1], "int64")
    back = [node.emit("Transpose", result, perm=swap) for result in results]
    node.give(node.emit("Concat", *(node.emit("Unsqueeze", b, last) for b in back), axis=rank - 1))
    return None


@rewrites("STFT")
def stft(node: Node) -> bool | None:
    """A convolution: frames are its windows, the matrix times the window its weights."""
    batch, extent, parts = node.shape(0)
    dtype = node.dtype(0)
    step = int(node.required_constant(1, "frame_step").reshape(()))
    window = node.required_constant(2, "window") if node.has_input(2) else None
    if node.has_input(3):
        length = int(node.required_constant(3, "frame_length").reshape(()))
    elif window is not None:
        length = len(window)
    else:
        raise Refusal("it has neither a window nor a frame_length")
    if window is not None and len(window) != length:
        raise Refusal(f"its window has {len(window)} elements, and its frame_length is {length}")
    frequencies = length // 2 + 1 if node.attribute("onesided", 1) else length
    matrix = _matrix(length, length, frequencies, -1)
    if window is not None:
        matrix = matrix * window[:, None]
    real, imaginary = matrix.real.T, matrix.imag.T
    weights = [np.stack([real, imaginary])]  # (2, frequencies, length)
    if parts == 2:
        weights.append(np.stack([-imaginary, real]))
    kernel = np.stack(weights, axis=2).reshape(2 * frequencies, parts, length)
    signal = node.emit("Transpose", node.input(0), perm=[0, 2, 1])
    frames = (extent - length) // step + 1
    weights_name = node.value(kernel, dtype)
    spectrum = node.emit("Conv", signal, weights_name, kernel_shape=[length], strides=[step])
    spectrum = node.reshape(spectrum, [batch, 2, frequencies, frames])
    node.give(node.emit("Transpose", spectrum, perm=[0, 3, 2, 1]))
    return None
