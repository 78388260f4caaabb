# SPDX-License-Identifier: Apache-2.0
"""Find the templates that come with this package."""

from __future__ import annotations

import pathlib

from .errors import MicroTVMError
from .project_api.client import SERVER_FILE

_PACKAGE = pathlib.Path(__file__).parent
# An installed package carries its templates; in a checkout they lie beside it.
_ROOTS = (_PACKAGE / "_templates", _PACKAGE.parent / "templates")


def template_names() -> list[str]:
    """Name the templates there are."""
    found = {path.parent.name for root in _ROOTS for path in root.glob(f"*/{SERVER_FILE}")}
    return sorted(found)


def get_microtvm_template_projects(platform: str) -> str:
    """Give the directory of a template.

    Parameters
    ----------
    platform : str
        The template's name, for example "host".

    Raises
    ------
    MicroTVMError
        There is none of that name; the message lists those there are.
    """
    if platform in template_names():
        for root in _ROOTS:
            if (root / platform / SERVER_FILE).is_file():
                return str(root / platform)
    names = ", ".join(template_names()) or "none"
    raise MicroTVMError(f"there is no template {platform!r}; the templates are {names}")
