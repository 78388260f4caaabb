# SPDX-License-Identifier: Apache-2.0
"""C functions from TVM's lowered kernels.

TVM's own C target is not used: it prints float constants with seven digits, includes TVM's headers,
takes its arguments packed in TVM's calling convention and puts buffers on the stack. What is
printed here is one plain C function per kernel on typed pointers.
"""

from __future__ import annotations

from typing import Any

from ..dtypes import element_type
from ..errors import CompileError
from ..tir import aliased_buffer, buffer_dtype, buffer_elements, dtype_of
from .expressions import Expressions
from .helpers import Helpers
from .names import identifier

# A buffer up to this many bytes (an accumulator, a pair of loop-carried values) is a local
# variable; a larger one lies in the arena.
LOCAL_BYTES = 64


class KernelPrinter:
    """Prints one kernel.

    Parameters
    ----------
    name : str
        Name of the C function.
    function : tvm.tirx.PrimFunc
        Lowered kernel: flat buffers, no blocks, constant extents.
    helpers : Helpers
        Collects the helper functions in use.
    """

    def __init__(self, name: str, function: Any, helpers: Helpers):
        self._name = name
        self._function = function
        self._expressions = Expressions(name, self._element, helpers)
        self._lines: list[str] = []
        self._used: set[str] = set()
        # Per buffer (by hash): its C expression, and whether that is a scalar.
        self._buffers: dict[int, tuple[str, bool]] = {}
        self._touched: set[str] = set()
        self._written: set[str] = set()
        self._temporaries: list[tuple[str, str, int]] = []

    @property
    def temporaries(self) -> list[int]:
        """Bytes of each buffer that lies in the arena, in the order of the C parameters."""
        return [nbytes for _, _, nbytes in self._temporaries]

    def text(self) -> str:
        """The C definition."""
        parameters = []
        for parameter in self._function.params:
            name = self._fresh(parameter.name)
            self._buffers[hash(parameter)] = (name, False)
            parameters.append((name, element_type(buffer_dtype(parameter)).storage))
        self._statement(self._function.body, 1)

        declarations = []
        for name, c in parameters:
            qualifier = "" if name in self._written else "const "
            declarations.append(f"{qualifier}{c} *restrict {name}")
        declarations += [f"{c} *restrict {name}" for name, c, _ in self._temporaries]
        unused = [f"    (void){name};" for name, _ in parameters if name not in self._touched]
        head = f"static void {self._name}("
        arguments = ", ".join(declarations) or "void"
        if len(head) + len(arguments) + 3 > 100:
            arguments = "\n    " + ",\n    ".join(declarations)
        return "\n".join([f"{head}{arguments}) {{", *unused, *self._lines, "}"])

    def _fresh(self, name: str) -> str:
        base = candidate = identifier(name)
        number = 1
        while candidate in self._used:
            candidate = f"{base}_{number}"
            number += 1
        self._used.add(candidate)
        return candidate

    def _emit(self, depth: int, line: str) -> None:
        self._lines.append("    " * depth + line)

    def _element(self, buffer: Any, index: str) -> str:
        try:
            text, is_scalar = self._buffers[hash(buffer)]
        except KeyError:
            raise CompileError(
                f"{self._name}: the buffer {buffer} is used where nothing defines it"
            ) from None
        self._touched.add(text)
        return text if is_scalar else f"{text}[{index}]"

    def _statement(self, s: Any, depth: int) -> None:
        node = type(s).__name__
        method = getattr(self, f"_statement_{node}", None)
        if method is None:
            raise CompileError(f"{self._name}: no C is known for TVM's statement {node}")
        method(s, depth)

    def _statement_SeqStmt(self, s: Any, depth: int) -> None:
        for statement in s.seq:
            self._statement(statement, depth)

    def _statement_For(self, s: Any, depth: int) -> None:
        if s.step is not None and int(s.step) != 1:
            raise CompileError(f"{self._name}: a loop with step {s.step} is not supported")
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
        self._expressions.bind(s.var, name)

    def _statement_BufferStore(self, s: Any, depth: int) -> None:
        if len(s.indices) != 1:
            raise CompileError(f"{self._name}: a store with {len(s.indices)} indices")
        value = self._expressions.text(s.value)
        target = self._element(s.buffer, self._expressions.text(s.indices[0]))
        self._written.add(self._buffers[hash(s.buffer)][0])
        self._emit(depth, f"{target} = {value};")

    def _statement_AllocBuffer(self, s: Any, depth: int) -> None:
        c = element_type(buffer_dtype(s.buffer))
        count = buffer_elements(s.buffer)
        nbytes = count * c.bits // 8
        name = self._fresh(s.buffer.name)
        self._buffers[hash(s.buffer)] = (name, count == 1)
        if count == 1:
            self._emit(depth, f"{c.storage} {name};")
        elif nbytes <= LOCAL_BYTES:
            self._emit(depth, f"{c.storage} {name}[{count}];")
        else:
            self._temporaries.append((name, c.storage, nbytes))

    def _statement_DeclBuffer(self, s: Any, depth: int) -> None:
        base = aliased_buffer(s)
        if buffer_dtype(base) != buffer_dtype(s.buffer):
            raise CompileError(f"{self._name}: buffer {s.buffer.name} views memory of another type")
        self._buffers[hash(s.buffer)] = self._buffers[hash(base)]

    def _statement_AttrStmt(self, s: Any, depth: int) -> None:
        self._statement(s.body, depth)

    def _statement_Evaluate(self, s: Any, depth: int) -> None:
        if type(s.value).__name__ != "IntImm":
            raise CompileError(f"{self._name}: no C is known for the statement {s.value}")
