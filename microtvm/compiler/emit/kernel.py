# SPDX-License-Identifier: Apache-2.0
"""C functions from TVM's lowered kernels.

TVM's own C target is not used: it prints float constants with seven digits, includes TVM's headers,
takes its arguments packed in TVM's calling convention and puts buffers on the stack. What is
printed here is one plain C function per kernel on typed pointers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ..dtypes import element_type
from ..errors import CompileError
from ..tir import (
    aliased_buffer,
    buffer_dtype,
    buffer_elements,
    dtype_of,
    load_source,
    offset_variable,
)
from .expressions import RESERVED, Expressions
from .flash import FLASH
from .helpers import Helpers
from .names import identifier

# A buffer up to this many bytes (an accumulator, a pair of loop-carried values) is a local
# variable; a larger one lies in the arena.
LOCAL_BYTES = 64


@dataclass
class _Buffer:
    """A buffer of the kernel: its name in C, and what the kernel does with it."""

    name: str
    storage: str
    nbytes: int
    is_variable: bool = False
    read: bool = False
    written: bool = False

    def element(self, index: str) -> str:
        """C text of one element."""
        return self.name if self.is_variable else f"{self.name}[{index}]"


@dataclass(frozen=True)
class PrintedKernel:
    """A kernel in C.

    Attributes
    ----------
    text : str
        The definition of a static function.
    temporaries : list of int
        Bytes of each buffer that it needs while it runs, in the order of its last parameters.
    """

    text: str
    temporaries: list[int]


def print_kernel(
    name: str, function: Any, helpers: Helpers, in_flash: Collection[int] = ()
) -> PrintedKernel:
    """Print a kernel.

    Parameters
    ----------
    name : str
        Name of the C function.
    function : tvm.tirx.PrimFunc
        Lowered kernel: flat buffers, no blocks, constant extents.
    helpers : Helpers
        Collects the helper functions in use.
    in_flash : collection of int
        The parameters that always point to constants in flash.

    Raises
    ------
    CompileError
        If the kernel has something in it that no C is known for.
    """
    return _Printer(name, function, helpers).print(in_flash)


class _Printer:
    """The state of printing one kernel."""

    def __init__(self, name: str, function: Any, helpers: Helpers):
        self._name = name
        self._function = function
        self._expressions = Expressions(name, self._element, helpers)
        self._lines: list[str] = []
        self._used = set(RESERVED | Helpers.RESERVED)
        self._buffers: dict[int, _Buffer] = {}
        self._temporaries: list[_Buffer] = []
        self._extremes: dict[int, str] = {}

    def print(self, in_flash: Collection[int]) -> PrintedKernel:
        parameters = []
        for parameter in self._function.params:
            buffer = self._buffer(parameter)
            self._buffers[hash(parameter)] = buffer
            offset = offset_variable(parameter)
            if offset is not None:  # TVM lets a tensor begin inside its memory; none of ours does
                self._expressions.bind(offset, "0")
            parameters.append(buffer)
        self._extremes = dict(_accumulated_extremes(self._function.body))
        self._statement(self._function.body, 1)

        declarations = [
            ("" if buffer.written else f"{FLASH} " if index in in_flash else "const ")
            + f"{buffer.storage} *restrict {buffer.name}"
            for index, buffer in enumerate(parameters)
        ]
        declarations += [f"{b.storage} *restrict {b.name}" for b in self._temporaries]
        unused = [f"    (void){b.name};" for b in parameters if not (b.read or b.written)]
        head = f"static void {self._name}("
        arguments = ", ".join(declarations) or "void"
        if len(head) + len(arguments) + 3 > 100:
            arguments = "\n    " + ",\n    ".join(declarations)
        text = "\n".join([f"{head}{arguments}) {{", *unused, *self._lines, "}"])
        return PrintedKernel(text, [buffer.nbytes for buffer in self._temporaries])

    def _buffer(self, variable: Any) -> _Buffer:
        element = element_type(buffer_dtype(variable))
        count = buffer_elements(variable)
        return _Buffer(self._fresh(variable.name), element.storage, count * element.bits // 8)

    def _fresh(self, name: str) -> str:
        base = candidate = identifier(name)
        number = 1
        while candidate in self._used:
            candidate = f"{base}_{number}"
            number += 1
        self._used.add(candidate)
        return candidate

    def _error(self, what: str) -> CompileError:
        return CompileError(f"{self._name}: {what}")

    def _emit(self, depth: int, line: str) -> None:
        self._lines.append("    " * depth + line)

    def _find(self, variable: Any) -> _Buffer:
        try:
            return self._buffers[hash(variable)]
        except KeyError:
            raise self._error(f"the buffer {variable} is used where nothing defines it") from None

    def _element(self, variable: Any, index: str) -> str:
        buffer = self._find(variable)
        buffer.read = True
        return buffer.element(index)

    def _statement(self, s: Any, depth: int) -> None:
        node = type(s).__name__
        method = getattr(self, f"_statement_{node}", None)
        if method is None:
            raise self._error(f"no C is known for TVM's statement {node}")
        method(s, depth)

    def _statement_SeqStmt(self, s: Any, depth: int) -> None:
        for statement in s.seq:
            self._statement(statement, depth)

    def _statement_For(self, s: Any, depth: int) -> None:
        if s.step is not None and int(s.step) != 1:
            raise self._error(f"a loop with step {s.step} is not supported")
        c = element_type(dtype_of(s.loop_var)).c
        start = self._expressions.text(s.min)
        stop = self._expressions.text(s.extent if start == "0" else s.min + s.extent)
        variable = self._fresh(s.loop_var.name)
        self._expressions.bind(s.loop_var, variable)
        self._emit(depth, f"for ({c} {variable} = {start}; {variable} < {stop}; ++{variable}) {{")
        self._statement(s.body, depth + 1)
        self._emit(depth, "}")
        # Loops that follow may use the name again.
        self._used.discard(variable)

    def _statement_IfThenElse(self, s: Any, depth: int) -> None:
        self._emit(depth, f"if ({self._expressions.text(s.condition)}) {{")
        self._statement(s.then_case, depth + 1)
        if s.else_case is not None:
            self._emit(depth, "} else {")
            self._statement(s.else_case, depth + 1)
        self._emit(depth, "}")

    def _statement_While(self, s: Any, depth: int) -> None:
        self._emit(depth, f"while ({self._expressions.text(s.condition)}) {{")
        self._statement(s.body, depth + 1)
        self._emit(depth, "}")

    def _statement_Bind(self, s: Any, depth: int) -> None:
        c = element_type(dtype_of(s.var)).c
        value = self._expressions.text(s.value)
        name = self._fresh(s.var.name)
        self._emit(depth, f"const {c} {name} = {value};")
        self._expressions.bind_value(s.var, name, s.value)

    def _statement_BufferStore(self, s: Any, depth: int) -> None:
        if len(s.indices) != 1:
            raise self._error(f"a store with {len(s.indices)} indices is not supported")
        buffer = self._find(s.buffer)
        value = self._expressions.stored(s.value, self._extremes.get(hash(s.buffer)))
        if buffer_dtype(s.buffer) == "bool":
            value = f"(uint8_t)({value})"
        buffer.written = True
        target = buffer.element(self._expressions.text(s.indices[0]))
        self._emit(depth, f"{target} = {value};")

    def _statement_AllocBuffer(self, s: Any, depth: int) -> None:
        buffer = self._buffer(s.buffer)
        self._buffers[hash(s.buffer)] = buffer
        if buffer_elements(s.buffer) == 1:
            buffer.is_variable = True
            self._emit(depth, f"{buffer.storage} {buffer.name};")
        elif buffer.nbytes <= LOCAL_BYTES:
            self._emit(depth, f"{buffer.storage} {buffer.name}[{buffer_elements(s.buffer)}];")
        else:
            self._temporaries.append(buffer)

    def _statement_DeclBuffer(self, s: Any, depth: int) -> None:
        base = aliased_buffer(s)
        if buffer_dtype(base) != buffer_dtype(s.buffer):
            raise self._error(f"buffer {s.buffer.name} views memory of another type")
        self._buffers[hash(s.buffer)] = self._find(base)

    def _statement_AttrStmt(self, s: Any, depth: int) -> None:
        self._statement(s.body, depth)

    def _statement_Evaluate(self, s: Any, depth: int) -> None:
        if type(s.value).__name__ != "IntImm":
            name = getattr(getattr(s.value, "op", None), "name", "")
            if name.endswith("call_packed"):
                raise self._error(f"it calls {s.value.args[0].value}, a part of TVM's runtime")
            raise self._error(f"no C is known for the statement {s.value}")


def _accumulated_extremes(s: Any) -> Iterator[tuple[int, str]]:
    """Buffers in which a largest ("Max") or smallest ("Min") float gathers."""
    if type(s).__name__ == "BufferStore":
        kind = type(s.value).__name__
        if kind in ("Max", "Min") and buffer_dtype(s.buffer).startswith("float"):
            for operand in (s.value.a, s.value.b):
                is_load = type(operand).__name__ in ("TensorLoad", "BufferLoad")
                if is_load and hash(load_source(operand)) == hash(s.buffer):
                    yield hash(s.buffer), kind
        return
    for name in ("body", "then_case", "else_case"):
        part = getattr(s, name, None)
        if part is not None:
            yield from _accumulated_extremes(part)
    for part in getattr(s, "seq", ()):
        yield from _accumulated_extremes(part)
