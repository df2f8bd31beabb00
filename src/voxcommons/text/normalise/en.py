"""Written English -> words, commas and full stops (first version: cleaning and plain numbers)."""

from __future__ import annotations

import re
import unicodedata

from voxcommons.text.normalise import en_numbers as numbers
from voxcommons.text.phonemes import TextWarning
from voxcommons.text.traced import TracedText

_LETTERY = re.compile(r"[^\x00-\x7f\U000F0000-\U000FFFFD…]")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_DROP = re.compile(r"[^A-Za-z' ,.?!…\-\U000F0000-\U000FFFFD]+")
_SPACES = re.compile(r"\s+")
_MAP = {"’": "'", "‘": "'", "“": "", "”": "", "—": ",", "–": "-", "。": ".", "，": ",", "！": "!", "？": "?", "；": ",", "：": ",", "、": ","}


def _plain(match: re.Match[str]) -> str:
    char = match.group()
    if char in _MAP:
        return _MAP[char]
    base = unicodedata.normalize("NFKD", char)
    kept = "".join(c for c in base if c.isascii())
    return kept or char


def normalise(source: TracedText) -> tuple[TracedText, tuple[TextWarning, ...]]:
    """Write everything out in words."""
    spoken = source.sub(_LETTERY, _plain)
    spoken = spoken.sub(_NUMBER, lambda m: f" {numbers.decimal(m.group())} ")
    spoken = spoken.sub(re.compile(r"[;:()]"), ",").sub(re.compile(r"[\"\[\]]"), "").sub(_SPACES, " ")
    warnings = tuple(
        TextWarning("unreadable", f"{m.group()!r} is not read", *spoken.origin(*m.span())) for m in _DROP.finditer(spoken.text)
    )
    return spoken.sub(_DROP, " "), warnings
