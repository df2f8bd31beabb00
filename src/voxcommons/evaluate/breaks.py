"""What exactly went wrong in a broken sentence: which words are missing, what was said twice.

`robustness.judge` counts; here the runs of lost and added phones are laid on the text, so that a person can read and hear
them. Apart from the meters, because it needs only what was wanted and what was heard, and is asked for few sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from voxcommons.evaluate.edits import EditPath, edit_path
from voxcommons.evaluate.recognise import is_heard, without_stress
from voxcommons.evaluate.robustness import LONGEST, LONGEST_RUN, SHORTEST
from voxcommons.text.reader import read

Kind = Literal["dropped", "repeated", "added", "too short", "endless"]
_ALIKE = 0.5  # of added phones that agree with their neighbourhood: said again; natural confusions of a recogniser are fewer


@dataclass(frozen=True)
class Break:
    """One fault of a sentence.

    Attributes:
        kind: what happened; "added" is speech that the sentence has nowhere near.
        words: the piece of the text that was lost, or after which something was added; empty for a matter of length.
        phones: that were lost or added.
    """

    kind: Kind
    words: str = ""
    phones: tuple[str, ...] = ()

    def __str__(self) -> str:
        """In words."""
        if not self.phones:
            return self.kind
        place = f" after '{self.words}'" if self.kind != "dropped" else f" '{self.words}'"
        return f"{self.kind}{place} ({' '.join(self.phones)})"


def breaks(text: str, language: str, heard: Sequence[str] | None, ratio: float) -> list[Break]:
    """Name everything for which `robustness.judge` calls a sentence broken.

    Args:
        text: what should be heard.
        language: ``en`` or ``zh``.
        heard: phones of the recogniser, pauses left out; None when none listened.
        ratio: from `robustness.length_ratio`.
    """
    found: list[Break] = []
    if ratio < SHORTEST or ratio > LONGEST:
        found.append(Break("too short" if ratio < SHORTEST else "endless"))
    if heard is None:
        return found
    utterance = read(text, language)
    places = [place for place, phone in enumerate(utterance.phones) if is_heard(phone)]
    asked = [utterance.phones[place] for place in places]
    plain, plainly_heard = without_stress(asked), without_stress(tuple(heard))
    spans = [(span.phone_start, span.phone_end, span.text_start, span.text_end) for span in utterance.spans]

    def words(first: int, end: int) -> str:
        inside = [s for s in spans if s[0] < places[end - 1] + 1 and s[1] > places[first]] if end > first else []
        return text[min(s[2] for s in inside) : max(s[3] for s in inside)] if inside else ""

    for run in _long_runs(edit_path(plain, plainly_heard)):
        if run.kind == "deletion":
            found.append(Break("dropped", words(run.asked, run.asked_end), tuple(asked[run.asked : run.asked_end])))
            continue
        extra = plainly_heard[run.heard : run.heard_end]
        near = plain[max(0, run.asked - len(extra) - 2) : run.asked_end + len(extra) + 2]
        kind: Kind = "repeated" if _agreement(extra, near) >= _ALIKE else "added"
        found.append(Break(kind, words(max(0, run.asked - 1), run.asked), tuple(heard[run.heard : run.heard_end])))
    return found


@dataclass(frozen=True)
class _Run:
    """A stretch of lost or added phones: where it lies among the wanted and the heard ones, and its longest unbroken part."""

    kind: str
    asked: int
    asked_end: int
    heard: int
    heard_end: int
    longest: int


def _long_runs(path: EditPath) -> Iterator[_Run]:
    """The runs that count, joined over a single phone between that agrees by accident."""
    runs: list[_Run] = []
    asked = heard = 0
    for kind, steps in groupby(path.steps):
        length = len(list(steps))
        asked_end = asked + (0 if kind == "insertion" else length)
        heard_end = heard + (0 if kind == "deletion" else length)
        if kind in ("deletion", "insertion"):
            last = runs[-1] if runs and runs[-1].kind == kind and asked - runs[-1].asked_end <= 1 else None
            if last is not None and heard - last.heard_end <= 1:
                runs[-1] = _Run(kind, last.asked, asked_end, last.heard, heard_end, max(last.longest, length))
            else:
                runs.append(_Run(kind, asked, asked_end, heard, heard_end, length))
        asked, heard = asked_end, heard_end
    yield from (run for run in runs if run.longest >= LONGEST_RUN)


def _agreement(extra: Sequence[str], near: Sequence[str]) -> float:
    """Share of the added phones found again, in order, in their neighbourhood."""
    return sum(step == "match" for step in edit_path(near, extra).steps) / len(extra)
