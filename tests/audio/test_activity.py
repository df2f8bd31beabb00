"""Speech is found where it is, and nowhere else."""

import numpy as np
import pytest
import soundfile

from sounds import speech_like
from voxcommons.audio.activity import activity, speech_frames
from voxcommons.audio.resample import resample

RATE = 16000


def test_phrases_are_found_within_a_tenth_of_a_second():
    found = activity(speech_like((2.0, 3.0), pause_s=0.5), RATE)
    assert len(found) == 2
    np.testing.assert_allclose(found, [(0.5, 2.5), (3.0, 6.0)], atol=0.1)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_the_rate_does_not_matter(rate):
    found = activity(speech_like((2.0, 3.0), pause_s=0.5, rate=rate), rate)
    np.testing.assert_allclose(found, [(0.5, 2.5), (3.0, 6.0)], atol=0.1)


def test_one_answer_per_ten_milliseconds():
    for samples in (160, 161, 16000, 16159, 40000):
        assert len(speech_frames(speech_like((3.0,))[:samples], RATE)) == -(-samples // 160)


def test_sounds_that_are_not_speech_hold_none():
    rng, time = np.random.default_rng(0), np.arange(10 * RATE) / RATE
    hum = sum(0.1 / k * np.sin(2 * np.pi * 50 * k * time) for k in (1, 2, 3, 5))
    sounds = {
        "silence": np.zeros(10 * RATE),
        "white noise": rng.standard_normal(10 * RATE) * 0.05,
        "hum": hum,
        "tone": 0.3 * np.sin(2 * np.pi * 440 * time),
        "rounding": np.round(rng.standard_normal(10 * RATE) * 0.7) / 32768,
        "nothing": np.zeros(0),
        "a blink": np.ones(100),
    }
    for name, sound in sounds.items():
        assert not speech_frames(sound.astype(np.float32), RATE).any(), name


def test_noise_hardly_moves_the_answer():
    clean = speech_like((3.0, 2.0, 4.0), pause_s=0.5)
    truth = speech_frames(clean, RATE)
    noise = np.random.default_rng(1).standard_normal(len(clean)) * clean.std() * 10 ** (-10 / 20)
    assert (speech_frames((clean + noise).astype(np.float32), RATE) == truth).mean() > 0.95


def test_level_does_not_matter():
    clean = speech_like((3.0, 2.0))
    assert (speech_frames(clean * np.float32(0.05), RATE) == speech_frames(clean, RATE)).mean() > 0.99


def test_real_speech_survives_noise_and_telephones(shared):
    clean, rate = soundfile.read(shared / "speech" / "references" / "zh-CN_cv-zh-5d66e9ec552b.flac", dtype="float32")
    truth = speech_frames(clean, rate)
    assert 0.6 < truth.mean() < 0.8
    power = np.mean(clean[np.repeat(truth, rate // 100)[: len(clean)]] ** 2)
    noisy = clean + np.random.default_rng(0).standard_normal(len(clean)) * np.sqrt(power / 100)
    assert (speech_frames(noisy.astype(np.float32), rate) == truth).mean() > 0.93
    phone = speech_frames(resample(clean, rate, 8000), 8000)
    assert (phone[: len(truth)] == truth[: len(phone)]).mean() > 0.97
