"""A sentence or a word spoken again: only it changes, it changes to what was asked for, and the joints are not heard."""

from dataclasses import replace

import numpy as np
import pytest

from tiny_base import add_tiny_voice, make_tiny_base
from voxcommons.base.errors import InputError
from voxcommons.synth.chunks import AudioChunk
from voxcommons.synth.engine import Engine
from voxcommons.synth.options import SpeakOptions
from voxcommons.synth.retakes import Retakes, WordRetake, with_word
from voxcommons.synth.word_times import WordTime

TEXT = "Hello there, my friend. How are you? This is the end."
RATE = 16000


@pytest.fixture(scope="module")
def engine():
    return Engine(make_tiny_base(ending="soon"))


@pytest.fixture(scope="module")
def voice(engine, tmp_path_factory):
    return add_tiny_voice(tmp_path_factory.mktemp("home"), engine.base)


class Memory:
    """A store that counts."""

    def __init__(self) -> None:
        self.kept, self.made = {}, 0

    def get(self, sentence, seed):
        return self.kept.get((sentence, seed))

    def put(self, sentence, seed, pieces):
        self.kept[sentence, seed] = pieces
        self.made += 1


def speak(engine, voice, **options):
    return list(engine.speak(TEXT, voice, SpeakOptions(seed=3, takes=1, **options)))


def test_a_retake_of_a_sentence_changes_that_sentence_alone_and_into_that_of_the_other_seed(engine, voice):
    plain, other = speak(engine, voice), list(engine.speak(TEXT, voice, SpeakOptions(seed=9, takes=1)))
    again = speak(engine, voice, retakes=Retakes({1: 9}))
    for number, expected in enumerate((plain[0], other[1], plain[2])):
        np.testing.assert_array_equal(again[number].samples, expected.samples)
    assert len(plain[1].samples) != len(other[1].samples) or not np.array_equal(plain[1].samples, other[1].samples)


def test_what_is_in_the_store_is_not_spoken_again_and_words_still_count_from_the_beginning(engine, voice):
    store = Memory()
    first = speak(engine, voice, word_times=True, retakes=Retakes(store=store))
    assert store.made == 3
    again = speak(engine, voice, word_times=True, retakes=Retakes({2: 8}, store=store))
    assert store.made == 4
    np.testing.assert_array_equal(first[0].samples, again[0].samples)
    begins = sum(len(chunk.samples) for chunk in again[:2]) / RATE
    assert again[2].words[0].start_s >= begins
    assert store.kept[2, 8][0].words[0].start_s < begins


def seed_that_says(engine, voice, start):
    """The first seed under which the word at this place of the first sentence is heard: the tiny model says few of them."""
    for seed in range(70, 120):
        options = SpeakOptions(seed=seed, takes=1, word_times=True)
        if start in [word.start for word in next(engine.speak(TEXT, voice, options)).words]:
            return seed
    raise AssertionError("no seed says this word")


def test_a_word_is_taken_from_the_other_seed_and_the_rest_stays(engine, voice):
    plain = speak(engine, voice, word_times=True)
    word, seed = plain[0].words[0], seed_that_says(engine, voice, 0)
    changed = speak(engine, voice, word_times=True, retakes=Retakes(words={0: (WordRetake(0, seed),)}))
    assert [one.text for one in changed[0].words] == [one.text for one in plain[0].words]
    assert changed[0].samples.tobytes() != plain[0].samples.tobytes()
    np.testing.assert_array_equal(changed[1].samples, plain[1].samples)
    tail = len(plain[0].samples) - round((word.end_s + 0.06) * RATE)
    np.testing.assert_array_equal(changed[0].samples[-tail:], plain[0].samples[-tail:])


def test_the_release_record_tells_of_retakes():
    options = SpeakOptions(retakes=Retakes({1: 9}, {0: (WordRetake(1, 77),)}))
    assert options.as_record()["retakes"] == {"sentences": {"1": 9}, "words": {"0": [[1, 77]]}}
    assert "retakes" not in SpeakOptions().as_record()


def _toned(frequencies, lengths_s) -> AudioChunk:
    """Words that are tones with 60 ms of silence between them, so that every sample tells whose it is."""
    parts, words, done = [], [], 0.0
    for number, (hz, length_s) in enumerate(zip(frequencies, lengths_s, strict=True)):
        tone = 0.3 * np.sin(2 * np.pi * hz * np.arange(round(length_s * RATE)) / RATE)
        parts += [tone, np.zeros(round(0.06 * RATE))]
        words.append(WordTime(f"w{number}", done, done + length_s + 0.03, number, number + 1))
        done += length_s + 0.06
    return AudioChunk(np.concatenate(parts).astype(np.float32), RATE, 0, 1, 0, 3, words=tuple(words))


def test_the_exchanged_word_sounds_like_the_other_take_and_times_follow():
    old, new = _toned((300, 500, 700), (0.2, 0.2, 0.2)), _toned((310, 900, 710), (0.25, 0.4, 0.2))
    made = with_word(old, new, 1)
    begin, end = (round(at * RATE) for at in (made.words[1].start_s + 0.05, made.words[1].end_s - 0.08))
    spectrum = np.abs(np.fft.rfft(made.samples[begin:end]))
    assert abs(np.argmax(spectrum) * RATE / (end - begin) - 900) < 10
    assert len(made.samples) - len(old.samples) == pytest.approx(0.2 * RATE, abs=0.03 * RATE)
    assert made.words[2].start_s - old.words[2].start_s == pytest.approx(0.2, abs=0.03)
    tail = round(0.15 * RATE)
    np.testing.assert_array_equal(made.samples[-tail:], old.samples[-tail:])


def test_the_joints_have_no_step():
    old, new = _toned((300, 500, 700), (0.2, 0.2, 0.2)), _toned((300, 500, 700), (0.2, 0.23, 0.2))
    steepest = np.abs(np.diff(old.samples)).max()
    assert np.abs(np.diff(with_word(old, new, 1).samples)).max() <= 1.05 * steepest


def test_a_take_that_swallows_the_word_gives_way_to_the_next():
    old = _toned((300, 500, 700), (0.2, 0.2, 0.2))
    swallowed, whole = replace(old, words=old.words[:1]), _toned((300, 900, 700), (0.2, 0.3, 0.2))
    spoken = []

    def speak(seed):
        spoken.append(seed)
        return (old if len(spoken) == 1 else whole if len(spoken) == 3 else swallowed,)

    (made,) = Retakes(words={0: (WordRetake(1, 77),)}).taken(0, 5, speak)
    assert spoken[:2] == [5, 77]
    assert len(set(spoken)) == 3
    np.testing.assert_array_equal(made.samples, with_word(old, whole, 1).samples)
    with pytest.raises(InputError, match="heard in both takes"):
        Retakes(words={0: (WordRetake(1, 77),)}).taken(0, 5, lambda seed: (old if seed == 5 else swallowed,))


@pytest.mark.parametrize("number", [-1, 3])
def test_a_word_that_is_not_there_cannot_be_exchanged(number):
    chunk = _toned((300, 500, 700), (0.2, 0.2, 0.2))
    with pytest.raises(InputError, match="spoken again by itself"):
        with_word(chunk, chunk, number)


def test_a_word_that_the_other_take_swallows_cannot_be_exchanged():
    chunk = _toned((300, 500, 700), (0.2, 0.2, 0.2))
    with pytest.raises(InputError, match="heard in both takes"):
        with_word(chunk, replace(chunk, words=chunk.words[1:]), 0)
    np.testing.assert_array_equal(with_word(chunk, replace(chunk, words=chunk.words[1:]), 1).samples[:100], chunk.samples[:100])
