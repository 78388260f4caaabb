# SPDX-License-Identifier: Apache-2.0
"""Tensors to the board and back come unchanged."""

from __future__ import annotations

import itertools

import numpy as np

DTYPES = [
    *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float16", "float32", "float64"),
]
SIZES = (1, 3, 7)


def test_every_dtype_and_odd_sizes(device):
    changed = []
    with device.session() as session:
        for dtype, size in itertools.product(DTYPES, SIZES):
            item = np.dtype(dtype).itemsize
            noise = np.random.default_rng(item * size).integers(0, 256, size * item, "uint8")
            sent = noise.astype("bool") if dtype == "bool" else noise.view(dtype)
            tensor = session.empty((size,), dtype)
            tensor.copyfrom(sent)
            got = tensor.numpy()
            if got.dtype != sent.dtype or got.tobytes() != sent.tobytes():
                changed.append(f"{dtype} ({size},): {sent.tobytes().hex()}, {got.tobytes().hex()}")
    assert not changed
