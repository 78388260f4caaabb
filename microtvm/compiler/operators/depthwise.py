# SPDX-License-Identifier: Apache-2.0
"""Convolutions of each channel of an NHWC tensor by itself."""

from __future__ import annotations

import numpy as np

from ..dtypes import itemsize
from .accumulate import Accumulator
from .conv2d import Window
from .operator import Constant, Operator
from .requantize import Rounding
from .tensor import QuantizedTensor
from .wide_accumulate import WideAccumulator

# The order in which vectors of 4 hold the sums of 16 channels.
_LANES = [0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15]


class Depthwise(Operator):
    """Depthwise convolution of int8 with int8 weights.

    The lines of input under a block of outputs are copied, with their padding, before any output
    of it is written: so the output may lie over the input, and no loop tests for the border.

    Parameters
    ----------
    input, output : QuantizedTensor
        Of int8, shapes (batch, height, width, channels); the output has a multiple of channels.
    weights : int8 array, shape (kernel height, width, channels of output)
    window : Window
    bias, scales, limits, rounding
        As in `Accumulator`.
    """

    name = "depthwise_conv2d"

    # C types of tensors, weights and bias, and what sums begin with.
    _element, _weight, _bias = "int8_t", "int8_t", "int32_t"
    _scratch_text = "scratch"
    _start = "*bias++"
    _after_channel: tuple[str, ...] = ()

    def __init__(
        self,
        input: QuantizedTensor,
        output: QuantizedTensor,
        weights: np.ndarray,
        bias: np.ndarray | None,
        scales: np.ndarray,
        window: Window,
        limits: tuple[int, int] | None = None,
        rounding: Rounding = "single",
    ):
        rows = weights.reshape(-1, weights.shape[2]).T
        self._layer = Accumulator(rows, bias, scales, input, output, limits, rounding)
        self._lay_out(input, output, (weights.shape[0], weights.shape[1]), window)

    @property
    def _sums(self) -> Accumulator | WideAccumulator:
        """What makes outputs of sums."""
        return self._layer

    def _lay_out(
        self,
        input: QuantizedTensor,
        output: QuantizedTensor,
        kernel: tuple[int, int],
        window: Window,
    ) -> None:
        """Choose the outputs that are computed together, so that they share what they read."""
        self.inputs = (input,)
        self.output = output
        self._kernel = kernel
        self._window = window
        height, width = output.shape[1:3]
        if self._kernel == (1, 1):
            self._block = (1, 1)
        elif width == 1:
            self._block = (min(height, 4), 1)
        elif height == 1:
            self._block = (1, min(width, 4))
        else:
            self._block = (2, 2)
        self._lines = (self._block[0] - 1) * window.strides[0] + self._reach(0)
        self._columns = (width - 1) * window.strides[1] + self._reach(1)

    def _reach(self, axis: int) -> int:
        """Rows or columns that the kernel spans."""
        return int((self._kernel[axis] - 1) * self._window.dilation[axis] + 1)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        patches = self._window.patches(
            arrays[0],
            self._kernel,
            (self.output.shape[1], self.output.shape[2]),
            self.inputs[0].zero_point,
        )
        multiplier = self.output.shape[3] // self.inputs[0].shape[3]
        taps = patches.reshape(*self.output.shape[:3], -1, patches.shape[-1])
        flat = np.repeat(taps, multiplier, -1)
        return self._sums.finish((flat * self._sums.weights.T.astype(np.int64)).sum(3))

    def _output_of(self, total: str) -> str:
        """C text of an output."""
        return f"mt_output_of({total}, scale, &output)"

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_depthwise.h",)

    @property
    def constants(self) -> tuple[Constant, ...]:
        weights = np.ascontiguousarray(self._layer.weights)
        bias = self._layer.bias.astype(np.int32)
        scales = self._layer.scales_constant(_LANES if self._vectorizes else None)
        if not self._vectorizes:
            return Constant("weights", weights), Constant("bias", bias), scales
        channels, taps = weights.shape
        blocks = -(-channels // 16)
        wide = np.zeros((blocks * 16, taps + taps % 2), np.int8)
        wide[:channels, :taps] = weights
        spread = np.zeros(blocks * 16, np.int32)
        spread[:channels] = bias
        return (
            Constant("weights", weights, mve=wide.reshape(blocks, 16, -1).transpose(0, 2, 1)),
            Constant("bias", bias, mve=spread.reshape(blocks, 16)[:, _LANES]),
            scales,
        )

    @property
    def _vectorizes(self) -> bool:
        """Whether there is an MVE form: it sums two products in 16 bits."""
        same = self.inputs[0].shape[3] == self.output.shape[3]
        return same and bool((self._layer.weights > -128).all())

    @property
    def scratch_bytes(self) -> int:
        channels = self.inputs[0].shape[3]
        # Vectors reach beyond the last channels.
        beyond = 16 if self._vectorizes and channels % 16 else 0
        return self._lines * self._columns * channels + beyond

    @property
    def macs(self) -> int:
        return self.output.size * int(self._sums.weights.shape[1])

    @property
    def overwritable(self) -> tuple[int, ...]:
        """The input, if every output's place has been read by the time it is written."""
        batch, height, width, channels = self.inputs[0].shape
        _, rows, out_width, out_channels = self.output.shape
        if batch != 1:
            return ()
        for y in range(0, rows, self._block[0]):
            read = min(y * self._window.strides[0] - self._window.padding[0] + self._lines, height)
            written = min(y + self._block[0], rows)
            if written * out_width * out_channels > max(read, 0) * width * channels:
                return ()
        return (0,)

    def body(self, kernel: str) -> str:
        batch, height, width, channels = self.inputs[0].shape
        _, out_height, _, _ = self.output.shape
        bh, window = self._block[0], self._window
        line, image = self._columns * channels, height * width * channels
        left = window.padding[1]
        inside = max(min(width, self._columns - left), 0)
        pixel = channels * itemsize(self.inputs[0].dtype)
        source = "x0" if self._element == "int8_t" else "(const int8_t *)(const void *)x0"
        lines = [
            "    static const mt_lines lines = {",
            f"        {height}, {width * pixel}, {self._lines}, {bh * window.strides[0]},",
            f"        {window.padding[0]}, {left * pixel}, {inside * pixel},",
            f"        {(self._columns - left - inside) * pixel}, {self.inputs[0].zero_point},",
            "    };",
            f"    for (int32_t n = 0; n < {batch}; ++n, x0 += {image}) {{",
            f"    for (int32_t y = 0; y < {out_height}; y += {bh}) {{",
            f"        mt_read_lines(&lines, {source}, y, y * "
            f"{window.strides[0]} - {window.padding[0]}, scratch);",
        ]
        if self._vectorizes:
            lines += ["#if MT_MVE", *self._vectors(kernel, line), "#else"]
        lines += self._loops(kernel, line)
        if self._vectorizes:
            lines.append("#endif")
        lines += ["    }", "    }"]
        return "\n".join(lines)

    def _vectors(self, kernel: str, line: int) -> list[str]:
        """C statements for a block of rows, channels in vectors."""
        _, out_height, out_width, channels = self.output.shape
        (sy, sx), (dy, dx) = self._window.strides, self._window.dilation
        offsets = [ky * dy * line + kx * dx * channels for ky, kx in np.ndindex(*self._kernel)]
        offsets += offsets[-1:] * (len(offsets) % 2)  # its weights are 0
        row = out_width * channels
        return [
            f"        static const int32_t offsets[] = {{{', '.join(map(str, offsets))}}};",
            "        static const mt_depthwise_layer layer = {",
            f"            {len(offsets)}, {channels}, {out_width}, {sx * channels},",
            f"            {self._layer.output_text()},",
            "        };",
            f"        for (int32_t i = 0; i < {self._block[0]} && y + i < {out_height}; ++i) {{",
            f"            mt_depthwise_mve(&layer, offsets, {kernel}_weights, {kernel}_bias,",
            f"                {kernel}_scales, scratch + i * {sy * line},",
            f"                out + (n * {out_height} + y + i) * {row});",
            "        }",
        ]

    def _loops(self, kernel: str, line: int) -> list[str]:
        """C statements for a block of rows, channel by channel."""
        channels = self.inputs[0].shape[3]
        _, out_height, out_width, out_channels = self.output.shape
        (bh, bw), window = self._block, self._window
        edge = "xx" if out_width % bw == 0 else f"(xx > {out_width - bw} ? {out_width - bw} : xx)"
        lines = [
            f"        static const mt_output output = {self._sums.output_text()};",
            f"        for (int32_t xx = 0; xx < {out_width}; xx += {bw}) {{",
            f"            int32_t column = {edge};",
            f"            const {self._element} *p = "
            f"{self._scratch_text} + column * {window.strides[1] * channels};",
            f"            MICROTVM_FLASH {self._weight} *w = {kernel}_weights;",
            f"            MICROTVM_FLASH {self._bias} *bias = {kernel}_bias;",
            "            MICROTVM_FLASH mt_scale *scale =",
            f"                (MICROTVM_FLASH mt_scale *)(MICROTVM_FLASH void *){kernel}_scales;",
            f"            {self._element} *o = "
            f"out + ((n * {out_height} + y) * {out_width} + column) * {out_channels};",
            f"            for (int32_t c = 0; c < {channels}; ++c, ++p) {{",
        ]
        multiplier = out_channels // channels
        if multiplier > 1:
            lines.append(f"            for (int32_t m = 0; m < {multiplier}; ++m) {{")
        lines += ["                " + text for text in self._sums_text(line, channels)]
        for i in range(bh):
            store = [
                f"o[{(i * out_width + j) * out_channels}] = {self._output_of(f'sum{i}{j}')};"
                for j in range(bw)
            ]
            if i and out_height % bh:
                lines.append(f"                if (y + {i} < {out_height}) {{")
                lines += ["                    " + text for text in store]
                lines.append("                }")
            else:
                lines += ["                " + text for text in store]
        lines.append("                ++o;")
        lines.append("                ++scale;")
        lines += [f"                {text}" for text in self._after_channel]
        lines.append(f"                w += {self._kernel[0] * self._kernel[1]};")
        if multiplier > 1:
            lines.append("            }")
        return [*lines, "            }", "        }"]

    def _sums_text(self, line: int, channels: int) -> list[str]:
        """C statements for the sums of a block; every element of the patch is read once."""
        (bh, bw), (sy, sx), (dy, dx) = self._block, self._window.strides, self._window.dilation
        kh, kw = self._kernel
        uses: dict[tuple[int, int], list[tuple[int, int, int, int]]] = {}
        for i, j, ky, kx in np.ndindex(bh, bw, kh, kw):
            uses.setdefault((i * sy + ky * dy, j * sx + kx * dx), []).append((i, j, ky, kx))
        names = [f"sum{i}{j}" for i in range(bh) for j in range(bw)]
        result = ["int32_t v;", f"int32_t sum00 = {self._start};"]
        result += [f"int32_t {name} = sum00;" for name in names[1:]]
        known = set()
        for (row, column), users in sorted(uses.items()):
            for _, _, ky, kx in users:
                if (ky, kx) not in known:
                    known.add((ky, kx))
                    result.append(f"int32_t w{ky}_{kx} = w[{ky * kw + kx}];")
            result.append(f"v = p[{row * line + column * channels}];")
            result += [f"sum{i}{j} += v * w{ky}_{kx};" for i, j, ky, kx in users]
        return result
