"""Noise goes down when asked for, and the voice stays."""

import numpy as np
import pytest

from sounds import speech_like
from voxcommons.audio.activity import speech_frames
from voxcommons.base.errors import InputError
from voxcommons.prepare.clean import denoise

RATE = 16000


def mixed(snr_db=12.0):
    clean = speech_like((3.0, 4.0, 3.0))
    noise = np.random.default_rng(0).standard_normal(len(clean)) * clean.std() * 10 ** (-snr_db / 20)
    return clean, (clean + noise).astype(np.float32)


def distortion_db(found, clean):
    scale = float(found @ clean) / float(clean @ clean)
    return 10 * np.log10(scale**2 * float(clean @ clean) / float(((found - scale * clean) ** 2).sum()))


def test_there_is_less_noise_and_more_of_the_voice():
    clean, noisy = mixed()
    found = denoise(noisy, RATE, speech_frames(noisy, RATE))
    assert 8 < found.noise_lowered_db <= 14.5
    assert distortion_db(found.samples, clean) > distortion_db(noisy, clean) + 3


def test_the_length_and_the_type_stay():
    _, noisy = mixed()
    for length in (len(noisy), len(noisy) - 1, len(noisy) - 301):
        found = denoise(noisy[:length], RATE, speech_frames(noisy[:length], RATE))
        assert (len(found.samples), found.samples.dtype) == (length, np.float32)


def test_clean_speech_hardly_changes():
    clean, _ = mixed()
    assert distortion_db(denoise(clean, RATE, speech_frames(clean, RATE)).samples, clean) > 25


def test_digital_silence_teaches_no_noise():
    clean, _ = mixed()
    speech = speech_frames(clean, RATE)
    clean[~np.repeat(speech, 160)[: len(clean)]] = 0.0
    found = denoise(clean, RATE, speech)
    assert found.noise_lowered_db == 0.0
    assert np.array_equal(found.samples, clean)


def test_without_pauses_there_is_nothing_to_learn_from():
    _, noisy = mixed()
    with pytest.raises(InputError, match="pauses"):
        denoise(noisy, RATE, np.ones(len(noisy) // 160, bool))
