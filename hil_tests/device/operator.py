# SPDX-License-Identifier: Apache-2.0
"""The operator, whose hands unplug boards, is asked at the terminal whatever pytest captures."""

from __future__ import annotations

TERMINAL = "/dev/tty"


class NoOperatorError(Exception):
    """Nobody can be asked; ``str()`` says why."""


def ask(what: str) -> None:
    """Ask for something to be done, and wait until it is.

    Raises
    ------
    NoOperatorError
        There is no terminal, or its input has ended.
    """
    try:
        with open(TERMINAL, "w") as asked, open(TERMINAL) as answered:
            asked.write(f"\n{what}, then press Enter: ")
            asked.flush()
            if not answered.readline():
                raise NoOperatorError(f"the terminal's input has ended; nobody was asked: {what}")
    except OSError as error:
        raise NoOperatorError(f"there is no terminal to ask at: {error.strerror}") from None


def has_terminal() -> bool:
    """Whether somebody can be asked."""
    try:
        with open(TERMINAL):
            return True
    except OSError:
        return False
