# SPDX-License-Identifier: Apache-2.0
"""What the check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import CompileError
from .comparison import OutputCheck


class WrongAnswersError(CompileError):
    """The compiled model's answers are not those of the model's own runtime."""


@dataclass(frozen=True)
class Verification:
    """What the check found.

    Attributes
    ----------
    model : str
        The file, as errors call it.
    runtime : str
        Name and version of what the answers were compared with; empty where nothing was.
    samples : int
    outputs : tuple of OutputCheck
    remark : str
        How what was run here is not what the archive holds.
    note : str
        Why nothing was compared, and what would change that.
    """

    model: str
    runtime: str = ""
    samples: int = 0
    outputs: tuple[OutputCheck, ...] = ()
    note: str = ""
    remark: str = ""

    def require_right(self) -> None:
        """Raise if an output is wrong.

        Raises
        ------
        WrongAnswersError
        """
        wrong = [check for check in self.outputs if not check.is_right]
        if wrong:
            raise WrongAnswersError(
                f"{self.model}: compiled, it gives other answers than {self.runtime}: "
                + "; ".join(f"output {check}" for check in wrong),
                hint="this is a mistake of the compiler: please report it with the model, or "
                "write the archive all the same with --no-check",
            )

    def lines(self) -> list[str]:
        """Describe it for people."""
        if self.note:
            return [self.note]
        head = f"checked beside {self.runtime} on {self.samples} samples"
        if self.remark:
            head += f" ({self.remark})"
        return [f"{head}: output {check}" for check in self.outputs]

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        return {
            "runtime": self.runtime or None,
            "samples": self.samples,
            "outputs": [check.to_json() for check in self.outputs],
            "note": self.note or None,
            "remark": self.remark or None,
        }
