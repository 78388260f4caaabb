# SPDX-License-Identifier: Apache-2.0
"""What a server says of itself."""

from __future__ import annotations

import os
import re
from typing import Any

from ...project_api.client import SERVER_FILE
from ..clause import RFC, SHIPPED, Level, clause, expect
from ..workbench import Workbench

_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_KINDS: dict[str, Any] = {"str": str, "int": int, "float": (int, float), "bool": bool}
_METHODS = ("generate_project", "build", "flash", "open_transport", "connect_transport")


@clause("info.fields", f"{RFC}: ServerInfo")
def fields(bench: Workbench) -> None:
    """server_info_query answers with the four fields of ServerInfo."""
    for name in ("is_template", "platform_name", "model_library_format_path", "project_options"):
        expect(
            name in bench.info,
            f"the answer has no field {name!r}: it has {', '.join(bench.info) or 'none'}",
            f"add {name!r} to what server_info_query returns",
        )
    expect(
        isinstance(bench.info["is_template"], bool),
        f"is_template is {bench.info['is_template']!r}",
        "return true in a template and false in a project",
    )


@clause("info.platform_name", f"{RFC}: ServerInfo")
def platform_name(bench: Workbench) -> None:
    """platform_name is a slug: letters, digits, '.', '_' and '-'."""
    name = bench.info.get("platform_name")
    expect(
        isinstance(name, str) and _SLUG.fullmatch(name),
        f"platform_name is {name!r}",
        "return a short name without spaces",
    )


@clause("info.no_model", f"{RFC}: ServerInfo")
def no_model(bench: Workbench) -> None:
    """A template's model_library_format_path is null."""
    path = bench.info.get("model_library_format_path")
    # TVM 0.18's own templates return an empty string.
    expect(path in (None, ""), f"it is {path!r}", "return null as long as is_template is true")


@clause("info.protocol_version", f"{SHIPPED}: ProjectAPIServer")
def protocol_version(bench: Workbench) -> None:
    """protocol_version is 1, the version TVM 0.8 to 0.18 speak."""
    version = bench.info.get("protocol_version")
    expect(version == 1, f"it is {version!r}; TVM's client refuses it", "return 1")


@clause("info.options", f"{RFC}: Project Options; {SHIPPED}: ProjectOption")
def options(bench: Workbench) -> str:
    """Every project option has a name, a help text, a type and the methods it belongs to."""
    entries = bench.info.get("project_options")
    expect(
        isinstance(entries, list),
        f"project_options is {entries!r}",
        "return a list, empty if there are none",
    )
    assert isinstance(entries, list)
    names = [_check_option(entry) for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    expect(not twice, f"listed twice: {', '.join(twice)}", "list each option once")
    return f"{len(names)} options"


@clause("info.option_defaults", f"{SHIPPED}: ProjectOption")
def option_defaults(bench: Workbench) -> None:
    """An option's default has the option's type and is one of its choices."""
    for option in bench.listed:
        default, choices = option.get("default"), option.get("choices")
        if default is None:
            continue
        kind = _KINDS.get(str(option.get("type")), object)
        fits = isinstance(default, kind) and (kind is bool or not isinstance(default, bool))
        expect(
            fits,
            f"option {option['name']!r} of type {option.get('type')} has the default {default!r}",
            "clients send defaults back: give one the server itself accepts, or null",
        )
        expect(
            not isinstance(choices, list) or default in choices,
            f"option {option['name']!r} has the default {default!r}, which is none of {choices}",
            "make the default one of the choices",
        )


@clause("info.unknown_version", f"{SHIPPED}: server_info_query")
def unknown_version(bench: Workbench) -> None:
    """A version of TVM the server has never heard of is answered, or refused by name."""
    for version in ("99.1.dev7+g0123abc", ""):
        error = bench.server().ask("server_info_query", tvm_version=version)
        expect(
            error is None or error.message == "UnsupportedTVMVersionError",
            f"tvm_version {version!r}: {error}",
            "answer, or raise UnsupportedTVMVersionError for a version known not to work",
        )


@clause("info.executable", f"{RFC}: Guide-level explanation", level=Level.RECOMMENDED)
def executable(bench: Workbench) -> None:
    """The server is an executable program."""
    expect(
        os.access(bench.template / SERVER_FILE, os.X_OK),
        f"{SERVER_FILE} has no execute permission",
        f"chmod +x {SERVER_FILE}; TVM itself starts it with its own Python",
    )


@clause("info.debug", f"{SHIPPED}: main, --debug")
def debug(bench: Workbench) -> None:
    """A server that is started with --debug answers as it does without."""
    with bench.start(None, "--debug") as server:
        info = server.call("server_info_query", tvm_version="")
    expect(info == bench.info, f"it says {info!r}"[:200], "write what is for people to stderr")


def _check_option(entry: Any) -> str:
    """Check one option's shape; give its name."""
    advice = "see ProjectOption in TVM 0.18's project_api/server.py"
    expect(isinstance(entry, dict), f"an option is {entry!r}", advice)
    name = entry.get("name")
    expect(isinstance(name, str) and name, f"an option has the name {name!r}", advice)
    seen = f"option {name!r} has the "
    expect(isinstance(entry.get("help"), str), f"{seen}help {entry.get('help')!r}", advice)
    kind, choices = entry.get("type"), entry.get("choices")
    # TVM 0.8 knew neither types nor methods.
    expect(
        kind is None or kind in _KINDS,
        f"{seen}type {kind!r}",
        f"types are {', '.join(_KINDS)}",
    )
    expect(choices is None or isinstance(choices, list), f"{seen}choices {choices!r}", advice)
    for field in ("required", "optional"):
        methods = entry.get(field)
        expect(
            methods is None or (isinstance(methods, list) and set(methods) <= set(_METHODS)),
            f"{seen}{field} {methods!r}",
            f"list methods of the Project API that take options: {', '.join(_METHODS[:4])}",
        )
    return str(name)
