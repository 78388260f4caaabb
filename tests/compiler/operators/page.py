# SPDX-License-Identifier: Apache-2.0
"""Writing docs/operators.md: a table for each format, and below it what was said."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .outcomes import Case, Judge, Outcome

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "operators.md"
HEAD = """# Operators

[TensorFlow Lite](#tensorflow-lite) and [ONNX](#onnx): a table for each, by element type, and below
it what `compile` says of the operators that it refuses. In short:

- TensorFlow Lite: all operators of TensorFlow Lite Micro run, in float32 and, where LiteRT has it,
  in int8. Refused are other custom ones (those of the audio front end, `ethos-u` and their like).
- ONNX: nearly all run. Refused are those that draw random numbers, work on texts or files, or have
  results whose shape is known only at run time (`NonZero`, `Unique`, `NonMaxSuppression`), and a
  few more, some of them for integers only.
- A model is refused for all of its operators at once, by name, before anything is written.

Made by `python -m tests.compiler.operators.operator_table --write`; CI fails when it is stale.
"""

_WORD = re.compile(r"([a-z][a-z ]*[a-z])(?: \(([\d, -]+)\))?")
_LINE = re.compile(
    r"^- `(\S+)`, ([a-z0-9, ]+?)(?: \(([\d, -]+)\))?: ([a-z ]+): (.*)$", re.MULTILINE
)


@dataclass(frozen=True)
class Half:
    """A format's part of the page.

    Attributes
    ----------
    title, introduction, words : str
        Its heading, what stands before the table, and what before the words of refusals.
    types : tuple of str
        The columns.
    cases : tuple of Case
    judge : Judge
        What becomes of a case.
    versions : range
        Versions of the operators that cases are of, where there are several.
    """

    title: str
    introduction: str
    types: tuple[str, ...]
    cases: tuple[Case, ...]
    words: str
    judge: Judge
    versions: range = range(1)

    def text(self, found: Mapping[Case, Outcome]) -> str:
        """The part of the page."""
        return "\n".join(
            [f"## {self.title}", "", self.introduction, "", *self._table(found), "", self.words]
            + ["", *self._said(found), ""]
        )

    def read(self, page: str) -> dict[Case, Outcome]:
        """The outcomes that a page tells of: what `text` made it of."""
        section = page.split(f"## {self.title}\n", 1)[1].split("\n## ", 1)[0]
        found: dict[Case, Outcome] = {}
        for operator, cells in re.findall(r"^\| `(\S+)` \| (.*) \|$", section, re.MULTILINE):
            for dtype, cell in zip(self.types, cells.split(" | "), strict=True):
                for word, spans in _WORD.findall(cell):
                    for case in self._within(operator, [dtype], spans):
                        found[case] = Outcome(word)
        for operator, types, spans, verdict, words in _LINE.findall(section):
            for case in self._within(operator, types.split(", "), spans):
                if found[case].verdict == verdict:
                    found[case] = Outcome(verdict, words)
        return found

    def _within(self, operator: str, types: Sequence[str], spans: str) -> list[Case]:
        """The cases of an operator, all or those of some versions."""
        bounds = [span.split("-") for span in spans.split(", ")] if spans else []
        return [  # in order, as the cases are
            case
            for case in self.cases
            if case.operator == operator
            and case.dtype in types
            and (not bounds or any(int(b[0]) <= case.version <= int(b[-1]) for b in bounds))
        ]

    def _table(self, found: Mapping[Case, Outcome]) -> list[str]:
        rows = [["operator", *self.types], ["---"] * (1 + len(self.types))]
        for operator in sorted({case.operator for case in self.cases}):
            rows.append([f"`{operator}`", *(self._cell(found, operator, t) for t in self.types)])
        return ["| " + " | ".join(row) + " |" for row in rows]

    def _cell(self, found: Mapping[Case, Outcome], operator: str, dtype: str) -> str:
        cases = [case for case in found if (case.operator, case.dtype) == (operator, dtype)]
        verdicts: dict[str, list[Case]] = {}
        for case in sorted(cases):
            verdicts.setdefault(found[case].verdict, []).append(case)
        if len(verdicts) == 1:
            return next(iter(verdicts))
        return ", ".join(f"{word} ({self._spans(same)})" for word, same in verdicts.items())

    def _spans(self, cases: Sequence[Case]) -> str:
        """The versions in which the forms of an operator are in force."""
        of_operator = {case.version for case in self.cases if case.operator == cases[0].operator}
        spans: list[list[int]] = []
        for version in sorted({case.version for case in cases}):
            later = [other for other in of_operator if other > version]
            last = min(later) - 1 if later else self.versions[-1]
            if spans and spans[-1][1] == version - 1:
                spans[-1][1] = last
            else:
                spans.append([version, last])
        return ", ".join(f"{a}-{b}" if a != b else str(a) for a, b in spans)

    def _said(self, found: Mapping[Case, Outcome]) -> list[str]:
        """A line for each text, and the types of which it was said of the same versions."""
        of_type: dict[tuple[str, str, str, str], list[Case]] = {}
        for case, outcome in sorted(found.items(), key=lambda item: item[0]):
            if outcome.words:
                words = " ".join(outcome.words.split())
                key = case.operator, outcome.verdict, words, case.dtype
                of_type.setdefault(key, []).append(case)
        lines: dict[tuple[str, str, str, str], list[str]] = {}
        for (operator, verdict, words, dtype), cases in of_type.items():
            spans = (
                f" ({self._spans(cases)})" if cases != self._within(operator, [dtype], "") else ""
            )
            lines.setdefault((operator, spans, verdict, words), []).append(dtype)
        return [
            f"- `{operator}`, {', '.join(sorted(types, key=self.types.index))}{spans}: "
            f"{verdict}: {words}"
            for (operator, spans, verdict, words), types in lines.items()
        ]
