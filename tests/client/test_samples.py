# SPDX-License-Identifier: Apache-2.0
"""Files of samples: what fits a model, and what is said about what does not."""

from __future__ import annotations

import pathlib
import pickle

import numpy as np
import pytest

from microtvm.samples import SampleError, Tensor, load_inputs, output_names, save

ONE = [Tensor("x", (1, 4), np.dtype(np.float32))]
TWO = [*ONE, Tensor("y", (2,), np.dtype(np.int8))]


def write(path: pathlib.Path, **arrays: object) -> pathlib.Path:
    np.savez(path / "in.npz", **arrays)
    return path / "in.npz"


def zeros(*shape: int, dtype: str = "float32") -> np.ndarray:
    return np.zeros(shape, dtype)


def test_one_sample(tmp_path: pathlib.Path) -> None:
    samples = load_inputs(write(tmp_path, x=zeros(1, 4)), ONE)
    assert (samples.total, samples.stacked) == (1, False)
    assert samples.values["x"].shape == (1, 1, 4)


def test_a_sample_axis(tmp_path: pathlib.Path) -> None:
    samples = load_inputs(write(tmp_path, x=zeros(8, 1, 4)), ONE)
    assert (samples.total, samples.stacked) == (8, True)
    assert samples.values["x"].shape == (8, 1, 4)


def test_a_sample_axis_of_one_is_kept(tmp_path: pathlib.Path) -> None:
    samples = load_inputs(write(tmp_path, x=zeros(1, 1, 4)), ONE)
    assert (samples.total, samples.stacked) == (1, True)


def test_the_only_input_may_be_called_input(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path, input=zeros(3, 1, 4) + 1, output=zeros(9), output_ref=zeros(9))
    assert load_inputs(path, ONE).values["x"].max() == 1


def test_its_own_name_comes_first(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path, x=zeros(1, 4) + 1, input=zeros(7))
    assert load_inputs(path, ONE).values["x"].max() == 1


def test_several_inputs(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path, x=zeros(3, 1, 4), y=zeros(3, 2, dtype="int8"))
    samples = load_inputs(path, TWO)
    assert samples.total == 3
    assert list(samples.values) == ["x", "y"]


@pytest.mark.parametrize(
    ("tensors", "arrays", "says"),
    [
        (ONE, {"z": zeros(1, 4)}, r"no array 'x' or 'input' for the model's input 'x'; .*'z'"),
        (TWO, {"input": zeros(1, 4)}, r"no array 'x' for the model's input 'x'"),
        (ONE, {"x": zeros(1, 5)}, r"'x' .* shape \(1, 5\); .* wants \(1, 4\), or \(n, 1, 4\)"),
        (ONE, {"x": zeros(2, 3, 1, 4)}, r"shape \(2, 3, 1, 4\)"),
        (ONE, {"x": zeros(0, 1, 4)}, r"shape \(0, 1, 4\)"),
        (ONE, {"x": zeros(4)}, r"shape \(4,\)"),
        (ONE, {"x": zeros(1, 4, dtype="float64")}, r"'x' .* is float64; .* wants float32"),
        (
            TWO,
            {"x": zeros(3, 1, 4), "y": zeros(2, 2, dtype="int8")},
            r"differ .*'x' has 3, 'y' has 2",
        ),
        (
            TWO,
            {"x": zeros(3, 1, 4), "y": zeros(2, dtype="int8")},
            r"'x' has 3, 'y' has no sample axis",
        ),
        (ONE, {"x": np.array([None] * 4)}, "cannot be read"),
    ],
)
def test_what_does_not_fit(
    tmp_path: pathlib.Path, tensors: list[Tensor], arrays: dict[str, np.ndarray], says: str
) -> None:
    with pytest.raises(SampleError, match=says):
        load_inputs(write(tmp_path, **arrays), tensors)


def test_files_that_are_none(tmp_path: pathlib.Path) -> None:
    with pytest.raises(SampleError, match="there is no file"):
        load_inputs(tmp_path / "nothing.npz", ONE)
    (tmp_path / "text.npz").write_text("text")
    with pytest.raises(SampleError, match=r"not an \.npz file"):
        load_inputs(tmp_path / "text.npz", ONE)
    np.save(tmp_path / "one.npy", zeros(1, 4))
    with pytest.raises(SampleError, match="without a name"):
        load_inputs(tmp_path / "one.npy", ONE)
    whole = write(tmp_path, x=zeros(1, 4)).read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SampleError, match=r"cut\.npz"):
        load_inputs(tmp_path / "cut.npz", ONE)


def test_names_of_outputs() -> None:
    assert output_names(["Identity"]) == ["output"]
    assert output_names(["a", "b"]) == ["a", "b"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "out.npz"
    save(path, {"output": zeros(2)})
    before = path.read_bytes()
    with pytest.raises((pickle.PicklingError, AttributeError)):
        save(path, {"output": np.array([lambda: 0])})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["out.npz"]
    with pytest.raises(SampleError, match="cannot be written"):
        save(tmp_path / "nowhere" / "out.npz", {"output": zeros(2)})


def test_conversions_that_would_change_what_numbers_mean_are_not_advised(
    tmp_path: pathlib.Path,
) -> None:
    with pytest.raises(SampleError) as caught:
        load_inputs(write(tmp_path, x=zeros(1, 4, dtype="int8")), ONE)
    assert "leave out --float-io" in str(caught.value.hint)
    byte = [Tensor("x", (1, 4), np.dtype("int8"))]
    with pytest.raises(SampleError) as caught:
        load_inputs(write(tmp_path, x=zeros(1, 4, dtype="int64") + 200), byte)
    assert "200 to 200, do not fit into int8" in str(caught.value.hint)
    with pytest.raises(SampleError) as caught:
        load_inputs(write(tmp_path, x=zeros(1, 4, dtype="int64") + 100), byte)
    assert "astype('int8')" in str(caught.value.hint)


def test_a_batch_is_not_taken_for_samples(tmp_path: pathlib.Path) -> None:
    with pytest.raises(SampleError, match=r"shape \(8, 4\)") as caught:
        load_inputs(write(tmp_path, x=zeros(8, 4)), ONE)
    assert "array[:, None]" in str(caught.value.hint)


def test_a_directory_is_no_file_to_write(tmp_path: pathlib.Path) -> None:
    with pytest.raises(SampleError, match=r"\. cannot be written: Is a directory"):
        save(pathlib.Path(), {"output": zeros(2)})
    assert not list(tmp_path.iterdir())
