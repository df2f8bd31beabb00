"""How well the pitch of known sounds is found."""

import numpy as np
import pytest

from voxcommons.evaluate.pitch import contour, median_pitch_hz, pitch_range, pitch_track

RATE = 16000


def buzz(pitch_hz: np.ndarray) -> np.ndarray:
    """A voice-like sound: 20 falling harmonics of a pitch given per sample."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE
    sound = sum(np.sin(k * phase) / k for k in range(1, 21) if k * pitch_hz.max() < RATE / 2)
    return (0.2 * sound).astype(np.float32)


@pytest.mark.parametrize("pitch_hz", [70.0, 110.0, 187.5, 240.0, 390.0])
def test_steady_pitch_is_found_within_one_percent(pitch_hz):
    track = pitch_track(buzz(np.full(RATE, pitch_hz)), RATE)
    assert median_pitch_hz(track) == pytest.approx(pitch_hz, rel=0.01)
    assert (track > 0).mean() > 0.9


def test_silence_and_noise_have_no_pitch():
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    assert median_pitch_hz(pitch_track(np.zeros(RATE, np.float32), RATE)) == 0.0
    assert (pitch_track(noise, RATE) > 0).mean() < 0.05
    assert len(pitch_track(np.zeros(10, np.float32), RATE)) == 0


def test_rising_tone_rises_and_falling_tone_falls():
    sweep = np.concatenate([np.linspace(150, 250, RATE // 2), np.linspace(250, 150, RATE // 2)])
    track = pitch_track(buzz(sweep), RATE)
    up, down = contour(track, 0.05, 0.45), contour(track, 0.55, 0.95)
    assert up is not None and down is not None
    assert (np.diff(up) > 0).all() and (np.diff(down) < 0).all()
    assert up[-1] - up[0] == pytest.approx(12 * np.log2(240 / 160), abs=0.5)


def test_range_is_that_of_the_middle_eight_tenths_and_none_where_little_is_voiced():
    sweep = np.exp2(np.linspace(np.log2(120), np.log2(240), RATE))
    assert pitch_range(pitch_track(buzz(sweep), RATE)) == pytest.approx(0.8, abs=0.03)
    assert pitch_range(pitch_track(buzz(np.full(RATE, 150.0)), RATE)) == pytest.approx(0, abs=0.01)
    assert pitch_range(np.array([100.0, 200.0] * 10)) == 0


def test_unvoiced_stretch_has_no_contour():
    assert contour(np.array([0.0, 0.0, 100.0, 0.0]), 0.0, 0.04) is None
