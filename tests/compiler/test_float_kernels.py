# SPDX-License-Identifier: Apache-2.0
"""Float kernels that compute a few outputs together and skip padding: the same bits as those that
compute one output at a time and multiply by zeros, and no test for padding for each product."""

from __future__ import annotations

import re

import numpy as np

import microtvm
from microtvm.compiler.passes import fuse_stages, skip_padding
from microtvm.compiler.verify.host_build import HostBuild

IMAGE, PLANES = (1, 9, 7, 6), (1, 6, 9, 7)


def _layers(rng: np.random.Generator):
    from tvm import relax

    nn = relax.op.nn

    def weights(*shape: int):
        return relax.const(rng.standard_normal(shape).astype(np.float32))

    def layers(image, planes):
        rows = relax.op.reshape(image, (63, 6))
        return [
            nn.relu(
                relax.op.add(
                    nn.conv2d(
                        image,
                        weights(3, 3, 6, 16),
                        padding=(1, 1),
                        data_layout="NHWC",
                        kernel_layout="HWIO",
                    ),
                    weights(16),
                )
            ),
            nn.conv2d(
                image,
                weights(3, 2, 6, 1),
                strides=(2, 1),
                padding=(1, 0, 1, 1),
                groups=6,
                data_layout="NHWC",
                kernel_layout="HWOI",
            ),
            nn.conv2d(planes, weights(10, 6, 3, 3), padding=(2, 2), dilation=(2, 2)),
            nn.max_pool2d(image, (3, 3), (2, 2), (1, 1), layout="NHWC"),
            nn.avg_pool2d(planes, (3, 2), (1, 2), (1, 0), count_include_pad=False),
            relax.op.matmul(rows, weights(6, 11)),
            relax.op.matmul(rows, weights(6, 1)),
            relax.op.mean(image, [1, 2]),
        ]

    return layers


def test_the_same_bits_as_one_output_at_a_time(relax_main, require, monkeypatch):
    require("gcc", "build kernels")
    rng = np.random.default_rng(1)
    module = relax_main({"image": (IMAGE, "float32"), "planes": (PLANES, "float32")}, _layers(rng))
    inputs = [rng.standard_normal((1, *shape)).astype(np.float32) for shape in (IMAGE, PLANES)]
    monkeypatch.setenv("CC", "gcc -fsanitize=undefined -fno-sanitize-recover=all")

    def answers() -> tuple[str, list[np.ndarray]]:
        compiled = microtvm.compile(module)
        with HostBuild(compiled) as build:
            return compiled.files["codegen/host/src/default_lib0.c"].decode(), build.answers(inputs)

    source, together = answers()
    monkeypatch.setattr(fuse_stages, "choose_tile", lambda _block: None)
    monkeypatch.setattr(skip_padding._Skipper, "statement", lambda _self, statement: statement)
    plain, single = answers()
    for ours, wanted in zip(together, single, strict=True):
        np.testing.assert_array_equal(ours.view(np.uint32), wanted.view(np.uint32))
    # (An index's bound in a product, as TVM writes padding.)
    asked = re.compile(r"\+ \(.* \? ")
    assert asked.search(plain) and not asked.search(source)
