# SPDX-License-Identifier: Apache-2.0
"""Model Library Format: what a template may know of an archive.

``metadata.json`` as TVM 0.8 (version 5) and TVM 0.9 to 0.18 (version 7) write it, in
python/tvm/micro/model_library_format.py, plus the key ``abi`` of a module, which names the runtime
its C code was made for.
"""

from __future__ import annotations

import json

from ..errors import ArchiveError, shown
from .safe_tar import SafeTar

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    from typing import Any

SUPPORTED_VERSIONS = (5, 6, 7)
METADATA_FILE = "metadata.json"
#: TVM's standalone C runtime.
RUNTIME_DIR = "runtime"
_MAX_METADATA_BYTES = 16 << 20
_MAIN = "main"


class Tensor:
    """An input or an output of a model.

    Parameters
    ----------
    dtype : str
        For example "float32".
    size_bytes : int
    shape : tuple of int, optional
        None where the archive does not say: TVM 0.8 to 0.18 list it for operators only.
    """

    def __init__(self, dtype: str, size_bytes: int, shape: tuple[int, ...] | None = None) -> None:
        self.dtype = dtype
        self.size_bytes = size_bytes
        self.shape = shape


class Module:
    """One compiled model of an archive.

    Attributes
    ----------
    name : str
    abi : str or None
        The runtime interface of its C code; None for TVM's C runtime.
    executors : list of str
    style : str
        "full-model" or "operator".
    inputs, outputs : dict of str to Tensor
        Empty where the archive does not say: TVM 0.8 to 0.10 do not.
    arguments : list of Tensor
        Of an operator: all arguments, in order; which ones are outputs is not recorded.
    workspace_bytes, constant_bytes : int
    cmsis_nn_release : int or None
        Of CMSIS-NN, for which its C was compiled; None where it does not say (TVM's does not).
    cmsis_nn_rounding : str
        How that has to requantize: "single" or "double".
    has_io_in_workspace : bool
        Whether its C can keep inputs and outputs in the workspace (``MICROTVM_IO_IN_ARENA``).
    """

    def __init__(self, name: str, metadata: _Json) -> None:
        self.name = name
        self.abi = metadata.text("abi") if "abi" in metadata.value else None
        self.executors = [str(executor) for executor in metadata.value.get("executors", ())]
        self.style = metadata.text("style") if "style" in metadata.value else "full-model"
        main = _main_function(metadata)
        self.workspace_bytes = main.number("workspace_size_bytes")
        self.has_io_in_workspace = main.number("workspace_with_io_size_bytes") > 0
        self.constant_bytes = main.number("constants_size_bytes")
        cmsis_nn = metadata.object("cmsis_nn")
        self.cmsis_nn_release = cmsis_nn.number("release") if cmsis_nn.value else None
        self.cmsis_nn_rounding = cmsis_nn.choice("rounding", ("single", "double"), "double")
        self.inputs = _tensors(main.object("inputs"))
        self.outputs = _tensors(main.object("outputs"))
        self.arguments = _arguments(metadata, name) if self.style == "operator" else []


class ModelArchive(SafeTar):
    """An open archive and what its metadata says.

    Parameters
    ----------
    path : pathlib.Path
        The tar file, plain or gzip.
    is_runtime_needed : bool
        Whether the archive's own ``runtime/`` is. TVM's exporter makes it a link to its build's
        where that is one; where it is not needed, such a link is left out.

    Raises
    ------
    ArchiveError :
        When it is unsafe, damaged, or its metadata is missing or not understood.
    """

    def __init__(self, path: pathlib.Path, is_runtime_needed: bool = True) -> None:
        super().__init__(path, () if is_runtime_needed else (RUNTIME_DIR,))
        try:
            metadata = self._metadata()
            self.version = self._version(metadata)
            self.modules = self._modules(metadata)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> ModelArchive:
        return self

    def only_module(self) -> Module:
        """The one module of an archive that holds one."""
        if len(self.modules) != 1:
            raise self.error(f"holds {len(self.modules)} modules; one can run")
        return self.modules[0]

    def _metadata(self) -> _Json:
        if METADATA_FILE not in self.files:
            raise self.error(
                f"holds no {METADATA_FILE}; a Model Library Format archive is wanted, "
                "as export_model_library_format writes it"
            )
        try:
            value = json.loads(self.read(METADATA_FILE, _MAX_METADATA_BYTES).decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise self.error(f"has a {METADATA_FILE} that is not JSON: {error}") from None
        return _Json(self, METADATA_FILE, value)

    def _version(self, metadata: _Json) -> int:
        version = metadata.number("version")
        if version not in SUPPORTED_VERSIONS:
            wanted = ", ".join(map(str, SUPPORTED_VERSIONS))
            raise self.error(
                f"has Model Library Format version {version}; this server reads version {wanted}"
            )
        return version

    def _modules(self, metadata: _Json) -> list[Module]:
        if "modules" not in metadata.value:  # a single operator, as AutoTVM exports it
            return [Module(metadata.text("model_name"), metadata)]
        modules = metadata.object("modules")
        if not modules.value:
            raise self.error(f"names no module in its {METADATA_FILE}")
        return [Module(name, modules.object(name)) for name in modules.value]


class _Json:
    """A JSON object together with where it stands, for messages."""

    def __init__(self, archive: SafeTar, where: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise archive.error(f"has {shown(value)} for {where}; an object is wanted")
        self._archive = archive
        self._where = where
        self.value: dict[str, Any] = value

    def object(self, key: str) -> _Json:
        return _Json(self._archive, f"{self._where}: {key}", self.value.get(key, {}))

    def text(self, key: str) -> str:
        value = self.value.get(key)
        if not isinstance(value, str):
            raise self._error(key, value, "a string")
        return value

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.value.get(key, default)
        if value not in allowed:
            raise self._error(key, value, " or ".join(allowed))
        return str(value)

    def number(self, key: str) -> int:
        value = self.value.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._error(key, value, "a whole number")
        return value

    def array(self, key: str) -> list[_Json]:
        """An array of objects; empty where there is none."""
        value = self.value.get(key) or []
        if not isinstance(value, list):
            raise self._error(key, value, "an array")
        return [
            _Json(self._archive, f"{self._where}: {key}[{index}]", element)
            for index, element in enumerate(value)
        ]

    def first(self, key: str) -> _Json:
        """The first element of an array of objects; an empty object where there is none."""
        return (self.array(key) or [_Json(self._archive, self._where, {})])[0]

    def shape(self) -> tuple[int, ...] | None:
        """A tensor's shape, where there is one."""
        value = self.value.get("shape")
        if value is None:
            return None
        if not isinstance(value, list) or not all(type(n) is int and n >= 0 for n in value):
            raise self._error("shape", value, "an array of whole numbers")
        return tuple(value)

    def _error(self, key: str, value: Any, wanted: str) -> ArchiveError:
        return self._archive.error(
            f"has {shown(value)} for {self._where}: {key}; {wanted} is wanted"
        )


def _main_function(metadata: _Json) -> _Json:
    return metadata.object("memory").object("functions").first(_MAIN)


def _tensors(entries: _Json) -> dict[str, Tensor]:
    tensors = {}
    for name in entries.value:
        entry = entries.object(name)
        tensors[name] = Tensor(entry.text("dtype"), entry.number("size"), entry.shape())
    return tensors


def _arguments(metadata: _Json, name: str) -> list[Tensor]:
    return [
        Tensor(entry.text("dtype"), entry.number("size_bytes"), entry.shape())
        for entry in metadata.object("memory").array(name)
    ]
