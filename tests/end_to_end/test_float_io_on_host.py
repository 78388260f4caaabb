# SPDX-License-Identifier: Apache-2.0
"""A quantized model asked in real numbers, and what info tells of its scales."""

from __future__ import annotations

import json

import numpy as np

from microtvm.cli import main
from microtvm.compiler.operators import QuantizedTensor
from tests.compiler.operators.tflite_file import one_operator

SOURCE = QuantizedTensor((1, 6), "int8", 0.0625, -3)
TARGET = QuantizedTensor((1, 6), "int8", 1 / 256, -128)


def test_real_numbers_in_and_out(require, require_module, tmp_path, capsys):
    require("cc", "build firmware for the host")
    require_module("tvm", "compile models")
    require_module("tflite", "make the model")
    model, archive, project = tmp_path / "m.tflite", tmp_path / "m.tar", tmp_path / "p"
    model.write_bytes(one_operator("LOGISTIC", [SOURCE], TARGET))
    assert main(["compile", str(model), "-o", str(archive)]) == 0
    capsys.readouterr()
    assert main(["info", str(archive)]) == 0
    assert "scale 0.0625, zero point -3" in capsys.readouterr().out
    assert main(["info", str(archive), "--json"]) == 0
    (output,) = json.loads(capsys.readouterr().out)["model"]["outputs"]
    assert (output["scale"], output["zero_point"]) == (1 / 256, -128)

    assert main(["create", str(project), str(archive), "--template", "host"]) == 0
    assert main(["build", str(project)]) == 0
    x = np.float32([[-100, -1, 0, 0.03, 1, 100]])
    np.savez(tmp_path / "in.npz", input=x)
    files = ["--inputs", str(tmp_path / "in.npz"), "--outputs", str(tmp_path / "out.npz")]
    assert main(["run", str(project), *files, "--float-io"]) == 0
    with np.load(tmp_path / "out.npz") as out:
        answers = out["output"]
    assert answers.dtype == np.float32
    held = np.clip(np.rint(x / 0.0625), -125, 130) * 0.0625
    np.testing.assert_allclose(answers, 1 / (1 + np.exp(-held)), atol=1 / 256)

    capsys.readouterr()
    assert main(["run", str(project), *files]) == 1
    said = capsys.readouterr().err
    assert "--float-io" in said
    assert "astype" not in said
    np.savez(tmp_path / "in.npz", input=np.float32([[np.nan] * 6]))
    assert main(["run", str(project), *files, "--float-io"]) == 1
    assert "hold NaN or infinities" in capsys.readouterr().err
