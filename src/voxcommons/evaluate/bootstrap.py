"""How sure a figure is: bootstrap intervals that know that sentences of one person resemble each other.

Source: Davison and Hinkley, "Bootstrap methods and their application" (1997), section 3.8: people are drawn first,
then sentences of each person drawn. With the three or four people of a development set the intervals are wide, as
they should be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
_SEED = 20


@dataclass(frozen=True)
class Observation:
    """One sentence's share in a figure: part / whole, for example 2 errors in 11 words; a mean has whole 1."""

    cluster: str
    part: float
    whole: float


@dataclass(frozen=True)
class Estimate:
    """A pooled figure with its 95 % interval and the number of sentences and people behind it."""

    value: float
    low: float
    high: float
    sentences: int
    people: int


def estimate(observations: Sequence[Observation], draws: int = DRAWS, seed: int = _SEED) -> Estimate | None:
    """Pool observations (sum of parts / sum of wholes) and bootstrap the interval; None without observations.

    Args:
        observations: in any order.
        draws: bootstrap replicates.
        seed: of the drawing; the same seed and observations give the same interval.
    """
    whole = sum(o.whole for o in observations)
    if not observations or whole == 0:
        return None
    drawn = draw_ratios(observations, draws, seed)
    low, high = np.percentile(drawn[np.isfinite(drawn)], [2.5, 97.5])
    people = len({o.cluster for o in observations})
    value = sum(o.part for o in observations) / whole
    return Estimate(float(value), float(low), float(high), len(observations), people)


def estimate_relative(
    observations: Sequence[Observation], baseline: Sequence[Observation], draws: int = DRAWS, seed: int = _SEED
) -> Estimate | None:
    """Estimate the ratio of two pooled figures, each bootstrapped on its own; None when either is missing or zero."""
    above, below = estimate(observations, 1, seed), estimate(baseline, 1, seed)
    if above is None or below is None or below.value == 0:
        return None
    drawn = draw_ratios(observations, draws, seed) / np.maximum(draw_ratios(baseline, draws, seed + 1), 1e-9)
    low, high = np.percentile(drawn[np.isfinite(drawn)], [2.5, 97.5])
    return Estimate(above.value / below.value, float(low), float(high), above.sentences, above.people)


def draw_ratios(observations: Sequence[Observation], draws: int, seed: int) -> NDArray[np.float64]:
    """Return bootstrap replicates [draws] of the pooled ratio."""
    generator = np.random.default_rng(seed)
    names = sorted({o.cluster for o in observations})
    tables = [np.array([(o.part, o.whole) for o in observations if o.cluster == name]) for name in names]
    sums = np.zeros((draws, 2))
    chosen = generator.integers(len(tables), size=(draws, len(tables)))
    for index, table in enumerate(tables):
        times = (chosen == index).sum(1)  # how often this person was drawn, [draws]
        for again in range(int(times.max())):
            rows = np.flatnonzero(times > again)
            picks = generator.integers(len(table), size=(len(rows), len(table)))
            sums[rows] += table[picks].sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return sums[:, 0] / sums[:, 1]
