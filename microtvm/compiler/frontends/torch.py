# SPDX-License-Identifier: Apache-2.0
"""PyTorch programs saved with ``torch.export.save``."""

from __future__ import annotations

import pathlib
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from ..dependencies import load
from ..errors import CompileError, ModelFileError, UnsupportedOperatorError
from .imported import ImportedModel, default_output_names
from .relax import output_count


def read(path: pathlib.Path, shapes: Mapping[str, Sequence[int]]) -> ImportedModel:
    """Import a ``.pt2`` file; shapes are fixed when a program is exported."""
    torch: Any = load("torch", "read PyTorch programs")
    load("tvm", "compile models")
    frontend = load("tvm.relax.frontend.torch", "read PyTorch programs")
    if shapes:
        raise CompileError(f"{path}: shapes of a .pt2 file are fixed when it is exported")
    if path.is_file() and not zipfile.is_zipfile(path):
        raise ModelFileError(
            f"{path} is not a program saved by torch.export.save: it is no zip file"
        )
    try:
        program = torch.export.load(str(path))
    except OSError:
        raise
    except Exception as error:  # torch raises many types
        raise ModelFileError(
            f"{path} is not a program saved by torch.export.save: {error}"
        ) from error
    try:
        module = frontend.from_exported_program(program, unwrap_unit_return_tuple=True)
    except Exception as error:  # the importer raises many types
        text = str(error).strip()
        listed = re.search(r"Unsupported function types? (.+)", text)
        if listed:
            operators = re.findall(r"'([^']+)'", listed.group(1))
            raise UnsupportedOperatorError(
                str(path), operators, "not supported by TVM's PyTorch importer"
            ) from error
        raise CompileError(
            f"{path}: the program cannot be imported; export it anew (torch.export with inputs as "
            "in inference), and if that does not help report it with the model (-v shows what the "
            "importer says)",
            details=text or repr(error),
        ) from error
    main = module["main"]
    return ImportedModel(
        module=module,
        input_names=[v.name for v in main.params],
        output_names=default_output_names(output_count(main)),
        source=str(path),
    )
