# SPDX-License-Identifier: Apache-2.0
"""Model Library Format archives, version 7, as TVM 0.18's exporter wrote them."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
import os
import pathlib
import tarfile
from collections.abc import Sequence
from typing import Any

from server_kit.disk import UnwritableError, whole_file

from ..errors import MicroTVMError
from .compiled import CompiledModel
from .operators.cmsis_nn import RELEASE
from .program import TensorInfo

FORMAT_VERSION = 7
ABI = "device_kit.1"
_CPU = 1  # DLPack's kDLCPU


def export_model_library_format(
    compiled: CompiledModel, path: str | os.PathLike[str]
) -> pathlib.Path:
    """Write a model's archive.

    The same model gives the same bytes but for the time of export, which is that of the
    environment variable SOURCE_DATE_EPOCH (seconds since 1970) where it is set. A failed export
    leaves neither a file nor half of one.

    Parameters
    ----------
    compiled : CompiledModel
    path : str or os.PathLike
        The ``.tar`` file to write; replaced if it exists.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    MicroTVMError
        If the file cannot be written, or SOURCE_DATE_EPOCH is not a number.
    """
    target = pathlib.Path(path)
    time = _export_time()
    files = dict(compiled.files)
    files["metadata.json"] = (
        json.dumps(metadata(compiled, time), indent=2, sort_keys=True) + "\n"
    ).encode()
    try:
        with whole_file(target) as file:
            _write_tar(file, files, int(time.timestamp()))
    except UnwritableError as error:
        raise MicroTVMError(f"the archive {error}") from error
    return target


def metadata(compiled: CompiledModel, time: datetime.datetime) -> dict[str, Any]:
    """Contents of ``metadata.json``: TVM 0.18's keys, and more of each tensor."""
    main = {
        "device": _CPU,
        "constants_size_bytes": compiled.constant_bytes,
        "workspace_size_bytes": compiled.workspace_bytes,
        "workspace_with_io_size_bytes": compiled.workspace_with_io_bytes,
        "io_size_bytes": sum(t.nbytes for t in (*compiled.inputs, *compiled.outputs)),
        "inputs": _tensors(compiled.inputs),
        "outputs": _tensors(compiled.outputs),
    }
    operators = [
        {
            "function_name": kernel.name,
            "workspace": [{"device": _CPU, "workspace_size_bytes": kernel.workspace_bytes}],
        }
        for kernel in compiled.kernels
    ]
    module = {
        "model_name": compiled.name,
        "export_datetime": time.strftime("%Y-%m-%d %H:%M:%SZ"),
        "memory": {"functions": {"main": [main], "operator_functions": operators}},
        "layers": [dataclasses.asdict(layer) for layer in compiled.layers],
        "target": ["c -keys=cpu"],
        "executors": ["aot"],
        "style": "full-model",
        "abi": ABI,
    }
    if compiled.cmsis_nn is not None:
        module["cmsis_nn"] = {"release": RELEASE, "rounding": compiled.cmsis_nn}
    return {"version": FORMAT_VERSION, "modules": {compiled.name: module}}


def _tensors(tensors: Sequence[TensorInfo]) -> dict[str, Any]:
    return {
        tensor.name: {
            "dtype": tensor.dtype,
            "size": tensor.nbytes,
            "shape": list(tensor.shape),
            # The keys of metadata.json are sorted; this is the order of the model's function.
            "index": index,
            **(
                {}
                if tensor.scale is None
                else {"scale": tensor.scale, "zero_point": tensor.zero_point}
            ),
        }
        for index, tensor in enumerate(tensors)
    }


def _export_time() -> datetime.datetime:
    text = os.environ.get("SOURCE_DATE_EPOCH")
    if text is None:
        return datetime.datetime.now(datetime.timezone.utc)
    try:
        return datetime.datetime.fromtimestamp(int(text), datetime.timezone.utc)
    except (ValueError, OverflowError, OSError) as error:
        raise MicroTVMError(
            f"SOURCE_DATE_EPOCH is {text!r}, which is not a number of seconds since 1970"
        ) from error


def _write_tar(stream: Any, files: dict[str, bytes], time: int) -> None:
    """Members in order of their names, every folder before what is in it, owned by root."""
    folders = {str(parent) for name in files for parent in pathlib.PurePosixPath(name).parents}
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(folders | set(files)):
            member = tarfile.TarInfo("." if name == "." else f"./{name}")
            member.mtime = time
            member.uname = member.gname = "root"
            if name in files:
                member.size = len(files[name])
                member.mode = 0o644
                tar.addfile(member, io.BytesIO(files[name]))
            else:
                member.type = tarfile.DIRTYPE
                member.mode = 0o755
                tar.addfile(member)
