# SPDX-License-Identifier: Apache-2.0
"""How each of west's runners is told which of several boards it flashes: a line for each.

After scripts/west_commands/runners/ of Zephyr 2.6 to 4.2, a file for each runner. Not all that look
alike are: OpenOCD's ``--serial`` reaches few boards' configurations, LinkServer's ``--dev-id`` and
that of dfu-util are not a serial number, and the ``--board-id`` of uf2 names a kind of board.
"""

from __future__ import annotations

import re
import shlex

from server_kit.errors import OptionError, ProjectError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from .chosen_board import ChosenBoard

# OpenOCD 0.12 has one command for all adapters; each had its own before. None of them: an error.
_OPENOCD = (
    "if {[catch {adapter serial <serial>}] && [catch {hla_serial <serial>}] "
    "&& [catch {ftdi_serial <serial>}] && [catch {cmsis_dap_serial <serial>}] "
    "&& [catch {jlink serial <serial>}]} {error {this adapter takes no serial number}}"
)

# Arguments of `west flash`; of several, the first whose flag the runner of this release has.
# What stands in <> is a method of ChosenBoard.
_CHOICES = {
    "bflb_mcu_tool": ("--dev-id=<port>",),
    "blackmagicprobe": ("--gdb-serial=<first_port>",),
    "bossac": ("--bossac-port=<port>",),
    "canopen": (),
    "dfu-util": (),
    "esp32": ("--esp-device=<port>",),
    "ezflashcli": ("--dev-id=<number>", "--sn=<number>"),
    "gd32isp": ("--port=<port>",),
    "jlink": ("--dev-id=<number>", "--tool-opt=-USB <number>"),
    "linkserver": ("--probe=<serial>",),
    "nrfjprog": ("--dev-id=<number>", "--snr=<number>"),
    "nrfutil": ("--dev-id=<number>",),
    "openocd": (f"--cmd-pre-init={_OPENOCD}",),
    "probe-rs": ("--dev-id=<probe>",),
    "puppyprog": ("--port=<port>",),
    "pyocd": ("--dev-id=<number>", "--board-id=<number>"),  # a part of the number does
    "sftool": ("--port=<port>",),
    "silabs_commander": ("--dev-id=<number>",),
    "stm32cubeprogrammer": ("--tool-opt=sn=<serial>",),
    "stm32flash": ("--device=<port>",),
    "sy1xx": ("--dev-id=<port>",),
    "teensy": (),
    "uf2": (),
}
# For runners of modules and of releases to come: what Zephyr has such a choice made by.
_ANY_OTHER = ("--dev-id=<serial>",)

_FLAG_LINE = re.compile(r"^ {1,8}(?:-\w[^-\n]*, )?(--[\w-]+)", re.MULTILINE)
_PLACE = re.compile(r"(<(\w+)>)")
# Arguments by which a user chooses a board without us.
_CHOOSES = re.compile(
    r"-i|--(dev-id|id|snr|board-id|probe|serial|sn|esp-device|bossac-port|gdb-serial)(=|$)"
    r"|.*(adapter serial |_serial |jlink serial |\bsn=|-USB |-SelectEmuBySN )"
)
# Arguments that are options of ours, or with which nothing is flashed.
_OURS = {
    "-r": "the option runner names the runner",
    "--runner": "the option runner names the runner",
    "-d": "the build directory is the project's",
    "--build-dir": "the build directory is the project's",
    "-H": "it flashes nothing",
    "--context": "it flashes nothing",
    "-h": "it flashes nothing",
    "--help": "it flashes nothing",
}


def split_arguments(text: str | None) -> list[str]:
    """The words of the option ``runner_args``, quoted as in a shell.

    Raises
    ------
    OptionError :
        When a quotation has no end, or a word is not for a runner.
    """
    try:
        words = shlex.split(text or "")
    except ValueError as error:
        raise OptionError(f"option 'runner_args' was given {text!r}: {error}") from None
    for word in words:
        reason = _OURS.get(word.partition("=")[0])
        if reason:
            raise OptionError(f"option 'runner_args' was given {word!r}; leave it out: {reason}")
    return words


def can_choose(runner: str) -> bool:
    """Whether anything that is known of a board tells this runner which one is meant."""
    return bool(_CHOICES.get(runner, _ANY_OTHER))


def flags(help_text: str) -> set[str]:
    """The long options that ``west flash --context`` lists for a runner."""
    return set(_FLAG_LINE.findall(help_text))


def choosing_arguments(
    runner: str, known_flags: set[str], board: ChosenBoard, given: Sequence[str]
) -> list[str]:
    """What tells a runner which board is meant.

    Parameters
    ----------
    runner : str
    known_flags : set of str
        Those it has in this release.
    board : ChosenBoard
        What the user said of it.
    given : sequence of str
        The user's own arguments for the runner.

    Returns
    -------
    list of str :
        Empty where nothing was said, or all that was is in the user's own arguments.

    Raises
    ------
    OptionError :
        When a board is chosen in both ways.
    ProjectError :
        When this runner cannot choose by a serial number, or no port fits.
    """
    chosen_by = [word for word in given if _CHOOSES.match(word)]
    if chosen_by:
        if board.serial_number is not None:
            raise OptionError(
                f"the board is chosen twice: by the option serial_number={board.serial_number} and "
                f"by {chosen_by[0]!r} in runner_args; give one of them"
            )
        return []
    for template in _CHOICES.get(runner, _ANY_OTHER):
        if template.partition("=")[0] in known_flags:
            place, name = _PLACE.findall(template)[0]
            value = getattr(board, name)()
            return [template.replace(place, value)] if value is not None else []
    if board.serial_number is not None:
        raise ProjectError(
            f"the runner {runner} of this Zephyr cannot choose among boards by serial number; "
            "attach one board only, name another runner, or give the runner's own arguments with "
            "the option runner_args"
        )
    return []
