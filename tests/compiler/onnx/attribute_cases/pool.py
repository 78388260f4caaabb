# SPDX-License-Identifier: Apache-2.0
"""Pools: padding, rounding up, what counts in an average."""

from __future__ import annotations

from case_models import Case

from .short import f, i, n


def cases() -> list[Case]:
    """Of this group."""
    found = []
    for name in ("MaxPool", "AveragePool", "LpPool"):
        for opset in (13, 21):
            extra = {"p": 1} if name == "LpPool" else {}
            new = name == "MaxPool" or opset == 21
            found += [
                n(name, f(1, 2, 9), opset=opset, kernel_shape=[3], strides=[2], **extra),
                n(
                    name,
                    f(1, 2, 7, 8),
                    opset=opset,
                    kernel_shape=[3, 2],
                    strides=[2, 3],
                    pads=[1, 0, 2, 1],
                    **extra,
                ),
                n(
                    name,
                    f(1, 2, 7, 8),
                    opset=opset,
                    kernel_shape=[3, 2],
                    strides=[2, 2],
                    auto_pad="SAME_LOWER",
                    **extra,
                ),
                n(
                    name,
                    f(1, 2, 7, 8),
                    opset=opset,
                    kernel_shape=[3, 2],
                    strides=[2, 3],
                    auto_pad="SAME_UPPER",
                    **extra,
                ),
                n(
                    name,
                    f(1, 2, 7, 8),
                    opset=opset,
                    kernel_shape=[3, 2],
                    strides=[2, 2],
                    auto_pad="VALID",
                    **extra,
                ),
                n(
                    name,
                    f(1, 2, 5, 6, 5),
                    opset=opset,
                    kernel_shape=[3, 2, 2],
                    pads=[1, 0, 0, 1, 1, 0],
                    **extra,
                ),
            ]
            if name != "LpPool" or opset >= 18:
                found += [
                    n(
                        name,
                        f(1, 2, 7, 8),
                        opset=opset,
                        kernel_shape=[3, 3],
                        strides=[2, 3],
                        ceil_mode=1,
                        **extra,
                    ),
                    n(
                        name,
                        f(1, 2, 6, 6),
                        opset=opset,
                        kernel_shape=[3, 3],
                        strides=[2, 2],
                        pads=[1, 1, 1, 1],
                        ceil_mode=1,
                        **extra,
                    ),
                    n(
                        name,
                        f(1, 1, 5, 5),
                        opset=opset,
                        kernel_shape=[1, 1],
                        strides=[2, 3],
                        pads=[0, 0, 0, 0],
                        ceil_mode=1,
                        **extra,
                    ),
                ]
            if new and not (name == "LpPool" and opset < 18):
                found += [
                    n(
                        name,
                        f(1, 2, 9, 8),
                        opset=opset,
                        kernel_shape=[3, 2],
                        dilations=[2, 3],
                        strides=[1, 2],
                        **extra,
                    ),
                    n(
                        name,
                        f(1, 2, 9, 8),
                        opset=opset,
                        kernel_shape=[3, 2],
                        dilations=[2, 2],
                        pads=[1, 1, 1, 1],
                        ceil_mode=1,
                        strides=[2, 2],
                        **extra,
                    ),
                ]
    for opset in (13, 21):
        for ceil in (0, 1):
            found.append(
                n(
                    "AveragePool",
                    f(1, 2, 6, 7),
                    opset=opset,
                    kernel_shape=[3, 3],
                    strides=[2, 2],
                    pads=[1, 0, 1, 1],
                    ceil_mode=ceil,
                    count_include_pad=1,
                )
            )
        found.append(
            n(
                "AveragePool",
                f(1, 2, 6, 7),
                opset=opset,
                kernel_shape=[3, 3],
                auto_pad="SAME_LOWER",
                count_include_pad=1,
            )
        )
    found += [
        n(
            "MaxPool",
            i(1, 2, 7, 8, dtype="int8", low=-128, high=127),
            kernel_shape=[3, 2],
            pads=[1, 1, 1, 1],
        ),
        n(
            "MaxPool",
            i(1, 2, 7, 8, dtype="uint8", low=0, high=255),
            kernel_shape=[3, 2],
            pads=[1, 1, 1, 1],
            ceil_mode=1,
            strides=[2, 2],
        ),
        n("LpPool", f(1, 2, 7, 8), kernel_shape=[3, 2], p=3),
        n("LpPool", f(1, 2, 7, 8), kernel_shape=[3, 2], pads=[1, 1, 1, 1]),
        n("GlobalLpPool", f(1, 2, 7, 8), p=1),
        n("GlobalLpPool", f(1, 2, 7, 8), p=3),
        n("GlobalLpPool", f(1, 2, 7, 8)),
        n("GlobalAveragePool", f(1, 2, 7)),
        n("GlobalMaxPool", f(1, 2, 3, 4, 5)),
    ]
    return found
