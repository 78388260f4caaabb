# SPDX-License-Identifier: Apache-2.0
"""Run a graph from here, on a device that has its functions, as ``tvm.micro`` does.

The device needs no executor: each step is a call over the wire. Tensors stay on the device.
"""

from __future__ import annotations

from typing import Any

from .errors import NoSuchTensorError
from .executor import Executor
from .graph import Entry, Step, parse_graph, parse_parameters
from .rpc.benchmark import BenchmarkResult
from .rpc.packets import Device
from .rpc.remote import FunctionNotFoundError, RemoteFunction, RemoteModule, RemoteTensor


class GraphModule(Executor):
    """A graph whose functions and tensors are on a device.

    Parameters
    ----------
    graph_json_str : str
        The graph.
    module : RemoteModule
        The functions: what `Session.get_system_lib` gives.
    device : Device
        Where they run.

    Raises
    ------
    GraphError
        It is no graph.
    FunctionNotFoundError
        The firmware lacks one of its functions: it was made from another model.
    """

    def __init__(self, graph_json_str: str, module: RemoteModule, device: Device):
        self.module = module
        self._graph = parse_graph(graph_json_str)
        self._device = device
        self._storages = self._allocate()
        self._tensors = [
            self._storages[entry.storage].reshaped(entry.shape, entry.dtype)
            for entry in self._graph.entries
        ]
        self._calls = [
            (self.module[step.function], self._arguments(step)) for step in self._graph.steps
        ]

    def load_params(self, params: bytes) -> None:
        """Copy parameters to the device: those that are inputs of the graph.

        Parameters
        ----------
        params : bytes
            As TVM's ``save_param_dict`` writes them.
        """
        arrays = parse_parameters(params)
        self.parameters = arrays.keys() & self._graph.inputs.keys()
        for name in self.parameters:
            self.set_input(name, arrays[name])

    def get_num_inputs(self) -> int:
        """Count the model's inputs, parameters among them."""
        return len(self._graph.inputs)

    def get_num_outputs(self) -> int:
        """Count the model's outputs."""
        return len(self._graph.outputs)

    def get_input_index(self, name: str) -> int:
        """Find an input by name."""
        names = list(self._graph.inputs)
        if name not in names:
            known = ", ".join(map(repr, names))
            raise NoSuchTensorError(f"the model has no input {name!r}; its inputs are {known}")
        return names.index(name)

    def get_input_name(self, index: int) -> str:
        """Give an input's name."""
        self._check_index("input", index, self.get_num_inputs())
        return list(self._graph.inputs)[index]

    def benchmark(self, *, repeat: int = 5, number: int = 5, **inputs: Any) -> BenchmarkResult:
        """Time the model by the device's clock: the sum over its functions."""
        self.set_input(**inputs)
        times = [0.0] * repeat
        for step, (_, arguments) in zip(self._graph.steps, self._calls, strict=True):
            evaluator = self.module.time_evaluator(
                step.function, self._device, number=number, repeat=repeat
            )
            results = evaluator(*arguments).results
            times = [total + time for total, time in zip(times, results, strict=True)]
        return BenchmarkResult(times)

    def _run_once(self) -> None:
        for function, arguments in self._calls:
            function(*arguments)

    def _input(self, index: int) -> RemoteTensor:
        return self._tensors[list(self._graph.inputs.values())[index]]

    def _output(self, index: int) -> RemoteTensor:
        return self._tensors[self._graph.outputs[index]]

    def _allocate(self) -> dict[int, RemoteTensor]:
        """The memory of each storage: a parameter in the code, or room for its largest tensor."""
        linked = self._linked_parameters()
        by_storage: dict[int, list[Entry]] = {}
        for entry in self._graph.entries:
            by_storage.setdefault(entry.storage, []).append(entry)
        storages = {}
        for storage, entries in by_storage.items():
            size = max(entry.nbytes for entry in entries)
            address = linked(storage) if linked is not None else None
            if isinstance(address, int) and address:
                memory = self.module.tensor_at(address, (size,), "uint8", self._device)
            else:
                memory = self.module.empty((size,), "uint8", self._device)
            storages[storage] = memory
        return storages

    def _linked_parameters(self) -> RemoteFunction | None:
        """Where parameters are linked into the code (TVM 0.8), the function that tells where."""
        try:
            return self.module["_lookup_linked_param"]
        except FunctionNotFoundError:
            return None

    def _arguments(self, step: Step) -> tuple[RemoteTensor, ...]:
        tensors = tuple(self._tensors[entry] for entry in step.entries)
        if step.flatten:
            return tuple(t.reshaped((t.nbytes // t.dtype.itemsize,), t.dtype) for t in tensors)
        return tensors


def create_local_graph_executor(
    graph_json_str: str, mod: RemoteModule, device: Device
) -> GraphModule:
    """Create an executor for a graph whose functions are on a session's device.

    Parameters
    ----------
    graph_json_str : str
        The graph; in an archive the file in ``executor-config/graph``.
    mod : RemoteModule
        What `Session.get_system_lib` gives.
    device : Device
        `Session.device`.
    """
    return GraphModule(graph_json_str, mod, device)
