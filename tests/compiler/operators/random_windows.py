# SPDX-License-Identifier: Apache-2.0
"""Windows of convolutions at random, and the images that they slide over."""

from __future__ import annotations

from hypothesis import strategies as st

Pair = tuple[int, int]


@st.composite
def windows(draw: st.DrawFn) -> tuple[Pair, Pair, Pair, list[int], bool, list[int]]:
    """Kernel, strides, dilation, size of the image, whether it is padded (SAME), size of output.

    Either strides or dilation is more than 1, never both.
    """
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    strides = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilation = draw(st.sampled_from([(1, 1), (2, 1), (2, 3)])) if strides == (1, 1) else (1, 1)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = [draw(st.integers(r, 10)) for r in reach]
    same = draw(st.booleans())
    out = [
        -(-n // s) if same else (n - r) // s + 1
        for n, r, s in zip(size, reach, strides, strict=True)
    ]
    return kernel, strides, dilation, size, same, out
