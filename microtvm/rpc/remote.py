# SPDX-License-Identifier: Apache-2.0
"""Objects that stand for what lives on the device: tensors, functions, modules.

Source: TVM 0.18, ``src/runtime/rpc/rpc_module.cc`` (how what comes back is wrapped).
"""

from __future__ import annotations

import math
import weakref
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from server_kit.errors import shown

from ..errors import DataTypeError, MicroTVMError, ShapeError
from . import announced
from .benchmark import BenchmarkResult
from .datatypes import dlpack_dtype, numpy_dtype
from .packets import Device, PacketError, TensorView, TypeCode, Value

if TYPE_CHECKING:
    from .client import RPCClient

Array: TypeAlias = npt.NDArray[Any]


class RemoteError(MicroTVMError):
    """The device answered with an exception."""


class SessionClosedError(MicroTVMError):
    """The session is over, or an interrupted call left it out of step."""


class FunctionNotFoundError(MicroTVMError, AttributeError):
    """The device has no function of that name."""


class RemoteTensor:
    """A tensor in the device's memory, in the shape of ``tvm.nd.NDArray``.

    Its memory is given back when the object is no longer used, or at once by `free`.
    """

    def __init__(self, client: RPCClient, view: TensorView, owner: Value | None):
        self._client = client
        self.view = view
        self._finalizer = None
        if owner is not None:
            self._finalizer = weakref.finalize(self, client.discard, owner, view.device)
            self._finalizer.atexit = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Extent of each axis."""
        return self.view.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of an element."""
        return numpy_dtype(self.view.dtype)

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def device(self) -> Device:
        """The device the tensor is on."""
        return self.view.device

    def numpy(self) -> Array:
        """Copy the tensor from the device into a new array."""
        data = self._client.copy_from(self.view, self.nbytes)
        return np.frombuffer(data, dtype=self.dtype.newbyteorder("<")).reshape(self.shape)

    def copyfrom(self, source: npt.ArrayLike, name: str = "the tensor") -> RemoteTensor:
        """Copy an array into the tensor.

        Parameters
        ----------
        source : array_like
            An array of the tensor's shape and type, or plain Python numbers to convert.
        name : str
            What to call the tensor in errors.

        Raises
        ------
        ShapeError
            The array has another shape.
        DataTypeError
            The array has another data type.
        """
        if isinstance(source, RemoteTensor):
            source = source.numpy()
        dtype = None if hasattr(source, "dtype") else self.dtype
        array = np.asarray(source, dtype=dtype)
        if array.dtype != self.dtype:
            raise DataTypeError(
                f"{name} wants {self.dtype} and was given {array.dtype}",
                hint=f"convert the array first: array.astype({self.dtype.name!r})",
            )
        if array.shape != self.shape:
            raise ShapeError(f"{name} wants shape {self.shape} and was given {array.shape}")
        data = np.ascontiguousarray(array, dtype=self.dtype.newbyteorder("<"))
        self._client.copy_to(self.view, data.tobytes())
        return self

    def copyto(self, target: Array | RemoteTensor) -> Array | RemoteTensor:
        """Copy the tensor into an array, or another tensor, of the same shape and type."""
        if isinstance(target, RemoteTensor):
            return target.copyfrom(self.numpy())
        if target.shape != self.shape or target.dtype != self.dtype:
            raise ShapeError(
                f"the tensor is {self.dtype} {self.shape};"
                f" it cannot be copied into {target.dtype} {target.shape}"
            )
        target[...] = self.numpy()
        return target

    def reshaped(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> RemoteTensor:
        """Give the same memory as a tensor of another shape and type.

        It must fit, and this tensor must stay: the memory remains its own.
        """
        view = self.view._replace(shape=tuple(shape), dtype=dlpack_dtype(dtype))
        return RemoteTensor(self._client, view, None)

    def free(self) -> None:
        """Give the memory back to the device before the next call. Safe to call again."""
        if self._finalizer is not None:
            self._finalizer()

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError("a tensor on a device cannot be seen without copying it")
        array = self.numpy()
        return array if dtype is None else array.astype(dtype)

    def __repr__(self) -> str:
        return f"<RemoteTensor {self.dtype} {self.shape} at {self.view.data:#x}>"


class RemoteFunction:
    """A function on the device; call it with numbers, strings, bytes, and remote objects."""

    def __init__(self, client: RPCClient, handle: int, name: str):
        self._client = client
        self.handle = handle
        self.name = name
        owner = Value(TypeCode.PACKED_FUNC_HANDLE, handle)
        self._finalizer = weakref.finalize(self, client.discard, owner)
        self._finalizer.atexit = False

    def __call__(self, *args: Any, extra_sec: float = 0.0) -> Any:
        """Call the function.

        Parameters
        ----------
        *args
            None, numbers, strings, bytes, `Device`, `RemoteTensor`, `RemoteModule` or
            `RemoteFunction`.
        extra_sec : float
            Seconds the function is known to take, on top of the session's time limit.

        Returns
        -------
        object
            None, a number, a string, bytes, or a remote object.

        Raises
        ------
        RemoteError
            The device answered with an exception.
        """
        return self._client.call(self, args, extra_sec)

    def __repr__(self) -> str:
        return f"<RemoteFunction {self.name}>"


class RemoteModule:
    """A module on the device: functions by name, in the shape of ``tvm.runtime.Module``."""

    def __init__(self, client: RPCClient, handle: int):
        self._client = client
        self.handle = handle
        self._functions: dict[str, RemoteFunction] = {}
        owner = Value(TypeCode.MODULE_HANDLE, handle)
        self._finalizer = weakref.finalize(self, client.discard, owner)
        self._finalizer.atexit = False

    def get_function(self, name: str, query_imports: bool = False) -> RemoteFunction:
        """Look a function up.

        Raises
        ------
        FunctionNotFoundError
            The module has none of that name.
        """
        if name not in self._functions:
            look_up = self._client.get_function("tvm.rpc.server.ModuleGetFunction")
            found = look_up(self, name, query_imports)
            if not isinstance(found, RemoteFunction):
                raise FunctionNotFoundError(f"the module on the device has no function {name!r}")
            found.name = name
            self._functions[name] = found
        return self._functions[name]

    def __getitem__(self, name: str) -> RemoteFunction:
        return self.get_function(name)

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike, device: Device) -> RemoteTensor:
        """Allocate a tensor of unset values on the module's device."""
        return self._client.empty(shape, dtype, device)

    def tensor_at(
        self, address: int, shape: tuple[int, ...], dtype: npt.DTypeLike, device: Device
    ) -> RemoteTensor:
        """Give memory of the device's own, such as a constant of its code, as a tensor."""
        place = announced.handle(address, "a tensor")
        view = TensorView(place, device, dlpack_dtype(dtype), tuple(shape))
        return RemoteTensor(self._client, view, None)

    def time_evaluator(
        self,
        func_name: str,
        dev: Device = Device(),  # noqa: B008 - an immutable constant
        number: int = 10,
        repeat: int = 1,
        min_repeat_ms: int = 0,
        limit_zero_time_iterations: int = 100,
        cooldown_interval_ms: int = 0,
        repeats_to_cooldown: int = 1,
    ) -> TimeEvaluator:
        """Prepare to time a function of this module by the device's own clock.

        Parameters
        ----------
        func_name : str
            The function.
        dev : Device
            Where it runs.
        number : int
            Calls whose mean makes one result. The device raises it to reach ``min_repeat_ms``.
        repeat : int
            How many results to take.
        min_repeat_ms : int
            Least time for one result, in milliseconds.
        limit_zero_time_iterations : int
            Give up on ``min_repeat_ms`` when the clock showed no time this often.
        cooldown_interval_ms : int
            Pause between results, in milliseconds.
        repeats_to_cooldown : int
            Results between pauses.

        Returns
        -------
        TimeEvaluator
            Call it with the function's arguments.
        """
        return TimeEvaluator(
            self._client,
            self,
            func_name,
            (dev.device_type, dev.device_id, number, repeat, min_repeat_ms),
            limit_zero_time_iterations,
            (cooldown_interval_ms, repeats_to_cooldown),
        )

    def free(self) -> None:
        """Give the module back to the device before the next call."""
        self._finalizer()


class TimeEvaluator:
    """A function prepared to be timed; see `RemoteModule.time_evaluator`."""

    def __init__(
        self,
        client: RPCClient,
        module: RemoteModule,
        func_name: str,
        timing: tuple[int, int, int, int, int],
        limit_zero_time_iterations: int,
        cooldown: tuple[int, int],
    ):
        # The least the device will be busy for, beyond what a call may take.
        self._repeat = timing[3]
        self._busy_sec = timing[3] * (timing[4] + cooldown[0]) / 1000
        module.get_function(func_name)  # an unknown name is refused here, by name
        make = client.get_function("runtime.RPCTimeEvaluator")
        limit = limit_zero_time_iterations
        # TVM 0.14 and later; 0.10 to 0.13; 0.9; 0.8. Each C runtime refuses the others' lists.
        endings: tuple[tuple[int | str, ...], ...] = (
            (limit, *cooldown, 0, ""),
            (limit, *cooldown, ""),
            (*cooldown, 0, ""),
            (*cooldown, ""),
            ("",),
        )
        refused: RemoteError | None = None
        for ending in endings:
            try:
                made = make(module, func_name, *timing, *ending)
                if not isinstance(made, RemoteFunction):
                    raise PacketError(f"the device gave {shown(made)} instead of a time evaluator")
                self._function = made
                return
            except RemoteError as error:
                refused = refused or error
        assert refused is not None
        raise refused

    def __call__(self, *args: Any) -> BenchmarkResult:
        """Run and time the function; see `RemoteFunction.__call__` for ``args``."""
        data = self._function(*args, extra_sec=self._busy_sec)
        return BenchmarkResult(announced.times(data, self._repeat))
