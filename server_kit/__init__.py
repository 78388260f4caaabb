# SPDX-License-Identifier: Apache-2.0
"""What every Project API server needs: protocol, options, archives, projects, tools, transports.

A template's ``microtvm_api_server.py`` imports this package from the directory it lies in and
implements :class:`ProjectAPIHandler`. Python 3.8 and later, standard library only.
"""

from .api.handler import ProjectAPIHandler, ServerInfo, TransportTimeouts
from .api.options import ProjectOption, default_project_options
from .api.server import main
from .errors import (
    ArchiveError,
    IoTimeoutError,
    OptionError,
    ProjectError,
    ServerError,
    ToolError,
    TransportClosedError,
    UnsupportedTVMVersionError,
)

__all__ = [
    "ArchiveError",
    "IoTimeoutError",
    "OptionError",
    "ProjectAPIHandler",
    "ProjectError",
    "ProjectOption",
    "ServerError",
    "ServerInfo",
    "ToolError",
    "TransportClosedError",
    "TransportTimeouts",
    "UnsupportedTVMVersionError",
    "default_project_options",
    "main",
]
