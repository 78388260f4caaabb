#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for an FVP of Arm's, which no test may bring along: its flags, its UART's socket.

It does what Arm's documents say of the component TelnetTerminal: each terminal listens at
``start_port`` or the next free one and prints where; in the mode ``raw`` bytes pass as they are, in
``telnet`` a negotiation comes first; nobody connected, bytes are lost. Behind the first terminal
runs ``FAKE_FVP_RUNS``, a command in which ``{application}`` is the firmware; without one, bytes
come back. ``FAKE_FVP_DIES``, ``FAKE_FVP_IS_SILENT`` and ``FAKE_FVP_PRINTS`` make it fail to start,
say nothing, and print that many bytes when somebody connects.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import threading
import time

# Parameters of the models whose flags Zephyr's board.cmake files have.
KNOWN = re.compile(
    r"(mps[34]_board|fvp_mps2|bp)\."
    r"((UART|uart|pl011_uart)\d\.(out_file|unbuffered_output)"
    r"|(telnetterminal|terminal_)\d\.(mode|start_telnet|start_port|quiet)"
    r"|\w*visualisation\.disable-visualisation)"
)
NEGOTIATION = bytes((255, 253, 3, 255, 251, 3, 255, 251, 1, 255, 253, 0, 255, 251, 0))


def main(words: list[str]) -> None:
    if os.environ.get("FAKE_FVP_DIES"):
        sys.exit(os.environ["FAKE_FVP_DIES"])
    parameters, application = parse(words)
    terminals = sorted({name.rpartition(".")[0] for name in parameters if "terminal" in name})
    listening = [listen(terminal, parameters) for terminal in terminals]
    if os.environ.get("FAKE_FVP_IS_SILENT"):
        time.sleep(60)
    run(listening[0], terminals[0], parameters, application)


def parse(words: list[str]) -> tuple[dict[str, str], str]:
    parameters, application = {}, ""
    rest = iter(words)
    for word in rest:
        if word == "-C":
            name, _, value = next(rest).partition("=")
            if not KNOWN.fullmatch(name):
                sys.exit(f"Error: parameter not found: {name}")
            parameters[name] = value
        elif word == "-a":
            application = next(rest)
        else:
            sys.exit(f"Error: unrecognized option: {word}")
    return parameters, application


def listen(terminal: str, parameters: dict[str, str]) -> socket.socket:
    if parameters.get(f"{terminal}.start_telnet", "1") != "0":
        sys.exit(f"{terminal}: xterm cannot be started")
    port = int(parameters.get(f"{terminal}.start_port", "5000"))
    listener = socket.socket()
    while True:
        try:
            listener.bind(("127.0.0.1", port))
            break
        except OSError:
            port += 1
    listener.listen()
    if parameters.get(f"{terminal}.quiet", "0") == "0" and "FAKE_FVP_IS_SILENT" not in os.environ:
        name = terminal.rpartition(".")[2]
        print(f"{name}: Listening for serial connection on port {port}", flush=True)
    return listener


def run(
    listener: socket.socket, terminal: str, parameters: dict[str, str], application: str
) -> None:
    uart = next(name for name in parameters if re.search(r"uart0\.", name, re.IGNORECASE))
    is_copied = f"{uart.rpartition('.')[0]}.out_file" in parameters
    connected: list[socket.socket] = []

    def to_host(data: bytes) -> None:
        for connection in connected:
            connection.sendall(data)
        if is_copied:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()

    firmware = None
    command = os.environ.get("FAKE_FVP_RUNS")
    if command:
        words = shlex.split(command.replace("{application}", application))
        firmware = subprocess.Popen(words, bufsize=0, stdin=-1, stdout=-1)
        threading.Thread(target=pump, args=(firmware, to_host), daemon=True).start()
    connection = listener.accept()[0]
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if parameters.get(f"{terminal}.mode", "telnet") != "raw":
        connection.sendall(NEGOTIATION)
    connected.append(connection)
    print("x" * 99 * (int(os.environ.get("FAKE_FVP_PRINTS", "0")) // 99), flush=True)
    while True:
        data = connection.recv(1 << 16)
        if data == b"end the simulation":
            sys.exit("Info: Simulation is stopping.")
        if data == b"hang up":
            connection.close()
            time.sleep(60)
        if not data:
            return
        if firmware is None:
            to_host(data)
        else:
            firmware.stdin.write(data)  # type: ignore[union-attr]


def pump(firmware: subprocess.Popen[bytes], to_host: object) -> None:
    while True:
        data = os.read(firmware.stdout.fileno(), 1 << 16)  # type: ignore[union-attr]
        if not data:
            os._exit(0)
        to_host(data)  # type: ignore[operator]


if __name__ == "__main__":
    main(sys.argv[1:])
