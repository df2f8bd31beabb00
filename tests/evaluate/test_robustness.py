"""Which sentences count as broken, and how phones are laid along time."""

import numpy as np

from voxcommons.evaluate.robustness import ctc_times, judge, length_ratio

BLANK = 3


def scores(path: list[int], classes: int = 4) -> np.ndarray:
    table = np.full((len(path), classes), np.log(0.01), dtype=np.float32)
    table[np.arange(len(path)), path] = np.log(0.9)
    return table


def test_sentence_at_natural_pace_is_whole():
    assert not judge(length_ratio(2.0, 24, 12.0), 1, 1).broken


def test_half_missing_speech_is_dropped_and_double_is_endless():
    assert judge(0.4).dropped
    assert judge(2.5).endless


def test_long_losses_and_additions_are_flagged_and_slips_are_not():
    assert judge(1.0, 5, 0).dropped
    assert judge(1.0, 0, 5).repeated
    assert not judge(1.0, 4, 4).broken


def test_alignment_follows_the_spikes():
    assert ctc_times(scores([3, 0, 3, 1, 1, 3, 2]), [0, 1, 2], BLANK) == [(1, 3), (3, 6), (6, 7)]


def test_repeated_phone_needs_a_blank_between():
    assert ctc_times(scores([0, 0, 3, 0]), [0, 0], BLANK) == [(0, 3), (3, 4)]
    assert ctc_times(scores([0, 0]), [0, 0], BLANK) is None


def test_alignment_takes_phones_the_recogniser_did_not_hear():
    times = ctc_times(scores([0, 3, 3, 2]), [0, 1, 2], BLANK)
    assert times is not None
    assert times[0][0] == 0 and times[2][0] == 3 and 1 <= times[1][0] <= 2


def test_more_phones_than_frames_cannot_be_aligned():
    assert ctc_times(scores([0]), [0, 1], BLANK) is None
    assert ctc_times(scores([0]), [], BLANK) is None


def test_a_long_sentence_is_aligned_to_its_end():
    """More than 63 phones: their states no longer fit into the byte in which a step is kept."""
    ids = [number % 3 for number in range(200)]
    times = ctc_times(scores(ids), ids, BLANK)
    assert times == [(frame, frame + 1) for frame in range(200)]
