# SPDX-License-Identifier: Apache-2.0
"""A small model around each operator of ONNX's own and each element type: a file a group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import elementwise, layer, move, other, quantized, reduce  # noqa: F401
from .model import ONNX_NAMES, Case, table, typed

__all__ = ["OPSETS", "Case", "case", "cases", "schemas"]

OPSETS = range(13, 22)


def schemas() -> dict[str, dict[int, Any]]:
    """By operator, what onnx says of each form that is in force in one of `OPSETS`, by the first
    of these.

    Those that were withdrawn by then have the last form that they had.
    """
    from onnx import defs

    history: dict[str, list[Any]] = {}
    for schema in defs.get_all_schemas_with_history():
        if schema.domain == "" and schema.since_version <= OPSETS[-1]:
            history.setdefault(schema.name, []).append(schema)
    found: dict[str, dict[int, Any]] = {}
    for name, forms in sorted(history.items()):
        forms.sort(key=lambda schema: schema.since_version)
        for opset in OPSETS:
            current = [form for form in forms if form.since_version <= opset]
            if current and not current[-1].deprecated:
                earlier = found.setdefault(name, {})
                if current[-1] not in earlier.values():
                    earlier[opset] = current[-1]
    return {name: forms for name, forms in found.items() if forms}


def cases() -> Iterator[tuple[str, str, int]]:
    """Operator, element type and opset of every case."""
    for name, forms in schemas().items():
        for opset, schema in forms.items():
            types = typed(schema, table[name].parameter)
            boards = types - {"string"}
            for dtype in ONNX_NAMES:
                if dtype in (boards or types):
                    yield name, dtype, opset


def case(name: str, dtype: str, opset: int) -> Case:
    """One of `cases`."""
    return table[name].make(Case(opset), dtype)
