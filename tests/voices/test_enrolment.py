"""A recording is judged before it becomes a voice, and becomes one by words given, heard or guessed."""

import numpy as np
import pytest

from sounds import encode, speech_like, write_wav
from tiny_base import make_tiny_base
from tiny_sense_voice import write_sense_voice
from voxcommons.audio.files import load
from voxcommons.base.errors import InputError
from voxcommons.prepare.feature_cache import FeatureCache
from voxcommons.prepare.gate import STRICT
from voxcommons.prepare.transcribe import Heard, open_transcriber
from voxcommons.voicefile.check import check
from voxcommons.voices.cloning import CloneOptions
from voxcommons.voices.enrolment import EnrolOptions, enrol
from voxcommons.voices.intake import IntakeOptions, take_in
from voxcommons.voices.library import Library

LONG = (4.0, 6.0, 5.0, 3.0)


@pytest.fixture(scope="module")
def base():
    return make_tiny_base()


@pytest.fixture
def library(home, tmp_path):
    return Library(home, bundled=tmp_path / "none")


@pytest.fixture
def recording(tmp_path):
    return write_wav(tmp_path / "录音.wav", speech_like(LONG))


def noisy(path, snr_db):
    sound = speech_like(LONG)
    noise = np.random.default_rng(0).standard_normal(len(sound)).astype(np.float32)
    return write_wav(path, (sound + noise * sound.std() * 10 ** (-snr_db / 20)) * np.float32(0.7))


def kinds(found):
    return [note.kind for note in found.advice]


def test_a_recording_without_words_makes_a_voice(recording, base, library):
    made = enrol(recording, "小明", base=base, library=library)
    assert (made.intake.ruling.decision, made.text_from, made.text, made.pieces) == ("accept", "recognised", "", ())
    assert check(made.voice.folder) == []
    assert made.voice.manifest.prompt.phones_from == "recognised"


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "libopus"), ("a.m4a", "aac")])
def test_what_browsers_and_phones_record_is_enrolled(tmp_path, base, library, name, codec):
    made = enrol(encode(tmp_path / name, speech_like(LONG, rate=48000), codec, 48000), "a", base=base, library=library)
    assert made.intake.ruling.decision == "accept"
    assert check(made.voice.folder) == []


def test_a_rejected_recording_says_what_it_needs_and_leaves_nothing(tmp_path, base, library):
    path = noisy(tmp_path / "a.wav", 8)
    with pytest.raises(InputError, match="record again.*needs 20 dB") as caught:
        enrol(path, "a", base=base, library=library)
    assert caught.value.fields["advice"][0].text("zh").startswith("请重新录音")
    assert list(library.list()) == []
    assert check(enrol(path, "a", base=base, library=library, options=EnrolOptions(take_rejected=True)).voice.folder) == []


def test_a_campaign_may_be_stricter(tmp_path):
    path = noisy(tmp_path / "a.wav", 16)
    assert take_in(path).ruling.decision == "accept_with_fixes"
    with pytest.raises(InputError, match="not good enough"):
        take_in(path, IntakeOptions(gate=STRICT))


def test_noise_is_lowered_when_asked_and_only_then(tmp_path, base, library):
    path = noisy(tmp_path / "a.wav", 16)
    plain = enrol(path, "plain", base=base, library=library)
    clean = enrol(path, "clean", base=base, library=library, options=EnrolOptions(denoise=True))
    assert ("denoised" in kinds(plain), "denoised" in kinds(clean)) == (False, True)
    assert "offer_denoise" in plain.intake.ruling.fixes
    pause = slice(1000, 8000)
    kept = [load(made.voice.folder / "reference.flac").samples[pause].std() for made in (plain, clean)]
    assert kept[1] < 0.5 * kept[0]
    assert clean.voice.manifest.recording == plain.voice.manifest.recording  # its figures are those of what was brought


class Writes:
    """An engine that writes the same words for every piece."""

    name = "parrot"

    def __init__(self, text):
        self.text = text
        self.asked = []

    def transcribe(self, samples, rate, language=None):
        self.asked.append(len(samples) / rate)
        return Heard(self.text)


def test_an_engine_writes_down_every_slice_when_no_words_are_given(recording, base, library):
    engine = Writes("hello there.")
    made = enrol(recording, "a", language="en", base=base, library=library, options=EnrolOptions(transcriber=engine))
    assert made.text_from == "engine"
    assert made.text.splitlines() == ["hello there."] * len(made.intake.prepared.references)
    assert all(1.5 <= seconds <= 12 for seconds in engine.asked)
    assert (made.voice.folder / "reference.txt").read_text("utf-8") == made.text
    assert kinds(made)[0] == "transcribed"


def test_words_given_are_better_than_words_heard(recording, base, library):
    engine = Writes("no")
    made = enrol(recording, "a", text="hello there", base=base, library=library, options=EnrolOptions(transcriber=engine))
    assert (made.text_from, made.text, engine.asked) == ("given", "hello there", [])


def test_an_engine_that_hears_nothing_leaves_it_to_the_base_model(recording, base, library):
    made = enrol(recording, "a", base=base, library=library, options=EnrolOptions(transcriber=Writes("")))
    assert made.text_from == "recognised"
    assert not (made.voice.folder / "reference.txt").exists()


def test_the_real_engine_leads_to_a_voice(recording, base, library, tmp_path):
    pytest.importorskip("sherpa_onnx")
    engine = open_transcriber("sherpa-onnx", write_sense_voice(tmp_path / "m", ["hello", "there"]))
    made = enrol(recording, "a", language="en", base=base, library=library, options=EnrolOptions(transcriber=engine))
    assert made.text.startswith("hello there")
    assert "sense-voice" in made.advice[0].text("en")


def test_every_slice_has_its_features(recording, base, library):
    made = enrol(recording, "a", text="hello there", language="en", base=base, library=library, options=EnrolOptions(pieces=True))
    assert [piece.span for piece in made.pieces] == list(made.intake.prepared.references)
    for piece in made.pieces:
        assert len(piece.codes) == pytest.approx(25 * piece.span.duration_s, abs=2)
        assert len(piece.phones) >= 1


def test_a_second_enrolment_computes_nothing_again(recording, base, library, tmp_path):
    cache = FeatureCache(tmp_path / "cache")
    options = EnrolOptions(cache=cache, pieces=True)
    first = enrol(recording, "a", base=base, library=library, options=options)
    computed = cache.misses
    second = enrol(recording, "b", base=base, library=library, options=options)
    assert cache.misses == computed > 4
    assert np.array_equal(first.voice.features.style, second.voice.features.style)
    assert all(np.array_equal(one.codes, two.codes) for one, two in zip(first.pieces, second.pieces, strict=True))


def test_who_keeps_no_recording_leaves_nothing_in_the_cache(recording, base, library, tmp_path):
    cache = FeatureCache(tmp_path / "cache")
    options = EnrolOptions(cache=cache, pieces=True, clone=CloneOptions(keep_recording=False))
    enrol(recording, "a", text="the secret word", language="en", base=base, library=library, options=options)
    assert not (tmp_path / "cache").exists()


def test_a_bad_language_is_refused_before_a_voice_is_there(recording, base, library):
    with pytest.raises(InputError, match="language"):
        enrol(recording, "a", text="hello", language="klingon", base=base, library=library)
    assert list(library.list()) == []


class Suspects:
    """A second opinion that hears two people."""

    def __init__(self):
        from voxcommons.voices.second_opinion import Opinion

        self.opinion = Opinion(likeness=0.4)

    def ask(self, audio, speech):
        return self.opinion


def test_two_people_are_asked_about_and_not_refused(recording):
    intake = take_in(recording, IntakeOptions(opinions=Suspects()))
    assert intake.ruling.decision == "accept_with_fixes"
    assert "several_speakers" in kinds(intake)
