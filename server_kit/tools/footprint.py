# SPDX-License-Identifier: Apache-2.0
"""How much memory a model and its firmware take, as ``size`` of GNU binutils or LLVM sees it."""

from __future__ import annotations

from ..errors import ToolError
from . import running

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    from typing import Any

#: Figure of the model to the sections it adds up.
_MODEL_SECTIONS = {
    "code_bytes": ".text",
    "constant_bytes": ".rodata",
    "workspace_bytes": ".bss",
}
_FIRMWARE_FIGURES = ("text", "data", "bss")


def measure(
    model_library: pathlib.Path, firmware: pathlib.Path, size_tool: str = "size"
) -> dict[str, Any]:
    """Measure a build.

    Parameters
    ----------
    model_library : pathlib.Path
        The archive of the model's objects.
    firmware : pathlib.Path
        The linked program.
    size_tool : str
        The ``size`` of the toolchain.

    Returns
    -------
    dict :
        ``code_bytes``, ``constant_bytes``, ``workspace_bytes`` of the model, and ``firmware`` with
        ``text``, ``data``, ``bss``; None for what cannot be measured here.
    """
    try:
        size = running.find_tool(size_tool)
        sections = _sections(running.output([size, "-A", str(model_library)]))
        firmware_line = running.output([size, str(firmware)]).splitlines()[1].split()
    except (ToolError, IndexError):
        return {**dict.fromkeys(_MODEL_SECTIONS), "firmware": None}
    figures: dict[str, Any] = {
        figure: sum(size for name, size in sections if name.startswith(prefix))
        for figure, prefix in _MODEL_SECTIONS.items()
    }
    figures["firmware"] = dict(zip(_FIRMWARE_FIGURES, map(int, firmware_line)))
    return figures


def _sections(listing: str) -> list[tuple[str, int]]:
    """The sections of all members of an archive, from ``size -A``: name, size, address."""
    rows = [line.split() for line in listing.splitlines()]
    return [(row[0], int(row[1])) for row in rows if len(row) == 3 and row[1].isdigit()]
