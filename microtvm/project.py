# SPDX-License-Identifier: Apache-2.0
"""Templates and the projects generated from them, in the shape of ``tvm.micro.project``."""

from __future__ import annotations

import os
import pathlib
import shutil
import tempfile
from typing import IO, Any, TypeAlias

from server_kit import TransportTimeouts

from . import options as project_options
from .errors import MicroTVMError
from .options import Options
from .project_api.client import ProjectAPIClient, instantiate_from_dir
from .transport import Transport

Path: TypeAlias = "os.PathLike[str] | str"

TVM_VERSION = "0.18.0"
"""What servers are told: this client's wire is that of this version of TVM."""


class TemplateProjectError(MicroTVMError):
    """A template was given where a generated project is wanted."""


class NotATemplateProjectError(MicroTVMError):
    """A generated project was given where a template is wanted."""


class ProjectTransport(Transport):
    """The way to a project's device, through its server."""

    def __init__(self, client: ProjectAPIClient, options: Options):
        self._client = client
        self._options = options
        self._timeouts: TransportTimeouts | None = None

    def timeouts(self) -> TransportTimeouts:
        """Give the time limits the server suggests."""
        if self._timeouts is None:
            raise MicroTVMError("the transport is not open")
        return self._timeouts

    def open(self) -> None:
        """Connect."""
        limits = self._client.open_transport(self._options)["timeouts"]
        names = (
            "session_start_retry_timeout_sec",
            "session_start_timeout_sec",
            "session_established_timeout_sec",
        )
        self._timeouts = TransportTimeouts(*(float(limits.get(name) or 0) for name in names))

    def close(self) -> None:
        """Disconnect; the project goes on."""
        if self._timeouts is not None and not self._client.is_shutdown:
            self._timeouts = None
            self._client.close_transport()

    def read(self, n: int, timeout_sec: float | None) -> bytes:
        """Read ``n`` bytes."""
        return self._client.read_transport(n, timeout_sec)

    def write(self, data: bytes, timeout_sec: float | None) -> None:
        """Write all of ``data``."""
        self._client.write_transport(data, timeout_sec)


class _Project:
    """What templates and generated projects have in common: a server, which ends with them."""

    def __init__(self, client: ProjectAPIClient, directory: Path | None = None):
        self._client = client
        try:
            self._info = client.server_info_query(TVM_VERSION)
            self._check(bool(self._info["is_template"]), str(directory or "this"))
        except BaseException:
            client.shutdown()
            raise

    def _check(self, is_template: bool, shown: str) -> None:
        raise NotImplementedError

    def info(self) -> dict[str, Any]:
        """Give what the server says about itself (``server_info_query`` of the Project API)."""
        return self._info

    def close(self) -> None:
        """End the server. Safe to call again."""
        self._client.shutdown()

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _listed(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self._info.get("project_options") or []
        return listed


class GeneratedProject(_Project):
    """A project on disk that can be built, flashed and talked to.

    Parameters
    ----------
    client : ProjectAPIClient
        The project's server.
    options : dict, optional
        Project options for every step. The defaults of the others are added.
    directory : path, optional
        What to call the project in errors.

    Raises
    ------
    TemplateProjectError
        It is a template.
    ProjectOptionError
        The project has no such option.
    """

    @classmethod
    def from_directory(
        cls, project_dir: Path, options: Options | None = None, output: IO[str] | None = None
    ) -> GeneratedProject:
        """Start the server of a project.

        Parameters
        ----------
        project_dir : path
            The project.
        options : dict, optional
            Added to the options the project was generated with.
        output : text file, optional
            Where what the server and its tools print goes as it comes.
        """
        directory = pathlib.Path(project_dir)
        given = {**project_options.remembered(directory), **(options or {})}
        return cls(instantiate_from_dir(directory, output=output), given, project_dir)

    def __init__(
        self,
        client: ProjectAPIClient,
        options: Options | None = None,
        directory: Path | None = None,
    ):
        super().__init__(client, directory)
        try:
            self.options = options or {}
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> GeneratedProject:
        return self

    @property
    def options(self) -> dict[str, Any]:
        """The options every step is given, defaults included."""
        return self._options

    @options.setter
    def options(self, options: Options) -> None:
        project_options.check_names(options, self._listed())
        converted = project_options.convert(options, self._listed())
        self._options = project_options.with_defaults(converted, self._listed())

    def build(self) -> None:
        """Build the firmware."""
        self._client.build(self._options)

    def flash(self) -> None:
        """Program the firmware onto the device."""
        self._client.flash(self._options)

    def transport(self) -> ProjectTransport:
        """Give the way to the device, for `Session`."""
        return ProjectTransport(self._client, self._options)

    def _check(self, is_template: bool, shown: str) -> None:
        if is_template:
            raise TemplateProjectError(
                f"{shown} is a template, not a generated project",
                hint="generate a project from it first: microtvm create",
            )


class TemplateProject(_Project):
    """A template that projects can be generated from.

    Parameters
    ----------
    client : ProjectAPIClient
        The template's server.
    directory : path, optional
        What to call the template in errors.

    Raises
    ------
    NotATemplateProjectError
        It is a generated project.
    """

    @classmethod
    def from_directory(
        cls, template_project_dir: Path, output: IO[str] | None = None
    ) -> TemplateProject:
        """Start the server of a template; ``output`` gets what it prints."""
        directory = pathlib.Path(template_project_dir)
        return cls(instantiate_from_dir(directory, output=output), directory)

    def __enter__(self) -> TemplateProject:
        return self

    def generate_project(
        self, module: Any, project_dir: Path, options: Options | None = None
    ) -> GeneratedProject:
        """Generate a project from a compiled model; see `generate_project`."""
        from .compiler import export_model_library_format

        with tempfile.TemporaryDirectory(prefix="microtvm-") as scratch:
            archive = pathlib.Path(scratch) / "model.tar"
            export_model_library_format(module, archive)
            return self.generate_project_from_mlf(archive, project_dir, options)

    def generate_project_from_mlf(
        self,
        model_library_format_path: Path,
        project_dir: Path,
        options: Options | None = None,
        standalone_crt_dir: Path | None = None,
    ) -> GeneratedProject:
        """Generate a project from an archive; see `generate_project_from_mlf`."""
        directory = pathlib.Path(project_dir).absolute()
        self.write_project(model_library_format_path, directory, options, standalone_crt_dir)
        return GeneratedProject.from_directory(directory)

    def write_project(
        self,
        model_library_format_path: Path,
        project_dir: Path,
        options: Options | None = None,
        standalone_crt_dir: Path | None = None,
    ) -> None:
        """Generate a project without starting its server."""
        archive = pathlib.Path(model_library_format_path).absolute()
        if not archive.is_file():
            raise MicroTVMError(f"there is no archive {model_library_format_path}")
        listed = self._listed()
        project_options.check_names(options or {}, listed)
        given = project_options.convert(options or {}, listed)
        directory = pathlib.Path(project_dir).absolute()
        self._client.generate_project(
            str(archive),
            str(pathlib.Path(standalone_crt_dir).absolute()) if standalone_crt_dir else "",
            str(directory),
            project_options.with_defaults(given, listed),
        )
        try:
            project_options.remember(directory, given, listed)
        except OSError as error:
            # A project that has forgotten its options would be built with other ones.
            shutil.rmtree(directory, ignore_errors=True)
            raise MicroTVMError(str(error)) from error

    def _check(self, is_template: bool, shown: str) -> None:
        if not is_template:
            raise NotATemplateProjectError(
                f"{shown} is a generated project, not a template",
                hint="name a template: one of this package's, or a directory",
            )


def generate_project(
    template_project_dir: Path,
    module: Any,
    generated_project_dir: Path,
    options: Options | None = None,
) -> GeneratedProject:
    """Generate a project that holds a compiled model.

    Parameters
    ----------
    template_project_dir : path
        The template, for example ``get_microtvm_template_projects("host")``.
    module : CompiledModel
        What `microtvm.compile` gives.
    generated_project_dir : path
        The project's directory. It must not exist.
    options : dict, optional
        Project options by name.

    Returns
    -------
    GeneratedProject
        Ready to be built.
    """
    with TemplateProject.from_directory(template_project_dir) as template:
        return template.generate_project(module, generated_project_dir, options)


def generate_project_from_mlf(
    template_project_dir: Path,
    project_dir: Path,
    mlf_path: Path,
    options: Options | None = None,
    standalone_crt_dir: Path | None = None,
) -> GeneratedProject:
    """Generate a project from a Model Library Format archive.

    Parameters
    ----------
    template_project_dir : path
        The template.
    project_dir : path
        The project's directory. It must not exist.
    mlf_path : path
        The archive.
    options : dict, optional
        Project options by name.
    standalone_crt_dir : path, optional
        TVM's C runtime, for templates that need it.

    Returns
    -------
    GeneratedProject
        Ready to be built.
    """
    with TemplateProject.from_directory(template_project_dir) as template:
        return template.generate_project_from_mlf(
            mlf_path, project_dir, options, standalone_crt_dir
        )
