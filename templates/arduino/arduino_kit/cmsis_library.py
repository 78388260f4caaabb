# SPDX-License-Identifier: Apache-2.0
"""CMSIS-NN as a library of the sketchbook, for models that call it.

Nothing but a library's ``src/`` is on the path of includes, and no header can be included before
its files by the compiler's command line. So there stands, for each of Arm's headers, one of the
same name that first says how to round and then includes Arm's own, which is as it was.
"""

from __future__ import annotations

import pathlib
import shutil

from server_kit import OptionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from server_kit.archives.archive import ModelArchive

LIBRARY = "libraries/cmsis_nn"
_SETTINGS = "cmsis_nn_settings.h"
# Families of Arduino cores whose name says that they are for other processors; of others, the
# compiler knows.
_NOT_ARM = ("avr", "megaavr", "arc32", "esp32", "esp8266", "pic32")

_PROPERTIES = """\
name=cmsis_nn
version=1.0.0
author=Arm
maintainer=microtvm
sentence=Arm's kernels for neural networks, as far as the model may call them.
paragraph=Copied by microtvm from the directory that the option cmsis_path named.
category=Data Processing
url=https://github.com/ARM-software/CMSIS-NN
architectures=*
"""

_ARM_ONLY = """\
#if !defined(__arm__)
#error "CMSIS-NN is for Arm's processors, and this board's is none: compile the model without it"
#endif
"""

_SHIM = """\
/* Written when the project was generated. */
#include "%s"
#include "%s"
"""


def require_arm(archive: ModelArchive, fqbn: str, architecture: str) -> None:
    """An error for a model that calls CMSIS-NN, and a board that cannot run it.

    Raises
    ------
    OptionError :
    """
    from server_kit.projects.cmsis import caller

    if architecture not in _NOT_ARM:
        return
    source = caller(archive)
    if source is not None:
        raise OptionError(
            f"option 'board': {fqbn} has no processor of Arm's, and the model was compiled for "
            f"CMSIS-NN ({source}): take a board that has one, or compile the model with microtvm's "
            "own kernels"
        )


def arrange(project: pathlib.Path, model: pathlib.Path) -> None:
    """Make a library of a project's ``cmsis_nn/``, where it has one.

    Parameters
    ----------
    project : pathlib.Path
    model : pathlib.Path
        The folder of the model's C files, which may call functions that they do not declare.
    """
    from server_kit.projects.cmsis import CALLS_FILE, CMSIS_NN_DIR, SETTINGS_FILE, library_sources

    given = project / CMSIS_NN_DIR
    if not given.is_dir():
        return
    src = project / LIBRARY / "src"
    src.mkdir(parents=True)
    (project / LIBRARY / "library.properties").write_text(_PROPERTIES, encoding="utf-8")
    settings = (project / SETTINGS_FILE).read_text(encoding="utf-8")
    (src / _SETTINGS).write_text(settings + _ARM_ONLY, encoding="utf-8")
    for folder in ("Include", "DSP/Include"):
        for path in sorted((given / folder).rglob("*.h")):
            name = path.relative_to(given / folder)
            up = "../" * (len(name.parts) - 1)
            shim = src / name
            shim.parent.mkdir(parents=True, exist_ok=True)
            text = _SHIM % (up + _SETTINGS, f"{up}{folder}/{name.as_posix()}")
            shim.write_text(text, encoding="utf-8")
            _move(path, src / path.relative_to(given))
    for path in [*library_sources(given), *sorted(given.glob("Source/*Functions/*.h"))]:
        _move(path, src / path.relative_to(given))
    if (given / "LICENSE").is_file():
        _move(given / "LICENSE", project / LIBRARY / "LICENSE")
    shutil.rmtree(str(given))
    calls = project / CALLS_FILE
    declared = calls.read_text(encoding="utf-8")
    for path in sorted(model.glob("*.c")) if declared else []:
        path.write_text(f"{declared}#line 1\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    calls.unlink()
    if not any(calls.parent.iterdir()):
        calls.parent.rmdir()


def _move(path: pathlib.Path, target: pathlib.Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
