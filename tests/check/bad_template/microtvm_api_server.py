#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A template written badly on purpose: it breaks the clause that MICROTVM_BAD names, and no other.

It is laid over a fork of the host template, whose own server is kept as ``host_server.py``. What is
done wrong for each clause stands in ``violations.py``.
"""

from __future__ import annotations

import json
import os
import pathlib

import host_server
import violations

from server_kit import ProjectOption
from server_kit.api import server
from server_kit.projects import firmware

BAD = os.environ.get("MICROTVM_BAD", "")
#: Where a line is written for each project that is generated or about to be built.
TALLY = os.environ.get("MICROTVM_TALLY", os.devnull)
HERE = pathlib.Path(__file__).resolve().parent
_OVERLAY = ("host_server.py", "violations.py")


def hook(kind, otherwise):
    """What the violation does at a point, or what a good server does."""
    return violations.HOOKS.get((kind, BAD), otherwise)


def tally(kind):
    with open(TALLY, "a") as file:
        file.write(f"{kind}\n")


class Handler(host_server.Handler):
    """The host template's handler with one more option, which is required and has no default."""

    def __init__(self):
        super().__init__()
        flavour = ProjectOption("flavour", required=["generate_project"], help="Any word.")
        self.project_options = [*self.project_options, flavour]

    def generate_project(self, model_library_format_path, standalone_crt_dir, project_dir, options):
        def generate():
            super(Handler, self).generate_project(
                model_library_format_path, standalone_crt_dir, project_dir, options
            )
            (project_dir / "flavour.txt").write_text(options["flavour"])
            tally("generations")

        act = hook("generate", lambda go, archive, target, options: go())
        act(generate, model_library_format_path, project_dir, options)

    def build(self, options):
        if not violations.IS_TEMPLATE:
            tally("rebuilds" if (HERE / "build").exists() else "builds")
        hook("build", lambda go: go())(lambda: super(Handler, self).build(options))

    def flash(self, options):
        hook("flash", lambda go: go())(lambda: super(Handler, self).flash(options))


class Dispatcher(server.Dispatcher):
    """Lines on their way in, replies on their way out."""

    def __init__(self, methods):
        super().__init__(methods)
        self.state = violations.State()

    def answer(self, line):
        return hook("line", lambda go, line: go(line))(self._answer, line)

    def _answer(self, line):
        try:
            request = json.loads(line)
        except ValueError:
            request = None
        if not isinstance(request, dict):
            return super().answer(line)
        self.state.methods.append(request.get("method"))
        request = hook("request", lambda request, state: request)(request, self.state)
        raw = super().answer(json.dumps(request).encode())
        reply = json.loads(raw) if raw else None
        act = hook("reply", lambda request, reply, state, again: reply)
        reply = act(request, reply, self.state, lambda r: super(Dispatcher, self).answer(r))
        self.state.note(request, reply)
        return json.dumps(reply).encode() + b"\n" if reply is not None else None


def main():
    firmware.PROJECT_FILES = (*firmware.PROJECT_FILES, *_OVERLAY)
    server.Dispatcher = Dispatcher
    hook("start", lambda server, path: None)(server, __file__)
    server.main(Handler())


if __name__ == "__main__":
    main()
