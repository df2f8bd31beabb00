"""A delta holds what changed and gives the tuned weights back exactly."""

import numpy as np
import pytest

from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.voicefile.delta import apply_delta, changed_tensors, write_delta
from voxcommons.voicefile.tensors import RawTensor, TensorFile, write_tensors

BASE = {"a": np.ones((2, 3), np.float32), "b": np.zeros(4, np.float16), "c": np.arange(3)}


def write(path, arrays, raw=()):
    write_tensors(path, {name: RawTensor.of(array) for name, array in arrays.items()} | dict(raw))
    return path


def test_only_what_changed_is_kept_and_the_rest_comes_from_the_base(tmp_path):
    base = write(tmp_path / "base", BASE, {"h": RawTensor("BF16", (1,), b"\0\1")})
    tuned = write(tmp_path / "tuned", {**BASE, "b": BASE["b"] + 1, "new": np.ones(1)}, {"h": RawTensor("BF16", (1,), b"\0\2")})
    assert write_delta(base, tuned, tmp_path / "delta") == ["b", "h", "new"]
    assert sorted(TensorFile.at(tmp_path / "delta")) == ["b", "h", "new"]
    wanted = TensorFile.at(tuned)
    assert apply_delta(base, tmp_path / "delta") == {name: wanted.read(name) for name in sorted(wanted)}


def test_another_type_or_shape_is_a_change_and_equal_files_have_none(tmp_path):
    base = write(tmp_path / "base", BASE)
    other = write(tmp_path / "other", {**BASE, "a": np.ones(6, np.float32), "b": BASE["b"].astype(np.float32)})
    assert changed_tensors(TensorFile.at(base), TensorFile.at(other)) == ["a", "b"]
    assert write_delta(base, base, tmp_path / "delta") == []


def test_a_delta_goes_on_its_own_base_only(tmp_path):
    base, other = write(tmp_path / "base", BASE), write(tmp_path / "other", {**BASE, "c": np.arange(3) + 1})
    write_delta(base, other, tmp_path / "delta")
    with pytest.raises(CorruptFileError, match="another base"):
        apply_delta(other, tmp_path / "delta")
    write_delta(base, other, tmp_path / "delta", base_sha256="ab" * 32)
    assert apply_delta(base, tmp_path / "delta", base_sha256="ab" * 32)


def test_weights_of_another_model_are_refused(tmp_path):
    base, tuned = write(tmp_path / "base", BASE), write(tmp_path / "tuned", {"a": BASE["a"]})
    with pytest.raises(InputError, match="b, c"):
        write_delta(base, tuned, tmp_path / "delta")
    assert not (tmp_path / "delta").exists()
