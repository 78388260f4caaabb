# SPDX-License-Identifier: Apache-2.0
"""The command compiles in a process of its own: Ctrl-C ends it, and nothing is written."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from microtvm.compiler.child import compile_in_child
from microtvm.compiler.errors import CompileError, UnsupportedOperatorError


@pytest.fixture(scope="module")
def model(require_module, tmp_path_factory) -> pathlib.Path:
    """Convolutions in a row, which take TVM's passes a while."""
    onnx = require_module("onnx", "make the model")
    require_module("tvm", "compile models")
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(0)
    nodes, weights = [], []
    for i in range(10):
        shape = (4, 4, 3 + i % 2, 3)  # of different shapes: a kernel each
        weights.append(numpy_helper.from_array(random.random(shape).astype(np.float32), f"w{i}"))
        nodes.append(helper.make_node("Conv", [f"x{i}", f"w{i}"], [f"x{i + 1}"]))
    ends = [
        helper.make_tensor_value_info("x0", TensorProto.FLOAT, [1, 4, 32, 32]),
        helper.make_tensor_value_info("x10", TensorProto.FLOAT, [1, 4, 7, 12]),
    ]
    graph = helper.make_graph(nodes, "convolutions", ends[:1], ends[1:], weights)
    path = tmp_path_factory.mktemp("model") / "convolutions.onnx"
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(made, str(path))
    return path


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "microtvm", *map(str, arguments)]


def _children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def test_a_process_of_its_own_gives_the_same_files(model):
    """It imports less of TVM (`microtvm.compiler.lean_tvm`), and says where the time went."""
    from microtvm.compiler import compile

    here = compile(model)
    there = compile_in_child("microtvm.compiler:compile", str(model))
    assert there.files == here.files
    assert set(there.seconds) == {"tvm", "model", "code"}


def test_a_process_of_its_own_leaves_out_what_no_board_needs():
    """Modules that became real would cost a third of the time that TVM's import takes."""
    code = (
        "from microtvm.compiler.lean_tvm import _WHEN_ASKED_FOR, import_lean_tvm\n"
        "import sys; import_lean_tvm(); import tvm\n"
        "lazy = {n for n in sys.modules if type(sys.modules[n]).__name__ == '_LazyModule'}\n"
        "assert lazy == _WHEN_ASKED_FOR, lazy ^ _WHEN_ASKED_FOR\n"
        "assert 'tvm.backend.cuda.ptx' not in sys.modules\n"
        "assert tvm.runtime.disco.Session  # real as soon as it is asked for\n"
        "assert tvm.get_global_func('tvm.contrib.sort.topk')  # which folding constants takes\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_same_model_gives_the_same_bytes(model, tmp_path):
    archives = []
    for seed in ("1", "2"):  # whatever order Python's sets are in
        archive = tmp_path / f"model{seed}.tar"
        env = {**os.environ, "SOURCE_DATE_EPOCH": "0", "PYTHONHASHSEED": seed}
        subprocess.run(_command("compile", model, "-o", archive), env=env, check=True)
        archives.append(archive.read_bytes())
    assert archives[0] == archives[1]


@pytest.mark.parametrize("wait_sec", [0.0, 0.5, 1.0])
def test_ctrl_c_ends_it_and_writes_nothing(model, tmp_path, wait_sec, require):
    require("pgrep", "see the compiler's process")
    archive = tmp_path / "model.tar"
    while True:
        process = subprocess.Popen(
            _command("compile", model, "-o", archive), stderr=subprocess.PIPE, text=True
        )
        while not (children := _children(process.pid)):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        time.sleep(wait_sec)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        if not archive.exists():
            break
        # On a fast machine all was done by then: sooner, next time.
        archive.unlink()
        wait_sec *= 0.7
        assert wait_sec > 0.1, "nothing was interrupted"
    assert (process.returncode, said) == (130, "microtvm: interrupted\n")
    assert not list(tmp_path.iterdir())
    assert not any(os.path.exists(f"/proc/{child}") for child in children)


@pytest.mark.parametrize("module", ["argparse", "textwrap", "server_kit", "microtvm.cli.run"])
def test_ctrl_c_while_it_starts_gives_no_traceback(module):
    process = subprocess.Popen(
        [sys.executable, "-c", _START.format(module=module)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = process.communicate(timeout=60)[1]
    assert (process.returncode, said) == (130, "microtvm: interrupted\n")


# Interrupted as soon as a module is about to be imported.
_START = """
import os, signal, sys
class Finder:
    def find_spec(self, name, *_):
        if name.startswith({module!r}):
            os.kill(os.getpid(), signal.SIGINT)
from microtvm.entry import main
sys.meta_path.insert(0, Finder())
sys.argv = ["microtvm", "doctor", "--help"]
sys.exit(main())
"""


def _refuse(kind: str) -> None:
    if kind == "operator":
        raise UnsupportedOperatorError("m.onnx", ["B", "A"], "not known")
    os._exit(3)


def test_errors_come_back_whole():
    with pytest.raises(UnsupportedOperatorError, match="m.onnx: operators A, B: not kn") as caught:
        compile_in_child("tests.compiler.test_child:_refuse", "operator")
    assert caught.value.operators == ("A", "B")
    assert "_refuse" in caught.value.details
    with pytest.raises(CompileError, match="ended by itself .exit status 3."):
        compile_in_child("tests.compiler.test_child:_refuse", "end")
