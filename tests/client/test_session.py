# SPDX-License-Identifier: Apache-2.0
"""Sessions with real firmware: the host template's, with device_kit in it."""

from __future__ import annotations

import gc
import pathlib

import numpy as np
import pytest

import microtvm
from microtvm import GeneratedProject, RemoteError, Session, create_local_aot_executor
from microtvm.errors import DataTypeError, NoSuchTensorError, ShapeError
from microtvm.rpc.packets import Device
from microtvm.rpc.remote import (
    FunctionNotFoundError,
    RemoteFunction,
    RemoteTensor,
    SessionClosedError,
)

X = np.array([1.0, -2.0, 0.5, 1e6], dtype=np.float32)


@pytest.fixture
def session(project: GeneratedProject) -> Session:
    with Session(project.transport()) as opened:
        yield opened


def test_run(session: Session) -> None:
    model = create_local_aot_executor(session)
    model.run(x=X)
    assert model.get_output(0).numpy().tolist() == (2 * X + 1).tolist()
    assert model.get_input(0).numpy().tolist() == X.tolist()


def test_ways_to_set_an_input(session: Session) -> None:
    model = create_local_aot_executor(session)
    for number, set_input in enumerate(
        (
            lambda value: model.set_input("x", value),
            lambda value: model.set_input(0, value),
            lambda value: model.set_input(x=value),
            lambda value: model.set_input("x", value.tolist()),  # plain numbers are converted
            lambda value: model.set_input("x", session.array(value)),
        )
    ):
        set_input(X + number)
        model.run()
        out = np.empty(4, np.float32)
        assert model.get_output(0, out) is out
        assert out.tolist() == (2 * (X + number) + 1).tolist()


def test_what_the_model_is(session: Session) -> None:
    model = create_local_aot_executor(session)
    assert (model.get_num_inputs(), model.get_num_outputs()) == (1, 1)
    assert model.get_input_name(0) == "x"
    assert model.get_input_index("x") == 0
    assert model.get_input_info() == ({"x": (4,)}, {"x": "float32"})


def test_wrong_values_name_the_input(session: Session) -> None:
    model = create_local_aot_executor(session)
    with pytest.raises(ShapeError, match=r"input 'x' wants shape \(4,\) and was given \(2, 2\)"):
        model.set_input("x", X.reshape(2, 2))
    with pytest.raises(DataTypeError, match="input 'x' wants float32 and was given float64"):
        model.run(x=X.astype(np.float64))
    with pytest.raises(NoSuchTensorError, match="no input 'z'; its inputs are 'x'"):
        model.set_input("z", X)
    with pytest.raises(NoSuchTensorError, match="output 1 does not exist; the model has 1"):
        model.get_output(1)


@pytest.mark.parametrize("fill", [0x00, 0x41, 0xFD, 0xFF])
@pytest.mark.parametrize("size", [1, 2013, 2048, 65000])
def test_tensors_of_any_size_and_bytes(session: Session, fill: int, size: int) -> None:
    if size > session.memory_stats().largest_free:
        pytest.fail("the template's pool is too small for this test")
    array = np.full(size, fill, np.uint8)
    assert (session.array(array).numpy() == array).all()


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "int32", "int64", "float32", "float64", "bool"]
)
def test_data_types(session: Session, dtype: str) -> None:
    array = (np.arange(24).reshape(2, 3, 4) % 2).astype(dtype)
    tensor = session.array(array)
    assert (tensor.shape, tensor.dtype) == ((2, 3, 4), np.dtype(dtype))
    assert (np.asarray(tensor) == array).all()


def test_a_data_type_no_device_has(session: Session) -> None:
    with pytest.raises(microtvm.MicroTVMError, match="complex64"):
        session.array(np.zeros(3, np.complex64))


def test_tensors_give_their_memory_back(session: Session) -> None:
    before = session.memory_stats().used
    tensor = session.empty((1000,), "float32")
    assert session.memory_stats().used >= before + 4000
    tensor.free()
    tensor.free()
    assert session.memory_stats().used == before
    session.empty((1000,), "float32")
    gc.collect()
    assert session.memory_stats().used == before
    assert session.memory_stats().high_water >= before + 4000


def test_a_full_pool_is_an_error_and_no_more(session: Session) -> None:
    with pytest.raises(RemoteError, match="refused"):
        session.empty((1 << 28,), "float32")
    assert (session.array(X).numpy() == X).all()


def test_the_model_on_tensors_of_ones_own(session: Session) -> None:
    function = session.get_system_lib()["tvmgen_default_run"]
    result = session.empty((4,), "float32")
    function(session.array(X), result)
    assert result.numpy().tolist() == (2 * X + 1).tolist()


def test_exceptions_leave_the_session_usable(session: Session) -> None:
    with pytest.raises(RemoteError, match=r"refused a call of runtime\.SystemLib"):
        session.get_function("runtime.SystemLib")("what", 1, 2.5, b"bytes", None, Device())
    forged = RemoteFunction(session._client(), 0xDEADBEEF, "a forged function")
    with pytest.raises(RemoteError, match="a forged function"):
        forged()
    model = create_local_aot_executor(session)
    stale = model.get_input(0).view._replace(data=0x10)
    with pytest.raises(RemoteError):
        RemoteTensor(session._client(), stale, None).numpy()
    model.run(x=X)
    assert model.get_output(0).numpy()[0] == 3.0


def test_unknown_functions(session: Session) -> None:
    with pytest.raises(FunctionNotFoundError, match=r"no global function 'nothing\.here'"):
        session.get_function("nothing.here")
    with pytest.raises(FunctionNotFoundError, match="no function 'nothing'"):
        session.get_system_lib()["nothing"]
    with pytest.raises(FunctionNotFoundError, match="no function 'nothing'"):
        create_local_aot_executor(session).benchmark(func_name="nothing")


def test_arguments_that_cannot_be_sent(session: Session) -> None:
    function = session.get_function("runtime.SystemLib")
    with pytest.raises(TypeError, match="on the device first"):
        function(X)
    with pytest.raises(TypeError, match="a dict"):
        function({})
    with pytest.raises(ValueError, match="zero character"):
        function("a\0b")


def test_times(session: Session) -> None:
    model = create_local_aot_executor(session)
    times = model.benchmark(number=10, repeat=3, x=X)
    assert len(times.results) == 3
    assert 0 < times.min <= times.median <= times.max < 1
    assert times.min <= times.mean <= times.max
    assert times.std >= 0
    assert "mean (ms)" in str(times)
    longer = model.benchmark(number=1, repeat=1, min_repeat_ms=20)
    assert len(longer.results) == 1
    with pytest.raises(ValueError, match="end_to_end"):
        model.benchmark(end_to_end=True)


def test_the_servers_version_can_be_announced(session: Session) -> None:
    session._client().init_server()
    assert session.memory_stats().pool_size > 0


def test_a_session_after_another(project: GeneratedProject) -> None:
    transport = project.transport()
    for _ in range(3):
        with Session(transport) as session:
            model = create_local_aot_executor(session)
            model.run(x=X)
            assert model.get_output(0).numpy()[0] == 3.0
    with pytest.raises(SessionClosedError, match="closed"):
        model.run()


def test_two_executors_in_a_session(session: Session) -> None:
    create_local_aot_executor(session).run(x=X)
    second = create_local_aot_executor(session)
    second.run(x=X)
    assert second.get_output(0).numpy()[0] == 3.0


def test_a_reset_in_the_middle_of_a_session(project: GeneratedProject) -> None:
    with Session(project.transport()) as session:
        with pytest.raises((microtvm.SessionTerminatedError, microtvm.TransportClosedError)):
            session.get_function("microtvm.reset")()
            session.memory_stats()
        with pytest.raises((SessionClosedError, microtvm.TransportClosedError)):
            session.memory_stats()
    with Session(project.transport()) as session:
        assert session.memory_stats().used == 0


def test_use_outside_the_block(project: GeneratedProject) -> None:
    session = Session(project.transport())
    with pytest.raises(SessionClosedError, match="not open"):
        session.get_system_lib()


def test_the_shape_of_tvm_micro(
    archive: pathlib.Path, built: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    # A tutorial written for TVM 0.18, with its import changed.
    template = microtvm.get_microtvm_template_projects("host")
    generated = microtvm.generate_project_from_mlf(
        template, tmp_path / "project", archive, {"project_type": "host_driven"}
    )
    generated.build()
    generated.flash()
    with microtvm.Session(transport_context_manager=generated.transport()) as session:
        aot_executor = microtvm.AotModule(session.create_aot_executor())
        aot_executor.get_input("x").copyfrom(X)
        aot_executor.run()
        assert aot_executor.get_output(0).numpy().tolist() == (2 * X + 1).tolist()
    generated.close()
