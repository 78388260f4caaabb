# SPDX-License-Identifier: Apache-2.0
"""Importing no more of TVM than compiling for a board takes.

Most of the time that a small model takes to compile goes into ``import tvm``, and a good part of
that into what no board needs: backends of GPUs, tuners, schedules for GPUs, distributed sessions.
Backends are left out by the variable that TVM has for that; the modules below become real when
something asks for an attribute of theirs. Only for a process that does nothing but compile: in one
of the user's TVM is as it always is.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

# What TVM 0.27 imports on its way, and uses inside of functions only.
_WHEN_ASKED_FOR = frozenset(
    {
        "tvm.relax.frontend.nn",
        "tvm.relax.training",
        "tvm.runtime.disco",
        "tvm.s_tir.dlight",
        "tvm.s_tir.meta_schedule",
    }
)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _WHEN_ASKED_FOR:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


def import_lean_tvm() -> None:
    """Let this process import TVM without what a board does not need. Before its first import."""
    os.environ.setdefault("TVM_DEVICE_BACKEND_AUTOLOAD", "0")
    sys.meta_path.insert(0, _Finder())
