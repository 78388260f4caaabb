# SPDX-License-Identifier: Apache-2.0
"""A project built by CMake and Ninja, with what other projects have compiled already.

The first build of a runtime keeps its libraries, and what CMake found out about the compiler, in
the :class:`BuildCache`; later projects start from there. A project's own sources stay complete:
with an empty cache, or on another machine, everything is compiled from them.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import shlex
import shutil

from .. import log
from ..disk import write_text
from ..errors import ProjectError, ToolError, shown
from . import running
from .build_cache import BuildCache, make_key
from .build_lock import only_one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence

LOG_FILE = "build.log"
TIMEOUT_SEC = 3600.0
#: Below the build directory; ``CMakeLists.txt`` links the libraries in it when PREBUILT is on.
PREBUILT_DIR = "prebuilt"

#: What CMake's lists, patterns and strings, or Ninja's files, take for something else in a path.
_NOT_IN_PATHS = ';"*?[]\\|\n\r'
_STATE_FILE = "configured.json"
_CACHE_FILE = "CMakeCache.txt"
_HOME_ENTRY = re.compile(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", re.MULTILINE)
_PROBE_FILES = ("CMakeFiles/*/CMake*Compiler.cmake", "CMakeFiles/*/CMakeSystem.cmake")
#: A language's variable that names its compiler, and what CMake tries without it.
_COMPILERS = {"C": ("CC", ("cc", "gcc", "clang")), "CXX": ("CXX", ("c++", "g++", "clang++"))}
_GNU_COMPILERS = {"C": "gcc", "CXX": "g++"}
#: Version, and every macro that it defines by itself: target, word sizes, options.
_QUESTIONS = (["--version"], ["-dM", "-E", "-x", "c", os.devnull])
_ENVIRONMENT = (
    "CC",
    "CXX",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "SDKROOT",
    "MACOSX_DEPLOYMENT_TARGET",
)


def require_path(
    path: pathlib.Path, characters: str = _NOT_IN_PATHS, builder: str = "CMake"
) -> None:
    """Refuse a directory that CMake and Ninja could not build in.

    Parameters
    ----------
    path : pathlib.Path
        Absolute.
    characters : str, optional
        What must not be in it; more for a platform whose own lists of CMake take less.
    builder : str, optional
        Who cannot.

    Raises
    ------
    ProjectError :
        Naming the characters that stand in the way.
    """
    found = sorted(set(str(path)).intersection(characters))
    if found:
        raise ProjectError(
            f"{builder} cannot build in {shown(str(path))}: its path holds "
            f"{' and '.join(map(repr, found))}; choose a directory whose path does not"
        )


class CMakeBuild:
    """A source directory and its build directory.

    Parameters
    ----------
    source_dir : pathlib.Path
        Where ``CMakeLists.txt`` lies.
    build_dir : pathlib.Path
        Where everything is written.
    definitions : mapping of str to str
        CMake cache variables.
    shared_sources : sequence of pathlib.Path
        Files and directories that the shared libraries are made from.
    shared_libraries : sequence of str
        Paths below the build directory of libraries that do not depend on the model.
    shared_facts : sequence of str
        Those of the definitions' values that the shared libraries depend on.
    languages : sequence of str
        What the shared libraries are written in: "C", "CXX".
    tool_prefix : str
        Begins the names of a cross compiler that ``CMakeLists.txt`` chooses; without it CMake
        chooses, and CC and CXX are heard.
    """

    def __init__(
        self,
        source_dir: pathlib.Path,
        build_dir: pathlib.Path,
        definitions: Mapping[str, str],
        shared_sources: Sequence[pathlib.Path],
        shared_libraries: Sequence[str],
        shared_facts: Sequence[str],
        languages: Sequence[str] = ("C",),
        tool_prefix: str = "",
    ) -> None:
        self._source_dir = source_dir
        self._build_dir = build_dir
        self._definitions = dict(definitions)
        self._libraries = shared_libraries
        self._cmake = running.find_tool("cmake")
        self._ninja = running.find_tool("ninja")
        self._key = make_key(
            shared_sources, [*shared_facts, *_facts(self._cmake, languages, tool_prefix)]
        )
        self._cache = BuildCache()

    def run(self, verbose: bool = False) -> None:
        """Configure where that is needed, then compile what changed.

        Raises
        ------
        ToolError :
            When a tool is missing or fails.
        ProjectError :
            When the project was moved to where CMake cannot build.
        """
        require_path(self._build_dir)
        with only_one(self._source_dir):
            self._run_alone(verbose)

    def _run_alone(self, verbose: bool) -> None:
        if self._was_moved():
            shutil.rmtree(str(self._build_dir))
        self._build_dir.mkdir(exist_ok=True)
        self._log_file.write_bytes(b"")
        wanted = {"definitions": self._definitions, "key": self._key}
        state = self._read_state()
        if {name: state.get(name) for name in wanted} != wanted:
            state = {**wanted, "prebuilt": self._configure()}
            write_text(self._state_file, json.dumps(state))
        self._run([self._ninja, "-C", str(self._build_dir), *(["-v"] if verbose else [])])
        if not state["prebuilt"]:
            self._cache.store(self._key, self._shared_files())

    def _configure(self) -> bool:
        """Run CMake; True when it starts from another project's libraries and probe."""
        if self._cache.restore(self._key, self._build_dir):
            try:
                self._run_cmake(["-DPREBUILT=ON", "-DCMAKE_PLATFORM_INFO_INITIALIZED=1"])
                return True
            except ToolError as error:
                log.info(f"starting over without the build cache: {error}")
                shutil.rmtree(str(self._build_dir))
                self._build_dir.mkdir()
        self._run_cmake(["-DPREBUILT=OFF"])
        return False

    def _run_cmake(self, arguments: Sequence[str]) -> None:
        self._run(
            [
                self._cmake,
                "-G",
                "Ninja",
                f"-DCMAKE_MAKE_PROGRAM={self._ninja}",
                *(f"-D{name}={value}" for name, value in self._definitions.items()),
                *arguments,
                "-S",
                str(self._source_dir),
                "-B",
                str(self._build_dir),
            ]
        )

    def _run(self, arguments: Sequence[str]) -> None:
        running.run(
            arguments, cwd=self._source_dir, log_file=self._log_file, timeout_sec=TIMEOUT_SEC
        )

    def _was_moved(self) -> bool:
        """Whether the build directory belongs to a project at another path."""
        try:
            text = (self._build_dir / _CACHE_FILE).read_text(encoding="utf-8")
        except OSError:
            return False
        home = _HOME_ENTRY.search(text)
        return home is None or home.group(1) != str(self._source_dir)

    def _shared_files(self) -> dict[str, pathlib.Path]:
        files = {
            f"{PREBUILT_DIR}/{pathlib.PurePath(library).name}": self._build_dir / library
            for library in self._libraries
        }
        for pattern in _PROBE_FILES:
            for path in self._build_dir.glob(pattern):
                files[str(path.relative_to(self._build_dir))] = path
        return files

    def _read_state(self) -> dict[str, Any]:
        try:
            state = json.loads(self._state_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    @property
    def _state_file(self) -> pathlib.Path:
        return self._build_dir / _STATE_FILE

    @property
    def _log_file(self) -> pathlib.Path:
        return self._build_dir / LOG_FILE


def _facts(cmake: str, languages: Sequence[str], tool_prefix: str) -> list[str]:
    """What a library depends on besides its sources: the tools and the environment."""
    machine = os.uname()
    facts = [machine.sysname, machine.machine, *_identity(cmake)]
    for language in languages:
        if tool_prefix:
            command = [running.find_tool(tool_prefix + _GNU_COMPILERS[language])]
        else:
            command = _compiler(*_COMPILERS[language])
        for word in command:
            facts += _identity(word)
        # A wrapper stands for a compiler that no word names: what it calls is asked for.
        facts += [running.output([*command, *question]) for question in _QUESTIONS]
    return [*facts, *(f"{name}={os.environ.get(name)}" for name in _ENVIRONMENT)]


def _compiler(variable: str, names: Sequence[str]) -> list[str]:
    """The compiler that CMake will take, with what stands before it: ccache, distcc, env X=1."""
    given = shlex.split(os.environ.get(variable, ""))
    if given:
        return [running.find_tool(given[0]), *given[1:]]
    for name in names:
        found = shutil.which(name)
        if found:
            return [found]
    return [running.find_tool(names[0])]


def _identity(word: str) -> list[str]:
    """A word of a command: the program that it names, else itself."""
    program = shutil.which(word)
    if program is None:
        return [word]
    path = os.path.realpath(program)
    status = os.stat(path)
    return [path, str(status.st_size), str(status.st_mtime_ns)]
