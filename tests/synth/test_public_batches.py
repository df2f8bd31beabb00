"""Sentences are grouped as the public program groups them (its stored batches: tests/train/test_public_samplers.py)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxcommons.synth.public_batches import sentence_batches


@given(st.lists(st.integers(0, 500), max_size=40), st.integers(1, 9), st.booleans())
def test_every_sentence_is_spoken_once_and_no_batch_is_too_large(lengths, batch, by_length):
    batches = sentence_batches(lengths, batch, by_length=by_length)
    assert sorted(sentence for group in batches for sentence in group) == list(range(len(lengths)))
    assert all(1 <= len(group) <= batch for group in batches)


def test_a_sentence_much_longer_than_the_rest_waits_for_its_own_batch():
    assert sentence_batches([10, 10, 100], 3) == [[0, 1], [2]]
    assert sentence_batches([10, 10, 100], 3, threshold=0.1) == [[0, 1, 2]]
