"""Features come from the model at hand, at the level it was trained at, and phones from the text when it fits."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sounds import speech_like
from tiny_base import make_tiny_base
from voxcommons.base.errors import InputError
from voxcommons.prepare.features import codes_of, phones_of, sound_kinds, style_of
from voxcommons.text.reader import read
from voxcommons.text.symbols import symbols

RATE = 16000


@pytest.fixture(scope="module")
def base():
    return make_tiny_base()


class Recogniser:
    """A content encoder that hears given phones with certainty, three steps each; tokens count the steps."""

    blank_id = len(symbols("v2"))

    def __init__(self, ids):
        self.ids = ids

    def log_probs(self, wave, lengths=None):
        steps = [step for phone in self.ids for step in (phone, self.blank_id, self.blank_id)]
        probabilities = torch.full((1, len(steps), self.blank_id + 1), -9.0)
        probabilities[0, range(len(steps)), steps] = 0.0
        return probabilities


def test_the_style_is_the_same_at_any_level_and_order(base):
    clips = [speech_like((3.0,), seed=1), speech_like((4.0,), seed=2)]
    style = style_of(base, clips, RATE)
    assert style.shape == (base.semantic_to_wave.gin,)
    assert style.dtype == np.float32
    np.testing.assert_allclose(style_of(base, [clips[1] * np.float32(0.1), clips[0] * np.float32(0.3)], RATE), style, atol=2e-3)
    assert np.abs(style_of(base, clips[:1], RATE) - style).max() > 1e-4


def test_longer_clips_weigh_more(base):
    one, other = speech_like((3.0,), seed=1), speech_like((6.0,), seed=2)
    sizes = len(one) // base.hop, len(other) // base.hop
    singles = [style_of(base, [clip], RATE) for clip in (one, other)]
    expected = (singles[0] * sizes[0] + singles[1] * sizes[1]) / sum(sizes)
    middle = base.facts.semantic_to_wave.style  # of the pitch; the style is one of the means of both, not a mean of styles
    found = style_of(base, [one, other], RATE)
    np.testing.assert_allclose(found[middle], expected[middle], atol=0.01)
    assert abs(singles[0][middle] - singles[1][middle]) > 0.001
    public = make_tiny_base(acoustic="vits")
    singles = [style_of(public, [clip], RATE) for clip in (one, other)]
    expected = (singles[0] * sizes[0] + singles[1] * sizes[1]) / sum(sizes)
    np.testing.assert_allclose(style_of(public, [one, other], RATE), expected, atol=1e-5)


def test_codes_come_25_times_a_second_at_any_rate(base):
    for rate in (16000, 48000):
        codes = codes_of(base, speech_like((4.0,), pause_s=0.5, rate=rate), rate)
        assert codes.dtype == np.int64
        assert abs(len(codes) - 125) <= 1
        assert codes.min() >= 0


def test_without_text_the_recognised_phones_end_in_a_full_stop(base):
    heard = read("good morning", "en")
    hearing = replace(base, content=Recogniser([i for i, p in zip(heard.ids, heard.phones, strict=True) if p.isalnum()]))
    found = phones_of(hearing, speech_like((3.0,)), RATE, None)
    assert [symbols("v2")[i] for i in found.ids][-1] == "."
    assert found.ids[:-1] == tuple(hearing.content.ids)
    assert (found.from_text, found.text) == (False, "")


@pytest.mark.parametrize(("text", "language", "part"), [
    ("I went home. The sun was low, and nobody spoke. We slept early.", "en", "The sun was low, and nobody spoke"),
    ("今天天气很好。我们去公园散步，看见很多花。晚上回家吃饭。", "zh", "我们去公园散步，看见很多花"),
])  # fmt: skip
def test_the_prompts_part_of_the_text_is_found_with_its_marks(base, text, language, part):
    utterance = read(text, language)
    said = read(part, language)
    heard = [i for i, p in zip(said.ids, said.phones, strict=True) if p[0].isalpha()]
    found = phones_of(replace(base, content=Recogniser(heard)), speech_like((3.0,)), RATE, utterance)
    assert found.from_text
    assert found.text == part
    names = [symbols("v2")[i] for i in found.ids]
    assert "," in names
    assert names[-1] == "."
    assert [i for i in found.ids if symbols("v2")[i][0].isalpha()] == heard


def test_a_word_heard_in_part_is_taken_whole(base):
    utterance = read("Before that. Wonderful weather today. After that.", "en")
    said = read("Wonderful weather today", "en")
    heard = [i for i, p in zip(said.ids, said.phones, strict=True) if p[0].isalpha()][1:-1]
    found = phones_of(replace(base, content=Recogniser(heard)), speech_like((3.0,)), RATE, utterance)
    assert found.text == "Wonderful weather today"


def test_a_text_of_something_else_is_left_aside(base):
    heard = read("completely different words were spoken by this person", "en").ids
    found = phones_of(replace(base, content=Recogniser(heard)), speech_like((3.0,)), RATE, read("今天天气很好，我们去公园散步。", "zh"))
    assert not found.from_text
    assert found.ids[: len(heard)] == heard


def test_a_base_that_cannot_clone_says_so(base):
    for call in (lambda b: codes_of(b, speech_like((3.0,)), RATE), lambda b: phones_of(b, speech_like((3.0,)), RATE, None)):
        with pytest.raises(InputError, match="content encoder"):
            call(replace(base, content=None))


def test_tones_and_stress_are_one_kind():
    kinds, names = sound_kinds("v2"), symbols("v2")
    assert len(kinds) == len(names) + 1
    assert kinds[names.index("AH0")] == kinds[names.index("AH1")]
    assert kinds[names.index("a1")] == kinds[names.index("a4")] != kinds[names.index("AH0")]
    assert (kinds == kinds[-1]).sum() == 1
