# SPDX-License-Identifier: Apache-2.0
"""The directory that a server lies in: a template, or a project made from one."""

from __future__ import annotations

import json

from ..api.handler import ServerInfo
from ..errors import ProjectError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    from typing import Any, Sequence

    from ..api.options import ProjectOption

ARCHIVE = "model.tar"
FACTS = "project.json"


class ServerDirectory:
    """Where a server lies.

    Parameters
    ----------
    path : pathlib.Path
        Its directory, absolute.

    Attributes
    ----------
    path : pathlib.Path
    archive : pathlib.Path or None
        The project's archive, whole, since TVM's command line opens it as it is; None in a
        template.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.archive = path / ARCHIVE if (path / ARCHIVE).exists() else None

    @property
    def is_template(self) -> bool:
        """Whether projects are made from it."""
        return self.archive is None

    def server_info(self, platform_name: str, options: Sequence[ProjectOption]) -> ServerInfo:
        """The answer to ``server_info_query``."""
        return ServerInfo(platform_name, self.is_template, self.archive, options)

    def facts(self) -> dict[str, Any]:
        """What ``generate_project`` decided.

        Raises
        ------
        ProjectError :
            In a template.
        """
        if self.is_template:
            raise ProjectError(f"{self.path} is a template; call generate_project first")
        facts: dict[str, Any] = json.loads((self.path / FACTS).read_text(encoding="utf-8"))
        return facts

    def facts_to_build(self) -> dict[str, Any]:
        """The same, for ``build``.

        Raises
        ------
        ProjectError :
            In a template, and where the model can be generated from and not built.
        """
        facts = self.facts()
        if facts["defect"]:
            raise ProjectError(f"the model {self.archive} {facts['defect']}")
        return facts

    def require_template(self) -> None:
        """Refuse to generate a project from a project.

        Raises
        ------
        ProjectError :
        """
        if not self.is_template:
            raise ProjectError(f"{self.path} is a project; generate from a template")
