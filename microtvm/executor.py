# SPDX-License-Identifier: Apache-2.0
"""Drive a model that runs on a device, in the shape of TVM's executor modules."""

from __future__ import annotations

import abc
from collections.abc import Set as AbstractSet
from typing import Any

import numpy.typing as npt

from server_kit.errors import shown

from .errors import NoSuchTensorError
from .rpc import announced
from .rpc.benchmark import BenchmarkResult
from .rpc.packets import Device, PacketError
from .rpc.remote import Array, FunctionNotFoundError, RemoteModule, RemoteTensor


class Executor(abc.ABC):
    """What executors have in common: inputs and outputs by index or name, and runs."""

    parameters: AbstractSet[str] = frozenset()
    """Those of the inputs that are the model's own parameters."""

    def set_input(
        self, key: int | str | None = None, value: npt.ArrayLike | None = None, **params: Any
    ) -> None:
        """Copy inputs to the device.

        Parameters
        ----------
        key : int or str
            An input's index or name.
        value : array_like
            Its value.
        **params
            Values by name.

        Raises
        ------
        ShapeError, DataTypeError
            A value has not the shape or the data type of its input; the message names all three.
        """
        if key is not None:
            if value is None:
                raise TypeError(f"set_input({key!r}) was given no value")
            self._set(key, value)
        for name, array in params.items():
            self._set(name, array)

    def run(self, **inputs: Any) -> None:
        """Run the model once, after `set_input` with ``inputs``."""
        self.set_input(**inputs)
        self._run_once()

    def get_input(self, index: int | str, out: Array | None = None) -> Any:
        """Give an input's tensor on the device, or copy it into ``out``."""
        if isinstance(index, str):
            index = self.get_input_index(index)
        self._check_index("input", index, self.get_num_inputs())
        tensor = self._input(index)
        return tensor if out is None else tensor.copyto(out)

    def get_output(self, index: int, out: Array | None = None) -> Any:
        """Give an output's tensor on the device, or copy it into ``out``.

        Parameters
        ----------
        index : int
            The output.
        out : numpy.ndarray, optional
            An array of its shape and data type.

        Returns
        -------
        RemoteTensor or numpy.ndarray
            The tensor (``.numpy()`` copies it from the device), or ``out``.
        """
        self._check_index("output", index, self.get_num_outputs())
        tensor = self._output(index)
        return tensor if out is None else tensor.copyto(out)

    @abc.abstractmethod
    def get_num_inputs(self) -> int:
        """Count the model's inputs."""

    @abc.abstractmethod
    def get_num_outputs(self) -> int:
        """Count the model's outputs."""

    @abc.abstractmethod
    def get_input_index(self, name: str) -> int:
        """Find an input by name.

        Raises
        ------
        NoSuchTensorError
            The model has none of that name; the message lists those it has.
        """

    @abc.abstractmethod
    def get_input_name(self, index: int) -> str:
        """Give an input's name."""

    @abc.abstractmethod
    def benchmark(self, *, repeat: int = 5, number: int = 5, **inputs: Any) -> BenchmarkResult:
        """Time the model by the device's clock.

        Parameters
        ----------
        number : int
            Runs whose mean makes one result.
        repeat : int
            How many results to take.
        **inputs
            Set before timing.
        """

    def get_input_info(self) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
        """Give the inputs' shapes and their data types, by name."""
        shapes, dtypes = {}, {}
        for index in range(self.get_num_inputs()):
            name, tensor = self.get_input_name(index), self.get_input(index)
            shapes[name], dtypes[name] = tensor.shape, str(tensor.dtype)
        return shapes, dtypes

    @abc.abstractmethod
    def _run_once(self) -> None: ...

    @abc.abstractmethod
    def _input(self, index: int) -> RemoteTensor: ...

    @abc.abstractmethod
    def _output(self, index: int) -> RemoteTensor: ...

    def _set(self, key: int | str, value: npt.ArrayLike) -> None:
        tensor = self.get_input(key)
        tensor.copyfrom(value, name=f"input {key!r}")

    @staticmethod
    def _check_index(what: str, index: int, count: int) -> None:
        if not 0 <= index < count:
            raise NoSuchTensorError(f"{what} {index} does not exist; the model has {count}, from 0")


class AotModule(Executor):
    """A model's executor on a device.

    Inputs and outputs keep their place in the device's memory as long as the executor lives, so
    they are looked up once; an inference costs one copy for each input, one call, and one copy for
    each output that is read.

    Parameters
    ----------
    module : RemoteModule
        What `Session.create_aot_executor` gives.
    """

    def __init__(self, module: RemoteModule):
        self.module = module
        self._run = module["run"]
        self._num_inputs: int | None = None
        self._num_outputs: int | None = None
        self._inputs: dict[int, RemoteTensor] = {}
        self._outputs: dict[int, RemoteTensor] = {}
        self._indexes: dict[str, int] = {}

    def get_num_inputs(self) -> int:
        """Count the model's inputs."""
        if self._num_inputs is None:
            self._num_inputs = announced.count(self.module["get_num_inputs"](), "inputs")
        return self._num_inputs

    def get_num_outputs(self) -> int:
        """Count the model's outputs."""
        if self._num_outputs is None:
            self._num_outputs = announced.count(self.module["get_num_outputs"](), "outputs")
        return self._num_outputs

    def get_input_index(self, name: str) -> int:
        """Find an input by name.

        Raises
        ------
        NoSuchTensorError
            The model has none of that name; the message lists those it has.
        """
        if name not in self._indexes:
            self._indexes[name] = self._find_input(name)
        return self._indexes[name]

    def get_input_name(self, index: int) -> str:
        """Give an input's name."""
        self._check_index("input", index, self.get_num_inputs())
        return announced.name(self.module["get_input_name"](index), f"input {index}")

    def benchmark(
        self,
        device: Device = Device(),  # noqa: B008 - an immutable constant
        func_name: str = "run",
        repeat: int = 5,
        number: int = 5,
        min_repeat_ms: int = 0,
        limit_zero_time_iterations: int = 100,
        end_to_end: bool = False,
        cooldown_interval_ms: int = 0,
        repeats_to_cooldown: int = 1,
        **inputs: Any,
    ) -> BenchmarkResult:
        """Time the model by the device's clock; see `RemoteModule.time_evaluator`.

        Parameters
        ----------
        end_to_end : bool
            Has no meaning here: the time of copies is that of the wire, not of the device.
        **inputs
            Set before timing.
        """
        if end_to_end:
            raise ValueError("end_to_end=True: a device's clock cannot time the copies to it")
        self.set_input(**inputs)
        evaluator = self.module.time_evaluator(
            func_name,
            device,
            number=number,
            repeat=repeat,
            min_repeat_ms=min_repeat_ms,
            limit_zero_time_iterations=limit_zero_time_iterations,
            cooldown_interval_ms=cooldown_interval_ms,
            repeats_to_cooldown=repeats_to_cooldown,
        )
        return evaluator()

    def _run_once(self) -> None:
        self._run()

    def _input(self, index: int) -> RemoteTensor:
        if index not in self._inputs:
            self._inputs[index] = _tensor(self.module["get_input"](index), f"input {index}")
        return self._inputs[index]

    def _output(self, index: int) -> RemoteTensor:
        if index not in self._outputs:
            self._outputs[index] = _tensor(self.module["get_output"](index), f"output {index}")
        return self._outputs[index]

    def _find_input(self, name: str) -> int:
        # TVM's C runtime aborts when it is asked for a name it does not know: ask for its names.
        try:
            names = [self.get_input_name(i) for i in range(self.get_num_inputs())]
        except FunctionNotFoundError:  # TVM 0.8 to 0.10
            return announced.index(self.module["get_input_index"](name), f"input {name!r}")
        if name not in names:
            known = ", ".join(map(repr, names))
            raise NoSuchTensorError(f"the model has no input {name!r}; its inputs are {known}")
        return names.index(name)


def _tensor(answer: Any, what: str) -> RemoteTensor:
    if not isinstance(answer, RemoteTensor):
        raise PacketError(f"the device gave {shown(answer)} instead of the tensor of {what}")
    return answer
