#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Instructions, flash and RAM of models on emulated Cortex-M boards, beside those of before.

The numbers come from templates/qemu_cortex_m, whose clock counts instructions: they are the same on
any machine with the same compiler. ``--update`` keeps them in ``cortex_m.json``; without it, more
of any of the three than ``--bound`` times what was kept ends in an error.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import tempfile
from typing import Any

import numpy as np

import microtvm
from microtvm.archive import read_model_facts
from microtvm.inference import infer, open_executor
from microtvm.samples import load_inputs

HERE = pathlib.Path(__file__).resolve().parent
KEPT = HERE / "cortex_m.json"
MODELS = HERE.parents[2] / "shared" / "models"
TEMPLATE = microtvm.get_microtvm_template_projects("qemu_cortex_m")
BOARDS = list(json.loads((pathlib.Path(TEMPLATE) / "boards.json").read_text(encoding="utf-8")))


def measure(
    archive: pathlib.Path, golden: pathlib.Path, board: str, cmsis_path: pathlib.Path | None = None
) -> dict[str, int]:
    """Build a model for a board and run it on its samples.

    Parameters
    ----------
    archive : pathlib.Path
        The model.
    golden : pathlib.Path
        Its samples ``input`` and their answers ``output``, as .npz.
    board : str
        One of the template's.
    cmsis_path : pathlib.Path, optional
        CMSIS-NN's sources, for a model that calls it; ``flash`` is without its functions then.

    Returns
    -------
    dict :
        ``instructions`` of one inference, ``flash`` of model and kernels and ``ram``, the arena
        with inputs and outputs in it, in bytes; ``wrong``, how many elements of the answers differ,
        where they are float by more than a hundredth of their range.
    """
    facts = read_model_facts(archive)
    directory = archive.parent / f"{archive.stem}-{board}"
    options = {"board": board, **({"cmsis_path": str(cmsis_path)} if cmsis_path else {})}
    with microtvm.generate_project_from_mlf(TEMPLATE, directory, archive, options) as project:
        project.build()
        with microtvm.Session(project.transport()) as session, np.load(golden) as wanted:
            executor = open_executor(session, facts, archive)
            np.savez(directory / "in.npz", input=wanted["input"])
            samples = load_inputs(directory / "in.npz", facts.inputs)
            answers = infer(session, executor, facts, samples, 1, lambda: None)
            (output,) = answers.outputs.values()
            wrong = _wrong(output, wanted["output"])
    footprint = json.loads((directory / "build" / "footprint.json").read_text(encoding="utf-8"))
    assert answers.device_time is not None
    return {
        "instructions": round(answers.device_time.min * 1e9),
        "flash": footprint["code_bytes"] + footprint["constant_bytes"],
        "ram": facts.workspace_with_io_bytes,
        "wrong": wrong,
    }


def _wrong(output: np.ndarray, wanted: np.ndarray) -> int:
    away = np.abs(output.reshape(-1).astype(np.float64) - wanted.reshape(-1))
    tolerance = 1e-2 * float(np.ptp(wanted)) if wanted.dtype.kind == "f" else 0.0
    return int(np.count_nonzero(away > tolerance))


def main() -> None:
    """Measure, compare, and keep the figures where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", type=pathlib.Path, help="default: all that are kept")
    parser.add_argument(
        "--board", action="append", choices=BOARDS, help="default: all that are kept"
    )
    parser.add_argument("--update", action="store_true", help="keep these figures")
    parser.add_argument("--kept", type=pathlib.Path, default=KEPT, help="default: cortex_m.json")
    parser.add_argument("--bound", type=float, default=1.02, help="most instructions, as a ratio")
    parser.add_argument(
        "--peer", type=pathlib.Path, help="figures of the same form, to show beside"
    )
    parser.add_argument(
        "--cmsis-path",
        type=pathlib.Path,
        metavar="DIR",
        help="measure models compiled for CMSIS-NN, with these sources, beside the figures kept",
    )
    args = parser.parse_args()
    if args.cmsis_path and args.update:
        parser.error("--update keeps the figures of our own kernels: leave out --cmsis-path")
    kernels: Any = "cmsis-nn" if args.cmsis_path else "own"
    kept = json.loads(args.kept.read_text(encoding="utf-8")) if args.kept.exists() else {}
    peer = json.loads(args.peer.read_text(encoding="utf-8")) if args.peer else {}
    failed: list[str] = []
    print(f"{'model':<12} {'board':<11} {'instructions':>12} {'per MAC':>7} {'before':>7}", end="")
    print(f" {'peer':>7} {'flash':>8} {'RAM':>7} {'wrong':>6}")
    with tempfile.TemporaryDirectory() as scratch:
        for model in args.models or [MODELS / f"{name}.tflite" for name in kept]:
            archive = pathlib.Path(scratch) / f"{model.stem}.tar"
            microtvm.export_model_library_format(microtvm.compile(model, kernels=kernels), archive)
            macs = sum(layer.macs or 0 for layer in read_model_facts(archive).layers)
            for board in args.board or kept.get(model.stem, BOARDS):
                golden = model.with_name(f"{model.stem}.golden.npz")
                figures = measure(archive, golden, board, args.cmsis_path)
                count = figures["instructions"]
                known, beside = (of.get(model.stem, {}).get(board, {}) for of in (kept, peer))
                ratios = [
                    f"{count / of['instructions']:.3f}" if of else "-" for of in (known, beside)
                ]
                each = f"{count / macs:.2f}" if macs else "-"  # TVM's kernels are not counted
                print(f"{model.stem:<12} {board:<11} {count:12,} {each:>7}", end="")
                print(f" {ratios[0]:>7} {ratios[1]:>7} {figures['flash']:8,}", end="")
                print(f" {figures['ram']:7,} {figures['wrong']:6}", flush=True)
                where = f"{model.stem} on {board}"
                if figures["wrong"]:
                    failed.append(f"{where}: {figures['wrong']} wrong elements")
                failed += [
                    f"{where}: {figures[what] / known[what]:.3f} of the {what}"
                    for what in ("instructions", "flash", "ram")
                    if known and not args.cmsis_path and figures[what] > args.bound * known[what]
                ]
                if args.update:
                    kept.setdefault(model.stem, {})[board] = figures
    if args.update:
        args.kept.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    if failed:
        parser.exit(1, f"worse than before: {'; '.join(failed)}\n")


if __name__ == "__main__":
    main()
