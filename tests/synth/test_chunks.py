"""Silence and loudness: the same samples however the sound was cut, and nothing outside full scale."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxcommons.synth.chunks import EDGE_S, SilenceTrimmer, limit_peaks, pause_seconds

RATE = 16000


def speech(seconds: float) -> np.ndarray:
    return (0.3 * np.sin(np.arange(round(seconds * RATE)) * 0.1)).astype(np.float32)


def quiet(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def trimmed(pieces: list[np.ndarray]) -> np.ndarray:
    trimmer = SilenceTrimmer(RATE)
    return np.concatenate([*(trimmer.push(piece) for piece in pieces), trimmer.finish()])


def test_long_silence_at_both_ends_is_shortened_and_inside_it_stays():
    sound = np.concatenate([quiet(0.7), speech(0.4), quiet(0.5), speech(0.4), quiet(0.9)])
    kept = trimmed([sound])
    assert len(kept) == pytest.approx((0.4 + 0.5 + 0.4 + 2 * EDGE_S) * RATE, abs=0.02 * RATE)
    assert np.abs(kept).max() == np.abs(sound).max()


def test_a_sentence_without_silence_is_left_alone():
    np.testing.assert_array_equal(trimmed([speech(0.333)]), speech(0.333))


def test_a_silent_sentence_becomes_empty():
    assert len(trimmed([quiet(0.5), quiet(0.31)])) == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 30000), max_size=8))
def test_where_the_sound_is_cut_does_not_matter(cuts):
    sound = np.concatenate([quiet(0.31), speech(0.4), quiet(0.5), speech(0.213), quiet(0.407)])
    np.testing.assert_array_equal(trimmed(np.split(sound, sorted(c for c in cuts if c < len(sound)))), trimmed([sound]))


def test_soft_samples_pass_unchanged_and_loud_ones_stay_below_full_scale():
    sound = np.array([0.0, 0.5, -0.89, 0.95, -1.5, 40.0], np.float32)
    limited = limit_peaks(sound)
    np.testing.assert_array_equal(limited[:3], sound[:3])
    assert np.abs(limited).max() <= 1.0
    assert (np.diff(limit_peaks(np.linspace(-3, 3, 1001, dtype=np.float32))) >= 0).all()


@pytest.mark.parametrize(
    ("sentence", "gap", "expected"),
    [
        ("Hello.", " ", 1.0), ("你好。", "", 1.0), ("“Really?”", " ", 1.0), ("Well,", " ", 0.5), ("一，", "", 0.5), ("and so", " ", 0.5),
        ("A title", "\n", 1.0), ("The end.", "\n\n", 2.0), ("The end.\n\n", "", 2.0), ("", "", 0.5),
    ],
)  # fmt: skip
def test_the_pause_follows_the_mark(sentence, gap, expected):
    assert pause_seconds(sentence, gap, 1.0) == expected
