# SPDX-License-Identifier: Apache-2.0
"""CMSIS-NN compiled for this machine, where it is plain C."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Sequence

from server_kit.errors import ServerError
from server_kit.projects.cmsis import find_cmsis_nn, library_sources, settings

from ...errors import MicroTVMError
from ...templates import get_microtvm_template_projects
from ..operators.cmsis_nn import RELEASE
from ..operators.requantize import Rounding
from .compiler import run_compiler

_PORTABLE = "device_kit/cmsis_nn/portable.h"


class CmsisNN:
    """The sources that a directory holds.

    Raises
    ------
    MicroTVMError
        When it holds none, or none of the release that is called.
    """

    def __init__(self, given: str | os.PathLike[str]) -> None:
        try:
            self._directory = find_cmsis_nn(os.fspath(given), RELEASE, "--cmsis-path (CMSIS_PATH)")
        except ServerError as error:
            raise MicroTVMError(str(error)) from error

    def build(self, compiler: Sequence[str], folder: pathlib.Path, rounding: Rounding) -> list[str]:
        """Compile it, and give what the command that compiles and links a model needs.

        Parameters
        ----------
        compiler : sequence of str
        folder : pathlib.Path
            Where to put what is compiled.
        rounding : {"single", "double"}
        """
        objects = folder / "cmsis_nn"
        objects.mkdir()
        (objects / "settings.h").write_text(settings(rounding))
        portable = pathlib.Path(get_microtvm_template_projects("host")) / _PORTABLE
        words = ["-include", str(portable), "-include", str(objects / "settings.h")]
        words.append(f"-I{self._directory / 'Include'}")
        sources = list(map(str, library_sources(self._directory)))
        command = [*compiler, "-O2", "-w", *words, "-c", *sources]
        run_compiler(
            command,
            "CMSIS-NN",
            "leave --cmsis-path and CMSIS_PATH out to check with microtvm's own kernels",
            objects,
        )
        return [*words, *map(str, sorted(objects.glob("*.o")))]
