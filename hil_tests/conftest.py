# SPDX-License-Identifier: Apache-2.0
"""Boards as fixtures: every test runs on each board of the run."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from hil_tests import selection
from hil_tests.board_under_test import BoardUnderTest
from microtvm.boards import Board, Kind

BOARDS = pytest.StashKey[list[Board]]()
LINE = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare options."""
    selection.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Choose boards once; workers of pytest-xdist are told which."""
    config.addinivalue_line("markers", "xdist_group(name): one worker for each board")
    worker_input = getattr(config, "workerinput", None)
    if worker_input is not None:
        told = json.loads(worker_input["hil_boards"])
        config.stash[BOARDS] = [
            Board(**{**one, "kind": Kind(one["kind"]), "problems": tuple(one["problems"])})
            for one in told
        ]
    else:
        config.stash[BOARDS], config.stash[LINE] = selection.choose(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Tell a worker of pytest-xdist which boards there are."""
    boards = node.config.stash[BOARDS]
    node.workerinput["hil_boards"] = json.dumps([board.to_json() for board in boards])


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Say which boards the run is on, before anything else is said."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    line = session.config.stash.get(LINE, None)
    if terminal is not None and line is not None:
        terminal.write_line(line)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make each test one for each board, all tests of a board for one worker."""
    if "device" in metafunc.fixturenames:
        boards = metafunc.config.stash[BOARDS]
        names = [f"{board.name}-{number}" for number, board in enumerate(boards)]
        params = [
            pytest.param(board, id=name, marks=pytest.mark.xdist_group(name))
            for board, name in zip(boards, names, strict=True)
        ]
        metafunc.parametrize("device", params, indirect=True, scope="session")


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[BoardUnderTest]:
    """A board, flashed with the model y = 2 x + 1."""
    under_test = BoardUnderTest(request.param, tmp_path_factory.mktemp("board"))
    yield under_test
    under_test.close()
