# SPDX-License-Identifier: Apache-2.0
"""Where tensors lie in the one static arena.

Every block is needed from one call to a later one. Two blocks may share bytes if they are never
needed at the same time. Finding the smallest arena is NP-hard (it is dynamic storage allocation);
for the few dozen blocks of a model it is enough to place them one by one at the lowest offset that
is free for their whole life, in a few sensible orders, and to try again with the block that came
to lie on top placed first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .program import Block

ALIGNMENT = 16
_ATTEMPTS = 16  # per order; each takes a time that grows with the square of the blocks


def _align(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _overlap(a: Block, b: Block) -> bool:
    return a.first <= b.last and b.first <= a.last


def _place(blocks: Sequence[Block], order: Sequence[int]) -> list[int]:
    """Offsets of the blocks, placed in that order, each at the lowest offset that is free."""
    offsets = [0] * len(blocks)
    placed: list[int] = []
    for index in order:
        size = _align(blocks[index].nbytes)
        taken = sorted(
            (offsets[other], offsets[other] + _align(blocks[other].nbytes))
            for other in placed
            if _overlap(blocks[index], blocks[other])
        )
        offset = 0
        for start, end in taken:
            if offset + size <= start:
                break
            offset = max(offset, end)
        offsets[index] = offset
        placed.append(index)
    return offsets


def _extent(blocks: Sequence[Block], offsets: Sequence[int]) -> int:
    return max((o + _align(b.nbytes) for b, o in zip(blocks, offsets, strict=True)), default=0)


def lower_bound(blocks: Sequence[Block]) -> int:
    """Bytes needed at the busiest call: no arena can be smaller."""
    return max(
        (
            sum(_align(b.nbytes) for b in blocks if b.first <= call.first <= b.last)
            for call in blocks
        ),
        default=0,
    )


def plan(blocks: Sequence[Block]) -> tuple[list[int], int]:
    """Place blocks in an arena.

    Parameters
    ----------
    blocks : sequence of Block

    Returns
    -------
    offsets : list of int
        Offset in bytes of each block, a multiple of ``ALIGNMENT``.
    arena_bytes : int
        Size of the arena.
    """
    orders: list[Callable[[int], tuple[int, ...]]] = [
        lambda i: (-blocks[i].nbytes, blocks[i].first),
        lambda i: (-blocks[i].nbytes * (blocks[i].last - blocks[i].first + 1), blocks[i].first),
        lambda i: (blocks[i].first, -blocks[i].nbytes),
        lambda i: (-blocks[i].last, -blocks[i].nbytes),
    ]
    bound = lower_bound(blocks)
    best: list[int] = []
    for key in orders:
        order = sorted(range(len(blocks)), key=key)
        for _ in range(_ATTEMPTS):
            offsets = _place(blocks, order)
            if not best or _extent(blocks, offsets) < _extent(blocks, best):
                best = offsets
            if not blocks or _extent(blocks, best) == bound:
                return best, bound
            top = max(order, key=lambda i: offsets[i] + blocks[i].nbytes)
            order.remove(top)
            order.insert(0, top)
    return best, _extent(blocks, best)
