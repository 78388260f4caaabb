# SPDX-License-Identifier: Apache-2.0
"""The conformance kit in pytest: ``pytest --microtvm-template DIR`` adds a test for each clause.

What is recommended and lacking is an expected failure, what does not apply is skipped. Without the
option nothing is added, and nothing but this file is imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .clause import Clause
    from .workbench import Workbench


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("microtvm", "conformance of a Project API template")
    group.addoption(
        "--microtvm-template",
        metavar="DIR",
        help="test the template in this directory against the Project API",
    )
    group.addoption(
        "--microtvm-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a project option for the template; may be repeated",
    )
    group.addoption("--microtvm-model", metavar="ARCHIVE", help="archive to generate projects from")
    group.addoption(
        "--microtvm-standalone-crt-dir", metavar="DIR", help="TVM's C runtime, if it is needed"
    )


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the clauses after all other tests."""
    template = config.getoption("--microtvm-template")
    if template is not None:
        collector = _Template.from_parent(session, name=str(template), nodeid=str(template))
        items.extend(collector.collect())


class _Template(pytest.Collector):
    """A template and, while its clauses run, the workbench."""

    bench: Workbench | None = None

    def collect(self) -> Iterator[_ClauseItem]:
        from .clause import all_clauses

        for clause in all_clauses():
            yield _ClauseItem.from_parent(self, name=clause.id, clause=clause)

    def setup(self) -> None:
        import pathlib

        from ..errors import MicroTVMError
        from ..templates import get_microtvm_template_projects, template_names
        from .workbench import Workbench

        def path(option: str) -> pathlib.Path | None:
            value = self.config.getoption(option)
            return pathlib.Path(value) if value else None

        known = self.name in template_names()
        try:
            self.bench = Workbench(
                pathlib.Path(get_microtvm_template_projects(self.name) if known else self.name),
                self._options(),
                model=path("--microtvm-model"),
                standalone_crt_dir=path("--microtvm-standalone-crt-dir"),
            )
        except MicroTVMError as error:
            pytest.exit(f"--microtvm-template: {error}", pytest.ExitCode.USAGE_ERROR)

    def teardown(self) -> None:
        if self.bench is not None:
            self.bench.close()
            self.bench = None

    def _options(self) -> dict[str, str]:
        options = {}
        for text in self.config.getoption("--microtvm-option"):
            name, equals, value = text.partition("=")
            if not equals:
                pytest.exit(
                    f"--microtvm-option wants NAME=VALUE and was given {text!r}",
                    pytest.ExitCode.USAGE_ERROR,
                )
            options[name] = value
        return options


class _ClauseItem(pytest.Item):
    """One clause as a test."""

    def __init__(self, *, clause: Clause, **kwargs: Any):
        super().__init__(**kwargs)
        self.clause = clause
        self._said: list[str] = []

    def runtest(self) -> None:
        from .clause import Level
        from .runner import Verdict, run_one

        assert isinstance(self.parent, _Template) and self.parent.bench is not None
        bench = self.parent.bench
        bench.say = self._said.append
        result = run_one(self.clause, bench)
        if result.verdict is Verdict.NOT_APPLICABLE:
            pytest.skip(result.detail)
        if result.verdict is Verdict.FAILS:
            if self.clause.level is Level.RECOMMENDED:
                pytest.xfail(f"recommended: {result.detail}")
            self.add_report_section("call", "what was said", "\n".join(self._said))
            raise _ClauseFailed(
                f"{self.clause.statement}\n  seen:   {result.detail}\n  do:     {result.advice}"
                f"\n  source: {self.clause.source}"
            )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, _ClauseFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, None, str]:
        return str(self.config.rootpath), None, self.clause.id


class _ClauseFailed(Exception):
    """A clause does not hold; shown without the kit's own traceback."""
