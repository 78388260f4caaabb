# SPDX-License-Identifier: Apache-2.0
"""Models that people trained, the whole way: file, archive, project, firmware, wire, answer."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest

import microtvm

# Exactly LiteRT's integers: of its optimised kernels or of its reference kernels.
INTEGER_MODELS = ["ad_int8", "kws_int8", "ic_int8", "vww_int8", "sww_int8"]
FLOAT_MODELS = ["ad_fp32", "ic_fp32", "vww_fp32"]
FLOAT_TOLERANCE = 1e-4


def answers_on_host(
    model: pathlib.Path, samples: np.ndarray, directory: pathlib.Path
) -> np.ndarray:
    """Compile a model, build it into a firmware for the host and ask it about every sample."""
    archive = microtvm.export_model_library_format(microtvm.compile(model), directory / "model.tar")
    template = microtvm.get_microtvm_template_projects("host")
    with microtvm.generate_project_from_mlf(template, directory / "project", archive) as project:
        project.build()
        project.flash()
        with microtvm.Session(project.transport()) as session:
            executor = microtvm.create_local_aot_executor(session)
            shape = executor.get_input(0).shape
            answers = []
            for sample in samples:
                executor.set_input(0, sample.reshape(shape))
                executor.run()
                answers.append(executor.get_output(0).numpy())
    return np.stack(answers)


@pytest.mark.parametrize("name", INTEGER_MODELS)
def test_integer_models_answer_with_litert_s_integers(
    name, shared_models, require, require_module, tmp_path
):
    require("cc", "build firmware for the host")
    require_module("tvm", "compile models")
    golden = np.load(shared_models / f"{name}.golden.npz")
    answers = answers_on_host(shared_models / f"{name}.tflite", golden["input"], tmp_path)
    optimised, reference = (
        golden[key].reshape(answers.shape).astype(np.int64) for key in ("output", "output_ref")
    )
    differences = [int(np.abs(answers - wanted).max()) for wanted in (optimised, reference)]
    assert min(differences) == 0, f"off by {differences} from LiteRT's output and output_ref"


@pytest.mark.parametrize("name", FLOAT_MODELS)
def test_float_models_agree_with_litert(name, shared_models, require, require_module, tmp_path):
    require("cc", "build firmware for the host")
    require_module("tvm", "compile models")
    golden = np.load(shared_models / f"{name}.golden.npz")
    answers = answers_on_host(shared_models / f"{name}.tflite", golden["input"], tmp_path)
    np.testing.assert_allclose(
        answers, golden["output"].reshape(answers.shape), rtol=0, atol=FLOAT_TOLERANCE
    )
