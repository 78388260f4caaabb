# SPDX-License-Identifier: Apache-2.0
"""The lowering of a model, as two lists of passes.

`graph_passes` turn Relax into calls of kernels in a straight line, `kernel_passes` turn each
kernel into loops over flat memory. Both lists mix TVM's passes with our own, which have one file
each in this folder; a new one is a file and a line here.
"""

from __future__ import annotations

from typing import Any

from ..dependencies import load


def graph_passes() -> list[Any]:
    """Passes from an imported Relax module to one whose ``main`` only calls kernels."""
    relax = load("tvm.relax", "compile models")
    t = relax.transform
    return [
        t.CanonicalizeBindings(),
        relax.backend.DispatchSortScan(),
        t.DecomposeOpsForInference(),
        t.RemoveRedundantReshape(),
        t.LegalizeOps(),
        t.AnnotateTIROpPattern(),
        t.FoldConstant(),
        t.DeadCodeElimination(),
        t.FuseOps(),
        t.FuseTIR(),
        t.RewriteDataflowReshape(),
        t.ToNonDataflow(),
        t.RemovePurityChecking(),
        t.DeadCodeElimination(),
    ]


def kernel_passes() -> list[Any]:
    """Passes from kernels as TVM's operator library writes them to ones that print as C."""
    s_tir = load("tvm.s_tir", "compile models").transform
    tirx = load("tvm.tirx", "compile models").transform
    from .drop_unread_stages import DropUnreadStages
    from .fuse_stages import FuseStages
    from .skip_padding import SkipPadding

    return [
        DropUnreadStages(),
        FuseStages(),
        s_tir.CanonicalizeLoop(),
        s_tir.LowerInitBlock(),
        s_tir.PlanAndUpdateBufferAllocationLocation(),
        s_tir.ConvertBlocksToOpaque(),
        s_tir.CompactBufferAllocation(),
        s_tir.LowerMatchBuffer(),
        s_tir.StmtSimplify(),
        s_tir.LowerOpaqueBlock(),
        tirx.FlattenBuffer(),
        tirx.NarrowDataType(32),
        SkipPadding(),
        tirx.VectorizeLoop(False),
        tirx.UnrollLoop(),
        tirx.StmtSimplify(),
        tirx.RemoveNoOp(),
        tirx.CommonSubexprElim(),
        tirx.LowerIntrin(),
    ]
