"""What came out of one run, for all its readers: the printed table, the JSON, the page.

Apart from `report`, which knows how to pool and to write a table but not which tables a run has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voxcommons.evaluate.figures import NATURAL, Yardsticks, yardsticks
from voxcommons.evaluate.objective import Score
from voxcommons.evaluate.report import (
    LANGUAGES,
    SEXES,
    Column,
    as_json,
    columns,
    differences,
    grouped,
    markdown,
    markdown_of_differences,
    rows,
)

_NOT_TOLD = "sex not told"
HEADLINES = (
    "word_error", "phone_error", "syllable_error", "tone_error", "cosine", "right_speaker", "right_spectrum", "ovrl", "broken",
)
"""The figures that fit into one line for each person."""


@dataclass(frozen=True)
class Findings:
    """Scores and what was pooled from them.

    Attributes:
        scores: of single sentences.
        normal: what natural speech says is normal.
        sexes: ``F``, ``M`` or nothing of each person.
        figures: per language and system.
        by_sex, by_speaker: the same for groups of people.
        changes: a system against another, where two were compared.
    """

    scores: Sequence[Score]
    normal: Yardsticks
    sexes: Mapping[str, str]
    figures: Sequence[Column]
    by_sex: Sequence[Column]
    by_speaker: Sequence[Column]
    changes: Sequence[Column] = ()

    def markdown(self) -> str:
        """All tables as Markdown."""
        parts = [markdown(self.figures)]
        if len({column.group for column in self.by_sex}) > 1:
            parts.append("By sex\n\n" + markdown(self.by_sex))
        if len({column.group for column in self.by_speaker}) > 1:
            parts.append("By person (intervals stand in the JSON and on the page)\n\n" + self._people())
        if self.changes:
            parts.append("Differences, sentence by sentence\n\n" + markdown_of_differences(self.changes))
        return "\n".join(parts)

    def json(self, facts: Mapping[str, object]) -> dict[str, object]:
        """Everything but what identifies a person, as plain data."""
        parts = {"figures": self.figures, "figures_by_sex": self.by_sex, "figures_by_speaker": self.by_speaker}
        return as_json(parts | ({"differences": self.changes} if self.changes else {}), self.scores, facts)

    def _people(self) -> str:
        parts = []
        for language in dict.fromkeys(column.language for column in self.by_speaker):
            own = [column for column in self.by_speaker if column.language == language]
            shown = [row for row in rows(own) if row.key in HEADLINES]
            lines = [
                LANGUAGES.get(language, language), "",
                "| person | who speaks | clips | " + " | ".join(row.title for row in shown) + " |",
                "|---|---|---|" + "---|" * len(shown),
            ]
            for column in own:
                cells = (f"{row.number(e.value)} {row.unit}".strip() if (e := column.figures.get(row.key)) else "-" for row in shown)
                lines.append(f"| {self.person(column.group)} | {column.system} | {column.size.split()[0]} | " + " | ".join(cells) + " |")
            parts.append("\n".join(lines))
        return "\n\n".join(parts) + "\n"

    def person(self, name: str) -> str:
        """A person with the sex, where known."""
        sex = {"F": "woman", "M": "man"}.get(self.sexes.get(name, ""))
        return f"{name} ({sex})" if sex else name


def findings(
    scores: Sequence[Score], sexes: Mapping[str, str], others: Sequence[Score] = (), compare: tuple[str, str] | None = None
) -> Findings:
    """Pool everything a run measured.

    Args:
        scores: of single sentences.
        sexes: ``F``, ``M`` or nothing of each person.
        others: natural speech of more people, to be told apart from those the run is about.
        compare: two systems; the second is taken from the first.
    """
    normal = yardsticks([*scores, *others])
    return Findings(
        scores,
        normal,
        sexes,
        columns(scores, normal),
        grouped(scores, lambda score: SEXES.get(sexes[score.speaker], _NOT_TOLD) if score.speaker in sexes else "", normal),
        grouped(scores, lambda score: score.speaker if score.speaker in sexes or score.system == NATURAL else "", normal),
        differences(scores, *compare, normal) if compare is not None else (),
    )
