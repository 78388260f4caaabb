# SPDX-License-Identifier: Apache-2.0
"""Attributes, and inputs and outputs that may be left out: heeded, or refused by name."""

from __future__ import annotations

import collections
import importlib
import pathlib
import sys
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, __file__.rpartition("/")[0])

from attribute_cases import fewest
from case_models import Case, model_of, reference, samples

from microtvm.compiler import compile

OLDEST = 13


@pytest.fixture(scope="module")
def onnx(require_module: Any) -> Any:
    for name in ("onnxruntime", "tvm"):
        require_module(name, "compare ONNX operators")
    return require_module("onnx", "read ONNX models")


# Rewrites turn these into other operators altogether, which ONNX Runtime can run: much faster than
# compiling the many kernels that they come to.
_REWRITTEN = ("GRU", "LSTM", "RNN", "Resize")


def _by_opset(rewritten: bool) -> dict[int, list[Case]]:
    found = collections.defaultdict(list)
    for case in fewest():
        if (case.operator in _REWRITTEN) == rewritten:
            found[case.opset].append(case)
    return found


def _compare(chosen: list[Case], results: dict[str, np.ndarray], expected: Any) -> None:
    wrong = []
    for name, got in results.items():
        want, label = expected[name], chosen[int(name[1:].partition("_")[0])].label
        assert (got.shape, got.dtype) == (want.shape, want.dtype), label
        # A quantum is between integers scaled in integers and onnxruntime's, which are in float.
        quantum = 1 if label.startswith(("QLinear", "QGemm")) else 0
        tolerance = (1e-3, 1e-4) if got.dtype.kind == "f" else (0, quantum)
        if not np.allclose(
            got.astype(np.float64), want.astype(np.float64), *tolerance, equal_nan=True
        ):
            far = np.abs(got.astype(np.float64) - want.astype(np.float64)).argmax()
            wrong.append(f"{label}, output {name}: {got.ravel()[far]} for {want.ravel()[far]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("opset", sorted(_by_opset(rewritten=False)))
def test_heeded(opset: int, onnx: Any, build: Any, tmp_path: Any) -> None:
    """Every case of an opset, in one model, beside ONNX Runtime."""
    chosen = _by_opset(rewritten=False)[opset]
    model, given = model_of(chosen), samples(chosen)
    expected = reference(model, given)
    onnx.save(model, tmp_path / "cases.onnx")
    compiled = compile(tmp_path / "cases.onnx")
    arrays = build(compiled)(*(given[info.name] for info in compiled.inputs))
    names = [info.name for info in compiled.outputs]
    _compare(chosen, dict(zip(names, arrays, strict=True)), expected)


@pytest.mark.parametrize("opset", sorted(_by_opset(rewritten=True)))
def test_heeded_by_rewrites(opset: int, onnx: Any) -> None:
    """What rewrites made of a model, beside the model itself, both in ONNX Runtime."""
    prepare = importlib.import_module("microtvm.compiler.frontends.onnx.prepare")
    chosen = _by_opset(rewritten=True)[opset]
    model, given = model_of(chosen), samples(chosen)
    expected = reference(model, given)
    model, _ = prepare.prepare(pathlib.Path("cases.onnx"), model)
    assert not {node.op_type for node in model.graph.node}.intersection(_REWRITTEN)
    _compare(chosen, reference(model, given), expected)


def _taken() -> list[str]:
    """ONNX's own operators that are handed to TVM's importer or to a rewrite."""
    from onnx import defs, helper

    rewrites = importlib.import_module("microtvm.compiler.frontends.onnx.rewrites")
    prepare = importlib.import_module("microtvm.compiler.frontends.onnx.prepare")
    names = {s.name for s in defs.get_all_schemas() if s.domain == ""}
    nodes = [helper.make_node(name, [], []) for name in sorted(names - set(prepare._FUNCTIONS))]
    return [n.op_type for n in nodes if rewrites.importable(n) or rewrites.rewrite_for(n)]


def _schemas() -> dict[str, list[Any]]:
    """Operators' schemas from `OLDEST` on, those that are in force there too."""
    from onnx import defs

    history = collections.defaultdict(list)
    for schema in defs.get_all_schemas_with_history():
        if schema.domain == "" and not schema.deprecated:
            history[schema.name].append(schema)
    found = {}
    for name, schemas in history.items():
        first = max((s.since_version for s in schemas if s.since_version <= OLDEST), default=0)
        found[name] = [s for s in schemas if s.since_version >= first]
    return found


def _optional(formals: Any) -> list[tuple[int, str]]:
    return [(n, f.name) for n, f in enumerate(formals) if f.option.name == "Optional"]


# What no case of a comparison can show, and why.
_NOT_COMPARED = {
    "BatchNormalization.momentum": "of no effect in inference",
    "Cast.to": "the Cast of every type is in tests/compiler/test_defined.py too",
    "DFT.axis": "an attribute in opset 17 only, which ONNX's own tests have",
    "Constant": "folded by onnx itself before TVM sees it",
    "ConstantOfShape.value": "likewise",
    "Dropout.seed": "of no effect in inference",
    "GRU.layout": "ONNX Runtime has only 0; test_nodes.py has ONNX's own test",
    "LSTM.layout": "likewise",
    "RNN.layout": "likewise",
    "MaxPool.storage_order": "refused by its value",
    "MaxPool.Indices": "refused",
    "NonMaxSuppression": "the operator is refused",
    "SpaceToDepth.mode": "ONNX Runtime lacks it; test_nodes.py has ONNX's own test",
    "RoiAlign.mode": "refused by its value",
    "TopK.sorted": "without it any order is right, and ours is sorted",
}
# Written out by rewrites; a sequence is no tensor that a model of one operator could hand out.
_NOT_COMPARED |= dict.fromkeys(
    """ConcatFromSequence If Loop Optional OptionalHasElement Scan SequenceEmpty SequenceErase
    SequenceInsert SequenceMap SplitToSequence""".split(),  # noqa: SIM905
    "ONNX's own tests are run by node_tests.py",
)


def _compared() -> set[str]:
    """What cases have away from its default: ``operator.name``."""
    from onnx import defs

    found = set()
    for case in fewest():
        if case.domain:
            continue
        schema = defs.get_schema(case.operator, case.opset)
        found |= {f"{case.operator}.{name}" for name in case.away()}
        for index, name in _optional(schema.inputs):
            if len(case.inputs) > index and case.inputs[index] is not None:
                found.add(f"{case.operator}.{name}")
        for index, name in _optional(schema.outputs):
            if len(case.outputs) > index and case.outputs[index]:
                found.add(f"{case.operator}.{name}")
    return found


def test_every_name_of_onnxs_schemas_is_compared_or_refused(onnx: Any) -> None:
    """A newer onnx, or an operator that is newly taken, ends here until its names are known."""
    from microtvm.compiler.frontends.onnx.attributes import HEEDED, passed_over

    compared, schemas = _compared(), _schemas()
    wrong = []
    for operator in _taken():
        heeded = HEEDED.get(operator, frozenset())
        named = set()
        for schema in schemas[operator]:
            said = [*schema.attributes, *(n for _, n in _optional(schema.inputs))]
            said += [n for _, n in _optional(schema.outputs)]
            named |= set(said)
            for name in said:
                full = f"{operator}.{name}"
                if name in heeded:
                    if not {full, operator} & {*_NOT_COMPARED, *compared}:
                        wrong.append(f"{full} is said to be heeded, but no case shows it")
                elif f"{name} " not in (_refusal(onnx, schema, name, passed_over) or "") + " ":
                    wrong.append(f"{full} of version {schema.since_version} is not refused")
        if heeded - named:
            wrong.append(f"{operator} has no {', '.join(sorted(heeded - named))}")
    assert not wrong, "\n".join(wrong)


def _refusal(onnx: Any, schema: Any, name: str, passed_over: Any) -> str | None:
    """What is said of a node that has but this one name away from its default."""
    inputs = [n if n == name else "" for n in (f.name for f in schema.inputs)]
    outputs = [n if n == name else "" for n in (f.name for f in schema.outputs)]
    node = onnx.helper.make_node(schema.name, inputs, outputs)
    if name in schema.attributes:
        kind = schema.attributes[name].type.name
        plain = {"INT": 77, "FLOAT": 0.77, "STRING": "other", "INTS": [7], "FLOATS": [7.0]}
        value: Any = plain.get(kind)
        if kind == "TENSOR":
            value = onnx.numpy_helper.from_array(np.ones(1, np.float32))
        elif value is None:
            value = ["other"] if kind == "STRINGS" else onnx.SparseTensorProto()
        node.attribute.append(onnx.helper.make_attribute(name, value))
    return passed_over(node, schema.since_version)


def test_an_attribute_that_onnx_does_not_know(onnx: Any) -> None:
    """Of other domains, whose operators onnx does not check."""
    from microtvm.compiler.frontends.onnx.attributes import passed_over

    node = onnx.helper.make_node("QGemm", ["a"], ["y"], domain="com.microsoft", gamma=2.0)
    assert "its attribute gamma (2.0) is not known" in (passed_over(node, 21) or "")
    node = onnx.helper.make_node(
        "QLinearAveragePool", ["a"], ["y"], domain="com.microsoft", channels_last=1
    )
    assert "channels_last" in (passed_over(node, 21) or "")
    node.attribute[0].i = 0
    assert passed_over(node, 21) is None
    node = onnx.helper.make_node("Cast", ["a"], ["y"], to=1, saturate=1)
    assert passed_over(node, 21) is None  # at its default
