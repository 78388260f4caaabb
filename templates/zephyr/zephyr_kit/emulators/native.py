# SPDX-License-Identifier: Apache-2.0
"""Boards that are programs for this machine: ``native_sim``, and ``native_posix`` before it."""

from __future__ import annotations

from server_kit.errors import OptionError
from server_kit.transports.process import ProcessTransport

from .base import Emulator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    from server_kit.transports.base import Transport

    from ..build import ZephyrBuild


class NativeProgram(Emulator):
    """The firmware, run as it is; its first UART is on standard input and output."""

    def __init__(self, build: ZephyrBuild) -> None:
        self._build = build

    @classmethod
    def of(cls, build: ZephyrBuild) -> NativeProgram | None:
        return cls(build) if build.native_program.exists() else None

    def transport(self, options: Mapping[str, Any]) -> Transport:
        program = str(self._build.native_program)
        if options["gdbserver_port"] is not None:
            raise OptionError(
                f"option 'gdbserver_port' is not for this board: {program} is a program, which a "
                "debugger attaches to by its process id"
            )
        return ProcessTransport([program], cwd=self._build.directory, ends_with_input=False)
