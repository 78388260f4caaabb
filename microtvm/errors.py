# SPDX-License-Identifier: Apache-2.0
"""The base of every error this package raises on purpose."""

from __future__ import annotations


class MicroTVMError(Exception):
    """Something a person can act on: ``str()`` is one sentence, fit to be shown as it is.

    Parameters
    ----------
    message : str
        What went wrong, what was given, what is allowed.
    hint : str, optional
        What to do next. The command line prints it on a line of its own.
    details : str, optional
        Text for whoever debugs (a server's traceback, the end of its output).
    """

    def __init__(self, message: str, *, hint: str | None = None, details: str | None = None):
        super().__init__(message)
        self.hint = hint
        self.details = details


class ShapeError(MicroTVMError, ValueError):
    """An array has not the shape of the tensor it is meant for."""


class DataTypeError(MicroTVMError, TypeError):
    """An array has not the data type of the tensor it is meant for."""


class NoSuchTensorError(MicroTVMError, LookupError):
    """The model has no input or output of that name or index."""
