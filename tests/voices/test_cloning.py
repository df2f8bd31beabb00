"""A recording becomes a voice that holds what it should and nothing it should not."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from cloned_voices import cloned
from sounds import speech_like, write_wav
from tiny_base import make_tiny_base
from voxcommons.audio.files import load
from voxcommons.base.errors import InputError
from voxcommons.base.progress import NullProgress
from voxcommons.prepare.recording import prepare_recording
from voxcommons.text.reader import read
from voxcommons.voicefile.check import check
from voxcommons.voicefile.manifest import BaseFacts
from voxcommons.voices.cloning import CloneOptions, build_voice, read_transcript
from voxcommons.voices.library import Library


def noon():
    return datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def base():
    return make_tiny_base()


@pytest.fixture
def library(home, tmp_path):
    return Library(home, bundled=tmp_path / "none")


@pytest.fixture
def recording(tmp_path):
    return write_wav(tmp_path / "录音 1.wav", speech_like((4.0, 6.0, 5.0, 3.0)))


def test_a_cloned_voice_is_whole_and_says_where_it_comes_from(recording, base, library):
    options = CloneOptions(now=noon, consent="she agreed", licence="CC0-1.0", speaker={"gender": "F"})
    voice = cloned(recording, "小明", base=base, library=library, options=options)
    made = voice.manifest
    assert check(voice.folder) == []
    assert sorted(path.name for path in voice.folder.iterdir()) == ["README.md", "prompt.safetensors", "reference.flac", "voice.json"]
    assert made.base == BaseFacts("tiny", base.sha256)
    assert (made.created, made.consent.note, made.licence) == ("2026-11-21T12:00:00+00:00", "she agreed", "CC0-1.0")
    assert made.recording.verdict == "excellent"
    assert "she agreed" in (voice.folder / "README.md").read_text("utf-8")
    assert voice.features.style.shape == (base.semantic_to_wave.gin,)
    assert len(voice.features.prompt_codes) == pytest.approx(25 * (made.prompt.end_s - made.prompt.start_s), abs=2)


def test_the_kept_recording_is_the_given_one(recording, base, library):
    voice = cloned(recording, "a", base=base, library=library)
    kept, given = load(voice.folder / "reference.flac"), load(recording)
    assert kept.rate == given.rate
    assert np.corrcoef(kept.samples, given.samples)[0, 1] > 0.9999


def test_the_same_recording_gives_the_same_voice(recording, base, library):
    options = CloneOptions(now=noon)
    one = cloned(recording, "a", base=base, library=library, options=options)
    first = {path.name: path.read_bytes() for path in one.folder.iterdir()}
    two = cloned(recording, "a", base=base, library=library, options=options, replace=True)
    assert {path.name: path.read_bytes() for path in two.folder.iterdir()} == first


def test_without_the_recording_nothing_that_was_said_is_kept(recording, base, library):
    options = CloneOptions(keep_recording=False)
    voice = cloned(recording, "a", text="the secret word", language="en", base=base, library=library, options=options)
    assert sorted(path.name for path in voice.folder.iterdir()) == ["README.md", "prompt.safetensors", "voice.json"]
    assert not any(b"secret" in path.read_bytes() for path in voice.folder.iterdir())
    assert check(voice.folder) == []


class Hearing:
    """A content encoder that hears given phones with certainty."""

    blank_id = 732

    def __init__(self, ids):
        self.ids = ids

    def tokens(self, wave, lengths=None):
        return torch.arange(wave.shape[1] // 640)[None] % 7

    def log_probs(self, wave, lengths=None):
        found = torch.full((1, 2 * len(self.ids), self.blank_id + 1), -9.0)
        found[0, range(0, 2 * len(self.ids), 2), self.ids] = 0.0
        found[0, 1::2, self.blank_id] = 0.0
        return found


@pytest.mark.parametrize("keep", [True, False])
def test_the_words_of_the_prompt_are_kept_with_the_recording_only(recording, base, library, keep):
    said = read("the secret word is blue", "en")
    hearing = replace(base, content=Hearing(said.ids))
    options = CloneOptions(keep_recording=keep)
    voice = cloned(recording, "a", text="Hello. The secret word is blue. Goodbye.", base=hearing, library=library, options=options)
    prompt = voice.manifest.prompt
    assert (prompt.phones_from, prompt.text) == ("text", "The secret word is blue" if keep else "")
    assert voice.features.prompt_phones[:-1].tolist() == list(said.ids)
    assert any(b"secret" in path.read_bytes() for path in voice.folder.iterdir()) == keep


class HearingOnlyLater(Hearing):
    """Hears the words in the second phrase it is given, something else in the others."""

    def __init__(self, ids):
        super().__init__(ids)
        self.phrases = []

    def log_probs(self, wave, lengths=None):
        samples = wave.shape[1]
        phrase = samples - 16_000 if samples - 16_000 in self.phrases else samples  # heard again with silence around it
        if phrase not in self.phrases:
            self.phrases.append(phrase)
        return Hearing(self.ids if self.phrases.index(phrase) == 1 else tuple(reversed(self.ids))).log_probs(wave)


def test_the_prompt_is_a_phrase_in_which_the_text_is_heard(recording, base, library):
    hearing = HearingOnlyLater(read("the secret word is blue", "en").ids)
    prepared = prepare_recording(recording)
    made = build_voice(
        prepared, "a", read_transcript("The secret word is blue.", "en", table="v2"), replace(base, content=hearing), library
    )
    assert made.voice.manifest.prompt.start_s == pytest.approx(prepared.prompts[1].start_s, abs=1e-3)
    assert made.voice.manifest.prompt.phones_from == "text"
    assert len(hearing.phrases) == 2
    assert made.advice == ()


def test_a_text_that_does_not_fit_is_kept_as_transcript_and_said(recording, base, library):
    transcript = read_transcript("今天天气很好。", None, table=base.table)
    made = build_voice(prepare_recording(recording), "a", transcript, base, library)
    assert [note.kind for note in made.advice] == ["text_mismatch"]
    assert (made.voice.folder / "reference.txt").read_text("utf-8") == "今天天气很好。"
    assert made.voice.manifest.language == "zh"
    assert made.voice.manifest.prompt.phones_from == "recognised"


def test_a_text_without_words_is_said(recording, base, library):
    made = build_voice(prepare_recording(recording), "a", read_transcript("  \n", "en", table=base.table), base, library)
    assert [note.kind for note in made.advice] == ["text_unreadable"]
    assert not (made.voice.folder / "reference.txt").exists()


def test_bad_texts_and_languages_are_refused(base):
    with pytest.raises(InputError, match="too long"):
        read_transcript("a" * 300_000, "en", table="v2")
    for text, language in (("hello", "klingon"), (None, "not a language")):
        with pytest.raises(InputError, match="language"):
            read_transcript(text, language, table="v2")


def test_a_preview_is_made_by_the_hook_before_the_voice_is_there(recording, base, library):
    seen = []

    def preview(voice, path):
        seen.append((voice.features.style.shape, path.name, list(library.names())))
        path.write_bytes(b"fLaC" + bytes(100))

    voice = cloned(recording, "a", base=base, library=library, options=CloneOptions(preview=preview))
    assert seen == [((base.semantic_to_wave.gin,), "preview.flac", [])]
    assert check(voice.folder) == []
    assert "preview.flac" in voice.manifest.files


class StopAt(NullProgress):
    def __init__(self, label):
        self.label = label

    def start(self, total, label):
        if self.label in label:
            raise KeyboardInterrupt


@pytest.mark.parametrize("label", ["reading", "timbre", "writing"])
def test_ctrl_c_at_any_stage_leaves_nothing(recording, base, library, label):
    with pytest.raises(KeyboardInterrupt):
        cloned(recording, "a", base=base, library=library, progress=StopAt(label))
    assert not library.folder.exists() or list(library.folder.iterdir()) == []


def test_ctrl_c_while_the_files_are_written_leaves_nothing(recording, base, library):
    def preview(voice, path):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cloned(recording, "a", base=base, library=library, options=CloneOptions(preview=preview))
    assert list(library.folder.iterdir()) == []


def test_a_taken_name_is_refused_before_the_recording_is_read(base, library, recording):
    cloned(recording, "a", base=base, library=library)
    with pytest.raises(InputError, match="already"):
        cloned("/no/such/file.wav", "a", base=base, library=library)


@pytest.mark.parametrize("name", ["en_libri_5652", "zh-CN_cv-zh-b2255372c2a1", "en-US_kathleen"])
def test_real_recordings_are_cloned(shared, base, library, name):
    folder = shared / "speech" / "references"
    voice = cloned(folder / f"{name}.flac", name, text=(folder / f"{name}.txt").read_text("utf-8"), base=base, library=library)
    assert check(voice.folder) == []
    assert voice.manifest.language == name[:2]
    assert voice.manifest.recording.verdict in ("excellent", "good")
    assert 3 <= voice.manifest.prompt.end_s - voice.manifest.prompt.start_s <= 10
