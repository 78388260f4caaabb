# SPDX-License-Identifier: Apache-2.0
"""Non-maximum suppression: the best boxes, and none that overlaps with a better one."""

from __future__ import annotations

import math

import numpy as np

from .operator import Operator
from .tensor import QuantizedTensor


class SelectBoxes(Operator):
    """Numbers of the boxes that are left, the best first; 0 behind them; last, how many they are.

    Of equal scores the first box comes first.

    Parameters
    ----------
    boxes : QuantizedTensor
        float32 (n, 4): two opposite corners of each.
    scores : QuantizedTensor
        float32 (n,).
    most : int
        Boxes that are selected at most: the output is int32 (most + 1,).
    overlap : float
        Boxes are left out from this quotient of intersection and union on.
    score : float
        The lowest score that is considered.
    exactly : tuple of bool
        Whether an overlap, and a score, of exactly these counts as well.
    again : bool
        Whether a box is left out after it was selected because it overlaps with itself, as LiteRT's
        V4 and V5 do: one without area is selected again, until there are as many as candidates.
    """

    name = "select_boxes"

    def __init__(
        self,
        boxes: QuantizedTensor,
        scores: QuantizedTensor,
        most: int,
        overlap: float,
        score: float,
        exactly: tuple[bool, bool],
        again: bool,
    ):
        if boxes.shape != (*scores.shape, 4) or len(scores.shape) != 1:
            raise ValueError(f"boxes {boxes.shape} do not go with scores {scores.shape}")
        if math.isnan(overlap) or math.isnan(score):
            raise ValueError("its thresholds are no numbers")
        self.inputs = (boxes, scores)
        self.output = QuantizedTensor((most + 1,), "int32")
        self._most = most
        self._overlap, self._score = np.float32(overlap), np.float32(score)
        self._exactly, self._again = exactly, again

    @property
    def runs_in_integers(self) -> bool:
        return False

    @property
    def scratch_bytes(self) -> int:
        """A byte for each box: whether it may still be selected."""
        return self.inputs[1].size

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        boxes, scores = arrays[0].astype(np.float32), arrays[1].astype(np.float32)
        left = scores >= self._score if self._exactly[1] else scores > self._score
        result, found = np.zeros(self._most + 1, np.int32), 0
        most = min(self._most, int(left.sum()))
        while found < most and left.any():
            best = int(np.where(left, scores, -np.inf).argmax())
            result[found] = best
            found += 1
            left[best] = self._again
            for other in np.flatnonzero(left):
                overlap = _overlap(boxes[best], boxes[other])
                left[other] = overlap < self._overlap or (
                    overlap == self._overlap and not self._exactly[0]
                )
        result[self._most] = found
        return result

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_boxes.h",)

    def body(self, kernel: str) -> str:
        over, from_ = (">=" if exactly else ">" for exactly in self._exactly)
        overlap, score = (_literal(value) for value in (self._overlap, self._score))
        return f"""\
    int32_t found = 0, most = 0;
    for (int32_t i = 0; i < {self.inputs[1].size}; ++i) {{
        scratch[i] = x1[i] {from_} {score};
        most += scratch[i];
    }}
    most = most < {self._most} ? most : {self._most};
    for (; found < most; ++found) {{
        int32_t best = mt_best(x1, scratch, {self.inputs[1].size});
        if (best < 0) {{
            break;
        }}
        out[found] = best;
        scratch[best] = {int(self._again)};
        for (int32_t i = 0; i < {self.inputs[1].size}; ++i) {{
            if (scratch[i] && mt_overlap(x0 + 4 * best, x0 + 4 * i) {over} {overlap}) {{
                scratch[i] = 0;
            }}
        }}
    }}
    for (int32_t i = found; i < {self._most}; ++i) {{
        out[i] = 0;
    }}
    out[{self._most}] = found;"""


def _literal(value: np.float32) -> str:
    """In C; beyond the largest number there is none."""
    largest = np.finfo(np.float32).max
    return f"{float(np.clip(value, -largest, largest)).hex()}f"


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    low = [np.minimum(box[:2], box[2:]) for box in (a, b)]
    high = [np.maximum(box[:2], box[2:]) for box in (a, b)]
    areas = [np.prod(h - w) for h, w in zip(high, low, strict=True)]
    if min(areas) <= 0:
        return 0.0
    sides = np.maximum(np.minimum(*high) - np.maximum(*low), np.float32(0))
    both = np.float32(sides[0] * sides[1])
    return float(np.float32(both / (areas[0] + areas[1] - both)))
