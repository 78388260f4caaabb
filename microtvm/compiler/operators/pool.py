# SPDX-License-Identifier: Apache-2.0
"""Average and maximum over windows of NHWC tensors. Padding counts for nothing."""

from __future__ import annotations

import numpy as np

from .operator import Operator
from .tensor import QuantizedTensor


class Pool2D(Operator):
    """Average or maximum pool; input and output are quantized alike.

    Parameters
    ----------
    input, output : QuantizedTensor
        Shapes (batch, height, width, channels).
    average : bool
        The mean, rounded to nearest; otherwise the maximum.
    window, strides : pair of int
        Rows and columns.
    padding : pair of int
        Rows above and columns to the left; what is below and to the right follows from the
        output's shape.
    limits : pair of int, optional
        Smallest and largest output: a fused activation's.
    ties_to_even : bool
        Whether a mean in the middle becomes an even number of steps from the zero point, as
        onnxruntime has it. Otherwise its integer is rounded away from 0, as LiteRT has it.
    """

    def __init__(
        self,
        input: QuantizedTensor,
        output: QuantizedTensor,
        *,
        average: bool,
        window: tuple[int, int],
        strides: tuple[int, int],
        padding: tuple[int, int] = (0, 0),
        limits: tuple[int, int] | None = None,
        ties_to_even: bool = False,
    ):
        if (input.dtype, input.scale, input.zero_point) != (
            output.dtype,
            output.scale,
            output.zero_point,
        ):
            raise ValueError("a pool's input and output are quantized alike")
        self.name = "average_pool2d" if average else "max_pool2d"
        self.inputs = (input,)
        self.output = output
        self._average = average
        self._ties_to_even = ties_to_even
        self._window, self._strides, self._padding = window, strides, padding
        self.low, self.high = limits or output.limits

    def _span(self, axis: int, position: int) -> tuple[int, int]:
        """Rows (axis 0) or columns (axis 1) of the input under a window."""
        start = position * self._strides[axis] - self._padding[axis]
        extent = self.inputs[0].shape[1 + axis]
        return max(start, 0), min(start + self._window[axis], extent)

    @property
    def _whole(self) -> bool:
        """Whether no window reaches over the border."""
        return all(
            self._span(axis, position)[1] - self._span(axis, position)[0] == self._window[axis]
            for axis in (0, 1)
            for position in (0, self.output.shape[1 + axis] - 1)
        )

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        out = np.empty(self.output.shape, self.output.dtype)
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                rows, columns = slice(*self._span(0, y)), slice(*self._span(1, x))
                part = arrays[0][:, rows, columns, :].astype(np.int64)
                if self._average:
                    total, count = part.sum((1, 2)), part.shape[1] * part.shape[2]
                    value = self._mean(total, count)
                else:
                    value = part.max((1, 2))
                out[:, y, x, :] = np.clip(value, self.low, self.high)
        return out

    def _mean(self, total: np.ndarray, count: int) -> np.ndarray:
        if self._ties_to_even:
            zero = self.output.zero_point
            even: np.ndarray = np.rint((total - count * zero) / count) + zero
            return even
        size = (np.abs(total) + count // 2) // count
        signed: np.ndarray = np.where(total < 0, -size, size)
        return signed

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_requantize.h",)

    def body(self, kernel: str) -> str:
        batch, height, width, channels = self.inputs[0].shape
        _, out_height, out_width, _ = self.output.shape
        lines = [
            f"for (int32_t y = 0; y < {batch * out_height}; ++y) {{",
            *self._range("y", 0, "row", height, out_height if batch > 1 else 0),
            f"    for (int32_t x = 0; x < {out_width}; ++x) {{",
            *("    " + line for line in self._range("x", 1, "column", width, 0)),
        ]
        image = f"y / {out_height} * {height * width * channels}" if batch > 1 else "0"
        lines += [
            f"        for (int32_t c = 0; c < {channels}; ++c) {{",
            f"            const {self.output.dtype}_t *image = x0 + {image} + c;",
            f"            int32_t value = {0 if self._average else self.output.limits[0]};",
            "            for (int32_t i = row; i < row_end; ++i) {",
            "                for (int32_t j = column; j < column_end; ++j) {",
            f"                    int32_t element = image[(i * {width} + j) * {channels}];",
        ]
        if self._average:
            count = (
                str(self._window[0] * self._window[1])
                if self._whole
                else "((row_end - row) * (column_end - column))"
            )
            lines += [
                "                    value += element;",
                "                }",
                "            }",
                *(f"            {line}" for line in self._mean_text(count)),
            ]
        else:
            lines += [
                "                    value = element > value ? element : value;",
                "                }",
                "            }",
            ]
        lines += [
            f"            value = mt_clamp(value, {self.low}, {self.high});",
            f"            *out++ = ({self.output.dtype}_t)value;",
            "        }",
            "    }",
            "}",
        ]
        return "\n".join("    " + line for line in lines)

    def _mean_text(self, count: str) -> list[str]:
        """C statements that make a sum the mean."""
        if not self._ties_to_even:
            return [f"value = (value < 0 ? value - {count} / 2 : value + {count} / 2) / {count};"]
        # 256 more steps make all of it positive, and do not change what is even.
        zero = self.output.zero_point
        return [
            f"uint32_t count = (uint32_t){count};",
            f"uint32_t halves = 2u * (uint32_t)(value + {256 - zero} * {count}) + count;",
            "uint32_t mean = halves / (2u * count);",
            "mean -= halves % (2u * count) == 0 ? mean & 1u : 0u;",
            f"value = (int32_t)mean - {256 - zero};",
        ]

    def _range(self, position: str, axis: int, name: str, extent: int, modulus: int) -> list[str]:
        """C statements for the first row or column under a window, and the one after the last."""
        where = f"{position} % {modulus}" if modulus else position
        start = f"{where} * {self._strides[axis]} - {self._padding[axis]}"
        lines = [
            f"    int32_t {name} = {start};",
            f"    int32_t {name}_end = {name} + {self._window[axis]};",
        ]
        if not self._whole:
            lines += [
                f"    {name} = {name} < 0 ? 0 : {name};",
                f"    {name}_end = {name}_end > {extent} ? {extent} : {name}_end;",
            ]
        return lines
