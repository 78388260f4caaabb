# SPDX-License-Identifier: Apache-2.0
"""What clauses work with: servers, projects that several of them share, and room for files."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..errors import MicroTVMError
from ..options import check_names, convert, with_defaults
from ..project import TVM_VERSION
from ..project_api.client import SERVER_FILE
from . import processes, tiny_archive
from .clause import NotApplicable
from .wire import NoAnswer, ReplyError, Server
from .work import Meter

Options = Mapping[str, Any]

_METHODS = ("generate_project", "build", "flash", "open_transport")


class UnusableTemplateError(MicroTVMError):
    """There is nothing to check: no server, no answer, no archive, or a project instead."""


class MissingOptionsError(MicroTVMError):
    """The template cannot be used without options that were not given."""


class Workbench:
    """A template under test. Close it to remove what it made.

    Parameters
    ----------
    template : path
        The directory of the template.
    options : dict, optional
        Project options every step is given.
    model : path, optional
        The archive to generate from; a tiny one of ours by default.
    standalone_crt_dir : path, optional
        TVM's C runtime, for templates that need it.
    say : callable, optional
        Told what is sent and received.
    end_sec : float, optional
        How long whatever lost its client may take to end.

    Raises
    ------
    UnusableTemplateError, MissingOptionsError
    """

    def __init__(
        self,
        template: pathlib.Path,
        options: Options | None = None,
        model: pathlib.Path | None = None,
        standalone_crt_dir: pathlib.Path | None = None,
        say: Callable[[str], None] = lambda text: None,
        end_sec: float = 10.0,
    ):
        self.template = template.absolute()
        self.standalone_crt_dir = standalone_crt_dir.absolute() if standalone_crt_dir else None
        self.say = say
        self.end_sec = end_sec
        self.has_own_model = model is None
        self._numbers = itertools.count(1)
        self._kept: dict[str, Any] = {}
        self._blocked: dict[str, str] = {}
        self._servers = contextlib.ExitStack()
        self._marks: list[str] = []
        self._plain = False
        self.meter = Meter()
        if not (self.template / SERVER_FILE).is_file():
            raise UnusableTemplateError(f"{template} holds no {SERVER_FILE}")
        if model is not None and not model.is_file():
            raise UnusableTemplateError(f"there is no archive {model}")
        if standalone_crt_dir is not None and not standalone_crt_dir.is_dir():
            raise UnusableTemplateError(f"there is no directory {standalone_crt_dir}")
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="microtvm-check-")).resolve()
        try:
            self.archive = model.absolute() if model else self._tiny_archive()
            self.info = self._query()
            self.options = self._checked(options or {})
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what runs and remove what was made."""
        self._servers.close()
        for mark in self._marks:
            with contextlib.suppress(NotApplicable):
                processes.kill(processes.marked(mark))
        shutil.rmtree(self.scratch, ignore_errors=True)

    # --- what the template says of itself

    @property
    def listed(self) -> list[dict[str, Any]]:
        """The options the template lists, as far as they are well formed."""
        listed = self.info.get("project_options")
        entries = listed if isinstance(listed, list) else []
        return [o for o in entries if isinstance(o, dict) and isinstance(o.get("name"), str)]

    @property
    def all_options(self) -> dict[str, Any]:
        """The options given, and the defaults of all others that have one."""
        full = self.options_and_nulls
        return {name: value for name, value in full.items() if value is not None}

    @property
    def options_and_nulls(self) -> dict[str, Any]:
        """What TVM 0.12 and later send: every option, null where it has no value and no default."""
        return with_defaults(self.options, self.listed)

    def require_transport(self) -> None:
        """Raise `NotApplicable` for projects that talk to nobody."""
        kind = self.all_options.get("project_type")
        if isinstance(kind, str) and "host_driven" not in kind:
            raise NotApplicable(
                f"project_type is {kind!r}; only host_driven projects have a transport"
            )

    # --- servers and files

    def place(self, name: str) -> pathlib.Path:
        """Make a new, empty directory for files."""
        directory = self.scratch / f"{next(self._numbers)}-{name}"
        directory.mkdir()
        return directory

    def new_mark(self) -> str:
        """Give a mark for a server's environment."""
        mark = f"{self.scratch.name}.{next(self._numbers)}"
        self._marks.append(mark)
        return mark

    def start(self, directory: pathlib.Path | None = None, *flags: str) -> Server:
        """Start a server: the template's, or that of a project. Use it in a ``with`` block."""
        directory = directory or self.template
        mark = self.new_mark()
        log = self.scratch / f"{mark}.log"
        note = functools.partial(self.meter.note, directory)
        return Server(directory, mark, log, self._pass_on, note, flags)

    def _pass_on(self, text: str) -> None:
        self.say(text)  # whoever listens when it is said; servers outlive listeners

    def server(self) -> Server:
        """Give a server of the template that clauses which leave it as it is can share."""
        server = self._kept.get("server")
        if not isinstance(server, Server) or server.process.poll() is not None:
            server = self._servers.enter_context(self.start())
            self._kept["server"] = server
        return server

    # --- projects

    def parameters(
        self, target: pathlib.Path, archive: pathlib.Path | None = None, **changes: Any
    ) -> dict[str, Any]:
        """Give the parameters of ``generate_project``; ``changes`` are options."""
        return {
            "model_library_format_path": str(archive or self.archive),
            "standalone_crt_dir": str(self.standalone_crt_dir or ""),
            "project_dir": str(target),
            "options": {**self.all_options, **changes},
        }

    def generate(
        self, target: pathlib.Path, archive: pathlib.Path | None = None, **changes: Any
    ) -> ReplyError | None:
        """Ask the shared server for a project; give the error, or None."""
        try:
            return self.server().ask(
                "generate_project", **self.parameters(target, archive, **changes)
            )
        except NoAnswer:
            # Whatever it is busy with, others need a server.
            self._kept.pop("server").process.kill()
            raise

    def generate_alone(self, target: pathlib.Path) -> ReplyError | None:
        """Generate a project whose template and archive are gone afterwards; give the error."""
        room = self.place("alone")
        try:
            template = room / "template"
            shutil.copytree(self.template, template, ignore=shutil.ignore_patterns("__pycache__"))
            archive = pathlib.Path(shutil.copy(self.archive, room / "archive.tar"))
            with self.start(template) as server:
                return server.ask("generate_project", **self.parameters(target, archive))
        finally:
            shutil.rmtree(room)

    def project(self) -> pathlib.Path:
        """Give a generated project that nothing is done to but building and flashing.

        It was moved, and its template and archive are gone, so that one build shows whether it
        withstands that: a build is what takes most of a check's time. Where it does not, another
        one takes its place, and clauses find out what it was.

        Raises
        ------
        NotApplicable
            The template does not generate one.
        """
        return self._keep("project", "no project could be generated", self._make_project)

    def built(self) -> pathlib.Path:
        """Give the same project, built."""
        return self._keep("built", "the project does not build", self._make_built)

    def flashed(self) -> pathlib.Path:
        """Give the same project, built and flashed."""
        return self._keep("flashed", "the project cannot be flashed", self._make_flashed)

    def withstood_all(self) -> bool:
        """Whether the shared project was built although it was moved and its origins are gone."""
        self.built()
        return bool(self._kept.get("withstood all"))

    def project_contents(self) -> dict[str, bytes]:
        """Give the shared project's files as they were generated."""
        self.project()
        found: dict[str, bytes] = self._kept.get("contents", {})
        return found

    def cannot_build_again(self) -> ReplyError | None:
        """Give the error of building the built project once more, or None."""
        error: ReplyError | None = self.keep("again", lambda: self.build(self.built()))
        return error

    def seed(self, built: pathlib.Path) -> None:
        """Take a project that was generated and built elsewhere for the shared one."""
        self._kept["project"] = self._kept["built"] = self._kept["flashed"] = built

    def build(self, directory: pathlib.Path) -> ReplyError | None:
        """Build a project with a server of its own; give the error, or None."""
        with self.start(directory) as server:
            return server.ask("build", options=self.all_options)

    @contextlib.contextmanager
    def connected(self) -> Iterator[Server]:
        """Give a server of the built project whose transport is open."""
        self.require_transport()
        with self.start(self.flashed()) as server:
            server.call("open_transport", options=self.all_options)
            yield server
            with contextlib.suppress(NoAnswer, ReplyError):
                server.call("close_transport")

    def keep(self, name: str, make: Callable[[], Any]) -> Any:
        """Give what ``make`` returned when it was first called under this name."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def _keep(self, name: str, otherwise: str, make: Callable[[], pathlib.Path]) -> pathlib.Path:
        if name in self._blocked:
            raise NotApplicable(f"{otherwise}: {self._blocked[name]}")
        try:
            made: pathlib.Path = self.keep(name, make)
        except (ReplyError, NoAnswer) as error:
            self._blocked[name] = str(error)
            raise NotApplicable(f"{otherwise}: {error}") from None
        return made

    def _make_project(self) -> pathlib.Path:
        target = self.place("project") / "project"
        first = self.place("first") / "moved"
        self._kept["withstood all"] = not self._plain and self._generate_hard(first, target)
        if not self._kept["withstood all"]:
            error = self.generate(target)
            if error is not None:
                raise error
        if not (target / SERVER_FILE).is_file():
            raise NoAnswer(f"generate_project made no {SERVER_FILE}")
        self._kept["contents"] = contents(target)
        return target

    def _generate_hard(self, first: pathlib.Path, target: pathlib.Path) -> bool:
        try:
            error = self.generate_alone(first)
        except NoAnswer:
            return False
        if error is not None or not (first / SERVER_FILE).is_file():
            return False
        first.rename(target)
        return True

    def _make_built(self) -> pathlib.Path:
        project = self.project()
        error = self.build(project)
        if error is not None and self._kept.get("withstood all"):
            self._plain = True
            project = self._kept["project"] = self._make_project()
            error = self.build(project)
        if error is not None:
            raise error
        return project

    def _make_flashed(self) -> pathlib.Path:
        project = self.built()
        with self.start(project) as server:
            server.call("flash", options=self.all_options)
        return project

    # --- at the beginning

    def _tiny_archive(self) -> pathlib.Path:
        return tiny_archive.write(self.scratch / "tiny.tar")

    def _query(self) -> dict[str, Any]:
        try:
            info = self.server().call("server_info_query", tvm_version=TVM_VERSION)
        except (NoAnswer, ReplyError) as error:
            raise UnusableTemplateError(f"{self.template} has no usable server: {error}") from None
        if not isinstance(info, dict):
            raise UnusableTemplateError(
                f"the server of {self.template} describes itself as {info!r}"
            )
        if not info.get("is_template"):
            raise UnusableTemplateError(
                f"{self.template} is not a template but a project",
                hint="name the template it was generated from",
            )
        return info

    def _checked(self, options: Options) -> dict[str, Any]:
        check_names(options, self.listed)
        given = convert(options, self.listed)
        missing = [option for option in self.listed if _is_missing(option, given)]
        if missing:
            raise MissingOptionsError(
                f"the template needs {_in_words(missing)}",
                hint="give each with --project-option NAME=VALUE",
            )
        return given


def remove(path: pathlib.Path) -> None:
    """Remove a file or a directory with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def contents(project: pathlib.Path) -> dict[str, bytes]:
    """Give every file of a project with what is in it, Python's caches aside."""
    return {
        str(path.relative_to(project)): path.read_bytes()
        for path in project.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def replace_contents(project: pathlib.Path, old: dict[str, bytes], new: dict[str, bytes]) -> None:
    """Turn a project into another, but for what was built; unchanged files stay as they are."""
    for name in {*old} - {*new}:
        (project / name).unlink(missing_ok=True)
    for name, data in new.items():
        if old.get(name) != data:
            path = project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def tree(directory: pathlib.Path) -> list[str]:
    """List everything below a directory."""
    found = []
    for parent, directories, files in os.walk(directory):
        relative = pathlib.Path(parent).relative_to(directory)
        found += [str(relative / name) for name in (*directories, *files)]
    return sorted(found)


def _is_missing(option: dict[str, Any], given: Options) -> bool:
    needed = set(option.get("required") or ()) & set(_METHODS)
    return bool(needed) and option.get("default") is None and given.get(option["name"]) is None


def _in_words(options: list[dict[str, Any]]) -> str:
    return "; ".join(f"the option {option['name']!r} ({_allowed(option)})" for option in options)


def _allowed(option: dict[str, Any]) -> str:
    choices = option.get("choices")
    if not choices:
        return str(option.get("help") or option.get("type") or "no help given")
    shown = ", ".join(map(str, choices[:8]))
    return f"one of {shown}" + (f" and {len(choices) - 8} more" if len(choices) > 8 else "")
