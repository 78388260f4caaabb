# SPDX-License-Identifier: Apache-2.0
"""MinRPC packets against bytes worked out by hand from TVM 0.18's headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microtvm.rpc.packets import (
    NULL,
    Code,
    DataType,
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

VIEW = TensorView(0x20001000, Device(1, 0), DataType(2, 32, 1), (1, 64))


def wire(text: str) -> bytes:
    return bytes.fromhex(text.replace("|", " "))


def test_look_up_a_function() -> None:
    # 23 bytes after the length: code 9 (kGetGlobalFunc), one value of type 11 (kTVMStr), its
    # length as uint64, "run".
    assert encode(Code.GET_GLOBAL_FUNC, encode_values([Value(TypeCode.STR, "run")])) == wire(
        "1700000000000000 | 09000000 | 01000000 | 0b000000 | 0300000000000000 | 72756e"
    )


def test_call_without_arguments() -> None:
    # Code 3 (kCallFunc), the function's handle as uint64, no values.
    handle = (0x8001_8002).to_bytes(8, "little")
    assert encode(Code.CALL_FUNC, handle, encode_values([])) == wire(
        "1000000000000000 | 03000000 | 0280018000000000 | 00000000"
    )


def test_numbers_devices_and_handles() -> None:
    values = [
        Value(TypeCode.INT, -2),
        Value(TypeCode.FLOAT, 1.0),
        Value(TypeCode.MODULE_HANDLE, 0x8000),
        Value(TypeCode.DEVICE, Device(1, 0)),
        NULL,
    ]
    assert encode_values(values) == wire(
        "05000000 | 00000000 02000000 09000000 06000000 04000000"
        "| feffffffffffffff | 000000000000f03f | 0080000000000000 | 01000000 00000000 |"
    )


def test_allocate() -> None:
    # Device, bytes, alignment, and a data type padded to eight bytes: float, 32 bits, one lane.
    values = [
        Value(TypeCode.DEVICE, Device(1, 0)),
        Value(TypeCode.INT, 256),
        Value(TypeCode.INT, 16),
        Value(TypeCode.DATA_TYPE, DataType(2, 32, 1)),
    ]
    assert encode(Code.DEV_ALLOC_DATA, encode_values(values)) == wire(
        "3800000000000000 | 0d000000 | 04000000 | 06000000 00000000 00000000 05000000"
        "| 01000000 00000000 | 0001000000000000 | 1000000000000000 | 02 20 0100 00000000"
    )


def test_copy_to_the_device() -> None:
    # Code 7, then a DLTensor: data, device, ndim, dtype, shape, byte offset; bytes to come; bytes.
    tensor = (
        "0010002000000000 | 01000000 00000000 | 02000000 | 02 20 0100"
        "| 0100000000000000 4000000000000000 | 0800000000000000"
    )
    view = VIEW._replace(byte_offset=8)
    assert encode_copy(Code.COPY_TO_REMOTE, view, 3, b"abc") == wire(
        f"3f00000000000000 | 07000000 | {tensor} | 0300000000000000 | 616263"
    )


def test_copy_overhead_is_all_but_the_length_and_the_data() -> None:
    assert copy_overhead_bytes(VIEW) == len(encode_copy(Code.COPY_FROM_REMOTE, VIEW, 1)) - 8


def test_a_tensor_comes_back_as_three_values() -> None:
    # What NormalCallFunc sends for an array: its kind (13) as a number, the DLTensor (type 7), and
    # a handle (type 3).
    body = wire(
        "03000000 | 00000000 07000000 03000000 | 0d00000000000000"
        "| 0010002000000000 | 01000000 00000000 | 02000000 | 02 20 0100"
        "| 0100000000000000 4000000000000000 | 0000000000000000 | 8877665500000000"
    )
    kind, tensor, handle = decode_values(body)
    assert kind == Value(TypeCode.INT, TypeCode.NDARRAY_HANDLE)
    assert tensor == Value(TypeCode.DLTENSOR_HANDLE, VIEW)
    assert handle == Value(TypeCode.OPAQUE_HANDLE, 0x55667788)


def test_decode_an_exception() -> None:
    code, body = decode(
        wire("1600000000000000 | 05000000 | 01000000 | 0b000000 | 0200000000000000 | 6e6f")
    )
    assert code == Code.EXCEPTION
    assert decode_values(body) == [Value(TypeCode.STR, "no")]


@pytest.mark.parametrize(
    ("packet", "says"),
    [
        (b"", "0 bytes"),
        (bytes(11), "11 bytes"),
        (wire("0500000000000000 04000000 0000"), "6 bytes that announces 5"),
    ],
)
def test_a_packet_of_the_wrong_length_is_refused(packet: bytes, says: str) -> None:
    with pytest.raises(PacketError, match=says):
        decode(packet)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "01000000",
        "ffffffff",
        "01000000 00000000 00",  # half a number
        "01000000 63000000 0000000000000000",  # type 99
        "01000000 0b000000 ffffffffffffffff 61",  # a string longer than its packet
        "01000000 04000000 00",  # a byte too many
        "01000000 07000000" + "00" * 16 + "ffffff7f" + "00" * 12,  # a tensor of 2^31 dimensions
    ],
)
def test_spoiled_values_are_refused(body: str) -> None:
    with pytest.raises(PacketError):
        decode_values(bytes.fromhex(body))


@given(st.binary(max_size=120))
def test_any_bytes_are_values_or_refused(body: bytes) -> None:
    try:
        values = decode_values(body)
    except PacketError:
        return
    assert encode_values(values)[:4] == body[:4]


VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(lambda n: Value(TypeCode.INT, n)),
    st.integers(0, 2**64 - 1).map(lambda n: Value(TypeCode.OPAQUE_HANDLE, n)),
    st.floats(allow_nan=False).map(lambda x: Value(TypeCode.FLOAT, x)),
    st.text(max_size=20).map(lambda s: Value(TypeCode.STR, s)),
    st.binary(max_size=20).map(lambda b: Value(TypeCode.BYTES, b)),
    st.just(NULL),
    st.lists(st.integers(0, 9), max_size=4).map(
        lambda shape: Value(TypeCode.DLTENSOR_HANDLE, VIEW._replace(shape=tuple(shape)))
    ),
)


@given(st.lists(VALUES, max_size=5))
def test_round_trip(values: list[Value]) -> None:
    code, body = decode(encode(Code.RETURN, encode_values(values)))
    assert code == Code.RETURN
    assert decode_values(body) == values
