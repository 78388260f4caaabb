# SPDX-License-Identifier: Apache-2.0
"""What is heeded of each ONNX operator: attributes, and inputs and outputs that may be left out.

TVM's importer passes over what it does not read. So everything that it reads right, or that a
rewrite of ours mends or refuses by its value, stands in the table below; what does not stand there
is refused by its name, unless it is at its default. ``tests/compiler/onnx/test_attributes.py``
compares each entry with ONNX Runtime, and walks ONNX's schemas for names that are missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .calls import DOMAIN
from .graph import Graph
from .rewrites.refused import REFUSED_WHOLLY

# An operator, then the names that its schema gives to what is heeded. Operators that have no
# attributes, nor inputs or outputs that may be left out, need no line; those that ONNX defines by
# other operators and that are expanded (`prepare._FUNCTIONS`) are not looked at.
_TABLE = """
AffineGrid             align_corners
ArgMax                 axis keepdims select_last_index
ArgMin                 axis keepdims select_last_index
AveragePool            auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides
BatchNormalization     epsilon momentum
BitShift               direction
Cast                   to
CenterCropPad          axes
Clip                   min max
Col2Im                 dilations pads strides
Compress               axis
Concat                 axis
ConcatFromSequence     axis new_axis
Constant               value value_float value_floats value_int value_ints
ConstantOfShape        value
Conv                   auto_pad dilations group kernel_shape pads strides B
ConvInteger            auto_pad dilations group kernel_shape pads strides x_zero_point
ConvInteger            w_zero_point
ConvTranspose          auto_pad dilations group kernel_shape output_padding output_shape pads
ConvTranspose          strides B
CumSum                 exclusive reverse
DFT                    axis dft_length inverse onesided
DepthToSpace           blocksize mode
DequantizeLinear       axis x_zero_point
Dropout                seed ratio training_mode mask
Einsum                 equation
Elu                    alpha
EyeLike                dtype k
Flatten                axis
GRU                    activation_alpha activation_beta activations clip direction hidden_size
GRU                    layout linear_before_reset B sequence_lens initial_h Y Y_h
Gather                 axis
GatherElements         axis
GatherND               batch_dims
Gelu                   approximate
Gemm                   alpha beta transA transB C
GlobalLpPool           p
GridSample             align_corners mode padding_mode
HardSigmoid            alpha beta
Hardmax                axis
If                     else_branch then_branch
InstanceNormalization  epsilon
IsInf                  detect_negative detect_positive
LRN                    alpha beta bias size
LSTM                   activation_alpha activation_beta activations clip direction hidden_size
LSTM                   layout input_forget B sequence_lens initial_h initial_c P Y Y_h Y_c
LeakyRelu              alpha
LogSoftmax             axis
Loop                   body M cond
LpNormalization        axis p
LpPool                 auto_pad ceil_mode dilations kernel_shape p pads strides
MatMulInteger          a_zero_point b_zero_point
MaxPool                auto_pad ceil_mode dilations kernel_shape pads storage_order strides
MaxPool                Indices
MaxRoiPool             pooled_shape spatial_scale
MaxUnpool              kernel_shape strides
MeanVarianceNormalization axes
Mod                    fmod
NonMaxSuppression      center_point_box max_output_boxes_per_class iou_threshold score_threshold
OneHot                 axis
Pad                    mode constant_value axes
Optional               input type
OptionalHasElement     input
QLinearConv            auto_pad dilations group kernel_shape pads strides B
QuantizeLinear         axis output_dtype saturate y_zero_point
RNN                    activation_alpha activation_beta activations clip direction hidden_size
RNN                    layout B sequence_lens initial_h Y Y_h
ReduceL1               axes keepdims noop_with_empty_axes
ReduceL2               axes keepdims noop_with_empty_axes
ReduceLogSum           axes keepdims noop_with_empty_axes
ReduceLogSumExp        axes keepdims noop_with_empty_axes
ReduceMax              axes keepdims noop_with_empty_axes
ReduceMean             axes keepdims noop_with_empty_axes
ReduceMin              axes keepdims noop_with_empty_axes
ReduceProd             axes keepdims noop_with_empty_axes
ReduceSum              axes keepdims noop_with_empty_axes
ReduceSumSquare        axes keepdims noop_with_empty_axes
Reshape                allowzero
Resize                 antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside
Resize                 extrapolation_value keep_aspect_ratio_policy mode nearest_mode roi scales
Resize                 sizes
ReverseSequence        batch_axis time_axis
RoiAlign               coordinate_transformation_mode mode output_height output_width
RoiAlign               sampling_ratio spatial_scale
ScatterElements        axis reduction
ScatterND              reduction
STFT                   frame_length onesided window
Scan                   body num_scan_inputs scan_input_axes scan_input_directions
Scan                   scan_output_axes scan_output_directions
Selu                   alpha gamma
SequenceEmpty          dtype
SequenceErase          position
SequenceInsert         position
SequenceMap            body
Shape                  end start
Shrink                 bias lambd
Slice                  axes steps
Softmax                axis
SpaceToDepth           blocksize mode
Split                  axis num_outputs split
SplitToSequence        axis keepdims split
Squeeze                axes
ThresholdedRelu        alpha
TopK                   axis largest sorted
Transpose              perm
Trilu                  upper k
com.microsoft.BiasGelu
com.microsoft.DequantizeLinear          axis
com.microsoft.FastGelu
com.microsoft.Gelu
com.microsoft.QGemm                     alpha transA transB
com.microsoft.QLinearAdd
com.microsoft.QLinearAveragePool        auto_pad ceil_mode count_include_pad
com.microsoft.QLinearAveragePool        kernel_shape pads strides
com.microsoft.QLinearConcat             axis
com.microsoft.QLinearGlobalAveragePool
com.microsoft.QLinearLeakyRelu          alpha
com.microsoft.QLinearMul
com.microsoft.QLinearSigmoid
com.microsoft.QLinearSoftmax            axis opset
com.microsoft.QuantizeLinear            axis
com.microsoft.SkipLayerNormalization    epsilon
"""


def _read() -> dict[str, frozenset[str]]:
    table: dict[str, frozenset[str]] = {}
    for line in _TABLE.strip().splitlines():
        operator, *names = line.split()
        table[operator] = table.get(operator, frozenset()) | set(names)
    return table


HEEDED = _read()


def passed_over(node: Any, opset: int) -> str | None:
    """What a node says that nobody would heed, as the end of a sentence; None where all is heeded.

    Parameters
    ----------
    node : onnx.NodeProto
    opset : int
        The model's version of ONNX's own operators.
    """
    import onnx

    own = node.domain in ("", "ai.onnx")
    heeded = HEEDED.get(node.op_type if own else f"{node.domain}.{node.op_type}", frozenset())
    schema = None
    if own and onnx.defs.has(node.op_type, opset):
        schema = onnx.defs.get_schema(node.op_type, opset)
    for attribute in node.attribute:
        if attribute.name in heeded:
            continue
        value = onnx.helper.get_attribute_value(attribute)
        value = value.decode(errors="replace") if isinstance(value, bytes) else value
        known = schema.attributes.get(attribute.name) if schema else None
        default = None
        if known is not None and known.default_value.type:
            default = onnx.helper.get_attribute_value(known.default_value)
            default = default.decode() if isinstance(default, bytes) else default
            if value == default:
                continue
        elif schema is None and value == 0 and isinstance(value, int):
            continue  # what onnxruntime writes of flags that are not set
        advice = "export the model without it"
        if default is not None:
            advice = f"export the model with its default, {default!r}"
        shown = f" ({value!r})" if isinstance(value, str | int | float) else ""
        return f"its attribute {attribute.name}{shown} is not known; {advice}"
    if schema is None:
        return None
    for what, names, formals in (
        ("input", node.input, schema.inputs),
        ("output", node.output, schema.outputs),
    ):
        for name, formal in zip(names, formals, strict=False):
            if name and formal.option.name == "Optional" and formal.name not in heeded:
                return (
                    f"its {what} {formal.name} (here {name!r}) is not known; "
                    "export the model without it"
                )
    return None


def refuse_passed_over(graph: Graph, opset: int) -> dict[str, str]:
    """By operator, what would be passed over in silence.

    Operators in branches and loops are among them. One whose inputs are all constants is left out:
    onnx's own evaluator computes it. So is one that is refused for a better reason, whatever it
    says.
    """
    refused: dict[str, str] = {}

    def look(nodes: Iterable[Any]) -> None:
        for node in nodes:
            given = [name for name in node.input if name]
            known = given and all(name in graph.constants for name in given)
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    look(attribute.g.node)
            if known or node.domain == DOMAIN or node.op_type in REFUSED_WHOLLY:
                continue
            reason = passed_over(node, opset)
            if reason is not None:
                domain = "" if node.domain in ("", "ai.onnx") else f"{node.domain}."
                refused.setdefault(domain + node.op_type, reason)

    look(graph.model.graph.node)
    return refused
