"""Batches are of like length, cover every clip once per pass, and depend on the seed and the step alone."""

from hypothesis import given, settings
from hypothesis import strategies as st

from voxcommons.train.loader import BatchPlan

LENGTHS = tuple(0.5 + (index * 37 % 100) / 10 for index in range(500))


def test_one_pass_holds_every_clip_once():
    plan = BatchPlan(LENGTHS, batch_seconds=40, seed=1)
    seen = [index for step in range(plan.steps_per_epoch) for index in plan.batch(step)]
    assert sorted(seen) == list(range(500))


def test_the_batch_of_a_step_does_not_depend_on_what_ran_before():
    plan, again = BatchPlan(LENGTHS, 40, seed=1), BatchPlan(LENGTHS, 40, seed=1)
    assert plan.batch(300) == [plan.batch(step) for step in range(301)][300] == again.batch(300)


def test_another_seed_or_pass_gives_another_order():
    plan = BatchPlan(LENGTHS, 40, seed=1)
    assert plan.batch(0) != BatchPlan(LENGTHS, 40, seed=2).batch(0)
    assert plan.batch(0) != plan.batch(plan.steps_per_epoch)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.1, 30), min_size=1, max_size=80), st.floats(1, 100))
def test_padded_size_stays_within_the_budget_unless_one_clip_is_longer(seconds, budget):
    plan = BatchPlan(tuple(seconds), budget, seed=0)
    for step in range(plan.steps_per_epoch):
        batch = plan.batch(step)
        assert len(batch) == 1 or max(seconds[index] for index in batch) * len(batch) <= budget + 1e-6


def test_batches_hold_clips_of_like_length():
    plan = BatchPlan(LENGTHS, 40, seed=1)
    waste = 0.0
    for step in range(plan.steps_per_epoch):
        lengths = [LENGTHS[index] for index in plan.batch(step)]
        waste += max(lengths) * len(lengths) - sum(lengths)
    assert waste / sum(LENGTHS) < 0.12
