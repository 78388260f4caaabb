# SPDX-License-Identifier: Apache-2.0
"""What a Model Library Format archive says about its model.

Source: TVM 0.18, ``python/tvm/micro/model_library_format.py``; versions 1 to 7 of its metadata.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
from typing import Any, NamedTuple

from server_kit import errors as server_errors
from server_kit.archives.archive import RUNTIME_DIR
from server_kit.archives.safe_tar import SafeTar

from .errors import MicroTVMError

_METADATA_LIMIT = 1 << 24  # bytes; real ones have a few thousand
_GRAPH_LIMIT = 1 << 28
_METADATA = re.compile(r"metadata\.json")
_GRAPH = re.compile(r"executor-config/graph/[^/]+\.(?:graph|json)")
_PARAMETERS = re.compile(r"parameters/[^/]+\.params")
_HEADER = re.compile(r"codegen/host/include/tvmgen_[^/]+\.h")
_STRUCT = re.compile(r"struct\s+\w+_(inputs|outputs)\s*\{([^}]*)\}")
_MEMBER = re.compile(r"void\s*\*\s*(\w+)\s*;")
_NUMBERED = re.compile(r"(.*?)(\d+)")


class ArchiveError(MicroTVMError):
    """The file is no Model Library Format archive, or a damaged one."""


@dataclasses.dataclass(frozen=True)
class TensorFacts:
    """An input or output of the model. TVM 0.8 to 0.18 record neither shape nor quantization."""

    name: str
    dtype: str
    size: int
    shape: tuple[int, ...] | None
    scale: float | None = None
    """A quantized tensor's integer q stands for ``scale * (q - zero_point)``."""
    zero_point: int | None = None


@dataclasses.dataclass(frozen=True)
class LayerFacts:
    """One call of a model compiled by current TVM; ``macs`` are counted for our own operators."""

    operator: str
    shape: tuple[int, ...]
    macs: int | None
    weight_bytes: int
    integers: bool
    arena_bytes: int


@dataclasses.dataclass(frozen=True)
class ModelFacts:
    """What is known about a model without running it. Sizes are in bytes."""

    name: str
    abi: str
    executors: tuple[str, ...]
    inputs: tuple[TensorFacts, ...]
    """In the order of the model's function, as `outputs` are."""
    outputs: tuple[TensorFacts, ...]
    constant_bytes: int
    workspace_bytes: int
    exported: str
    format_version: int
    layers: tuple[LayerFacts, ...] = ()
    """In the order in which they run; archives of TVM 0.8 to 0.18 do not say."""
    workspace_with_io_bytes: int = 0
    """The workspace where inputs and outputs lie in it; 0 for archives that cannot have that."""

    def to_json(self) -> dict[str, Any]:
        """Give the facts as JSON has them."""
        return dataclasses.asdict(self)


def read_model_facts(path: pathlib.Path) -> ModelFacts:
    """Read an archive's ``metadata.json``.

    Raises
    ------
    ArchiveError
        There is no such file, it is not a tar archive, or its metadata cannot be used.
    """
    metadata = _read_metadata(path)
    version = metadata.get("version")
    modules = metadata.get("modules")
    if isinstance(modules, dict) and modules:  # from version 7 on; TVM writes one module
        name, module = next(iter(modules.items()))
    else:
        name, module = str(metadata.get("model_name", "default")), metadata
    if not isinstance(version, int) or not isinstance(module, dict):
        raise ArchiveError(f"metadata.json in {path} is not that of a Model Library Format archive")
    try:
        return _in_order(path, module, _facts(name, module, version))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ArchiveError(
            f"metadata.json in {path} lacks what version {version} promises: {error!r}"
        ) from error


class GraphFiles(NamedTuple):
    """What a graph executor needs besides the model's functions."""

    graph: str
    """The graph, as JSON."""
    parameters: bytes
    """As TVM's ``save_param_dict`` writes them."""


def read_graph(path: pathlib.Path) -> GraphFiles:
    """Read the graph of a model that was compiled for the graph executor.

    Raises
    ------
    ArchiveError
        The archive cannot be read or holds no graph.
    """
    graph = _read_member(path, _GRAPH, _GRAPH_LIMIT)
    if graph is None:
        raise ArchiveError(f"{path} is for the graph executor but holds no graph")
    return GraphFiles(
        graph.decode("utf-8", "replace"), _read_member(path, _PARAMETERS, _GRAPH_LIMIT) or b""
    )


def _read_metadata(path: pathlib.Path) -> dict[str, Any]:
    text = _read_member(path, _METADATA, _METADATA_LIMIT)
    if text is None:
        raise ArchiveError(
            f"{path} is not a Model Library Format archive: it holds no metadata.json",
            hint="such archives are made by microtvm compile",
        )
    try:
        metadata = json.loads(text)
    except ValueError as error:
        raise ArchiveError(f"metadata.json in {path} is not JSON: {error}") from error
    if not isinstance(metadata, dict):
        raise ArchiveError(f"metadata.json in {path} holds no object")
    return metadata


def _read_member(path: pathlib.Path, name: re.Pattern[str], limit: int) -> bytes | None:
    """Read the first file whose path fits; None where there is none."""
    try:
        with SafeTar(path, unneeded=(RUNTIME_DIR,)) as archive:
            found = next((file for file in archive.files if name.fullmatch(file)), None)
            return None if found is None else archive.read(found, limit)
    except server_errors.ArchiveError as error:
        raise ArchiveError(str(error)) from error


def _facts(name: str, module: dict[str, Any], version: int) -> ModelFacts:
    style = module.get("style", "full-model")
    main: dict[str, Any] = {}
    if style == "full-model":
        functions = module["memory"]["functions"]["main"]
        main = next((entry for entry in functions if entry.get("device") == 1), functions[0])
    return ModelFacts(
        name=name,
        abi=str(module.get("abi", "tvm.crt")),
        executors=tuple(module.get("executors") or ()),
        inputs=_tensors(main.get("inputs") or {}),
        outputs=_tensors(main.get("outputs") or {}),
        constant_bytes=int(main.get("constants_size_bytes", 0)),
        workspace_bytes=int(main.get("workspace_size_bytes", 0)),
        workspace_with_io_bytes=int(main.get("workspace_with_io_size_bytes", 0)),
        exported=str(module.get("export_datetime", "")),
        format_version=version,
        layers=tuple(_layer(entry) for entry in module.get("layers") or ()),
    )


def _layer(entry: dict[str, Any]) -> LayerFacts:
    return LayerFacts(
        operator=str(entry["operator"]),
        shape=tuple(map(int, entry["shape"])),
        macs=None if entry["macs"] is None else int(entry["macs"]),
        weight_bytes=int(entry["weight_bytes"]),
        integers=bool(entry["integers"]),
        arena_bytes=int(entry["arena_bytes"]),
    )


def _tensors(entries: dict[str, Any]) -> tuple[TensorFacts, ...]:
    return tuple(
        TensorFacts(
            name=name,
            dtype=str(entry["dtype"]),
            size=int(entry["size"]),
            shape=tuple(map(int, entry["shape"])) if "shape" in entry else None,
            scale=float(entry["scale"]) if "scale" in entry else None,
            zero_point=int(entry["zero_point"]) if "scale" in entry else None,
        )
        for name, entry in entries.items()
    )


def _in_order(path: pathlib.Path, module: dict[str, Any], facts: ModelFacts) -> ModelFacts:
    """Put inputs and outputs into the order of the model's function.

    ``metadata.json`` has its keys sorted. Archives of ours number the tensors; in others the order
    is that of the structs in the header of the C interface, or of the numbers in ``output0`` to
    ``output10``, which is what TVM calls them elsewhere.
    """
    structs: dict[str, list[str]] | None = None
    ordered: dict[str, Any] = {}
    for kind in ("inputs", "outputs"):
        tensors: tuple[TensorFacts, ...] = getattr(facts, kind)
        if len(tensors) < 2:
            continue
        entries = next(
            function[kind]
            for function in module["memory"]["functions"]["main"]
            if len(function.get(kind) or {}) == len(tensors)
        )
        numbers = [entry.get("index") for entry in entries.values()]
        if None not in numbers:
            if sorted(numbers) != list(range(len(tensors))):
                raise ValueError(f"{kind} numbered {numbers}")
            key = dict(zip(entries, numbers, strict=True))
        else:
            if structs is None:
                structs = _structs(path)
            key = _places(tensors, structs.get(kind, []))
        ordered[kind] = tuple(sorted(tensors, key=lambda tensor, key=key: key[tensor.name]))  # type: ignore[misc]
    return dataclasses.replace(facts, **ordered)


def _structs(path: pathlib.Path) -> dict[str, list[str]]:
    """The members of the structs of inputs and outputs, where the archive has a C interface."""
    header = (_read_member(path, _HEADER, _METADATA_LIMIT) or b"").decode("utf-8", "replace")
    return {kind: _MEMBER.findall(body) for kind, body in _STRUCT.findall(header)}


def _places(tensors: tuple[TensorFacts, ...], members: list[str]) -> dict[str, Any]:
    by_member = {c_name(tensor.name): tensor.name for tensor in tensors}
    if len(by_member) == len(tensors) and set(by_member) == set(members):
        return {by_member[member]: place for place, member in enumerate(members)}
    split = {tensor.name: _NUMBERED.fullmatch(tensor.name) for tensor in tensors}
    matches = [match for match in split.values() if match is not None]
    if len(matches) == len(tensors) and len({match[1] for match in matches}) == 1:
        return {match[0]: int(match[2]) for match in matches}
    return {tensor.name: place for place, tensor in enumerate(tensors)}


def c_name(name: str) -> str:
    """Give the spelling of a tensor's name as a member of a C struct, as TVM 0.18 has it."""
    return re.sub(r"[^A-Za-z0-9]", "_", name)
