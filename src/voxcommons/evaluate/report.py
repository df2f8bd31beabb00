"""From the scores of single sentences to the table people read.

Knows every figure by name, unit and direction; measures nothing itself. The same table is printed, written as
Markdown for the docs and as JSON for whoever compares versions later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from voxcommons.evaluate.bootstrap import Estimate, Observation, estimate, estimate_relative
from voxcommons.evaluate.objective import Score
from voxcommons.evaluate.robustness import judge, length_ratio
from voxcommons.evaluate.similarity import centroid, nearest_speaker

NATURAL = "natural"
SEX_BOUNDARY_HZ = 165.0
_FALLBACK_PACE = {"en": 12.0, "zh": 9.0}  # phones per second, where no natural speech was measured


@dataclass(frozen=True)
class Likeness:
    """One sentence compared with natural speech of everybody: cosine to its own speaker, and who is nearest."""

    cosine: float
    nearest: str


@dataclass(frozen=True)
class Yardsticks:
    """What natural speech of this run says about normal values.

    Attributes:
        likeness: per (system, speaker, item).
        pitch_hz: median pitch of each person.
        pace: phones per second of each language.
    """

    likeness: Mapping[tuple[str, str, str], Likeness]
    pitch_hz: Mapping[str, float]
    pace: Mapping[str, float]


Pick = Callable[[Score, Yardsticks], tuple[float, float] | None]


@dataclass(frozen=True)
class Figure:
    """One line of the table: name, how it is shown, and a sentence's (part, whole); None leaves the sentence out."""

    key: str
    title: str
    scale: float
    decimals: int
    unit: str
    pick: Pick


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
    found = yardsticks.likeness.get((score.system, score.speaker, score.item))
    return None if found is None else (found.cosine, 1.0)


def _right_speaker(score: Score, yardsticks: Yardsticks) -> tuple[float, float] | None:
    found = yardsticks.likeness.get((score.system, score.speaker, score.item))
    return None if found is None else (float(found.nearest == score.speaker), 1.0)


def _broken(score: Score, yardsticks: Yardsticks) -> tuple[float, float] | None:
    if not score.phones:
        return None
    ratio = length_ratio(score.seconds, score.phones, yardsticks.pace[score.language])
    return float(judge(ratio, score.longest_loss, score.longest_addition).broken), 1.0


def _length(score: Score, yardsticks: Yardsticks) -> tuple[float, float] | None:
    if not score.phones:
        return None
    return length_ratio(score.seconds, score.phones, yardsticks.pace[score.language]), 1.0


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


FIGURES: tuple[Figure, ...] = (
    Figure("word_error", "word error", 100, 1, "%", _count("word_errors", "words")),
    Figure("phone_error", "phone error (own recogniser)", 100, 1, "%", _count("phone_errors", "phones")),
    Figure("syllable_error", "syllable error (own recogniser)", 100, 1, "%", _count("syllable_errors", "syllables")),
    Figure("tone_error", "tone error in syllables heard right", 100, 1, "%", _count("tone_errors", "tones")),
    Figure("cosine", "cosine to the speaker's natural speech", 1, 3, "", _cosine),
    Figure("right_speaker", "nearest natural speaker is the right one", 100, 0, "%", _right_speaker),
    Figure("sex_by_pitch", "pitch on the speaker's side of 165 Hz", 100, 0, "%", _sex_by_pitch),
    Figure("pitch_distance", "distance from the speaker's median pitch", 1, 1, "semitones", _pitch_distance),
    Figure("ovrl", "DNSMOS OVRL", 1, 2, "", _mean("ovrl")),
    Figure("sig", "DNSMOS SIG", 1, 2, "", _mean("sig")),
    Figure("bak", "DNSMOS BAK", 1, 2, "", _mean("bak")),
    Figure("broken", "sentences dropped, repeated or endless", 100, 1, "%", _broken),
    Figure("length", "length relative to the natural pace", 1, 2, "", _length),
    Figure("real_time_factor", "real-time factor", 1, 3, "", _count("wall_s", "seconds")),
    Figure("first_sound", "first sound", 1, 2, "s", _mean("first_sound_s")),
)


@dataclass(frozen=True)
class Column:
    """All figures of one system in one language; a figure that could not be had is absent."""

    system: str
    language: str
    figures: Mapping[str, Estimate]


def yardsticks(scores: Sequence[Score]) -> Yardsticks:
    """Compute what is normal from the natural utterances among the scores."""
    natural = [score for score in scores if score.system == NATURAL]
    pitch = {
        name: float(np.median([s.pitch_hz for s in natural if s.speaker == name and s.pitch_hz] or [0.0]))
        for name in {score.speaker for score in natural}
    }
    pace = dict(_FALLBACK_PACE)
    for language in pace:
        paces = [s.phones / s.seconds for s in natural if s.language == language and s.phones and s.seconds > 0]
        if len(paces) >= 3:
            pace[language] = float(np.median(paces))
    return Yardsticks(_likeness(scores, natural), pitch, pace)


def _likeness(scores: Sequence[Score], natural: Sequence[Score]) -> dict[tuple[str, str, str], Likeness]:
    vectors: dict[str, dict[str, NDArray[np.float32]]] = {}
    for score in natural:
        if score.vector is not None:
            vectors.setdefault(score.speaker, {})[score.item] = np.array(score.vector, dtype=np.float32)
    middles = {name: centroid(list(own.values())) for name, own in vectors.items()}
    found: dict[tuple[str, str, str], Likeness] = {}
    for score in scores:
        if score.vector is None or score.speaker not in middles:
            continue
        people = dict(middles)
        if score.system == NATURAL:  # a recording must not be compared with itself
            others = [vector for item, vector in vectors[score.speaker].items() if item != score.item]
            if not others:
                continue
            people[score.speaker] = centroid(others)
        nearest, cosines = nearest_speaker(np.array(score.vector, dtype=np.float32), people)
        found[score.system, score.speaker, score.item] = Likeness(cosines[score.speaker], nearest)
    return found


def columns(scores: Sequence[Score]) -> list[Column]:
    """Put the figures of each language and system into a column, natural speech first."""
    normal = yardsticks(scores)
    order = sorted({(s.language, s.system != NATURAL, s.system) for s in scores})
    found = []
    for language, _, system in order:
        own = [s for s in scores if s.language == language and s.system == system]
        figures = {f.key: e for f in FIGURES if (e := estimate(_observations(own, f, normal))) is not None}
        if system != NATURAL:
            base = [s for s in scores if s.language == language and s.system == NATURAL]
            for figure in FIGURES[:3]:
                ratio = estimate_relative(_observations(own, figure, normal), _observations(base, figure, normal))
                if ratio is not None:
                    figures[figure.key + "_relative"] = ratio
        found.append(Column(system, language, figures))
    return found


def _observations(scores: Sequence[Score], figure: Figure, normal: Yardsticks) -> list[Observation]:
    picked = ((score, figure.pick(score, normal)) for score in scores)
    return [Observation(score.speaker, *pair) for score, pair in picked if pair is not None]


def tone_agreement(scores: Sequence[Score], system: str) -> float | None:
    """Return the correlation between a system's and natural speech's mean pitch contours of the four tones."""
    shapes = []
    for name in (NATURAL, system):
        means = [
            np.mean(found, axis=0)
            for tone in (1, 2, 3, 4)
            if (found := [c for s in scores if s.system == name for t, c in s.tone_contours if t == tone])
        ]
        if len(means) < 4:
            return None
        shapes.append(np.concatenate(means))
    return float(np.corrcoef(shapes)[0, 1])


_LANGUAGES = {"en": "English", "zh": "Mandarin"}


def markdown(found: Sequence[Column], scores: Sequence[Score]) -> str:
    """Write the columns as one Markdown table per language: value and 95 % interval."""
    parts = []
    for language in dict.fromkeys(column.language for column in found):
        own = [column for column in found if column.language == language]
        lines = [
            f"{_LANGUAGES.get(language, language)}",
            "",
            "| figure | " + " | ".join(f"{c.system} ({_size(c)})" for c in own) + " |",
            "|---|" + "---|" * len(own),
        ]
        for figure in FIGURES:
            for key, title, shown in ((figure.key, figure.title, figure), (figure.key + "_relative", "- relative to natural", None)):
                if any(key in column.figures for column in own):
                    lines.append(f"| {title} | " + " | ".join(_cell(c.figures.get(key), shown) for c in own) + " |")
        agreements = [tone_agreement(scores, column.system) if language == "zh" else None for column in own]
        if any(a is not None for a in agreements):
            cells = ("-" if a is None else f"{a:.2f}" for a in agreements)
            lines.append("| correlation of tone contours with natural | " + " | ".join(cells) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _size(column: Column) -> str:
    largest = max(column.figures.values(), key=lambda e: e.sentences, default=None)
    return f"{largest.sentences} clips, {largest.people} speakers" if largest else "no clips"


def _cell(found: Estimate | None, figure: Figure | None) -> str:
    if found is None:
        return "-"
    scale, decimals, unit = (figure.scale, figure.decimals, figure.unit) if figure else (1.0, 2, "x")
    low, value, high = (f"{scale * x:.{decimals}f}" for x in (found.low, found.value, found.high))
    return f"{value}{' ' if unit else ''}{unit} ({low} to {high})"


def as_json(found: Sequence[Column], scores: Sequence[Score], facts: Mapping[str, object]) -> dict[str, object]:
    """Return everything but speaker vectors as plain data: facts of the run, pooled figures, single sentences."""
    sentences = []
    for score in scores:
        record = asdict(score)
        del record["vector"]  # identifies a person
        sentences.append(record)
    pooled = [{"system": c.system, "language": c.language, "figures": {k: asdict(e) for k, e in c.figures.items()}} for c in found]
    return {"facts": dict(facts), "figures": pooled, "sentences": sentences}
