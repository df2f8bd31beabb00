"""What a voice is asked to speak and what it is held against."""

import numpy as np
import pytest
import soundfile

from corpus_of_two import RATE, buzz
from voxcommons.base.errors import InputError
from voxcommons.evaluate import voice_figures
from voxcommons.evaluate.dev_speakers import DevSpeaker
from voxcommons.evaluate.figures import NATURAL
from voxcommons.evaluate.voice_figures import natural_speech, own_sentences, recordings_of, voice_plan
from voxcommons.text.reader import read


@pytest.fixture
def held_out(tmp_path):
    """Three recordings: one with its words, one without, one of half a minute."""
    folder = tmp_path / "held-out"
    folder.mkdir()
    for name, seconds in (("a", 3.0), ("b", 3.0), ("long", 30.0)):
        sound = buzz(200, seconds) * (np.sin(np.arange(int(seconds * RATE)) / RATE * 2) > -0.7)
        soundfile.write(folder / f"{name}.wav", sound, RATE)
    (folder / "a.txt").write_text("We walked along the quiet river.\n", encoding="utf-8")
    (folder / "notes.md").write_text("not a recording", encoding="utf-8")
    return folder


def person(tmp_path) -> DevSpeaker:
    return DevSpeaker("mine", "en", "", tmp_path, "", ())


def test_each_language_has_thirty_readable_sentences_of_its_own():
    for language in ("en", "zh"):
        sentences = own_sentences(language)
        assert len(sentences) == len(set(sentences)) == 30
        assert not [warning for text in sentences for warning in read(text, language).warnings]
    assert own_sentences("ja") == []


def test_recordings_of_a_folder_come_by_name_without_other_files(held_out, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert [path.name for path in recordings_of([held_out])] == ["a.wav", "b.wav", "long.wav"]
    with pytest.raises(InputError, match="is not there"):
        recordings_of([held_out / "none.wav"])
    with pytest.raises(InputError, match="no recordings"):
        recordings_of([empty])


def test_long_recordings_are_cut_and_short_ones_keep_their_words(held_out):
    natural = natural_speech(recordings_of([held_out]), "mine", "en", None)
    assert {one.utterance.system for one in natural} == {NATURAL}
    assert [one.utterance.text for one in natural[:2]] == ["We walked along the quiet river.", ""]
    assert len(natural) > 3
    assert sum(len(one.utterance.samples) for one in natural[2:]) == 30 * RATE
    assert len({one.clip.item for one in natural}) == len(natural)


def test_a_changed_recording_has_another_name(held_out):
    before = natural_speech([held_out / "b.wav"], "mine", "en", None)[0].clip.item
    (held_out / "b.txt").write_text("Now the words are known.", encoding="utf-8")
    assert natural_speech([held_out / "b.wav"], "mine", "en", None)[0].clip.item != before


def test_known_sentences_of_the_speaker_are_spoken_first(held_out, tmp_path):
    natural = natural_speech(recordings_of([held_out]), "mine", "en", None)
    plan = voice_plan(person(tmp_path), ["en", "zh"], 3, natural)
    assert [s.clip.text for s in plan.sentences[:2]] == ["We walked along the quiet river.", own_sentences("en")[0]]
    assert plan.sentences[0].clip.item == natural[0].utterance.item
    assert [s.clip.language for s in plan.sentences] == ["en"] * 3 + ["zh"] * 3


def test_nothing_to_speak_is_said(tmp_path):
    with pytest.raises(InputError, match="nothing to speak"):
        voice_plan(person(tmp_path), ["ja"], 3, [])


def test_of_many_recordings_a_bounded_number_is_read(held_out, monkeypatch):
    monkeypatch.setattr(voice_figures, "MOST_NATURAL", 1)
    (held_out / "b.wav").write_bytes(b"would be refused if it were read")
    assert len(natural_speech(recordings_of([held_out]), "mine", "en", None)) == 1
