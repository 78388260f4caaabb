# SPDX-License-Identifier: Apache-2.0
"""The table of converters, by the operator that is quantized.

A converter makes operators of ours of a `Site`, or raises `InFloat`::

    @integer("Softmax")
    def softmax(site: Site, tensors: Tensors) -> None:
        ...
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from .site import Site
from .tensors import Tensors

Converter = Callable[[Site, Tensors], None]

GROUPS = ("binary", "layers", "lookup", "moves", "pool", "softmax")

_converters: dict[str, Converter] = {}


class InFloat(Exception):
    """No operator of ours computes this."""


def integer(*operators: str) -> Callable[[Converter], Converter]:
    """Register a function for ONNX's operators of these names, one for each."""

    def register(function: Converter) -> Converter:
        for operator in operators:
            other = _converters.setdefault(operator, function)
            assert other is function, f"{operator} has a converter: {other.__module__}"
        return function

    return register


def converter_for(operator: str) -> Converter | None:
    """The converter for an operator."""
    return _all().get(operator)


def known_operators() -> list[str]:
    """The operators that have one."""
    return list(_all())


def _all() -> dict[str, Converter]:
    for group in GROUPS:
        importlib.import_module(f".{group}", __package__)
    return _converters
