# SPDX-License-Identifier: Apache-2.0
"""A device that serves a model honestly, except where it is told to lie.

What it answers is built with `struct` alone, so that it can say what no encoder of ours would.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np

from .scripted import NORMAL, SESSION_STARTED, ScriptedTransport, message, nonce_of

RETURN, EXCEPTION, COPY_ACK = 4, 5, 8
_CALL, _COPY_FROM, _COPY_TO, _GET_FUNCTION = 3, 6, 7, 9
INT, FLOAT, HANDLE, NULL, TENSOR, MODULE, FUNCTION, STR, BYTES = 0, 2, 3, 4, 7, 9, 10, 11, 12
_RESPONDER = 0x5A

#: A lie: given the name of what was called and the honest answer, the payload to send instead.
Lie = Callable[[str, bytes], bytes]


def reply(code: int, body: bytes) -> bytes:
    """A packet of MinRPC."""
    return struct.pack("<Qi", 4 + len(body), code) + body


def values(*items: tuple[int, bytes]) -> bytes:
    """A sequence of values, each a type code and its bytes."""
    codes = b"".join(struct.pack("<i", code) for code, _ in items)
    return struct.pack("<i", len(items)) + codes + b"".join(data for _, data in items)


def returned(kind: int, code: int, data: bytes) -> bytes:
    """The answer to a call: the type, then the value."""
    return reply(RETURN, values((INT, struct.pack("<q", kind)), (code, data)))


def integer(value: int) -> bytes:
    """The answer to a call that gives a number of 64 bits."""
    return returned(INT, INT, struct.pack("<Q", value % (1 << 64)))


def text(data: bytes, code: int = STR) -> bytes:
    """The answer to a call that gives a string, or bytes."""
    return returned(code, code, struct.pack("<Q", len(data)) + data)


def tensor(shape: tuple[int, ...], bits: int = 32, offset: int = 0) -> bytes:
    """The answer to a call that gives a tensor of floats."""
    head = struct.pack("<QiiiBBH", 0x1000, 1, 0, len(shape), 2, bits, 1)
    return returned(TENSOR, TENSOR, head + struct.pack(f"<{len(shape)}qQ", *shape, offset))


def exception(data: bytes) -> bytes:
    """A refusal."""
    return reply(EXCEPTION, values((STR, struct.pack("<Q", len(data)) + data)))


class HostileDevice:
    """``y = x`` over four floats.

    Parameters
    ----------
    lie : callable
        What is sent instead of each honest answer.
    noise : callable, optional
        Gives bytes to put on the wire before each answer.
    """

    def __init__(self, lie: Lie, noise: Callable[[], bytes] = bytes):
        self._lie = lie
        self._noise = noise
        self._names: list[str] = []
        self._session = 0

    def transport(self, seconds: float = 0.02) -> ScriptedTransport:
        """A way to it that waits no longer than ``seconds`` for anything."""
        return ScriptedTransport(self.take, (seconds, seconds, seconds))

    def take(self, written: bytes) -> bytes:
        """Answer what was written."""
        payload = written[written.rindex(b"\xff\xfd") + 2 :].replace(b"\xff\xff", b"\xff")[4:-2]
        kind = payload[2]
        if kind == 0:
            self._session = nonce_of(written) | _RESPONDER << 8
            return message(self._session, SESSION_STARTED, b"\x01")
        if kind != NORMAL:
            return b""
        (code,) = struct.unpack_from("<i", payload, 11)
        name, honest = self._honest(code, payload[15:])
        return self._noise() + message(self._session, NORMAL, self._lie(name, honest))

    def _honest(self, code: int, body: bytes) -> tuple[str, bytes]:
        if code == _GET_FUNCTION:
            return "look-up", reply(RETURN, values((HANDLE, self._named(body[16:].decode()))))
        if code == _CALL:
            (handle,) = struct.unpack_from("<Q", body)
            name = self._names[handle - 1] if 0 < handle <= len(self._names) else "nothing"
            if name.endswith("ModuleGetFunction"):
                (count,) = struct.unpack_from("<i", body, 8)
                start = 12 + 4 * count + 8
                (size,) = struct.unpack_from("<Q", body, start)
                found = self._named(body[start + 8 : start + 8 + size].decode())
                return name, returned(FUNCTION, FUNCTION, found)
            return name, self._called(name)
        if code == _COPY_FROM:
            (size,) = struct.unpack_from("<Q", body, len(body) - 8)
            return "copy", reply(COPY_ACK, bytes(min(size, 1 << 16)))
        return "copy" if code == _COPY_TO else "free", reply(RETURN, values((NULL, b"")))

    def _named(self, name: str) -> bytes:
        self._names.append(name)
        return struct.pack("<Q", len(self._names))

    def _called(self, name: str) -> bytes:
        if name in ("runtime.SystemLib", "tvm.aot_executor.create"):
            return returned(MODULE, MODULE, struct.pack("<Q", 77))
        if name in ("get_num_inputs", "get_num_outputs"):
            return integer(1)
        if name == "get_input_name":
            return text(b"x")
        if name in ("get_input", "get_output"):
            return tensor((4,))
        if name == "runtime.RPCTimeEvaluator":
            return returned(FUNCTION, FUNCTION, self._named("evaluator"))
        if name == "evaluator":
            return text(np.full(2, 0.001).tobytes(), BYTES)
        if name == "microtvm.memory_stats":
            return text(struct.pack("<4I", 1024, 16, 16, 1008), BYTES)
        if name == "microtvm.max_packet_size":
            return integer(2048)
        return returned(NULL, NULL, b"")
