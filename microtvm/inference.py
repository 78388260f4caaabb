# SPDX-License-Identifier: Apache-2.0
"""Run a project's model on many samples, and time it."""

from __future__ import annotations

import pathlib
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .archive import ArchiveError, ModelFacts, TensorFacts, c_name, read_graph
from .errors import MicroTVMError, NoSuchTensorError
from .executor import Executor
from .graph_executor import create_local_graph_executor
from .rpc.benchmark import BenchmarkResult
from .rpc.remote import FunctionNotFoundError, RemoteTensor
from .samples import Array, Samples, Tensor
from .session import MemoryStats, Session, create_local_aot_executor

# Eight bytes each, and the smallest packets of a device hold 2048.
_TIMES_A_REPLY = 100


_REFLASH = "the device runs firmware of another project: microtvm flash"


class ForeignFirmwareError(MicroTVMError):
    """The device's model is not the one in the project's archive."""


class Answers(NamedTuple):
    """What the device answered, and how long it took."""

    outputs: dict[str, Array]
    """By output name, each with a leading sample axis."""
    roundtrip_sec: float
    """Median over the samples: inputs sent, model run, outputs received."""
    device_time: BenchmarkResult | None
    """By the device's clock; None when the firmware has no time evaluator."""
    memory: MemoryStats | None


def open_executor(
    session: Session, model: ModelFacts | None, archive: pathlib.Path | None = None
) -> Executor:
    """Create the executor of the model that the project holds.

    Parameters
    ----------
    session : Session
        An open session.
    model : ModelFacts, optional
        What its archive says.
    archive : path, optional
        That archive; a graph is read from it.
    """
    if model is None or archive is None or "graph" not in model.executors:
        return create_local_aot_executor(session, model.name if model else "default")
    files = read_graph(archive)
    executor = create_local_graph_executor(files.graph, session.get_system_lib(), session.device)
    if files.parameters:
        executor.load_params(files.parameters)
    return executor


def input_tensors(executor: Executor, model: ModelFacts | None) -> list[Tensor]:
    """Describe the model's inputs, in the order and with the types that the device has."""
    tensors = []
    known = {tensor.name: tensor for tensor in model.inputs} if model else {}
    for name, index in _input_indexes(executor, model).items():
        tensor = executor.get_input(index)
        _check_is_the_models(f"input {name!r}", tensor, known.get(name))
        tensors.append(Tensor(name, tensor.shape, tensor.dtype))
    return tensors


def _input_indexes(executor: Executor, model: ModelFacts | None) -> dict[str, int]:
    """Give the inputs' indexes by name: the archive's names, which TVM's code has in C's spelling.

    Raises
    ------
    ArchiveError
        Two of the archive's names may be meant by one of the device's.
    """
    known = [tensor.name for tensor in model.inputs] if model else []
    count = executor.get_num_inputs()
    try:
        names = [executor.get_input_name(index) for index in range(count)]
    except FunctionNotFoundError:  # TVM 0.8 to 0.10
        names = known if len(known) == count else [f"input{i}" for i in range(count)]
    return {
        _known_name(name, known): index
        for index, name in enumerate(names)
        if name not in executor.parameters
    }


def _known_name(name: str, known: list[str]) -> str:
    """Give the archive's name of an input that the device calls ``name``."""
    if name in known:
        return name
    alike = [other for other in known if c_name(other) == c_name(name)]
    if len(alike) > 1:
        raise ArchiveError(
            f"the device calls an input {name!r}, which may be any of the model's inputs "
            f"{', '.join(map(repr, alike))}: rename them in the model and compile it again"
        )
    return alike[0] if alike else name


def _output_names(executor: Executor, model: ModelFacts | None) -> list[str]:
    """Give the outputs' names; the wire has none, so the archive's are used."""
    count = executor.get_num_outputs()
    if model is None or not model.outputs:
        return [f"output{index}" for index in range(count)]
    if len(model.outputs) != count:
        raise ForeignFirmwareError(
            f"the device's model has {count} outputs; the project's has {len(model.outputs)}",
            hint=_REFLASH,
        )
    for index, known in enumerate(model.outputs):
        _check_is_the_models(f"output {known.name!r}", executor.get_output(index), known)
    return [tensor.name for tensor in model.outputs]


def _check_is_the_models(what: str, tensor: RemoteTensor, known: TensorFacts | None) -> None:
    """Hold a tensor of the device against what the archive says of it."""
    if known is None or (str(tensor.dtype), tensor.nbytes) == (known.dtype, known.size):
        return
    raise ForeignFirmwareError(
        f"{what} is {known.dtype} of {known.size} bytes in the project's archive, and"
        f" {tensor.dtype} of {tensor.nbytes} bytes, shape {tensor.shape}, on the device",
        hint=_REFLASH,
    )


def infer(
    session: Session,
    executor: Executor,
    model: ModelFacts | None,
    samples: Samples,
    repeat: int,
    advance: Callable[[], None],
) -> Answers:
    """Run every sample, then time the model.

    Parameters
    ----------
    repeat : int
        Timed runs by the device's clock.
    advance : callable
        Called after each sample.
    """
    names = _output_names(executor, model)
    indexes = _input_indexes(executor, model)
    for name in samples.values.keys() - indexes.keys():
        raise NoSuchTensorError(f"the device's model has no input {name!r}")
    collected: dict[str, list[Any]] = {name: [] for name in names}
    times = []
    for index in range(samples.total):
        start = time.perf_counter()
        for name, values in samples.values.items():
            executor.set_input(indexes[name], values[index])
        executor.run()
        for position, name in enumerate(names):
            collected[name].append(executor.get_output(position).numpy())
        times.append(time.perf_counter() - start)
        advance()
    outputs = {name: np.stack(arrays) for name, arrays in collected.items()}
    return Answers(
        outputs, statistics.median(times), _time(executor, repeat), session.memory_stats()
    )


def _time(executor: Executor, repeat: int) -> BenchmarkResult | None:
    results: list[float] = []
    try:
        while len(results) < repeat:
            times = min(repeat - len(results), _TIMES_A_REPLY)
            results += executor.benchmark(number=1, repeat=times).results
    except FunctionNotFoundError:
        return None
    return BenchmarkResult(results)
