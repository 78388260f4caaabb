# SPDX-License-Identifier: Apache-2.0
"""The arena plan: no two tensors that are alive at once may share a byte."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from microtvm.compiler.arena import ALIGNMENT, lower_bound, plan
from microtvm.compiler.program import Block

BLOCKS = st.lists(
    st.builds(
        lambda nbytes, first, length: Block(nbytes, first, first + length),
        st.integers(1, 5000),
        st.integers(0, 20),
        st.integers(0, 8),
    ),
    max_size=24,
)


@given(BLOCKS)
def test_live_blocks_never_overlap_and_all_lie_inside(blocks):
    offsets, arena_bytes = plan(blocks)
    assert len(offsets) == len(blocks)
    for i, (a, start) in enumerate(zip(blocks, offsets, strict=True)):
        assert start >= 0
        assert start % ALIGNMENT == 0
        assert start + a.nbytes <= arena_bytes
        for b, other in list(zip(blocks, offsets, strict=True))[:i]:
            alive_together = a.first <= b.last and b.first <= a.last
            share_bytes = start < other + b.nbytes and other < start + a.nbytes
            assert not (alive_together and share_bytes)


@given(BLOCKS)
def test_arena_lies_between_the_peak_and_the_sum(blocks):
    _, arena_bytes = plan(blocks)
    rounded = [-(-b.nbytes // ALIGNMENT) * ALIGNMENT for b in blocks]
    assert lower_bound(blocks) <= arena_bytes <= sum(rounded)


@given(BLOCKS)
def test_plan_is_deterministic(blocks):
    assert plan(blocks) == plan(list(blocks))


def test_a_chain_of_layers_takes_two_buffers():
    # Each layer's output is alive until the next layer has read it.
    chain = [Block(1000, i, i + 1) for i in range(10)]
    assert plan(chain)[1] == 2 * 1008


def test_no_blocks_take_no_arena():
    assert plan([]) == ([], 0)


def test_a_hole_is_filled():
    # The long-lived block first placed at the bottom leaves room that the third block fits in.
    blocks = [Block(160, 0, 1), Block(320, 1, 3), Block(160, 2, 3)]
    assert plan(blocks)[1] == 480
