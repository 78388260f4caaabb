# SPDX-License-Identifier: Apache-2.0
"""The table of rewrites, by domain and name of an operator."""

from __future__ import annotations

from collections.abc import Callable

from ..graph import Node

Rewrite = Callable[[Node], "bool | None"]

registered: dict[tuple[str, str], Rewrite] = {}


def rewrites(*operators: str, domain: str = "") -> Callable[[Rewrite], Rewrite]:
    """Register a function for operators of a domain (ONNX's own by default), one for each."""

    def register(function: Rewrite) -> Rewrite:
        for operator in operators:
            other = registered.setdefault((domain, operator), function)
            assert other is function, f"{operator} has a rewrite: {other.__module__}"
        return function

    return register
