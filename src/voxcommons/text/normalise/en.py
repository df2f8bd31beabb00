"""Written English -> what is said: numbers, dates, money, units, abbreviations and signs in words.

The order of the rules is the knowledge here: longer shapes (a date, a telephone number) must be taken before the shorter
ones they contain. The rules themselves stand in en_quantities.py (figures) and en_writing.py (letters and names); what is
still no letter or punctuation mark at the end is named in a warning. The public program's way is in en_public.py.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from voxcommons.text.normalise import en_tables as tables
from voxcommons.text.normalise.en_quantities import QUANTITY_RULES
from voxcommons.text.normalise.en_writing import LETTER_RULES, NAME_RULES
from voxcommons.text.phonemes import TextWarning
from voxcommons.text.traced import TracedText

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

# Overridden words pass through as characters of this private plane.
_UNUSUAL = re.compile(r"[^\x20-\x7e\n\t\U000F0000-\U000FFFFD]")
_KEPT_SIGNS = frozenset("–…µΩ°‰" + "".join(tables.SIGNS) + "".join(tables.CURRENCIES))
_CHARACTERS = {
    "’": "'", "‘": "'", "‛": "'", "ʼ": "'", "′": "'", "″": '"', "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "‹": '"', "›": '"', "—": " , ", "―": " , ", "‐": "-", "‑": "-", "‒": "–", "⁄": "/", "∕": "/", "·": " ", "•": " , ",
    "‣": " , ", "。": ".", "，": ",", "、": ",", "！": "!", "？": "?", "；": ";", "：": ":", "（": "(", "）": ")", "【": "(",
    "】": ")", "「": '"', "」": '"', "『": '"', "』": '"', "《": '"', "》": '"', "〈": '"', "〉": '"', "¡": "", "¿": "",
    "\xa0": " ", "\u3000": " ", "\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n\n",
    "\xad": "", "μ": "µ", "＄": "$", "￡": "£", "￥": "¥", "￠": "¢", "～": "~", "⋯": "…", "ﬁ": "fi", "ﬂ": "fl",
}  # fmt: skip


def _character(match: re.Match[str]) -> str:
    """One character beyond ASCII as something the rules know, or itself."""
    char = match.group()
    if char in _CHARACTERS:
        return _CHARACTERS[char]
    if char in tables.FRACTION_SIGNS:
        return f" {tables.FRACTION_SIGNS[char]}"
    if char in tables.LATIN_LETTERS:
        return tables.LATIN_LETTERS[char]
    if char in _KEPT_SIGNS:
        return char
    if unicodedata.category(char) == "Zs":
        return " "
    if char.lower() in tables.GREEK:
        return f" {tables.GREEK[char.lower()]} "
    plain = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    readable = plain and all(" " <= c <= "~" or c in _KEPT_SIGNS for c in plain)
    return plain if readable else "" if unicodedata.combining(char) else char


def _line_break(match: re.Match[str]) -> str:
    return ". " if match.group().count("\n") > 1 else " "


_LAYOUT: list[Rule] = [
    (_UNUSUAL, _character),
    (re.compile(r"(?m)^[ \t]*(?:[-*+]|#{1,6}|>)[ \t]+"), ""),
    (re.compile(r"(?<=[\w'\")])[ \t]*\n\s*"), _line_break),
    (re.compile(r"\.{2,}|…+(?:\s?…)*"), "…"),
    (re.compile(r"\*\*|__|~~|```?"), " "),
    (re.compile(r"(?<!\w)[*_`](?=\w)|(?<=[\w.!?,])[*_`](?!\w)"), ""),
]


def _sign(match: re.Match[str]) -> str:
    return f" {tables.SIGNS[match.group()]} "


_SIGNS: list[Rule] = [
    (re.compile("[" + re.escape("".join(tables.SIGNS)) + "]"), _sign),
    (re.compile(r"(?<=[A-Za-z])_(?=[A-Za-z])"), " underscore "),
    (re.compile(r"(?<=[A-Za-z])\\(?=[A-Za-z])"), " backslash "),
    (re.compile(r"~(?=\s?[a-z])"), " about "),
    (re.compile(r"(?<=\w)\s?<\s?(?=\w)"), " less than "),
    (re.compile(r"(?<=\w)\s?>\s?(?=\w)"), " greater than "),
]


def _strongest(match: re.Match[str]) -> str:
    """One mark for a run of them: a question outweighs an exclamation, a stop outweighs a pause."""
    marks = match.group()
    return next((mark for mark in "?!….,-" if mark in marks), " ") + " "


_PUNCTUATION: list[Rule] = [
    (re.compile(r"(?<=\s)[-–]+(?=\s)|--+|–"), " , "),
    (re.compile(r"[;:()\[\]]"), " , "),
    (re.compile(r"\""), " "),
    (re.compile(r"(?<![A-Za-z\U000F0000-\U000FFFFD])'(?!(?:[Tt]is|[Tt]was|em|til|cause|bout|round)\b)|'(?![A-Za-z])(?<![sn]')"), " "),
    (re.compile(r"(?<![A-Za-z])-+|-+(?![A-Za-z])"), " "),
    (re.compile(r"\s+"), " "),
    (re.compile(r"[!?…,.](?:\s*[!?…,.])+\s?"), _strongest),
    (re.compile(r"\s+(?=[!?…,.])"), ""),
    (re.compile(r"^[,. ]+|\s+$"), ""),
    (re.compile(r",\s*$"), ""),
]
_UNREADABLE = re.compile(r"[^A-Za-z' ,.?!…\-\U000F0000-\U000FFFFD]+")
_LEFT_OVER = re.compile(r"[^A-Za-z' ,.?!…\-\n\t\"\[\]();:–\U000F0000-\U000FFFFD]+")


def _kind(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Cc", "Cf", "Cs", "Co", "Cn"):
        return "control"
    if category == "So" or 0x1F000 <= ord(char) <= 0x1FAFF or 0x1F3FB <= ord(char) <= 0x1F3FF:
        return "emoji"
    return "script" if category.startswith("L") else "sign"


_SAYS = {
    "control": "control or invisible characters {} are left out",
    "emoji": "the picture sign {} is not read",
    "script": "{} is in a script that cannot be read here",
    "sign": "the sign {} is not read",
}


def _warnings(spoken: TracedText) -> tuple[TextWarning, ...]:
    found: list[TextWarning] = []
    for match in _LEFT_OVER.finditer(spoken.text):
        kind = _kind(next((c for c in match.group() if _kind(c) != "control"), match.group()[0]))
        shown = match.group() if match.group().isprintable() else ascii(match.group())[1:-1]
        start, end = spoken.origin(*match.span())
        found.append(TextWarning(kind, _SAYS[kind].format(repr(shown[:20])), start, end))
    return tuple(found)


def normalise(source: TracedText) -> tuple[TracedText, tuple[TextWarning, ...]]:
    """Write everything out in words.

    Returns:
        Text of ASCII letters, spaces, ``' - , . ? ! …`` and override marks; spelled letters are joined by hyphens ("U-S-B").
        Warnings name every character that is not heard; their positions count in the original.
    """
    spoken = source
    for rules in (_LAYOUT, NAME_RULES, QUANTITY_RULES, LETTER_RULES, _SIGNS):
        for pattern, replace in rules:
            spoken = spoken.sub(pattern, replace)
    warnings = _warnings(spoken)
    spoken = spoken.sub(_LEFT_OVER, " ")
    for pattern, replace in _PUNCTUATION:
        spoken = spoken.sub(pattern, replace)
    return spoken.sub(_UNREADABLE, " "), warnings
