"""Did the sentence come out whole: nothing dropped, nothing repeated, an end in time.

Two independent checks: the length against the language's natural pace, and the phones that were heard against the
phones that were asked for. Neither is right every time, so the share of flagged sentences is only ever read beside
the share among natural recordings of the same kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxcommons.models.ctc import best_path

SHORTEST, LONGEST = 0.5, 2.0  # length ratios; readers of one language stay within about 0.7 to 1.4 of its mean pace
LONGEST_RUN = 5  # phones lost or added in one piece: more than the slip of a recogniser, about a word


@dataclass(frozen=True)
class Robustness:
    """What is wrong with one sentence; nothing is when all flags are False."""

    dropped: bool
    repeated: bool
    endless: bool

    @property
    def broken(self) -> bool:
        """Whether any flag is up."""
        return self.dropped or self.repeated or self.endless


def length_ratio(seconds: float, phones: int, phones_per_second: float) -> float:
    """Return how long a sentence is, in units of its expected duration.

    Args:
        seconds: of speech, silence at both ends left out.
        phones: in the sentence.
        phones_per_second: the natural pace of the language.
    """
    return seconds * phones_per_second / max(1, phones)


def judge(ratio: float, longest_loss: int | None = None, longest_addition: int | None = None) -> Robustness:
    """Judge one sentence.

    Args:
        ratio: from ``length_ratio``.
        longest_loss: most phones in a row that were asked for and not heard, stress and tones ignored; None when no
            recogniser listened.
        longest_addition: most phones in a row that were heard and not asked for.
    """
    return Robustness(
        dropped=ratio < SHORTEST or (longest_loss or 0) >= LONGEST_RUN,
        repeated=(longest_addition or 0) >= LONGEST_RUN,
        endless=ratio > LONGEST,
    )


def ctc_times(log_probs: NDArray[np.float32], ids: Sequence[int], blank: int) -> list[tuple[int, int]] | None:
    """Align phones to frames: the most probable CTC path that spells exactly these phones.

    Args:
        log_probs: [S, classes].
        ids: phones to be found, in order.
        blank: class of the CTC blank.

    Returns:
        For each phone its first frame and the frame where the next phone starts (or the end); None when there are
        too few frames to hold the phones.
    """
    path = np.array(best_path(log_probs, np.asarray(ids, np.int64), blank, whole=True), np.int64)
    if not len(ids) or not len(path):
        return None
    first = [int(np.flatnonzero(path == 2 * number + 1)[0]) for number in range(len(ids))]
    return list(zip(first, [*first[1:], len(path)], strict=True))
