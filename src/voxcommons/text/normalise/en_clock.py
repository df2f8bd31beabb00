"""English rules for dates and times of day, in the order in which they must run."""

from __future__ import annotations

import re
from collections.abc import Callable

from voxcommons.text.normalise import en_tables as tables
from voxcommons.text.normalise.en_numbers import cardinal, number, ordinal, plural, year

Match = re.Match[str]
Rule = tuple[re.Pattern[str], str | Callable[[Match], str]]

_MONTH = "|".join(sorted((*tables.MONTHS, *(name[:3] for name in tables.MONTHS), "Sept"), key=len, reverse=True))
_NOT_INSIDE = r"(?<![\w.,:/-])"


def _spoken_date(year_: str, month: int, day: int) -> str:
    words = f"{tables.MONTHS[month - 1]} {ordinal(day)}"
    return f"{words}, {year(_full_year(year_))}" if year_ else words


def _full_year(written: str) -> int:
    value = int(written)
    if len(written) > 2:
        return value
    return value + (2000 if value < 50 else 1900)


def _iso_date(m: Match) -> str:
    month, day = int(m["month"]), int(m["day"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return m.group()
    return _spoken_date(m["year"], month, day) + (" at " if m["t"] else "")


def _slash_date(m: Match) -> str:
    first, second = int(m["a"]), int(m["b"])
    month, day = (first, second) if first <= 12 else (second, first)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return m.group()
    return _spoken_date(m["year"], month, day)


def _month(written: str) -> str:
    return tables.MONTHS[tables.MONTH_NAMES[written.rstrip(".").lower()] - 1]


def _month_day(m: Match) -> str:
    day = int(m["day"])
    if not 1 <= day <= 31:
        return m.group()
    until = f" to {ordinal(int(m['until']))}" if m["until"] else ""
    tail = f", {year(int(m['year']))}" if m["year"] else ""
    return f"{_month(m['month'])} {ordinal(day)}{until}{tail}"


def _day_month(m: Match) -> str:
    day = int(m["day"])
    if not 1 <= day <= 31:
        return m.group()
    words = f"{ordinal(day)} {'of ' if m['of'] else ''}{_month(m['month'])}"
    return f"{words} {year(int(m['year']))}" if m["year"] else words


def _month_year(m: Match) -> str:
    return f"{_month(m['month'])} {year(int(m['year']))}"


def _decade(m: Match) -> str:
    if m["full"]:
        value = int(m["full"])
        return plural(cardinal(value) if value % 100 == 0 and value % 1000 == 0 else year(value))
    return plural(cardinal(int(m["short"])))


DATE_RULES: list[Rule] = [
    (
        re.compile(rf"{_NOT_INSIDE}(?P<year>[12]\d{{3}})([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}})(?:(?P<t>T)(?=\d\d:)|(?![\w/-]))"),
        _iso_date,
    ),
    (re.compile(rf"{_NOT_INSIDE}(?P<a>\d{{1,2}})([/-])(?P<b>\d{{1,2}})\2(?P<year>\d{{4}}|\d{{2}})(?![\w/-])"), _slash_date),
    (
        re.compile(
            rf"\b(?P<month>{_MONTH})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s?[-–]\s?(?P<until>\d{{1,2}})(?:st|nd|rd|th)?)?"
            r"(?:,? (?P<year>[12]\d{3}))?(?![\w%]|[.:]\d)"
        ),
        _month_day,
    ),
    (
        re.compile(
            rf"(?<![\w.,:/$-])(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?P<of>of )?(?P<month>{_MONTH})\b\.?(?:,? (?P<year>[12]\d{{3}})(?![\w%]))?"
        ),
        _day_month,
    ),
    (re.compile(rf"\b(?P<month>{_MONTH})\.?,? (?P<year>[12]\d{{3}})(?![\w%]|[.:,]\d)"), _month_year),
    (re.compile(r"(?<![\w.,])(?:(?P<full>[12]\d\d0)|'?(?P<short>[2-9]0))'?s\b"), _decade),
]

# --- times of day ----------------------------------------------------------------------------------------------------


def _half_day(written: str | None) -> str:
    if not written:
        return ""
    return f" {written[0].upper()}-M"


def _closing(m: Match) -> str:
    """A full stop that belongs to "a.m." and also ends the sentence."""
    written = m["half"] or ""
    rest = m.string[m.end() :]
    return "." if written.endswith(".") and (not rest.strip() or re.match(r"\s+[A-Z\"]", rest)) else ""


def _time(m: Match) -> str:
    hour, minute = int(m["hour"]), int(m["minute"])
    if hour > 24 or minute > 59:
        return m.group()
    if minute:
        words = f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    elif m["half"] or m["second"]:
        words = cardinal(hour)
    else:
        words = f"{cardinal(hour)} o'clock" if 1 <= hour <= 12 else f"{cardinal(hour)} hundred"
    if m["second"]:
        words += f" and {cardinal(int(m['second']))} seconds"
    return words + _half_day(m["half"]) + _closing(m)


def _hour(m: Match) -> str:
    return cardinal(int(m["hour"])) + _half_day(m["half"]) + _closing(m)


def _duration(m: Match) -> str:
    parts = [(m["h"], "hour"), (m["m"], "minute"), (m["s"], "second")]
    said = [f"{cardinal(int(value))} {name}{'' if int(value) == 1 else 's'}" for value, name in parts if value]
    return " ".join(said)


def _feet(m: Match) -> str:
    inches = f" {cardinal(int(m['inches']))}" if m["inches"] else ""
    return f"{cardinal(int(m['feet']))} foot{inches}"


_HALF = r"(?P<half>[aApP]\.?\s?[mM]\b\.?)"
TIME_RULES: list[Rule] = [
    (re.compile(r"(?<=[\dmM.])\s?[-–]\s?(?=\d{1,2}(?::\d\d)?\s?[aApP]\.?[mM])|(?<=:\d\d)\s?[-–]\s?(?=\d{1,2}:\d\d)"), " to "),
    (
        re.compile(
            rf"(?<![\w.:])(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::(?P<second>\d{{2}})(?:\.\d+)?)?(?:\s?{_HALF})?(?![\d:]|\w)(?:Z\b)?"
        ),
        _time,
    ),
    (re.compile(rf"(?<![\w.:,$])(?P<hour>1[0-2]|[1-9])\s?{_HALF}(?!\w)"), _hour),
    (re.compile(r"(?<![\w.])(?P<h>\d+)h\s?(?P<m>\d+)(?:m|min)?\s?(?:(?P<s>\d+)s)?\b"), _duration),
    (re.compile(r"(?<![\w.])(?P<feet>\d{1,2})'\s?(?:(?P<inches>\d{1,2})\")(?!\w)"), _feet),
    (re.compile(r"(?<![\w.:])(\d+):(\d+)(?![\w:])"), lambda m: f"{number(m[1])} to {number(m[2])}"),
]
