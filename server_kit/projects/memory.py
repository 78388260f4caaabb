# SPDX-License-Identifier: Apache-2.0
"""How large the device's tensor pool must be."""

from __future__ import annotations

from ..errors import OptionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..archives.archive import Module

#: device_kit/include/device_kit/pool.h: alignment of a block, and the record in front of it.
_ALIGNMENT = 16
_POINTER_BYTES = 8
_MOST_BYTES = (1 << 31) - 1
#: What TVM's runtime takes for itself, and what its host template gives it when nobody asks.
_LEAST_TVM_BYTES = 64 * 1024
_TVM_BYTES = 2 * 1024 * 1024


def pool_bytes(
    module: Module, spare_bytes: int, given: int | None = None, program: str = ""
) -> int:
    """The size of the pool for a model.

    The executor holds the inputs and outputs once. A client that keeps its own copies on the
    device, to time runs on data that is there already, allocates them a second time. A standalone
    program has no client, and its inputs and outputs lie in the model's arena where that has room
    for them: the pool then holds the table of them only.

    Parameters
    ----------
    module : Module
        The model.
    spare_bytes : int
        For whatever else a client allocates.
    given : int, optional
        The option ``workspace_size_bytes``: this size instead.
    program : str
        The firmware's program, a file of ``src/``.

    Raises
    ------
    OptionError :
        When the size given is too small for the model's inputs and outputs.
    """
    tensors = [*module.inputs.values(), *module.outputs.values(), *module.arguments]
    is_shared = program == "main_standalone" and module.has_io_in_workspace
    blocks = 0 if is_shared else sum(_block(tensor.size_bytes) for tensor in tensors)
    least = blocks + _block(len(tensors) * _POINTER_BYTES) + _ALIGNMENT
    if given is None and is_shared:
        return _round_up(least)
    if given is None:
        return _round_up(least + blocks + spare_bytes)
    if not least <= given <= _MOST_BYTES:
        raise OptionError(
            f"option 'workspace_size_bytes' was given {given}; allowed is {least} (what the inputs "
            f"and outputs of {module.name} take) to {_MOST_BYTES}"
        )
    return given


def tvm_workspace_bytes(given: int | None, least: int = _LEAST_TVM_BYTES) -> int:
    """The memory that TVM's C runtime allocates from, for everything.

    Parameters
    ----------
    given : int or None
        The option ``workspace_size_bytes``; TVM's default without it.
    least : int
        What the runtime needs to start, where pointers or packets are small.

    Raises
    ------
    OptionError :
        When the runtime could not even start in it.
    """
    if given is None:
        return _TVM_BYTES
    if not least <= given <= _MOST_BYTES:
        raise OptionError(
            f"option 'workspace_size_bytes' was given {given}; allowed is {least} (what TVM's C "
            f"runtime takes for itself) to {_MOST_BYTES}"
        )
    return given


def _block(size: int) -> int:
    return _ALIGNMENT + _round_up(size)


def _round_up(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
