# SPDX-License-Identifier: Apache-2.0
"""Run a project's model on many samples, and time it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .archive import ModelFacts, TensorFacts
from .executor import AotModule
from .rpc.benchmark import BenchmarkResult
from .rpc.remote import FunctionNotFoundError
from .samples import Array, Samples, Tensor
from .session import MemoryStats, Session, create_local_aot_executor


class Answers(NamedTuple):
    """What the device answered, and how long it took."""

    outputs: dict[str, Array]
    """By output name, each with a leading sample axis."""
    roundtrip_sec: float
    """Median over the samples: inputs sent, model run, outputs received."""
    device_time: BenchmarkResult | None
    """By the device's clock; None when the firmware has no time evaluator."""
    memory: MemoryStats | None


def open_executor(session: Session, model: ModelFacts | None) -> AotModule:
    """Create the executor of the model that the project holds."""
    return create_local_aot_executor(session, model.name if model else "default")


def input_tensors(executor: AotModule, model: ModelFacts | None) -> list[Tensor]:
    """Describe the model's inputs, as the device knows them."""
    named = _names(model.inputs if model else (), executor.get_num_inputs(), "input")
    return [
        Tensor(name, tensor.shape, tensor.dtype)
        for name, tensor in zip(named, map(executor.get_input, range(len(named))), strict=True)
    ]


def _names(facts: tuple[TensorFacts, ...], count: int, what: str) -> list[str]:
    """Give names for tensors; the wire has none for outputs, so the archive's are used."""
    if len(facts) == count:
        return [tensor.name for tensor in facts]
    return [f"{what}{index}" for index in range(count)]


def infer(
    session: Session,
    executor: AotModule,
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
    names = _names(model.outputs if model else (), executor.get_num_outputs(), "output")
    collected: dict[str, list[Any]] = {name: [] for name in names}
    inputs = list(samples.values.values())
    times = []
    for index in range(samples.total):
        start = time.perf_counter()
        for position, values in enumerate(inputs):
            executor.set_input(position, values[index])
        executor.run()
        for position, name in enumerate(names):
            collected[name].append(executor.get_output(position).numpy())
        times.append(time.perf_counter() - start)
        advance()
    outputs = {name: np.stack(arrays) for name, arrays in collected.items()}
    return Answers(
        outputs, statistics.median(times), _time(executor, repeat), session.memory_stats()
    )


def _time(executor: AotModule, repeat: int) -> BenchmarkResult | None:
    try:
        return executor.benchmark(number=1, repeat=repeat)
    except FunctionNotFoundError:
        return None
