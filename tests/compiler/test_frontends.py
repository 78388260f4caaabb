# SPDX-License-Identifier: Apache-2.0
"""Reading model files: what they give, and one clear error for each way they can be wrong."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from microtvm.compiler import CompileError, ModelFileError, UnsupportedOperatorError, compile


@pytest.fixture
def onnx_file(require_module, tmp_path):
    """``onnx_file(nodes, inputs, outputs, weights)`` writes a small ONNX model."""
    onnx = require_module("onnx", "write ONNX models")
    from onnx import TensorProto, helper, numpy_helper

    types = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "int8": TensorProto.INT8}

    def write(nodes, inputs, outputs, weights=None):
        graph = helper.make_graph(
            [helper.make_node(op, i, o, **attributes) for op, i, o, attributes in nodes],
            "graph",
            [helper.make_tensor_value_info(n, types[d], s) for n, (s, d) in inputs.items()],
            [helper.make_tensor_value_info(n, types[d], s) for n, (s, d) in outputs.items()],
            [numpy_helper.from_array(a, n) for n, a in (weights or {}).items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        path = tmp_path / "model.onnx"
        onnx.save(model, path)
        return path

    return write


DENSE = {
    "nodes": [
        ("Gemm", ["pixels/0", "w", "b"], ["h"], {}),
        ("Relu", ["h"], ["hidden"], {}),
        ("Softmax", ["hidden"], ["class:probabilities"], {"axis": 1}),
    ],
    "weights": {
        "w": np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32),
        "b": np.ones(4, np.float32),
    },
}


def test_onnx(build, onnx_file):
    path = onnx_file(
        DENSE["nodes"],
        {"pixels/0": ((1, 8), "float32")},
        {"class:probabilities": ((1, 4), "float32"), "hidden": ((1, 4), "float32")},
        DENSE["weights"],
    )
    compiled = compile(path)
    assert [t.name for t in compiled.inputs] == ["pixels/0"]
    assert [t.name for t in compiled.outputs] == ["class:probabilities", "hidden"]
    x = np.random.default_rng(1).normal(size=(1, 8)).astype(np.float32)
    hidden = np.maximum(x @ DENSE["weights"]["w"] + DENSE["weights"]["b"], 0)
    expected = np.exp(hidden) / np.exp(hidden).sum()
    probabilities, got_hidden = build(compiled)(x)
    np.testing.assert_allclose(got_hidden, hidden, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(probabilities, expected, rtol=1e-5)


def test_onnx_types_of_inputs_are_the_files(build, onnx_file):
    path = onnx_file(
        [("Cast", ["a"], ["c"], {"to": 7}), ("Add", ["b", "c"], ["sum"], {})],
        {"a": ((3,), "int8"), "b": ((3,), "int64")},
        {"sum": ((3,), "int64")},
    )
    result = build(compile(path))(np.array([1, -2, 3], np.int8), np.array([2**40, 0, -1]))[0]
    assert result.tolist() == [2**40 + 1, -2, 2]


def test_onnx_open_dimension_needs_a_shape(build, onnx_file):
    path = onnx_file(
        DENSE["nodes"],
        {"pixels/0": (("batch", "width"), "float32")},
        {"class:probabilities": (("batch", 4), "float32")},
        DENSE["weights"],
    )
    with pytest.raises(
        CompileError, match=r"input pixels/0 has an open dimension.*\(batch, width\).*shapes="
    ):
        compile(path)
    compiled = compile(path, shapes={"pixels/0": (2, 8)})
    assert compiled.outputs[0].shape == (2, 4)
    assert build(compiled)(np.zeros((2, 8), np.float32))[0].shape == (2, 4)


def test_onnx_open_batch_alone_is_one(build, onnx_file):
    path = onnx_file(
        DENSE["nodes"],
        {"pixels/0": (("batch", 8), "float32")},
        {"class:probabilities": (("batch", 4), "float32")},
        DENSE["weights"],
    )
    compiled = compile(path)
    assert (compiled.inputs[0].shape, compiled.outputs[0].shape) == ((1, 8), (1, 4))
    assert compiled.notes == (
        "input pixels/0: its open first dimension (batch) is taken as 1; "
        "--shape pixels/0=N,8 makes it N",
    )
    given = compile(path, shapes={"pixels/0": (3, 8)})
    assert (given.outputs[0].shape, given.notes) == ((3, 4), ())
    with pytest.raises(CompileError, match=r"pixels/0 has the shape \(\?, 8\), which cannot be"):
        compile(path, shapes={"pixels/0": (3, 9)})


def test_onnx_a_shape_that_an_input_gives(onnx_file):
    path = onnx_file(
        [("Expand", ["x", "size"], ["y"], {})],
        {"x": ((3, 1), "float32"), "size": ((2,), "int64")},
        {"y": ((3, "n"), "float32")},
    )
    with pytest.raises(
        CompileError, match=r"shape of output y is known only at run time; .* have to be constants"
    ):
        compile(path)


def test_onnx_an_input_without_elements(onnx_file):
    shape = ((0, 4), "float32")
    path = onnx_file([("Relu", ["x"], ["y"], {})], {"x": shape}, {"y": shape})
    with pytest.raises(CompileError, match="input x has no elements"):
        compile(path)
    given = onnx_file([("Relu", ["x"], ["y"], {})], {"x": (("n", 4), "float32")}, {"y": shape})
    with pytest.raises(CompileError, match="input x has no elements"):
        compile(given, shapes={"x": (0, 4)})


def test_shapes_for_an_input_that_is_not_there(onnx_file):
    path = onnx_file(
        DENSE["nodes"],
        {"pixels/0": ((1, 8), "float32")},
        {"class:probabilities": ((1, 4), "float32")},
        DENSE["weights"],
    )
    with pytest.raises(CompileError, match="has no input pixels; its inputs are pixels/0"):
        compile(path, shapes={"pixels": (1, 8)})


def test_onnx_unsupported_operator(onnx_file):
    path = onnx_file(
        [("Det", ["x"], ["y"], {})], {"x": ((4, 4), "float32")}, {"y": ((), "float32")}
    )
    with pytest.raises(UnsupportedOperatorError, match=r"model\.onnx: operator Det: ") as caught:
        compile(path)
    assert caught.value.operators == ("Det",)


def test_tflite_unsupported_operator(shared_models, require_module, tmp_path):
    """A real model with the code of one operator changed to one that TVM does not import."""
    tflite = require_module("tflite", "read TensorFlow Lite models")
    data = bytearray((shared_models / "ad_fp32.tflite").read_bytes())
    model = tflite.Model.GetRootAsModel(data, 0)
    code = model.OperatorCodes(0)
    for field in (4, 10):  # deprecated_builtin_code (a byte), builtin_code
        offset = code._tab.Offset(field)
        if offset:
            data[code._tab.Pos + offset] = tflite.BuiltinOperator.LSH_PROJECTION
    path = tmp_path / "odd.tflite"
    path.write_bytes(data)
    with pytest.raises(
        UnsupportedOperatorError, match=r"odd\.tflite: operator LSH_PROJECTION"
    ) as caught:
        compile(path)
    assert caught.value.operators == ("LSH_PROJECTION",)


@pytest.mark.parametrize("suffix", [".tflite", ".onnx"])
def test_a_file_that_is_not_what_its_suffix_says(tmp_path, require_module, suffix):
    require_module("onnx", "read ONNX models")
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"\x00garbage that is no model" * 10)
    with pytest.raises(ModelFileError, match=f"model{suffix} is not a"):
        compile(path)


def test_a_truncated_tflite_file(tmp_path, shared_models, require_module):
    require_module("tflite", "read TensorFlow Lite models")
    whole = (shared_models / "kws_int8.tflite").read_bytes()
    path = tmp_path / "short.tflite"
    for size in (8, 100, 2000):
        path.write_bytes(whole[:size])
        with pytest.raises(CompileError, match=r"short\.tflite"):
            compile(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(ModelFileError, match=r"there is no model file .*nowhere\.tflite"):
        compile(tmp_path / "nowhere.tflite")


def test_an_unknown_suffix(tmp_path):
    path = tmp_path / "model.h5"
    path.touch()
    with pytest.raises(ModelFileError, match=r"suffix \.h5; models can be read from \.tflite"):
        compile(str(path))


def test_params_do_not_go_with_a_file(tmp_path):
    with pytest.raises(CompileError, match="params go with a Relax module"):
        compile(tmp_path / "model.onnx", params={"w": np.zeros(1)})


def _without(module, code, repository):
    """Run code in a Python where importing a module fails."""
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.modules[{module!r}] = None\n{code}"],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_importing_the_compiler_imports_no_tvm(repository):
    done = _without("tvm", "import microtvm.compiler", repository)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("module", "suffix", "content", "extra"),
    [
        ("tflite", ".tflite", b"\0\0\0\0TFL3" + bytes(50), "microtvm[tvm]"),
        ("tvm", ".tflite", b"\0\0\0\0TFL3" + bytes(50), "microtvm[tvm]"),
        ("onnx", ".onnx", b"", "microtvm[tvm]"),
        ("torch", ".pt2", b"", "microtvm[torch]"),
    ],
)
def test_a_missing_package_is_named_with_what_installs_it(
    repository, tmp_path, module, suffix, content, extra
):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(content)
    code = f"""
from microtvm.compiler import MissingDependencyError, compile
try:
    compile({str(path)!r})
except MissingDependencyError as error:
    print(error, error.hint)
"""
    done = _without(module, code, repository)
    assert f"Python package {module} is needed to" in done.stdout, done.stderr
    assert extra in done.stdout
