"""Content has one name, however it lies in memory, and other content has another."""

import hashlib

import numpy as np

from voxcommons.base.hashing import sha256_file, sha256_tensors


def test_a_file_is_named_by_its_bytes(tmp_path):
    content = bytes(range(256)) * 9000  # more than two blocks
    (tmp_path / "file").write_bytes(content)
    assert sha256_file(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def test_order_layout_and_byte_order_do_not_matter():
    a, b = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([1, 2], dtype=np.int64)
    name = sha256_tensors({"a": a, "b": b})
    assert sha256_tensors({"b": b, "a": a}) == name
    assert sha256_tensors({"a": np.asfortranarray(a), "b": b.astype(">i8")}) == name


def test_name_shape_type_and_value_matter():
    a = np.zeros((2, 3), dtype=np.float32)
    name = sha256_tensors({"a": a})
    others = [{"b": a}, {"a": a.reshape(3, 2)}, {"a": a.astype(np.int32)}, {"a": a + 1}, {"a": a, "b": a}]
    assert name not in {sha256_tensors(other) for other in others}
    assert len({sha256_tensors(other) for other in others}) == len(others)


def test_a_known_value_does_not_drift():
    assert sha256_tensors({"x": np.array([1.0], dtype=np.float32)}) == hashlib.sha256(b"x\0f4\0001\0\0\0\x80?").hexdigest()
