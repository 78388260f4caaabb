# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime, with its graph optimizations and without."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

from ..compiled import CompiledModel
from .runtime import Array, NoRuntimeError, RefusedInputsError, stacked


class Runtime:
    """See `ModelRuntime`."""

    def __init__(self, model: pathlib.Path, compiled: CompiledModel) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise NoRuntimeError(
                "ONNX Runtime is not installed; pip install 'microtvm[verify]' brings it"
            ) from None
        self.name = f"ONNX Runtime {onnxruntime.__version__}"
        levels = onnxruntime.GraphOptimizationLevel
        self._sessions = []
        for level in (levels.ORT_ENABLE_ALL, levels.ORT_DISABLE_ALL):
            options = onnxruntime.SessionOptions()
            options.graph_optimization_level = level
            options.log_severity_level = 4
            try:
                session: Any = onnxruntime.InferenceSession(
                    str(model), options, providers=["CPUExecutionProvider"]
                )
            except Exception as error:  # it raises types of its own
                first = str(error).strip().splitlines()[0]
                raise NoRuntimeError(f"ONNX Runtime itself refuses the model: {first}") from error
            self._sessions.append(session)
        self._compiled = compiled
        self._steps, self.is_approximate = _quantization(model)

    def scales(self) -> list[float | None]:
        """Outputs that are dequantized at the end have their steps; so far as the file does not
        tell, those of eight and sixteen bits are taken for quantized."""
        narrow = ("int8", "uint8", "int16", "uint16")
        return [
            1.0 if tensor.dtype in narrow else self._steps.get(tensor.name)
            for tensor in self._compiled.outputs
        ]

    def answers(self, inputs: Sequence[Array]) -> list[list[Array]]:
        """See `ModelRuntime`."""
        return [self._run(session, inputs) for session in self._sessions]

    def _run(self, session: Any, inputs: Sequence[Array]) -> list[Array]:
        names = [tensor.name for tensor in session.get_inputs()]
        samples = []
        for index in range(len(inputs[0])):
            feed = {
                name: array[index].reshape(tensor.shape)
                for name, array, tensor in zip(names, inputs, self._compiled.inputs, strict=True)
            }
            try:
                samples.append(session.run(None, feed))
            except Exception as error:  # it raises types of its own
                first = str(error).strip().splitlines()[0]
                raise RefusedInputsError(
                    f"ONNX Runtime itself fails on the inputs: {first}"
                ) from error
        return stacked(samples)


def _quantization(path: pathlib.Path) -> tuple[dict[str, float], bool]:
    """The steps of outputs that a DequantizeLinear gives, and whether anything is quantized."""
    try:
        import onnx
    except ImportError:
        return {}, False
    graph = onnx.load(str(path)).graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    steps = {}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[1] in constants:
            scale = onnx.numpy_helper.to_array(constants[node.input[1]])
            if scale.size == 1:
                steps[node.output[0]] = float(scale.reshape(()))
    quantized = any(node.op_type == "QuantizeLinear" for node in graph.node)
    return steps, quantized
