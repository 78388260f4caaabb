# SPDX-License-Identifier: Apache-2.0
"""``microtvm doctor`` in environments that lack things."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any, Callable

import pytest

from microtvm.doctor import attached
from server_kit.boards import ports, usb_devices
from server_kit.errors import ServerError
from tests.server_kit.pipe_driver import wait_until
from tests.zephyr import usb_listings as usb

MODULES = ("elftools", "yaml", "pykwalify", "packaging")


def doctor(template: str, env: dict[str, str]) -> tuple[int, dict[str, dict[str, Any]], str]:
    """The exit status, the findings by name, and standard error."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ZEPHYR", "CROSS_COMPILE", "GNUARMEMB"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "microtvm", "doctor", "--template", template, "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**clean, **env},
    )
    found = json.loads(done.stdout)["templates"][template]["findings"] if done.stdout else []
    return done.returncode, {finding["name"]: finding for finding in found}, done.stderr


@pytest.fixture()
def tools(tmp_path: pathlib.Path) -> pathlib.Path:
    """A directory of programs that say a version, and a Python with Zephyr's packages."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name, version in (("cmake", "3.25.1"), ("ninja", "1.11"), ("cc", "12.2.0")):
        (directory / name).write_text(f"#!/bin/sh\necho {name} version {version}\n")
    (directory / "python").write_text("#!/bin/sh\nexit 0\n")
    (directory / "west").write_text(f"#!{directory}/python\n")
    for path in directory.iterdir():
        path.chmod(0o755)
    return directory


def test_all_that_host_needs(tools: pathlib.Path) -> None:
    status, findings, said = doctor("host", {"PATH": str(tools)})
    assert (status, said) == (0, "")
    assert findings["cmake"]["found"] == f"3.25.1 {tools}/cmake"
    assert not findings["c++"]["required"] and findings["c++"]["found"] is None


def test_a_missing_and_an_old_tool(tools: pathlib.Path) -> None:
    (tools / "cc").unlink()
    (tools / "cmake").write_text("#!/bin/sh\necho cmake version 3.5.1\n")
    status, findings, said = doctor("host", {"PATH": str(tools)})
    assert status == 1 and "host (cc, cmake)" in said
    assert "apt-get install gcc" in findings["cc"]["install"]
    assert "3.16 or later" in findings["cmake"]["needed_for"]


def test_all_that_zephyr_needs(tools: pathlib.Path, tmp_path: pathlib.Path) -> None:
    base = tmp_path / "zephyr"
    base.mkdir()
    (base / "VERSION").write_text("VERSION_MAJOR = 4\nVERSION_MINOR = 2\nPATCHLEVEL = 0\n")
    sdk = tmp_path / "zephyr-sdk-0.17.0"
    sdk.mkdir()
    env = {"PATH": str(tools), "ZEPHYR_BASE": str(base), "ZEPHYR_SDK_INSTALL_DIR": str(sdk)}
    status, findings, said = doctor("zephyr", env)
    assert (status, said) == (0, "")
    assert findings["Zephyr"]["found"] == f"4.2.0 {base}"
    assert findings["toolchain"]["found"] == str(sdk)
    cross = {**env, "ZEPHYR_TOOLCHAIN_VARIANT": "cross-compile", "CROSS_COMPILE": "/nowhere/arm-"}
    status, findings, said = doctor("zephyr", cross)
    assert status == 1 and findings["toolchain"]["install"] == "set CROSS_COMPILE"
    for name in ("armclang", "cross-compile"):
        (base / "cmake" / "toolchain" / name).mkdir(parents=True)
    status, findings, _ = doctor("zephyr", {**env, "ZEPHYR_TOOLCHAIN_VARIANT": "crosscompile"})
    assert status == 1 and "VARIANT is 'crosscompile'" in findings["toolchain"]["needed_for"]
    assert findings["toolchain"]["install"].endswith("has: armclang, cross-compile")
    status, findings, _ = doctor("zephyr", {**env, "ZEPHYR_TOOLCHAIN_VARIANT": "armclang"})
    assert status == 0 and findings["toolchain"]["found"] == "armclang"
    status, findings, _ = doctor("zephyr", {**env, "ZEPHYR_TOOLCHAIN_VARIANT": "zephyr/gnu"})
    assert status == 0 and findings["toolchain"]["found"] == str(sdk)


def test_nothing_that_zephyr_needs(tools: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tools / "python").write_text("#!/bin/sh\nexit 1\n")
    env = {"PATH": str(tools), "HOME": str(tmp_path), "ZEPHYR_BASE": str(tmp_path)}
    status, findings, said = doctor("zephyr", env)
    assert status == 1 and "Zephyr" in said and "Python packages" in said
    missing = [name for name, finding in findings.items() if finding["found"] is None]
    assert {"Zephyr", "Python packages"} <= set(missing)
    assert findings["Zephyr"]["needed_for"].startswith(
        f"build ({tmp_path} holds no Zephyr (a VERSION file"
    )
    assert all(findings[name]["install"] for name in missing)
    assert all(name in findings["Python packages"]["needed_for"] for name in MODULES)


def test_what_zephyr_s_releases_want(tools: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tools / "python").write_text('#!/bin/sh\ncase "$2" in *jsonschema) exit 1; esac\n')
    base = tmp_path / "zephyr"
    (base / "scripts").mkdir(parents=True)
    (base / "VERSION").write_text("VERSION_MAJOR = 3\nVERSION_MINOR = 4\nPATCHLEVEL = 0\n")
    env = {"PATH": str(tools), "HOME": str(tmp_path), "ZEPHYR_BASE": str(base)}
    _, findings, _ = doctor("zephyr", env)
    assert findings["Python packages"]["found"] == f"of {tools}/python"
    assert "the Zephyr SDK of Zephyr 3.4, by its setup.sh" in findings["toolchain"]["install"]
    (base / "VERSION").write_text("VERSION_MAJOR = 4\nVERSION_MINOR = 2\nPATCHLEVEL = 0\n")
    (base / "scripts/requirements-base.txt").write_text("jsonschema\n")
    _, findings, _ = doctor("zephyr", env)
    assert "build (jsonschema cannot be imported" in findings["Python packages"]["needed_for"]
    install = findings["Python packages"]["install"]
    assert install == f"{tools}/python -m pip install -r {base}/scripts/requirements-base.txt"
    assert findings["toolchain"]["install"].startswith(f"cd {base} && west sdk install")


def test_where_the_sdk_is(tools: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """In its usual places, or where its setup.sh registered it; it brings QEMU."""
    env = {"PATH": str(tools), "HOME": str(tmp_path), "ZEPHYR_BASE": str(tmp_path)}
    sdk = tmp_path / "elsewhere" / "zephyr-sdk-99.17.4"
    (sdk / "cmake").mkdir(parents=True)
    (sdk / "sdk_version").write_text("99.17.4\n")
    qemu = sdk / "sysroots/x86_64-pokysdk-linux/usr/bin/qemu-system-arm"
    qemu.parent.mkdir(parents=True)
    qemu.touch()
    registry = tmp_path / ".cmake/packages/Zephyr-sdk"
    registry.mkdir(parents=True)
    (registry / "0123").write_text(f"{sdk}/cmake\n")
    (registry / "4567").write_text("/nowhere/cmake\n")
    _, findings, _ = doctor("zephyr", env)
    assert findings["toolchain"]["found"] == str(sdk)
    assert findings["qemu-system-arm"]["found"] == str(qemu)
    for version in ("99.9.5", "99.18.0"):
        (tmp_path / ".local" / f"zephyr-sdk-{version}").mkdir(parents=True)
    _, findings, _ = doctor("zephyr", env)
    assert findings["toolchain"]["found"] == f"{tmp_path}/.local/zephyr-sdk-99.18.0"
    _, findings, _ = doctor("zephyr", {**env, "ZEPHYR_SDK_INSTALL_DIR": "/nowhere"})
    assert findings["toolchain"]["found"] is None


def test_it_speaks_to_people(tools: pathlib.Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "microtvm", "doctor", "--template", "host"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": str(tools)},
    )
    first, *lines = done.stdout.splitlines()
    assert first == "template host can build"
    assert lines[0] == f"  found     cc               12.2.0 {tools}/cc"
    assert lines[-1].startswith("  optional  c++              not here; to run archives with TVM ")
    assert "attached" not in done.stdout  # this template needs no board


def test_an_unknown_template() -> None:
    status, _, said = doctor("zefyr", {})
    assert status == 1
    assert "nothing is known of what template 'zefyr' needs; known are arduino, host" in said


def test_this_machine_whatever_is_attached() -> None:
    command = [sys.executable, "-m", "microtvm", "doctor"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    _, heading, rest = said.stdout.partition("boards and probes attached by USB\n")
    assert heading and rest.splitlines()
    said = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    listed = json.loads(said.stdout)["attached"]
    assert set(listed) == {"devices", "notes"}
    assert rest.startswith("  none\n") == (not listed["devices"])


@pytest.fixture()
def bench(
    require_module: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> Callable[..., list[str]]:
    """``bench(ports, devices)`` attaches them, and gives what the doctor says of them."""
    require_module("usb.core", "read descriptors")
    from tests.zephyr.fake_usb import FakeUsbBackend

    monkeypatch.setattr(usb_devices, "_SYSFS", tmp_path)
    list_devices = usb_devices.list_devices

    def say(listed: list[ports.Port], *recorded: usb.Recorded) -> list[str]:
        monkeypatch.setattr(ports, "list_ports", lambda: listed)
        backend = FakeUsbBackend(recorded)
        monkeypatch.setattr(usb_devices, "list_devices", lambda: list_devices(backend))
        return [one.line() for one in attached.examine()[0]]

    return say


def test_what_is_attached(bench: Callable[..., list[str]]) -> None:
    devices = (usb.STLINK_V3_DEVICE, usb.BARE_JLINK, usb.PICO_BOOTSEL, *usb.REST)
    assert bench(usb.STLINK_V3, *devices) == [
        "  /dev/ttyACM2      STLINK-V3, 0483:374e, serial number 003A00323037510B35333131, "
        "at 1-4:1.2",
        "  no serial port    J-Link, 1366:0101, serial number 000050027328, at 1-6",
        "  no serial port    RP2 Boot, 2e8a:0003, serial number E0C9125B0D9B, at 1-8; in its "
        "bootloader: flash it, or reset it into its firmware",
    ]


def test_what_this_user_may_not_open(
    bench: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attached, "what_opens_port", lambda path: f"sudo usermod for {path}")
    closed = dataclasses.replace(usb.STLINK_V3_DEVICE, is_closed=True)
    board, probe = bench(usb.STLINK_V3, closed, usb.CLOSED_STLINK)
    assert "; this user may not open the port: sudo usermod for /dev/ttyACM2; " in board
    assert '; this user may not flash with it: echo \'SUBSYSTEM=="usb", ATTR{idVendor}' in board
    assert "serial number not" not in board and "no serial number, at 1-4.2; this user" in probe
    (adapter,) = bench(usb.TWO_CH340[:1])
    assert adapter.startswith("  /dev/ttyUSB0      USB2.0-Serial, 1a86:7523, no serial number, at")


def test_what_cannot_be_seen(bench: Callable[..., list[str]], monkeypatch: Any) -> None:
    def no_pyserial() -> list[ports.Port]:
        raise ServerError("serial ports need PySerial")

    assert bench([], usb.BARE_JLINK)
    monkeypatch.setattr(ports, "list_ports", no_pyserial)
    monkeypatch.setattr(usb_devices, "what_is_missing", lambda: "pip install pyusb")
    found, notes = attached.examine()
    assert len(found) == 1
    assert notes[:2] == [
        "serial ports cannot be seen: serial ports need PySerial",
        "devices without a serial port cannot be seen: pip install pyusb",
    ]


@pytest.mark.skipif(not pathlib.Path("/proc/self/comm").exists(), reason="/proc is Linux's")
@pytest.mark.parametrize("name", ["ModemManager", "brltty"])
def test_programs_that_seize_ports(name: str, tmp_path: pathlib.Path) -> None:
    """A process of that name; what it does is not looked at."""
    sleep = shutil.which("sleep")
    assert sleep is not None
    shutil.copy(sleep, tmp_path / name)
    before = attached.examine()[1]
    process = subprocess.Popen([str(tmp_path / name), "60"])
    try:
        assert wait_until(lambda: any(note.startswith(name) for note in attached.examine()[1]))
    finally:
        process.kill()
        process.wait()
    assert attached.examine()[1] == before
