"""English normalisation exactly as the public program does it, accidents included (``compat=True``).

Known accidents, kept on purpose: full-width commas and semicolons vanish and glue words together; "10:30 a.m." says "a.m." twice; a
number before a full stop and a space becomes an ordinal; units are only seen when glued to the figure; euro signs vanish.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from voxcommons.text.normalise.en_numbers import cardinal, digits, ordinal, ordinal_word
from voxcommons.text.traced import TracedText

Match = re.Match[str]

_UNITS = {
    "m": ("meter", "meters"),
    "km": ("kilometer", "kilometers"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "ft": ("feet", "feet"),
    "L": ("liter", "liters"),
    "tbsp": ("tablespoon", "tablespoons"),
    "tsp": ("teaspoon", "teaspoons"),
    "h": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "s": ("second", "seconds"),
    "°C": ("degree celsius", "degrees celsius"),
    "°F": ("degree fahrenheit", "degrees fahrenheit"),
}
_OPERATORS = {"+": " plus ", "-": " minus ", "×": " times ", "÷": " divided by ", "=": " Equals "}
LONGEST_NUMBER = 27
_TERM = r"(?:(?<!\d)\d+(?:\.\d+)?|\.\d+|(?<![A-Za-z])[A-Za-z](?![A-Za-z]))"


def _suffix(value: int) -> str:
    if value % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")


def _clock(m: Match) -> str:
    hour, minute = int(m[1]), int(m[2])
    half = "a.m." if hour < 12 else "p.m."
    said = cardinal(hour - 12 if hour > 12 else hour)
    past = cardinal(minute) if minute else "o'clock"
    return f"{said} {past} {half}"


def _too_long(m: Match) -> bool:
    """Figures beyond all number words; they are read one by one by the rule for integers."""
    return any(len(run) > LONGEST_NUMBER for run in re.findall(r"\d+", m.group()))


def _unit(m: Match) -> str:
    last = m["amount"].rpartition(".")[2].lstrip("0")
    return f"{m['amount']} {_UNITS[m['unit']][0 if last == '1' else 1]}"


def _money(one: str, many: str, part: str, parts: str) -> Callable[[Match], str]:
    def said(m: Match) -> str:
        if _too_long(m):
            return m[1]
        pieces = m[1].replace(",", "").split(".")
        if len(pieces) > 2:
            return f"{m[1]} {many}"
        whole = int(pieces[0] or 0)
        rest = int(pieces[1].ljust(2, "0")) if len(pieces) > 1 and pieces[1] else 0
        whole_words = f"{whole} {one if whole == 1 else many}"
        rest_words = f"{rest} {part if rest == 1 else parts}"
        if whole and rest:
            return f"{whole_words} and {rest_words}"
        return whole_words if whole else rest_words if rest else f"zero {many}"

    return said


def _decimal(m: Match) -> str:
    whole, _, fraction = m[1].partition(".")
    return f"{whole} point {' '.join(fraction.strip())}"


def _fraction(m: Match) -> str:
    if _too_long(m):
        return f"{m[1]} {m[2]}"
    top, bottom = int(m[1]), int(m[2])
    if bottom == 2:
        return f"{cardinal(top, comma=',')} {'half' if top == 1 else 'halves'}"
    if bottom == 1:
        return cardinal(top, comma=",")
    return f"{cardinal(top, comma=',')} {ordinal(bottom, comma=',')}{'s' if top > 1 else ''}"


def _ordinal(m: Match) -> str:
    if _too_long(m):
        return m[1]
    words = cardinal(int(m[1]), comma=",")
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    return words[:cut] + ordinal_word(words[cut:])


def _integer(m: Match) -> str:
    if _too_long(m):
        return digits(m.group())
    value = int(m.group())
    if not 1000 < value < 3000 or value == 2000:
        return cardinal(value, comma=",")
    if 2000 < value < 2010:
        return f"two thousand {cardinal(value % 100)}"
    high, low = divmod(value, 100)
    if not low:
        return f"{cardinal(high)} hundred"
    return f"{cardinal(high)} {'oh ' if low < 10 else ''}{cardinal(low)}"


def _plain(m: Match) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", m.group()) if unicodedata.category(c) != "Mn")


_AMOUNT = r"([0-9.,]*[0-9])"
_WHOLE_AMOUNT = r"(?<![0-9.,])" + _AMOUNT
_POUNDS = _money("pound", "pounds", "penny", "pence")
_DOLLARS = _money("dollar", "dollars", "cent", "cents")
_ARITHMETIC = re.compile(rf"({_TERM})\s?([+\-×÷=])\s?(?={_TERM})")
_RULES: list[tuple[re.Pattern[str], str | Callable[[Match], str]]] = [
    (re.compile(r"(?<=\s)-(?=\d)|^-(?=\d)"), "negative "),
    (re.compile(r"[0-9][0-9,]+[0-9]"), lambda m: m.group().replace(",", "")),
    (re.compile(r"\b([01]?[0-9]|2[0-3]):([0-5][0-9])\b"), _clock),
    (re.compile(r"\b(?<![0-9])(?P<amount>[0-9]+(?:\.[0-9]+)?)(?P<unit>km/h|km|m|ft|L|tbsp|tsp|h|min|s|°C|°F)\b"), _unit),
    (re.compile("£" + _AMOUNT), _POUNDS),
    (re.compile(_WHOLE_AMOUNT + "£"), _POUNDS),
    (re.compile(r"\$" + _AMOUNT), _DOLLARS),
    (re.compile(_WHOLE_AMOUNT + r"\$"), _DOLLARS),
    (re.compile(r"(?<![0-9])([0-9]+\.\s*[0-9]+)"), _decimal),
    (re.compile(r"(?<![0-9])([0-9]+)/([0-9]+)"), _fraction),
    (re.compile(r"(?<![0-9])([0-9]+)(?:st|nd|rd|th)"), _ordinal),
    (re.compile(r"[0-9]+"), _integer),
    (re.compile(r"[^\x00-\x7f]"), _plain),
    (re.compile(r"%"), " percent"),
    (re.compile(r"[^ A-Za-z'.,?!\-]"), ""),
    (re.compile(r"(?i)i\.e\."), "that is"),
    (re.compile(r"(?i)e\.g\."), "for example"),
    (re.compile(r"(?<!^)(?<!\s)[A-Z]"), lambda m: " " + m.group()),
    (re.compile(r"([!?…,.\-\s])[!?…,.\-]+"), lambda m: m[1]),
]


def normalise_public(text: str) -> TracedText:
    """The public program's spoken form of an English run."""
    spoken = TracedText.of(text).sub(re.compile(r"[。！？]"), lambda m: {"。": ".", "！": "!", "？": "?"}[m.group()])
    spoken = spoken.sub(re.compile(r"\b([0-9]+)\. "), lambda m: f"{m[1]}{_suffix(int(m[1][-15:]))}, ")
    spoken = spoken.sub(_ARITHMETIC, lambda m: m[1] + _OPERATORS[m[2]])
    for pattern, replace in _RULES:
        spoken = spoken.sub(pattern, replace)
    return spoken
