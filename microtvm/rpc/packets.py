# SPDX-License-Identifier: Apache-2.0
"""MinRPC: requests to the device and its replies, as bytes.

A packet is its own length (uint64, not counting itself), a code (int32) and a body. Most bodies are
a sequence of values: their number (int32), a type code for each (int32), then the values, each in
the form its type code says. All is little-endian.

Source: TVM 0.18, ``src/runtime/minrpc/rpc_reference.h``, ``src/runtime/minrpc/minrpc_server.h``,
``src/runtime/rpc/rpc_endpoint.cc`` and ``include/tvm/runtime/c_runtime_api.h``.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import MicroTVMError

PROTOCOL_VERSION = "0.8.0"
"""What TVM 0.8 to 0.18 announce in `Code.INIT_SERVER`."""


class Code(enum.IntEnum):
    """What a packet asks for or answers."""

    SHUTDOWN = 1
    INIT_SERVER = 2
    CALL_FUNC = 3
    RETURN = 4
    EXCEPTION = 5
    COPY_FROM_REMOTE = 6
    COPY_TO_REMOTE = 7
    COPY_ACK = 8
    GET_GLOBAL_FUNC = 9
    FREE_HANDLE = 10
    DEV_ALLOC_DATA = 13
    DEV_FREE_DATA = 14


class TypeCode(enum.IntEnum):
    """Type of one value in a sequence."""

    INT = 0
    UINT = 1
    FLOAT = 2
    OPAQUE_HANDLE = 3
    NULLPTR = 4
    DATA_TYPE = 5
    DEVICE = 6
    DLTENSOR_HANDLE = 7
    OBJECT_HANDLE = 8
    MODULE_HANDLE = 9
    PACKED_FUNC_HANDLE = 10
    STR = 11
    BYTES = 12
    NDARRAY_HANDLE = 13
    BOOL = 15


class PacketError(MicroTVMError):
    """A reply that is not MinRPC."""


class DataType(NamedTuple):
    """DLPack's DLDataType."""

    code: int
    bits: int
    lanes: int = 1


class Device(NamedTuple):
    """DLPack's DLDevice; (1, 0) is the processor the firmware runs on."""

    device_type: int = 1
    device_id: int = 0


class TensorView(NamedTuple):
    """A DLTensor: where in the device's memory a tensor is, and what it is."""

    data: int
    device: Device
    dtype: DataType
    shape: tuple[int, ...]
    byte_offset: int = 0


class Value(NamedTuple):
    """One value with its type code. ``value`` is None for `TypeCode.NULLPTR`."""

    code: TypeCode
    value: int | float | str | bytes | DataType | Device | TensorView | None


NULL = Value(TypeCode.NULLPTR, None)

_HANDLES = frozenset(
    (
        TypeCode.OPAQUE_HANDLE,
        TypeCode.OBJECT_HANDLE,
        TypeCode.MODULE_HANDLE,
        TypeCode.PACKED_FUNC_HANDLE,
        TypeCode.NDARRAY_HANDLE,
    )
)
_I32 = struct.Struct("<i")
_I64 = struct.Struct("<q")
_U64 = struct.Struct("<Q")
_F64 = struct.Struct("<d")
_DEVICE = struct.Struct("<ii")
_DATA_TYPE = struct.Struct("<BBHi")  # with the padding that makes it 8 bytes
_TENSOR_HEAD = struct.Struct("<QiiiBBH")  # data, device, ndim, dtype


def encode_tensor(view: TensorView) -> bytes:
    """Encode a tensor's description."""
    ndim = len(view.shape)
    head = _TENSOR_HEAD.pack(view.data, *view.device, ndim, *view.dtype)
    return head + struct.pack(f"<{ndim}qQ", *view.shape, view.byte_offset)


def encode_values(values: Sequence[Value]) -> bytes:
    """Encode a sequence of values."""
    parts = [struct.pack(f"<i{len(values)}i", len(values), *(v.code for v in values))]
    parts += [_encode_value(v) for v in values]
    return b"".join(parts)


def _encode_value(item: Value) -> bytes:
    code, value = item
    if code == TypeCode.NULLPTR:
        return b""
    if isinstance(value, TensorView):
        return encode_tensor(value)
    if isinstance(value, Device):
        return _DEVICE.pack(*value)
    if isinstance(value, DataType):
        return _DATA_TYPE.pack(*value, 0)
    if isinstance(value, str):
        value = value.encode("utf-8")
    if isinstance(value, bytes):
        return _U64.pack(len(value)) + value
    if isinstance(value, float):
        return _F64.pack(value)
    if isinstance(value, int):
        return (_U64 if code in _HANDLES else _I64).pack(value)
    raise TypeError(f"a value of type {type(value).__name__} has no place in a packet")


def encode(code: Code, *body: bytes) -> bytes:
    """Encode one packet."""
    rest = b"".join(body)
    return _U64.pack(4 + len(rest)) + _I32.pack(code) + rest


def encode_copy(code: Code, view: TensorView, num_bytes: int, data: bytes = b"") -> bytes:
    """Encode a copy of ``num_bytes`` bytes to (with ``data``) or from the device."""
    return encode(code, encode_tensor(view), _U64.pack(num_bytes), data)


def copy_overhead_bytes(view: TensorView) -> int:
    """Count what TVM counts as a copy's overhead: all but the length and the data."""
    return 4 + _TENSOR_HEAD.size + 8 * len(view.shape) + 8 + 8


def decode(packet: bytes) -> tuple[int, bytes]:
    """Split a packet into its code and its body.

    Raises
    ------
    PacketError
        The length it announces is not the length it has.
    """
    if len(packet) < 12:
        raise PacketError(f"the device sent a packet of {len(packet)} bytes; the shortest has 12")
    (announced,) = _U64.unpack_from(packet)
    if announced != len(packet) - 8:
        raise PacketError(
            f"the device sent a packet of {len(packet) - 8} bytes that announces {announced}"
        )
    (code,) = _I32.unpack_from(packet, 8)
    return code, packet[12:]


def decode_values(body: bytes) -> list[Value]:
    """Decode a sequence of values.

    Raises
    ------
    PacketError
        It ends early, goes on after its end, or holds a type that has no place in a reply.
    """
    try:
        (count,) = _I32.unpack_from(body)
        codes = struct.unpack_from(f"<{count}i", body, 4)
        position = 4 + 4 * count
        values = []
        for code in codes:
            value, position = _decode_value(code, body, position)
            values.append(value)
    except (struct.error, ValueError) as error:
        raise PacketError(f"the device sent values that cannot be read: {error}") from error
    if position != len(body):
        raise PacketError(f"the device sent {len(body) - position} bytes more than its values need")
    return values


def _decode_value(number: int, body: bytes, position: int) -> tuple[Value, int]:
    code = TypeCode(number)
    if code == TypeCode.NULLPTR:
        return NULL, position
    if code in (TypeCode.STR, TypeCode.BYTES):
        (size,) = _U64.unpack_from(body, position)
        start, end = position + 8, position + 8 + size
        if end > len(body):
            raise ValueError(f"a string of {size} bytes in a packet of {len(body)}")
        data = body[start:end]
        return Value(code, data.decode("utf-8", "replace") if code == TypeCode.STR else data), end
    if code == TypeCode.DLTENSOR_HANDLE:
        return _decode_tensor(body, position)
    if code == TypeCode.FLOAT:
        return Value(code, _F64.unpack_from(body, position)[0]), position + 8
    if code == TypeCode.DEVICE:
        return Value(code, Device(*_DEVICE.unpack_from(body, position))), position + 8
    if code == TypeCode.DATA_TYPE:
        return Value(code, DataType(*_DATA_TYPE.unpack_from(body, position)[:3])), position + 8
    layout = _U64 if code in _HANDLES else _I64
    return Value(code, layout.unpack_from(body, position)[0]), position + 8


def _decode_tensor(body: bytes, position: int) -> tuple[Value, int]:
    data, device_type, device_id, ndim, *dtype = _TENSOR_HEAD.unpack_from(body, position)
    if not 0 <= ndim <= 32:
        raise ValueError(f"a tensor of {ndim} dimensions")
    position += _TENSOR_HEAD.size
    *shape, byte_offset = struct.unpack_from(f"<{ndim}qQ", body, position)
    view = TensorView(
        data, Device(device_type, device_id), DataType(*dtype), tuple(shape), byte_offset
    )
    return Value(TypeCode.DLTENSOR_HANDLE, view), position + 8 * (ndim + 1)
