"""A data set cut by the public slicer is cut again at the same samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from golden.check import compare
from voxcommons.base.errors import InputError
from voxcommons.prepare.public_slice import Chunk, SlicerOptions, public_chunks, public_clip_name, public_level

DATA = Path(__file__).parents[1] / "golden" / "data"
RATE = 32000


def tone(seconds: float, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(2 * np.pi * 200 * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def test_the_stored_cuts_are_reproduced():
    found = list(compare(DATA / "slicer"))
    assert len(found) == 3
    assert [one.name for one in found if not one.passed] == []


def test_a_recording_without_pauses_or_too_short_to_cut_stays_whole():
    for recording in (tone(10), np.concatenate([tone(1), tone(0.5, 0), tone(1)])):
        (chunk,) = public_chunks(recording, RATE)
        assert np.array_equal(chunk.of(recording), recording)


def test_a_long_pause_is_taken_out_but_for_half_a_second_at_each_side():
    recording = np.concatenate([tone(5), tone(3, 0), tone(5)])
    first, second = public_chunks(recording, RATE)
    assert first.start == 0
    assert 5 * RATE <= first.stop <= 5.5 * RATE
    assert 7.45 * RATE <= second.start <= 8 * RATE
    assert second.stop >= len(recording)


def test_silence_all_through_gives_nothing_but_a_rest_to_throw_away():
    recording = tone(8, 0)
    assert sum(len(chunk.of(recording)) for chunk in public_chunks(recording, RATE)) == 0


def test_options_that_contradict_each_other_are_refused_with_their_values():
    with pytest.raises(InputError, match="clip 200") as refused:
        SlicerOptions(min_length_ms=200)
    assert "\n" not in str(refused.value)


def test_a_quarter_of_a_clip_is_brought_to_the_peak():
    quiet = public_level(tone(1, 0.1))
    assert np.abs(quiet).max() == pytest.approx(0.25 * 0.9 + 0.75 * 0.1, abs=1e-4)
    assert not public_level(np.zeros(10, np.float32)).any()


def test_the_name_of_a_clip_says_where_it_was():
    assert public_clip_name("day1.wav", Chunk(9280, 181440)) == "day1.wav_0000009280_0000181440.wav"
