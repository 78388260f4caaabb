# SPDX-License-Identifier: Apache-2.0
"""One trial of a tuner: an operator's archive to a session with firmware that holds it.

TVM's module loader does the same (``tvm.micro.compile_and_create_micro_session``, which
``AutoTvmModuleLoader`` and meta-schedule's runner call), hundreds of times in a row.
"""

from __future__ import annotations

import contextlib
import pathlib
import tempfile
from collections.abc import Iterator

from .options import Options
from .project import GeneratedProject, Path, TemplateProject
from .session import Session


@contextlib.contextmanager
def compile_and_create_micro_session(
    mod_src_bytes: bytes,
    template_project_dir: Path,
    project_options: Options | None = None,
    project_dir: Path | None = None,
    use_existing_project: bool = False,
    standalone_crt_dir: Path | None = None,
) -> Iterator[Session]:
    """Generate, build and flash a project, and open a session with it.

    Everything is undone at the end: the session, the servers, and the project unless it was given
    a place.

    Parameters
    ----------
    mod_src_bytes : bytes
        A Model Library Format archive.
    template_project_dir : path
        The template.
    project_options : dict, optional
        Project options by name.
    project_dir : path, optional
        Where the project is made, and stays; a temporary directory by default.
    use_existing_project : bool
        Open what ``project_dir`` holds already, flashed as it is.
    standalone_crt_dir : path, optional
        TVM's C runtime, for archives of TVM 0.8 to 0.18 that do not carry it.

    Yields
    ------
    Session
        An open session.
    """
    with contextlib.ExitStack() as stack:
        if use_existing_project:
            if project_dir is None:
                raise ValueError("use_existing_project=True: which one is not said in project_dir")
            project = stack.enter_context(
                GeneratedProject.from_directory(project_dir, project_options)
            )
        else:
            scratch = pathlib.Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="microtvm-trial-"))
            )
            archive = scratch / "model.tar"
            archive.write_bytes(mod_src_bytes)
            with TemplateProject.from_directory(template_project_dir) as template:
                project = stack.enter_context(
                    template.generate_project_from_mlf(
                        archive,
                        project_dir or scratch / "project",
                        project_options,
                        standalone_crt_dir,
                    )
                )
            project.build()
            project.flash()
        yield stack.enter_context(Session(project.transport()))
