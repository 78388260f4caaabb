# SPDX-License-Identifier: Apache-2.0
"""Attention."""

from __future__ import annotations

import numpy as np
from case_models import Case

from .short import c, f, n


def cases() -> list[Case]:
    """Of this group."""
    q, k, v = f(1, 2, 3, 4), f(1, 2, 5, 4), f(1, 2, 5, 4)
    three = (f(1, 3, 8), f(1, 5, 8), f(1, 5, 8))
    heads = {"q_num_heads": 2, "kv_num_heads": 2}
    found = [
        n("Attention", q, k, v, opset=23),
        n("Attention", q, k, v, opset=23, scale=0.3, softcap=2.0),
        n("Attention", q, k, v, opset=23, is_causal=1),
        n("Attention", f(1, 4, 3, 4), k, v, opset=23),
        n("Attention", q, k, v, f(3, 5), opset=23),
        n("Attention", q, k, v, c(np.tri(3, 5), "bool"), opset=23),
        n("Attention", *three, opset=23, **heads),
    ]
    for mode in range(4):
        found.append(
            n(
                "Attention",
                q,
                k,
                v,
                f(3, 5),
                opset=23,
                softcap=1.5,
                qk_matmul_output_mode=mode,
                outputs=(True, False, False, True),
            )
        )
    return found
