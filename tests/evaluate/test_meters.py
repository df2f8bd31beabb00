"""The meters on a recording that ships with the project, against the numbers of the packages they stand in for.

The expected numbers were computed once with resemblyzer 0.1.4 and speechmos 0.0.1.1 themselves.
"""

from pathlib import Path

import numpy as np
import pytest
import soundfile

import voxcommons
from voxcommons.base.errors import InputError, MissingExtraError
from voxcommons.evaluate import extras
from voxcommons.evaluate.quality import QualityMeter
from voxcommons.evaluate.recognise import EnglishRecogniser
from voxcommons.evaluate.similarity import SpeakerEncoder, centroid, nearest_speaker, partial_starts

SAMPLE = Path(voxcommons.__file__).parent / "cli" / "data" / "demo_sample.flac"


@pytest.fixture(scope="module")
def sound():
    samples, rate = soundfile.read(SAMPLE, dtype="float32")
    return samples[rate : 9 * rate]


def meter_or_skip(kind):
    try:
        return kind()
    except MissingExtraError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def encoder():
    return meter_or_skip(SpeakerEncoder)


@pytest.fixture(scope="module")
def quality():
    return meter_or_skip(QualityMeter)


def test_speaker_vector_equals_the_packages(encoder, sound):
    vector = encoder.embed_prepared(sound)
    expected = [0.092759, 0.0, 0.063341, 0.0, 0.0, 0.029007, 0.006476, 0.0, 0.150087, 0.130398, 0.150142, 0.08512]
    assert vector[:12] == pytest.approx(expected, abs=2e-6)
    assert vector[[66, 145, 248, 125, 197]] == pytest.approx([0.190337, 0.205553, 0.233265, 0.253664, 0.263482], abs=2e-6)


def test_quiet_recordings_are_raised_to_one_level(encoder, sound):
    vector = encoder.embed(sound * 0.02, 16000)
    assert float(vector @ encoder.embed(sound * 0.005, 16000)) > 0.999
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_silence_has_no_speaker(encoder):
    with pytest.raises(InputError):
        encoder.embed(np.zeros(16000, np.float32), 16000)


def test_windows_over_a_recording():
    assert partial_starts(100) == [0]
    assert partial_starts(160 * 160) == [0]
    assert partial_starts(16000 * 4)[:3] == [0, 77, 154]


def test_nearest_speaker_is_the_highest_cosine():
    a, b = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
    nearest, cosines = nearest_speaker(centroid([a, a, b]), {"a": a, "b": b})
    assert nearest == "a"
    assert cosines["a"] > cosines["b"]


def test_quality_equals_the_packages(quality, sound):
    found = quality.measure(sound, 16000)
    assert (found.ovrl, found.sig, found.bak) == pytest.approx((2.645326, 3.029249, 3.607546), abs=1e-4)


def test_noise_lowers_the_quality(quality, sound):
    noisy = sound + np.random.default_rng(0).normal(0, 0.05, len(sound)).astype(np.float32)
    assert quality.measure(noisy, 16000).bak < quality.measure(sound, 16000).bak - 1


def test_quality_of_nothing_is_an_error(quality):
    with pytest.raises(InputError):
        quality.measure(np.zeros(0, np.float32), 16000)


def test_english_words_are_heard_the_same_whatever_was_heard_before(sound):
    recogniser = meter_or_skip(EnglishRecogniser)
    alone = recogniser.words(sound[: 4 * 16000], 16000)
    recogniser.words(sound[4 * 16000 :] * 0.1, 16000)
    assert alone
    assert recogniser.words(sound[: 4 * 16000], 16000) == alone
    assert recogniser.words(np.zeros(100, np.float32), 16000) == []


def test_missing_package_is_named_with_its_pip_command(monkeypatch):
    monkeypatch.setitem(extras.INSTALL, "no_such_package", "pip install no_such_package")
    with pytest.raises(MissingExtraError, match="pip install no_such_package"):
        extras.optional_module("no_such_package", "a test")
    with pytest.raises(MissingExtraError, match="pip install no_such_package"):
        extras.weights_in_wheel("no_such_package", "weights.pt", "00", "a test")
