"""One trellis, two kinds of ends: a piece of speech, and all of it."""

import numpy as np

from voxcommons.models.ctc import best_path

BLANK = 3


def heard(path: list[int]) -> np.ndarray:
    table = np.full((len(path), 4), np.log(0.01), np.float32)
    table[np.arange(len(path)), path] = np.log(0.9)
    return table


def test_a_piece_may_hold_the_middle_alone_and_the_whole_must_hold_all():
    piece, phones = heard([1, 3, 1, 1]), np.array([0, 1, 2])
    assert {state for state in best_path(piece, phones, BLANK) if state % 2} == {3}
    assert {state for state in best_path(piece, phones, BLANK, whole=True) if state % 2} == {1, 3, 5}


def test_what_cannot_fit_has_no_path():
    assert best_path(heard([0]), np.array([0, 1]), BLANK, whole=True) == []
    assert best_path(heard([0]), np.array([0, 1]), BLANK) == [1]


def test_nothing_heard_has_no_path():
    assert best_path(np.zeros((0, 4), np.float32), np.array([0]), BLANK) == []
    assert best_path(heard([3, 3]), np.array([], np.int64), BLANK, whole=True) == [0, 0]
