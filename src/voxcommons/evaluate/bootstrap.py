"""How sure a figure is: bootstrap intervals that know that sentences of one person resemble each other.

A figure is pooled over the sentences of each person and then averaged over people, so that whoever has more recordings
does not weigh more. Source of the interval: Davison and Hinkley, "Bootstrap methods and their application" (1997),
section 3.8: people are drawn first, then sentences of each person drawn. With the three or four people of a development
set the intervals are wide, as they should be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
class Pair:
    """One sentence's shares in the same figure of two systems that both spoke it."""

    cluster: str
    part: float
    whole: float
    other_part: float
    other_whole: float


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval and the number of sentences and people behind it."""

    value: float
    low: float
    high: float
    sentences: int
    people: int


def estimate(observations: Sequence[Observation], draws: int = DRAWS, seed: int = _SEED) -> Estimate | None:
    """Average people's pooled figures (sum of parts / sum of wholes) and bootstrap the interval.

    Args:
        observations: in any order; people without any whole are left out.
        draws: bootstrap replicates.
        seed: of the drawing; the same seed and observations give the same interval.

    Returns:
        None without observations.
    """
    tables = _tables(observations)
    if not tables:
        return None
    value = np.mean([table[:, 0].sum() / table[:, 1].sum() for table in tables])
    low, high = np.percentile(_draw(tables, draws, seed), [2.5, 97.5])
    return Estimate(float(value), float(low), float(high), sum(len(table) for table in tables), len(tables))


def estimate_relative(
    observations: Sequence[Observation], baseline: Sequence[Observation], draws: int = DRAWS, seed: int = _SEED
) -> Estimate | None:
    """Estimate the ratio of two pooled figures, each bootstrapped on its own; None when either is missing or zero."""
    above, below = estimate(observations, 1, seed), estimate(baseline, 1, seed)
    if above is None or below is None or below.value == 0:
        return None
    top, bottom = _draw(_tables(observations), draws, seed), _draw(_tables(baseline), draws, seed + 1)
    low, high = np.percentile(top / np.maximum(bottom, 1e-9), [2.5, 97.5])
    return Estimate(above.value / below.value, float(low), float(high), above.sentences, above.people)


def estimate_difference(pairs: Sequence[Pair], draws: int = DRAWS, seed: int = _SEED) -> Estimate | None:
    """Estimate by how much a figure lies above that of another system, from sentences both spoke.

    Sentences are drawn in pairs, so that what makes a sentence hard for both does not widen the interval.

    Returns:
        The first system's figure minus the other's; None without sentences in common.
    """
    usable = [pair for pair in pairs if pair.whole > 0 and pair.other_whole > 0]
    rows = {
        name: np.array([(p.part, p.whole, p.other_part, p.other_whole) for p in usable if p.cluster == name])
        for name in sorted({pair.cluster for pair in usable})
    }
    if not rows:
        return None
    tables = list(rows.values())
    value = np.mean([_difference(table.sum(0)[None])[0] for table in tables])
    low, high = np.percentile(_draw(tables, draws, seed, _difference), [2.5, 97.5])
    return Estimate(float(value), float(low), float(high), len(usable), len(tables))


def draw_totals(
    rows: Mapping[str, NDArray[np.float64]], draws: int = DRAWS, seed: int = _SEED
) -> NDArray[np.float64]:
    """Bootstrap replicates of sums over everybody's sentences, for figures that are no averages over people.

    Args:
        rows: of each person, [sentences, K].
        draws: bootstrap replicates.
        seed: of the drawing.

    Returns:
        [draws, K].
    """
    tables = [rows[name] for name in sorted(rows)]
    generator = np.random.default_rng(seed)
    chosen = generator.integers(len(tables), size=(draws, len(tables)))
    totals = np.zeros((draws, tables[0].shape[1]))
    for replicate, people in enumerate(chosen):
        for person in people:
            table = tables[person]
            totals[replicate] += table[generator.integers(len(table), size=len(table))].sum(0)
    return totals


def _tables(observations: Sequence[Observation]) -> list[NDArray[np.float64]]:
    """(part, whole) of each person's sentences, [sentences, 2]."""
    names = sorted({o.cluster for o in observations if o.whole > 0})
    return [np.array([(o.part, o.whole) for o in observations if o.cluster == name and o.whole > 0]) for name in names]


def _rate(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return sums[:, 0] / sums[:, 1]


def _difference(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]


def _draw(
    tables: Sequence[NDArray[np.float64]],
    draws: int,
    seed: int,
    figure: Callable[[NDArray[np.float64]], NDArray[np.float64]] = _rate,
) -> NDArray[np.float64]:
    """Bootstrap replicates [draws] of the average over people of a figure of their pooled sentences [rows, K]."""
    generator = np.random.default_rng(seed)
    sums = np.zeros(draws)
    chosen = generator.integers(len(tables), size=(draws, len(tables)))
    for index, table in enumerate(tables):
        times = (chosen == index).sum(1)  # how often this person was drawn, [draws]
        for again in range(int(times.max())):
            rows = np.flatnonzero(times > again)
            picked = table[generator.integers(len(table), size=(len(rows), len(table)))].sum(1)  # [rows, K]
            sums[rows] += figure(picked)
    return sums / len(tables)
