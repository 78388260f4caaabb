# SPDX-License-Identifier: Apache-2.0
"""Normalizations and softmax."""

from __future__ import annotations

import numpy as np
from case_models import Case

from .short import f, n, w


def cases() -> list[Case]:
    """Of this group."""
    found = []
    for opset in (13, 21):
        found += [
            n(
                "BatchNormalization",
                f(2, 3, 4, 2),
                w(3),
                w(3),
                w(3),
                np.abs(w(3)) + 1,
                opset=opset,
                epsilon=0.1,
                momentum=0.5,
            )
        ]
        found += [n("BatchNormalization", f(2, 3), w(3), w(3), w(3), np.abs(w(3)) + 1, opset=opset)]
    found += [
        n("InstanceNormalization", f(2, 3, 4, 2), w(3), w(3), epsilon=0.1),
        n("InstanceNormalization", f(2, 3, 4), w(3), w(3)),
        n("LayerNormalization", f(2, 3, 4), w(4), w(4), epsilon=0.1, outputs=(True, True, True)),
        n("LayerNormalization", f(2, 3, 4), w(3, 4), None, axis=1),
        n("LayerNormalization", f(2, 3, 4), w(3, 4), w(3, 4), axis=-2),
        n("LayerNormalization", f(2, 3, 4), w(4), axis=2, stash_type=1),
        n("LayerNormalization", f(2, 3, 4), w(2, 3, 4), axis=0, outputs=(True, False, True)),
        n("GroupNormalization", f(2, 6, 4), w(6), w(6), num_groups=3, epsilon=0.1),
        n("RMSNormalization", f(2, 3, 4), w(4), opset=23, epsilon=0.1),
        n("RMSNormalization", f(2, 3, 4), w(3, 4), opset=23, axis=1),
        n("LRN", f(1, 6, 3, 3), size=3, alpha=0.5, beta=0.6, bias=2.0),
        n("MeanVarianceNormalization", f(2, 3, 4, 2)),
        n("MeanVarianceNormalization", f(2, 3, 4), axes=[0, 2]),
        n("LpNormalization", f(3, 4), axis=0, p=1),
        n("LpNormalization", f(3, 4)),
        n("LpNormalization", f(3, 4), p=1, opset=13),
    ]
    return [case for case in found if case is not None]
