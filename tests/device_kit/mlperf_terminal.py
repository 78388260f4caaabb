# SPDX-License-Identifier: Apache-2.0
"""MLPerf Tiny's commands over a transport."""

from __future__ import annotations

from typing import Any


class Terminal:
    """Lines from a transport, as EEMBC's runner reads them."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def say(self, command: str) -> list[str]:
        """The answer to a command, without the line that ends each."""
        self._transport.write(f"{command}%".encode(), 10)
        return self.lines()

    def lines(self) -> list[str]:
        text = b""
        while not text.endswith(b"m-ready\r\n"):
            text += self._transport.read(1, 30)
        return text.decode().split("\r\n")[:-2]

    def load(self, data: bytes) -> None:
        """As mlcommons/tiny's runner loads: 31 bytes in a command."""
        assert self.say(f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]"]
        answers = [self.say(f"db {data[i : i + 31].hex()}") for i in range(0, len(data), 31)]
        assert answers == [[]] * (len(answers) - 1) + [["m-load-done"]]
