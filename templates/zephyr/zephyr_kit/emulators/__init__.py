# SPDX-License-Identifier: Apache-2.0
"""Emulated boards: firmware as a process here. A new emulator is a file with a class as in base."""

from __future__ import annotations

from .arm_fvp import ArmFvp
from .native import NativeProgram
from .qemu import Qemu

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    from ..build import ZephyrBuild
    from .base import Emulator


def find_emulator(build: ZephyrBuild, facts: Mapping[str, Any]) -> Emulator | None:
    """What stands for the board of a build; None for one that firmware is flashed to.

    Parameters
    ----------
    build : ZephyrBuild
    facts : mapping
        Those of the project; ``use_fvp`` chooses where a board has several emulators.

    Raises
    ------
    ProjectError :
        When ``use_fvp`` was given for a board that no FVP stands for.
    """
    if facts["use_fvp"]:
        return ArmFvp.required(build)
    # A board that is flashed is on somebody's desk, though emulators may know its like.
    kinds = [NativeProgram] if build.flash_runner() else [NativeProgram, Qemu, ArmFvp]
    return next(filter(None, (kind.of(build) for kind in kinds)), None)
