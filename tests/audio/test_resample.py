"""Changing the rate keeps the sound, whole or in pieces."""

import numpy as np
import pytest

from sounds import speech_like
from voxcommons.audio.resample import resample, resample_blocks


def test_a_tone_stays_the_tone():
    time = np.arange(48000) / 48000
    low = resample(np.sin(2 * np.pi * 1000 * time).astype(np.float32), 48000, 16000)
    expected = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    assert len(low) == 16000
    np.testing.assert_allclose(low[500:-500], expected[500:-500], atol=1e-3)


@pytest.mark.parametrize("rates", [(16000, 16000), (96000, 48000), (44100, 16000)])
def test_pieces_equal_the_whole(rates):
    source = np.stack([speech_like((2.0,), rate=rates[0])] * 2, 1)
    blocks = (source[start : start + 7001] for start in range(0, len(source), 7001))
    joined = np.concatenate(list(resample_blocks(blocks, *rates, 2)))
    whole = resample(source, *rates)
    assert abs(len(joined) - len(whole)) <= 1
    np.testing.assert_allclose(joined[: len(whole)], whole[: len(joined)], atol=1e-4)
