"""Tensor files keep bytes exactly and are not trusted."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from voxcommons.base.errors import CorruptFileError
from voxcommons.voicefile.tensors import ITEM_BYTES, RawTensor, TensorFile, write_tensors

ARRAYS = {
    "weight": np.arange(12, dtype=np.float32).reshape(3, 4),
    "half": np.ones((2, 0, 3), np.float16),
    "ids": np.array(7, np.int64),
    "flags": np.array([True, False]),
}


def header(**entries):
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text


def test_we_read_what_the_library_writes_and_it_reads_what_we_write(tmp_path):
    save_file(ARRAYS, tmp_path / "theirs", {"note": "hello"})
    theirs = TensorFile.at(tmp_path / "theirs")
    assert theirs.metadata == {"note": "hello"}
    write_tensors(tmp_path / "ours", {name: theirs.read(name) for name in theirs}, {"note": "hello"})
    for found in (load_file(tmp_path / "ours"), {name: theirs.read(name).array() for name in theirs}):
        assert set(found) == set(ARRAYS)
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype


def test_types_without_a_numpy_name_are_copied_but_not_opened(tmp_path):
    write_tensors(tmp_path / "a", {"x": RawTensor("BF16", (2,), b"\1\2\3\4")})
    tensor = TensorFile.at(tmp_path / "a").read("x")
    assert tensor.data == b"\1\2\3\4"
    with pytest.raises(CorruptFileError, match="BF16"):
        tensor.array()


F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
HOSTILE = {
    "nothing": b"",
    "short": b"\1\0\0",
    "header longer than file": (1 << 40).to_bytes(8, "little") + b"{}",
    "no json": header()[:8] + b"[[",
    "not an object": (2).to_bytes(8, "little") + b"[]",
    "deep": (200_000).to_bytes(8, "little") + b"[" * 200_000,
    "repeated name": (lambda t: len(t).to_bytes(8, "little") + t)(b'{"a":1,"a":2}'),
    "no fields": header(a={}),
    "more fields": header(a={**F32, "class": "os.system"}) + bytes(8),
    "unknown type": header(a={**F32, "dtype": "OBJ"}) + bytes(8),
    "negative shape": header(a={**F32, "shape": [-2]}) + bytes(8),
    "true as a number": header(a={**F32, "shape": [True, 2]}) + bytes(8),
    "huge shape": header(a={**F32, "shape": [1 << 50]}) + bytes(8),
    "size against shape": header(a={**F32, "shape": [3]}) + bytes(8),
    "offsets beyond": header(a={**F32, "data_offsets": [8, 16]}) + bytes(16),
    "overlap": header(a=F32, b=F32) + bytes(8),
    "hidden bytes": header(a=F32) + bytes(9),
    "truncated": header(a=F32) + bytes(7),
    "notes of numbers": header(__metadata__={"a": 1}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_on_opening(tmp_path, name):
    (tmp_path / "x").write_bytes(HOSTILE[name])
    with pytest.raises(CorruptFileError):
        TensorFile.at(tmp_path / "x")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 250), value=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_harmless(tmp_path, at, value):
    write_tensors(tmp_path / "good", {name: RawTensor.of(array) for name, array in ARRAYS.items()})
    data = bytearray((tmp_path / "good").read_bytes())
    data[at % len(data)] = value
    (tmp_path / "bad").write_bytes(data)
    try:
        file = TensorFile.at(tmp_path / "bad")
    except CorruptFileError:
        return
    for name in file:
        dtype, shape = file.facts(name)
        assert len(file.read(name).data) == int(np.prod(shape)) * ITEM_BYTES[dtype]
