# SPDX-License-Identifier: Apache-2.0
"""The demo: real TVM, real images, the real template."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import numpy as np
import pytest

from microtvm import demo

from .conftest import Command
from .test_cli import only_json

KEYS = {
    "images",
    "accuracy_device",
    "accuracy_reference",
    "max_abs_diff",
    "device_clock",
    "device_ms",
    "device_ms_min",
    "device_ms_max",
    "device_ms_std",
    "device_instructions",
    "roundtrip_ms",
    "code_bytes",
    "constant_bytes",
    "workspace_bytes",
}


def test_the_weights_are_what_the_script_makes(require_module: Callable[..., object]) -> None:
    require_module("sklearn", "train the demo's classifier")
    from microtvm.demo.train_digits import train

    weights, held_out = train()
    kept, kept_index = demo.load_weights()
    assert (held_out == kept_index).all()
    # Another processor's sums round differently, which training amplifies a little.
    for made, stored in zip(weights, kept, strict=True):
        assert np.abs(made - stored).max() < 1e-2
    images, labels = demo.load_images()
    assert len(kept_index) >= 360
    answers = demo.reference(kept, images[kept_index])
    assert np.allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert demo.accuracy(answers, labels[kept_index]) > 0.96


def test_the_file_of_weights_is_small() -> None:
    assert pathlib.Path(demo.__file__).with_name("digits.npz").stat().st_size < 1 << 16


@pytest.fixture
def everything(require: Callable[..., str], require_module: Callable[..., object]) -> None:
    for tool in ("cc", "cmake", "ninja"):
        require(tool, "build the demo's firmware")
    for module in ("tvm", "sklearn"):
        require_module(module, "run the demo")


@pytest.mark.usefixtures("everything")
def test_demo(command: Command, tmp_path: pathlib.Path) -> None:
    facts = only_json(command("demo", "--json", "--keep", "kept"))
    assert set(facts) == KEYS
    assert facts["images"] >= 360
    assert facts["accuracy_device"] == facts["accuracy_reference"] > 0.96
    assert facts["max_abs_diff"] < 1e-5
    assert facts["device_clock"] == "time" and facts["device_instructions"] is None
    assert 0 < facts["device_ms"] < facts["roundtrip_ms"]
    assert facts["constant_bytes"] >= 4 * (64 * 32 + 32 + 32 * 10 + 10)
    assert facts["code_bytes"] > 0
    assert facts["workspace_bytes"] > 0
    assert (tmp_path / "kept" / "model.tar").is_file()
    assert (tmp_path / "kept" / "project" / "microtvm_api_server.py").is_file()
    again = command("demo", "--keep", "kept")
    assert again.returncode == 1
    assert "--keep kept" in again.stderr


@pytest.mark.usefixtures("everything")
def test_demo_for_people(command: Command, tmp_path: pathlib.Path) -> None:
    ran = command("demo")
    assert ran.returncode == 0, ran.stderr
    for step in ("compile", "create", "build", "flash", "run"):
        assert f"\n{step:<12}" in f"\n{ran.stdout}"
    assert "nothing to flash" in ran.stdout
    assert "accuracy " in ran.stdout
    assert list(tmp_path.iterdir()) == []
