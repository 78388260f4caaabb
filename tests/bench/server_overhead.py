#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Print what the host template's server costs, beside TVM 0.18's host server if that is provided.

Both run on the same interpreter and drive the same firmware, a program that echoes. TVM's is the
directory of its ``microtvm_api_server.py``. It imports all of TVM; for an interpreter without TVM,
name TVM's ``project_api`` directory too, and it gets that alone.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from microtvm.check import tiny_archive  # noqa: E402
from server_kit.api import base85  # noqa: E402
from tests.server_kit.pipe_driver import PipeDriver  # noqa: E402

READ_BYTES = 128
WRITE_BYTES = 64 * 1024
CALLS = 200
STARTS = 9
SETTLE_SEC = 0.0005

ECHO = """
#include <unistd.h>
int main(void) {
    static char data[1 << 16];
    for (;;) {
        ssize_t size = read(0, data, sizeof data);
        if (size <= 0) return 0;
        for (ssize_t sent = 0; sent < size;) {
            ssize_t now = write(1, data + sent, (size_t)(size - sent));
            if (now <= 0) return 1;
            sent += now;
        }
    }
}
"""

Measured = dict[str, float]
NAMES = {
    "start_ms": "server start to first reply",
    "read_ms": f"one read of {READ_BYTES} bytes",
    "write_ms": f"one write of {WRITE_BYTES // 1024} KiB",
}


class Server:
    """A project's server on an interpreter."""

    def __init__(self, directory: pathlib.Path, python: str, env: dict[str, str] | None = None):
        self._directory = directory
        self._python = python
        self._env = env

    def start(self) -> PipeDriver:
        """Start it."""
        return PipeDriver(self._directory, self._python, self._env)


def main() -> None:
    """Measure and print."""
    reference = os.environ.get("MICROTVM_TVM_REFERENCE", "")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--tvm-server",
        type=pathlib.Path,
        default=pathlib.Path(reference, "v0.18.0/host/host") if reference else None,
        help="the directory of TVM 0.18's host server; default: v0.18.0/host/host in"
        " MICROTVM_TVM_REFERENCE",
    )
    parser.add_argument(
        "--tvm-project-api",
        type=pathlib.Path,
        default=pathlib.Path(reference, "v0.18.0/project_api") if reference else None,
        help="TVM's python/tvm/micro/project_api, for a --python without TVM",
    )
    parser.add_argument(
        "--python",
        default=os.environ.get("MICROTVM_TVM_PYTHON", sys.executable),
        help="runs both servers; default: MICROTVM_TVM_PYTHON, or this one",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = compare(pathlib.Path(scratch), args)
    if args.json:
        print(json.dumps(result))
        return
    show(result)


def compare(scratch: pathlib.Path, args: argparse.Namespace) -> dict[str, Measured | str]:
    """Measure ours, and TVM's where it is there."""
    firmware = scratch / "echo"
    (scratch / "echo.c").write_text(ECHO)
    compiler = os.environ.get("CC") or shutil.which("cc") or "cc"
    subprocess.run([compiler, "-O2", "-o", firmware, scratch / "echo.c"], check=True)
    servers = {"microtvm": our_server(scratch, firmware, args.python)}
    result: dict[str, Measured | str] = {}
    if args.tvm_server is None or not (args.tvm_server / "microtvm_api_server.py").is_file():
        result["note"] = "TVM 0.18's host server is not provided (--tvm-server); nothing to compare"
    else:
        servers["tvm"], result["note"] = tvm_server(scratch, firmware, args)
    # In turns, so that what else the machine does disturbs both alike.
    starts: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(STARTS):
        for name, server in servers.items():
            starts[name].append(first_reply(server))
    for name, server in servers.items():
        result[name] = {"start_ms": 1000 * float(np.median(starts[name])), **calls(server)}
    return result


def our_server(scratch: pathlib.Path, firmware: pathlib.Path, python: str) -> Server:
    """A project of the host template, with the echo for its firmware."""
    template, project = scratch / "template", scratch / "project"
    shutil.copytree(REPOSITORY / "templates" / "host", template)
    archive = tiny_archive.write(scratch / "model.tar")
    with PipeDriver(template, python) as server:
        paths = {"model_library_format_path": str(archive), "project_dir": str(project)}
        server.call("generate_project", **paths, options={})
    return with_firmware(project, firmware, python)


def tvm_server(
    scratch: pathlib.Path, firmware: pathlib.Path, args: argparse.Namespace
) -> tuple[Server, str]:
    """A project of TVM's host template as its server sees it: the archive is there."""
    project = scratch / "tvm_project"
    project.mkdir()
    shutil.copy(args.tvm_server / "microtvm_api_server.py", project)
    (project / "model.tar").write_bytes(b"")
    has_tvm = subprocess.run(
        [args.python, "-c", "import tvm.micro.project_api.server"], capture_output=True, check=False
    )
    if has_tvm.returncode == 0:
        return with_firmware(project, firmware, args.python), "TVM's server imports all of TVM"
    package = scratch / "only" / "tvm" / "micro" / "project_api"
    shutil.copytree(args.tvm_project_api, package)
    for parent in (package.parent, package.parent.parent):
        (parent / "__init__.py").write_text("")
    env = {"PYTHONPATH": str(scratch / "only")}
    note = f"{args.python} has no TVM: TVM's server is spared the import of it"
    return with_firmware(project, firmware, args.python, env), note


def with_firmware(
    project: pathlib.Path, firmware: pathlib.Path, python: str, env: dict[str, str] | None = None
) -> Server:
    """Put the echo where a build would put the firmware."""
    (project / "build").mkdir()
    shutil.copy2(firmware, project / "build" / "main")
    return Server(project, python, env)


def first_reply(server: Server) -> float:
    """Seconds from starting the server to its first reply."""
    begin = time.perf_counter()
    with server.start() as started:
        started.call("server_info_query", tvm_version="0.18.0")
        return time.perf_counter() - begin


def calls(server: Server) -> Measured:
    """Milliseconds of a small read and of a large write: medians."""
    small, large = os.urandom(READ_BYTES), os.urandom(WRITE_BYTES)
    with server.start() as started:
        started.call("open_transport", options={})
        read = request("read_transport", n=READ_BYTES, timeout_sec=10)
        write = request("write_transport", data=base85.encode(large), timeout_sec=10)
        reads, writes = [], []
        for _ in range(CALLS):
            started.write(small)
            settle()
            reads.append(seconds(started, read))
        for _ in range(CALLS // 4):
            writes.append(seconds(started, write))
            back = b""
            while len(back) < len(large):  # TVM's server may give less than it was asked for
                back += started.read(len(large) - len(back))
            assert back == large
        started.call("close_transport")
    return {"read_ms": 1000 * float(np.median(reads)), "write_ms": 1000 * float(np.median(writes))}


def settle() -> None:
    """Let the echo arrive, so that the server is timed and not the firmware.

    Awake: a processor that sleeps takes longer to come back than either server to answer.
    """
    end = time.perf_counter() + SETTLE_SEC
    while time.perf_counter() < end:
        pass


def request(method: str, **params: object) -> bytes:
    """A request's line."""
    line = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return json.dumps(line).encode() + b"\n"


def seconds(server: PipeDriver, line: bytes) -> float:
    """Seconds from a request, ready to send, to the end of its reply."""
    begin = time.perf_counter()
    server.send_raw(line)
    reply = b""
    while not reply.endswith(b"\n"):
        reply += os.read(server.reply_fd, 1 << 16)
    end = time.perf_counter()
    assert b'"result"' in reply, reply
    return end - begin


def show(result: dict[str, Measured | str]) -> None:
    """Print a table, with ratios where there are two servers."""
    ours, theirs = result["microtvm"], result.get("tvm")
    assert isinstance(ours, dict)
    for key, name in NAMES.items():
        line = f"{name:<28}{ours[key]:>10.3f} ms"
        if isinstance(theirs, dict):
            line += f"   TVM 0.18 {theirs[key]:>10.3f} ms   ratio {ours[key] / theirs[key]:.2f}"
        print(line)
    if "note" in result:
        print(result["note"])


if __name__ == "__main__":
    main()
