# SPDX-License-Identifier: Apache-2.0
"""What is said to users who may not open a device."""

from __future__ import annotations

import grp
import os
import pathlib
import pwd
import shutil
import tempfile
from typing import Any, Callable, Iterator

import pytest

from server_kit.boards import access
from server_kit.errors import ServerError
from server_kit.transports.serial import SerialTransport

GROUP = "dialout"


@pytest.fixture()
def node() -> Iterator[pathlib.Path]:
    """A file in a directory that every user may look into."""
    directory = pathlib.Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    path = directory / "ttyACM0"
    path.touch()
    yield path
    shutil.rmtree(directory)


def as_nobody(path: pathlib.Path, groups: list[int]) -> str:
    """What a user without rights is told."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups(groups)
            nobody = pwd.getpwnam("nobody")
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            os.write(write, access.what_opens_port(str(path)).encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(read, "rb") as said:
        text = said.read().decode()
    os.waitpid(pid, 0)
    return text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_the_command_that_opens_a_port(node: pathlib.Path) -> None:
    try:
        dialout = grp.getgrnam(GROUP).gr_gid
    except KeyError:
        pytest.skip(f"this system has no group {GROUP}")
    os.chown(node, 0, dialout)
    node.chmod(0o660)
    told = f"sudo usermod -aG {GROUP} nobody, then log out and in again"
    assert as_nobody(node, []) == told
    assert as_nobody(node, [dialout]) == ""
    node.chmod(0o600)
    assert as_nobody(node, [dialout]).startswith(f"sudo chmod a+rw {node}")
    os.chown(node, 0, 0)
    node.chmod(0o660)
    assert as_nobody(node, [dialout]).startswith(f"sudo chmod a+rw {node}")
    node.unlink()
    assert as_nobody(node, []) == ""


def test_whoever_may_open_it_is_told_nothing(node: pathlib.Path) -> None:
    assert access.what_opens_port(str(node)) == ""
    assert access.what_opens_port("socket://lab:5000") == ""


def test_the_rule_for_a_maker_s_devices() -> None:
    command = access.what_opens_device("1366:1015")
    assert 'SUBSYSTEM=="usb", ATTR{idVendor}=="1366"' in command
    assert "/etc/udev/rules.d/60-" in command and "udevadm control --reload" in command


def test_the_transport_says_it(
    node: pathlib.Path, monkeypatch: pytest.MonkeyPatch, require_module: Callable[..., Any]
) -> None:
    require_module("serial", "open a port")
    monkeypatch.setattr("server_kit.transports.serial.what_opens_port", lambda _: "sudo make me")
    with pytest.raises(ServerError, match="cannot be opened.*to let this user open it: sudo make"):
        SerialTransport(str(node), 9600).open()
