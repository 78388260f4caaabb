# SPDX-License-Identifier: Apache-2.0
"""Real numbers for models whose inputs and outputs are integers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from .archive import TensorFacts
from .samples import Array, SampleError, Samples, Tensor


@dataclasses.dataclass(frozen=True)
class FloatIO:
    """Quantizes inputs and dequantizes outputs, as the archive says.

    Parameters
    ----------
    inputs, outputs : mapping of str to TensorFacts
        By name. Tensors without a scale are left as they are.
    """

    inputs: Mapping[str, TensorFacts]
    outputs: Mapping[str, TensorFacts]

    def wanted(self, tensor: Tensor) -> Tensor:
        """What a file of samples has to hold for an input: float32 where it is quantized."""
        if self._scale(self.inputs, tensor.name) is None:
            return tensor
        return tensor._replace(dtype=np.dtype(np.float32))

    def quantize(self, samples: Samples, tensors: Mapping[str, Tensor]) -> Samples:
        """The model's own integers; what lies outside of their range becomes the nearest end.

        Raises
        ------
        SampleError
            A sample is no number.
        """
        values = {}
        for name, array in samples.values.items():
            scale = self._scale(self.inputs, name)
            if scale is None:
                values[name] = array
                continue
            if not np.isfinite(array).all():
                raise SampleError(f"the samples of input {name!r} hold NaN or infinities")
            limits = np.iinfo(tensors[name].dtype)
            steps = np.rint(array.astype(np.float64) / scale[0]) + scale[1]
            values[name] = np.clip(steps, limits.min, limits.max).astype(tensors[name].dtype)
        return samples._replace(values=values)

    def dequantize(self, outputs: Mapping[str, Array]) -> dict[str, Array]:
        """The real numbers that the answers stand for, as float32."""
        values = {}
        for name, array in outputs.items():
            scale = self._scale(self.outputs, name)
            if scale is None:
                values[name] = array
            else:
                real = (array.astype(np.float64) - scale[1]) * scale[0]
                values[name] = real.astype(np.float32)
        return values

    @staticmethod
    def _scale(known: Mapping[str, TensorFacts], name: str) -> tuple[float, int] | None:
        facts = known.get(name)
        if facts is None or facts.scale is None or facts.zero_point is None:
            return None
        return facts.scale, facts.zero_point
