"""Edit distance between what should have been said and what was heard.

Apart from the recognisers, because words, syllables and phones are all compared by the same rule and because the
robustness meter needs the path (runs of lost or added items), not only the count.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np

Step = Literal["match", "substitution", "deletion", "insertion"]


@dataclass(frozen=True)
class EditPath:
    """The cheapest way from a reference to a hypothesis.

    Attributes:
        steps: one per aligned position, in order.
        pairs: for each match or substitution, (index in the reference, index in the hypothesis).
        reference_length: items that should have been there.
    """

    steps: tuple[Step, ...]
    pairs: tuple[tuple[int, int], ...]
    reference_length: int

    @property
    def errors(self) -> int:
        """Substitutions + deletions + insertions."""
        return sum(step != "match" for step in self.steps)

    @property
    def rate(self) -> float:
        """Errors per reference item; above 1 is possible, an empty reference counts as one item."""
        return self.errors / max(1, self.reference_length)

    def longest_run(self, kind: Step) -> int:
        """The length of the longest uninterrupted run of one kind of step."""
        return max((len(list(run)) for step, run in groupby(self.steps) if step == kind), default=0)


def edit_path(reference: Sequence[Hashable], hypothesis: Sequence[Hashable]) -> EditPath:
    """Align two sequences with unit costs (Levenshtein), preferring matches, then substitutions.

    Args:
        reference: what should have been said.
        hypothesis: what was heard.
    """
    rows, columns = len(reference), len(hypothesis)
    cost = np.zeros((rows + 1, columns + 1), dtype=np.int32)
    cost[:, 0] = np.arange(rows + 1)
    cost[0, :] = np.arange(columns + 1)
    for i, wanted in enumerate(reference, 1):
        for j, heard in enumerate(hypothesis, 1):
            cost[i, j] = min(
                cost[i - 1, j - 1] + (wanted != heard), cost[i - 1, j] + 1, cost[i, j - 1] + 1
            )
    steps: list[Step] = []
    pairs: list[tuple[int, int]] = []
    i, j = rows, columns
    while i or j:
        same = bool(i and j) and reference[i - 1] == hypothesis[j - 1]
        if i and j and cost[i, j] == cost[i - 1, j - 1] + (not same):
            i, j = i - 1, j - 1
            steps.append("match" if same else "substitution")
            pairs.append((i, j))
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            steps.append("deletion")
        else:
            j -= 1
            steps.append("insertion")
    return EditPath(tuple(reversed(steps)), tuple(reversed(pairs)), rows)
