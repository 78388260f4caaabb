# SPDX-License-Identifier: Apache-2.0
"""Compiling in a process of its own, so that Ctrl-C ends it at once, whatever it is doing.

TVM's passes run callbacks in which Python's KeyboardInterrupt is raised and swallowed: the compiler
went on, with a pass half done. A process that is ended swallows nothing. It gives back a
`CompiledModel`, which holds no TVM objects; files are written by the process that asked for it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pathlib
import pickle
import subprocess
import sys
import tempfile
import traceback
from typing import TYPE_CHECKING, Any

from server_kit.interrupts import Deferred
from server_kit.tools import processes

from .errors import CompileError

if TYPE_CHECKING:
    from .compiled import CompiledModel


def compile_in_child(function: str, *arguments: Any, **options: Any) -> CompiledModel:
    """Call a function that compiles in a process of its own.

    Parameters
    ----------
    function : str
        ``module:name``; it gives a `CompiledModel`.
    arguments, options
        Its arguments, which must be picklable.

    Raises
    ------
    CompileError
        The process was ended by somebody else (by the kernel, for want of memory).
    Exception
        Whatever the function raises.
    """
    request = pickle.dumps((function, arguments, options))
    with tempfile.TemporaryDirectory(prefix="microtvm-compile-") as scratch:
        # What the process leaves when it is ended lies in a directory that goes with this call.
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TMPDIR": scratch}
        process = None
        try:
            with Deferred():
                process = processes.start(
                    [sys.executable, "-m", __name__],
                    cwd=pathlib.Path.cwd(),
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            assert process.stdin is not None and process.stdout is not None
            with contextlib.suppress(BrokenPipeError), process.stdin:
                process.stdin.write(request)
            importlib.import_module(".archive", __package__)  # what the reply is made of and for
            reply = process.stdout.read()
            process.wait()
        finally:
            if process is not None:
                processes.end(process)
    if not reply:
        raise CompileError(
            f"the compiler's process ended by itself ({_how(process.returncode)}); where memory "
            "ran out, compile on a machine with more"
        )
    kind, *content = pickle.loads(reply)
    if kind == "error":
        error_type, error_arguments, state = content
        error = error_type.__new__(error_type, *error_arguments)
        error.__dict__.update(state)
        raise error
    compiled: CompiledModel = content[0]
    return compiled


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def _main() -> None:
    """Serve one request: from standard input to standard output, which nothing else may reach."""
    from .lean_tvm import import_lean_tvm

    reply = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    name, arguments, options = pickle.load(sys.stdin.buffer)
    import_lean_tvm()
    module, _, function = name.partition(":")
    answer: tuple[Any, ...]
    try:
        answer = (
            "model",
            getattr(importlib.import_module(module), function)(*arguments, **options),
        )
    except Exception as error:
        state = {**error.__dict__}
        state["details"] = state.get("details") or traceback.format_exc()
        answer = ("error", type(error), error.args, state)
    with reply:
        reply.write(pickle.dumps(answer))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # taking TVM and LiteRT apart takes a while, and nothing is left to be done


if __name__ == "__main__":
    _main()
