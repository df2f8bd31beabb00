"""A data set goes from the public layout to our corpus and back, and nothing of it is lost on the way."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from tiny_corpus import make_tiny_corpus, vowel
from voxcommons.base.errors import InputError
from voxcommons.prepare.corpus import clip_files, read_manifest
from voxcommons.prepare.public_dataset import public_text, public_wave, read_dataset, write_corpus, write_dataset
from voxcommons.prepare.public_features import PublicText, read_features, write_codes, write_feature, write_texts


@pytest.fixture
def listed(tmp_path):
    """Two clips with sounds; the list and its folder."""
    folder = tmp_path / "public"
    folder.mkdir()
    for name in ("a.wav", "b.wav"):
        soundfile.write(folder / name, vowel(ord(name[0]), 0.5, 32000), 32000)
    (folder / "mine.list").write_text("a.wav|me|EN|Hello.\nb.wav|you|ZH|你好。\n", encoding="utf-8")
    return folder / "mine.list"


def contents(corpus):
    """What a corpus says of its clips, with their bytes."""
    return {(row["speaker"], row["language"], row["text"], data) for row, data in clip_files(corpus, read_manifest(corpus))}


def test_a_corpus_survives_the_way_through_the_public_layout(tmp_path):
    corpus = make_tiny_corpus(tmp_path / "corpus")
    count, faults = write_dataset(corpus, tmp_path / "out")
    assert (count, faults) == (32, [])
    back = read_dataset([tmp_path / "out" / "dataset.list"])
    assert back.faults == ()
    write_corpus(back, tmp_path / "again")
    assert contents(tmp_path / "again") == contents(corpus)


def test_a_list_survives_the_way_through_our_corpus(listed, tmp_path):
    write_corpus(read_dataset([listed]), tmp_path / "corpus", name="mine")
    assert {row["corpus"] for row in read_manifest(tmp_path / "corpus")} == {"mine"}
    assert [row["seconds"] for row in read_manifest(tmp_path / "corpus")] == ["0.500", "0.500"]
    write_dataset(tmp_path / "corpus", tmp_path / "out")
    assert (tmp_path / "out" / "dataset.list").read_text("utf-8") == "sounds/a.wav|me|EN|Hello.\nsounds/b.wav|you|ZH|你好。\n"
    assert (tmp_path / "out" / "sounds" / "a.wav").read_bytes() == (listed.parent / "a.wav").read_bytes()


def test_clips_know_their_phones_codes_and_tensors(listed, tmp_path):
    experiment = tmp_path / "logs"
    write_texts(experiment, [("a.wav", PublicText(("HH", "AY1"), None, "hi"))])
    write_codes(experiment, [("b.wav", (3, 4))])
    write_feature(experiment, "4-cnhubert", "a.wav", np.zeros((1, 768, 2), np.float32))
    first, second = read_dataset([listed], prepared=experiment).clips
    assert first.text is not None
    assert (first.text.phones, first.codes, list(first.tensors)) == (("HH", "AY1"), None, ["4-cnhubert"])
    assert (second.text, second.codes, second.tensors) == (None, (3, 4), {})
    assert first.as_json()["phones"] == ["HH", "AY1"]


def test_a_sound_that_is_none_is_left_out_and_named(listed):
    (listed.parent / "b.wav").write_bytes(b"no sound")
    found = read_dataset([listed])
    assert [clip.listed.name for clip in found.clips] == ["a.wav"]
    assert str(found.faults[0]) == "mine.list:2: a sound file that cannot be read: b.wav; left out"


def test_a_sound_of_two_lists_is_taken_once(listed):
    second = listed.with_name("second.list")
    second.write_text("b.wav|you|ZH|你好。\n", encoding="utf-8")
    found = read_dataset([listed, second])
    assert len(found.clips) == 2
    assert str(found.faults[0]) == "second.list:1: a sound that mine.list has too; left out"


def test_two_files_of_one_name_keep_both_sounds_and_the_second_gets_no_features(listed, tmp_path):
    other = listed.parent / "other" / "A.wav"
    other.parent.mkdir()
    soundfile.write(other, vowel(9, 0.4, 32000), 32000)
    (other.parent / "a.wav").write_bytes(other.read_bytes())
    listed.write_text("a.wav|me|EN|One.\nother/a.wav|me|EN|Two.\n")
    write_codes(tmp_path / "logs", [("a.wav", (1,))])
    found = read_dataset([listed], prepared=tmp_path / "logs")
    assert [clip.codes for clip in found.clips] == [(1,), None]
    write_corpus(found, tmp_path / "corpus")
    assert [row["path"] for row in read_manifest(tmp_path / "corpus")] == ["a.wav", "a-2.wav"]


def test_rows_the_public_program_cannot_use_are_left_out_and_named(tmp_path):
    corpus = make_tiny_corpus(tmp_path / "corpus", 2)
    manifest = corpus / "manifest.tsv"
    rows = manifest.read_text("utf-8").splitlines()
    rows[1] = rows[1].replace("\ten\t", "\tfr\t")
    rows[2] = rows[2].replace("a good day", "a | day")
    manifest.write_text("\n".join(rows) + "\n", encoding="utf-8")
    count, faults = write_dataset(corpus, tmp_path / "out")
    assert count == 7
    assert [(fault.line, fault.kept) for fault in faults] == [(2, False), (3, True)]
    assert "a day" in (tmp_path / "out" / "dataset.list").read_text("utf-8")


def test_the_prepared_folder_has_the_public_phones_and_levels(listed, tmp_path):
    write_corpus(read_dataset([listed]), tmp_path / "corpus")
    write_dataset(tmp_path / "corpus", tmp_path / "out", prepared=True)
    found = read_features(tmp_path / "out")
    assert found.faults == ()
    assert found.texts["b.wav"] == PublicText(("n", "i2", "h", "ao3", "."), (2, 2, 1), "你好.")
    assert found.texts["a.wav"] == public_text("Hello.", "en")
    wave, rate = soundfile.read(tmp_path / "out" / "5-wav32k" / "a.wav", dtype="int16")
    source, _ = soundfile.read(listed.parent / "a.wav", dtype="float32")
    assert rate == 32000
    assert np.abs(wave).max() == pytest.approx((0.475 + 0.5 * np.abs(source).max()) * 32768, abs=1)


def test_clips_the_public_program_skips_have_no_level():
    assert public_wave(np.zeros(10, np.float32)) is None
    assert public_wave(np.full(10, 2.3, np.float32)) is None


def test_nothing_to_write_leaves_no_folder(listed, tmp_path):
    listed.write_text("gone.wav|me|EN|Hello.\n")
    with pytest.raises(InputError, match="no usable clip"):
        write_corpus(read_dataset([listed]), tmp_path / "corpus")
    assert not (tmp_path / "corpus").exists()
