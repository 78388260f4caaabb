# SPDX-License-Identifier: Apache-2.0
"""Recorded runs made up for the report's tests: one board, thirty, and one of hostile words."""

from __future__ import annotations

import json
import random
from typing import Any

from hil_tests.report.runs import Run, read

HOSTILE = (
    "</script></style></pre><script>document.title='taken'</script>",
    '"><img src="http://elsewhere.example/x.png" onerror="document.title=1">',
    "{{ 7 * 7 }}{% include 'page.css' %}",
    "\x1b[2J\x1b[31mred\x07\x00\x9b",
    "right\u202eot tfel\u2066 \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "x" * 5000,
    "W" * 300 + "\ud800",
    "javascript:alert(1)",
)
TESTS = [
    "test_flashing.py::test_another_model_answers_and_then_the_first_again",
    "test_link.py::test_echo_soak",
    "test_link.py::test_round_trips",
    "test_sessions.py::test_hundred_sessions_one_after_the_other",
    *(f"test_tensors.py::test_every_dtype_and_odd_sizes[{n}]" for n in range(24)),
    "test_time_evaluator.py::test_ten_times_the_runs_take_ten_times_as_long",
]
WIRE = "\n".join(
    f"{turn / 100:9.3f} s {'sent' if turn % 2 else 'received':>8} 12 bytes: "
    "ff fe 03 00 00 00 41 42 43 44 9a 1b  |......ABCD..|"
    for turn in range(40)
)
MESSAGE = """device = <BoardUnderTest>

    def test_echo_soak(device, record, request):
>       np.testing.assert_array_equal(tensor.numpy(), sent)

hil_tests/test_link.py:38:
E   microtvm.transport.TransportClosedError: QEMU ended with signal 9 (SIGKILL)

hil_tests/device/board_under_test.py:240: TransportClosedError"""


def lines(
    boards: int = 1, failing: int = 0, seed: int = 1, slower: float = 1.0, larger: int = 0
) -> list[str]:
    """Give a run's lines; of the boards that fail the first dies, all are slower by that factor."""
    noise = random.Random(seed)
    names = [
        f"{NAMES[n % len(NAMES)]}{f' #{n // len(NAMES) + 1}' if boards > 5 else ''}"
        for n in range(boards)
    ]
    made: list[dict[str, Any]] = [_head(names)]
    for number, name in enumerate(names):
        base = 0.002 * (1 + number % 5) * slower
        dead = ""
        for turn, test in enumerate(TESTS):
            made.append(_test(name, test, noise, 0.05 * (1 + turn % 7)))
            figures = made[-1]["figures"]
            if turn == 0:
                figures["sizes"] = {
                    "firmware": {"flash_bytes": 34213 + 911 * number + larger, "ram_bytes": 9120}
                }
            elif dead:
                made[-1].update(outcome="error", message=f"E  {dead}", dead=dead)
            elif turn == 1:
                _soak(figures, noise, number, base, slower)
                if number < failing:
                    made[-1].update(outcome="failed", message=MESSAGE, wire=WIRE, tools="qemu: 9")
                    dead = "QEMU ended with signal 9 (SIGKILL)" if number == 0 else ""
            elif turn == 2:
                figures["latency"] = {"round trip": _samples(noise, base, 100)}
            elif turn == 3:
                figures["latency"] = {"session start": _samples(noise, 9 * base, 100)}
            elif turn == 10 and number % 3 == 0:
                made[-1].update(outcome="skipped", message="a port is missing")
    made.append(
        {"kind": "end", "ended": "2026-11-30T16:13:41+00:00", "exit_status": int(failing > 0)}
    )
    return [json.dumps(entry) for entry in made]


NAMES = ("mega2560", "nucleo_f767zi", "mps2_an385", "nano33ble", "esp32s3_devkitc")


def run(**of: Any) -> Run:
    """Give the same as read back."""
    return read(lines(**of), "made up")


def hostile() -> Run:
    """Give a run in which all that a board, a tool or a map can say is hostile."""
    told = dict(zip(("known_by", "template"), HOSTILE, strict=False))
    made: list[dict[str, Any]] = [_head([*HOSTILE])]
    made[0]["line"] = f"hil: {HOSTILE[0]} {HOSTILE[4]}"
    made[0]["machine"] = {"name": HOSTILE[0], "system": HOSTILE[3], "python": HOSTILE[5]}
    for board, word in zip(made[0]["boards"], HOSTILE, strict=True):
        board.update(told, options={word: word})
        for outcome in ("failed", "passed", "skipped", "error"):
            words = dict.fromkeys(("message", "wire", "tools"), f"{word}\n" * 30)
            figures = {
                "latency": {word: {"seconds": [0.0, 1e-9, 1e9], "measured": 3}},
                "throughput": {word: {"bytes": 1, "seconds": 9e9, "line_bytes_per_sec": 1e-9}},
                "sizes": {word: {"flash_bytes": 10**15, "ram_bytes": 0}},
                "counts": {word: {"number": 1e15, "unit": word}},
            }
            test = {"kind": "test", "board": board["name"], "name": f"{word} {outcome}"}
            made.append({**test, "outcome": outcome, "seconds": 1e6, "figures": figures, **words})
            if outcome == "error":
                made[-1]["dead"] = word
    change = dict.fromkeys(("board", "what", "before", "now", "change"), HOSTILE[0])
    made.append(
        {
            "kind": "comparison",
            "with": HOSTILE[1],
            "undecided": [HOSTILE[5]],
            "changes": [{**change, "verdict": "slower"}],
        }
    )
    return read([json.dumps(entry) for entry in made], "hostile")


def _head(names: list[str]) -> dict[str, Any]:
    boards = [
        {
            "name": name,
            "kind": "emulated" if name.startswith("mps2") else "attached",
            "known_by": f"USB 2341:0042, serial number 7583{number:04}",
            "template": "arduino" if name.startswith("mega") else "zephyr",
            "options": {"board": name, "port": f"/dev/ttyACM{number}"},
        }
        for number, name in enumerate(names)
    ]
    return {
        "kind": "run",
        "schema": 1,
        "line": f"hil: {', '.join(names)}, of the map bench.yml",
        "begun": "2026-11-30T16:09:12+00:00",
        "version": "0.1.0",
        "machine": {"name": "bench-2", "system": "Linux 6.1 aarch64", "python": "3.11.2"},
        "boards": boards,
    }


def _test(board: str, name: str, noise: random.Random, seconds: float) -> dict[str, Any]:
    test = {"kind": "test", "board": board, "name": name, "outcome": "passed", "begun": 1.8e9}
    return {**test, "seconds": seconds * noise.uniform(0.9, 1.1), "figures": {}}


def _soak(figures: dict, noise: random.Random, number: int, base: float, slower: float) -> None:
    rate = 11520 * noise.uniform(0.62, 0.66) / slower
    line = None if number % 5 == 2 else 11520
    figures["throughput"] = {
        "echo": {"bytes": round(5 * rate), "seconds": 5.0, "line_bytes_per_sec": line}
    }
    figures["latency"] = {"echo": _samples(noise, 20 * base, 60)}


def _samples(noise: random.Random, median: float, number: int) -> dict[str, Any]:
    seconds = [median * noise.lognormvariate(0, 0.12) for _ in range(number)]
    return {"seconds": seconds, "measured": number}
