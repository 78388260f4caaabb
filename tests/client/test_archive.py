# SPDX-License-Identifier: Apache-2.0
"""What archives say about their models, ours and those of TVM 0.18."""

from __future__ import annotations

import gzip
import json
import pathlib
import tarfile

import pytest

from microtvm.archive import ArchiveError, TensorFacts, read_model_facts
from tests.templates import tiny_model


def test_an_archive_of_ours(archive: pathlib.Path) -> None:
    facts = read_model_facts(archive)
    assert (facts.name, facts.abi, facts.format_version) == ("default", "device_kit.1", 7)
    assert facts.inputs == (TensorFacts("x", "float32", 16, (4,)),)
    assert facts.outputs == (TensorFacts("y", "float32", 16, (4,)),)
    assert (facts.constant_bytes, facts.workspace_bytes) == (16, 16)
    assert json.loads(json.dumps(facts.to_json()))["inputs"][0]["name"] == "x"


def test_archives_of_tvm(shared_mlf: pathlib.Path) -> None:
    facts = read_model_facts(shared_mlf / "dense_aot.tar")
    assert (facts.name, facts.abi, facts.executors) == ("default", "tvm.crt", ("aot",))
    assert facts.inputs == (TensorFacts("x", "float32", 256, None),)
    assert (facts.constant_bytes, facts.workspace_bytes) == (2560, 100)
    operator = read_model_facts(shared_mlf / "matmul_op.tar")
    assert (operator.name, operator.inputs) == ("matmul16", ())


def test_files_that_are_no_archives(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ArchiveError, match=r"nothing\.tar cannot be opened: No such file"):
        read_model_facts(tmp_path / "nothing.tar")
    with pytest.raises(ArchiveError, match="is not a file"):
        read_model_facts(tmp_path)
    (tmp_path / "text.tar").write_text("text")
    with pytest.raises(ArchiveError, match=r"text\.tar is damaged or not a tar archive"):
        read_model_facts(tmp_path / "text.tar")
    tiny_model.write_tar(tmp_path / "other.tar", {"readme.txt": b"text"})
    with pytest.raises(ArchiveError, match=r"holds no metadata\.json"):
        read_model_facts(tmp_path / "other.tar")


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xff", "is not JSON"),
        (b"[]", "holds no object"),
        (b"{}", "not that of a Model Library Format archive"),
        (b'{"version": 7, "modules": {"default": {}}}', "lacks what version 7 promises"),
    ],
)
def test_metadata_that_is_none(tmp_path: pathlib.Path, metadata: bytes, says: str) -> None:
    path = tiny_model.write_tar(tmp_path / "model.tar", {"./metadata.json": metadata})
    with pytest.raises(ArchiveError, match=says):
        read_model_facts(path)


def _two_outputs(path: pathlib.Path, entries: dict[str, int | None], header: str = "") -> list[str]:
    """The order in which outputs are read from an archive whose metadata has its keys sorted."""
    tensors = {
        name: {"dtype": "int8", "size": 1} | ({} if index is None else {"index": index})
        for name, index in sorted(entries.items())
    }
    main = {"device": 1, "inputs": {}, "outputs": tensors}
    module = {"memory": {"functions": {"main": [main]}}, "executors": ["aot"]}
    members = {
        "./metadata.json": json.dumps({"version": 7, "modules": {"default": module}}).encode(),
        "./codegen/host/include/tvmgen_default.h": header.encode(),
    }
    tiny_model.write_tar(path, members)
    return [tensor.name for tensor in read_model_facts(path).outputs]


def test_outputs_come_in_the_order_of_the_models_function(tmp_path: pathlib.Path) -> None:
    """Also where their names are not in alphabetical order, which is that of the file's keys."""
    path = tmp_path / "model.tar"
    ours = {"StatefulPartitionedCall:1": 0, "StatefulPartitionedCall:0": 1}
    assert _two_outputs(path, ours) == list(ours)
    numbered = {f"output{n}": None for n in range(12)}
    assert _two_outputs(path, numbered) == list(numbered)
    header = "struct tvmgen_default_outputs {\n  void* scores_0;\n  void* boxes;\n};"
    assert _two_outputs(path, {"boxes": None, "scores:0": None}, header) == ["scores:0", "boxes"]


def test_outputs_with_impossible_numbers_are_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ArchiveError, match="lacks what version 7 promises"):
        _two_outputs(tmp_path / "model.tar", {"a": 1, "b": 1})


def test_the_client_reads_archives_as_the_server_does(tmp_path: pathlib.Path) -> None:
    """A member that unpacks to gigabytes is refused by its header, not after it was unpacked."""
    header = tarfile.TarInfo("huge")
    header.size = 3 << 30
    path = tmp_path / "bomb.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header.tobuf())
        file.write(bytes(8 << 20))
    with pytest.raises(ArchiveError, match="'huge' of 3221225472 bytes"):
        read_model_facts(path)
