"""The experiment folder of the public program: tables and tensors, read as data only and written as it reads them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from voxcommons.base.errors import InputError, RefusedFileError
from voxcommons.prepare.public_features import (
    PublicText,
    read_feature,
    read_features,
    read_tensor,
    write_codes,
    write_feature,
    write_texts,
)  # fmt: skip

TEXTS = [("a.wav", PublicText(("n", "i2", "h", "ao3", "."), (2, 2, 1), "你好.")), ("b.wav", PublicText(("HH", "AY1", "."), None, "hi."))]


def test_tables_that_were_written_are_read_back(tmp_path):
    write_texts(tmp_path, TEXTS)
    write_codes(tmp_path, [("a.wav", (1, 1023, 0))])
    found = read_features(tmp_path)
    assert found.faults == ()
    assert list(found.texts.items()) == TEXTS
    assert found.codes == {"a.wav": (1, 1023, 0)}
    assert (tmp_path / "2-name2text.txt").read_text("utf-8").splitlines()[0] == "a.wav\tn i2 h ao3 .\t[2, 2, 1]\t你好."
    assert (tmp_path / "6-name2semantic.tsv").read_text("utf-8").splitlines()[0] == "item_name\tsemantic_audio"


def test_quoted_codes_and_tables_in_parts_are_read_in_order(tmp_path):
    for part, codes in ((10, "7"), (2, "5 6")):
        (tmp_path / f"6-name2semantic-{part}.tsv").write_text(f'{part}.wav\t"{codes}"\n')
    assert list(read_features(tmp_path).codes.items()) == [("2.wav", (5, 6)), ("10.wav", (7,))]


@pytest.mark.parametrize(
    ("table", "line", "word"),
    [
        ("2-name2text.txt", "a.wav\tAY1", "2 fields"),
        ("2-name2text.txt", "a.wav\t\tNone\ttext", "4 fields"),
        ("2-name2text.txt", "a.wav\tHH AY1\t[1]\thi", "count 2 phones"),
        ("2-name2text.txt", "a.wav\tHH AY1\t__import__('os').abort()\thi", "count 2 phones"),
        ("2-name2text.txt", "a.wav\tHH AY1\t[true, 1]\thi", "count 2 phones"),
        ("2-name2text.txt", "a.wav\tHH AY1\t" + "[" * 9000 + "\thi", "count 2 phones"),
        ("6-name2semantic.tsv", "a.wav\t1 1024", "1024"),
        ("6-name2semantic.tsv", "a.wav\t1 -2", "codes"),
        ("6-name2semantic.tsv", "a.wav\t1 ²", "codes"),
        ("6-name2semantic.tsv", "a.wav", "codes"),
    ],
)
def test_a_bad_line_is_left_out_and_named(tmp_path, table, line, word):
    good = "b.wav\tHH AY1\tNone\thi" if table.endswith("txt") else "b.wav\t1 2"
    (tmp_path / table).write_text(f"{good}\n{line}\n", encoding="utf-8")
    found = read_features(tmp_path)
    assert {*found.texts, *found.codes} == {"b.wav"}
    (fault,) = found.faults
    assert (fault.file, fault.line, fault.kept) == (table, 2, False)
    assert word in fault.problem


def test_unknown_phones_and_second_lines_are_named_and_the_last_line_counts(tmp_path):
    (tmp_path / "2-name2text.txt").write_text("a.wav\tXX\tNone\tx\na.wav\tHH\tNone\ty\n")
    found = read_features(tmp_path)
    assert found.texts["a.wav"].normalized == "y"
    assert [(fault.line, fault.kept) for fault in found.faults] == [(1, True), (2, True)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_tensors_that_torch_wrote_are_read_without_torch_load(tmp_path, dtype):
    tensor = torch.randn(1, 768, 5, generator=torch.Generator().manual_seed(0)).to(dtype)
    (tmp_path / "4-cnhubert").mkdir()
    torch.save(tensor, tmp_path / "4-cnhubert" / "a.wav.pt")
    ours = read_feature(read_features(tmp_path), "4-cnhubert", "a.wav")
    assert np.array_equal(ours, tensor.float().numpy())


def test_tensors_that_we_wrote_are_read_by_torch(tmp_path):
    tensor = np.random.default_rng(0).normal(size=(1024, 7)).astype(np.float32)
    write_feature(tmp_path, "3-bert", "a.wav", tensor)
    loaded = torch.load(tmp_path / "3-bert" / "a.wav.pt", weights_only=True)  # noqa: TID251 - as the public program does
    assert np.array_equal(loaded.numpy(), tensor)
    assert np.array_equal(read_feature(read_features(tmp_path), "3-bert", "a.wav"), tensor)


def test_a_tensor_of_another_shape_is_refused(tmp_path):
    write_feature(tmp_path, "4-cnhubert", "a.wav", np.zeros((1, 1024, 3), np.float32))
    with pytest.raises(RefusedFileError, match="another shape"):
        read_feature(read_features(tmp_path), "4-cnhubert", "a.wav")


def test_a_file_that_would_run_something_is_refused(tmp_path):
    evil = tmp_path / "evil.pt"
    evil.write_bytes(b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.")
    with pytest.raises(RefusedFileError):
        read_tensor(evil)
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(RefusedFileError, match="objects"):
        read_tensor(tmp_path / "objects.npy")


def test_a_file_of_several_tensors_is_refused_and_a_numpy_file_is_read(tmp_path):
    torch.save({"a": torch.zeros(3)}, tmp_path / "many.pt")
    with pytest.raises(RefusedFileError, match="single tensor"):
        read_tensor(tmp_path / "many.pt")
    np.save(tmp_path / "one.npy", np.arange(3.0))
    assert read_tensor(tmp_path / "one.npy").tolist() == [0.0, 1.0, 2.0]


def test_a_name_never_leads_out_of_the_experiment(tmp_path):
    experiment = tmp_path / "logs"
    (experiment / "3-bert").mkdir(parents=True)
    (tmp_path / "secret.pt").write_bytes(b"x")
    (experiment / "3-bert" / "link.wav.pt").symlink_to(tmp_path / "secret.pt")
    found = read_features(experiment)
    for name in ("../../secret", "..", ".", "link.wav", "a\0b", ""):
        assert found.file("3-bert", name) is None


def test_a_folder_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(InputError, match="experiment folder"):
        read_features(tmp_path / "none")
