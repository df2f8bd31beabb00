"""Where phonemes lie: the best path through what a CTC recogniser says (Graves et al. 2006).

Apart from the networks because training, cutting recordings and speaking all ask it, each about other numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_IMPOSSIBLE = np.float32(-1e30)


def best_path(log_probs: NDArray[np.float32], ids: NDArray[np.int64], blank: int, *, whole: bool = False) -> list[int]:
    """States per step on the best path through blank, phone 0, blank, phone 1, ..., blank.

    Args:
        log_probs: [S, classes] of the recogniser.
        ids: [P] classes of the phones, in order.
        blank: the class of "nothing new".
        whole: the path must pass through all phones; otherwise any state may begin or end, as in a piece cut out of speech.

    Returns:
        State 2 i + 1 is phone i, even states are blanks; nothing when all phones do not fit into the steps.
    """
    count = 2 * len(ids) + 1
    classes = np.full(count, blank)
    classes[1::2] = ids
    may_skip = np.zeros(count, bool)  # phone to phone without a blank, when they differ
    may_skip[3::2] = ids[1:] != ids[:-1]
    if not len(log_probs):
        return []
    score = log_probs[0, classes].astype(np.float32)
    if whole:
        score[2:] = _IMPOSSIBLE
    back = np.zeros((len(log_probs), count), np.int8)
    for step in range(1, len(log_probs)):
        choices = np.full((3, count), _IMPOSSIBLE)
        choices[0] = score
        choices[1, 1:] = score[:-1]
        choices[2, 2:] = np.where(may_skip[2:], score[:-2], _IMPOSSIBLE)
        back[step] = choices.argmax(0)
        score = choices.max(0) + log_probs[step, classes]
    last = max(0, count - 2) if whole else 0
    state = last + int(score[last:].argmax())
    if score[state] < _IMPOSSIBLE / 2:
        return []
    path = [state]
    for step in range(len(log_probs) - 1, 0, -1):
        state -= int(back[step, state])
        path.append(state)
    return path[::-1]


def phoneme_of_code(log_probs: NDArray[np.float32], spoken: Sequence[int], blank: int) -> NDArray[np.int64]:
    """Which phoneme each code belongs to, by the best CTC path; blanks go to the nearer neighbour.

    Args:
        log_probs: [S, classes] of the recogniser.
        spoken: phoneme classes in order, none of them the blank.
        blank: the class of "nothing new".

    Returns:
        [S] int64 indices into ``spoken``.
    """
    states = np.asarray(best_path(log_probs, np.asarray(spoken, np.int64), blank))
    places = np.flatnonzero(states % 2)
    if not len(places):
        return np.zeros(len(states), np.int64)
    nearest = np.abs(np.arange(len(states))[:, None] - places).argmin(1)
    return states[places[nearest]] // 2
