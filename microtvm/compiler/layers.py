# SPDX-License-Identifier: Apache-2.0
"""What each call of a compiled model is and needs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .compiled import LayerInfo
from .operators import Operator
from .program import Program, Space

_FLOATS = re.compile(r"\b(?:float|double|_Float16)\b")


def layers(program: Program, texts: Mapping[str, str]) -> tuple[LayerInfo, ...]:
    """A description of each call, in order.

    Parameters
    ----------
    program : Program
        Temporaries included.
    texts : mapping of str to str
        Each kernel's C by its name: a kernel of TVM's runs in integers if its C has no float type.
    """
    result = []
    for index, call in enumerate(program.calls):
        body = call.kernel.body
        alive = [b.nbytes for b in program.blocks if b.first <= index <= b.last]
        weights = {p.index for p in call.arguments if p.space is Space.CONSTANT}
        own = isinstance(body, Operator)
        result.append(
            LayerInfo(
                operator=call.kernel.operator,
                shape=call.shape,
                macs=body.macs if own else None,
                weight_bytes=sum(program.constants[i].nbytes for i in weights)
                + (body.weight_bytes if own else 0),
                integers=body.runs_in_integers
                if own
                else not _FLOATS.search(texts[call.kernel.name]),
                arena_bytes=sum(alive),
            )
        )
    return tuple(result)
