# SPDX-License-Identifier: Apache-2.0
"""Control flow, sequences, random numbers, spectra, texts: much of it is for no board."""

from __future__ import annotations

from typing import Any

from .model import SHAPE, Case, element, tried


def _subgraph(name: str, nodes: list[Any], inputs: list[Any], outputs: list[Any]) -> Any:
    from onnx import helper

    values = [
        [helper.make_tensor_value_info(n, element(dtype), shape) for n, dtype, shape in ends]
        for ends in (inputs, outputs)
    ]
    return helper.make_graph(nodes, name, *values)


@tried("If", parameter="V")
def if_(case: Case, dtype: str) -> Case:
    """One input or the other, as a condition that is not known says."""
    from onnx import helper

    condition, value, other = case.input("bool", ()), case.input(dtype), case.input(dtype)
    branches = [
        _subgraph(
            f"branch_{name}",
            [helper.make_node("Identity", [name], [f"result_{name}"])],
            [],
            [(f"result_{name}", dtype, SHAPE)],
        )
        for name in (value, other)
    ]
    return case.ends(case.node("If", condition, then_branch=branches[0], else_branch=branches[1]))


@tried("Loop", parameter="V")
def loop(case: Case, dtype: str) -> Case:
    """Three rounds, each of which turns a tensor."""
    from onnx import helper

    nodes = [
        helper.make_node("Identity", ["condition"], ["again"]),
        helper.make_node("Transpose", ["carried"], ["turned"], perm=[1, 0]),
    ]
    body = _subgraph(
        "body",
        nodes,
        [("step", "int64", ()), ("condition", "bool", ()), ("carried", dtype, (3, 3))],
        [("again", "bool", ()), ("turned", dtype, (3, 3))],
    )
    given = case.constant(3), case.constant(True, "bool"), case.input(dtype, (3, 3))
    return case.ends(case.says(case.node("Loop", *given, body=body), dtype, (3, 3)))


@tried("Scan", parameter="V")
def scan(case: Case, dtype: str) -> Case:
    """Rows are joined to what the last row was."""
    from onnx import helper

    nodes = [
        helper.make_node("Identity", ["row"], ["kept"]),
        helper.make_node("Concat", ["state", "row"], ["joined"], axis=0),
    ]
    body = _subgraph(
        "body",
        nodes,
        [("state", dtype, (2,)), ("row", dtype, (2,))],
        [("kept", dtype, (2,)), ("joined", dtype, (4,))],
    )
    given = case.input(dtype, (2,)), case.input(dtype, (3, 2))
    return case.ends(*case.node("Scan", *given, outputs=2, body=body, num_scan_inputs=1))


def _at(case: Case, sequence: str, index: int = 0) -> str:
    return str(case.node("SequenceAt", sequence, case.constant(index)))


@tried("SequenceAt", "SequenceConstruct", "SequenceErase", "SequenceInsert", parameter="T")
def sequence(name: str, case: Case, dtype: str) -> Case:
    made = case.node("SequenceConstruct", case.input(dtype), case.input(dtype))
    if name == "SequenceErase":
        made = case.node(name, made, case.constant(0))
    elif name == "SequenceInsert":
        made = case.node(name, made, case.input(dtype), case.constant(0))
    return case.ends(_at(case, made))


@tried("SequenceEmpty", parameter="S")
def sequence_empty(case: Case, dtype: str) -> Case:
    empty = case.node("SequenceEmpty", dtype=element(dtype))
    return case.ends(_at(case, case.node("SequenceInsert", empty, case.input(dtype))))


@tried("SequenceLength", parameter="S")
def sequence_length(case: Case, dtype: str) -> Case:
    made = case.node("SequenceConstruct", case.input(dtype), case.input(dtype))
    return case.ends(case.node("SequenceLength", made))


@tried("SequenceMap", parameter="S")
def sequence_map(case: Case, dtype: str) -> Case:
    from onnx import helper

    body = _subgraph(
        "body",
        [helper.make_node("Transpose", ["each"], ["turned"], perm=[1, 0])],
        [("each", dtype, (2, 3))],
        [("turned", dtype, (3, 2))],
    )
    made = case.node("SequenceConstruct", case.input(dtype, (2, 3)), case.input(dtype, (2, 3)))
    return case.ends(_at(case, case.node("SequenceMap", made, body=body)))


@tried("SplitToSequence", parameter="T")
def split_to_sequence(case: Case, dtype: str) -> Case:
    parts = case.node("SplitToSequence", case.input(dtype), case.constant([3, 3]), axis=2)
    return case.ends(_at(case, parts))


@tried("ConcatFromSequence", parameter="T")
def concat_from_sequence(case: Case, dtype: str) -> Case:
    made = case.node("SequenceConstruct", case.input(dtype), case.input(dtype))
    return case.ends(case.node("ConcatFromSequence", made, axis=1))


@tried("Optional", "OptionalGetElement", "OptionalHasElement", parameter="V")
def optional(name: str, case: Case, dtype: str) -> Case:
    made = case.node("Optional", case.input(dtype))
    last = "OptionalHasElement" if name == "OptionalHasElement" else "OptionalGetElement"
    return case.ends(case.node(last, made))


@tried("Bernoulli")
def bernoulli(case: Case, dtype: str) -> Case:
    return case.ends(case.node("Bernoulli", case.input(dtype, SHAPE, 0, 1), seed=1.0))


@tried("Multinomial")
def multinomial(case: Case, dtype: str) -> Case:
    return case.ends(case.node("Multinomial", case.input(dtype, (2, 4)), sample_size=3, seed=1.0))


@tried("RandomNormal", "RandomUniform", parameter="T")
def random(name: str, case: Case, dtype: str) -> Case:
    drawn = case.node(name, shape=list(SHAPE), dtype=element(dtype), seed=1.0)
    return case.ends(case.node("Add", case.input(dtype), drawn))


@tried("RandomNormalLike", "RandomUniformLike", parameter="T1")
def random_like(name: str, case: Case, dtype: str) -> Case:
    return case.ends(case.node(name, case.input(dtype), dtype=element("float32"), seed=1.0))


@tried("DFT")
def dft(case: Case, dtype: str) -> Case:
    value = case.input(dtype, (1, 8, 3, 1))
    if case.opset >= 20:
        return case.ends(case.node("DFT", value, "", case.constant(1)))
    return case.ends(case.node("DFT", value, axis=1))


@tried("STFT")
def stft(case: Case, dtype: str) -> Case:
    weights = case.weights((8,), dtype)
    value = case.input(dtype, (1, 32, 1))
    given = value, case.constant(4), weights, case.constant(8)
    return case.ends(case.node("STFT", *given, onesided=1))  # the default, but not to onnx's shapes


@tried(
    "StringConcat", "StringNormalizer", "StringSplit", "RegexFullMatch", parameter="tensor(string)"
)
def text(name: str, case: Case, dtype: str) -> Case:
    value = case.input(dtype, (3,))
    if name == "StringConcat":
        return case.ends(case.node(name, value, case.input(dtype, (3,))))
    if name == "StringSplit":
        return case.ends(*case.node(name, value, outputs=2))
    more = {"pattern": "a*"} if name == "RegexFullMatch" else {"case_change_action": "LOWER"}
    return case.ends(case.node(name, value, **more))


@tried("TfIdfVectorizer")
def tf_idf(case: Case, dtype: str) -> Case:
    if dtype == "string":
        grams: dict[str, Any] = {"pool_strings": ["a", "b", "a", "b"]}
    else:
        grams = {"pool_int64s": [2, 3, 5, 4]}
    more = {"max_gram_length": 2, "min_gram_length": 1, "max_skip_count": 0, "mode": "TF"}
    value = case.input(dtype, (6,), 0, 6)
    more |= {"ngram_counts": [0, 2], "ngram_indexes": [0, 1, 2]}
    return case.ends(case.node("TfIdfVectorizer", value, **more, **grams))


@tried("ImageDecoder")
def image_decoder(case: Case, dtype: str) -> Case:
    return case.ends(case.node("ImageDecoder", case.input(dtype, (64,))))
