# SPDX-License-Identifier: Apache-2.0
"""Preprocessor definitions that a user gives: words of a string, held to what is safe everywhere.

They end up in CMake lists and, through Ninja, on a shell's command line.
"""

from __future__ import annotations

import re

from ..errors import OptionError, shown

_DEFINITION = re.compile(r"(?:-D)?([A-Za-z_]\w*(?:=[\w.+:/,-]*)?)", re.ASCII)


def read_definitions(text: str | None) -> list[str]:
    """Take ``-DA=1 -DB`` apart.

    Parameters
    ----------
    text : str or None
        The option ``compile_definitions``.

    Returns
    -------
    list of str :
        ``["A=1", "B"]``.

    Raises
    ------
    OptionError :
        When a word is no definition of a name and a plain value.
    """
    definitions = []
    for word in (text or "").split():
        match = _DEFINITION.fullmatch(word)
        if match is None:
            raise OptionError(
                f"option 'compile_definitions' holds {shown(word)}; allowed are -DNAME and "
                "-DNAME=VALUE, with values of letters, digits and _ . + : / , -"
            )
        definitions.append(match.group(1))
    return definitions
