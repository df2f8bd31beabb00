"""A corpus is packed once, whole, and every clip comes back as it was."""

import numpy as np
import pytest

from tiny_corpus import make_tiny_corpus, vowel
from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.prepare.corpus import PEAK_LIMIT, TARGET_RMS, level, pack, read_manifest


def test_every_clip_of_the_manifest_is_packed_and_keeps_its_sound(tmp_path):
    corpus = pack(make_tiny_corpus(tmp_path / "data"), tmp_path / "pack", rate=16000)
    assert len(corpus.clips) == 32
    assert sum(clip.length_samples for clip in corpus.clips) == len(corpus.samples)
    first = next(clip for clip in corpus.clips if clip.path == "en/train/0.flac")
    expected = level(vowel(101, 1.7))
    assert np.abs(corpus.wave(first) - expected).max() < 1e-3
    assert first.text == "hello world"


def test_a_second_call_opens_the_pack_without_the_archives(tmp_path):
    data = make_tiny_corpus(tmp_path / "data")
    pack(data, tmp_path / "pack", rate=16000)
    (data / "en.tar").unlink()
    assert len(pack(data, tmp_path / "pack", rate=16000).clips) == 32


def test_a_corpus_can_be_left_out_without_renumbering_the_rest(tmp_path):
    corpus = pack(make_tiny_corpus(tmp_path / "data"), tmp_path / "pack", rate=16000)
    assert corpus.without(["other"]).clips == corpus.clips
    fewer = corpus.without(["made"])
    assert {clip.split for clip in fewer.clips} == {"left out"}
    assert [clip.path for clip in fewer.clips] == [clip.path for clip in corpus.clips]


def test_a_pack_of_another_rate_is_refused(tmp_path):
    data = make_tiny_corpus(tmp_path / "data")
    pack(data, tmp_path / "pack", rate=16000)
    with pytest.raises(InputError, match="16000 Hz"):
        pack(data, tmp_path / "pack", rate=24000)


def test_resampling_keeps_the_duration(tmp_path):
    corpus = pack(make_tiny_corpus(tmp_path / "data", 1), tmp_path / "pack", rate=24000)
    assert {clip.length_samples for clip in corpus.clips} == {int(1.7 * 24000)}


def test_a_missing_archive_leaves_no_half_pack(tmp_path):
    data = make_tiny_corpus(tmp_path / "data")
    (data / "zh.tar").unlink()
    with pytest.raises(InputError, match="zh.tar"):
        pack(data, tmp_path / "pack", rate=16000)
    assert not (tmp_path / "pack").exists()


def test_a_clip_that_is_not_audio_is_named(tmp_path):
    data = make_tiny_corpus(tmp_path / "data")
    archive = data / "en.tar"
    archive.write_bytes(archive.read_bytes().replace(b"fLaC", b"nope"))
    with pytest.raises(CorruptFileError, match="en/train/0.flac"):
        pack(data, tmp_path / "pack", rate=16000)


def test_a_clip_the_archive_lacks_is_an_error(tmp_path):
    data = make_tiny_corpus(tmp_path / "data")
    manifest = data / "manifest.tsv"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("en/train/0.flac", "en/train/99.flac"), encoding="utf-8")
    with pytest.raises(CorruptFileError, match="16 clips in en.tar; found 15"):
        pack(data, tmp_path / "pack", rate=16000)


def test_all_missing_columns_are_named_at_once(tmp_path):
    (tmp_path / "manifest.tsv").write_text("archive\tpath\n", encoding="utf-8")
    with pytest.raises(InputError, match="no split, corpus, speaker, language, seconds, text, gender"):
        read_manifest(tmp_path)


def test_a_folder_without_manifest_is_an_error(tmp_path):
    with pytest.raises(InputError, match="manifest.tsv"):
        read_manifest(tmp_path)


def test_level_brings_quiet_and_loud_clips_together_without_clipping():
    quiet, loud = level(0.02 * vowel(1, 2.0)), level(9 * vowel(1, 2.0))
    assert np.allclose(quiet, loud, atol=1e-4)
    frames = quiet[: len(quiet) // 400 * 400].reshape(-1, 400)
    energy = np.sqrt((frames**2).mean(axis=1))
    assert np.mean(energy[energy >= np.median(energy)]) == pytest.approx(TARGET_RMS, rel=0.01)
    spike = np.zeros(16000, np.float32)
    spike[::4000] = 1.0
    assert np.abs(level(spike)).max() <= PEAK_LIMIT + 1e-6
