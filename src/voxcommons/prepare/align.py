"""Finding which part of a text is spoken in a piece of sound.

A person gives the text of a whole recording; the prompt is a few seconds of it. The recogniser's probabilities over
those seconds are matched against all the text's phones at once (the Viterbi path of Graves 2006, free to begin and end
anywhere in the text), so the prompt needs no time marks and the rest of the recording is not looked at. NumPy only: it
knows no network, just a table of log-probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from voxcommons.models.ctc import best_path

LogProbs = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

MOST_CELLS: Final = 400_000_000  # one byte each: seconds of sound times phones of text
_OTHER_ORDERS: Final = 6
_LEAST_SPREAD: Final = 0.02  # of a mean log-probability, so that a few like orders do not make anything stand out


@dataclass(frozen=True)
class Match:
    """The part of a text that is spoken.

    Attributes:
        first, last: indices into the phones that were given, ``last`` exclusive.
        agreement: 1 minus the edit distance between the phones of the part and the phones heard, per phone; about
            0.6 to 1 where the text is what was said, below 0.3 where it is not.
    """

    first: int
    last: int
    agreement: float


def find_spoken(log_probs: LogProbs, phones: Sequence[int], blank: int, kinds: npt.NDArray[np.int64] | None = None) -> Match | None:
    """Find the stretch of phones that some sound speaks.

    Args:
        log_probs: of the recogniser [S, classes].
        phones: classes of the whole text in order, none of them the blank.
        blank: the class of "nothing new".
        kinds: class -> kind [classes], to count phones that differ only in tone or stress as alike.

    Returns:
        The stretch, or None when there is no path (no phones, no sound, or more text than can be searched).
    """
    ids = np.asarray(phones, np.int64)
    steps = len(log_probs)
    if not len(ids) or not steps or steps * (2 * len(ids) + 1) > MOST_CELLS:
        return None
    path = best_path(log_probs, ids, blank)
    spoken = sorted({state // 2 for state in path if state % 2})
    if not spoken:
        return None
    first, last = spoken[0], spoken[-1] + 1
    heard = collapse(log_probs.argmax(1), blank)
    said = ids[first:last]
    if kinds is not None:
        heard, said = kinds[heard], kinds[said]
    agreement = 1.0 - edit_distance(said, heard) / max(len(said), len(heard), 1)
    return Match(first, last, float(agreement))


def stands_out(log_probs: LogProbs, phones: Sequence[int], blank: int) -> float:
    """How much better some sound fits a text than it fits the same phones in other orders.

    Agreement counts phones that were heard right, which is little use where a recogniser only knows rough classes; this weighs
    the probabilities of the whole path, and the other orders say what chance would give.

    Args:
        log_probs: of the recogniser [S, classes].
        phones: classes of the whole text in order.
        blank: the class of "nothing new".

    Returns:
        Distance from the mean of the other orders in their standard deviations; 0 when there is no path.
    """
    ids = np.asarray(phones, np.int64)
    if len(ids) < 2 or len(log_probs) * (2 * len(ids) + 1) > MOST_CELLS:
        return 0.0
    rng = np.random.default_rng(0)
    others = [_score(log_probs, rng.permutation(ids), blank) for _ in range(_OTHER_ORDERS)] + [_score(log_probs, ids[::-1], blank)]
    return float((_score(log_probs, ids, blank) - np.mean(others)) / (np.std(others) + _LEAST_SPREAD))


def _score(log_probs: LogProbs, ids: Ids, blank: int) -> float:
    """Mean log-probability of a step on the best path."""
    path = np.asarray(best_path(log_probs, ids, blank), np.int64)
    said = np.where(path % 2 == 1, ids[np.minimum(path // 2, len(ids) - 1)], blank)
    return float(log_probs[np.arange(len(path)), said].mean()) if len(path) else 0.0


def collapse(best: Ids, blank: int) -> Ids:
    """A path of classes [S] as the phones it means: repeats joined, blanks dropped."""
    if not len(best):
        return best
    changed = np.concatenate(([True], best[1:] != best[:-1]))
    joined: Ids = best[changed]
    return joined[joined != blank]


def edit_distance(one: Ids, other: Ids) -> int:
    """Fewest insertions, deletions and substitutions that turn one sequence into the other."""
    row = np.arange(len(other) + 1)
    for index, item in enumerate(one):
        best = np.minimum(row[:-1] + (other != item), row[1:] + 1)
        # An insertion chains along the row: subtract the slope, take the running minimum, add the slope back.
        slope = np.arange(len(other) + 1)
        row = np.minimum.accumulate(np.concatenate(([index + 1], best)) - slope) + slope
    return int(row[-1])
