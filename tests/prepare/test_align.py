"""The spoken part of a text is found in it, also by a recogniser that errs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxcommons.prepare.align import collapse, edit_distance, find_spoken

CLASSES, BLANK = 41, 40


def recognised(phones, rng, error=0.0):
    """Log-probabilities of a recogniser that hears `phones` at three steps each, `error` of them wrong."""
    steps = []
    for phone in phones:
        heard = int(rng.integers(0, BLANK)) if rng.random() < error else phone
        steps += [heard, BLANK, BLANK]
    probabilities = np.full((len(steps), CLASSES), 0.2 / CLASSES)
    probabilities[np.arange(len(steps)), steps] += 0.8
    return np.log(probabilities).astype(np.float32)


@pytest.mark.parametrize("error", [0.0, 0.3])
@pytest.mark.parametrize(("first", "last"), [(0, 60), (200, 260), (340, 400), (0, 400)])
def test_a_part_is_found_in_a_long_text(error, first, last):
    rng = np.random.default_rng(first + last)
    text = rng.integers(0, BLANK, 400).tolist()
    match = find_spoken(recognised(text[first:last], rng, error), text, BLANK)
    assert abs(match.first - first) <= (2 if error else 0)
    assert abs(match.last - last) <= (2 if error else 0)
    assert match.agreement > 1 - 1.2 * error - 1e-9 - (0.1 if error else 0)


def test_another_text_does_not_agree():
    rng = np.random.default_rng(0)
    match = find_spoken(recognised(rng.integers(0, BLANK, 70).tolist(), rng), rng.integers(0, BLANK, 400).tolist(), BLANK)
    assert match is None or match.agreement < 0.3


def test_a_doubled_phone_needs_its_blank():
    match = find_spoken(recognised([3, 3, 5], np.random.default_rng(0)), [9, 3, 3, 5, 9], BLANK)
    assert (match.first, match.last, match.agreement) == (1, 4, 1.0)


def test_one_long_phone_is_not_two():
    heard = np.full((4, CLASSES), -9.0, np.float32)
    heard[range(4), [1, 3, 3, 5]] = 0
    assert find_spoken(heard, [1, 3, 5], BLANK).agreement == 1
    match = find_spoken(heard, [1, 3, 3, 5], BLANK)
    assert match.last - match.first < 4  # two of a kind need a blank between them


def test_kinds_count_tones_as_alike():
    kinds = np.arange(CLASSES) // 2
    heard, said = recognised([2, 4, 6, 8, 10], np.random.default_rng(0)), [2, 5, 6, 9, 10]
    assert find_spoken(heard, said, BLANK, kinds).agreement == 1.0
    assert find_spoken(heard, said, BLANK).agreement == pytest.approx(0.6)


def test_nothing_to_find_is_none():
    assert find_spoken(np.zeros((0, CLASSES), np.float32), [1], BLANK) is None
    assert find_spoken(np.zeros((9, CLASSES), np.float32), [], BLANK) is None
    assert find_spoken(np.zeros((100_000, CLASSES), np.float32), [1] * 3000, BLANK) is None


def test_a_path_collapses_to_its_phones():
    assert collapse(np.array([40, 1, 1, 40, 1, 2, 2, 40]), BLANK).tolist() == [1, 1, 2]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=9), st.lists(st.integers(0, 3), max_size=9))
def test_the_edit_distance_is_the_textbook_one(one, other):
    table = [[i + j if not i * j else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (one[i - 1] != other[j - 1]))
    assert edit_distance(np.array(one, np.int64), np.array(other, np.int64)) == table[-1][-1]
