# SPDX-License-Identifier: Apache-2.0
"""C expressions from TVM's scalar expressions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..dtypes import element_type
from ..errors import CompileError
from ..tir import dtype_of, load_source
from . import literals
from .helpers import Helpers

# How tightly an expression binds, from C's grammar. Operators that gcc and clang want to see
# parenthesized when mixed (-Wparentheses) always parenthesize operands that are not unary.
_ATOM, _UNARY, _MULTIPLY, _ADD, _COMPARE, _LOOSE, _CONDITIONAL = 100, 90, 80, 70, 50, 40, 10

_ARITHMETIC = {
    "Add": ("+", _ADD),
    "Sub": ("-", _ADD),
    "Mul": ("*", _MULTIPLY),
    "Div": ("/", _MULTIPLY),
    "Mod": ("%", _MULTIPLY),
    "LShift": ("<<", _LOOSE),
    "RShift": (">>", _LOOSE),
    "BitwiseAnd": ("&", _LOOSE),
    "BitwiseOr": ("|", _LOOSE),
    "BitwiseXor": ("^", _LOOSE),
}
_COMPARISONS = {"EQ": "==", "NE": "!=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}
_LOGICAL = {"And": "&&", "Or": "||"}

# Functions of <math.h>, by the name without the suffix that says float.
_MATH = frozenset(
    """acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1
    fabs floor fma fmax fmin fmod hypot ldexp lgamma log log10 log1p log2 nearbyint nextafter pow
    remainder rint round sin sinh sqrt tan tanh tgamma trunc""".split()  # noqa: SIM905
)

# Names that mean something to an expression, and so may not be a variable's.
RESERVED = frozenset(name + suffix for name in _MATH for suffix in ("", "f")) | {"memcpy"}

# Where expressions hold their operands.
_PARTS = ("a", "b", "value", "condition", "true_value", "false_value", "body")

_LARGEST = {name: float(np.finfo(name).max) for name in ("float16", "float32", "float64")}
_INTEGER_LIMITS = {
    f"{sign}int{bits}": (0, 2**bits - 1) if sign else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    for sign in ("", "u")
    for bits in (8, 16, 32, 64)
}


def _float_bounds(e: Any) -> tuple[float, float]:
    """Between what a float expression lies: what it was clamped to, whatever is in it."""
    node = type(e).__name__
    if node == "FloatImm":
        return float(e.value), float(e.value)
    if node in ("Min", "Max"):  # of a NaN and a constant as the second operand: the constant
        a, b = _float_bounds(e.a), _float_bounds(e.b)
        pick = min if node == "Min" else max
        return pick(a[0], b[0]), pick(a[1], b[1])
    if node == "Call" and getattr(e.op, "name", "").rpartition(".")[2] in ("round", "nearbyint"):
        return _float_bounds(e.args[0])
    if node == "Cast" and dtype_of(e.value) in ("int8", "uint8", "int16", "uint16", "bool"):
        return _INTEGER_LIMITS.get(dtype_of(e.value), (0, 1))
    return -math.inf, math.inf


class Expressions:
    """Prints expressions in one kernel's scope.

    Parameters
    ----------
    kernel : str
        The kernel's name, for error messages.
    element : callable
        ``(buffer, index_text) -> str``: C text of one element of a buffer.
    helpers : Helpers
        Collects the helper functions in use.
    """

    def __init__(self, kernel: str, element: Callable[[Any, str], str], helpers: Helpers):
        self._kernel = kernel
        self._element = element
        self._helpers = helpers
        self._names: dict[int, tuple[str, int]] = {}
        self._data: set[int] = set()
        self._extreme: str | None = None

    def bind(self, variable: Any, text: str, binding: int = _ATOM) -> None:
        """Let a variable be printed as ``text``."""
        self._names[hash(variable)] = (text, binding)

    def bind_value(self, variable: Any, text: str, value: Any) -> None:
        """Let a variable that holds a value be printed as ``text``."""
        self.bind(variable, text)
        if self._is_data(value):
            self._data.add(hash(variable))

    def _is_data(self, e: Any) -> bool:
        """Whether a value depends on what is in a tensor, and so may be any value of its type.

        Indexes do not: their arithmetic stays within the extents of tensors.
        """
        node = type(e).__name__
        if node in ("TensorLoad", "BufferLoad"):
            return True
        if node == "Var":
            return hash(e) in self._data
        parts = [getattr(e, name, None) for name in _PARTS]
        parts += list(e.args) if node == "Call" else []
        return any(part is not None and self._is_data(part) for part in parts)

    def text(self, expression: Any) -> str:
        """C text of an expression, where a full expression may stand."""
        return self._print(expression)[0]

    def stored(self, expression: Any, extreme: str | None) -> str:
        """C text of what is stored into a buffer.

        Parameters
        ----------
        expression : tvm.tirx.PrimExpr
        extreme : {"Max", "Min"} or None
            What gathers in the buffer. TVM starts from the largest finite number, which is not the
            smallest one among infinities: infinity stands for it.
        """
        self._extreme = extreme
        text = self.text(expression)
        self._extreme = None
        return text

    def _operand(self, expression: Any, at_least: int) -> str:
        text, binding = self._print(expression)
        return text if binding >= at_least else f"({text})"

    def _unsupported(self, what: str) -> CompileError:
        return CompileError(f"{self._kernel}: no C is known for {what}")

    def _print(self, e: Any) -> tuple[str, int]:
        node = type(e).__name__
        method = getattr(self, f"_print_{node}", None)
        if method is not None:
            result: tuple[str, int] = method(e)
            return result
        if node in _ARITHMETIC:
            return self._arithmetic(e, *_ARITHMETIC[node])
        if node in _COMPARISONS:
            a, b = (self._operand(x, _ADD) for x in (e.a, e.b))
            return f"{a} {_COMPARISONS[node]} {b}", _COMPARE
        if node in _LOGICAL:
            a, b = (self._operand(x, _COMPARE) for x in (e.a, e.b))
            return f"{a} {_LOGICAL[node]} {b}", _LOOSE
        if node in ("Min", "Max"):
            function = self._helpers.extremum(node.lower(), dtype_of(e))
            return f"{function}({self.text(e.a)}, {self.text(e.b)})", _ATOM
        raise self._unsupported(f"TVM's {node} ({e})")

    def _arithmetic(self, e: Any, operator: str, binding: int) -> tuple[str, int]:
        dtype = dtype_of(e)
        if operator == "%" and dtype.startswith("float"):
            return self._math("fmod", dtype, [e.a, e.b])
        if self._may_be_undefined(e, operator, dtype):
            function = self._helpers.defined(type(e).__name__, dtype)
            return f"{function}({self.text(e.a)}, {self.text(e.b)})", _ATOM
        weakest = _UNARY if binding == _LOOSE else binding
        a = self._operand(e.a, weakest)
        b = self._operand(e.b, _UNARY if binding == _LOOSE else binding + 1)
        text = f"{a} {operator} {b}"
        if element_type(dtype).bits < 32 and dtype not in ("float16", "bool"):
            # C computes in int; TVM's arithmetic stays in the narrow type.
            return f"({element_type(dtype).c})({text})", _UNARY
        return text, binding

    def _may_be_undefined(self, e: Any, operator: str, dtype: str) -> bool:
        """Whether C leaves open what it computes, for some values of the operands."""
        if "int" not in dtype or operator in "&|^" or not self._is_data(e):
            return False
        if operator in ("+", "-", "*"):
            return dtype in ("int32", "int64") or (operator == "*" and dtype == "uint16")
        constant = getattr(e.b, "value", None)
        if operator in ("<<", ">>"):
            is_negative_shifted = operator == "<<" and not dtype.startswith("uint")
            return constant is None or is_negative_shifted
        return constant is None or int(constant) in (0, -1)

    def _print_Var(self, e: Any) -> tuple[str, int]:
        try:
            return self._names[hash(e)]
        except KeyError:
            raise self._unsupported(f"the variable {e}, which nothing defines") from None

    def _print_IntImm(self, e: Any) -> tuple[str, int]:
        text = literals.integer(int(e.value), dtype_of(e))
        return text, _UNARY if text.startswith("-") else _ATOM

    def _print_FloatImm(self, e: Any) -> tuple[str, int]:
        value = float(e.value)
        if self._extreme and abs(value) == _LARGEST.get(dtype_of(e)):
            is_start = (value < 0) == (self._extreme == "Max")
            value = math.copysign(math.inf, value) if is_start else value
        text = literals.floating(value, dtype_of(e))
        return text, _UNARY if text[0] in "-(" else _ATOM

    def _print_Cast(self, e: Any) -> tuple[str, int]:
        source, target = dtype_of(e.value), dtype_of(e)
        if source == target:
            return self._print(e.value)
        if target == "bool":
            return f"{self._operand(e.value, _ADD)} != 0", _COMPARE
        if source.startswith("float") and "int" in target:
            low, high = _float_bounds(e.value)
            least, most = _INTEGER_LIMITS[target]
            if not (least <= low and high <= most):
                function = self._helpers.truncation(source, target)
                return f"{function}({self.text(e.value)})", _ATOM
        return f"({element_type(target).c}){self._operand(e.value, _UNARY)}", _UNARY

    def _print_Not(self, e: Any) -> tuple[str, int]:
        return f"!{self._operand(e.a, _UNARY)}", _UNARY

    def _print_BitwiseNot(self, e: Any) -> tuple[str, int]:
        c = element_type(dtype_of(e)).c
        return f"({c})~{self._operand(e.a if hasattr(e, 'a') else e.value, _UNARY)}", _UNARY

    def _conditional(self, condition: Any, yes: Any, no: Any) -> tuple[str, int]:
        c, a, b = (self._operand(x, _CONDITIONAL + 1) for x in (condition, yes, no))
        return f"{c} ? {a} : {b}", _CONDITIONAL

    def _print_Select(self, e: Any) -> tuple[str, int]:
        return self._conditional(e.condition, e.true_value, e.false_value)

    def _print_Let(self, e: Any) -> tuple[str, int]:
        self.bind(e.var, *self._print(e.value))
        if self._is_data(e.value):
            self._data.add(hash(e.var))
        return self._print(e.body)

    def _load(self, e: Any) -> tuple[str, int]:
        buffer = load_source(e)
        if len(e.indices) != 1:
            raise self._unsupported(f"a load with {len(e.indices)} indices ({e})")
        text = self._element(buffer, self.text(e.indices[0]))
        return (f"{text} != 0", _COMPARE) if dtype_of(e) == "bool" else (text, _ATOM)

    _print_TensorLoad = _load
    _print_BufferLoad = _load

    def _print_Call(self, e: Any) -> tuple[str, int]:
        name = getattr(e.op, "name", str(e.op)).rpartition(".")[2]
        args = list(e.args)
        dtype = dtype_of(e)
        if name in ("call_pure_extern", "call_extern"):
            return self._extern(str(args[0].value), dtype, args[1:])
        if name in ("if_then_else", "likely", "isnan", "reinterpret"):
            return self._intrinsic(name, dtype, args)
        if name in ("fabs", "abs"):
            return self._math("fabs", dtype, args)
        if name in _MATH:
            return self._math(name, dtype, args)
        raise self._unsupported(f"the intrinsic {name} ({e})")

    def _intrinsic(self, name: str, dtype: str, args: list[Any]) -> tuple[str, int]:
        if name == "if_then_else":
            return self._conditional(*args)
        if name == "likely":
            return self._print(args[0])
        if name == "isnan":
            return f"isnan({self.text(args[0])}) != 0", _COMPARE
        function = self._helpers.reinterpretation(dtype_of(args[0]), dtype)
        return f"{function}({self.text(args[0])})", _ATOM

    def _extern(self, function: str, dtype: str, args: list[Any]) -> tuple[str, int]:
        base = function[:-1] if function.endswith("f") and function[:-1] in _MATH else function
        if base not in _MATH:
            raise self._unsupported(f"the external function {function}")
        return self._math(base, dtype, args)

    def _math(self, function: str, dtype: str, args: list[Any]) -> tuple[str, int]:
        """A call of <math.h>; half floats are computed as float and rounded once."""
        if not dtype.startswith("float"):
            raise self._unsupported(f"{function} of {dtype}")
        if dtype != "float64":
            function = self._helpers.exponential() if function == "exp" else function + "f"
        text = f"{function}({', '.join(self.text(a) for a in args)})"
        return (f"(_Float16){text}", _UNARY) if dtype == "float16" else (text, _ATOM)
