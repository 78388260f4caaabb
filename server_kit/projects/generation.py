# SPDX-License-Identifier: Apache-2.0
"""What ``generate_project`` does in every template: the model, its runtime, the project's files."""

from __future__ import annotations

import json
import pathlib

from .. import log
from ..archives.archive import ModelArchive
from ..archives.safe_tar import SafeTar
from .cmsis import write_cmsis_nn
from .definitions import read_definitions
from .directory import ARCHIVE, FACTS
from .runtime import ModelRuntime
from .writer import ProjectWriter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, Sequence

    from .directory import ServerDirectory

# MLPerf Tiny's, as TVM 0.18's template had it; a bare -DNAME is 1.
_ENERGY_MODE = {"EE_CFG_ENERGY_MODE", "EE_CFG_ENERGY_MODE=1"}


class Generation:
    """A project in the making; a context that holds the archive open.

    Parameters
    ----------
    template : ServerDirectory
        The template that the project is made from.
    archive_path : pathlib.Path
        The model, in Model Library Format.
    standalone_crt_dir : pathlib.Path or None
        TVM's C runtime, where TVM's client gives it.
    options : mapping
        The project options of ``generate_project``.
    rpc_types : sequence of str
        The values of ``project_type`` whose firmware has the RPC server.

    Attributes
    ----------
    archive : ModelArchive
        Open for reading.
    module : Module
        Its model.
    runtime : ModelRuntime
        What it runs on.
    tensor_bytes, tvm_bytes : int or None
        The option ``workspace_size_bytes``, for the memory that it sizes: the pool of
        ``device_kit``, or all that TVM's runtime has where the model runs on that.

    Raises
    ------
    ProjectError, ArchiveError, OptionError :
        When entered: in a project, for an archive that does not run, for a bad option.
    """

    def __init__(
        self,
        template: ServerDirectory,
        archive_path: pathlib.Path,
        standalone_crt_dir: pathlib.Path | None,
        options: Mapping[str, Any],
        rpc_types: Sequence[str] = ("host_driven",),
    ) -> None:
        template.require_template()
        self._template = template
        self._options = options
        self._rpc_types = rpc_types
        self._crt_dir = standalone_crt_dir
        is_runtime_given = standalone_crt_dir is not None and standalone_crt_dir.is_dir()
        self.archive = ModelArchive(archive_path, is_runtime_needed=not is_runtime_given)

    def __enter__(self) -> Generation:
        try:
            self.module = self.archive.only_module()
            is_standalone = self._options["project_type"] not in self._rpc_types
            self.runtime = ModelRuntime(self.archive, self.module, is_standalone)
        except BaseException:
            self.archive.close()
            raise
        given: int | None = self._options["workspace_size_bytes"]
        self.tensor_bytes: int | None = None if self.runtime.is_tvm_crt else given
        self.tvm_bytes: int | None = given if self.runtime.is_tvm_crt else None
        return self

    def __exit__(self, *_: object) -> None:
        self.archive.close()

    def facts(self) -> dict[str, Any]:
        """What any template's other methods need to know of the model and the options."""
        options, runtime = self._options, self.runtime
        kind = "tvm_host_driven" if runtime.is_served_by_tvm else options["project_type"]
        definitions = read_definitions(options["compile_definitions"])
        return {
            "project_type": options["project_type"],
            "model": self.module.name,
            "abi": self.module.abi,
            "runtime": runtime.name,
            "is_served_by_tvm": runtime.is_served_by_tvm,
            "program": f"main_{kind}",
            "defect": runtime.defect,
            "compile_definitions": definitions,
            "is_energy_mode": kind == "mlperftiny" and bool(_ENERGY_MODE.intersection(definitions)),
            "warning_as_error": options["warning_as_error"],
            "verbose": options["verbose"],
        }

    def write(
        self,
        project_dir: pathlib.Path,
        names: Sequence[str],
        facts: Mapping[str, Any],
        texts: Mapping[str, str] | None = None,
        arrange: Callable[[pathlib.Path], None] | None = None,
    ) -> None:
        """Write the project, whole or not at all.

        Parameters
        ----------
        project_dir : pathlib.Path
            Must not exist, or be an empty directory.
        names : sequence of str
            Files and folders of the template that belong to a project.
        facts : mapping
            What the project's own server reads with ``ServerDirectory.facts``.
        texts : mapping of str to str, optional
            Further files by name, written for this project.
        arrange : callable, optional
            Given the directory with all that in it, puts it where the platform's build wants it.

        Raises
        ------
        ProjectError, ArchiveError, OptionError :
        """
        if self.runtime.defect:
            log.info(f"this project will not build: its model {self.runtime.defect}")
        with ProjectWriter(project_dir) as project:
            for name in names:
                project.copy(self._template.path / name)
            project.copy(self.archive.path, ARCHIVE)
            self.archive.unpack(project.directory / "model")
            self.runtime.write(project, self._crt_dir)
            write_cmsis_nn(project, self.archive, self._options["cmsis_path"])
            for name, text in (texts or {}).items():
                project.write(name, text)
            project.write(FACTS, json.dumps(facts, indent=2) + "\n")
            if arrange is not None:
                arrange(project.directory)
            if self._options["extra_files_tar"]:
                with SafeTar(pathlib.Path(self._options["extra_files_tar"])) as extra_files:
                    extra_files.unpack(project.directory)
