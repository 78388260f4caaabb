# SPDX-License-Identifier: Apache-2.0
"""What comes through the transport: microTVM's session and RPC."""

from __future__ import annotations

import time

import numpy as np

from ...executor import AotModule
from ..clause import RFC, Level, NotApplicable, clause, expect
from ..firmware import allocate, noise, require_session, session
from ..workbench import Workbench

_SOURCE = f"{RFC}: Host-driven model inference"
_MEBIBYTE = 1 << 20


@clause("device.session", _SOURCE)
def opens_session(bench: Workbench) -> None:
    """The firmware takes part in a session and answers microTVM's RPC."""
    with bench.connected() as server, session(server) as (opened, _):
        opened.get_system_lib()


@clause("device.model", _SOURCE)
def runs_model(bench: Workbench) -> None:
    """The model runs on the device and gives the right answer."""
    if not bench.has_own_model:
        raise NotApplicable("with --model the right answer is not known")
    require_session(bench)
    x = np.array([1, -2, 0.5, 100], np.float32)
    with bench.connected() as server, session(server) as (opened, _):
        model = AotModule(opened.create_aot_executor())
        for scale in (1, 3):
            model.run(x=scale * x)
            got = model.get_output(0).numpy()
            expect(
                np.array_equal(got, 2 * scale * x + 1),
                f"2 x + 1 for {scale * x} is {got}",
                "look at how inputs and outputs are placed in the device's memory",
            )


@clause("device.mebibyte", _SOURCE)
def mebibyte(bench: Workbench) -> str:
    """1 MiB to the device and back comes unchanged."""
    require_session(bench)
    with bench.connected() as server, session(server) as (opened, _):
        tensor = allocate(opened, _MEBIBYTE)
        size = tensor.shape[0]
        data = noise(size)
        up = down = 0.0
        for _ in range(_MEBIBYTE // size):
            begin = time.monotonic()
            tensor.copyfrom(data)
            middle = time.monotonic()
            got = tensor.numpy()
            up, down = up + middle - begin, down + time.monotonic() - middle
            expect(
                np.array_equal(got, data),
                f"{np.count_nonzero(got != data)} of {size} bytes differ",
                "write all bytes, in order, however long the write",
            )
            data = np.roll(data, 1)
    parts = "" if size == _MEBIBYTE else f" in parts of {size} bytes"
    return f"{up:.2f} s to the device, {down:.2f} s back{parts}"


@clause("device.second_session", _SOURCE, level=Level.RECOMMENDED)
def second_session(bench: Workbench) -> None:
    """A second session over the same transport works, whether the first was ended or not."""
    require_session(bench)
    with bench.connected() as server:
        with session(server) as (opened, tap):
            opened.get_system_lib()
            # The first is not over yet: its client forgot it.
            try:
                with session(server) as (again, _):
                    again.get_system_lib()
            finally:
                tap.written.clear()
        with session(server) as (opened, _):
            opened.get_system_lib()
