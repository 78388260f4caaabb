# SPDX-License-Identifier: Apache-2.0
"""Which runtime a model gets, and what it adds to a project.

Code that ``microtvm compile`` made runs on ``device_kit``. Code that TVM 0.8 to 0.18 made runs on
TVM's standalone C runtime, and is served by the RPC server that can call it: TVM's, where the code
lists its functions; else that of ``device_kit``, around a descriptor written here.
"""

from __future__ import annotations

from ..archives.tvm_model import TvmModel
from .tvm_crt import CRT_DIR, write_crt

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib

    from ..archives.archive import ModelArchive, Module
    from .writer import ProjectWriter

ABI = "device_kit.1"
DESCRIPTOR_FILE = "src/model_descriptor.c"

__all__ = ["ABI", "CRT_DIR", "DESCRIPTOR_FILE", "ModelRuntime"]


class ModelRuntime:
    """The runtime of one model.

    Parameters
    ----------
    archive : ModelArchive
        Open for reading.
    module : Module
        Its module.
    is_standalone : bool
        Whether a program without RPC server is wanted.

    Attributes
    ----------
    is_tvm_crt : bool
        Whether the model runs on TVM's C runtime.
    is_served_by_tvm : bool
        Whether it is called through TVM's own RPC server, which is C++.
    defect : str
        Why the project cannot be built, where it can be generated all the same; else empty. TVM's
        own templates generate such projects, and its clients read their options.

    Raises
    ------
    ArchiveError :
        When no runtime here runs it, or not in this way.
    """

    def __init__(self, archive: ModelArchive, module: Module, is_standalone: bool) -> None:
        self.is_tvm_crt = module.abi is None
        self.is_served_by_tvm = False
        self.defect = ""
        self._archive = archive
        self._descriptor: str | None = None
        if self.is_tvm_crt:
            model = TvmModel(archive, module)
            self.is_served_by_tvm = model.has_functions and not is_standalone
            missing = model.missing_functions()
            if missing and not is_standalone:
                self.defect = missing
            elif not self.is_served_by_tvm:
                self._descriptor = model.descriptor()
        elif module.abi != ABI:
            raise archive.error(
                f"holds code for {module.abi}; templates of this release run code for {ABI}, as "
                "microtvm compile makes it, and code made by TVM 0.8 to 0.18"
            )

    @property
    def name(self) -> str:
        """``tvm_crt`` or ``device_kit``."""
        return "tvm_crt" if self.is_tvm_crt else "device_kit"

    def write(self, project: ProjectWriter, standalone_crt_dir: pathlib.Path | None) -> None:
        """Add to a project what the model needs, after the archive was unpacked to ``model/``."""
        if self.is_tvm_crt:
            write_crt(project, self._archive, standalone_crt_dir)
        if self._descriptor is not None:
            project.write(DESCRIPTOR_FILE, self._descriptor)
