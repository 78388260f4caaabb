# SPDX-License-Identifier: Apache-2.0
"""The client's side of microTVM's RPC: requests, and what becomes of the replies.

Source: TVM 0.18, ``src/runtime/rpc/rpc_endpoint.cc`` (what is asked, and how copies are cut into
packets).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from server_kit.errors import shown

from . import announced
from .datatypes import dlpack_dtype
from .link import Link
from .packets import (
    NULL,
    PROTOCOL_VERSION,
    Code,
    Device,
    PacketError,
    TensorView,
    TypeCode,
    Value,
    copy_overhead_bytes,
    decode,
    decode_values,
    encode,
    encode_copy,
    encode_values,
)
from .remote import (
    FunctionNotFoundError,
    RemoteError,
    RemoteFunction,
    RemoteModule,
    RemoteTensor,
    SessionClosedError,
)

_LARGEST_PACKET = 1 << 20  # bytes; larger ones gain nothing, whatever the firmware says
_ALIGNMENT = 16  # bytes; enough for the vectors of any core that runs this firmware


class RPCClient:
    """Ask the device for things over a `Link`. Not for use by several threads at once."""

    def __init__(self, link: Link):
        self._link = link
        self._functions: dict[str, RemoteFunction] = {}
        self._garbage: list[Value | tuple[Value, Device]] = []
        self._max_packet: int | None = None
        self._closed: str | None = None

    def get_function(self, name: str) -> RemoteFunction:
        """Look a global function up.

        Raises
        ------
        FunctionNotFoundError
            The firmware has none of that name.
        """
        found = self.find_function(name)
        if found is None:
            raise FunctionNotFoundError(f"the firmware has no global function {name!r}")
        return found

    def find_function(self, name: str) -> RemoteFunction | None:
        """Look a global function up; None when the firmware has none of that name."""
        if name not in self._functions:
            handle = self._handle(Code.GET_GLOBAL_FUNC, Value(TypeCode.STR, name))
            if not handle:
                return None
            self._functions[name] = RemoteFunction(self, handle, name)
        return self._functions[name]

    def call(self, function: RemoteFunction, args: tuple[Any, ...], extra_sec: float = 0.0) -> Any:
        """Call a function; see `RemoteFunction.__call__`."""
        body = encode_values([_to_value(arg) for arg in args])
        handle = function.handle.to_bytes(8, "little")
        reply = self._request(
            encode(Code.CALL_FUNC, handle, body), Code.RETURN, function, extra_sec
        )
        return self._wrap(decode_values(reply), function.name)

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike, device: Device) -> RemoteTensor:
        """Allocate a tensor of unset values on the device.

        Raises
        ------
        RemoteError
            Its memory is full.
        """
        element = dlpack_dtype(dtype)
        size = math.prod(shape) * np.dtype(dtype).itemsize
        data = self._handle(
            Code.DEV_ALLOC_DATA,
            Value(TypeCode.DEVICE, device),
            Value(TypeCode.INT, size),
            Value(TypeCode.INT, _ALIGNMENT),
            Value(TypeCode.DATA_TYPE, element),
        )
        owner = Value(TypeCode.OPAQUE_HANDLE, data)
        return RemoteTensor(self, TensorView(data, device, element, tuple(shape)), owner)

    def copy_to(self, view: TensorView, data: bytes) -> None:
        """Copy bytes into a tensor, in as few packets as the device's buffer allows."""
        chunk = self._chunk_bytes(view)
        for start in range(0, len(data), chunk):
            piece = data[start : start + chunk]
            place = view._replace(byte_offset=view.byte_offset + start)
            packet = encode_copy(Code.COPY_TO_REMOTE, place, len(piece), piece)
            self._request(packet, Code.RETURN)

    def copy_from(self, view: TensorView, num_bytes: int) -> bytes:
        """Copy a tensor's bytes from the device."""
        chunk = self._chunk_bytes(view)
        pieces = []
        for start in range(0, num_bytes, chunk):
            size = min(chunk, num_bytes - start)
            place = view._replace(byte_offset=view.byte_offset + start)
            piece = self._request(encode_copy(Code.COPY_FROM_REMOTE, place, size), Code.COPY_ACK)
            if len(piece) != size:
                raise PacketError(
                    f"the device sent {len(piece)} bytes of a tensor instead of {size}"
                )
            pieces.append(piece)
        return b"".join(pieces)

    def init_server(self) -> None:
        """Announce the protocol's version. Optional: TVM's micro client does not send it."""
        version = PROTOCOL_VERSION.encode()
        self._request(
            encode(
                Code.INIT_SERVER, len(version).to_bytes(8, "little"), version, encode_values([])
            ),
            Code.RETURN,
        )

    def shutdown(self) -> None:
        """Tell the firmware's server to stop. It sends no answer; nothing can be asked after it."""
        self._check_open()
        self._link.send(encode(Code.SHUTDOWN))
        self.close()

    def close(self) -> None:
        """Refuse all further use."""
        self._closed = "the session is closed"
        self._garbage.clear()

    def discard(self, owner: Value, device: Device | None = None) -> None:
        """Note that nothing uses a handle any more; the device is told before the next call.

        Objects die at any moment, in the middle of a call too, when no request can be sent.
        """
        if self._closed is None:
            self._garbage.append(owner if device is None else (owner, device))

    def _release(self) -> None:
        while self._garbage:
            item = self._garbage.pop()
            owner, device = item if isinstance(item[0], Value) else (item, None)
            assert isinstance(owner, Value)
            if owner.code == TypeCode.OPAQUE_HANDLE:
                request = encode(
                    Code.DEV_FREE_DATA, encode_values([Value(TypeCode.DEVICE, device), owner])
                )
            else:
                handle = Value(TypeCode.OPAQUE_HANDLE, owner.value)
                kind = Value(TypeCode.INT, int(owner.code))
                request = encode(Code.FREE_HANDLE, encode_values([handle, kind]))
            self._exchange(request, Code.RETURN, "", 0.0)

    def _chunk_bytes(self, view: TensorView) -> int:
        """Give the most bytes of a tensor that fit one packet, as TVM computes it."""
        if self._max_packet is None:
            self._max_packet = self._ask_max_packet()
        chunk = self._max_packet - copy_overhead_bytes(view)
        if chunk <= 0:
            raise PacketError(
                f"the device's packets hold {self._max_packet} bytes; copying a tensor of"
                f" {len(view.shape)} dimensions takes more than {copy_overhead_bytes(view)}"
            )
        return chunk

    def _ask_max_packet(self) -> int:
        # TVM's client receives no more than 2048 bytes at once, so firmware may tell it less.
        for name in ("microtvm.max_packet_size", "tvm.rpc.server.GetCRTMaxPacketSize"):
            ask = self.find_function(name)
            if ask is not None:
                return min(announced.handle(ask(), "the end of its packets"), _LARGEST_PACKET)
        return _LARGEST_PACKET

    def _handle(self, code: Code, *values: Value) -> int:
        """Make a system call that answers with a handle."""
        reply = decode_values(self._request(encode(code, encode_values(values)), Code.RETURN))
        if len(reply) == 1 and reply[0].code == TypeCode.OPAQUE_HANDLE:
            return announced.handle(reply[0].value, "what was asked for")
        if reply == [NULL]:
            return 0
        raise PacketError(
            f"the device answered {code.name} with {shown(reply)} instead of a handle"
        )

    def _check_open(self) -> None:
        if self._closed is not None:
            raise SessionClosedError(self._closed, hint="open a new session")

    def _request(
        self,
        packet: bytes,
        expected: Code,
        function: RemoteFunction | None = None,
        extra_sec: float = 0.0,
    ) -> bytes:
        """Send a packet; give the body of the reply."""
        self._check_open()
        self._release()
        return self._exchange(packet, expected, function.name if function else "", extra_sec)

    def _exchange(self, packet: bytes, expected: Code, name: str, extra_sec: float) -> bytes:
        self._closed = "an earlier call was interrupted before its answer came"
        self._link.send(packet)
        code, body = decode(self._link.receive(extra_sec))
        self._closed = None
        if code == Code.EXCEPTION:
            raise _remote_error(name, body)
        if code != expected:
            raise PacketError(f"the device answered with code {code} instead of {expected.name}")
        return body

    def _wrap(self, reply: list[Value], name: str) -> Any:
        """Turn a function's answer into a Python object."""
        if len(reply) < 2 or reply[0].code != TypeCode.INT:
            raise PacketError(f"the device answered a call of {name} with {shown(reply)}")
        kind, value = reply[0].value, reply[1].value
        if kind == TypeCode.PACKED_FUNC_HANDLE:
            found = announced.handle(value, f"what {name} gives") if value is not None else 0
            return RemoteFunction(self, found, f"a function from {name}") if found else None
        if kind == TypeCode.MODULE_HANDLE:
            return RemoteModule(self, announced.handle(value, f"what {name} gives"))
        if isinstance(value, TensorView):
            owner = None
            if len(reply) == 3 and reply[2].value:
                owned = announced.handle(reply[2].value, f"what {name} gives")
                owner = Value(TypeCode.NDARRAY_HANDLE, owned)
            return RemoteTensor(self, announced.tensor_view(value), owner)
        return value


def _remote_error(name: str, body: bytes) -> RemoteError:
    values = decode_values(body)
    reason = announced.printable(str(values[0].value or "").strip()) if values else ""
    asked = f"refused a call of {name}" if name else "refused a request"
    return RemoteError(f"the device {asked}: {reason}" if reason else f"the device {asked}")


def _to_value(arg: Any) -> Value:
    """Give an argument the form it travels in."""
    if arg is None:
        return NULL
    if isinstance(arg, Device):
        return Value(TypeCode.DEVICE, arg)
    if isinstance(arg, RemoteTensor):
        return Value(TypeCode.DLTENSOR_HANDLE, arg.view)
    if isinstance(arg, RemoteModule):
        return Value(TypeCode.MODULE_HANDLE, arg.handle)
    if isinstance(arg, RemoteFunction):
        return Value(TypeCode.PACKED_FUNC_HANDLE, arg.handle)
    if isinstance(arg, (bool, int, np.integer, np.bool_)):
        return Value(TypeCode.INT, int(arg))
    if isinstance(arg, (float, np.floating)):
        return Value(TypeCode.FLOAT, float(arg))
    if isinstance(arg, str):
        if "\0" in arg:
            raise ValueError("a string with a zero character cannot be sent to a device")
        return Value(TypeCode.STR, arg)
    if isinstance(arg, (bytes, bytearray)):
        return Value(TypeCode.BYTES, bytes(arg))
    if isinstance(arg, np.ndarray):
        raise TypeError("an array must be on the device first: session.array(array)")
    raise TypeError(f"a {type(arg).__name__} cannot be sent to a device")
