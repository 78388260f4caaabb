# SPDX-License-Identifier: Apache-2.0
"""Average and maximum over windows."""

from __future__ import annotations

from ..pool import Pool2D
from ..requantize import Rounding
from .call import CmsisCall, limits, structure


class CmsisPool2D(CmsisCall, Pool2D):
    """``arm_avgpool_s8`` and ``arm_max_pool_s8``, which scale nothing."""

    def is_exact(self, rounding: Rounding) -> bool:
        ties_to_even = self._average and self._ties_to_even
        return self._is_small(self._window) and not ties_to_even

    @property
    def scratch_bytes(self) -> int:
        """Sums of each channel, which the DSP form of averages keeps."""
        return 4 * self.inputs[0].shape[3] if self._average else 0

    def body(self, kernel: str) -> str:
        output, size = self.output, self.scratch_bytes
        function, wanted, buffer = "arm_max_pool_s8", "0", "NULL"
        if self._average:
            function, buffer = "arm_avgpool_s8", "scratch"
            wanted = f"arm_avgpool_s8_get_buffer_size({output.shape[2]}, {output.shape[3]})"
        return "\n".join(
            [
                structure(
                    "pool_params",
                    "params",
                    self._strides,
                    self._padding,
                    limits(self.low, self.high),
                ),
                structure("dims", "input", *self.inputs[0].shape),
                structure("dims", "filter", 1, *self._window, 1),
                structure("dims", "output", *output.shape),
                f"    const cmsis_nn_context context = {{{buffer}, {size}}};",
                f"    MT_CMSIS_NN({wanted}, {size},",
                f"        {function}(&context, &params, &input, x0, &filter, &output, out));",
            ]
        )
