"""Subtitles: every sentence when it is heard, every word in its order, in the words people wrote."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tiny_base import add_tiny_voice, make_tiny_base
from voxcommons.base.errors import InputError
from voxcommons.synth.chunks import AudioChunk
from voxcommons.synth.engine import Engine
from voxcommons.synth.options import SpeakOptions
from voxcommons.synth.subtitles import Cue, Subtitles, as_srt, as_vtt, check_path, cues_of
from voxcommons.synth.word_times import WordTime
from voxcommons.text.ssml import ssml_script


@pytest.fixture(scope="module")
def engine():
    return Engine(make_tiny_base(ending="soon"))


@pytest.fixture(scope="module")
def voice(engine, tmp_path_factory):
    return add_tiny_voice(tmp_path_factory.mktemp("home"), engine.base)


def spoken(engine, voice, text, **options):
    watcher = Subtitles()
    chunks = list(watcher.watched(engine.speak(text, voice, SpeakOptions(**{"takes": 1, "word_times": True} | options))))
    return chunks, watcher.cues


@pytest.mark.parametrize("streaming", ["sentence", "token"])
def test_a_sentence_is_shown_while_it_is_heard(engine, voice, streaming):
    chunks, cues = spoken(engine, voice, "[pause 0.6s] Hello there. [pause 1s] My friend.", streaming=streaming)
    samples = np.concatenate([chunk.samples for chunk in chunks])
    assert [cue.text for cue in cues] == ["Hello there.", "My friend."]
    assert cues[0].start_s == pytest.approx(0.55)
    for cue in cues:
        heard = np.flatnonzero(np.abs(samples[round(cue.start_s * 16000) : round(cue.end_s * 16000)]) > 0.003)
        assert len(heard) > 1000
    assert not np.abs(samples[round(cues[0].end_s * 16000) : round(cues[1].start_s * 16000)]).any()
    assert cues[1].end_s == pytest.approx(len(samples) / 16000, abs=0.001)


def test_words_come_in_order_inside_their_sentence(engine, voice):
    text = "Hello there, my friend. 你好，世界！ It is 9:30."
    chunks, cues = spoken(engine, voice, text, speed=0.8)
    words = [word for chunk in chunks for word in chunk.words]
    starts = [word.start_s for word in words]
    assert starts == sorted(starts)
    assert {word.text for word in words} <= {"Hello", "there", "my", "friend", "你", "好", "世", "界", "It", "is", "9:30"}
    assert len(words) >= 5
    for cue in cues:
        for word in cue.words:
            assert cue.text[word.start : word.end] == word.text
            assert cue.start_s - 0.001 <= word.start_s <= word.end_s <= cue.end_s + 0.001


def test_subtitles_show_words_and_neither_readings_nor_tags(engine, voice):
    _, cues = spoken(engine, voice, "I live{L AY1 V} here. [pause 0.2s] 长{zhang3}大了。")
    assert [cue.text for cue in cues] == ["I live here.", "长大了。"]
    _, cues = spoken(engine, voice, ssml_script("<speak>I <emphasis>am</emphasis> {here} &lt;now.<break/><s>Yes</s></speak>"))
    assert [cue.text for cue in cues] == ["I am {here} <now.", "Yes"]
    assert "&lt;<" in as_vtt(cues)


def test_asking_for_word_times_changes_no_sample(engine, voice):
    with_times = np.concatenate([chunk.samples for chunk in spoken(engine, voice, "Hello there.")[0]])
    without = np.concatenate([chunk.samples for chunk in engine.speak("Hello there.", voice, SpeakOptions(takes=1))])
    np.testing.assert_array_equal(with_times, without)


def test_a_model_that_cannot_tell_words_says_so_and_still_has_sentences(home):
    deaf = replace(make_tiny_base(ending="soon"), content=None)
    engine, stranger = Engine(deaf), add_tiny_voice(home, deaf)
    assert not engine.tells_words
    with pytest.raises(InputError, match="cannot tell when a word"):
        engine.speak("Hello.", stranger, SpeakOptions(word_times=True))
    _, cues = spoken(engine, stranger, "Hello. There.", word_times=False)
    assert [(cue.text, cue.words) for cue in cues] == [("Hello.", ()), ("There.", ())]


def words_of(text: str, step_s: float = 0.3) -> list[WordTime]:
    return [
        WordTime(match.group(), number * step_s, (number + 1) * step_s, *match.span())
        for number, match in enumerate(re.finditer(r"\w+", text))
    ]


def test_a_long_sentence_becomes_several_subtitles_that_lose_nothing():
    text = "When the rain had stopped at last, we went out, all of us together, and looked for the path that led down to the river."
    cues = cues_of(text, words_of(text), 0.0, 8.0)
    assert len(cues) > 1
    assert " ".join(cue.text for cue in cues) == text
    assert all(len(cue.text) <= 80 for cue in cues)
    assert [cue.start_s for cue in cues[1:]] == [cue.end_s for cue in cues[:-1]]
    assert cues[0].text.endswith(","), "it is cut at a mark where there is one"
    assert all(cue.text[word.start : word.end] == word.text for cue in cues for word in cue.words)


def test_the_two_forms_are_as_players_read_them():
    text = "Hi, A & B."
    cue = Cue(
        3661.0, 3662.5, text, (WordTime("Hi", 3661.0, 3661.4, 0, 2), WordTime("A", 3661.5, 3662, 4, 5), WordTime("B", 3662, 3662.4, 8, 9))
    )
    assert as_srt([cue, cue]).startswith("1\n01:01:01,000 --> 01:01:02,500\nHi, A & B.\n\n2\n")
    assert as_vtt([cue]) == ("WEBVTT\n\n01:01:01.000 --> 01:01:02.500\nHi, <01:01:01.500>A &amp; <01:01:02.000>B.\n")


def test_what_is_silent_has_no_subtitle():
    empty = AudioChunk(np.zeros(0, np.float32), 16000, 0, 1, 0, 3, text="...")
    watcher = Subtitles()
    assert list(watcher.watched(iter([empty]))) == [empty]
    assert watcher.cues == []


@pytest.mark.parametrize("name", ["a.txt", "a", "nowhere/a.srt"])
def test_a_file_that_could_not_be_written_is_refused_first(tmp_path, name):
    with pytest.raises(InputError):
        check_path(tmp_path / name)
