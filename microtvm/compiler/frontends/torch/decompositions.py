# SPDX-License-Identifier: Apache-2.0
"""Operators that PyTorch's exporter to ONNX lacks or mistakes, as others that it gets right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


def decompose(exported: Any) -> Any:
    """Give an exported program without such operators."""
    import torch

    aten = torch.ops.aten

    def fmax(a: Any, b: Any) -> Any:
        return torch.where(a.isnan(), b, torch.where(b.isnan(), a, torch.maximum(a, b)))

    def fmin(a: Any, b: Any) -> Any:
        return torch.where(a.isnan(), b, torch.where(b.isnan(), a, torch.minimum(a, b)))

    def hypot(a: Any, b: Any) -> Any:
        return torch.sqrt(a * a + b * b)

    def squeeze(x: Any, dim: int) -> Any:
        """Of an axis that is longer than 1 nothing is taken; the exporter makes no valid ONNX."""
        return NotImplemented if x.shape[dim] == 1 else x.clone()

    def place_among_all(find: Any) -> Any:
        def run(x: Any, dim: int | None = None, keepdim: bool = False) -> Any:
            if dim is not None or not keepdim:
                return NotImplemented
            return find(x.reshape(-1), 0).reshape([1] * x.dim())

        return run

    def along_all(reduce: Any) -> Any:
        """The exporter wants the axes, even where they are all of them."""

        def run(x: Any, dim: Sequence[int] = (), keepdim: bool = False) -> Any:
            return NotImplemented if dim else reduce(x, list(range(x.dim())), keepdim)

        return run

    def average(pool: Any, axes: int) -> Any:
        """The exporter passes over a divisor of the author's."""

        def run(
            x: Any,
            kernel: Sequence[int],
            stride: Sequence[int] = (),
            padding: Sequence[int] = (0,),
            ceil_mode: bool = False,
            count_include_pad: bool = True,
            divisor_override: int | None = None,
        ) -> Any:
            if divisor_override is None or ceil_mode:
                return NotImplemented
            size = math.prod(kernel) if len(kernel) > 1 else kernel[0] ** axes
            return pool(x, kernel, stride, padding) * (size / divisor_override)

        return run

    return exported.run_decompositions(
        {
            aten.fmax.default: fmax,
            aten.fmin.default: fmin,
            aten.hypot.default: hypot,
            aten.squeeze.dim: squeeze,
            aten.argmax.default: place_among_all(aten.argmax.default),
            aten.argmin.default: place_among_all(aten.argmin.default),
            aten.amax.default: along_all(aten.amax.default),
            aten.amin.default: along_all(aten.amin.default),
            aten.avg_pool2d.default: average(aten.avg_pool2d.default, 2),
            aten.avg_pool3d.default: average(aten.avg_pool3d.default, 3),
        }
    )
