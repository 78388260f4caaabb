# SPDX-License-Identifier: Apache-2.0
"""Archives and golden answers for ``--models DIR``, made where TVM is: for benches without it.

``python -m hil_tests.golden DIR [MODEL ...]`` writes the demo's digits, and for each model file
with NAME.golden.npz beside it an archive and a copy of that.
"""

from __future__ import annotations

import pathlib
import shutil
import sys

import numpy as np

import microtvm
from microtvm import demo

SAMPLES = 3


def write_digits(directory: pathlib.Path) -> pathlib.Path:
    """Compile the demo's classifier; its answers are NumPy's."""
    path = directory / f"{demo.MODEL_NAME}.tar"
    microtvm.export_model_library_format(demo.compiled_model(), path)
    images = np.random.default_rng(1).random((SAMPLES, 64), "float32")
    answers = demo.reference(demo.load_weights()[0], images)
    np.savez(path.with_suffix(".golden.npz"), input=images[:, None], output=answers[:, None])
    return path


def write(model: pathlib.Path, directory: pathlib.Path) -> pathlib.Path:
    """Compile a model; its golden answers lie beside it.

    Raises
    ------
    FileNotFoundError
        They do not.
    """
    path = directory / f"{model.stem}.tar"
    shutil.copy(model.with_suffix(".golden.npz"), path.with_suffix(".golden.npz"))
    microtvm.export_model_library_format(microtvm.compile(model), path)
    return path


def main() -> None:
    """Do what the command line says."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m hil_tests.golden DIR [MODEL ...]")
    directory, *models = map(pathlib.Path, sys.argv[1:])
    directory.mkdir(parents=True, exist_ok=True)
    print(write_digits(directory))
    for model in models:
        try:
            print(write(model, directory))
        except FileNotFoundError as error:
            sys.exit(f"{error.filename} is missing: the answers that {model} should give")


if __name__ == "__main__":
    main()
