# SPDX-License-Identifier: Apache-2.0
"""A run as one page of HTML, whole in itself: no script, nothing fetched."""

from __future__ import annotations

import pathlib
from typing import Any

import jinja2
from markupsafe import Markup, escape

from . import comparing, shown
from .runs import Run
from .view import KINDS, MARKS, RunView

PAGE = "page.html"


def render(run: Run) -> str:
    """Give the page.

    All that is put into it is escaped twice: what does not show itself becomes visible, and what
    means something to HTML does not. The page's own policy forbids scripts and all that is fetched.
    """
    return _environment().get_template(PAGE).render(view=RunView(run), rules=comparing.RULES)


def write(run: Run, path: pathlib.Path) -> None:
    """Write the page, whole or not at all."""
    written = path.with_name(f"{path.name}.part")
    written.write_text(render(run), encoding="utf-8", errors="backslashreplace")
    written.replace(path)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__, "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_put,
    )
    environment.filters |= {
        "bytes": shown.size,
        "date": shown.date,
        "duration": shown.duration,
        "log": _log,
        "number": shown.number,
        "plural": shown.plural,
        "rate": shown.rate,
        "reason": shown.reason,
        "seconds": shown.seconds,
    }
    environment.globals |= {"marks": MARKS, "kinds": KINDS}
    return environment


def _put(value: Any) -> Any:
    """Make a text harmless to look at, wherever it is put."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return shown.visible(shown.short(value))
    return value


def _log(text: str) -> Markup:
    return escape(shown.visible(shown.log(text)))
