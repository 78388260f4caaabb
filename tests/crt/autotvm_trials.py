# SPDX-License-Identifier: Apache-2.0
"""AutoTVM of TVM 0.18 tuning an operator on a template. Runs on an interpreter that has that TVM.

Prints one JSON object: each trial's error number, and the seconds a trial took.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import tvm
from tvm import autotvm, relay
from tvm.relay.backend import Runtime


def main(template: str, trials: int) -> None:
    """Tune a small convolution by random trials."""
    x = relay.var("x", shape=(1, 3, 10, 10), dtype="float32")
    w = relay.var("w", shape=(6, 3, 3, 3), dtype="float32")
    y = relay.nn.conv2d(x, w, padding=(2, 2), kernel_size=(3, 3), out_dtype="float32")
    module = tvm.IRModule.from_expr(relay.Function([x, w], y))
    params = {"w": np.ones((6, 3, 3, 3), "float32")}
    target = tvm.target.target.micro("host")
    with tvm.transform.PassContext(opt_level=3, config={"tir.disable_vectorize": True}):
        task = autotvm.task.extract_from_program(module["main"], params, target)[0]
    builder = autotvm.LocalBuilder(
        n_parallel=1,
        build_kwargs={"build_option": {"tir.disable_vectorize": True}},
        do_fork=True,
        build_func=tvm.micro.autotvm_build_func,
        runtime=Runtime("crt", {"system-lib": True}),
    )
    loader = tvm.micro.AutoTvmModuleLoader(template_project_dir=template, project_options={})
    runner = autotvm.LocalRunner(number=1, repeat=1, timeout=100, module_loader=loader)
    errors, costs = [], []

    def note(_tuner, _inputs, results):
        errors.extend(int(result.error_no) for result in results)
        costs.extend(str(result.costs)[:500] for result in results if result.error_no)

    start = time.monotonic()
    autotvm.tuner.RandomTuner(task).tune(
        n_trial=trials,
        measure_option=autotvm.measure_option(builder=builder, runner=runner),
        callbacks=[note],
    )
    seconds = (time.monotonic() - start) / trials
    print(json.dumps({"errors": errors, "said": costs, "seconds_a_trial": seconds}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
