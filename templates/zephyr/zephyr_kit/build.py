# SPDX-License-Identifier: Apache-2.0
"""A project's build directory: made by west, read by whatever comes after."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil

from server_kit import tools
from server_kit.disk import write_text
from server_kit.errors import ProjectError, ToolError
from server_kit.tools import cmake
from server_kit.tools.build_lock import only_one

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib

    from .west import West

LOG_FILE = "build.log"
TIMEOUT_SEC = 3600.0

_STATE_FILE = "configured.json"
# What a configured build directory depends on and does not notice itself.
_ENVIRONMENT = (
    "ZEPHYR_TOOLCHAIN_VARIANT",
    "ZEPHYR_SDK_INSTALL_DIR",
    "CROSS_COMPILE",
    "GNUARMEMB_TOOLCHAIN_PATH",
    "ZEPHYR_MODULES",
    "EXTRA_ZEPHYR_MODULES",
    "LDFLAGS",
)
# What to do about failures whose first message does not say.
_HINTS = (
    (
        # Of glibc, of a static library of GCC, and what GNU ld says without one.
        re.compile(
            r"(bits/libc-header-start|gnu/stubs-32)\.h: No such|skipping incompatible \S+/lib\w+\.a"
        ),
        "this board is a 32-bit program for this machine, for which its compiler has no libraries: "
        "on Debian, apt-get install gcc-multilib g++-multilib; or take the board's 64-bit variant, "
        "native_sim/native/64",
    ),
    (
        re.compile(
            r"\.dtsi?: No such file|ZEPHYR_\w+_MODULE_DIR|/modules/[^ ]+ \(add_subdirectory\)"
        ),
        "a module that this board needs is not in the workspace; run: west update",
    ),
    (
        re.compile(r"CMake Error[^;]*(Zephyr-sdk|HostTools|toolchain|_COMPILER)", re.IGNORECASE),
        "to see what is missing: microtvm doctor --template zephyr",
    ),
)
_CACHE_LINE = re.compile(r"^([\w.-]+):\w+=(.*)$", re.MULTILINE)
_CONFIG_LINE = re.compile(r"^CONFIG_(\w+)=(.*)$", re.MULTILINE)
_RUNNER_LINE = re.compile(r"^flash-runner:\s*(\S+)\s*$", re.MULTILINE)
_RUNNERS = re.compile(r"^runners:\s*\n((?:- \S+\n)+)", re.MULTILINE)
# What its lists of CMake, which name the project's files, take for something else.
_NOT_IN_PATHS = " \t\n\r'\"()[]{};$#&\\"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def require_path(project_dir: pathlib.Path) -> None:
    """Refuse a directory that Zephyr cannot build in.

    Raises
    ------
    ProjectError :
        Naming the characters that stand in the way.
    """
    cmake.require_path(project_dir, _NOT_IN_PATHS, "Zephyr")


class ZephyrBuild:
    """A build directory.

    Parameters
    ----------
    project_dir, directory : pathlib.Path
        The sources, and where everything is written.
    """

    def __init__(self, project_dir: pathlib.Path, directory: pathlib.Path) -> None:
        self._project_dir = project_dir
        self.directory = directory

    def run(self, west: West, board: str, zephyr_base: pathlib.Path, verbose: bool) -> None:
        """Build: from nothing for another board or Zephyr, else only what changed.

        Raises
        ------
        ProjectError :
            When the project lies where Zephyr cannot build.
        ToolError :
            With the first message of the compiler or of Kconfig.
        """
        require_path(self._project_dir)
        wanted = [board, str(zephyr_base), str(self._project_dir)]
        wanted += [f"{name}={os.environ.get(name)}" for name in _ENVIRONMENT]
        # CMake looks once for what is there; what is in it, each time.
        wanted += sorted(path.name for path in (self._project_dir / "boards").glob("*"))
        with only_one(self._project_dir):
            if self.directory.exists() and self._configured_for() != wanted:
                shutil.rmtree(str(self.directory))
            self.directory.mkdir(exist_ok=True)
            write_text(self._state_file, json.dumps(wanted))
            log_file = self.directory / LOG_FILE
            log_file.write_bytes(b"")
            arguments = ["build", f"--board={board}", f"--build-dir={self.directory}"]
            try:
                west.run(
                    [*(["-v"] if verbose else []), *arguments, str(self._project_dir)],
                    cwd=self._project_dir,
                    log_file=log_file,
                    timeout_sec=TIMEOUT_SEC,
                )
            except ToolError as error:
                hints = [hint for pattern, hint in _HINTS if pattern.search(str(error))]
                hints += _toolchain_hints(self.config().get("ARCH", ""))
                if not hints:
                    raise
                raise ToolError(f"{error}; {'; '.join(hints)}") from error

    def require(self) -> None:
        """Raise when there is no firmware yet."""
        if not self.firmware.exists():
            raise ProjectError(f"{self._project_dir} holds no firmware yet; call build first")

    def require_in_place(self) -> None:
        """Raise when the project was built in another directory, which CMake's commands name."""
        _, _, built_in, *_ = self._configured_for() or [None, None, str(self._project_dir)]
        if built_in != str(self._project_dir):
            raise ProjectError(
                f"{self._project_dir} was built in {built_in}, and the emulator would start what "
                "is there; call build again"
            )

    @property
    def firmware(self) -> pathlib.Path:
        """The linked firmware."""
        return self.directory / "zephyr" / "zephyr.elf"

    @property
    def native_program(self) -> pathlib.Path:
        """The firmware as a program for this machine, where the board is one."""
        return self.directory / "zephyr" / "zephyr.exe"

    def cache(self) -> dict[str, str]:
        """CMake's variables."""
        return dict(_CACHE_LINE.findall(self._text("CMakeCache.txt")))

    def config(self) -> dict[str, str]:
        """Kconfig's, as ``UART_CONSOLE``: ``y``."""
        return dict(_CONFIG_LINE.findall(self._text("zephyr/.config")))

    def ns_per_instruction(self) -> int | None:
        """By how much QEMU's clock goes on with each instruction; None where it tells time."""
        config = self.config()
        if config.get("QEMU_ICOUNT") != "y":
            return None
        return 1 << int(config["QEMU_ICOUNT_SHIFT"])

    def flash_runner(self, wanted: str | None = None) -> str | None:
        """The runner that flashes this board; None for one that nothing is flashed to.

        Raises
        ------
        ProjectError :
            When the runner wanted is not one of this board's.
        """
        text = self._text("zephyr/runners.yaml")
        listed = _RUNNERS.search(text)
        names = re.findall(r"- (\S+)", listed.group(1)) if listed else []
        if wanted is not None:
            if wanted in names:
                return wanted
            raise ProjectError(
                f"option 'runner' was given {wanted!r}; this board's runners are "
                f"{', '.join(names) or 'none, it is emulated'}"
            )
        default = _RUNNER_LINE.search(text)
        return default.group(1) if default else None

    def console_baudrate(self) -> int | None:
        """The speed of the console's UART; None where the devicetree does not say."""
        tree = _COMMENT.sub("", self._text("zephyr/zephyr.dts"))
        for chosen in ("zephyr,console", "zephyr,shell-uart"):
            label = re.search(rf"{chosen} = &(\w+);", tree)
            speed = _property(tree, label.group(1), "current-speed") if label else None
            if speed:
                return int(speed, 0)
        return None

    def emulator_command(self, name: str) -> list[str] | None:
        """What Zephyr's target ``run_NAME``, or ``run``, starts; None where there is neither."""
        text = self._text("build.ninja")
        for target in (f"run_{name}", "run"):
            if re.search(rf"^build \S*\b{target}:? ", text, re.MULTILINE):
                lines = tools.output(
                    [tools.find_tool("ninja"), "-C", str(self.directory), "-t", "commands", target]
                ).splitlines()
                words = shlex.split(lines[-1]) if lines else []
                # After `cd DIRECTORY &&`, and perhaps a warning.
                while "&&" in words:
                    words = words[words.index("&&") + 1 :]
                return words or None
        return None

    def emulator_title(self, name: str) -> str | None:
        """What Zephyr calls the program of its target ``run_NAME``, also where it found none."""
        rule = rf"\brun_{name}(?: .*)?: CUSTOM_COMMAND.*\n  COMMAND = .*\n  DESC = (\S+?):"
        found = re.search(rule, self._text("build.ninja"))
        return found.group(1) if found else None

    def _configured_for(self) -> list[str] | None:
        if not (self.directory / "build.ninja").is_file():
            return None
        try:
            state: list[str] = json.loads(self._state_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return state

    def _text(self, name: str) -> str:
        try:
            return (self.directory / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    @property
    def _state_file(self) -> pathlib.Path:
        return self.directory / _STATE_FILE


def _toolchain_hints(architecture: str) -> list[str]:
    """What to say when the compiler was chosen for other boards than one of an architecture."""
    variant = os.environ.get("ZEPHYR_TOOLCHAIN_VARIANT", "")
    architecture = architecture.strip('"')
    if variant == "host" and architecture not in ("", "posix", "x86"):
        return [
            "ZEPHYR_TOOLCHAIN_VARIANT is 'host', which compiles for this machine, and the board's "
            f"architecture is {architecture}; unset it to take Zephyr's SDK, or name a toolchain "
            "for the board (microtvm doctor --template zephyr)"
        ]
    if variant in ("cross-compile", "gnuarmemb") and architecture == "posix":
        return [
            f"ZEPHYR_TOOLCHAIN_VARIANT is {variant!r}, and the board is this machine; set it to "
            "'host'"
        ]
    return []


def _property(tree: str, label: str, name: str) -> str | None:
    """A number that the node with a label has itself, not one of its children."""
    node = re.search(rf"\b{label}:[^{{;]*{{", tree)
    if node is None:
        return None
    depth = 1
    for line in tree[node.end() :].splitlines():
        found = re.match(rf"\s*{name} = <\s*(\w+)\s*>;", line)
        if depth == 1 and found:
            return found.group(1)
        depth += line.count("{") - line.count("}")
        if depth == 0:
            break
    return None
