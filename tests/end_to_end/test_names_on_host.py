# SPDX-License-Identifier: Apache-2.0
"""Names of inputs and outputs that are one in C, or not in alphabetical order, the whole way."""

from __future__ import annotations

import json
import pathlib

import numpy as np

import microtvm
from microtvm.cli import main


def test_every_tensor_is_known_by_its_own_name(require, require_module, tmp_path, capsys):
    require("cc", "build firmware for the host")
    onnx = require_module("onnx", "make the model")
    require_module("tvm", "compile models")
    from onnx import TensorProto, helper

    def value(name: str) -> object:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [2])

    nodes = [
        helper.make_node("Sub", ["a.b", "a:b"], ["scores"]),
        helper.make_node("Mul", ["a.b", "a:b"], ["boxes"]),
    ]
    graph = helper.make_graph(
        nodes, "names", [value("a.b"), value("a:b")], [value("scores"), value("boxes")]
    )
    opsets = [helper.make_opsetid("", 13)]
    model = tmp_path / "names.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), str(model))
    archive = microtvm.export_model_library_format(
        microtvm.compile(model), pathlib.Path(tmp_path, "model.tar")
    )
    project = tmp_path / "project"
    assert main(["create", str(project), str(archive), "--template", "host"]) == 0
    assert main(["build", str(project)]) == 0
    inputs = {"a.b": np.float32([5, 7]), "a:b": np.float32([2, 3])}
    np.savez(tmp_path / "in.npz", **inputs)
    capsys.readouterr()
    assert main(["run", str(project), "--inputs", str(tmp_path / "in.npz"), "--json"]) == 0
    outputs = json.loads(capsys.readouterr().out)["outputs"]
    assert [(name, answer["values"]) for name, answer in outputs.items()] == [
        ("scores", [3, 4]),
        ("boxes", [10, 21]),
    ]
    assert main(["info", str(archive), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [tensor["name"] for tensor in facts["model"]["outputs"]] == ["scores", "boxes"]
