# SPDX-License-Identifier: Apache-2.0
"""Where the client is: servers run in their own directory, and people mean theirs."""

from __future__ import annotations

import os
import pathlib

#: What a client sets that wants to be understood; TVM's set nothing.
VARIABLE = "MICROTVM_CLIENT_DIR"


def client_directory() -> pathlib.Path:
    """The client's working directory: as it says, or as the system knows of this server's parent.

    Returns
    -------
    pathlib.Path :
        An existing directory; this process's own where the client's cannot be found out.
    """
    found = [os.environ.get(VARIABLE), f"/proc/{os.getppid()}/cwd", os.environ.get("PWD")]
    for name in found:
        try:
            if name and os.path.isdir(name):
                return pathlib.Path(os.path.realpath(name))
        except OSError:
            continue
    return pathlib.Path.cwd()
