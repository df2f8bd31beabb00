"""Which clips go into which step: batches of like length, the same for every run with one seed.

It is apart from the loops because an exact resume needs one rule: the batch of step n depends on the seed and on n
alone, so a killed run continues with the clips it would have had. It knows lengths, not sounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

POOL = 40  # batches shuffled together before sorting by length: variety at little padding


@dataclass(frozen=True)
class BatchPlan:
    """Deterministic batches of clip numbers.

    Attributes:
        seconds: length of every clip.
        batch_seconds: padded seconds per batch; a single longer clip is a batch of its own.
        seed: decides every order.
        max_items: most clips in one batch.
        by_length: whether clips of like length share a batch; otherwise chance decides, and about a third of the work is padding.
    """

    seconds: tuple[float, ...]
    batch_seconds: float
    seed: int
    max_items: int = 256
    by_length: bool = True

    def batch(self, step: int) -> list[int]:
        """Return the clip numbers of one step (counted from 0, running on through epochs)."""
        epoch = 0
        while step >= len(batches := _epoch(self, epoch)):
            step -= len(batches)
            epoch += 1
        return list(batches[step])

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches in the first pass over the data; later passes differ by a few."""
        return len(_epoch(self, 0))


@lru_cache(maxsize=8)
def _epoch(plan: BatchPlan, epoch: int) -> tuple[tuple[int, ...], ...]:
    rng = np.random.default_rng((plan.seed, epoch))
    seconds = np.asarray(plan.seconds)
    order = rng.permutation(len(seconds))
    mean = max(float(seconds.mean()), 0.1)
    pool_items = max(1, int(POOL * plan.batch_seconds / mean))
    batches: list[tuple[int, ...]] = []
    for start in range(0, len(order), pool_items):
        pool = order[start : start + pool_items]
        if plan.by_length:
            pool = pool[np.argsort(seconds[pool], kind="stable")]
        current: list[int] = []
        for index in pool:
            longest = max(float(seconds[other]) for other in (*current, index))
            if current and (longest * (len(current) + 1) > plan.batch_seconds or len(current) >= plan.max_items):
                batches.append(tuple(current))
                current = []
            current.append(int(index))
        if current:
            batches.append(tuple(current))
    return tuple(batches[index] for index in rng.permutation(len(batches)))
