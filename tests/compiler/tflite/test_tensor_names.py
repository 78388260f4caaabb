# SPDX-License-Identifier: Apache-2.0
"""Tensors are known by index: names may be empty, or come twice."""

from __future__ import annotations

import pytest

from microtvm.compiler.operators import QuantizedTensor
from tests.compiler.operators.tflite_file import ModelFile

_KIND = QuantizedTensor((2, 3), "float32")


def _chain(names: list[str], two_ends: bool = False) -> bytes:
    """exp(x) + x, then its square; the steps' tensors have these names."""
    file = ModelFile()
    graph = file.graph()
    source, grown, summed, squared = (graph.tensor(_KIND, name) for name in names)
    graph.operator("EXP", [source], [grown], "ExpOptions", 1)
    graph.operator("ADD", [grown, source], [summed], "AddOptions", 1)
    graph.operator("SQUARE", [summed], [squared], "SquareOptions", 1)
    graph.ends([source], [squared, grown] if two_ends else [squared])
    return file.write()


@pytest.mark.parametrize(
    "names",
    [
        ["", "", "", ""],
        ["x", "", "", "y"],
        ["x", "same", "same", "y"],
        ["x", "x", "y", "y"],
        ["tensor_3", "tensor_0", "tensor_1", "tensor_2"],
        ["a.b", "a:b", "a/b", "a b"],
    ],
)
def test_answers_do_not_depend_on_names(checked, names):
    compiled = checked(_chain(names))
    assert [t.name for t in compiled.inputs] == [names[0] or "input0"]
    assert [t.name for t in compiled.outputs] == [names[3] or "output0"]


def test_outputs_without_names_keep_their_order(checked):
    compiled = checked(_chain(["", "", "", ""], two_ends=True))
    assert [t.name for t in compiled.outputs] == ["output0", "output1"]
