# SPDX-License-Identifier: Apache-2.0
"""The demo's model: handwritten digits, the same weights for NumPy and for TVM."""

from __future__ import annotations

import pathlib
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import MicroTVMError

Array: TypeAlias = npt.NDArray[Any]

MODEL_NAME = "digits"
INPUT_NAME = "image"


class Weights(NamedTuple):
    """A classifier with one hidden layer: ``softmax(relu(x @ w0 + b0) @ w1 + b1)``; float32."""

    w0: Array
    b0: Array
    w1: Array
    b1: Array


def load_weights() -> tuple[Weights, Array]:
    """Give the trained weights, and the indexes of the images they were not trained on."""
    with np.load(pathlib.Path(__file__).with_name("digits.npz")) as file:
        return Weights(*(file[name] for name in Weights._fields)), file["test_index"]


def load_images() -> tuple[Array, Array]:
    """Give scikit-learn's digits: images as float32 (1797, 64) in 0..1, and their labels."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MicroTVMError(
            "the demo's images come with scikit-learn, which is not installed",
            hint="pip install 'microtvm[demo]'",
        ) from error
    digits = load_digits()
    return (digits.data / 16.0).astype(np.float32), digits.target.astype(np.int64)


def reference(weights: Weights, images: Array) -> Array:
    """Classify images with NumPy: probabilities as float32 (n, 10)."""
    hidden = np.maximum(images @ weights.w0 + weights.b0, 0)
    logits = hidden @ weights.w1 + weights.b1
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Array = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def accuracy(answers: Array, labels: Array) -> float:
    """Give the share of answers whose largest probability is at the label."""
    return float((answers.argmax(axis=1) == labels).mean())


def relax_module() -> Any:
    """Build the model as a Relax module: one image of 64 pixels in, probabilities out."""
    try:
        from tvm import relax
    except ImportError as error:
        raise MicroTVMError(
            "compiling the demo's model needs TVM, which is not installed",
            hint="pip install 'microtvm[demo]'",
        ) from error
    builder = relax.BlockBuilder()
    image = relax.Var(INPUT_NAME, relax.TensorType((1, 64), "float32"))
    weights, _ = load_weights()
    w0, b0, w1, b1 = (relax.const(value, "float32") for value in weights)
    with builder.function("main", [image]):
        with builder.dataflow():
            hidden = builder.emit(relax.op.nn.relu(relax.op.add(relax.op.matmul(image, w0), b0)))
            logits = builder.emit(relax.op.add(relax.op.matmul(hidden, w1), b1))
            answer = builder.emit_output(relax.op.nn.softmax(logits))
        builder.emit_func_output(answer)
    return builder.get()


def compiled_model() -> Any:
    """Compile the model: what `microtvm.compile` gives for it."""
    from ..compiler import compile

    return compile(relax_module(), name=MODEL_NAME)
