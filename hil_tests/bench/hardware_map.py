# SPDX-License-Identifier: Apache-2.0
"""Hardware maps of Zephyr's twister, read.

Source: https://docs.zephyrproject.org/latest/develop/test/twister.html (Hardware map), and what
Zephyr 4.2's scripts/schemas/twister/hwmap-schema.yaml allows. ``available`` is of maps older than
Zephyr 2.1. A platform with colons is no board of Zephyr's but an FQBN of Arduino's.
"""

from __future__ import annotations

import json
import pathlib
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from microtvm.boards import Kind
from microtvm.templates import get_microtvm_template_projects

from .dut import FLASH_SEC, SCRIPT_SEC, Dut, Script

UNKNOWN = "unknown"

_TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "available": (bool, "true or false"),
    "baud": (int, "a number"),
    "connected": (bool, "true or false"),
    "fixtures": (list, "a list of texts"),
    "flash_before": (bool, "true or false"),
    "flash_timeout": ((int, float), "a number of seconds"),
    "flash_with_test": (bool, "true or false"),
    # YAML reads what has digits only as a number.
    "id": ((str, int), "a text"),
    "notes": (str, "a text"),
    "platform": ((str, list), "a board's name, or several"),
    "post_flash_script": (str, "a command"),
    "post_script": (str, "a command"),
    "pre_script": (str, "a command"),
    "probe_id": ((str, int), "a text"),
    "product": (str, "a text"),
    "runner": (str, "a runner of west's"),
    "runner_params": (list, "a list of texts"),
    "script_param": (dict, "an object"),
    "serial": (str, "a port"),
    "serial_pty": (str, "a command"),
}
_SCRIPT_LIMITS = {
    "pre_script": "pre_script_timeout",
    "post_flash_script": "post_flash_timeout",
    "post_script": "post_script_timeout",
}


class MapError(Exception):
    """A hardware map cannot be read, or an entry cannot be used; ``str()`` says which and why."""


def load(path: pathlib.Path) -> list[dict[str, Any]]:
    """Read a map's entries.

    Raises
    ------
    MapError
        There is no such file, it is not YAML, or not a map.
    """
    try:
        text = path.read_text(encoding="utf-8")
        entries = yaml.safe_load(text)
    except OSError as error:
        raise MapError(f"the hardware map {path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())
        raise MapError(f"the hardware map {path} is not YAML: {said}") from None
    if entries is None:
        return []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise MapError(
            f"the hardware map {path} is not a list of boards; --generate-hardware-map writes one"
        )
    for number, entry in enumerate(entries, 1):
        _check(entry, f"{path}, board {number}")
    for entry, as_texts in zip(entries, yaml.load(text, yaml.BaseLoader), strict=True):
        for name in {"id", "probe_id"} & entry.keys():
            if entry[name] is not None:
                entry[name] = str(as_texts[name])  # 0667 is a serial number and no octal one
    return entries


def boards_of(path: pathlib.Path, template: str | None = None) -> tuple[list[Dut], list[str]]:
    """Give the boards that a map says are connected, and why others are left out.

    Parameters
    ----------
    path : pathlib.Path
        The map.
    template : str, optional
        The template for all of them; by default Zephyr's, Arduino's for an FQBN, and that of the
        host and of boards that this machine emulates by their names.

    Raises
    ------
    MapError
        It cannot be read, or has a board that nothing says how to reach.
    """
    duts, notes = [], []
    for number, entry in enumerate(load(path), 1):
        where = f"{path}, board {number}"
        for platform in _platforms(entry):
            if entry.get("connected", entry.get("available")) is not True:
                notes.append(f"{where} ({platform}) is not connected")
            elif entry.get("available") is False:
                notes.append(f"{where} ({platform}) is not available")
            elif platform == UNKNOWN:
                notes.append(f"{where} ({told_of(entry, 'product')}) has no platform yet: edit it")
            else:
                duts.append(_dut(entry, platform, template, where))
    return duts, notes


def _dut(entry: Mapping[str, Any], platform: str, template: str | None, where: str) -> Dut:
    serial, serial_pty = told_of(entry, "serial"), told_of(entry, "serial_pty")
    # The probe's number, where the board's own is another.
    number = told_of(entry, "probe_id") or told_of(entry, "id")
    fixtures = tuple(entry.get("fixtures") or ())
    is_in_a_place = any(one.startswith("place:") for one in fixtures)
    is_here = template is None and platform in _here()
    if is_here:
        template = _here()[platform]
    elif not (serial or serial_pty or number or is_in_a_place):
        raise MapError(
            f"{where} ({platform}) has neither serial nor serial_pty nor id, so that nothing says "
            "how to reach it; give one, or write connected: false"
        )
    options = {} if template == "host" else {"board": platform}
    if serial and not serial_pty:
        options["port"] = serial
    words = entry.get("runner_params") or []
    if number and not any(number in word for word in words):  # one choice is enough
        options["serial_number"] = number
    if entry.get("runner") not in (None, "", UNKNOWN):
        options["runner"] = entry["runner"]
    if words:
        options["runner_args"] = shlex.join(words)
    if entry.get("baud"):
        options["baudrate"] = str(entry["baud"])
    limits = entry.get("script_param") or {}
    scripts = {
        name: Script(entry[name], float(limits.get(limit) or SCRIPT_SEC))
        for name, limit in _SCRIPT_LIMITS.items()
        if entry.get(name)
    }
    return Dut(
        name=platform,
        known_by=where,
        kind=Kind.EMULATED if is_here else Kind.ATTACHED,
        template=template or template_of(platform),
        options=options,
        hardware="" if is_here else serial or number or where,
        flash_timeout=float(entry.get("flash_timeout") or FLASH_SEC),
        fixtures=fixtures,
        serial_pty=serial_pty,
        **scripts,
    )


def template_of(platform: str) -> str:
    """Give the template for a board that no process here stands for."""
    return "arduino" if platform.count(":") >= 2 else "zephyr"


def _here() -> dict[str, str]:
    """Templates whose boards are processes of this machine, by the boards' names."""
    path = pathlib.Path(get_microtvm_template_projects("qemu_cortex_m")) / "boards.json"
    emulated = json.loads(path.read_text(encoding="utf-8"))
    return {"host": "host", **dict.fromkeys(emulated, "qemu_cortex_m")}


def _platforms(entry: Mapping[str, Any]) -> Sequence[str]:
    platform = entry.get("platform") or UNKNOWN
    return platform.split() if isinstance(platform, str) else platform


def told_of(entry: Mapping[str, Any], name: str) -> str:
    """Give what an entry says as text; empty where it says nothing."""
    value = entry.get(name)
    return "" if value is None else str(value).strip()


def _check(entry: Mapping[str, Any], where: str) -> None:
    for name, value in entry.items():
        if name not in _TYPES:
            raise MapError(f"{where} has {name!r}, which twister does not know either")
        kind, wanted = _TYPES[name]
        is_odd = isinstance(value, bool) and kind is not bool
        items = value if isinstance(value, list) else ()
        if value is None:
            continue
        if is_odd or not isinstance(value, kind) or not all(isinstance(i, str) for i in items):
            raise MapError(f"{where}: {name} is {value!r} and should be {wanted}")
    if not {"connected", "available"} & entry.keys():
        raise MapError(f"{where} does not say whether it is connected: true or false")
