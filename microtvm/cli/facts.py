# SPDX-License-Identifier: Apache-2.0
"""Models, options and sizes as lines for people."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping
from typing import Any

from ..archive import ModelFacts, TensorFacts


def model_lines(model: ModelFacts) -> list[str]:
    """Describe a model."""
    lines = [f"model       {model.name} ({model.abi})"]
    lines += [f"input       {_tensor(tensor)}" for tensor in model.inputs]
    lines += [f"output      {_tensor(tensor)}" for tensor in model.outputs]
    lines.append(f"constants   {model.constant_bytes:,} bytes")
    shared = model.workspace_with_io_bytes
    lines.append(
        f"workspace   {model.workspace_bytes:,} bytes"
        + (f" ({shared:,} with inputs and outputs in it)" if shared else "")
    )
    return lines


def layer_lines(model: ModelFacts) -> list[str]:
    """Describe a model's layers, a line for each, and say which of them compute in float."""
    lines = [
        f"  {layer.operator}: {' x '.join(map(str, layer.shape)) or 'scalar'}, "
        f"{'' if layer.macs is None else f'{layer.macs:,} MACs, '}"
        f"{layer.weight_bytes:,} bytes of weights, "
        f"{'integers' if layer.integers else 'float'}, arena {layer.arena_bytes:,} bytes"
        for layer in model.layers
    ]
    floats = dict.fromkeys(layer.operator for layer in model.layers if not layer.integers)
    if floats and any(layer.integers for layer in model.layers):
        lines.append(f"in float    {', '.join(floats)}")
    return [f"layers      {len(model.layers)}", *lines] if lines else []


def _tensor(tensor: TensorFacts) -> str:
    shape = f" {tensor.shape}" if tensor.shape is not None else ""
    text = f"{tensor.name}: {tensor.dtype}{shape}, {tensor.size:,} bytes"
    if tensor.scale is None:
        return text
    return f"{text}, scale {tensor.scale:.8g}, zero point {tensor.zero_point}"


def option_lines(options: list[dict[str, Any]], values: Mapping[str, Any]) -> list[str]:
    """Describe project options; ``values`` are those a project was generated with."""
    lines = []
    for option in options:
        name = option["name"]
        kind = str(option.get("type") or "str")
        if option.get("choices"):
            kind = " | ".join(map(str, option["choices"]))
        lines.append(f"  {name} ({kind})")
        if option.get("help"):
            lines.append(f"      {option['help']}")
        if option.get("required"):
            lines.append(f"      required for {', '.join(option['required'])}")
        if option.get("optional"):
            lines.append(f"      used by {', '.join(option['optional'])}")
        if name in values:
            lines.append(f"      set to {json.dumps(values[name])}")
        elif option.get("default") is not None:
            lines.append(f"      default {json.dumps(option['default'])}")
    return lines


def read_json_object(path: pathlib.Path) -> dict[str, Any] | None:
    """Read what our templates write down of a project; None where there is none."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def project_facts(project: pathlib.Path) -> dict[str, Any]:
    """Give what a project was generated with; empty for other people's templates."""
    return read_json_object(project / "project.json") or {}


def footprint(project: pathlib.Path) -> dict[str, Any] | None:
    """Give the sizes a build recorded; None when the template records none."""
    return read_json_object(project / "build" / "footprint.json")


def footprint_lines(sizes: Mapping[str, Any] | None) -> list[str]:
    """Describe the sizes of what was built."""
    names = {"code": "code_bytes", "constants": "constant_bytes", "workspace": "workspace_bytes"}
    return [
        f"{label:<12}{sizes[key]:,} bytes"
        for label, key in names.items()
        if sizes and isinstance(sizes.get(key), int)
    ]
