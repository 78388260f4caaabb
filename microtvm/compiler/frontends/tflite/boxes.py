# SPDX-License-Identifier: Apache-2.0
"""Operators that select boxes of a detector, up to a number that the file says."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...dependencies import load
from ...errors import CompileError
from ...operators import QuantizedTensor
from ...operators.select_boxes import SelectBoxes
from .context import OperatorContext
from .registry import converter


@converter("NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5")
def non_max_suppression(context: OperatorContext) -> Any:
    """Behind the boxes that are left, indices and scores are 0, as LiteRT has them."""
    relax: Any = load("tvm.relax", "compile models")
    most, overlap, score = (_number(context, index) for index in (2, 3, 4))
    if context.name.endswith("V5") and _number(context, 5) != 0:
        raise CompileError("it lowers scores of boxes that overlap (a sigma other than 0)")
    boxes, scores = context.value(context.input(0)), context.value(context.input(1))
    selected, count, index = _select(
        context, boxes, scores, context.input(1).shape[0], int(most),
        overlap, score, (True, False), True,
    )  # fmt: skip
    if context.name.endswith("V4"):
        return [selected, count]
    zero = relax.const(0, "float32")
    kept = relax.op.where(
        _is_found(int(most), count), relax.op.take(scores, index, mode="clip"), zero
    )
    return [selected, kept, count]


@converter("TFLite_Detection_PostProcess")
def detection_postprocess(context: OperatorContext) -> Any:
    """Boxes decoded by anchors; each has its best class, and is selected by the score of that."""
    relax: Any = load("tvm.relax", "compile models")
    options = _options(context)
    encodings, classes, anchors = (context.input(index) for index in range(3))
    count, width = classes.shape[1:]
    if any(tensor.dtype != "float32" for tensor in (encodings, classes, anchors)):
        raise CompileError("it is of integers; TensorFlow Lite Micro has it of float32 alone")
    if encodings.shape[0] != 1:
        raise CompileError(f"it has a batch of {encodings.shape[0]}; only one of 1 is supported")
    if options.get("use_regular_nms"):
        raise CompileError("it selects boxes class by class (use_regular_nms); convert without it")
    if min(int(options["max_classes_per_detection"]), int(options["num_classes"])) != 1:
        raise CompileError("it gives more than one class for a box (max_classes_per_detection)")
    background = width - int(options["num_classes"])
    if background not in (0, 1):
        raise CompileError(f"it has {width} scores for {int(options['num_classes'])} classes")

    def part(value: Any, first: int, end: int, axis: int) -> Any:
        return relax.op.strided_slice(value, axes=[axis], begin=[first], end=[end])

    def constant(value: Any) -> Any:
        return relax.const(np.array(value, np.float32), "float32")

    place = relax.op.reshape(context.value(encodings), (count, encodings.shape[2]))
    anchor = context.value(anchors)
    scale = constant([options[name] for name in ("y_scale", "x_scale", "h_scale", "w_scale")])
    scaled = context.emit(relax.op.divide(part(place, 0, 4, 1), scale))
    sides = part(anchor, 2, 4, 1)
    center = relax.op.add(relax.op.multiply(part(scaled, 0, 2, 1), sides), part(anchor, 0, 2, 1))
    half = relax.op.multiply(relax.op.exp(part(scaled, 2, 4, 1)), sides)
    center, half = (context.emit(v) for v in (center, relax.op.multiply(half, constant(0.5))))
    corners = [relax.op.subtract(center, half), relax.op.add(center, half)]
    boxes = context.emit(relax.op.concat(corners, axis=1))
    given = relax.op.reshape(context.value(classes), (count, width))
    given = context.emit(part(given, background, width, 1))
    best = context.emit(relax.op.argmax(given, axis=1))
    scores = context.emit(relax.op.max(given, axis=1))
    most = int(options["max_detections"])
    _, found, index = _select(
        context, boxes, scores, count, most, float(options["nms_iou_threshold"]),
        float(options["nms_score_threshold"]), (False, True), False,
    )  # fmt: skip
    is_found = context.emit(_is_found(most, found))
    zero = constant(0)
    results = [
        relax.op.where(
            relax.op.expand_dims(is_found, 1),
            relax.op.take(boxes, index, axis=0, mode="clip"),
            zero,
        ),
        relax.op.where(
            is_found, relax.op.astype(relax.op.take(best, index, mode="clip"), "float32"), zero
        ),
        relax.op.where(is_found, relax.op.take(scores, index, mode="clip"), zero),
        relax.op.astype(found, "float32"),
    ]
    return [
        relax.op.reshape(value, tensor.shape)
        for value, tensor in zip(results, context.outputs, strict=True)
    ]


def _select(
    context: OperatorContext,
    boxes: Any,
    scores: Any,
    count: int,
    most: int,
    overlap: float,
    score: float,
    exactly: tuple[bool, bool],
    again: bool,
) -> tuple[Any, Any, Any]:
    """Numbers of the selected boxes as int32, how many they are, and the numbers to take by."""
    relax: Any = load("tvm.relax", "compile models")
    kinds = QuantizedTensor((count, 4), "float32"), QuantizedTensor((count,), "float32")
    operator = SelectBoxes(*kinds, most, overlap, score, exactly, again)
    packed = context.emit(context.operators.call(operator, boxes, scores))
    selected = context.emit(relax.op.strided_slice(packed, axes=[0], begin=[0], end=[most]))
    last = relax.op.strided_slice(packed, axes=[0], begin=[most], end=[most + 1])
    found = context.emit(relax.op.reshape(last, ()))
    return selected, found, context.emit(relax.op.astype(selected, "int64"))


def _is_found(most: int, count: Any) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    return relax.op.less(relax.const(np.arange(most, dtype=np.int32), "int32"), count)


def _number(context: OperatorContext, index: int) -> float:
    value = context.constant(index)
    if value is None:
        raise CompileError(f"its input {index} is not a constant")
    return float(value.reshape(()))


def _options(context: OperatorContext) -> dict[str, Any]:
    flexbuffers: Any = load("flatbuffers.flexbuffers", "read TensorFlow Lite models")
    given = context.operator.CustomOptionsAsNumpy()
    try:
        options = flexbuffers.Loads(bytearray(given.tobytes()))
        wanted = ("max_detections", "max_classes_per_detection", "num_classes")
        numbers = ("nms_score_threshold", "nms_iou_threshold")
        scales = ("y_scale", "x_scale", "h_scale", "w_scale")
        missing = [name for name in (*wanted, *numbers, *scales) if name not in options]
    except Exception as error:  # of a damaged buffer, whatever it runs into
        raise CompileError("its options are damaged") from error
    if missing:
        raise CompileError(f"its options lack {', '.join(missing)}")
    return dict(options)
