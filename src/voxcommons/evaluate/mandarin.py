"""Mandarin judged by syllable and tone: what the phone strings of two readings have in common.

Apart from recognition, because it needs phones only (an initial, then a final with its tone digit), whoever heard
them. The tone is counted among syllables that were heard right, so that one mistake is not counted twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voxcommons.evaluate.edits import edit_path


@dataclass(frozen=True)
class Syllable:
    """One syllable as the symbol table writes it: ``("zh", "ang", 3)``; phones index ``start``."""

    initial: str
    final: str
    tone: int
    start: int

    @property
    def sound(self) -> tuple[str, str]:
        """The syllable without its tone."""
        return self.initial, self.final


@dataclass(frozen=True)
class MandarinErrors:
    """Counts of one sentence.

    Attributes:
        syllables: that should have been said.
        syllable_errors: substitutions, deletions and insertions, tones ignored.
        tones: tones judged: full tones (1 to 4) of syllables that were heard right.
        tone_errors: judged tones that were another tone.
    """

    syllables: int
    syllable_errors: int
    tones: int
    tone_errors: int


def syllables(phones: Sequence[str]) -> list[Syllable]:
    """Group Mandarin phones into syllables.

    A final is a phone of lower-case letters that ends in a tone digit 1 to 5; the phone before it is its initial
    when it is no final itself. Stray initials and phones of other languages are left out.
    """
    found: list[Syllable] = []
    initial = ""
    for index, phone in enumerate(phones):
        if _is_final(phone):
            found.append(Syllable(initial, phone[:-1], int(phone[-1]), index))
            initial = ""
        else:
            initial = phone
    return found


def _is_final(phone: str) -> bool:
    # English vowels end in 0, 1 or 2 as well but are upper-case; "E" and "En" are the two capital finals (ye, yan).
    body = phone[:-1].rstrip("0")
    return phone[-1:] in set("12345") and (body.islower() or body in {"E", "En"})


def mandarin_errors(expected: Sequence[str], heard: Sequence[str]) -> MandarinErrors:
    """Compare the phones a text asks for with the phones that were heard."""
    wanted, got = syllables(expected), syllables(heard)
    path = edit_path([s.sound for s in wanted], [s.sound for s in got])
    judged = [
        (wanted[i].tone, got[j].tone)
        for i, j in path.pairs
        if wanted[i].sound == got[j].sound and wanted[i].tone != 5
    ]
    return MandarinErrors(len(wanted), path.errors, len(judged), sum(a != b for a, b in judged))
