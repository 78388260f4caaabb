# SPDX-License-Identifier: Apache-2.0
"""CMSIS-NN, Arm's kernels: which models call them, and where a project gets them from.

Code that TVM compiled for its target ``cmsis-nn`` includes their headers
(src/relay/backend/contrib/cmsisnn/tir_to_runtime.cc of TVM 0.8 to 0.18). A project holds a copy of
the sources, so that it can be moved; ``device_kit/cmsis_nn`` builds them.
"""

from __future__ import annotations

import pathlib
import re

from ..errors import OptionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

    from ..archives.archive import ModelArchive
    from .writer import ProjectWriter

#: Its place in a project.
CMSIS_NN_DIR = "cmsis_nn"
#: A header included before each file of the model.
CALLS_FILE = "src/model_calls.h"

_CODE = "codegen/host/src/"
_MOST_CODE_BYTES = 1 << 28
_HEADER = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"](arm_(?:nn\w*|math)\.h)[>"]', re.MULTILINE)
_CALL = re.compile(rb"\b(tvmgen_\w*cmsis_nn\w*)\s*\(")

_FOLDERS = ("Include", "Source")
_LANDMARK = "Include/arm_nnfunctions.h"
#: Below cmsis_path: of CMSIS-NN itself, of what TVM's scripts install, of CMSIS 5.
_PLACES = (".", "CMSIS-NN", "CMSIS/NN")
#: Beside the sources in CMSIS 5, whose kernels include headers of CMSIS-DSP.
_DSP_FOLDER = "DSP/Include"
_LICENSES = ("LICENSE", "../LICENSE", "../../LICENSE.txt")


def write_cmsis_nn(project: ProjectWriter, archive: ModelArchive, cmsis_path: str | None) -> None:
    """Put CMSIS-NN into a project, where the model calls it.

    Parameters
    ----------
    project : ProjectWriter
    archive : ModelArchive
        Open for reading.
    cmsis_path : str or None
        The option: a directory of CMSIS-NN, one with a folder CMSIS-NN, or one of CMSIS 5.

    Raises
    ------
    ArchiveError :
        When the model calls it and no directory was given.
    OptionError :
        When the directory does not hold it.
    """
    source = _caller(archive)
    if source is None:
        return
    if not cmsis_path:
        raise archive.error(
            f"was compiled for CMSIS-NN ({source}): pass a directory of its sources as the option "
            "cmsis_path, for example a clone of https://github.com/ARM-software/CMSIS-NN"
        )
    directory = _find(pathlib.Path(cmsis_path).expanduser())
    for folder in _FOLDERS:
        project.copy(directory / folder, f"{CMSIS_NN_DIR}/{folder}")
    if (directory.parent / _DSP_FOLDER).is_dir():
        project.copy(directory.parent / _DSP_FOLDER, f"{CMSIS_NN_DIR}/{_DSP_FOLDER}")
    for name in _LICENSES:
        if (directory / name).is_file():
            project.copy(directory / name, f"{CMSIS_NN_DIR}/LICENSE")
            break
    project.write(CALLS_FILE, _declarations(archive))


def _sources(archive: ModelArchive) -> Iterator[tuple[str, bytes]]:
    for name in sorted(archive.files):
        if name.startswith(_CODE) and name.endswith(".c"):
            yield name, archive.read(name, _MOST_CODE_BYTES)


def _caller(archive: ModelArchive) -> str | None:
    """The first source that includes a header of CMSIS-NN, and which; None where none does."""
    for name, text in _sources(archive):
        found = _HEADER.search(text)
        if found:
            return f"{name} includes {found.group(1).decode()}"
    return None


def _declarations(archive: ModelArchive) -> str:
    """C for what TVM leaves out: of functions in another file it declares none that it calls."""
    names = {name.decode() for _, text in _sources(archive) for name in _CALL.findall(text)}
    lines = ["/* Generated when the project was. */", "#include <stdint.h>"]
    return "\n".join([*lines, *(f"int32_t {name}();" for name in sorted(names)), ""])


def _find(given: pathlib.Path) -> pathlib.Path:
    for place in _PLACES:
        directory = given / place
        if (directory / _LANDMARK).is_file() and (directory / "Source").is_dir():
            return directory.resolve()
    places = ", ".join(str(given / place) for place in _PLACES)
    raise OptionError(
        f"option 'cmsis_path' was given {str(given)!r}, which holds no sources of CMSIS-NN: none "
        f"of {places} has {_LANDMARK} and Source/"
    )
