# SPDX-License-Identifier: Apache-2.0
"""Train the demo's classifier of handwritten digits and write ``digits.npz`` beside this file.

Data: scikit-learn's ``load_digits``, 1797 images of 8 x 8 pixels, which come inside its package.
Model: 64 inputs, 32 rectified units, 10 outputs with softmax. Plain NumPy and a fixed seed, so that
running it again gives the same file.

    python -m microtvm.demo.train_digits
"""

from __future__ import annotations

import pathlib

import numpy as np

from . import Weights, accuracy, load_images, reference

SEED = 2024
HELD_OUT = 397
HIDDEN = 32
EPOCHS = 120
BATCH = 50
LEARNING_RATE = 0.003
DECAY = 1e-4  # of the weights, against overfitting


def train() -> tuple[Weights, np.ndarray]:
    """Train; give the weights and the indexes of the images that were held out."""
    images, labels = load_images()
    random = np.random.default_rng(SEED)
    order = random.permutation(len(images))
    held_out, rest = np.sort(order[:HELD_OUT]), order[HELD_OUT:]
    parameters = [
        random.normal(0, np.sqrt(2 / 64), (64, HIDDEN)),
        np.zeros(HIDDEN),
        random.normal(0, np.sqrt(2 / HIDDEN), (HIDDEN, 10)),
        np.zeros(10),
    ]
    mean = [np.zeros_like(p) for p in parameters]
    square = [np.zeros_like(p) for p in parameters]
    step = 0
    for _ in range(EPOCHS):
        for batch in np.array_split(random.permutation(rest), len(rest) // BATCH):
            step += 1
            gradients = _gradients(parameters, images[batch].astype(np.float64), labels[batch])
            for i, gradient in enumerate(gradients):
                # Adam, https://arxiv.org/abs/1412.6980
                mean[i] += 0.1 * (gradient - mean[i])
                square[i] += 0.001 * (gradient * gradient - square[i])
                size = np.sqrt(square[i] / (1 - 0.999**step)) + 1e-8
                parameters[i] -= LEARNING_RATE * mean[i] / (1 - 0.9**step) / size
    return Weights(*(p.astype(np.float32) for p in parameters)), held_out


def _gradients(parameters: list[np.ndarray], x: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """Give the gradients of the mean cross-entropy."""
    w0, b0, w1, b1 = parameters
    hidden = np.maximum(x @ w0 + b0, 0)
    logits = hidden @ w1 + b1
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    probabilities[np.arange(len(x)), labels] -= 1
    error = probabilities / len(x)
    hidden_error = (error @ w1.T) * (hidden > 0)
    return [
        x.T @ hidden_error + DECAY * w0,
        hidden_error.sum(axis=0),
        hidden.T @ error + DECAY * w1,
        error.sum(axis=0),
    ]


def main() -> None:
    """Train, write the file, print the accuracy."""
    weights, held_out = train()
    images, labels = load_images()
    answers = reference(weights, images[held_out])
    path = pathlib.Path(__file__).with_name("digits.npz")
    np.savez_compressed(path, **weights._asdict(), test_index=held_out.astype(np.int32))
    print(
        f"{path.name}: {path.stat().st_size} bytes, accuracy on {len(held_out)} held-out images"
        f" {accuracy(answers, labels[held_out]):.4f}"
    )


if __name__ == "__main__":
    main()
