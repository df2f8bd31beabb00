"""Loudness is the standard's, and levelling reaches it without clipping."""

import numpy as np
import pytest

from sounds import speech_like
from voxcommons.audio.loudness import lufs, normalise_loudness


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_a_sine_of_997_hz_at_full_scale_reads_minus_three(rate):
    """The definition's own calibration: one channel at 0 dBFS is -3.01 LUFS."""
    wave = np.sin(2 * np.pi * 997 * np.arange(5 * rate) / rate).astype(np.float32)
    assert lufs(wave, rate) == pytest.approx(-3.01, abs=0.05)


def test_half_the_amplitude_is_six_units_less():
    speech = speech_like((3.0, 3.0))
    assert lufs(speech, 16000) - lufs(speech / 2, 16000) == pytest.approx(6.02, abs=0.1)


def test_pauses_do_not_count():
    speech = speech_like((5.0,), pause_s=0.05)
    assert lufs(np.concatenate([speech, np.zeros(160000, np.float32)]), 16000) == pytest.approx(lufs(speech, 16000), abs=0.3)


def test_short_clips_and_silence_have_an_answer():
    assert np.isfinite(lufs(speech_like((3.0,))[16000:18000], 16000))
    assert lufs(np.zeros(16000, np.float32), 16000) == float("-inf")
    assert lufs(np.zeros(0, np.float32), 16000) == float("-inf")


def test_levelling_reaches_the_target_or_the_peak():
    speech = speech_like((3.0, 3.0))
    assert lufs(normalise_loudness(speech * np.float32(0.03), 16000, -30), 16000) == pytest.approx(-30, abs=0.1)
    assert np.abs(normalise_loudness(speech, 16000, 0)).max() == pytest.approx(0.97, abs=1e-3)
    assert not normalise_loudness(np.zeros(16000, np.float32), 16000).any()
