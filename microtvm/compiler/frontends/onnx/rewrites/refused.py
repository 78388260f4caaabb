# SPDX-License-Identifier: Apache-2.0
"""Operators that can be had in no way, or that TVM's importer takes for something else."""

from __future__ import annotations

from ..graph import Node, Refusal
from .registry import rewrites

_COUNTED_AT_RUN_TIME = ("NonZero", "Unique")
_RANDOM = (
    *("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike"),
    *("RandomUniform", "RandomUniformLike"),
)
_FILES_AND_TEXTS = (
    *("ImageDecoder", "RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit"),
)
REFUSED_WHOLLY = frozenset(
    ("NonMaxSuppression", *_COUNTED_AT_RUN_TIME, *_RANDOM, *_FILES_AND_TEXTS)
)
"""Whatever their attributes and inputs are."""


@rewrites("NonMaxSuppression")
def non_max_suppression(node: Node) -> bool | None:
    """The number of boxes that it selects is known only at run time."""
    raise Refusal(
        "the number of boxes in its result is known only at run time; end the model before it, and "
        "let the application select boxes from their scores"
    )


@rewrites(*_COUNTED_AT_RUN_TIME)
def counted_at_run_time(node: Node) -> bool | None:
    """Their results are as long as there are elements that fit."""
    raise Refusal("the shape of its result is known only at run time")


@rewrites(*_RANDOM)
def random_numbers(node: Node) -> bool | None:
    """No generator is specified, so that there is no right answer."""
    raise Refusal("it draws random numbers; let the application do so, and hand them in")


@rewrites(*_FILES_AND_TEXTS)
def for_no_board(node: Node) -> bool | None:
    """Files and texts."""
    raise Refusal("it works on files or texts; compute what comes of it in the application")


@rewrites("Shrink")
def shrink(node: Node) -> bool | None:
    """TVM's importer rounds lambd and bias to the type of its input."""
    if not node.dtype(0).startswith("float"):
        raise Refusal(f"of {node.dtype(0)} it is not known; cast to float before it")
    return False
