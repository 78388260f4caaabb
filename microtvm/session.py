# SPDX-License-Identifier: Apache-2.0
"""A session with a device, in the shape of ``tvm.micro.Session``."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from server_kit.errors import shown

from .executor import AotModule
from .rpc.client import RPCClient
from .rpc.link import Link
from .rpc.packets import Device, PacketError
from .rpc.remote import RemoteFunction, RemoteModule, RemoteTensor, SessionClosedError
from .transport import Transport, TransportTimeouts

_MEMORY_STATS = struct.Struct("<4I")


class MemoryStats(NamedTuple):
    """The device's pool for tensors, in bytes."""

    pool_size: int
    used: int
    high_water: int
    largest_free: int


class Session:
    """A session with a device; use it as a context manager.

    Parameters
    ----------
    transport_context_manager : context manager giving a Transport
        What `GeneratedProject.transport` gives, or anything alike. The session opens it and closes
        it.
    timeout_override : TransportTimeouts, optional
        Time limits to use instead of the transport's own.
    on_log : callable, optional
        Called with each line the device logs.

    Examples
    --------
    >>> with Session(project.transport()) as session:
    ...     model = create_local_aot_executor(session)
    ...     model.run(x=samples)
    ...     print(model.get_output(0).numpy())
    """

    def __init__(
        self,
        transport_context_manager: contextlib.AbstractContextManager[Transport],
        *,
        timeout_override: TransportTimeouts | None = None,
        on_log: Callable[[str], None] | None = None,
    ):
        self._context = transport_context_manager
        self._timeout_override = timeout_override
        self._on_log = on_log
        self._cleanup: contextlib.ExitStack | None = None
        self._rpc: RPCClient | None = None
        self._system_lib: RemoteModule | None = None
        self.device = Device()
        """The processor the firmware runs on."""

    def __enter__(self) -> Session:
        with contextlib.ExitStack() as stack:
            transport = stack.enter_context(self._context)
            link = Link(transport, self._timeout_override or transport.timeouts(), self._on_log)
            link.open()
            stack.callback(link.close)
            self._rpc = RPCClient(link)
            self._system_lib = None
            stack.callback(self._rpc.close)
            self._cleanup = stack.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._cleanup is not None:
            cleanup, self._cleanup = self._cleanup, None
            cleanup.close()

    def get_function(self, name: str) -> RemoteFunction:
        """Look up one of the firmware's global functions.

        Raises
        ------
        FunctionNotFoundError
            It has none of that name.
        """
        return self._client().get_function(name)

    def get_system_lib(self) -> RemoteModule:
        """Give the module that holds the model's functions.

        It stays as long as the session: the C runtime of TVM 0.8 never gives it out again.
        """
        if self._system_lib is None:
            self._system_lib = _module(self.get_function("runtime.SystemLib")(), "its functions")
        return self._system_lib

    def create_aot_executor(self, name: str = "default") -> RemoteModule:
        """Create the model's executor.

        Parameters
        ----------
        name : str
            The model's name in its archive.
        """
        create = self.get_function("tvm.aot_executor.create")
        return _module(create(self.get_system_lib(), self.device, name), "an executor")

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike = "float32") -> RemoteTensor:
        """Allocate a tensor of unset values on the device."""
        return self._client().empty(shape, dtype, self.device)

    def array(self, source: npt.ArrayLike) -> RemoteTensor:
        """Copy an array to a new tensor on the device."""
        array = np.asarray(source)
        return self.empty(array.shape, array.dtype).copyfrom(array)

    def memory_stats(self) -> MemoryStats | None:
        """Ask how full the device's pool for tensors is; None when the firmware cannot tell."""
        ask = self._client().find_function("microtvm.memory_stats")
        if ask is None:
            return None
        answer: Any = ask()
        if not isinstance(answer, bytes) or len(answer) != _MEMORY_STATS.size:
            raise PacketError(f"microtvm.memory_stats answered {shown(answer)}")
        return MemoryStats(*_MEMORY_STATS.unpack(answer))

    def _client(self) -> RPCClient:
        if self._rpc is None:
            raise SessionClosedError("the session is not open", hint="use it in a with block")
        return self._rpc


def _module(answer: Any, what: str) -> RemoteModule:
    if not isinstance(answer, RemoteModule):
        raise PacketError(f"the device gave {shown(answer)} instead of a module with {what}")
    return answer


def create_local_aot_executor(session: Session, name: str = "default") -> AotModule:
    """Create an executor for the model on a session's device.

    Parameters
    ----------
    session : Session
        An open session.
    name : str
        The model's name in its archive.
    """
    return AotModule(session.create_aot_executor(name))
