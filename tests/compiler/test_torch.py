# SPDX-License-Identifier: Apache-2.0
"""PyTorch programs: what they take, give and keep, and that each answers as PyTorch does.

`compile` with ``check=True`` raises where the answers differ.
"""

from __future__ import annotations

import numpy as np
import pytest

from microtvm.compiler import CompileError, UnsupportedOperatorError, compile

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
nn, functional = torch.nn, torch.nn.functional


class Net(nn.Module):
    """A module whose forward is a function."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *arguments, **keywords):
        return self.function(self, *arguments, **keywords)


def of(function):
    return Net(lambda _, *arguments: function(*arguments))


def sample(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.fixture
def save(tmp_path):
    """Export a module and save it."""

    def run(module, *arguments, **options):
        path = tmp_path / "model.pt2"
        program = torch.export.export(module.eval(), arguments, **options)
        torch.export.save(program, path)
        return path

    return run


def compiled(path, **options):
    model = compile(path, check=True, **options)
    assert model.verification.outputs, model.verification.note
    return model


LAYERS = {
    "network": (
        nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(32, 10),
        ),
        [sample(1, 3, 8, 8)],
    ),
    # Each of these TVM's own importer, or PyTorch's exporter, gets wrong or lacks.
    "SELU": (nn.SELU(), [sample(3, 7) * 3]),
    "divisor": (nn.AvgPool2d(3, divisor_override=4), [sample(1, 2, 9, 9)]),
    "the larger, or no NaN": (of(lambda a, b: torch.fmax(a.sqrt(), b)), [sample(3)] * 2),
    "circular": (nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular"), [sample(1, 4, 9, 9)]),
    "alpha": (
        of(lambda a, b: torch.add(a, b, alpha=2) - torch.rsub(a, b, alpha=3)),
        [sample(3)] * 2,
    ),
    "ints divided": (of(lambda a: a / 4), [torch.tensor([-3, 2])]),
    "largest": (of(lambda a: torch.max(a, 1)), [sample(3, 5)]),
    "largest of all": (of(torch.amax), [sample(3, 5)]),
    "ints divided by others": (
        of(lambda a, b: a // b),
        [torch.tensor([7, 8]), torch.tensor([2, 3])],
    ),
    "the first of equal ones": (of(lambda a: torch.topk(a, 3)), [sample(4, 9)]),
    "place among all": (of(lambda a: torch.argmax(a, keepdim=True)), [sample(3, 5)]),
    "nothing to squeeze": (of(lambda a: a.squeeze(1)), [sample(2, 3, 1)]),
    "a constant": (of(lambda a: (a + 1, torch.ones(2))), [sample(3)]),
    "product": (of(lambda a: torch.prod(a, 1)), [sample(3, 5)]),
    "attention": (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), [sample(1, 5, 8)]),
    "LSTM": (nn.LSTM(4, 5, 2, bidirectional=True), [sample(6, 1, 4)]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_right(save, name):
    module, arguments = LAYERS[name]
    compiled(save(module, *arguments))


def _shapes(tensors):
    return {tensor.name: tensor.shape for tensor in tensors}


def test_names_of_what_is_nested(save):
    class Nested(nn.Module):
        def forward(self, scale, of):
            return {"z": of["b"] * scale, "a": [of["a"] - 1, 3, None]}

    model = compiled(save(Nested(), 2, {"b": sample(3), "a": sample(2)}))
    assert _shapes(model.inputs) == {"of_b": (3,), "of_a": (2,)}
    assert list(_shapes(model.outputs)) == ["z", "a.0"]


def test_a_buffer_that_changes_is_kept(save, build):
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("total", torch.tensor([1.0, 2.0]))

        def forward(self, x):
            self.total.add_(x)
            return self.total * 2

    run = build(compiled(save(Sum(), sample(2))))
    ones = np.ones(2, np.float32)
    np.testing.assert_array_equal([run(ones)[0], run(ones)[0]], [[4, 6], [6, 8]])


def test_an_open_batch(save):
    path = save(nn.Linear(4, 3), sample(2, 4), dynamic_shapes=({0: torch.export.Dim("b")},))
    model = compiled(path)
    assert model.inputs[0].shape == (1, 4)
    assert any("batch of 1" in note for note in model.notes)
    assert compiled(path, shapes={"input": (5, 4)}).outputs[0].shape == (5, 3)
    with pytest.raises(CompileError, match=r"input input is .* and the shape given is \(5, 7\)"):
        compile(path, shapes={"input": (5, 7)})


def test_an_open_dimension_has_to_be_given(save):
    path = save(nn.ReLU(), sample(2, 4), dynamic_shapes=({1: torch.export.Dim("n")},))
    with pytest.raises(CompileError, match=r"shape \(2, \?\) of input .* --shape "):
        compile(path)


def test_a_shape_that_is_fixed(save):
    with pytest.raises(
        CompileError, match=r"input is \(2, 4\) in the program, and the shape given"
    ):
        compile(save(nn.Linear(4, 3), sample(2, 4)), shapes={"input": (3, 4)})


def test_an_input_that_is_written_into(save):
    def double(x):
        x.mul_(2)
        return x + 1

    with pytest.raises(CompileError, match=r"writes into its input .*\(clone\)"):
        compile(save(of(double), sample(3)))


def test_a_program_for_training(tmp_path):
    path = tmp_path / "model.pt2"
    torch.export.save(torch.export.export(nn.BatchNorm1d(4), (sample(3, 4),)), path)
    with pytest.raises(CompileError, match=r"one for training: .* call eval\(\)"):
        compile(path)


def test_a_scalar(save):
    compiled(save(nn.ReLU(), torch.tensor(3.0)))


def test_bfloat16(save):
    with pytest.raises(CompileError, match=r"is of type bfloat16.*float32"):
        compile(save(nn.Linear(4, 3).bfloat16(), sample(2, 4).bfloat16()))


def test_an_output_whose_shape_its_values_give(save):
    with pytest.raises(CompileError, match="shape of output output is known only at run time"):
        compile(save(of(torch.nonzero), sample(3)))


def test_an_unsupported_operator(save):
    with pytest.raises(UnsupportedOperatorError, match=r"model\.pt2: operator \w+\.digamma: "):
        compile(save(of(torch.digamma), sample(3)))


def test_quantized(save, build):
    """In the form that PyTorch's quantization (pt2e) gives programs."""
    pytest.importorskip("torch.ao.quantization.fx._decomposed")
    quantized = torch.ops.quantized_decomposed
    weights = torch.randint(-127, 128, (8, 5), dtype=torch.int8)

    def rounded(x):
        limits = (0.02, 3, -128, 127, torch.int8)
        return quantized.dequantize_per_tensor(quantized.quantize_per_tensor(x, *limits), *limits)

    def dense(net, x):
        w = quantized.dequantize_per_tensor(net.weights, 0.01, 0, -127, 127, torch.int8)
        return rounded(functional.linear(rounded(x), w))

    net = Net(dense)
    net.register_buffer("weights", weights)
    model = compiled(save(net, sample(1, 5)))
    assert [layer.operator for layer in model.layers if layer.integers] == ["dense"]
