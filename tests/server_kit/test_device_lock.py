# SPDX-License-Identifier: Apache-2.0
"""Who holds a board: locks between real processes."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
from typing import Any, Callable, Iterator

import pytest

from server_kit.boards import device_lock
from server_kit.boards.device_lock import DeviceLock
from server_kit.errors import ServerError

HOLD = """
import sys
from server_kit.boards.device_lock import DeviceLock
alone, shared = (names.split(",") if names else [] for names in sys.argv[1:3])
DeviceLock(*alone, shared=shared).acquire()
print("held", flush=True)
input()
"""
NOBODY = 65534


@pytest.fixture()
def board(tmp_path: pathlib.Path) -> Iterator[str]:
    """A device that no other test knows."""
    name = f"board of {tmp_path}"
    yield name
    for path in device_lock._directory().glob(f"{device_lock._file_name(name)}*"):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


@pytest.fixture()
def hold() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """``hold(alone, shared)`` starts a process that holds what the names say."""
    started = []

    def start(alone: str, shared: str = "", **variables: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, alone, shared],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **variables},
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def refused(lock: DeviceLock) -> str:
    with pytest.raises(ServerError) as caught:
        lock.acquire()
    return str(caught.value)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_lock_ends_with_its_process(
    board: str, hold: Callable[..., Any], number: signal.Signals
) -> None:
    holder = hold(board)
    lock = DeviceLock(board)
    assert refused(lock) == (
        f"the device {board} is in use by process {holder.pid}; close its session, or name "
        "another device"
    )
    holder.send_signal(number)
    holder.wait()
    lock.acquire()
    lock.acquire()
    lock.release()
    lock.release()
    with lock:
        pass


def test_a_process_started_by_the_holder_does_not_keep_it(board: str) -> None:
    """As a flash tool that outlives a server which was killed."""
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, subprocess, sys; from server_kit.boards.device_lock import DeviceLock;"
            "DeviceLock(sys.argv[1]).acquire();"
            "tool = subprocess.Popen(['sleep', '60']);"
            "print(tool.pid, flush=True); os.kill(os.getpid(), 9)",
            board,
        ],
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    tool = int(child.stdout.readline())
    child.wait()
    try:
        with DeviceLock(board):
            os.kill(tool, 0)  # it is there still
    finally:
        os.kill(tool, signal.SIGKILL)
        child.stdout.close()


def test_ports_of_one_probe_are_used_side_by_side(board: str, hold: Callable[..., Any]) -> None:
    first = hold(f"{board} port 0", shared=board)
    second = hold(f"{board} port 1", shared=board)
    assert f"in use by process {first.pid};" in refused(DeviceLock(f"{board} port 0"))
    assert f"by process {first.pid}, {second.pid};" in refused(DeviceLock(board))
    first.kill()
    first.wait()
    assert f"in use by process {second.pid};" in refused(DeviceLock(board))
    second.kill()
    second.wait()
    with DeviceLock(board):
        holder = os.getpid()
        assert f"by process {holder};" in refused(DeviceLock(f"{board} port 0", shared=[board]))


def test_all_or_none(board: str, hold: Callable[..., Any]) -> None:
    hold(f"{board} b")
    both = DeviceLock(f"{board} a", f"{board} b")
    refused(both)
    with DeviceLock(f"{board} a"):
        pass
    # A name that is both is held alone.
    with DeviceLock(board, shared=[board]):
        refused(DeviceLock(shared=[board]))


def test_links_and_temporary_directories_make_no_difference(
    tmp_path: pathlib.Path, hold: Callable[..., Any]
) -> None:
    port = tmp_path / "ttyACM0"
    port.touch()
    link = tmp_path / "by-id"
    link.symlink_to(port)
    holder = hold(str(link), TMPDIR=str(tmp_path))
    assert f"in use by process {holder.pid};" in refused(DeviceLock(str(port)))


def lock_file(board: str) -> pathlib.Path:
    return device_lock._directory() / device_lock._file_name(board)


def test_the_kernel_says_who_holds_it(board: str) -> None:
    """And not whatever stands in the file."""
    path = lock_file(board)
    path.write_text(f"1\n{10**30}\nnonsense\n")
    with DeviceLock(board):
        assert f"in use by process {os.getpid()};" in refused(DeviceLock(board))
    assert "nonsense" in path.read_text()


def make_symlink(path: pathlib.Path, private: pathlib.Path) -> None:
    path.symlink_to(private)


def make_dangling(path: pathlib.Path, private: pathlib.Path) -> None:
    path.symlink_to(private / "made by the lock")


def make_directory(path: pathlib.Path, private: pathlib.Path) -> None:
    path.mkdir()


def make_fifo(path: pathlib.Path, private: pathlib.Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [make_symlink, make_dangling, make_directory, make_fifo])
def test_what_another_user_put_in_its_place(
    tmp_path: pathlib.Path, board: str, make: Callable[[pathlib.Path, pathlib.Path], None]
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    path = lock_file(board)
    make(path, private)
    said = refused(DeviceLock(board))
    assert f"the lock file {path} of user {os.geteuid()} cannot be used" in said
    assert (private.stat().st_mode & 0o777, list(private.iterdir())) == (0o700, [])


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o1755])
def test_directories_in_which_locks_could_be_replaced(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, board: str, mode: int
) -> None:
    tmp_path.chmod(mode)
    monkeypatch.setattr(device_lock, "_DIRECTORIES", (str(tmp_path), str(tmp_path / "none")))
    assert "boards cannot be locked: none of" in refused(DeviceLock(board))
    tmp_path.chmod(0o1777)
    with DeviceLock(board):
        assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o644]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_two_users(board: str) -> None:
    """Also where the first one's umask lets nobody else write."""

    def as_user(uid: int, action: Callable[[], None]) -> int:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.umask(0o077)
                os.setgid(uid)
                os.setuid(uid)
                action()
                status = 0
            finally:
                os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def is_refused() -> None:
        refused(DeviceLock(board))

    def take() -> None:
        with DeviceLock(board):
            pass

    assert as_user(NOBODY - 1, take) == 0
    assert as_user(NOBODY, take) == 0
    with DeviceLock(board):
        assert as_user(NOBODY, is_refused) == 0
