# SPDX-License-Identifier: Apache-2.0
"""Files of input and output samples: ``.npz`` archives with one array for each tensor."""

from __future__ import annotations

import pathlib
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from server_kit.disk import UnwritableError, whole_file

from .errors import MicroTVMError

Array: TypeAlias = npt.NDArray[Any]

INPUT, OUTPUT = "input", "output"
"""What a model's only input and only output may be called in a file."""


class SampleError(MicroTVMError, ValueError):
    """A file of samples does not fit the model."""


class Tensor(NamedTuple):
    """An input or output of the model."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Samples(NamedTuple):
    """Input values for one or more runs."""

    values: dict[str, Array]
    """By input name, each with a leading sample axis."""
    total: int
    stacked: bool
    """Whether the file had that axis. A file without it holds one sample."""


def load_inputs(path: pathlib.Path, tensors: Sequence[Tensor]) -> Samples:
    """Read the inputs of a model from a file.

    Parameters
    ----------
    path : pathlib.Path
        A ``.npz`` file. It holds an array for each input, by name; the array of a model with one
        input may be called ``input``. Each is shaped like its input, or has a leading sample axis.
    tensors : sequence of Tensor
        The model's inputs.

    Raises
    ------
    SampleError
        The file or an array in it does not fit; the message names the array, what it is and what
        is wanted.
    """
    values, counts = {}, {}
    try:
        with _open(path) as file:
            for tensor in tensors:
                key = _find(tensor.name, list(file), path, alone=len(tensors) == 1)
                array = file[key]
                counts[tensor.name] = _count(array, tensor, f"array {key!r} in {path}")
                values[tensor.name] = array.reshape(-1, *tensor.shape)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        if isinstance(error, SampleError):
            raise
        raise SampleError(f"{path} cannot be read: {error}") from error
    if len(set(counts.values())) > 1:
        shown = ", ".join(f"{n!r} has {c or 'no sample axis'}" for n, c in counts.items())
        raise SampleError(f"the inputs in {path} differ in their numbers of samples: {shown}")
    count = next(iter(counts.values()), None)
    return Samples(values, count or 1, count is not None)


def _open(path: pathlib.Path) -> Any:
    try:
        file = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise SampleError(f"there is no file {path}") from None
    except (ValueError, EOFError) as error:
        raise SampleError(f"{path} is not an .npz file of numbers") from error
    if isinstance(file, np.ndarray):
        raise SampleError(
            f"{path} holds one array without a name",
            hint=f"save it with numpy.savez(path, {INPUT}=array)",
        )
    return file


def _find(name: str, names: list[str], path: pathlib.Path, alone: bool) -> str:
    if name in names:
        return name
    if alone and INPUT in names:
        return INPUT
    wanted = f"{name!r} or {INPUT!r}" if alone else repr(name)
    raise SampleError(
        f"{path} holds no array {wanted} for the model's input {name!r};"
        f" it holds {', '.join(map(repr, names)) or 'nothing'}"
    )


def _count(array: Array, tensor: Tensor, what: str) -> int | None:
    """Count the samples in an array; None when it has no sample axis."""
    if array.dtype != tensor.dtype:
        raise SampleError(
            f"{what} is {array.dtype}; the model's input {tensor.name!r} wants {tensor.dtype}",
            hint=_conversion(array, tensor.dtype),
        )
    if array.shape == tensor.shape:
        return None
    if array.shape[1:] == tensor.shape and array.ndim == len(tensor.shape) + 1 and len(array):
        return len(array)
    axis = ", ".join(map(str, ("n", *tensor.shape)))
    batch = array.shape[1:] == tensor.shape[1:] and tensor.shape[:1] == (1,) and len(array)
    raise SampleError(
        f"{what} has shape {array.shape}; the model's input {tensor.name!r} wants {tensor.shape},"
        f" or ({axis}) for n samples",
        hint="array[:, None] makes each row a sample" if batch else None,
    )


def _conversion(array: Array, wanted: np.dtype[Any]) -> str:
    """What to do about an array of another type: never a cast that changes what it means."""
    given = array.dtype
    if given.kind == "f" and wanted.kind in "iu":
        return (
            "real numbers are quantized by --float-io, where microtvm info shows a scale for the "
            "input; else quantize them as the model was trained"
        )
    if given.kind in "iu" and wanted.kind == "f":
        return (
            "if these are real numbers, array.astype('float32') makes them such; where they are "
            "the integers of a quantized model, leave out --float-io"
        )
    if given.kind in "iu" and wanted.kind in "iu" and array.size:
        limits = np.iinfo(wanted)
        if array.min() < limits.min or array.max() > limits.max:
            return (
                f"its numbers, {array.min()} to {array.max()}, do not fit into {wanted.name}: "
                "prepare them as the model was trained"
            )
    return f"convert it: array.astype({wanted.name!r})"


def output_names(names: Sequence[str]) -> list[str]:
    """Give the names outputs have in a file: `OUTPUT` where there is one."""
    return [OUTPUT] if len(names) == 1 else list(names)


def save(path: pathlib.Path, arrays: Mapping[str, Array]) -> None:
    """Write a ``.npz`` file, whole or not at all.

    Raises
    ------
    SampleError
        It cannot be written.
    """
    try:
        with whole_file(path) as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
    except UnwritableError as error:
        raise SampleError(str(error)) from error
