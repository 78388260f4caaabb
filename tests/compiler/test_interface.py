# SPDX-License-Identifier: Apache-2.0
"""Inputs and outputs of compiled models: how many, in what form, and their C interface."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from microtvm.compiler import CompileError, compile

F32 = "float32"


def _two_layers(relax_main):
    from tvm.relax import op

    def body(x, w1, b1, w2, b2):
        hidden = op.nn.relu(op.add(op.matmul(x, w1), b1))
        return op.nn.softmax(op.add(op.matmul(hidden, w2), b2))

    return relax_main(
        {
            "x": ((1, 64), F32),
            "w1": ((64, 32), F32),
            "b1": ((32,), F32),
            "w2": ((32, 10), F32),
            "b2": ((10,), F32),
        },
        body,
    )


def _weights():
    rng = np.random.default_rng(3)
    shapes = {"w1": (64, 32), "b1": (32,), "w2": (32, 10), "b2": (10,)}
    return {name: rng.normal(size=shape).astype(F32) for name, shape in shapes.items()}


def test_a_relax_module_with_params(build, relax_main):
    weights = _weights()
    compiled = compile(_two_layers(relax_main), params=weights)
    assert [t.name for t in compiled.inputs] == ["x"]
    assert [t.name for t in compiled.outputs] == ["output"]
    assert compiled.constant_bytes == sum(w.nbytes for w in weights.values())
    x = np.random.default_rng(4).normal(size=(1, 64)).astype(F32)
    logits = np.maximum(x @ weights["w1"] + weights["b1"], 0) @ weights["w2"] + weights["b2"]
    expected = np.exp(logits - logits.max())
    expected /= expected.sum()
    np.testing.assert_allclose(build(compiled)(x)[0], expected, rtol=1e-5, atol=1e-6)


def test_weights_left_as_parameters_are_inputs(relax_main):
    compiled = compile(_two_layers(relax_main))
    assert [t.name for t in compiled.inputs] == ["x", "w1", "b1", "w2", "b2"]
    assert compiled.constant_bytes == 0


def test_params_may_be_tvm_tensors(relax_main):
    import tvm

    tensors = {name: tvm.runtime.tensor(array) for name, array in _weights().items()}
    from_tensors = compile(_two_layers(relax_main), params=tensors)
    from_arrays = compile(_two_layers(relax_main), params=_weights())
    assert from_tensors.files == from_arrays.files


def test_unknown_params_are_named(relax_main):
    with pytest.raises(CompileError, match="params names w3, but main's parameters are x, w1"):
        compile(_two_layers(relax_main), params={"w3": np.zeros(1, F32)})


def test_several_inputs_and_outputs_keep_their_order(build, relax_main):
    from tvm.relax import op

    module = relax_main(
        {"b": ((2, 3), F32), "a": ((2, 3), F32)}, lambda b, a: [op.subtract(b, a), op.exp(a)]
    )
    compiled = compile(module)
    assert [t.name for t in compiled.inputs] == ["b", "a"]
    assert [t.name for t in compiled.outputs] == ["output0", "output1"]
    b, a = np.full((2, 3), 5, F32), np.ones((2, 3), F32)
    difference, power = build(compiled)(b, a)
    assert (difference == 4).all()
    np.testing.assert_allclose(power, np.exp(a), rtol=1e-6)


def test_inputs_constants_and_one_tensor_twice_as_outputs(build, relax_main):
    from tvm import relax
    from tvm.relax import op

    constant = np.arange(4, dtype=F32)

    def body(x):
        doubled = relax.op.add(x, x)
        return [x, doubled, doubled, relax.const(constant), op.reshape(doubled, (3, 2)), x]

    x = np.random.default_rng(0).normal(size=(2, 3)).astype(F32)
    same, twice, again, fixed, reshaped, once_more = build(
        compile(relax_main({"x": ((2, 3), F32)}, body))
    )(x)
    assert (same == x).all()
    assert (once_more == x).all()
    assert (twice == 2 * x).all()
    assert (again == 2 * x).all()
    assert (fixed == constant).all()
    assert (reshaped == (2 * x).reshape(3, 2)).all()


def test_an_output_that_is_read_again(build, relax_main):
    from tvm.relax import op

    def body(x):
        first = op.nn.softmax(x)  # not fused into what follows
        return [first, op.nn.softmax(first)]

    x = np.random.default_rng(0).normal(size=(2, 8)).astype(F32)
    first, second = build(compile(relax_main({"x": ((2, 8), F32)}, body)))(x)

    def softmax(v):
        e = np.exp(v - v.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    np.testing.assert_allclose(first, softmax(x), rtol=1e-5)
    np.testing.assert_allclose(second, softmax(first), rtol=1e-5)


def test_reshapes_between_kernels_cost_nothing(relax_main):
    from tvm.relax import op

    def body(x):
        flat = op.reshape(op.nn.softmax(x), (64,))
        return op.nn.softmax(op.reshape(flat, (8, 8)))

    compiled = compile(relax_main({"x": ((4, 16), F32)}, body))
    assert len(compiled.kernels) == 2


def test_answers_do_not_depend_on_what_ran_before(build, relax_main):
    model = build(compile(_two_layers(relax_main), params=_weights()))
    rng = np.random.default_rng(5)
    a, b = (rng.normal(size=(1, 64)).astype(F32) for _ in range(2))
    first = model(a)[0]
    model(b)
    assert (model(a)[0] == first).all()


def test_names_that_are_no_c_reach_the_user_unchanged(build, relax_main, require, tmp_path):
    """Quotes, newlines, ends of comments: the C stays valid, the descriptor keeps the name."""
    from dataclasses import replace

    from tvm.relax import op

    from microtvm.compiler import pipeline
    from microtvm.compiler.frontends import relax as frontend

    names = ['in"put\\\n*/ ??/', "int", "größe"]
    imported = frontend.read(
        relax_main(
            dict.fromkeys("abc", ((2,), F32)), lambda a, b, c: [op.add(a, b), op.multiply(b, c)]
        ),
        None,
    )
    imported = replace(imported, input_names=names, output_names=["out/1", "out:1"])
    compiled = pipeline.compile_imported(imported, "default")
    model = build(compiled)
    assert [t.name for t in compiled.inputs] == names
    assert (model(*[np.full(2, v, F32) for v in (1, 2, 3)])[1] == 6).all()

    main = tmp_path / "main.c"
    main.write_text(
        """
#include <device_kit/model.h>
#include <stdio.h>
int main(void) {
    for (int i = 0; i < dk_system_model.num_inputs; ++i) {
        fwrite(dk_system_model.inputs[i].name, 1, __builtin_strlen(dk_system_model.inputs[i].name),
               stdout);
        putchar(0);
    }
    return 0;
}
""",
        encoding="ascii",
    )
    done = _run_with_descriptor(model, main, require, tmp_path)
    assert done.split(b"\0")[:-1] == [name.encode() for name in names]


def test_tensors_and_functions_may_be_called_like_what_the_c_uses(build, relax_main):
    import tvm
    from tvm.relax import op

    module = relax_main(
        {"expf": ((3,), F32), "NAN": ((3,), F32), "max_float32": ((3,), F32), "arena": ((3,), F32)},
        lambda a, b, c, d: op.add(op.maximum(op.exp(a), b), op.minimum(c, d)),
    )
    values = [np.full(3, v, F32) for v in (0, -1, 5, 7)]
    assert (build(compile(module))(*values)[0] == 6).all()

    from tvm.script import ir as I
    from tvm.script import relax as R
    from tvm.script import tirx as T

    @I.ir_module
    class Own:
        @T.prim_func(private=True, s_tir=True)
        def run(a: T.Buffer((3,), "float32"), b: T.Buffer((3,), "float32")):
            for i in range(3):
                with T.sblock("b"):
                    v = T.axis.spatial(3, i)
                    b[v] = a[v] + T.float32(1)

        @R.function
        def main(x: R.Tensor((3,), "float32")) -> R.Tensor((3,), "float32"):
            return R.call_tir(Own.run, (x,), out_ty=R.Tensor((3,), "float32"))

    assert isinstance(Own, tvm.IRModule)
    compiled = compile(Own)
    assert [k.name for k in compiled.kernels] == ["tvmgen_default_run_1"]
    assert (build(compiled)(values[0])[0] == 1).all()


def _run_with_descriptor(model, main, require, tmp_path):
    import pathlib

    device_kit = pathlib.Path(__file__).resolve().parents[2] / "device_kit" / "include"
    program = tmp_path / "program"
    subprocess.run(
        [require("gcc", "build a compiled model"), "-std=c11", "-Wall", "-Wextra", "-Werror"]
        + ["-Wconversion", "-Wshadow", f"-I{model.host / 'include'}", f"-I{device_kit}"]
        + [str(model.source), str(model.source).replace("_lib0.c", "_lib1.c"), str(main)]
        + ["-o", str(program), "-lm"],
        check=True,
    )
    return subprocess.run([program], check=True, capture_output=True, timeout=30).stdout


def test_descriptor_runs_the_model_and_knows_its_facts(build, relax_main, require, tmp_path):
    from tvm.relax import op

    compiled = compile(
        relax_main(
            {"x": ((2, 3), "int8"), "m": ((), "bool")},
            lambda x, m: op.where(m, x, op.add(x, x)),
        )
    )
    main = tmp_path / "main.c"
    main.write_text(
        """
#include <device_kit/model.h>
#include <stdio.h>
static void print(const dk_tensor_info *t) {
    printf("%s %d/%d/%d %u", t->name, t->dtype.code, t->dtype.bits, t->dtype.lanes,
           (unsigned)t->nbytes);
    for (int i = 0; i < t->ndim; ++i) printf(" %d", (int)t->shape[i]);
    printf("\\n");
}
int main(void) {
    static _Alignas(16) int8_t x[6] = {1, 2, 3, -4, 64, 0};
    static _Alignas(16) uint8_t flag = 0;
    static _Alignas(16) int8_t y[6];
    void *in[] = {x, &flag};
    void *out[] = {y};
    const dk_model *model = &dk_system_model;
    for (int i = 0; i < model->num_inputs; ++i) print(&model->inputs[i]);
    for (int i = 0; i < model->num_outputs; ++i) print(&model->outputs[i]);
    if (model->run(in, out) != 0) return 1;
    for (int i = 0; i < 6; ++i) printf("%d ", y[i]);
    printf("\\n%s %u %u\\n", model->name, (unsigned)model->workspace_bytes,
           (unsigned)model->constant_bytes);
    return 0;
}
""",
        encoding="ascii",
    )
    lines = _run_with_descriptor(build(compiled), main, require, tmp_path).decode().splitlines()
    assert lines == [
        "x 0/8/1 6 2 3",
        "m 6/8/1 1",
        "output 0/8/1 6 2 3",
        "2 4 6 -8 -128 0 ",  # int8 wraps
        f"default {compiled.workspace_bytes} {compiled.constant_bytes}",
    ]


def test_header_serves_code_written_for_interface_api_c(build, relax_main, require, tmp_path):
    """The calls that TVM's documentation shows for ``interface-api=c``, also from C++."""
    compiled = compile(_two_layers(relax_main), params=_weights(), name="digits")
    model = build(compiled)
    main = tmp_path / "main.cc"
    main.write_text(
        """
#include "tvmgen_digits.h"
#include <cstdio>
int main() {
    alignas(16) static float input[TVMGEN_DIGITS_X_SIZE / sizeof(float)];
    alignas(16) static float output[TVMGEN_DIGITS_OUTPUT_SIZE / sizeof(float)];
    struct tvmgen_digits_inputs inputs = {input};
    struct tvmgen_digits_outputs outputs = {output};
    int32_t status = tvmgen_digits_run(&inputs, &outputs);
    float sum = 0;
    for (float p : output) sum += p;
    std::printf("%d %d %.3f", (int)status, TVMGEN_DIGITS_WORKSPACE_SIZE, sum);
}
""",
        encoding="ascii",
    )
    gxx = require("g++", "include a model's header in C++")
    gcc = require("gcc", "build a compiled model")
    flags = ["-Wall", "-Wextra", "-Werror", f"-I{model.host / 'include'}"]
    subprocess.run(
        [gcc, "-std=c11", *flags, "-c", str(model.source), "-o", str(tmp_path / "model.o")],
        check=True,
    )
    subprocess.run(
        [gxx, *flags, str(main), str(tmp_path / "model.o"), "-o", str(tmp_path / "p"), "-lm"],
        check=True,
    )
    done = subprocess.run([tmp_path / "p"], check=True, capture_output=True, text=True)
    assert done.stdout == f"0 {compiled.workspace_bytes} 1.000"


@pytest.mark.parametrize("name", ["", "Default", "my-model", "3d", "a b", "mödel", "a\n"])
def test_a_model_name_that_begins_no_c_name_is_refused(relax_main, name):
    with pytest.raises(CompileError, match="lower-case letters, digits and underscores"):
        compile(_two_layers(relax_main), name=name)


def test_open_shapes_are_refused(relax_main):
    from tvm import tirx

    module = relax_main({"x": ((tirx.Var("n", "int64"), 4), F32)}, lambda x: x)
    with pytest.raises(CompileError, match="input x has the open dimension n.*fixed shapes"):
        compile(module)


def test_a_module_without_main_is_refused():
    import tvm

    with pytest.raises(CompileError, match="has no function main"):
        compile(tvm.IRModule())


def test_something_that_is_no_model_is_refused():
    with pytest.raises(CompileError, match=r"path of a file or a tvm.IRModule, not int"):
        compile(3)


def test_a_model_without_inputs_is_refused(relax_main):
    from tvm import relax

    with pytest.raises(CompileError, match="has no inputs"):
        compile(relax_main({}, lambda: relax.const(np.zeros(3, F32))))
