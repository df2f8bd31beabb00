"""Pieces are joined where their waves fit, as the public program joins them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from golden.check import compare
from voxcommons.synth.overlap_search import SEARCH_SAMPLES, best_shift, joined

DATA = Path(__file__).parents[1] / "golden" / "data"
RATE, OVERLAP = 32000, 1280


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, count).astype(np.float32)


def test_the_stored_speech_is_reproduced():
    found = list(compare(DATA / "sola"))
    assert len(found) == 1
    assert found[0].error < 1e-6


def test_a_piece_that_begins_early_is_moved_to_its_place_and_the_whole_is_the_original():
    whole = noise(12000)
    cut, early = 6000, 123
    pieces = [whole[:cut], whole[cut - OVERLAP - early :]]
    assert best_shift(pieces[0][-OVERLAP:], pieces[1][: OVERLAP + SEARCH_SAMPLES]) == early
    np.testing.assert_allclose(np.concatenate(list(joined(pieces, OVERLAP))), whole, atol=1e-6)


def test_silence_is_joined_without_a_search_result_or_a_division_by_zero():
    pieces = [np.zeros(4000, np.float32)] * 3
    speech = np.concatenate(list(joined(pieces, OVERLAP)))
    assert len(speech) == 3 * 4000 - 2 * OVERLAP
    assert not speech.any()


def test_one_piece_stays_as_it_is_and_none_is_nothing():
    piece = noise(4000)
    assert np.array_equal(np.concatenate(list(joined([piece], OVERLAP))), piece)
    assert list(joined([], OVERLAP)) == []
