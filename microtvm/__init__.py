# SPDX-License-Identifier: Apache-2.0
"""Trained models on microcontrollers: a client of TVM's Project API, and an exporter for it.

The names are those of ``tvm.micro``. Nothing here needs TVM except `compile` and
`export_model_library_format`; everything is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from server_kit import (
        IoTimeoutError,
        ServerError,
        TransportClosedError,
        TransportTimeouts,
    )

    from .compiler import compile, export_model_library_format
    from .errors import MicroTVMError
    from .executor import AotModule
    from .graph_executor import GraphModule, create_local_graph_executor
    from .project import (
        GeneratedProject,
        ProjectTransport,
        TemplateProject,
        generate_project,
        generate_project_from_mlf,
    )
    from .rpc.link import SessionTerminatedError, SessionTimeoutError
    from .rpc.remote import RemoteError
    from .session import Session, create_local_aot_executor
    from .templates import get_microtvm_template_projects
    from .transport import Transport
    from .trial import compile_and_create_micro_session

_HOMES = {
    "server_kit": ("IoTimeoutError", "ServerError", "TransportClosedError", "TransportTimeouts"),
    "microtvm.compiler": ("compile", "export_model_library_format"),
    "microtvm.errors": ("MicroTVMError",),
    "microtvm.executor": ("AotModule",),
    "microtvm.graph_executor": ("GraphModule", "create_local_graph_executor"),
    "microtvm.project": (
        "GeneratedProject",
        "ProjectTransport",
        "TemplateProject",
        "generate_project",
        "generate_project_from_mlf",
    ),
    "microtvm.rpc.link": ("SessionTerminatedError", "SessionTimeoutError"),
    "microtvm.rpc.remote": ("RemoteError",),
    "microtvm.session": ("Session", "create_local_aot_executor"),
    "microtvm.templates": ("get_microtvm_template_projects",),
    "microtvm.transport": ("Transport",),
    "microtvm.trial": ("compile_and_create_micro_session",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AotModule",
    "GeneratedProject",
    "GraphModule",
    "IoTimeoutError",
    "MicroTVMError",
    "ProjectTransport",
    "RemoteError",
    "ServerError",
    "Session",
    "SessionTerminatedError",
    "SessionTimeoutError",
    "TemplateProject",
    "Transport",
    "TransportClosedError",
    "TransportTimeouts",
    "compile",
    "compile_and_create_micro_session",
    "create_local_aot_executor",
    "create_local_graph_executor",
    "export_model_library_format",
    "generate_project",
    "generate_project_from_mlf",
    "get_microtvm_template_projects",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'microtvm' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
