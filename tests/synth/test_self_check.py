"""Listening to oneself: codes are read like sound, and of several takes the one that says the words is kept."""

import numpy as np
import pytest
import torch

from tiny_base import add_tiny_voice, make_tiny_base
from voxcommons.audio.files import load
from voxcommons.base.errors import InputError
from voxcommons.models.build import load_base
from voxcommons.synth.engine import SILENT_PHONES, Engine
from voxcommons.synth.options import SpeakOptions
from voxcommons.synth.self_check import SUSPICIOUS_NATS, SelfCheck
from voxcommons.synth.speaker import speaker_of
from voxcommons.text.reader import read

TEXT = "Hello there, my friend."


@pytest.fixture(scope="module")
def base():
    return make_tiny_base(ending="soon")


@pytest.fixture(scope="module")
def voice(base, tmp_path_factory):
    return add_tiny_voice(tmp_path_factory.mktemp("home"), base)


def listener(content, text: str = TEXT, language: str = "en") -> SelfCheck:
    utterance = read(text, language)
    heard = [place for place, phone in enumerate(utterance.phones) if phone not in SILENT_PHONES]
    return SelfCheck(content, torch.tensor(utterance.ids), torch.tensor(heard))


def test_a_take_is_judged_alone_and_among_others_alike(base):
    draw = torch.Generator().manual_seed(1)
    takes = [torch.randint(0, base.facts.text_to_semantic.codes, (count,), generator=draw) for count in (60, 35, 90)]
    check = listener(base.content)
    together = check.surprises(takes)
    assert together == pytest.approx([check.surprises([take])[0] for take in takes], rel=1e-4)
    assert all(np.isfinite(together))


def test_too_few_codes_for_the_words_are_infinitely_surprising(base):
    assert listener(base.content).surprises([torch.tensor([3, 4])]) == [float("inf")]
    assert listener(base.content).surprises([torch.zeros(0, dtype=torch.int64)]) == [float("inf")]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_clearest_of_several_takes_is_spoken(base, voice, seed, monkeypatch):
    judged: list[float] = []
    surprises = SelfCheck.surprises

    def watched(self, takes):
        judged.extend(found := surprises(self, takes))
        return found

    monkeypatch.setattr(SelfCheck, "surprises", watched)
    engine = Engine(base)
    codes = engine._decode(read(TEXT, "en"), speaker_of(voice, base), SpeakOptions(seed=seed, takes=3), 0)
    kept = list(codes)
    assert len(judged) == 6  # none of a random model's takes is understood, so as many again are made
    assert codes.surprise == min(judged)
    assert surprises(listener(base.content), [torch.tensor(kept)])[0] == pytest.approx(codes.surprise, rel=1e-4)


def test_what_no_take_says_comes_back_as_a_warning(base, voice):
    (chunk,) = Engine(base).speak(TEXT, voice, SpeakOptions(takes=2))
    assert [warning.kind for warning in chunk.warnings] == ["broken_speech"]
    assert "its words" in chunk.warnings[0].message


def test_pieces_are_the_whole_for_the_same_number_of_takes(base, voice):
    engine = Engine(base)
    whole, pieces = (
        np.concatenate([chunk.samples for chunk in engine.speak(TEXT, voice, SpeakOptions(takes=3, streaming=streaming))])
        for streaming in ("sentence", "token")
    )
    np.testing.assert_array_equal(whole, pieces)


def test_the_number_of_takes_is_checked_and_recorded():
    with pytest.raises(InputError, match="takes from 1 to 16"):
        SpeakOptions(takes=0)
    assert [SpeakOptions().wanted_takes, SpeakOptions(streaming="token").wanted_takes, SpeakOptions(compat=True).wanted_takes] == [4, 1, 1]
    assert SpeakOptions(takes=2).as_record()["takes"] == 2


def test_natural_speech_is_believed_and_swallowed_words_are_not(shared):
    """The shipped encoder on people it has never heard; half a minute each, so that chance does not decide."""
    content = load_base("starter", parts=("content",)).content
    for name, language in (("en_libri_27", "en"), ("zh-CN_cv-zh-061da964212e", "zh")):
        folder = shared / "speech" / "references"
        wave = torch.from_numpy(load(folder / f"{name}.flac", rate=16000).samples)[None]
        codes = content.tokens(wave)[0]
        third = len(codes) // 3
        check = listener(content, (folder / f"{name}.txt").read_text(encoding="utf-8").strip(), language)
        whole, swallowed = check.surprises([codes, torch.cat([codes[:third], codes[2 * third :]])])
        assert whole < SUSPICIOUS_NATS < swallowed


def test_every_token_has_a_place_among_the_heard_phonemes_in_order(base):
    check = listener(base.content)
    codes = torch.randint(0, 1024, (80,), generator=torch.Generator().manual_seed(3))
    places = check.places(codes)
    assert places.shape == (80,)
    assert bool((places[1:] >= places[:-1]).all())
    assert set(places.tolist()) <= set(check.spoken.tolist())
    assert check.places(codes[:0]).shape == (0,)


def test_the_prior_of_an_aligned_model_hears_where_it_is_in_the_text(base):
    torch.manual_seed(0)
    model = base.semantic_to_wave
    codes, phones = torch.randint(0, 1024, (1, 12)), torch.tensor([[5, 6, 7, 8]])
    ge = torch.randn(1, base.facts.semantic_to_wave.gin, 1)
    unknown = torch.full((1, 12), -1)
    here = torch.arange(12)[None] // 3
    said = [model.prior(codes, phones, ge, places=places).m for places in (None, unknown, here)]
    torch.testing.assert_close(said[0], said[1])
    assert not torch.allclose(said[0], said[2])


def test_natural_speech_lies_where_its_words_are(shared):
    """The middle of a reading of a minute lies near the middle of its text, by the shipped encoder."""
    content = load_base("starter", parts=("content",)).content
    folder = shared / "speech" / "references"
    wave = torch.from_numpy(load(folder / "en_libri_27.flac", rate=16000).samples)[None]
    check = listener(content, (folder / "en_libri_27.txt").read_text(encoding="utf-8").strip())
    places = check.places(content.tokens(wave)[0])
    share = places / len(check.ids)
    even = torch.linspace(0, 1, len(places))
    assert float((share - even).abs().max()) < 0.08
