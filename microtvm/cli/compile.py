# SPDX-License-Identifier: Apache-2.0
"""``microtvm compile``: from a trained model to an archive."""

from __future__ import annotations

import argparse
import pathlib
import shlex

from .arguments import UsageError, check_output
from .report import Report

HELP = "compile a trained model into a Model Library Format archive"
EXAMPLES = """
microtvm compile model.tflite -o model.tar
microtvm compile model.onnx -o model.tar --shape x=1,3,32,32
microtvm compile model.tflite -o model.tar --check-inputs samples.npz
microtvm compile model.tflite -o model.tar --kernels cmsis-nn
microtvm compile model.pt2 -o model.tar --name keyword_spotting
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "model", metavar="MODEL", help=".tflite, .onnx, or .pt2 (from torch.export.save) file"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=pathlib.Path,
        required=True,
        metavar="FILE",
        help="the archive to write, for example model.tar",
    )
    parser.add_argument(
        "--name",
        default="default",
        help="begins every C name: lower-case letters, digits, underscores; default: default",
    )
    parser.add_argument(
        "--shape",
        action="append",
        default=[],
        metavar="INPUT=N,N,...",
        help="the shape of an input that an ONNX file leaves open; may be repeated",
    )
    parser.add_argument(
        "--rounding",
        choices=["single", "double"],
        default="single",
        help="how a quantized .tflite model's integers are rounded: once, LiteRT's default, or "
        "twice, as its reference kernels and TensorFlow Lite Micro do",
    )
    parser.add_argument(
        "--kernels",
        choices=["own", "cmsis-nn"],
        default="own",
        help="what runs a quantized model's layers: microtvm's kernels, or Arm's CMSIS-NN (release "
        "7) where it gives the same integers; a template then wants its sources as cmsis_path",
    )
    parser.add_argument(
        "--cmsis-path",
        type=pathlib.Path,
        metavar="DIR",
        help="CMSIS-NN's sources, to check the answers of --kernels cmsis-nn on this machine; "
        "default: what CMSIS_PATH names, or else microtvm's own kernels are checked",
    )
    check = parser.add_mutually_exclusive_group()
    check.add_argument(
        "--check-inputs",
        type=pathlib.Path,
        metavar="FILE",
        help="samples to check the answers on, an .npz file; seeded random numbers without",
    )
    check.add_argument(
        "--no-check",
        action="store_true",
        help="write the archive without comparing its answers with the model's own runtime",
    )


def run(args: argparse.Namespace, report: Report) -> None:
    """Compile and export."""
    shapes = dict(map(_shape, args.shape))
    if args.cmsis_path is not None and args.kernels != "cmsis-nn":
        raise UsageError("--cmsis-path goes with --kernels cmsis-nn")
    check_output(args.output)
    with report.step("compile") as notes:
        from ..compiler.child import compile_in_child

        compiled = compile_in_child(
            "microtvm.compiler:compile",
            args.model,
            name=args.name,
            shapes=shapes,
            rounding=args.rounding,
            kernels=args.kernels,
            cmsis_path=args.cmsis_path,
            check=not args.no_check,
            check_inputs=args.check_inputs,
        )
        from ..compiler import export_model_library_format

        export_model_library_format(compiled, args.output)
        notes += [f"{step} {seconds:.2f}" for step, seconds in compiled.seconds.items()]
    from ..archive import read_model_facts
    from .facts import layer_lines, model_lines

    facts = read_model_facts(args.output)
    check = compiled.verification
    report.result(
        {
            "archive": str(args.output),
            "model": facts.to_json(),
            "notes": list(compiled.notes),
            "check": check.to_json() if check else None,
            "seconds": compiled.seconds,
        },
        [
            *model_lines(facts),
            *(f"assumed     {note}" for note in compiled.notes),
            *layer_lines(facts),
            *(check.lines() if check else []),
            f"next: microtvm create PROJECT_DIR {shlex.quote(str(args.output))} --template host",
        ],
    )


def _shape(text: str) -> tuple[str, tuple[int, ...]]:
    name, equals, numbers = text.rpartition("=")
    try:
        if equals and name:
            return name, tuple(int(number) for number in numbers.split(","))
    except ValueError:
        pass
    raise UsageError(f"--shape wants INPUT=N,N,... and was given {text!r}")
