# SPDX-License-Identifier: Apache-2.0
"""Products of two matrices that are both known at run time only, batch by batch."""

from __future__ import annotations

import math

import numpy as np

from .loops import collapse, index, nest, row_major, strides
from .operator import Operator
from .requantize import quantize_multiplier, requantize, short_multiplier
from .tensor import QuantizedTensor


class BatchMatMul(Operator):
    """Matrix products of int8, or of int16 with zero points 0; batches broadcast.

    Scaled as LiteRT has it: twice rounded for int8, once with a multiplier of 15 bits for int16.

    Parameters
    ----------
    a, b : QuantizedTensor
        Shapes (..., rows, depth) and (..., depth, columns).
    output : QuantizedTensor
    turned : pair of bool
        Whether the last two axes of a and of b are exchanged in memory.

    Raises
    ------
    ValueError
        If sums may need more bits than they have, or an int16 tensor has another zero point.
    """

    name = "batch_matmul"

    def __init__(
        self,
        a: QuantizedTensor,
        b: QuantizedTensor,
        output: QuantizedTensor,
        turned: tuple[bool, bool] = (False, False),
    ):
        self.inputs = (a, b)
        self.output = output
        self._turned = turned
        self._depth = a.shape[-2] if turned[0] else a.shape[-1]
        wide = output.dtype == "int16"
        if wide and any(tensor.zero_point for tensor in (a, b, output)):
            raise ValueError("tensors of int16 have the zero point 0")
        multiplier, shift = quantize_multiplier(a.scale * b.scale / output.scale)
        self._form = "MT_SHORT" if wide else "MT_DOUBLE"
        self._scale = (short_multiplier(multiplier) if wide else multiplier), shift
        if self._depth * 255**2 >= 2**31 or (wide and (self._depth >= 2**16 or shift > 14)):
            raise ValueError("sums of a product of matrices may need too many bits")

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        a, b = (
            np.swapaxes(array, -1, -2) if turned else array
            for array, turned in zip(arrays, self._turned, strict=True)
        )
        za, zb = (tensor.zero_point for tensor in self.inputs)
        sums = (a.astype(np.int64) - za) @ (b.astype(np.int64) - zb)
        scaled = requantize(sums, *self._scale, "short" if self._form == "MT_SHORT" else "double")
        clipped: np.ndarray = np.clip(scaled + self.output.zero_point, *self.output.limits)
        return clipped.astype(self.output.dtype)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_wide.h",)

    @property
    def macs(self) -> int:
        return self.output.size * self._depth

    def body(self, kernel: str) -> str:
        low, high = self.output.limits
        batches, steps = self._batches()
        sum_type = "int64_t" if self._form == "MT_SHORT" else "int32_t"
        multiplier, shift = self._scale
        head = [
            f"    static MICROTVM_FLASH mt_scale scale = {{{multiplier}, {-2 - shift}}};",
            "    static const mt_output output = "
            f"{{{self.output.zero_point}, {low}, {high}, {self._form}}};",
        ]
        pointers = [
            f"const {self.output.dtype}_t *a = x0 + {index(steps[0])};",
            f"const {self.output.dtype}_t *b = x1 + {index(steps[1])};",
            f"{self.output.dtype}_t *o = out + {index(steps[2])};",
        ]
        return "\n".join([*head, nest(batches, [*pointers, *self._product(sum_type)])])

    def _batches(self) -> tuple[list[int], list[list[int]]]:
        """Extents of loops over the batches, and the steps of a, b and the output in them."""
        outer = self.output.shape[:-2]
        sizes = [math.prod(tensor.shape[-2:]) for tensor in (*self.inputs, self.output)]
        indices = [strides(tensor.shape[:-2], outer) for tensor in self.inputs]
        scaled = [
            [step * size for step in steps]
            for steps, size in zip([*indices, row_major(outer)], sizes, strict=True)
        ]
        extents, steps = collapse(outer, scaled)
        return extents, steps

    def _product(self, sum_type: str) -> list[str]:
        """C statements for one batch: as many as four columns at a time share a row's elements."""
        rows, columns = self.output.shape[-2:]
        depth, together = self._depth, min(4, columns)
        step_i, step_k = (1, rows) if self._turned[0] else (depth, 1)
        step_q, step_j = (1, depth) if self._turned[1] else (columns, 1)
        za, zb = (tensor.zero_point for tensor in self.inputs)
        numbers = range(together)
        cast = f"({sum_type})" if sum_type == "int64_t" else ""
        return [
            f"for (int32_t i = 0; i < {rows}; ++i) {{",
            f"    for (int32_t first = 0; first < {columns}; first += {together}) {{",
            f"        int32_t j = first > {columns - together} ? {columns - together} : first;",
            f"        {sum_type} {', '.join(f'sum{n} = 0' for n in numbers)};",
            f"        for (int32_t k = 0; k < {depth}; ++k) {{",
            f"            {sum_type} value = {cast}a[i * {step_i} + k * {step_k}] - ({za});",
            f"            const {self.output.dtype}_t *q = b + k * {step_q} + j * {step_j};",
            *(f"            sum{n} += value * (q[{n * step_j}] - ({zb}));" for n in numbers),
            "        }",
            *(
                f"        o[i * {columns} + j + {n}] = "
                f"({self.output.dtype}_t)mt_wide_output(sum{n}, &scale, &output);"
                for n in numbers
            ),
            "    }",
            "}",
        ]
