"""The run that produces a base model's figures: same sentences for all, nothing measured twice."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from corpus_of_two import write_corpus
from voxcommons.evaluate.base_figures import (
    NATURAL,
    ScoreBook,
    Timing,
    make_plan,
    measure_candidate,
    measure_natural,
    speak_sentences,
    wav_path,
)
from voxcommons.evaluate.objective import Meters, Utterance
from voxcommons.evaluate.quality import Quality
from voxcommons.evaluate.spectrum import SpectrumMeter


@pytest.fixture
def plan(tmp_path):
    return make_plan(write_corpus(tmp_path / "corpus"), ("en",), 4)


@pytest.fixture(scope="module")
def meters():
    """The meters that need no packages; the others have tests of their own."""
    bare = Meters()
    bare._english = bare._speaker = bare._quality = None
    return bare


class Hummer:
    """A base model that hums every sentence."""

    name, identity = "hummer", "0" * 64

    def __init__(self):
        self.cloned, self.spoken = [], []

    def clone(self, person):
        self.cloned.append(person.name)
        return person.name

    def speak(self, voice, text, language, path):
        self.spoken.append(text)
        soundfile.write(path, 0.3 * np.sin(np.arange(32000) * 0.06), 16000)
        return Timing(0.5, 0.1)


def test_sentences_are_dealt_in_turn(plan):
    assert [s.person.name for s in plan.sentences] == ["ann", "bob", "ann", "bob"]
    assert [s.clip for s in plan.sentences] == list(plan.pool)


def test_limit_keeps_the_people_with_natural_clips(tmp_path):
    plan = make_plan(write_corpus(tmp_path / "corpus"), ("en",), 4, most_people=1)
    assert [person.name for person in plan.people] == ["ann"]


def test_second_run_speaks_only_what_is_missing(plan, tmp_path):
    first, second = Hummer(), Hummer()
    speak_sentences(first, plan.sentences, tmp_path / "out")
    wav_path(tmp_path / "out", plan.sentences[1]).unlink()
    speak_sentences(second, plan.sentences, tmp_path / "out")
    assert sorted(first.cloned) == ["ann", "bob"]
    assert (second.cloned, second.spoken) == (["bob"], [plan.sentences[1].clip.text])


def test_scores_carry_the_cost(plan, meters, tmp_path):
    speak_sentences(Hummer(), plan.sentences, tmp_path / "out")
    book = ScoreBook(tmp_path / "scores", meters)
    scores = list(measure_candidate("hummer", plan.sentences, tmp_path / "out", book))
    assert [(s.system, s.speaker) for s in scores[:2]] == [("hummer", "ann"), ("hummer", "bob")]
    assert {(s.wall_s, s.first_sound_s) for s in scores} == {(0.5, 0.1)}
    assert all(s.phones > 10 for s in scores)


def test_kept_scores_are_not_measured_again(plan, meters, tmp_path):
    book = ScoreBook(tmp_path / "scores", meters)
    first = list(measure_natural(plan.people, plan.pool, book))
    plan.pool[0].archive.unlink()
    assert list(measure_natural(plan.people, plan.pool, book)) == first


def test_people_without_clips_are_measured_by_their_reference(plan, meters, tmp_path):
    book = ScoreBook(tmp_path / "scores", meters)
    scores = list(measure_natural(plan.people, plan.pool, book))
    assert {s.item.split("-")[0] for s in scores if s.speaker == "bob"} == {"piece"}
    assert {s.system for s in scores} == {NATURAL}
    pitch = {name: np.median([s.pitch_hz for s in scores if s.speaker == name]) for name in ("ann", "bob")}
    assert pitch["ann"] == pytest.approx(210, rel=0.02)
    assert pitch["bob"] == pytest.approx(110, rel=0.02)


class Counter:
    """A quality meter that counts how often it is asked."""

    def __init__(self, name):
        self.name, self.asked = name, 0

    def measure(self, samples, rate):
        self.asked += 1
        return Quality(sig=3.0, bak=4.0, ovrl=2.0 + self.asked)


def sound_of(item):
    return Utterance("natural", "ann", item, "en", "hello there", np.full(16000, 0.1, np.float32), 16000)


def test_new_meter_leaves_the_figures_of_the_others(meters, tmp_path):
    plain = ScoreBook(tmp_path, meters).measure(sound_of("one"))
    richer = Meters()
    richer._english = richer._speaker = None
    richer._quality = Counter("first")
    assert ScoreBook(tmp_path, richer).get("natural", "ann", "one") is None
    measured = ScoreBook(tmp_path, richer).measure(sound_of("one"))
    assert measured == replace(plain, sig=3.0, bak=4.0, ovrl=3.0)
    assert ScoreBook(tmp_path, richer).measure(sound_of("one")) == measured
    assert ScoreBook(tmp_path, richer).get("natural", "ann", "one") == measured
    assert richer._quality.asked == 1


def test_scores_of_another_version_are_not_used(meters, tmp_path):
    book = ScoreBook(tmp_path, meters)
    book.measure(sound_of("one"))
    path = tmp_path / "natural" / "ann" / "one.json"
    kept = json.loads(path.read_text())
    kept["score"]["smell"] = 3
    path.write_text(json.dumps(kept))
    assert book.get("natural", "ann", "one") is None


def test_a_figure_of_a_new_meter_is_added_to_scores_from_before_it(meters, tmp_path):
    book = ScoreBook(tmp_path / "scores", meters)
    measured = book.measure(sound_of("one"))
    path = tmp_path / "scores" / "natural" / "ann" / "one.json"
    kept = json.loads(path.read_text())
    del kept["score"]["spectrum"]
    kept["score"]["ovrl"] = 4.5
    kept["meters"].remove(SpectrumMeter.name)
    path.write_text(json.dumps(kept))
    assert book.get("natural", "ann", "one") is None
    assert book.measure(sound_of("one")) == replace(measured, ovrl=4.5)


def test_own_recogniser_hears_phones_and_tones(tmp_path):
    class Spelling:
        """Hears a fixed string of phones, one per four frames, inside the silence that the recogniser puts around a sound."""

        blank_id = 732

        def log_probs(self, wave):
            import torch

            from voxcommons.text.symbols import phone_ids

            assert wave.shape == (1, 16000 + 16 * 640)
            assert not wave[:, :5120].any()
            assert not wave[:, -5120:].any()
            said = [x for phone in phone_ids(["n", "i2", "h", "ao4"]) for x in (phone, 732, 732, 732)]
            path = [732] * 8 + said + [732] * 8
            table = torch.full((1, 32, 733), -9.0)
            table[0, torch.arange(32), torch.tensor(path)] = -0.01
            return table

    listening = Meters(Spelling())
    listening._english = listening._speaker = listening._quality = None
    sound = (0.3 * np.sin(np.cumsum(np.linspace(0.06, 0.09, 16000)))).astype(np.float32)
    score = listening.measure(Utterance("starter", "ann", "one", "zh", "你好", sound, 16000))
    assert (score.phones, score.phone_errors, score.syllables, score.syllable_errors) == (4, 0, 2, 0)
    assert (score.tones, score.tone_errors) == (2, 1)
    assert [tone for tone, _ in score.tone_contours] == [2, 3]
    assert all(np.diff(shape).min() > 0 for _, shape in score.tone_contours)
