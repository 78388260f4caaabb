# SPDX-License-Identifier: Apache-2.0
"""The archive: layout, metadata, determinism, all or nothing."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tarfile

import numpy as np
import pytest

from microtvm.compiler import CompiledModel, KernelInfo, TensorInfo, export_model_library_format
from microtvm.errors import MicroTVMError

MODEL = CompiledModel(
    name="default",
    inputs=(TensorInfo("in:0", (1, 2, 3), "int8"),),
    outputs=(TensorInfo("a", (4,), "float32"), TensorInfo("b", (), "bool")),
    kernels=(KernelInfo("tvmgen_default_add", 0), KernelInfo("tvmgen_default_conv", 128)),
    constant_bytes=1234,
    workspace_bytes=512,
    workspace_with_io_bytes=768,
    files={
        "codegen/host/include/tvmgen_default.h": b"header",
        "codegen/host/src/default_lib0.c": b"source",
        "codegen/host/src/default_lib1.c": b"descriptor",
        "parameters/default.params": b"parameters",
        "src/default.relax": b"module",
    },
)


@pytest.fixture(autouse=True)
def _fixed_time(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def _metadata(path):
    with tarfile.open(path) as tar:
        return json.load(tar.extractfile("./metadata.json"))


def test_layout(tmp_path):
    path = export_model_library_format(MODEL, tmp_path / "model.tar")
    assert path == tmp_path / "model.tar"
    with tarfile.open(path) as tar:
        members = tar.getmembers()
    assert [m.name for m in members] == [
        ".",
        "./codegen",
        "./codegen/host",
        "./codegen/host/include",
        "./codegen/host/include/tvmgen_default.h",
        "./codegen/host/src",
        "./codegen/host/src/default_lib0.c",
        "./codegen/host/src/default_lib1.c",
        "./metadata.json",
        "./parameters",
        "./parameters/default.params",
        "./src",
        "./src/default.relax",
    ]
    assert all(m.isdir() or m.isfile() for m in members)
    assert {(m.uid, m.gid, m.uname, m.mtime) for m in members} == {(0, 0, "root", 1700000000)}


def test_metadata_has_what_tvm_wrote_and_names_the_abi(tmp_path):
    metadata = _metadata(export_model_library_format(MODEL, tmp_path / "model.tar"))
    assert metadata == {
        "version": 7,
        "modules": {
            "default": {
                "abi": "device_kit.1",
                "executors": ["aot"],
                "layers": [],
                "export_datetime": "2023-11-14 22:13:20Z",
                "memory": {
                    "functions": {
                        "main": [
                            {
                                "device": 1,
                                "constants_size_bytes": 1234,
                                "workspace_size_bytes": 512,
                                "workspace_with_io_size_bytes": 768,
                                "io_size_bytes": 6 + 16 + 1,
                                "inputs": {
                                    "in:0": {
                                        "dtype": "int8",
                                        "size": 6,
                                        "shape": [1, 2, 3],
                                        "index": 0,
                                    }
                                },
                                "outputs": {
                                    "a": {"dtype": "float32", "size": 16, "shape": [4], "index": 0},
                                    "b": {"dtype": "bool", "size": 1, "shape": [], "index": 1},
                                },
                            }
                        ],
                        "operator_functions": [
                            {
                                "function_name": "tvmgen_default_add",
                                "workspace": [{"device": 1, "workspace_size_bytes": 0}],
                            },
                            {
                                "function_name": "tvmgen_default_conv",
                                "workspace": [{"device": 1, "workspace_size_bytes": 128}],
                            },
                        ],
                    }
                },
                "model_name": "default",
                "style": "full-model",
                "target": ["c -keys=cpu"],
            }
        },
    }


def test_every_key_of_tvms_own_archive_is_there(tmp_path, shared_mlf):
    """But for the pointer to TVM's C runtime, which these archives do not need."""
    ours = _metadata(export_model_library_format(MODEL, tmp_path / "model.tar"))
    theirs = _metadata(shared_mlf / "dense_c_api.tar")
    assert ours["version"] == theirs["version"]
    ours, theirs = ours["modules"]["default"], theirs["modules"]["default"]
    assert set(theirs) - set(ours) == {"external_dependencies"}
    ours, theirs = ours["memory"]["functions"]["main"][0], theirs["memory"]["functions"]["main"][0]
    assert set(theirs) == set(ours) - {"workspace_with_io_size_bytes"}


def test_same_model_same_bytes(tmp_path):
    one = export_model_library_format(MODEL, tmp_path / "one.tar").read_bytes()
    two = export_model_library_format(MODEL, tmp_path / "two.tar").read_bytes()
    assert one == two


def test_only_the_time_differs_without_a_fixed_one(tmp_path, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    path = export_model_library_format(MODEL, tmp_path / "model.tar")
    with tarfile.open(path) as tar:
        contents = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}
    for name, data in MODEL.files.items():
        assert contents[f"./{name}"] == data
    metadata = json.loads(contents["./metadata.json"])
    assert metadata["modules"]["default"]["export_datetime"] != "2023-11-14 22:13:20Z"


def test_compiling_twice_in_two_processes_gives_the_same_archive(
    tmp_path, shared_models, repository
):
    """No hash order, no address, no time of this machine ends up in the text."""
    pytest.importorskip("tflite")
    script = (
        "import sys; from microtvm.compiler import compile, export_model_library_format as e\n"
        "e(compile(sys.argv[1]), sys.argv[2])"
    )
    archives = []
    for seed in ("1", "2"):
        target = tmp_path / f"{seed}.tar"
        subprocess.run(
            [sys.executable, "-c", script, str(shared_models / "kws_int8.tflite"), str(target)],
            check=True,
            cwd=repository,
            env={**os.environ, "PYTHONHASHSEED": seed},
            timeout=120,
        )
        archives.append(target.read_bytes())
    assert archives[0] == archives[1]


def test_parameters_are_the_weights_in_tvms_format(relax_main):
    import tvm
    from tvm import relax

    from microtvm.compiler import compile

    weights = np.arange(6, dtype=np.float32).reshape(2, 3)
    compiled = compile(
        relax_main({"x": ((1, 2), "float32")}, lambda x: relax.op.matmul(x, relax.const(weights)))
    )
    loaded = tvm.runtime.load_param_dict(compiled.files["parameters/default.params"])
    assert {k: v.numpy().tolist() for k, v in loaded.items()} == {"constant_0": weights.tolist()}
    assert b"def main" in compiled.files["src/default.relax"]


def test_an_existing_archive_is_replaced(tmp_path):
    target = tmp_path / "model.tar"
    target.write_bytes(b"old")
    export_model_library_format(MODEL, target)
    assert tarfile.is_tarfile(target)
    assert [p.name for p in tmp_path.iterdir()] == ["model.tar"]


def test_others_may_read_it(tmp_path):
    old = os.umask(0o022)
    try:
        path = export_model_library_format(MODEL, tmp_path / "model.tar")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_failed_export_leaves_nothing(tmp_path):
    # A name too long for the archive's format: the failure comes half way through writing.
    model = CompiledModel(**{**vars(MODEL), "files": {"x" * 300: b""}})
    with pytest.raises(ValueError, match="too long"):
        export_model_library_format(model, tmp_path / "model.tar")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(MicroTVMError, match=r"absent/model\.tar cannot be written: No such file"):
        export_model_library_format(MODEL, tmp_path / "absent" / "model.tar")


def test_a_time_that_is_no_number_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(MicroTVMError, match="SOURCE_DATE_EPOCH is 'yesterday'"):
        export_model_library_format(MODEL, tmp_path / "model.tar")
