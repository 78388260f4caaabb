# SPDX-License-Identifier: Apache-2.0
"""What becomes of a model of one operator: compiled, built with the host's compiler, run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context

from microtvm.compiler.compiled import CompiledModel

NOT_RUN = "not run"  # on a page that was written before the case was there
RUNS, IN_FLOAT, REFUSED, DIFFERS, NO_FORM = "runs", "in float", "refused", "differs", "none"

# Two workers end after so many: what TVM keeps of each model adds up. (The pool's own
# max_tasks_per_child can wait for ever, as Python's issue 115634 has it.)
_TASKS_OF_WORKERS = 300
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


@dataclass(frozen=True, order=True)
class Case:
    """An operator with an element type; where a format has versions, the first of a form."""

    operator: str
    dtype: str
    version: int = 0


@dataclass(frozen=True)
class Outcome:
    """One of the words above, and the compiler's or the runtime's own."""

    verdict: str
    words: str = ""


# The outcome of a case that is built and run, or only compiled and taken to run.
Judge = Callable[[Case, bool], Outcome]


def computed(compiled: CompiledModel) -> str:
    """Whether a compiled model computes integers in integers (`RUNS`), or through float."""
    types = {tensor.dtype for tensor in (*compiled.inputs, *compiled.outputs)}
    code = compiled.files[f"codegen/host/src/{compiled.name}_lib0.c"].decode()
    through_float = re.search(r"\b(float|double)\b", _COMMENT.sub("", code))
    if through_float and not any(dtype.startswith("float") for dtype in types):
        return IN_FLOAT
    return RUNS


def _judge_all(judge: Judge, cases: Sequence[Case], run: set[Case]) -> list[Outcome]:
    return [judge(case, case in run) for case in cases]


def judged(judge: Judge, cases: Sequence[Case], run: set[Case]) -> Iterator[tuple[Case, Outcome]]:
    """The outcome of each case; those of ``run`` are built and run, others only compiled.

    The versions of an operator with one element type are one task, in which code that comes out
    the same is built once.
    """
    tasks: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        tasks.setdefault((case.operator, case.dtype), []).append(case)
    left = list(tasks.values())
    while left:
        yield from _in_workers(judge, left[:_TASKS_OF_WORKERS], run)
        del left[:_TASKS_OF_WORKERS]


def _in_workers(
    judge: Judge, tasks: list[list[Case]], run: set[Case]
) -> Iterator[tuple[Case, Outcome]]:
    """A task whose process dies, or dies with another's, is tried once more by itself."""
    # A fresh interpreter: TVM's and the runtimes' threads do not survive a fork.
    context = get_context("spawn")
    died = []
    with ProcessPoolExecutor(2, context) as pool:
        futures = [pool.submit(_judge_all, judge, task, run & set(task)) for task in tasks]
        for task, future in zip(tasks, futures, strict=True):
            try:
                yield from zip(task, future.result(), strict=True)
            except BrokenProcessPool:
                died.append(task)
    for task in died:
        with ProcessPoolExecutor(1, context) as pool:
            try:
                found = pool.submit(_judge_all, judge, task, run & set(task)).result()
            except BrokenProcessPool:
                found = [Outcome(DIFFERS, "the process that compiles it dies")] * len(task)
        yield from zip(task, found, strict=True)
