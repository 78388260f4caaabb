# SPDX-License-Identifier: Apache-2.0
"""What an operator needs of its operands and options, whoever converts it.

Refused here, in words about the file, is what converters would otherwise stumble over: shapes that
are known at run time only, options that are absent, and activations that LiteRT leaves out without
a word.
"""

from __future__ import annotations

from ...errors import CompileError
from .context import OperatorContext

_REDUCTIONS = ("MEAN", "REDUCE_ALL", "REDUCE_ANY", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "SUM")

# Operands that say how tensors are shaped or which axis is meant.
_CONSTANTS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(_REDUCTIONS, (1,)),
    **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD", "RESHAPE", "TILE", "BROADCAST_TO"), (1,)),
    **dict.fromkeys(("ARG_MAX", "ARG_MIN", "CUMSUM", "EXPAND_DIMS", "REVERSE_V2"), (1,)),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "TRANSPOSE"), (1,)),
    **dict.fromkeys(("ONE_HOT", "TOPK_V2"), (1,)),
    **dict.fromkeys(("BATCH_TO_SPACE_ND", "SLICE", "SPACE_TO_BATCH_ND", "SPLIT_V"), (1, 2)),
    **dict.fromkeys(("CONV_3D_TRANSPOSE", "FILL", "SPLIT", "TRANSPOSE_CONV"), (0,)),
    "RANGE": (0, 1, 2),
    "SCATTER_ND": (2,),
    "SPARSE_TO_DENSE": (1,),
    "STRIDED_SLICE": (1, 2, 3),
}
_POOLS = ("AVERAGE_POOL_2D", "L2_POOL_2D", "MAX_POOL_2D")
_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
# Options of sliding windows, which are at least 1.
_WINDOW = (
    *("StrideH", "StrideW", "FilterHeight", "FilterWidth"),
    *("DilationHFactor", "DilationWFactor"),
)

# Activations (numbers of schema.fbs) that LiteRT computes behind an operator; it ignores others.
_CLAMPS = (0, 1, 2, 3)
_ACTIVATIONS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("ADD", "SUB", "MUL", "DIV", "FULLY_CONNECTED"), _CLAMPS),
    **dict.fromkeys((*_POOLS, *_CONVOLUTIONS), _CLAMPS),
    "CONCATENATION": (0,),
}
_NEED_OPTIONS = frozenset(
    {
        *_ACTIVATIONS,
        *_REDUCTIONS,
        *("BATCH_MATMUL", "CALL", "CAST", "CUMSUM", "DEPTH_TO_SPACE", "GATHER", "GELU", "IF"),
        *("LEAKY_RELU", "MIRROR_PAD", "ONE_HOT", "PACK", "RESIZE_BILINEAR"),
        *("RESIZE_NEAREST_NEIGHBOR", "SOFTMAX", "SPACE_TO_DEPTH", "SPLIT", "STRIDED_SLICE"),
        *("SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM", "UNPACK", "WHILE"),
    }
)
_REFUSED: dict[str, str] = {
    **dict.fromkeys(("UNIQUE", "WHERE"), "the shape of its result depends on its input's numbers"),
    "BITCAST": "TVM has no kernel for it that runs without TVM's runtime",
    "FAKE_QUANT": "TVM's importer rounds otherwise than LiteRT; convert the model without it",
}


def check(context: OperatorContext) -> None:
    """Look over an operator before it is converted.

    Raises
    ------
    CompileError
        With the end of a sentence about the operator.
    """
    name = context.name
    if name in _REFUSED:
        raise CompileError(_REFUSED[name])
    if name == "POW" and context.input(0).dtype != "float32":
        raise CompileError(
            f"TVM has it in float alone, and this one is of {context.input(0).dtype}"
        )
    for index in _CONSTANTS.get(name, ()):
        if context.has_input(index) and context.constant(index) is None:
            raise CompileError(
                f"its input {index} ({context.input(index).name!r}) must be a constant, since the "
                "shapes of a compiled model are fixed, but it is computed at run time"
            )
    if name in _NEED_OPTIONS and context.options is None:
        raise CompileError("the file lacks its options")
    if name in _ACTIVATIONS:
        activation = context.options.FusedActivationFunction()
        if activation not in _ACTIVATIONS[name]:
            raise CompileError(
                f"it is followed by the fused activation {activation}, which LiteRT leaves out; "
                "make the activation an operator of its own"
            )
    if name in (*_POOLS, *_CONVOLUTIONS):
        for field in _WINDOW:
            value = getattr(context.options, field, None)
            if value is not None and value() < 1:
                raise CompileError(f"its options have {field} {value()}")
