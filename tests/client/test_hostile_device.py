# SPDX-License-Identifier: Apache-2.0
"""The client against devices that are broken or hostile: one clear error, and no memory or time."""

from __future__ import annotations

import random
import struct
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from microtvm import Session
from microtvm.archive import ModelFacts, TensorFacts
from microtvm.errors import MicroTVMError
from microtvm.inference import Answers, ForeignFirmwareError, infer, input_tensors, open_executor
from microtvm.rpc import link as link_module
from microtvm.rpc.framing import MAX_PAYLOAD_BYTES, Unframer
from microtvm.rpc.link import SessionTimeoutError
from microtvm.rpc.packets import PacketError
from microtvm.rpc.remote import RemoteError
from microtvm.samples import Samples
from microtvm.transport import IoTimeoutError, TransportClosedError
from server_kit.api.methods import MAX_READ_BYTES

from . import hostile_device as hostile
from .hostile_device import HostileDevice
from .scripted import LOG, ScriptedTransport, message, packet

X = TensorFacts("x", "float32", 16, (4,))
Y = TensorFacts("y", "float32", 16, (4,))
MODEL = ModelFacts("default", "device_kit.1", ("aot",), (X,), (Y,), 0, 16, "", 7)
EXPECTED = (MicroTVMError, IoTimeoutError, TransportClosedError)


def run(transport: ScriptedTransport, model: ModelFacts | None = MODEL) -> Answers:
    """What ``microtvm run`` does in a session."""
    with Session(transport) as session:
        executor = open_executor(session, model)
        names = [tensor.name for tensor in input_tensors(executor, model)]
        samples = Samples({name: np.ones((2, 4), np.float32) for name in names}, 2, True)
        return infer(session, executor, model, samples, 2, lambda: None)


def lying_about(name: str, answer: bytes) -> HostileDevice:
    return HostileDevice(lambda asked, honest: answer if asked == name else honest)


def test_the_honest_device_is_served() -> None:
    answers = run(HostileDevice(lambda _, honest: honest).transport())
    assert answers.outputs["y"].shape == (2, 4)
    assert answers.device_time is not None and answers.device_time.mean == 0.001


@pytest.mark.parametrize(
    ("name", "answer", "says"),
    [
        ("get_num_inputs", hostile.integer(1 << 40), "has 1099511627776 inputs"),
        ("get_num_inputs", hostile.integer(-1), "has -1 inputs"),
        ("get_num_outputs", hostile.integer(1 << 62), "outputs"),
        ("get_num_inputs", hostile.text(b"many"), "has 'many' inputs"),
        ("get_num_outputs", hostile.returned(4, 4, b""), "has None outputs"),
        ("get_num_outputs", hostile.returned(2, 2, struct.pack("<d", float("nan"))), "has nan"),
        ("get_input_name", hostile.integer(3), "the name of input 0 is 3"),
        ("get_input_name", hostile.text(b"x" * 5000), "the name of input 0 is 'xxx"),
        ("get_input", hostile.tensor((1 << 20, 1 << 20)), "at most 2147483648 bytes"),
        ("get_input", hostile.tensor((-1, -4)), r"shape \(-1, -4\)"),
        ("get_output", hostile.tensor((1 << 62,)), "are believed"),
        ("get_output", hostile.tensor((4,), offset=(1 << 64) - 1), "at byte 18446744073709551615"),
        ("get_output", hostile.returned(4, 4, b""), "None instead of the tensor of output 0"),
        ("get_input", hostile.integer(5), "5 instead of the tensor of input 0"),
        ("runtime.SystemLib", hostile.returned(4, 4, b""), "None instead of a module"),
        ("runtime.SystemLib", hostile.returned(9, 11, struct.pack("<Q", 0)), "is at ''"),
        ("tvm.aot_executor.create", hostile.integer(1), "1 instead of a module"),
        ("tvm.rpc.server.ModuleGetFunction", hostile.returned(10, 0, b"\xff" * 8), "is at -1"),
        ("runtime.RPCTimeEvaluator", hostile.integer(1), "1 instead of a time evaluator"),
        ("evaluator", hostile.text(np.full(2, np.nan).tobytes(), 12), "a time of nan s"),
        ("evaluator", hostile.text(np.full(2, -1.0).tobytes(), 12), r"a time of -1\.0 s"),
        ("evaluator", hostile.text(b"\0" * 80, 12), "not 2 times of 8 bytes"),
        ("evaluator", hostile.returned(4, 4, b""), "answered None"),
        ("microtvm.max_packet_size", hostile.text(b"big"), "'big'"),
        ("microtvm.max_packet_size", hostile.integer(10), "packets hold 10 bytes"),
        ("microtvm.memory_stats", hostile.text(b"\0" * 17, 12), "memory_stats answered"),
        ("look-up", hostile.integer(1), "instead of a handle"),
        ("copy", hostile.reply(8, b"short"), "5 bytes of a tensor|with code 8"),
        ("run", hostile.reply(99, b""), "with code 99"),
        ("run", b"tiny", "a packet of 4 bytes"),
        ("run", hostile.reply(4, struct.pack("<i", 1 << 30)), "cannot be read"),
        ("run", hostile.reply(4, struct.pack("<i", -7)), "cannot be read"),
    ],
)
def test_what_is_announced_is_not_believed(name: str, answer: bytes, says: str) -> None:
    tracemalloc.start()
    with pytest.raises(PacketError, match=says):
        run(lying_about(name, answer).transport())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20


def test_a_packet_of_any_announced_size_is_cut_to_a_sane_one() -> None:
    run(lying_about("microtvm.max_packet_size", hostile.integer(1 << 40)).transport())


@pytest.mark.parametrize(
    ("name", "answer", "says"),
    [
        ("get_output", hostile.tensor((5,)), "float32 of 20 bytes, shape .5,., on the device"),
        ("get_input", hostile.tensor((4,), bits=64), "float64 of 32 bytes"),
        ("get_num_outputs", hostile.integer(2), "has 2 outputs; the project's has 1"),
    ],
)
def test_tensors_are_compared_with_the_archives(name: str, answer: bytes, says: str) -> None:
    with pytest.raises(ForeignFirmwareError, match=says) as caught:
        run(lying_about(name, answer).transport())
    assert "microtvm flash" in str(caught.value.hint)


def test_what_a_device_says_is_shown_escaped_and_cut() -> None:
    bad = b"\x1b[2Jgone\r\nmicrotvm: error: \xe2\x80\xae" + b"x" * 100_000
    with pytest.raises(RemoteError) as caught:
        run(lying_about("run", hostile.exception(bad)).transport())
    said = str(caught.value)
    assert r"\x1b[2Jgone\r\nmicrotvm: error: \u202e" in said and said.isprintable()
    assert len(said) < 3000
    lines: list[str] = []
    device = HostileDevice(lambda _, honest: honest, lambda: message(0, LOG, bad))
    with Session(device.transport(), on_log=lines.append) as session:
        open_executor(session, MODEL)
    assert lines and all(line.isprintable() and len(line) < 3000 for line in lines)


def test_noise_that_announces_more_than_a_server_reads_is_skipped() -> None:
    """A header of 8 to 16 MiB was once waited for, in a read that the server refuses."""
    for size in (MAX_PAYLOAD_BYTES + 1, 12 << 20, 0xFFFFFFFE):
        header = b"\xff\xfd" + struct.pack("<I", size).replace(b"\xff", b"\xff\xff")
        run(HostileDevice(lambda _, honest: honest, lambda h=header: h).transport())
    unframer = Unframer()
    unframer.feed(b"\xff\xfd" + struct.pack("<I", MAX_PAYLOAD_BYTES))
    assert MAX_PAYLOAD_BYTES < unframer.bytes_needed() <= MAX_READ_BYTES


class Clock:
    """A clock that only reads of the wire move."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Flood(ScriptedTransport):
    """A device that answers everything with bytes without end, a millisecond for each read."""

    def __init__(self, clock: Clock, byte: bytes):
        super().__init__(lambda _: b"", (0, 2, 2))
        self._clock = clock
        self._byte = byte

    def read(self, n: int, timeout_sec: float | None) -> bytes:
        self._clock.now += 0.001
        return self._byte * n


@pytest.mark.parametrize("byte", [b"\x55", b"\xff", packet(b"ab")], ids=["text", "ff", "packets"])
def test_a_flood_overshoots_a_limit_by_no_more_than_the_drain(
    monkeypatch: pytest.MonkeyPatch, byte: bytes
) -> None:
    clock = Clock()
    monkeypatch.setattr(link_module, "time", clock)
    with pytest.raises(SessionTimeoutError):
        run(Flood(clock, byte))
    assert 2.0 <= clock.now < 2.0 + 0.3


def _mutated(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.choice([0, 1, 4, 7, 0x7F, 0x80, 0xFF])
    return bytes(changed[: rng.choice([len(changed), rng.randrange(len(changed) + 1)])])


_EXTREMES = [-(1 << 63), -1, 0, 1, 1 << 20, 1 << 31, 1 << 40, 1 << 62]


def _lie(rng: random.Random, honest: bytes) -> bytes:
    lies: list[Callable[[], bytes]] = [
        lambda: hostile.integer(rng.choice(_EXTREMES)),
        lambda: hostile.tensor(tuple(rng.choice(_EXTREMES) for _ in range(rng.randrange(4)))),
        lambda: hostile.tensor(
            (4,), rng.choice([0, 1, 7, 64, 255]), rng.choice([0, (1 << 64) - 1])
        ),
        lambda: hostile.text(rng.randbytes(rng.randrange(64)), rng.choice([11, 12])),
        lambda: hostile.returned(rng.randrange(-1, 17), 0, rng.randbytes(8)),
        lambda: hostile.returned(rng.randrange(17), rng.randrange(17), rng.randbytes(8)),
        lambda: hostile.returned(4, 4, b""),
        lambda: hostile.exception(rng.randbytes(rng.randrange(64))),
        lambda: hostile.reply(rng.randrange(-1, 16), rng.randbytes(rng.randrange(64))),
        lambda: rng.randbytes(rng.randrange(64)),
        lambda: _mutated(honest, rng),
    ]
    return rng.choice(lies)()


@settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(seed=st.integers(0, 1 << 32), honesty=st.sampled_from([0.5, 0.9, 0.97]), facts=st.booleans())
def test_fuzz_the_client(seed: int, honesty: float, facts: bool) -> None:
    """Whatever a device answers, the client ends with an answer or with one of its own errors."""
    rng = random.Random(seed)
    device = HostileDevice(
        lambda _, honest: honest if rng.random() < honesty else _lie(rng, honest),
        lambda: rng.randbytes(rng.randrange(16)) if rng.random() < 0.05 else b"",
    )
    try:
        run(device.transport(0.002), MODEL if facts else None)
    except EXPECTED as error:
        assert len(str(error)) < 5000
