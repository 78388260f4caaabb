# SPDX-License-Identifier: Apache-2.0
"""Texts and figures as people read them. What boards and their tools say may be hostile."""

from __future__ import annotations

import datetime
import math

SHORT = 200
LONG = 12_000
"""Characters of a name and of a log that are shown."""
_LINE = 1000


def visible(text: str) -> str:
    """Escape what does not show itself: controls, what turns the direction of writing, and so on.

    Line ends and tabulators stay.
    """
    return "".join(
        char if char.isprintable() or char in "\n\t" else _escaped(char)
        for char in text.replace("\r\n", "\n")
    )


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode()


def short(text: str, limit: int = SHORT) -> str:
    """Cut a name, a reason, or a line."""
    return (
        text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit:,} more characters)"
    )


def log(text: str) -> str:
    """Cut a log in its middle, since the end says most, and what is too long for a line."""
    if len(text) > LONG:
        left = LONG // 4
        cut = len(text) - LONG
        text = f"{text[:left]}\n… {cut:,} characters are left out …\n{text[left + cut :]}"
    return "\n".join(short(line, _LINE) for line in text.split("\n"))


def reason(message: str) -> str:
    """Give the line of a failure's text that says why."""
    lines = [line for line in message.splitlines() if line.strip()]
    told = [line[1:].strip() for line in lines if line.startswith("E ")]
    return (told or [line.strip() for line in reversed(lines)] or ["it is not said why"])[0]


def seconds(value: float) -> str:
    """Give a time with three digits and its unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= 1:
            return f"{_digits(value * factor)} {unit}"
    return f"{_digits(value * 1e9)} ns" if value > 0 else "0 s"


def tick(value: float) -> str:
    """Give a round time on an axis."""
    number, _, unit = seconds(value).partition(" ")
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {unit}"


def date(text: str) -> str:
    """Give a date as people write it; one that is none stays as it is."""
    begun = moment(text)
    return f"{begun:%d %B %Y, %H:%M} UTC".lstrip("0") if begun else text


def moment(text: str) -> datetime.datetime | None:
    """Read a date of ISO 8601; None for what is none."""
    try:
        return datetime.datetime.fromisoformat(text).astimezone(datetime.timezone.utc)
    except (OverflowError, ValueError):
        return None


def duration(value: float) -> str:
    """Give how long something took, as one says it."""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def size(value: float) -> str:
    """Give a number of bytes."""
    for unit, factor in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value >= factor:
            return f"{_digits(value / factor)} {unit}"
    return f"{round(value):,} bytes"


def rate(value: float) -> str:
    """Give bytes per second."""
    for unit, factor in (("MB/s", 1e6), ("kB/s", 1e3)):
        if value >= factor:
            return f"{_digits(value / factor)} {unit}"
    return f"{_digits(value)} B/s"


def number(value: float) -> str:
    """Give a number, with all its digits where it is whole."""
    return f"{round(value):,}" if value == round(value) else _digits(value)


def ratio(now: float, before: float) -> str:
    """Give a change in per cent, or as a multiple where it is large."""
    if before <= 0:
        return ""
    change = now / before
    return f"{change:.1f} times" if change >= 3 else f"{100 * (change - 1):+.1f} %"


def plural(count: int, what: str, several: str = "") -> str:
    """Count things."""
    return f"{count:,} {what if count == 1 else several or what + 's'}"


def _digits(value: float) -> str:
    if value <= 0:
        return "0"
    places = max(0, 2 - math.floor(math.log10(value)))
    return f"{value:,.{min(places, 3)}f}"
