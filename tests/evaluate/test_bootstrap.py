"""What the intervals around figures promise."""

import pytest

from voxcommons.evaluate.bootstrap import Observation, estimate, estimate_relative


def observations(rates: dict[str, list[float]]) -> list[Observation]:
    return [Observation(name, rate * 10, 10) for name, values in rates.items() for rate in values]


def test_value_is_pooled_over_the_sentences_of_a_person():
    found = estimate([Observation("a", 1, 2), Observation("a", 3, 10)])
    assert found is not None
    assert found.value == pytest.approx(4 / 12)
    assert (found.sentences, found.people) == (2, 1)


def test_every_person_weighs_the_same():
    found = estimate([*observations({"a": [0.2] * 20, "b": [0.8]})])
    assert found is not None
    assert found.value == pytest.approx(0.5)


def test_same_seed_gives_the_same_interval():
    data = observations({"a": [0.1, 0.3, 0.2], "b": [0.5, 0.4]})
    assert estimate(data, seed=1) == estimate(data, seed=1)


def test_interval_holds_the_value_and_is_a_point_without_spread():
    found = estimate(observations({"a": [0.1, 0.9, 0.4], "b": [0.2, 0.7]}))
    assert found is not None and found.low < found.value < found.high
    flat = estimate(observations({"a": [0.5, 0.5], "b": [0.5]}))
    assert flat is not None and flat.low == flat.high == flat.value


def test_people_who_differ_widen_the_interval():
    mixed = estimate(observations({"a": [0.2, 0.8] * 10, "b": [0.2, 0.8] * 10}))
    apart = estimate(observations({"a": [0.2] * 20, "b": [0.8] * 20}))
    assert mixed is not None and apart is not None
    assert apart.high - apart.low > 2 * (mixed.high - mixed.low)


def test_nothing_observed_is_no_estimate():
    assert estimate([]) is None
    assert estimate([Observation("a", 0, 0)]) is None
    assert estimate_relative([], observations({"a": [0.1]})) is None


def test_ratio_is_taken_between_pooled_figures():
    found = estimate_relative(observations({"a": [0.4, 0.4]}), observations({"a": [0.2, 0.2]}))
    assert found is not None and found.value == pytest.approx(2.0)
