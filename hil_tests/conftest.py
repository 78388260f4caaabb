# SPDX-License-Identifier: Apache-2.0
"""Boards as fixtures: every test runs on each board of the run, each board has a worker."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
from collections.abc import Iterator

import pytest

from hil_tests.bench import Dut, map_writing, selection
from hil_tests.bench.hardware_map import MapError
from hil_tests.device import BENCH_ERRORS, BoardUnderTest, operator
from hil_tests.report import collecting
from hil_tests.report.recording import Record
from microtvm.boards import find

DUTS = pytest.StashKey[list[Dut]]()
LINE = pytest.StashKey[str]()
TEST_SEC = 300.0
"""The limit of a test, to which that of flashing is added."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare options."""
    group = parser.getgroup("hil", "tests on hardware")
    selection.add_options(group)
    collecting.add_options(group)
    group.addoption(
        "--models",
        metavar="DIR",
        help="archives NAME.tar with NAME.golden.npz beside, run on each board that has room",
    )
    group.addoption(
        "--soak",
        metavar="SECONDS",
        type=float,
        default=5.0,
        help="how long the echo soak takes on each board (5)",
    )
    group.addoption(
        "--restarts",
        metavar="NUMBER",
        type=int,
        default=100,
        help="how many sessions are opened one after the other on each board (100)",
    )
    group.addoption(
        "--interactive",
        action="store_true",
        help="ask you to unplug boards and plug them in; one board at a time",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Choose boards once, and a worker of pytest-xdist for each."""
    target = config.getoption("--generate-hardware-map")
    if target:
        return _write_map(pathlib.Path(target))
    if hasattr(config, "workerinput"):
        return None
    if config.getoption("--interactive") and not operator.has_terminal():
        raise pytest.UsageError("--interactive asks at the terminal, and this run has none")
    config.stash[DUTS], config.stash[LINE] = selection.choose(config)
    collecting.configure(config, config.stash[DUTS], config.stash[LINE])
    _distribute(config)
    return None


def _write_map(path: pathlib.Path) -> int:
    found, notes = find()
    try:
        listed, attached = map_writing.write(path, found)
    except MapError as error:
        raise pytest.UsageError(str(error)) from None
    for note in notes:
        print(f"note: {note}")
    print(f"{path}: {listed} boards, {attached} of them attached")
    return 0


def _distribute(config: pytest.Config) -> None:
    if not config.pluginmanager.has_plugin("xdist"):
        return
    option = config.option
    hardware = {dut.hardware or dut.name for dut in config.stash[DUTS]}
    if option.interactive:
        option.numprocesses = 0  # a worker cannot ask
    elif option.numprocesses is None and option.dist == "no" and not option.usepdb:
        option.numprocesses = len(hardware) if len(hardware) > 1 else None
    if option.numprocesses:
        option.dist = "loadscope"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Deal out boards, not tests."""
    from hil_tests.bench.scheduling import BoardScheduling

    return BoardScheduling(config, log, config.stash[DUTS])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Give ``-n auto`` a worker for each board."""
    return len({dut.hardware or dut.name for dut in config.stash[DUTS]})


def pytest_configure(config: pytest.Config) -> None:
    """Tell workers of pytest-xdist which boards there are."""
    worker_input = getattr(config, "workerinput", None)
    if worker_input is not None:
        config.stash[DUTS] = [Dut.from_json(one) for one in json.loads(worker_input["hil_duts"])]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Tell a worker of pytest-xdist which boards there are."""
    node.workerinput["hil_duts"] = json.dumps([dut.to_json() for dut in node.config.stash[DUTS]])


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Say which boards the run is on, before anything else is said."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    line = session.config.stash.get(LINE, None)
    if terminal is not None and line is not None:
        terminal.write_line(line)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make each test one for each board, all tests of a piece of hardware for one worker."""
    if "prepared" in metafunc.fixturenames:
        params = [pytest.param(dut, id=dut.test_id) for dut in metafunc.config.stash[DUTS]]
        metafunc.parametrize("prepared", params, indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Limit each test, so that no board is held for ever."""
    if config.getoption("timeout", None) is None and "PYTEST_TIMEOUT" not in os.environ:
        for item in items:
            dut = _dut(item)
            if dut is not None and item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(TEST_SEC + dut.flash_timeout))


def _dut(item: pytest.Item) -> Dut | None:
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("prepared") if callspec is not None else None


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """Say what is wrong with a board or the bench, which every test of it would say, in words."""
    try:
        yield
    except BENCH_ERRORS as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(scope="session")
def prepared(request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[BoardUnderTest]:
    """A board, flashed with the model y = 2 x + 1."""
    spool = collecting.spool(request.config, request.param)
    under_test = BoardUnderTest(request.param, tmp_path_factory.mktemp("board"), spool)
    try:
        under_test.prepare()
        yield under_test
    finally:
        under_test.close()


@pytest.fixture
def board(prepared: BoardUnderTest) -> BoardUnderTest:
    """The board, alive, with whatever firmware; the next test has the suite's again."""
    with _in_words():
        prepared.begin(with_model=False)
    return prepared


@pytest.fixture
def device(prepared: BoardUnderTest) -> BoardUnderTest:
    """The board, alive."""
    with _in_words():
        prepared.begin()
    return prepared


@pytest.fixture
def record(prepared: BoardUnderTest) -> Record:
    """What the test measures, for the report."""
    return prepared.record


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """Add what was measured, and for a failure what went over the wire."""
    report = yield
    dut = _dut(item)
    if dut is None:
        return report
    report.hil = {"board": dut.name, "begun": call.start}
    under_test = getattr(item, "funcargs", {}).get("prepared")
    if under_test is None:
        return report
    report.hil["figures"] = under_test.record.take()
    if report.failed:
        report.hil["dead"] = under_test.death
        under_test.suspect()
        report.hil["wire"] = under_test.wire.text()
        report.hil["tools"] = under_test.tools_said()
        for what in ("wire", "tools"):
            if report.hil[what] and not under_test.death:
                report.sections.append((f"{what} of {dut.name}", report.hil[what]))
    return report
