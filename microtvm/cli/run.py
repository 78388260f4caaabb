# SPDX-License-Identifier: Apache-2.0
"""``microtvm run``: inputs to the device, answers back."""

from __future__ import annotations

import argparse
import pathlib
from typing import TYPE_CHECKING, Any

from ..errors import MicroTVMError
from .arguments import (
    UsageError,
    add_project,
    add_project_options,
    check_output,
    check_use,
    project_options,
)
from .device_clock import DeviceClock, device_line, read_clock
from .facts import project_facts
from .report import Report

if TYPE_CHECKING:
    from ..archive import ModelFacts
    from ..inference import Answers
    from ..project import GeneratedProject
    from ..quantization import FloatIO
    from ..samples import Array, Samples

HELP = "run a project's model on the device"
EXAMPLES = """
microtvm run my_project --inputs in.npz --outputs out.npz
microtvm run my_project --inputs in.npz --repeat 100 --json
microtvm run my_project --inputs pictures.npz --float-io

in.npz holds one array for each input of the model, by its name; the array of a model with one
input may be called "input". Each is shaped like its input, or has a leading sample axis. out.npz
is alike; the array of a model with one output is called "output". Make one with Python:
  numpy.savez("in.npz", input=samples)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    add_project(parser)
    parser.add_argument(
        "--inputs", type=pathlib.Path, required=True, metavar="FILE", help="samples, an .npz file"
    )
    parser.add_argument(
        "--outputs", type=pathlib.Path, metavar="FILE", help="where to write the answers, as .npz"
    )
    parser.add_argument(
        "--repeat",
        type=int,
        default=1,
        metavar="N",
        help="after the answers, time N more runs by the device's clock; default: 1",
    )
    parser.add_argument(
        "--float-io",
        action="store_true",
        help="the samples are real numbers: quantize them, and dequantize the answers, where the "
        "model's inputs and outputs are quantized",
    )
    add_project_options(parser)


def run(args: argparse.Namespace, report: Report) -> None:
    """Run the samples; print the answers where no file is given for them."""
    if args.repeat < 1:
        raise UsageError(f"--repeat wants a number from 1 on and was given {args.repeat}")
    check_output(args.outputs)
    from ..project import GeneratedProject

    options = project_options(args)
    with GeneratedProject.from_directory(args.project, options, report.server_output) as project:
        check_use(args, project, "open_transport")
        _require_rpc(args.project)
        archive = project_archive(args.project, project)
        samples, answers = _answer(project, archive, args, report)
    from ..samples import output_names, save

    names = output_names(list(answers.outputs))
    arrays = {
        name: array if samples.stacked else array[0]
        for name, array in zip(names, answers.outputs.values(), strict=True)
    }
    if args.outputs:
        save(args.outputs, arrays)
    clock = read_clock(args.project)
    facts = _facts(args, samples, answers, arrays, clock)
    report.result(facts, _lines(args, samples, answers, arrays, facts, clock))


def _require_rpc(directory: pathlib.Path) -> None:
    """Refuse a project whose firmware answers somebody else."""
    if project_facts(directory).get("project_type") == "mlperftiny":
        raise MicroTVMError(
            f"{directory} is a project of type mlperftiny, which answers the runner of MLPerf"
            " Tiny and not microtvm run",
            hint="generate it with project_type=host_driven to run it from here",
        )


def project_archive(directory: pathlib.Path, project: GeneratedProject) -> pathlib.Path | None:
    """Give the archive that a project was made from; None when it keeps none."""
    path = project.info().get("model_library_format_path")
    return directory / path if path else None


def _answer(
    project: GeneratedProject,
    archive: pathlib.Path | None,
    args: argparse.Namespace,
    report: Report,
) -> tuple[Samples, Answers]:
    from ..archive import read_model_facts
    from ..inference import infer, input_tensors, open_executor
    from ..samples import load_inputs
    from ..session import Session

    model = read_model_facts(archive) if archive else None

    def show_log(text: str) -> None:
        if report.verbose:
            report.line(f"device: {text}")

    with Session(project.transport(), on_log=show_log) as session:
        executor = open_executor(session, model, archive)
        tensors = input_tensors(executor, model)
        real = _float_io(model) if args.float_io else None
        samples = load_inputs(args.inputs, [real.wanted(t) for t in tensors] if real else tensors)
        if real:
            samples = real.quantize(samples, {tensor.name: tensor for tensor in tensors})
        with report.bar("run", samples.total) as advance:
            answers = infer(session, executor, model, samples, args.repeat, advance)
    if real:
        answers = answers._replace(outputs=real.dequantize(answers.outputs))
    return samples, answers


def _float_io(model: ModelFacts | None) -> FloatIO:
    from ..quantization import FloatIO

    inputs = {tensor.name: tensor for tensor in model.inputs} if model else {}
    outputs = {tensor.name: tensor for tensor in model.outputs} if model else {}
    if all(tensor.scale is None for tensor in (*inputs.values(), *outputs.values())):
        raise UsageError(
            "--float-io is for quantized models; this project's archive tells no scale of any "
            "input or output (archives of TVM do not)"
        )
    return FloatIO(inputs, outputs)


def _facts(
    args: argparse.Namespace,
    samples: Samples,
    answers: Answers,
    arrays: dict[str, Array],
    clock: DeviceClock,
) -> dict[str, Any]:
    outputs: dict[str, Any] = {}
    for name, array in arrays.items():
        outputs[name] = {"shape": list(array.shape), "dtype": str(array.dtype)}
        if not args.outputs:
            outputs[name]["values"] = array.tolist()
    return {
        "project": str(args.project),
        "samples": samples.total,
        "outputs": outputs,
        "outputs_file": str(args.outputs) if args.outputs else None,
        "roundtrip_ms": answers.roundtrip_sec * 1000,
        **clock.facts(answers.device_time),
        "repeat": args.repeat,
        "memory": answers.memory._asdict() if answers.memory else None,
    }


def _lines(
    args: argparse.Namespace,
    samples: Samples,
    answers: Answers,
    arrays: dict[str, Array],
    facts: dict[str, Any],
    clock: DeviceClock,
) -> list[str]:
    lines = [f"samples     {samples.total}"]
    if args.outputs:
        shown = ", ".join(f"{name} {a.dtype} {a.shape}" for name, a in arrays.items())
        lines.append(f"outputs     {args.outputs}: {shown}")
    else:
        lines += [f"{name} = {array}" for name, array in arrays.items()]
    lines.append(f"round trip  {answers.roundtrip_sec * 1000:.3f} ms per inference")
    if answers.device_time:
        lines.append(device_line(facts, clock))
    if answers.memory:
        memory = answers.memory
        lines.append(f"tensors     {memory.high_water:,} of {memory.pool_size:,} bytes at most")
    return lines
