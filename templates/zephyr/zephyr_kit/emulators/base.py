# SPDX-License-Identifier: Apache-2.0
"""What the server asks of an emulator, whichever it is."""

from __future__ import annotations

import abc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    from server_kit.transports.base import Transport

    from ..build import ZephyrBuild


class Emulator(abc.ABC):
    """Runs the firmware of one build."""

    @classmethod
    @abc.abstractmethod
    def of(cls, build: ZephyrBuild) -> Emulator | None:
        """The emulator of a build's board; None where it has none of this kind."""

    @abc.abstractmethod
    def transport(self, options: Mapping[str, Any]) -> Transport:
        """The way to the firmware's wire. Opening it starts the firmware, closing ends it.

        Parameters
        ----------
        options : mapping
            Those of ``open_transport``: ``gdbserver_port``, ``arm_fvp_path``.

        Raises
        ------
        OptionError :
            When an option is not for this emulator.
        ServerError :
            When the emulator is not installed.
        """
