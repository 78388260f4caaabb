# SPDX-License-Identifier: Apache-2.0
"""``build`` and ``flash``."""

from __future__ import annotations

from .. import processes
from ..clause import RFC, Fails, Level, NotApplicable, clause, expect
from ..work import Work
from ..workbench import Workbench

_END_SEC = 5.0
_SEE = "see what the tools say with --verbose"


@clause("build.builds", f"{RFC}: Building and Flashing")
def builds(bench: Workbench) -> None:
    """A generated project builds."""
    bench.project()
    try:
        bench.built()
    except NotApplicable as error:
        raise Fails(str(error), _SEE) from None


@clause("build.again", f"{RFC}: build", effort=Work(rebuilds=1))
def again(bench: Workbench) -> None:
    """A project that was built builds again."""
    error = bench.cannot_build_again()
    expect(error is None, str(error), "count on a build directory that exists")


@clause("build.leaves_no_process", f"{RFC}: build", effort=Work(rebuilds=1))
def leaves_no_process(bench: Workbench) -> None:
    """When build returns, nothing that it started is left."""
    with bench.start(bench.built()) as server:
        error = server.ask("build", options=bench.all_options)
        expect(error is None or bench.cannot_build_again(), str(error), "see build.again")
        left = processes.wait_until_gone(server.mark, _END_SEC, keep=server.process.pid)
        expect(
            not left,
            f"{len(left)} process{'es' if len(left) > 1 else ''} went on after it",
            "wait for what was started, and end what does not end by itself",
        )


@clause("build.flash", f"{RFC}: flash")
def flash(bench: Workbench) -> None:
    """A project that was built can be flashed, twice."""
    with bench.start(bench.built()) as server:
        for _ in range(2):
            error = server.ask("flash", options=bench.all_options)
            expect(error is None, str(error), _SEE)


@clause(
    "build.odd_directory",
    f"{RFC}: generate_project, project_dir",
    level=Level.RECOMMENDED,
    effort=Work(generations=1, builds=1),
)
def odd_directory(bench: Workbench) -> None:
    """A project whose path holds spaces, quotes or brackets builds; others are refused at once."""
    bench.built()
    target = bench.place("odd") / "a project's (first) place"
    error = bench.generate(target)
    expect(
        error is None, f"it is not generated: {error}", "quote paths, or say that it is the path"
    )
    error = bench.build(target)
    expect(error is None, f"it does not build: {error}", "quote paths; start no shell")
    target = bench.place("odd") / "a; b"
    if bench.generate(target) is None:
        error = bench.build(target)
        expect(error is None, f"{target.name!r} does not build: {error}", "refuse it at once")
