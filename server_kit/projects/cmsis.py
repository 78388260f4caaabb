# SPDX-License-Identifier: Apache-2.0
"""CMSIS-NN, Arm's kernels: which models call them, and where a project gets them from.

Code that TVM compiled for its target ``cmsis-nn`` includes their headers
(src/relay/backend/contrib/cmsisnn/tir_to_runtime.cc of TVM 0.8 to 0.18), and so does code of
``microtvm compile --kernels cmsis-nn``, whose metadata say for which release. A project holds a
copy of the sources, so that it can be moved; ``device_kit/cmsis_nn`` builds them.
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
#: One included before each file of CMSIS-NN as well.
SETTINGS_FILE = f"{CMSIS_NN_DIR}/settings.h"

_CODE = "codegen/host/src/"
_MOST_CODE_BYTES = 1 << 28
_HEADER = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"](arm_(?:nn\w*|math)\.h)[>"]', re.MULTILINE)
_CALL = re.compile(rb"\b(tvmgen_\w*cmsis_nn\w*)\s*\(")

#: Releases that archives may ask for, and what their header declares that older ones do not have.
_RELEASES = {7: "arm_fully_connected_wrapper_s8"}
_REVISION = re.compile(r"\$Revision:\s*([\w.]+)")

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
        When the model calls it and no directory was given, or wants a release unknown here.
    OptionError :
        When the directory does not hold it, or another release.
    """
    source = caller(archive)
    if source is None:
        return
    if not cmsis_path:
        raise archive.error(
            f"was compiled for CMSIS-NN ({source}): pass a directory of its sources as the option "
            "cmsis_path, for example a clone of https://github.com/ARM-software/CMSIS-NN"
        )
    release, rounding = _wanted(archive)
    directory = find_cmsis_nn(cmsis_path, release)
    for folder in _FOLDERS:
        project.copy(directory / folder, f"{CMSIS_NN_DIR}/{folder}")
    if (directory.parent / _DSP_FOLDER).is_dir():
        project.copy(directory.parent / _DSP_FOLDER, f"{CMSIS_NN_DIR}/{_DSP_FOLDER}")
    for name in _LICENSES:
        if (directory / name).is_file():
            project.copy(directory / name, f"{CMSIS_NN_DIR}/LICENSE")
            break
    project.write(CALLS_FILE, _declarations(archive) if release is None else "")
    project.write(SETTINGS_FILE, settings(rounding))


def settings(rounding: str) -> str:
    """Text of a header to include before each file of CMSIS-NN and of code that calls it.

    Parameters
    ----------
    rounding : str
        "single" or "double": how sums are requantized. CMSIS-NN itself rounds twice.
    """
    lines = ["/* Generated when the project was. */"]
    if rounding == "single":
        lines.append("#define CMSIS_NN_USE_SINGLE_ROUNDING")
    return "\n".join([*lines, ""])


def library_sources(directory: pathlib.Path) -> list[pathlib.Path]:
    """The files of CMSIS-NN to compile: not those for floats, which no model calls."""
    files = sorted(directory.glob("Source/*Functions/*.c"))
    return [path for path in files if not path.stem.endswith(("_f16", "_f32"))]


def _wanted(archive: ModelArchive) -> tuple[int | None, str]:
    """The release that the model was compiled for, where it says so, and how it rounds."""
    for module in archive.modules:
        if module.cmsis_nn_release is None:
            continue
        if module.cmsis_nn_release not in _RELEASES:
            raise archive.error(
                f"was compiled for CMSIS-NN {module.cmsis_nn_release}, which this template does "
                f"not know; it knows {', '.join(map(str, _RELEASES))}"
            )
        return module.cmsis_nn_release, module.cmsis_nn_rounding
    return None, "double"


def _sources(archive: ModelArchive) -> Iterator[tuple[str, bytes]]:
    for name in sorted(archive.files):
        if name.startswith(_CODE) and name.endswith(".c"):
            yield name, archive.read(name, _MOST_CODE_BYTES)


def caller(archive: ModelArchive) -> str | None:
    """What shows that a model calls CMSIS-NN; None where it does not."""
    for module in archive.modules:
        if module.cmsis_nn_release is not None:
            return f"release {module.cmsis_nn_release}"
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


def find_cmsis_nn(
    cmsis_path: str, release: int | None, option: str = "option 'cmsis_path'"
) -> pathlib.Path:
    """CMSIS-NN's own directory.

    Parameters
    ----------
    cmsis_path : str
        That one, one with a folder CMSIS-NN, or one of CMSIS 5.
    release : int or None
        The one that is wanted; None where that is not known.
    option : str
        What errors call it.

    Raises
    ------
    OptionError :
        When there are no sources, or those of another release.
    """
    given = pathlib.Path(cmsis_path).expanduser()
    for place in _PLACES:
        directory = given / place
        if (directory / _LANDMARK).is_file() and (directory / "Source").is_dir():
            _check_release(directory, release, option)
            return directory.resolve()
    places = ", ".join(str(given / place) for place in _PLACES)
    raise OptionError(
        f"{option} was given {str(given)!r}, which holds no sources of CMSIS-NN: none "
        f"of {places} has {_LANDMARK} and Source/"
    )


def _check_release(directory: pathlib.Path, release: int | None, option: str) -> None:
    """No file of CMSIS-NN tells its release; what its header declares does."""
    if release is None:
        return
    header = (directory / _LANDMARK).read_text(encoding="utf-8", errors="replace")
    landmark = _RELEASES[release]
    if not re.search(rf"\b{landmark}\b", header):
        revision = _REVISION.search(header)
        said = f" (revision {revision.group(1)})" if revision else ""
        raise OptionError(
            f"{option} was given {str(directory)!r}, which holds another release of CMSIS-NN than "
            f"{release}, for which the model was compiled: its {_LANDMARK}{said} has no "
            f"{landmark}; take release {release}, for example tag v{release}.0.0 of "
            "https://github.com/ARM-software/CMSIS-NN"
        )
