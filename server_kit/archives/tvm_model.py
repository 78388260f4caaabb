# SPDX-License-Identifier: Apache-2.0
"""How the C code of an archive made by TVM 0.8 to 0.18 is called, and a ``dk_model`` around it.

TVM's RPC server calls functions that the code lists in ``TVMSystemLibEntryPoint``. Code with the C
interface (``interface-api=c``) lists none, and a standalone program needs no server; for both this
module writes the descriptor that ``device_kit`` runs. What TVM generates is described in
src/target/source/{interface_c,source_module,codegen_params}.cc of its releases.
"""

from __future__ import annotations

import re

from ..errors import shown
from .archive import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Sequence

    from .archive import ModelArchive, Module

_CODE = "codegen/host/"
_MOST_CODE_BYTES = 1 << 28
_MOST_TEXT_BYTES = 1 << 26

_ENTRY = re.compile(rb"\bint32_t\s+(tvmgen_\w+_run)\s*\(\s*(?:TVMValue|void)\s*\*")
_C_RUN = re.compile(r"\bint32_t\s+(\w+_run)\s*\(([^)]*)\)")
_C_PARAMETER = re.compile(r"struct\s+(\w+_(inputs|outputs|workspace_pools|devices))\s*\*")
_MEMBER = re.compile(r"void\s*\*\s*(\w+)\s*;")
_POOL_MACRO = re.compile(r"#define\s+(\w+)_(WORKSPACE_POOL_SIZE|CONSTANT_POOL_DATA)\b")
_SHAPE = re.compile(rb"kTvmgenMetadata_((?:in|out)puts_\d+)_shape\[\d+\]\s*=\s*\{([^}]*)\}")
_TENSORS = re.compile(
    rb"TVMTensorInfo\s+kTvmgenMetadata_((?:in|out)puts)\[\d+\]\s*=\s*\{(.*?)\n\};", re.S
)
_TENSOR = re.compile(rb'\{\s*"((?:[^"\\]|\\.)*)".*?\{(\d+), (\d+), (\d+)\}', re.S)
_RELAY_TENSOR = re.compile(r"Tensor\[\(([\d, ]*)\), (\w+)\]")
_RELAY_PARAMETER = re.compile(r"%([^\s,()]+): " + _RELAY_TENSOR.pattern)
_DTYPE = re.compile(r"(float|bfloat|int|uint|bool)(\d*)")

_NO_FUNCTIONS = [
    "#include <tvm/runtime/crt/module.h>",
    "",
    "/* The table of functions that TVM's runtime asks for; this code has none. */",
    "const TVMModule *TVMSystemLibEntryPoint(void) {",
    "    return NULL;",
    "}",
    "",
]

#: DLPack's type codes; a bool is an unsigned integer of one bit to TVM.
_TYPE_CODES = {"int": 0, "uint": 1, "float": 2, "bfloat": 4, "bool": 1}
_TYPE_NAMES = {0: "int", 1: "uint", 2: "float", 4: "bfloat"}


class TvmModel:
    """The generated code of an archive's module.

    Parameters
    ----------
    archive : ModelArchive
        Open for reading.
    module : Module
        Its module.

    Attributes
    ----------
    has_functions : bool
        Whether TVM's RPC server can call it.
    """

    def __init__(self, archive: ModelArchive, module: Module) -> None:
        self._archive = archive
        self._module = module
        self._sources = [
            archive.read(name, _MOST_CODE_BYTES)
            for name in sorted(archive.files)
            if name.startswith(_CODE) and name.endswith((".c", ".o"))
        ]
        if not self._sources:
            raise archive.error(f"holds no code: there is nothing in {_CODE}src or {_CODE}lib")
        self.has_functions = any(b"TVMSystemLibEntryPoint" in source for source in self._sources)

    def descriptor(self) -> str:
        """C source that defines ``dk_system_model``.

        Raises
        ------
        ArchiveError :
            When the model is no single function, or the archive does not tell its tensors.
        """
        if self._module.style == "operator":
            return self._packed(self._module.name, *self._operator_tensors())
        if self._module.executors != ["aot"]:
            raise self._archive.error(
                self.missing_functions()
                or f"is for the {self._executors} executor, which "
                "works through the RPC server only: generate the project with "
                "project_type=host_driven, or compile the model with TVM's 'aot' executor"
            )
        header = self._c_header()
        if header is not None:
            return self._c_interface(*header)
        entry = next(filter(None, map(_ENTRY.search, self._sources)), None)
        if entry is None:
            raise self._archive.error("holds no function tvmgen_..._run to run the model with")
        return self._packed(entry.group(1).decode(), *self._packed_tensors())

    def missing_functions(self) -> str:
        """Why no RPC server can call this code and nothing else can; empty where one can."""
        if self.has_functions or self._module.style == "operator":
            return ""
        if self._module.executors == ["aot"]:
            return ""
        return (
            f"is for the {self._executors} executor and was built without TVM's system library, "
            "the table by which the RPC server finds its functions: build it again with "
            "Runtime('crt', {'system-lib': True}) and project_type=host_driven, or with TVM's "
            "'aot' executor"
        )

    @property
    def _executors(self) -> str:
        return " and ".join(self._module.executors) or "unnamed"

    def _c_header(self) -> tuple[str, str] | None:
        """The header of the C interface: its name and text."""
        for name in sorted(self._archive.files):
            if name.startswith(_CODE + "include/") and name.endswith(".h"):
                text = self._text(name)
                if _C_RUN.search(text):
                    return name[len(_CODE + "include/") :], text
        return None

    def _text(self, name: str) -> str:
        return self._archive.read(name, _MOST_TEXT_BYTES).decode("utf-8", "replace")

    def _operator_tensors(self) -> tuple[_Tensors, _Tensors]:
        """TVM does not record which argument an operator writes: the last one, by its custom."""
        arguments = [
            (f"arg{index}", tensor, self._shape(tensor.shape, tensor))
            for index, tensor in enumerate(self._module.arguments)
        ]
        if not arguments:
            raise self._archive.error(f"does not list the arguments of {self._module.name}")
        return arguments[:-1], arguments[-1:]

    def _packed_tensors(self) -> tuple[_Tensors, _Tensors]:
        """From the metadata that TVM 0.9 and later compile into the code."""
        found: dict[str, _Tensors] = {}
        for source in self._sources:
            shapes = {
                key.decode(): tuple(int(n) for n in re.findall(rb"\d+", text))
                for key, text in _SHAPE.findall(source)
            }
            for kind, text in _TENSORS.findall(source):
                found[kind.decode()] = [
                    self._packed_tensor(match, shapes.get(f"{kind.decode()}_{index}", ()))
                    for index, match in enumerate(_TENSOR.finditer(text))
                ]
        if not found.get("outputs"):
            raise self._untold()
        self._rename(found["outputs"], self._module.outputs)
        return found.get("inputs", []), found["outputs"]

    def _packed_tensor(self, match: re.Match[bytes], shape: tuple[int, ...]) -> _Tensor:
        name, *numbers = match.groups()
        code, bits, lanes = map(int, numbers)
        if code not in _TYPE_NAMES or lanes != 1:
            raise self._archive.error(f"has a tensor {name!r} of an unknown data type")
        size = _count(shape) * ((bits + 7) // 8)
        tensor = Tensor(f"{_TYPE_NAMES[code]}{bits}", size, shape)
        return name.decode("ascii", "replace"), tensor, shape

    def _rename(self, tensors: _Tensors, known: dict[str, Tensor]) -> None:
        """The only output has the name the archive gives it; the code calls it output0."""
        if len(tensors) == len(known) == 1:
            tensors[0] = (next(iter(known)), *tensors[0][1:])

    def _c_tensors(
        self, members: Sequence[str], known: dict[str, Tensor], told: dict[str, Tensor]
    ) -> _Tensors:
        """In the order of the struct, which the metadata does not keep.

        Parameters
        ----------
        members : sequence of str
            The struct's.
        known : dict
            From the metadata; TVM 0.8 to 0.10 write none.
        told : dict
            From the model's source, with shapes.
        """
        known_by_member = self._by_member(known)
        told_by_member = self._by_member(told)
        tensors = []
        for member in members:
            name = known_by_member.get(member) or told_by_member.get(member)
            if name is None:
                raise self._untold()
            tensor = known.get(name) or told[name]
            shape = tensor.shape or (told[name].shape if name in told else None)
            tensors.append((name, tensor, self._shape(shape, tensor)))
        return tensors

    def _by_member(self, names: Iterable[str]) -> dict[str, str]:
        """Names by their spelling in C; two of one spelling cannot be told apart."""
        members: dict[str, str] = {}
        for name in names:
            other = members.setdefault(_c_name(name), name)
            if other != name:
                raise self._archive.error(
                    f"has two tensors, {shown(other)} and {shown(name)}, that are one in C: "
                    "rename one in the model and compile it again"
                )
        return members

    def _relay_signature(self) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Parameters and results of ``main`` in the model's source, as far as they are there."""
        for name in self._archive.files:
            if name.startswith("src/") and name.endswith((".relay", ".txt")):
                signature = self._text(name).partition("@main(")[2].partition("{")[0]
                parameters, _, results = signature.partition("->")
                return (
                    {
                        name: self._relay_tensor(shape, dtype)
                        for name, shape, dtype in _RELAY_PARAMETER.findall(parameters)
                    },
                    [self._relay_tensor(*found) for found in _RELAY_TENSOR.findall(results)],
                )
        return {}, []

    def _relay_tensor(self, shape: str, dtype: str) -> Tensor:
        extents = tuple(int(n) for n in re.findall(r"\d+", shape))
        tensor = Tensor(dtype, 0, extents)
        tensor.size_bytes = _count(extents) * self._item_bytes(tensor)
        return tensor

    def _shape(self, shape: tuple[int, ...] | None, tensor: Tensor) -> tuple[int, ...]:
        """The shape told, if it fits the size; else one axis."""
        item = self._item_bytes(tensor)
        if shape is not None and _count(shape) * item == tensor.size_bytes:
            return shape
        return (tensor.size_bytes // item,)

    def _item_bytes(self, tensor: Tensor) -> int:
        return (self._dtype(tensor)[1] + 7) // 8

    def _dtype(self, tensor: Tensor) -> tuple[int, int]:
        match = _DTYPE.fullmatch(tensor.dtype)
        if match is None or (not match.group(2)) != (match.group(1) == "bool"):
            raise self._archive.error(
                f"has a tensor of the unknown data type {shown(tensor.dtype)}"
            )
        return _TYPE_CODES[match.group(1)], int(match.group(2) or 1)

    def _untold(self) -> Exception:
        return self._archive.error(
            "does not list its inputs and outputs with their types (TVM 0.11 and later do): "
            "export it again with a later TVM, or call its functions from a program of your own"
        )

    def _c_interface(self, header_name: str, header: str) -> str:
        run = _C_RUN.search(header)
        assert run is not None
        structs = {kind: name for name, kind in _C_PARAMETER.findall(run.group(2))}
        if "inputs" not in structs or "outputs" not in structs:
            raise self._archive.error(
                "keeps inputs and outputs in its workspace pools, which no template here supports: "
                "compile it without usmp's use of pools for them"
            )
        parameters, results = self._relay_signature()
        members = _members(header, structs["outputs"])
        told = dict(zip(members, results)) if len(members) == len(results) else {}
        outputs = self._c_tensors(members, self._module.outputs, told)
        inputs = self._c_tensors(
            _members(header, structs["inputs"]), self._module.inputs, parameters
        )
        body = [
            f"    struct {structs['inputs']} given = {{{_elements('inputs', len(inputs))}}};",
            f"    struct {structs['outputs']} wanted = {{{_elements('outputs', len(outputs))}}};",
        ]
        arguments = ["&given", "&wanted"]
        globals_ = []
        if "workspace_pools" in structs:
            names = _members(header, structs["workspace_pools"])
            globals_ = [self._pool(name, header) for name in names]
            pools = ", ".join(f"(void *)pool_{name}" for name in names)
            body.append(f"    struct {structs['workspace_pools']} pools = {{{pools}}};")
            arguments.append("&pools")
        if "devices" in structs:
            body.append(f"    struct {structs['devices']} devices = {{0}};")
            arguments.append("&devices")
        body.append(f"    return {run.group(1)}({', '.join(arguments)});")
        return self._source([f'#include "{header_name}"', "", *globals_], body, inputs, outputs)

    def _pool(self, name: str, header: str) -> str:
        """Memory for one of the pools that the caller supplies."""
        for macro, kind in _POOL_MACRO.findall(header):
            if macro.replace("_", "").lower().endswith(name.replace("_", "").lower()):
                if kind == "CONSTANT_POOL_DATA":
                    return (
                        f"static const uint8_t pool_{name}[] __attribute__((aligned(16))) = "
                        f"{{{macro}_{kind}}};"
                    )
                return f"static uint8_t pool_{name}[{macro}_{kind}] __attribute__((aligned(16)));"
        raise self._archive.error(f"does not tell the size of its workspace pool {name!r}")

    def _packed(self, entry: str, inputs: _Tensors, outputs: _Tensors) -> str:
        tensors = [*inputs, *outputs]
        head = [
            "#include <tvm/runtime/c_runtime_api.h>",
            "",
            f"int32_t {entry}(TVMValue *arguments, int *types, int count, TVMValue *result,",
            "    int *result_type, void *resource);",
            "",
        ]
        body = [f"    DLTensor tensors[{len(tensors)}] = {{"]
        for index, (_, tensor, shape) in enumerate(tensors):
            is_input = index < len(inputs)
            data = f"inputs[{index}]" if is_input else f"outputs[{index - len(inputs)}]"
            kind = f"input_{index}" if is_input else f"output_{index - len(inputs)}"
            code, bits = self._dtype(tensor)
            body.append(
                f"        {{.data = {data}, .device = {{kDLCPU, 0}}, .ndim = {len(shape)}, "
                f".dtype = {{{code}, {bits}, 1}}, .shape = (int64_t *)shape_{kind}}},"
            )
        body += [
            "    };",
            f"    TVMValue arguments[{len(tensors)}];",
            f"    int types[{len(tensors)}];",
            f"    for (int i = 0; i < {len(tensors)}; i++) {{",
            "        arguments[i].v_handle = &tensors[i];",
            "        types[i] = kTVMDLTensorHandle;",
            "    }",
            "    TVMValue result = {0};",
            "    int result_type = kTVMNullptr;",
            f"    return {entry}(arguments, types, {len(tensors)}, &result, &result_type, NULL);",
        ]
        return self._source(head, body, inputs, outputs)

    def _source(self, head: list[str], body: list[str], inputs: _Tensors, outputs: _Tensors) -> str:
        unused = [
            f"    (void){kind};" for kind, t in (("inputs", inputs), ("outputs", outputs)) if not t
        ]
        lines = [
            "/* Generated when the project was: the model as device_kit runs it. */",
            "#include <stddef.h>",
            "#include <stdint.h>",
            "",
            "#include <device_kit/model.h>",
            *([] if self.has_functions else _NO_FUNCTIONS),
            *head,
            *self._tables("input", inputs),
            *self._tables("output", outputs),
            "static int32_t run(void *const *inputs, void *const *outputs) {",
            *unused,
            *body,
            "}",
            "",
            "const dk_model dk_system_model = {",
            f"    .name = {_literal(self._module.name)},",
            f"    .inputs = {'input_infos' if inputs else 'NULL'},",
            f"    .num_inputs = {len(inputs)},",
            f"    .outputs = {'output_infos' if outputs else 'NULL'},",
            f"    .num_outputs = {len(outputs)},",
            "    .run = run,",
            f"    .workspace_bytes = {self._module.workspace_bytes},",
            f"    .constant_bytes = {self._module.constant_bytes},",
            "};",
        ]
        return "\n".join(lines) + "\n"

    def _tables(self, kind: str, tensors: _Tensors) -> list[str]:
        lines = [
            f"static const int64_t shape_{kind}_{index}[{max(len(shape), 1)}] = "
            f"{{{', '.join(map(str, shape)) or '0'}}};"
            for index, (_, _, shape) in enumerate(tensors)
        ]
        if tensors:
            lines.append(f"static const dk_tensor_info {kind}_infos[{len(tensors)}] = {{")
            for index, (name, tensor, shape) in enumerate(tensors):
                code, bits = self._dtype(tensor)
                lines.append(
                    f"    {{{_literal(name)}, shape_{kind}_{index}, {len(shape)}, "
                    f"{{{code}, {bits}, 1}}, {tensor.size_bytes}}},"
                )
            lines.append("};")
        return lines


if TYPE_CHECKING:
    from typing import Tuple

    #: Name, type and size, shape.
    _Tensor = Tuple[str, Tensor, Tuple[int, ...]]
    _Tensors = list[_Tensor]


def _c_name(name: str) -> str:
    """A tensor's name as a member of a struct."""
    return re.sub(r"[^A-Za-z0-9]", "_", name)


def _members(header: str, struct: str) -> list[str]:
    body = re.search(rf"struct\s+{struct}\s*\{{([^}}]*)\}}", header)
    return _MEMBER.findall(body.group(1)) if body else []


def _elements(array: str, count: int) -> str:
    return ", ".join(f"{array}[{index}]" for index in range(count)) or "0"


def _literal(name: str) -> str:
    """A C string; what is not plain ASCII becomes an octal escape, which ends after 3 digits."""
    plain = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}"
        for byte in name.encode("utf-8")
    )
    return f'"{plain}"'


def _count(shape: Sequence[int]) -> int:
    count = 1
    for extent in shape:
        count *= extent
    return count
