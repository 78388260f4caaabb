# SPDX-License-Identifier: Apache-2.0
"""Images of another size, by interpolation between four pixels."""

from __future__ import annotations

import numpy as np

from .operator import Constant, Operator
from .requantize import Rounding
from .tensor import QuantizedTensor


class ResizeBilinear(Operator):
    """Bilinear interpolation of int8, uint8 or int16; input and output are quantized alike.

    With one rounding as XNNPACK does it for int8 and uint8: fractions of 11 bits, halves upwards.
    With two, and for int16, as LiteRT's own kernels do: fractions of 10 bits, halves away from
    zero. Of uint8 those compute in float; from them XNNPACK's form is at most one quantum.

    Parameters
    ----------
    input, output : QuantizedTensor
        Shapes (batch, height, width, channels).
    align_corners, half_pixel : bool
        As in LiteRT's options.
    rounding : {"single", "double"}
    """

    name = "resize_bilinear"

    def __init__(
        self,
        input: QuantizedTensor,
        output: QuantizedTensor,
        align_corners: bool,
        half_pixel: bool,
        rounding: Rounding = "single",
    ):
        self.inputs = (input,)
        self.output = output
        as_xnnpack = input.dtype == "uint8" or (rounding == "single" and input.dtype == "int8")
        self._bits = 11 if as_xnnpack else 10
        places = _by_float if self._bits == 11 else _by_integer
        self._rows, self._columns = (
            places(input.shape[axis], output.shape[axis], align_corners, half_pixel)
            for axis in (1, 2)
        )

    @classmethod
    def at(
        cls, input: QuantizedTensor, output: QuantizedTensor, rows: np.ndarray, columns: np.ndarray
    ) -> ResizeBilinear:
        """Of 8 bits, with the places of the output's rows and columns among those of the input."""
        operator = cls(input, output, False, False)
        operator._rows = _between(rows, input.shape[1])
        operator._columns = _between(columns, input.shape[2])
        return operator

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        image, one = arrays[0].astype(np.int64), 1 << self._bits
        (top, bottom, down), (left, right, along) = self._rows.T, self._columns.T
        across = [
            image[:, rows][:, :, left] * (one - along)[:, None]
            + image[:, rows][:, :, right] * along[:, None]
            for rows in (top, bottom)
        ]
        sums = across[0] * (one - down)[:, None, None] + across[1] * down[:, None, None]
        half = np.int64(1) << (2 * self._bits - 1)
        upwards, away = (sums + half) >> 22, np.sign(sums) * ((np.abs(sums) + half) >> 20)
        result: np.ndarray = (upwards if self._bits == 11 else away).astype(self.output.dtype)
        return result

    @property
    def constants(self) -> tuple[Constant, ...]:
        return Constant("rows", self._rows.ravel()), Constant("columns", self._columns.ravel())

    @property
    def macs(self) -> int:
        return 4 * self.output.size

    def body(self, kernel: str) -> str:
        batch, height, width, channels = self.inputs[0].shape
        _, rows, columns, _ = self.output.shape
        element = f"{self.output.dtype}_t"
        # Of 8 bits all has room in 32.
        wide = "int64_t" if self.output.dtype == "int16" else "int32_t"
        one, half, whole = 1 << self._bits, 1 << (2 * self._bits - 1), 1 << (2 * self._bits)
        rounded = f"(sum + {half}) >> {2 * self._bits}"
        if self._bits == 10:
            rounded = f"(sum < 0 ? sum - {half} : sum + {half}) / {whole}"
        return f"""\
    for (int32_t n = 0; n < {batch}; ++n, x0 += {height * width * channels}) {{
    for (int32_t y = 0; y < {rows}; ++y) {{
        MICROTVM_FLASH int32_t *row = {kernel}_rows + 3 * y;
        const {element} *top = x0 + row[0] * {width * channels};
        const {element} *bottom = x0 + row[1] * {width * channels};
        {wide} down = row[2], up = {one} - down;
        for (int32_t x = 0; x < {columns}; ++x) {{
            MICROTVM_FLASH int32_t *column = {kernel}_columns + 3 * x;
            int32_t left = column[0] * {channels}, right = column[1] * {channels};
            {wide} along = column[2], back = {one} - along;
            for (int32_t c = 0; c < {channels}; ++c) {{
                {wide} sum = up * (top[left + c] * back + top[right + c] * along) +
                    down * (bottom[left + c] * back + bottom[right + c] * along);
                *out++ = ({element})({rounded});
            }}
        }}
    }}
    }}"""


def _by_float(extent: int, wanted: int, align_corners: bool, half_pixel: bool) -> np.ndarray:
    """For each place of the result the two places it lies between, and 2048ths of the way, as
    XNNPACK finds them in float32."""
    corners = align_corners and wanted > 1
    scale = np.float32(extent - corners) / np.float32(wanted - corners)
    middle = np.float32(0.5 * half_pixel)
    return _between((np.arange(wanted, dtype=np.float32) + middle) * scale - middle, extent)


def _between(places: np.ndarray, extent: int) -> np.ndarray:
    places = np.clip(places.astype(np.float32), np.float32(0), np.float32(extent - 1))
    first = places.astype(np.int32)
    fraction = np.rint((places - first.astype(np.float32)) * np.float32(2048)).astype(np.int32)
    return np.stack([first, np.minimum(first + 1, extent - 1), fraction], 1).astype(np.int32)


def _by_integer(extent: int, wanted: int, align_corners: bool, half_pixel: bool) -> np.ndarray:
    """The same in 1024ths, as LiteRT's own kernels find them in integers."""
    scale = (1024 * extent + wanted // 2) // wanted
    if align_corners and wanted > 1:
        scale = (1024 * (extent - 1) + (wanted - 1) // 2) // (wanted - 1)
    places = np.arange(wanted, dtype=np.int64) * scale
    if half_pixel:
        places += scale // 2 - 512
    first = np.clip(places >> 10, 0, extent - 1)
    second = np.clip(-(-places >> 10), 0, extent - 1)
    fraction = np.where(first == second, 0, places - 1024 * first)
    return np.stack([first, second, fraction], 1).astype(np.int32)
