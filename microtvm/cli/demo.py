# SPDX-License-Identifier: Apache-2.0
"""``microtvm demo``: every step, on a classifier of handwritten digits."""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import tempfile
import time
from typing import TYPE_CHECKING, Any

from .arguments import add_project_options, add_template, project_options, template_directory
from .device_clock import DeviceClock, device_line, read_clock
from .report import Report, ServerLines

if TYPE_CHECKING:
    from ..archive import ModelFacts
    from ..inference import Answers
    from ..project import GeneratedProject

HELP = "take a classifier of handwritten digits through every step"
EXAMPLES = """
microtvm demo
microtvm demo --json
microtvm demo --template path/to/template --project-option board=my_board --keep digits_project
"""

_TIMED_RUNS = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    add_template(parser)
    add_project_options(parser)
    parser.add_argument(
        "--keep",
        type=pathlib.Path,
        metavar="DIR",
        help="leave the archive and the project in this new directory",
    )


def run(args: argparse.Namespace, report: Report) -> None:
    """Compile, create, build, flash, run, compare."""
    from ..project import GeneratedProject

    options = project_options(args)
    template = template_directory(args.template)
    with contextlib.ExitStack() as stack:
        if args.keep:
            directory = _new_directory(args.keep)
        else:
            directory = pathlib.Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="microtvm-demo-"))
            )
        archive = directory / "model.tar"
        model = _compile(archive, report)
        _create(template, archive, directory / "project", options, report)
        said = ServerLines(report.server_output)
        project = stack.enter_context(
            GeneratedProject.from_directory(directory / "project", output=said)
        )
        with report.step("build"):
            project.build()
        _flash(project, said, report)
        facts = _ask(project, model, directory / "project", report)
        clock = read_clock(directory / "project")
    lines = _lines(facts, clock)
    if args.keep:
        lines.append(f"kept        {args.keep}")
    report.result(facts, lines)


def _new_directory(path: pathlib.Path) -> pathlib.Path:
    from server_kit.disk import why_not_written

    from ..errors import MicroTVMError

    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise MicroTVMError(
            f"--keep {path}: the directory cannot be created: "
            f"{why_not_written(error, path) or error.strerror}",
            hint="name one that does not exist" if path.exists() else None,
        ) from error
    return path


def _compile(archive: pathlib.Path, report: Report) -> ModelFacts:
    with report.step("compile") as notes:
        from ..archive import read_model_facts
        from ..compiler import export_model_library_format
        from ..compiler.child import compile_in_child

        export_model_library_format(compile_in_child("microtvm.demo:compiled_model"), archive)
        notes.append("Relax module to Model Library Format archive")
    return read_model_facts(archive)


def _create(
    template: pathlib.Path,
    archive: pathlib.Path,
    directory: pathlib.Path,
    options: dict[str, Any],
    report: Report,
) -> None:
    from ..project import TemplateProject

    with (
        report.step("create") as notes,
        TemplateProject.from_directory(template, output=report.server_output) as source,
    ):
        source.write_project(archive, directory, options)
        notes.append(f"from the template for platform {source.info().get('platform_name')}")


def _flash(project: GeneratedProject, said: ServerLines, report: Report) -> None:
    with report.step("flash") as notes:
        said.clear()
        project.flash()
        notes.extend(said.last())


def _ask(
    project: GeneratedProject, model: ModelFacts, directory: pathlib.Path, report: Report
) -> dict[str, Any]:
    """Ask about every held-out image; compare with NumPy."""
    from .. import demo
    from ..inference import infer, open_executor
    from ..samples import Samples
    from ..session import Session
    from .facts import footprint

    weights, held_out = demo.load_weights()
    images, labels = demo.load_images()
    images, labels = images[held_out], labels[held_out]
    samples = Samples({demo.INPUT_NAME: images[:, None, :]}, len(images), stacked=True)
    start = time.perf_counter()
    with Session(project.transport()) as session:
        executor = open_executor(session, model)
        with report.bar("run", len(images)) as advance:
            answers = infer(session, executor, model, samples, _TIMED_RUNS, advance)
    seconds = time.perf_counter() - start
    report.line(f"{'run':<12}{seconds:>7.2f} s   {len(images)} held-out images on the firmware")
    times = read_clock(directory).facts(answers.device_time)
    reference = demo.reference(weights, images)
    return {**_facts(answers, reference, labels, footprint(directory), model), **times}


def _facts(
    answers: Answers,
    reference: Any,
    labels: Any,
    sizes: dict[str, Any] | None,
    model: ModelFacts,
) -> dict[str, Any]:
    import numpy as np

    from .. import demo

    on_device = next(iter(answers.outputs.values())).reshape(reference.shape)
    sizes = sizes or {}
    return {
        "images": len(labels),
        "accuracy_device": demo.accuracy(on_device, labels),
        "accuracy_reference": demo.accuracy(reference, labels),
        "max_abs_diff": float(np.abs(on_device - reference).max()),
        "roundtrip_ms": answers.roundtrip_sec * 1000,
        "code_bytes": sizes.get("code_bytes"),
        "constant_bytes": sizes.get("constant_bytes") or model.constant_bytes,
        "workspace_bytes": sizes.get("workspace_bytes") or model.workspace_bytes,
    }


def _lines(facts: dict[str, Any], clock: DeviceClock) -> list[str]:
    def size(key: str) -> str:
        return "not known" if facts[key] is None else f"{facts[key]:,} bytes"

    return [
        "",
        f"accuracy    {facts['accuracy_device']:.4f} on the device,"
        f" {facts['accuracy_reference']:.4f} with NumPy, {facts['images']} images",
        f"difference  {facts['max_abs_diff']:.2e} at most",
        device_line(facts, clock),
        f"round trip  {facts['roundtrip_ms']:.3f} ms per inference",
        f"code        {size('code_bytes')}",
        f"constants   {size('constant_bytes')}",
        f"workspace   {size('workspace_bytes')}",
    ]
