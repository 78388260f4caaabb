# SPDX-License-Identifier: Apache-2.0
"""Importing no more of TVM than compiling for a board takes.

Most of the time that a small model takes to compile goes into ``import tvm``, and a good part of
that into what no board needs: backends of GPUs, tuners, schedules for GPUs, distributed sessions.
The backends are left out, and the modules below become real when something asks for an attribute
of theirs. Only for a process that does nothing but compile: in one of the user's, TVM is as it
always is.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
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
# Imports what its list names, then the runtime's contributions, which folding constants needs.
_BACKENDS = "tvm.backend._autoload_backends"


class _WithoutBackends(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        module.__dict__["_BUILTIN_BACKENDS"] = ()


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _WHEN_ASKED_FOR and fullname != _BACKENDS:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            wrap = _WithoutBackends if fullname == _BACKENDS else importlib.util.LazyLoader
            spec.loader = wrap(spec.loader)
        return spec


def import_lean_tvm() -> None:
    """Let this process import TVM without what a board does not need. Before its first import."""
    sys.meta_path.insert(0, _Finder())
