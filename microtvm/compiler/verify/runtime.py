# SPDX-License-Identifier: Apache-2.0
"""What a runtime is to the check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]


class NoRuntimeError(Exception):
    """There is nothing to compare with; the text says what would bring it, or what it refuses."""


class RefusedInputsError(NoRuntimeError):
    """The runtime has the model, and fails on these inputs."""


class ModelRuntime(Protocol):
    """A runtime with one model loaded.

    Attributes
    ----------
    name : str
        With its version.
    is_approximate : bool
        Whether it computes float operators on weights that are stored as integers with activations
        that it rounds to integers on the way, which the compiled model does not.
    """

    name: str
    is_approximate: bool

    def scales(self) -> list[float | None]:
        """For each output the value of one quantum; None where it is not quantized."""

    def answers(self, inputs: Sequence[Array]) -> list[list[Array]]:
        """Run all samples, in order and in one session, with each set of kernels that there is.

        Parameters
        ----------
        inputs : sequence of array
            For each input its samples along a leading axis.

        Returns
        -------
        list of list of array
            For each set of kernels, the default one first, for each output its samples.

        Raises
        ------
        RefusedInputsError
            It fails on them.
        """


def stacked(samples: list[list[Array]]) -> list[Array]:
    """For each output its samples along a leading axis, from the outputs of each sample."""
    return [np.stack(arrays) for arrays in zip(*samples, strict=True)]
