# SPDX-License-Identifier: Apache-2.0
"""From a flat program to ONNX, by PyTorch's own exporter."""

from __future__ import annotations

import contextlib
import io
import logging
import pathlib
import re
import warnings
from typing import Any

from ...dependencies import load
from ...errors import CompileError, UnsupportedOperatorError
from .decompositions import decompose
from .flat import FlatProgram

_OPSET = 20  # from 19 on Pad has what circular padding takes


def to_onnx(path: pathlib.Path, flat: FlatProgram) -> Any:
    """Give an ``onnx.ModelProto`` whose inputs and outputs have the program's names.

    Raises
    ------
    UnsupportedOperatorError
        If operators have no translation: all of them.
    CompileError
        If the exporter fails otherwise.
    """
    torch: Any = load("torch", "read PyTorch programs")
    load("onnxscript", "read PyTorch programs")
    for name in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(name).setLevel(logging.ERROR)
    states = [state.name for state in flat.states]
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                decompose(flat.exported),
                (),
                dynamo=True,
                verbose=False,
                opset_version=_OPSET,
                input_names=[t.name for t in flat.interface.inputs] + states,
                output_names=[t.name for t in flat.interface.outputs]
                + [f"next value of {name}" for name in states],
            )
            return program.model_proto
    except Exception as error:  # it raises many types
        text = "\n".join(map(str, _causes(error)))
        lacking = sorted(
            set(re.findall(r"No ONNX function found for <OpOverload\(op='([^']+)'", text))
        )
        if lacking:
            raise UnsupportedOperatorError(
                str(path), lacking, "PyTorch's exporter to ONNX lacks it", details=text
            ) from error
        raise CompileError(
            f"{path}: the program cannot be imported; export it anew (torch.export with inputs as "
            "in inference), and if that does not help report it with the model (-v shows what "
            "PyTorch's exporter to ONNX says)",
            details=text,
        ) from error


def _causes(error: BaseException | None) -> list[BaseException]:
    return [] if error is None else [error, *_causes(error.__cause__)]
