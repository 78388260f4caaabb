# SPDX-License-Identifier: Apache-2.0
"""Operators and attributes that TVM's importer takes for something else."""

from __future__ import annotations

from ..graph import Node, Refusal
from .registry import rewrites


@rewrites("RoiAlign")
def roi_align(node: Node) -> bool | None:
    """Its maximum is of weighted corners in ONNX, of interpolated points in TVM."""
    if node.attribute("mode", "avg") != "avg":
        raise Refusal("its mode max is not known")
    return False


@rewrites("NonMaxSuppression")
def non_max_suppression(node: Node) -> bool | None:
    """The number of boxes that it selects is known only at run time."""
    raise Refusal("the number of boxes in its result is known only at run time")


@rewrites("NonZero", "Unique")
def counted_at_run_time(node: Node) -> bool | None:
    """Their results are as long as there are elements that fit."""
    raise Refusal("the shape of its result is known only at run time")


@rewrites(
    *("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike"),
    *("RandomUniform", "RandomUniformLike"),
)
def random_numbers(node: Node) -> bool | None:
    """No generator is specified, so that there is no right answer."""
    raise Refusal("it draws random numbers; let the application do so, and hand them in")


@rewrites("ImageDecoder", "RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit")
def for_no_board(node: Node) -> bool | None:
    """Files and texts."""
    raise Refusal("it works on files or texts; compute what comes of it in the application")
