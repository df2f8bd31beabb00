"""Which sentences of a run a person should hear: one of everybody, every broken one, and the worst of the rest.

Apart from the page, because the choice must not flatter: everybody is heard with the sentence in the middle of the system's
phone errors, not with the best, and natural speech with the same one where the person reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voxcommons.evaluate.breaks import Break, breaks
from voxcommons.evaluate.figures import NATURAL, Yardsticks, is_broken, length_of
from voxcommons.evaluate.objective import Score

_MOST_WORST = 3  # of each system and language


@dataclass(frozen=True)
class Broken:
    """A broken sentence and what is wrong with it."""

    score: Score
    faults: tuple[Break, ...]


@dataclass(frozen=True)
class Listening:
    """What to hear.

    Attributes:
        samples: of each person and language natural speech and each system, one sentence each.
        broken: all broken sentences of the systems.
        worst: whole sentences with the most errors.
    """

    samples: tuple[tuple[Score, ...], ...]
    broken: tuple[Broken, ...]
    worst: tuple[Score, ...]


def error_of(score: Score) -> float:
    """Errors per phone, else per word; 0 when nobody listened."""
    for errors, whole in ((score.phone_errors, score.phones), (score.word_errors, score.words)):
        if errors is not None and whole:
            return errors / whole
    return 0.0


def listening(scores: Sequence[Score], normal: Yardsticks, systems: Sequence[str]) -> Listening:
    """Choose what to hear.

    Args:
        scores: of a run.
        normal: its yardsticks.
        systems: whose broken and worst sentences are wanted.
    """
    heard = [s for s in scores if s.system in (NATURAL, *systems)]
    people = sorted({(s.language, s.speaker) for s in heard})
    samples = []
    for language, speaker in people:
        own = [s for s in heard if (s.language, s.speaker) == (language, speaker)]
        names = sorted(dict.fromkeys(s.system for s in own), key=lambda name: name != NATURAL)
        lead = _middle([s for s in own if s.system == next((name for name in systems if name in names), NATURAL)])
        samples.append(tuple(_middle([s for s in own if s.system == name], lead.item) for name in names))
    broken, worst = [], []
    for language in sorted({s.language for s in heard}):
        for system in systems:
            own = [s for s in heard if (s.system, s.language) == (system, language)]
            whole = [s for s in own if not is_broken(s, normal)]
            broken += [Broken(s, tuple(_faults(s, normal))) for s in own if is_broken(s, normal)]
            worst += sorted((s for s in whole if error_of(s) > 0), key=lambda s: (-error_of(s), s.speaker, s.item))[:_MOST_WORST]
    return Listening(tuple(samples), tuple(broken), tuple(worst))


def _faults(score: Score, normal: Yardsticks) -> list[Break]:
    ratio = length_of(score, normal)
    return breaks(score.text, score.language, score.heard, ratio) if ratio is not None else []


def _middle(scores: Sequence[Score], item: str = "") -> Score:
    """The sentence of that name, else the one in the middle of the errors."""
    known = [s for s in scores if s.item == item] or [s for s in scores if s.text] or scores
    ordered = sorted(known, key=lambda s: (error_of(s), s.item))
    return ordered[len(ordered) // 2]
