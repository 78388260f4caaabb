# SPDX-License-Identifier: Apache-2.0
"""TVM's standalone C runtime: where a project gets it from.

TVM's client names a directory that its build made; an archive may carry the same files in
``runtime/`` (cmake/modules/StandaloneCrt.cmake, python/tvm/micro/model_library_format.py). Only
what is compiled is taken: the releases' own makefiles and templates stay behind.
"""

from __future__ import annotations

import shutil

from ..archives.archive import RUNTIME_DIR
from ..errors import ProjectError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib

    from ..archives.archive import ModelArchive
    from .writer import ProjectWriter

#: Its place in a project.
CRT_DIR = "crt"

_FOLDERS = ("include", "src")
_LANDMARKS = (
    "include/tvm/runtime/crt/platform.h",
    "src/runtime/crt/common/crt_runtime_api.c",
)


def write_crt(
    project: ProjectWriter, archive: ModelArchive, standalone_crt_dir: pathlib.Path | None
) -> None:
    """Put the runtime into a project, as ``crt/include`` and ``crt/src``.

    Parameters
    ----------
    project : ProjectWriter
        Where the archive has been unpacked to ``model/`` already.
    archive : ModelArchive
    standalone_crt_dir : pathlib.Path or None
        What the client gave; it goes before what the archive holds.

    Raises
    ------
    ProjectError :
        When neither holds the runtime.
    """
    carried = project.directory / "model" / RUNTIME_DIR
    if standalone_crt_dir is not None and standalone_crt_dir.is_dir():
        missing = _missing(standalone_crt_dir)
        if missing:
            raise ProjectError(
                f"standalone_crt_dir names {standalone_crt_dir}, which is not TVM's standalone C "
                f"runtime: it holds no {missing}"
            )
        for folder in _FOLDERS:
            project.copy(standalone_crt_dir / folder, f"{CRT_DIR}/{folder}")
    elif carried.is_dir() and not _missing(carried):
        (project.directory / CRT_DIR).mkdir()
        for folder in _FOLDERS:
            (carried / folder).rename(project.directory / CRT_DIR / folder)
    else:
        given = f"{standalone_crt_dir} is no directory" if standalone_crt_dir else "none was given"
        raise archive.error(
            "was made by TVM 0.8 to 0.18 and needs TVM's standalone C runtime: pass the directory "
            f"'standalone_crt' of that TVM's build as standalone_crt_dir ({given}), or export the "
            f"archive with its {RUNTIME_DIR}/ folder ({_state(carried)})"
        )
    shutil.rmtree(str(carried), ignore_errors=True)


def _missing(directory: pathlib.Path) -> str:
    return next((name for name in _LANDMARKS if not (directory / name).is_file()), "")


def _state(carried: pathlib.Path) -> str:
    return f"which lacks {_missing(carried)}" if carried.is_dir() else "it has none"
