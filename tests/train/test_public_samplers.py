"""The public trainers' batches and orders are reproduced, faults included."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden.check import compare
from voxcommons.train.public_samplers import sound_batches, text_order

DATA = Path(__file__).parents[1] / "golden" / "data"


def test_every_stored_batch_and_order_is_reproduced():
    found = list(compare(DATA / "samplers"))
    assert len(found) == 14
    assert [one.name for one in found if not one.passed] == []


def test_clips_outside_the_boundaries_are_never_drawn_and_a_boundary_belongs_below():
    drawn = {clip for batch in sound_batches([32, 33, 300, 1900, 1901], 1, epoch=1) for clip in batch}
    assert drawn == {1, 2, 3}


@pytest.mark.parametrize("replicas", [1, 3])
def test_every_batch_is_full_on_every_process(replicas):
    lengths = [100 + 37 * clip for clip in range(40)]
    per_rank = [sound_batches(lengths, 4, epoch=5, replicas=replicas, rank=rank) for rank in range(replicas)]
    assert {len(batch) for batches in per_rank for batch in batches} == {4}
    assert len({len(batches) for batches in per_rank}) == 1
    assert {clip for batches in per_rank for batch in batches for clip in batch} == set(range(40))


def test_all_processes_together_train_on_every_clip():
    durations_s = [0.7 * clip for clip in range(23)]
    per_rank = [text_order(durations_s, 2, epoch=1, replicas=4, rank=rank) for rank in range(4)]
    assert {len(order) for order in per_rank} == {6}
    assert {clip for order in per_rank for clip in order} == set(range(23))


def test_behind_a_gap_in_the_lengths_clips_stand_alone_until_the_limit_has_caught_up():
    """Only stretches of several clips can change their inner order, so these clips stay sorted in every epoch."""
    durations_s = [20.0, 20.1, 20.2, 20.3]
    for epoch in range(8):
        assert text_order(durations_s, 4, epoch=epoch) == [0, 1, 2, 3]


def test_no_clips_make_no_batches():
    assert sound_batches([], 4, epoch=1) == []
    assert text_order([], 4, epoch=0) == []
