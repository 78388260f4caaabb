# SPDX-License-Identifier: Apache-2.0
"""The check's archive (y = 2 x + 1 over four floats, made without TVM), with changed metadata."""

from __future__ import annotations

import io
import json
import pathlib
import tarfile
from typing import Any

from microtvm.check import tiny_archive


def metadata(**module_changes: Any) -> dict[str, Any]:
    """The archive's metadata; keys of the module can be replaced, or removed with None."""
    changed = tiny_archive.metadata()
    module = {**changed["modules"]["default"], **module_changes}
    changed["modules"]["default"] = {k: v for k, v in module.items() if v is not None}
    return changed


def members(**module_changes: Any) -> dict[str, bytes]:
    """The archive's files."""
    text = json.dumps(metadata(**module_changes))
    return {**tiny_archive.files(), "./metadata.json": text.encode()}


def write_tar(path: pathlib.Path, files: dict[str, bytes], mode: str = "w") -> pathlib.Path:
    """A tar archive of plain files."""
    with tarfile.open(path, mode) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def write_archive(path: pathlib.Path, **module_changes: Any) -> pathlib.Path:
    """The whole archive."""
    return write_tar(path, members(**module_changes))
