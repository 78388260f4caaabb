# SPDX-License-Identifier: Apache-2.0
"""Operators and element types against TVM's own compiler (its llvm target, its virtual machine)."""

from __future__ import annotations

import numpy as np
import pytest

from microtvm.compiler import UnsupportedOperatorError, compile

F32 = "float32"


def _cases():
    from tvm import relax
    from tvm.relax import op

    def c(value, dtype=F32):
        return relax.const(value, dtype)

    vector = {"x": ((2, 40), F32)}
    pair = {"x": ((2, 40), F32), "y": ((2, 40), F32)}
    return {
        "conv2d": (
            {"x": ((1, 3, 8, 8), F32), "w": ((4, 3, 3, 3), F32)},
            lambda x, w: op.nn.relu(op.nn.conv2d(x, w, padding=1)),
        ),
        "conv2d_nhwc_grouped": (
            {"x": ((1, 8, 8, 4), F32), "w": ((3, 3, 4, 1), F32)},
            lambda x, w: op.nn.conv2d(
                x, w, padding=1, groups=4, data_layout="NHWC", kernel_layout="HWOI"
            ),
        ),
        "conv2d_transpose": (
            {"x": ((1, 3, 8, 8), F32), "w": ((3, 4, 3, 3), F32)},
            lambda x, w: op.nn.conv2d_transpose(x, w, strides=2),
        ),
        "pools": (
            {"x": ((1, 3, 7, 7), F32)},
            lambda x: [
                op.nn.max_pool2d(x, (2, 2), (2, 2)),
                op.nn.avg_pool2d(x, (3, 3), (2, 2), padding=(1, 1)),
            ],
        ),
        "activations": (
            vector,
            lambda x: [
                op.sigmoid(x),
                op.tanh(x),
                op.erf(x),
                op.nn.gelu(x),
                op.nn.silu(x),
                op.nn.leakyrelu(x, 0.1),
                op.nn.softplus(x),
            ],
        ),
        "rounding": (
            vector,
            lambda x: [
                op.round(op.multiply(x, c(2.0))),
                op.floor(x),
                op.ceil(x),
                op.trunc(x),
                op.sign(x),
            ],
        ),
        "functions": (
            pair,
            lambda x, y: [
                op.sqrt(op.abs(x)),
                op.rsqrt(op.abs(x)),
                op.log(op.abs(x)),
                op.exp(x),
                op.sin(x),
                op.atan(x),
                op.power(op.abs(x), y),
                op.floor_mod(x, y),
                op.mod(x, y),
            ],
        ),
        "int32": (
            {"x": ((2, 40), "int32"), "y": ((40,), "int32")},
            lambda x, y: [
                op.multiply(x, y),
                op.bitwise_xor(op.bitwise_and(x, y), op.bitwise_or(x, y)),
                op.bitwise_not(x),
                op.right_shift(x, c(3, "int32")),
                op.floor_divide(x, c(7, "int32")),
                op.floor_mod(x, c(-7, "int32")),
                op.floor_divide(c(1000, "int32"), op.add(op.abs(x), c(1, "int32"))),
            ],
        ),
        "int8_wraps": (
            {"x": ((2, 40), "int8"), "y": ((2, 40), "int8")},
            lambda x, y: [
                op.add(x, y),
                op.multiply(x, y),
                op.clip(x, -5, 5),
                op.astype(x, "uint8"),
                op.astype(x, "int64"),
            ],
        ),
        "uint8_wraps": (
            {"x": ((2, 40), "uint8"), "y": ((2, 40), "uint8")},
            lambda x, y: [op.subtract(x, y), op.clip(x, 0, 255), op.astype(x, F32)],
        ),
        "int64": (
            {"x": ((2, 40), "int64")},
            lambda x: [
                op.multiply(x, c(12345678901, "int64")),
                op.sum(x),
                op.argmax(op.astype(x, F32), axis=1),
            ],
        ),
        "bool": (
            {"x": ((2, 40), "bool"), "y": ((2, 40), "bool")},
            lambda x, y: [
                op.logical_and(x, y),
                op.logical_not(x),
                op.logical_xor(x, y),
                op.where(x, c(1.5), c(-2.5)),
                op.astype(x, "int32"),
            ],
        ),
        "comparisons": (
            pair,
            lambda x, y: [op.less(x, y), op.equal(x, x), op.isnan(x), op.isinf(x)],
        ),
        "float64": (
            {"x": ((2, 40), "float64")},
            lambda x: [op.exp(x), op.multiply(x, c(0.1, "float64")), op.round(x)],
        ),
        "reductions": (
            {"x": ((2, 5, 40), F32)},
            lambda x: [
                op.mean(x, axis=1),
                op.max(x),
                op.variance(x, axis=-1),
                op.cumsum(x, axis=1),
            ],
        ),
        "normalizations": (
            {"x": ((2, 5, 40), F32), "g": ((40,), F32), "b": ((40,), F32)},
            lambda x, g, b: [
                op.nn.layer_norm(x, g, b, axes=[-1]),
                op.nn.rms_norm(x, g, axes=[-1]),
                op.nn.softmax(x, axis=1),
                op.nn.log_softmax(x),
            ],
        ),
        "batch_norm": (
            {"x": ((1, 3, 4, 4), F32), "p": ((3,), F32)},
            lambda x, p: op.nn.batch_norm(x, p, p, p, op.abs(p), axis=1, training=False)[0],
        ),
        "moving_data": (
            {"x": ((2, 6, 4), F32)},
            lambda x: [
                op.permute_dims(x, [2, 0, 1]),
                op.concat([x, x], axis=1),
                op.flip(x, 1),
                op.strided_slice(x, axes=[1], begin=[1], end=[5], strides=[2]),
                op.split(x, 3, axis=1)[2],
                op.nn.pad(x, [0, 0, 1, 1, 2, 2]),
            ],
        ),
        "indexing": (
            {"x": ((6, 4), F32), "i": ((2, 4), "int64")},
            lambda x, i: [
                op.take(x, op.abs(op.mod(i, c(6, "int64"))), axis=0),
                op.scatter_elements(
                    x, op.abs(op.mod(i, c(6, "int64"))), op.take(x, c([0, 1], "int64"), axis=0)
                ),
            ],
        ),
        "matmul": (
            {"x": ((3, 4, 8), F32), "y": ((3, 8, 5), F32)},
            op.matmul,
        ),
        "attention": (
            dict.fromkeys("qkv", ((1, 6, 2, 8), F32)),
            op.nn.attention,
        ),
        "scalar": ({"x": ((), F32)}, lambda x: op.add(x, c(1))),
    }


NAMES = [
    "conv2d", "conv2d_nhwc_grouped", "conv2d_transpose", "pools", "activations", "rounding",
    "functions", "int32", "int8_wraps", "uint8_wraps", "int64", "bool", "comparisons", "float64",
    "reductions", "normalizations", "batch_norm", "moving_data", "indexing", "matmul",
    "attention", "scalar",
]  # fmt: skip


def _sample(rng, shape, dtype):
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.startswith("float"):
        return rng.normal(size=shape).astype(dtype)
    return rng.integers(0 if dtype.startswith("u") else -128, 127, shape).astype(dtype)


@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_tvm(build, relax_main, name):
    import tvm
    from tvm import relax

    inputs, body = _cases()[name]
    module = relax_main(inputs, body)
    rng = np.random.default_rng(7)
    samples = [np.asarray(_sample(rng, shape, dtype), dtype) for shape, dtype in inputs.values()]
    machine = relax.VirtualMachine(tvm.compile(module, target="llvm"), tvm.cpu())
    expected = machine["main"](*map(tvm.runtime.tensor, samples))
    expected = [expected] if hasattr(expected, "numpy") else list(expected)
    for got, want in zip(build(compile(module))(*samples), expected, strict=True):
        if got.dtype.kind == "f":
            np.testing.assert_allclose(got, want.numpy(), rtol=2e-5, atol=1e-5)
        else:
            np.testing.assert_array_equal(got, want.numpy())
        assert got.dtype == want.numpy().dtype


def test_every_case_is_run(require_module):
    require_module("tvm", "compile a model")
    assert sorted(NAMES) == sorted(_cases())


def test_an_operator_of_tvms_runtime_is_refused_by_name(relax_main):
    from tvm.relax import op

    module = relax_main({"x": ((2, 10), F32)}, op.sort)
    with pytest.raises(UnsupportedOperatorError, match=r"operator sort.*tvm\.contrib\.sort"):
        compile(module)


def test_an_operator_without_a_kernel_is_refused_by_name(relax_main):
    from tvm.relax import op

    module = relax_main({"x": ((10,), F32)}, op.nonzero)
    with pytest.raises(UnsupportedOperatorError, match="the Relax module: operator .*nonzero") as e:
        compile(module)
    assert e.value.operators


def test_batch_norm_in_training_mode_is_refused(relax_main):
    from tvm.relax import op

    module = relax_main(
        {"x": ((1, 3, 4, 4), F32), "p": ((3,), F32)},
        lambda x, p: op.nn.batch_norm(x, p, p, p, p, axis=1, training=True)[0],
    )
    with pytest.raises(UnsupportedOperatorError, match="training mode"):
        compile(module)


def test_extremes_of_infinities(relax_main, build):
    """The largest of nothing but -inf is -inf, not the smallest finite number."""
    from tvm import relax

    x = np.full((1, 1, 4, 4), -np.inf, F32)
    x[..., 3, 3] = 2
    compiled = compile(
        relax_main(
            {"x": (x.shape, F32)},
            lambda x: [
                relax.op.max(x, axis=[3]),
                relax.op.min(relax.op.negative(x), axis=[3]),
                relax.op.nn.max_pool2d(x, pool_size=(2, 2), strides=(1, 1), padding=(1, 1, 1, 1)),
            ],
        )
    )
    largest, smallest, pooled = build(compiled)(x)
    np.testing.assert_array_equal(largest, x.max(axis=3))
    np.testing.assert_array_equal(smallest, (-x).min(axis=3))
    wanted = np.full((1, 1, 5, 5), -np.inf, F32)
    wanted[..., 3:, 3:] = 2
    np.testing.assert_array_equal(pooled, wanted)
