"""From the scores of single sentences to the tables people read.

Pools the figures per language, per sex and per person, with their intervals, and writes them as Markdown for the docs and as
JSON for whoever compares versions later; `page` shows the same numbers with sound and plots. Measures nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from voxcommons.evaluate.bootstrap import Estimate, Pair, draw_totals, estimate, estimate_difference, estimate_relative
from voxcommons.evaluate.figures import FIGURES, NATURAL, RELATIVE, YARDSTICKS, Figure, Yardsticks, yardsticks
from voxcommons.evaluate.objective import Score

TONES = "tone_agreement"
SEXES = {"F": "women", "M": "men"}
_IDENTIFYING = ("vector", "spectrum")  # of a person: never written down for others
LANGUAGES = {"en": "English", "zh": "Mandarin"}


@dataclass(frozen=True)
class Column:
    """All figures of one system in one language; a figure that could not be had is absent.

    Attributes:
        system: who spoke.
        language: of the sentences.
        figures: by key; errors relative to natural speech have ``_relative`` behind it.
        group: the people it is about, for example a sex or a name; empty for all.
    """

    system: str
    language: str
    figures: Mapping[str, Estimate]
    group: str = ""

    @property
    def size(self) -> str:
        """How much speech and how many people are behind it."""
        largest = max(self.figures.values(), key=lambda e: e.sentences, default=None)
        if largest is None:
            return "no clips"
        clips, people = (f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((largest.sentences, "clip"), (largest.people, "speaker")))
        return f"{clips}, {people}"


@dataclass(frozen=True)
class Row:
    """One line of a table: a figure's key, title, and how its numbers are shown."""

    key: str
    title: str
    scale: float = 1.0
    decimals: int = 2
    unit: str = ""
    better: str = ""

    def number(self, value: float) -> str:
        """A value of this line, without its unit."""
        return f"{round(self.scale * value, self.decimals) + 0.0:.{self.decimals}f}"  # no -0.00

    def cell(self, found: Estimate | None) -> str:
        """Value, unit and interval."""
        if found is None:
            return "-"
        return f"{self.number(found.value)}{' ' if self.unit else ''}{self.unit} ({self.number(found.low)} to {self.number(found.high)})"


def _all_rows() -> list[Row]:
    rows = []
    for figure in FIGURES:
        rows.append(Row(figure.key, figure.title, figure.scale, figure.decimals, figure.unit, figure.better))
        if figure.key in RELATIVE:
            rows.append(Row(figure.key + "_relative", "- relative to natural", unit="x", better="lower"))
    return [*rows, Row(TONES, "correlation of tone contours with natural", better="higher")]


def rows(found: Sequence[Column]) -> list[Row]:
    """Return the lines of a table in which at least one of the columns has something."""
    return [row for row in _all_rows() if any(row.key in column.figures for column in found)]


def columns(scores: Sequence[Score], normal: Yardsticks | None = None, group: str = "") -> list[Column]:
    """Put the figures of each language and system into a column: natural speech, espeak-ng, the others as they come.

    Args:
        scores: of the people the columns are about.
        normal: what is normal, where more people than these say so.
        group: how these people are called.
    """
    normal = normal if normal is not None else yardsticks(scores)
    systems = [*YARDSTICKS, *(name for name in dict.fromkeys(s.system for s in scores) if name not in YARDSTICKS)]
    there = {(s.language, s.system) for s in scores}
    found = []
    for language, system in ((language, system) for language in sorted({s.language for s in scores}) for system in systems):
        if (language, system) not in there:
            continue
        own = [s for s in scores if s.language == language and s.system == system]
        base = [s for s in scores if s.language == language and s.system == NATURAL]
        figures = {f.key: e for f in FIGURES if (e := estimate(f.observations(own, normal))) is not None}
        for figure in FIGURES if system != NATURAL else ():
            if figure.key in RELATIVE:
                ratio = estimate_relative(figure.observations(own, normal), figure.observations(base, normal))
                figures |= {figure.key + "_relative": ratio} if ratio is not None else {}
        agreement = tone_agreement(own, base) if language == "zh" and system != NATURAL else None
        figures |= {TONES: agreement} if agreement is not None else {}
        found.append(Column(system, language, figures, group))
    return found


def grouped(scores: Sequence[Score], group_of: Callable[[Score], str], normal: Yardsticks | None = None) -> list[Column]:
    """Put the figures into columns for each group of people; those of no group (empty) are left out."""
    normal = normal if normal is not None else yardsticks(scores)
    names = sorted({group_of(score) for score in scores} - {""})
    found = [column for name in names for column in columns([s for s in scores if group_of(s) == name], normal, name)]
    return sorted(found, key=lambda column: column.language)


def tone_agreement(scores: Sequence[Score], natural: Sequence[Score]) -> Estimate | None:
    """Correlate the mean pitch contours of the four tones with those of natural speech.

    Args:
        scores: of one system.
        natural: of natural speech; people need not be the same.

    Returns:
        None when one of them has not all four tones.
    """
    found = [_contours(s) for s in (scores, natural)]
    if not all(found):
        return None
    sums = [np.concatenate(list(tables.values())).sum(axis=0) for tables in found]  # [24] each
    if not all(_has_tones(total) for total in sums):
        return None
    value = _correlation(sums[0], sums[1])
    draws = [draw_totals(tables, seed=seed) for seed, tables in enumerate(found)]
    kept = [_correlation(a, b) for a, b in zip(*draws, strict=True) if _has_tones(a) and _has_tones(b)]
    low, high = np.percentile(kept, [2.5, 97.5])
    return Estimate(value, float(low), float(high), sum(map(len, found[0].values())), len(found[0]))


def tone_contours(scores: Sequence[Score]) -> NDArray[np.float64] | None:
    """Return the mean pitch contours of the four tones [4, 5] in semitones, None when a tone is missing."""
    tables = _contours(scores)
    sums = np.concatenate(list(tables.values())).sum(axis=0) if tables else np.zeros(24)
    return _means(sums) if _has_tones(sums) else None


def _contours(scores: Sequence[Score]) -> dict[str, NDArray[np.float64]]:
    """Of each person, [sentences, 24]: the sum of the contours [5] of each tone and how many there were."""
    found: dict[str, list[NDArray[np.float64]]] = {}
    for score in scores:
        if score.tone_contours:
            sums = np.zeros((4, 6))
            for tone, shape in score.tone_contours:
                if 1 <= tone <= 4:
                    sums[tone - 1] += [*shape, 1.0]
            found.setdefault(score.speaker, []).append(sums.ravel())
    return {name: np.array(own) for name, own in found.items()}


def _has_tones(sums: NDArray[np.float64]) -> bool:
    return bool((sums.reshape(4, 6)[:, 5] > 0).all())


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.corrcoef([_means(one).ravel(), _means(other).ravel()])[0, 1])


def _means(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    table = sums.reshape(4, 6)
    return table[:, :5] / table[:, 5:]


def differences(scores: Sequence[Score], system: str, other: str, normal: Yardsticks) -> list[Column]:
    """Subtract the figures of one system from those of another, sentence by sentence, per language."""
    found = []
    for language in sorted({s.language for s in scores}):
        own = {(s.speaker, s.item): s for s in scores if s.system == system and s.language == language}
        against = {(s.speaker, s.item): s for s in scores if s.system == other and s.language == language}
        figures: dict[str, Estimate] = {}
        for figure in FIGURES:
            pairs = [_pair(figure, own[key], against[key], normal) for key in own if key in against]
            change = estimate_difference([pair for pair in pairs if pair is not None])
            figures |= {figure.key: change} if change is not None else {}
        found.append(Column(f"{system} minus {other}", language, figures))
    return found


def _pair(figure: Figure, score: Score, other: Score, normal: Yardsticks) -> Pair | None:
    one, two = figure.pick(score, normal), figure.pick(other, normal)
    return Pair(score.speaker, *one, *two) if one is not None and two is not None else None


def verdict(row: Row, change: Estimate) -> str:
    """What a difference means: better, worse, changed, none, or not certain because the interval holds zero."""
    if change.low == change.high == 0:
        return "none"
    if change.low <= 0 <= change.high:
        return "not certain"
    if not row.better:
        return "changed"
    return "better" if (change.value < 0) == (row.better == "lower") else "worse"


def markdown(found: Sequence[Column]) -> str:
    """Write the columns as one Markdown table per language: value and 95 % interval."""
    parts = []
    for language in dict.fromkeys(column.language for column in found):
        own = [column for column in found if column.language == language]
        lines = [
            LANGUAGES.get(language, language),
            "",
            "| figure | " + " | ".join(f"{column_title(c)} ({c.size})" for c in own) + " |",
            "|---|" + "---|" * len(own),
        ]
        lines += [f"| {row.title} | " + " | ".join(row.cell(c.figures.get(row.key)) for c in own) + " |" for row in rows(own)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def markdown_of_differences(found: Sequence[Column]) -> str:
    """Write differences as one Markdown table per language, with what each means."""
    parts = []
    for column in found:
        lines = [
            f"{LANGUAGES.get(column.language, column.language)}: {column.system} ({column.size})", "",
            "| figure | difference | meaning |", "|---|---|---|",
        ]
        lines += [f"| {row.title} | {row.cell(change := column.figures[row.key])} | {verdict(row, change)} |" for row in rows([column])]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def column_title(column: Column) -> str:
    """Who spoke, and which people it is about."""
    return f"{column.system}, {column.group}" if column.group else column.system


def as_json(parts: Mapping[str, Sequence[Column]], scores: Sequence[Score], facts: Mapping[str, object]) -> dict[str, object]:
    """Return everything but what identifies a person as plain data: facts of the run, pooled figures, single sentences.

    Args:
        parts: the columns under the names they get: ``figures``, ``figures_by_sex`` and so on.
        scores: of single sentences.
        facts: of the run.
    """
    sentences = []
    for score in scores:
        record = asdict(score)
        for name in _IDENTIFYING:
            del record[name]
        sentences.append(record)
    pooled = {
        name: [
            {"system": c.system, "language": c.language, "group": c.group, "figures": {k: asdict(e) for k, e in c.figures.items()}}
            for c in found
        ]
        for name, found in parts.items()
    }
    return {"facts": dict(facts), **pooled, "sentences": sentences}
