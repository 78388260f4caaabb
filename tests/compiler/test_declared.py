# SPDX-License-Identifier: Apache-2.0
"""What a file says of its inputs and outputs, against what an importer made of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from microtvm.compiler.errors import CompileError
from microtvm.compiler.interface import Interface, agreed
from microtvm.compiler.program import TensorInfo

X = TensorInfo("x", (1, 4), "int8")
Y = TensorInfo("y", (4,), "float32")
Z = TensorInfo("z", (4,), "float32")
FILE = Interface((replace(X, scale=0.5, zero_point=3),), (Y, Z))


def test_what_agrees_has_the_files_quantization():
    assert agreed(FILE, Interface((X,), (Y, Z)), "m.tflite") == FILE


@pytest.mark.parametrize(
    ("imported", "says"),
    [
        (Interface((X,), (Z, Y)), "output 0 is 'y' float32 .4,. in the file and 'z' float32"),
        (Interface((X,), (Y,)), "the file has 2 outputs and the imported model 1"),
        (Interface((), (Y, Z)), "the file has 1 inputs and the imported model 0"),
        (Interface((replace(X, dtype="uint8"),), (Y, Z)), "input 0 is 'x' int8"),
        (Interface((replace(X, shape=(4, 1)),), (Y, Z)), r"input 0 is 'x' int8 \(1, 4\)"),
    ],
)
def test_what_does_not_is_refused(imported, says):
    with pytest.raises(CompileError, match=f"m.tflite: .*{says}"):
        agreed(FILE, imported, "m.tflite")
