"""What of a run is not heard, as warnings: shared by the languages whose normalisers keep only what they can say.

Apart, because "nothing is silently dropped" must mean the same in each of them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from voxcommons.text.phonemes import TextWarning

_EMOJI_PARTS = "\u200d\ufe0f"
_DRAWN_OUT = "~～"  # a vowel held longer: seen, and heard as nothing of its own


def lost_characters(text: str, heard: Iterable[tuple[int, int]], language: str) -> list[TextWarning]:
    """One warning per stretch of characters of one kind that no range of ``heard`` covers; signs that are only seen give none.

    Args:
        text: the run.
        heard: ranges of the run that something was read from.
        language: its English name, for the message.
    """
    covered = {place for start, end in set(heard) for place in range(start, end)}
    positions = [at for at in range(len(text)) if at not in covered and kind_of_loss(text[at])]
    return _stretches(text, positions, language)


def kind_of_loss(char: str) -> str:
    """What kind of loss it is when a character is not heard; empty for signs that are only seen."""
    category = unicodedata.category(char)
    if category == "So" or char in _EMOJI_PARTS or category == "Sk" and ord(char) > 0xFFFF:
        return "emoji" if ord(char) > 0x2100 or char in _EMOJI_PARTS else "unreadable"
    if category[0] in "PZ" or char in _DRAWN_OUT or category == "Cf" or char in "\t\r\n":
        return ""
    return "unreadable"


def unread(text: str, start: int, end: int, language: str, kind: str = "unreadable") -> TextWarning:
    """The warning that these characters are not read."""
    shown = text[start:end] if len(text[start:end]) <= 40 else text[start : start + 40] + "…"
    return TextWarning(kind, f"{shown!r} is not read in {language}", start, end)


def _stretches(text: str, positions: Sequence[int], language: str) -> list[TextWarning]:
    ranges: list[tuple[str, int, int]] = []
    for position in positions:
        kind = kind_of_loss(text[position])
        if ranges and ranges[-1][0] == kind and ranges[-1][2] == position:
            ranges[-1] = (kind, ranges[-1][1], position + 1)
        else:
            ranges.append((kind, position, position + 1))
    return [unread(text, start, end, language, kind) for kind, start, end in ranges]
