"""Every figure by name, unit and direction, and what a single sentence contributes to it.

Apart from the tables that show them, because the table, the page and the comparison of two voices all count the same.
Measures nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from voxcommons.evaluate.bootstrap import Observation
from voxcommons.evaluate.objective import Score
from voxcommons.evaluate.robustness import judge, length_ratio
from voxcommons.evaluate.similarity import centroid, nearest_speaker
from voxcommons.evaluate.spectrum import Spread, nearest_by_spectrum, pool

Heard = TypeVar("Heard")
Middle = TypeVar("Middle")

NATURAL, ESPEAK = "natural", "espeak-ng"
YARDSTICKS = (NATURAL, ESPEAK)
SEX_BOUNDARY_HZ = 165.0
_FALLBACK_PACE = {"en": 12.0, "zh": 9.0}  # phones per second, where no natural speech was measured

Key = tuple[str, str, str]  # system, speaker, item


@dataclass(frozen=True)
class Likeness:
    """One sentence compared with natural speech of everybody.

    Attributes:
        cosine: to its own speaker, by the speaker encoder.
        nearest: who is nearest by it; empty when there is only one person to choose from.
    """

    cosine: float
    nearest: str


@dataclass(frozen=True)
class Yardsticks:
    """What natural speech of this run says about normal values.

    Attributes:
        likeness: per (system, speaker, item), by the speaker encoder.
        spectral_nearest: who is nearest by the statistics of the spectrum.
        pitch_hz: median pitch of each person.
        pitch_range: in octaves, the usual one of their sentences.
        pace: phones per second of each language.
    """

    likeness: Mapping[Key, Likeness]
    spectral_nearest: Mapping[Key, str]
    pitch_hz: Mapping[str, float]
    pitch_range: Mapping[str, float]
    pace: Mapping[str, float]


Pick = Callable[[Score, Yardsticks], tuple[float, float] | None]
Better = Literal["lower", "higher", ""]  # "" where natural speech is the aim, or nothing is


@dataclass(frozen=True)
class Figure:
    """One line of the table: name, how it is shown, and a sentence's (part, whole); None leaves the sentence out."""

    key: str
    title: str
    scale: float
    decimals: int
    unit: str
    better: Better
    pick: Pick

    def observations(self, scores: Sequence[Score], normal: Yardsticks) -> list[Observation]:
        """What the sentences contribute, those without this figure left out."""
        picked = ((score, self.pick(score, normal)) for score in scores)
        return [Observation(score.speaker, *pair) for score, pair in picked if pair is not None]


def key_of(score: Score) -> Key:
    """What names a score within a run."""
    return score.system, score.speaker, score.item


def length_of(score: Score, normal: Yardsticks) -> float | None:
    """Return how long a sentence is beside the natural pace of its language, None when its text is unknown."""
    return length_ratio(score.seconds, score.phones, normal.pace[score.language]) if score.phones else None


def is_broken(score: Score, normal: Yardsticks) -> bool:
    """Whether something was dropped or repeated, or the sentence does not end."""
    ratio = length_of(score, normal)
    return ratio is not None and judge(ratio, score.longest_loss, score.longest_addition).broken


def _count(part: str, whole: str) -> Pick:
    def pick(score: Score, _: Yardsticks) -> tuple[float, float] | None:
        top, bottom = getattr(score, part), getattr(score, whole)
        return None if top is None or not bottom else (float(top), float(bottom))

    return pick


def _mean(name: str) -> Pick:
    def pick(score: Score, _: Yardsticks) -> tuple[float, float] | None:
        value = getattr(score, name)
        return None if value is None else (float(value), 1.0)

    return pick


def _cosine(score: Score, yardsticks: Yardsticks) -> tuple[float, float] | None:
    found = yardsticks.likeness.get(key_of(score))
    return None if found is None else (found.cosine, 1.0)


def _right_speaker(score: Score, yardsticks: Yardsticks) -> tuple[float, float] | None:
    found = yardsticks.likeness.get(key_of(score))
    return None if found is None or not found.nearest else (float(found.nearest == score.speaker), 1.0)


def _right_spectrum(score: Score, yardsticks: Yardsticks) -> tuple[float, float] | None:
    found = yardsticks.spectral_nearest.get(key_of(score))
    return None if found is None else (float(found == score.speaker), 1.0)


def _broken(score: Score, yardsticks: Yardsticks) -> tuple[float, float] | None:
    return (float(is_broken(score, yardsticks)), 1.0) if score.phones else None


def _length(score: Score, yardsticks: Yardsticks) -> tuple[float, float] | None:
    ratio = length_of(score, yardsticks)
    return None if ratio is None else (ratio, 1.0)


def _sex_by_pitch(score: Score, yardsticks: Yardsticks) -> tuple[float, float] | None:
    normal = yardsticks.pitch_hz.get(score.speaker)
    if not normal or score.pitch_hz is None:
        return None
    return float(score.pitch_hz > 0 and (score.pitch_hz > SEX_BOUNDARY_HZ) == (normal > SEX_BOUNDARY_HZ)), 1.0


def _pitch_distance(score: Score, yardsticks: Yardsticks) -> tuple[float, float] | None:
    normal = yardsticks.pitch_hz.get(score.speaker)
    if not normal or not score.pitch_hz:
        return None
    return abs(12 * float(np.log2(score.pitch_hz / normal))), 1.0


def _pitch_range(score: Score, yardsticks: Yardsticks) -> tuple[float, float] | None:
    normal = yardsticks.pitch_range.get(score.speaker)
    if not normal or not score.pitch_range:
        return None
    return score.pitch_range / normal, 1.0


FIGURES: tuple[Figure, ...] = (
    Figure("word_error", "word error", 100, 1, "%", "lower", _count("word_errors", "words")),
    Figure("phone_error", "phone error (own recogniser)", 100, 1, "%", "lower", _count("phone_errors", "phones")),
    Figure("syllable_error", "syllable error (own recogniser)", 100, 1, "%", "lower", _count("syllable_errors", "syllables")),
    Figure("tone_error", "tone error in syllables heard right", 100, 1, "%", "lower", _count("tone_errors", "tones")),
    Figure("cosine", "cosine to the speaker's natural speech", 1, 3, "", "higher", _cosine),
    Figure("right_speaker", "nearest natural speaker is the right one", 100, 0, "%", "higher", _right_speaker),
    Figure("right_spectrum", "nearest speaker by spectrum statistics is the right one", 100, 0, "%", "higher", _right_spectrum),
    Figure("sex_by_pitch", "pitch on the speaker's side of 165 Hz", 100, 0, "%", "higher", _sex_by_pitch),
    Figure("pitch_distance", "distance from the speaker's median pitch", 1, 1, "semitones", "lower", _pitch_distance),
    Figure("pitch_range", "pitch range relative to the speaker's", 1, 2, "", "", _pitch_range),
    Figure("ovrl", "DNSMOS OVRL", 1, 2, "", "higher", _mean("ovrl")),
    Figure("sig", "DNSMOS SIG", 1, 2, "", "higher", _mean("sig")),
    Figure("bak", "DNSMOS BAK", 1, 2, "", "higher", _mean("bak")),
    Figure("broken", "sentences dropped, repeated or endless", 100, 1, "%", "lower", _broken),
    Figure("length", "length relative to the natural pace", 1, 2, "", "", _length),
    Figure("real_time_factor", "real-time factor", 1, 3, "", "lower", _count("wall_s", "seconds")),
    Figure("first_sound", "first sound", 1, 2, "s", "lower", _mean("first_sound_s")),
)
RELATIVE = tuple(figure.key for figure in FIGURES[:3])  # errors of weak recognisers, which mean something beside natural speech only


def yardsticks(scores: Sequence[Score]) -> Yardsticks:
    """Compute what is normal from the natural utterances among the scores."""
    natural = [score for score in scores if score.system == NATURAL]
    pace = dict(_FALLBACK_PACE)
    for language in pace:
        paces = [s.phones / s.seconds for s in natural if s.language == language and s.phones and s.seconds > 0]
        if len(paces) >= 3:
            pace[language] = float(np.median(paces))
    pitch_hz, pitch_range = _usual("pitch_hz", natural), _usual("pitch_range", natural)
    return Yardsticks(_likeness(scores, natural), _spectral_nearest(scores, natural), pitch_hz, pitch_range, pace)


def _usual(name: str, natural: Sequence[Score]) -> dict[str, float]:
    """The median of a value of each person; 0 where it was never measured."""
    values: dict[str, list[float]] = {}
    for score in natural:
        values.setdefault(score.speaker, []).extend([getattr(score, name)] if getattr(score, name) else [])
    return {speaker: float(np.median(found or [0.0])) for speaker, found in values.items()}


def _likeness(scores: Sequence[Score], natural: Sequence[Score]) -> dict[Key, Likeness]:
    found: dict[Key, Likeness] = {}
    for score, vector, people in _beside_people(scores, natural, _vector, centroid):
        nearest, cosines = nearest_speaker(vector, people)
        found[key_of(score)] = Likeness(cosines[score.speaker], nearest if len(people) > 1 else "")
    return found


def _spectral_nearest(scores: Sequence[Score], natural: Sequence[Score]) -> dict[Key, str]:
    beside = _beside_people(scores, natural, _spread, pool)
    return {key_of(score): nearest_by_spectrum(spread, people) for score, spread, people in beside if len(people) > 1}


def _beside_people(
    scores: Sequence[Score], natural: Sequence[Score], read: Callable[[Score], Heard | None], middle: Callable[[list[Heard]], Middle]
) -> Iterator[tuple[Score, Heard, dict[str, Middle]]]:
    """Every score of a person with natural recordings, what was heard in it, and the middle of each person's recordings."""
    heard: dict[str, dict[str, Heard]] = {}
    for score in natural:
        value = read(score)
        if value is not None:
            heard.setdefault(score.speaker, {})[score.item] = value
    middles = {name: middle(list(own.values())) for name, own in heard.items()}
    for score in scores:
        value = read(score)
        if value is None or score.speaker not in middles:
            continue
        people = dict(middles)
        if score.system == NATURAL:  # a recording must not be compared with itself
            others = [other for item, other in heard[score.speaker].items() if item != score.item]
            if not others:
                continue
            people[score.speaker] = middle(others)
        yield score, value, people


def _vector(score: Score) -> NDArray[np.float32] | None:
    return None if score.vector is None else np.array(score.vector, dtype=np.float32)


def _spread(score: Score) -> Spread | None:
    return None if score.spectrum is None else Spread.from_numbers(score.spectrum)
