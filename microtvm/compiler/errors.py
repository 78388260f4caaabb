# SPDX-License-Identifier: Apache-2.0
"""Errors of the exporter."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import MicroTVMError


class CompileError(MicroTVMError):
    """A model that cannot be turned into an archive."""


class ModelFileError(CompileError):
    """The model file is missing, unreadable or of no known format."""


class MissingDependencyError(CompileError):
    """A package that this kind of model needs is not installed."""


class UnsupportedOperatorError(CompileError):
    """The model uses operators that this exporter, or the TVM below it, cannot compile.

    Parameters
    ----------
    source : str
        The model, as its user named it.
    operators : sequence of str
        The operators at fault.
    reason : str
        Why, as the end of a sentence.
    details : str, optional
        What the importer said, for whoever debugs.
    """

    def __init__(
        self, source: str, operators: Sequence[str], reason: str, *, details: str | None = None
    ):
        self.operators = tuple(sorted(set(operators)))
        noun = "operator" if len(self.operators) == 1 else "operators"
        super().__init__(f"{source}: {noun} {', '.join(self.operators)}: {reason}", details=details)
