"""Dates and times of day in Mandarin text -> how they are said.

A year is said digit by digit (二零二四年), months, days and hours as numbers (三月十五日, 九点半).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from voxcommons.text.normalise.zh_numbers import cardinal, colloquial, digits

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

_MONTH = r"(1[0-2]|0?[1-9])"
_DAY = r"(3[01]|[12]\d|0?[1-9])"
_CLOCK = r"(2[0-4]|[01]?\d)[:：]([0-5]\d)(?:[:：]([0-5]\d))?"
_TO = r"\s*(?:-|–|—|~|～|至|到)+\s*"


def _year(number: str) -> str:
    return cardinal(number) if number in ("1000", "3000", "4000", "5000") else digits(number)


def _full_date(match: re.Match[str]) -> str:
    year, month, day = match.group(1, 3, 4)
    return f"{digits(year)}年{cardinal(month)}月" + (f"{cardinal(day)}日" if day else "")


def _written_date(match: re.Match[str]) -> str:
    year, month, day, unit = match.group(1, 2, 3, 4)
    said = f"{digits(year)}年{cardinal(month)}月"
    return said + (f"{cardinal(day)}{unit}" if day else "")


def _month_day(match: re.Match[str]) -> str:
    return f"{cardinal(match[1])}月{cardinal(match[2])}{match[3]}"


def _month_range(match: re.Match[str]) -> str:
    first, last, unit = match.group(1, 2, 3)
    return f"{cardinal(first)}到{cardinal(last)}{unit}"


def clock(hour: str, minute: str, second: str | None = None) -> str:
    """``("9", "30") -> 九点半``; ``("20", "05") -> 二十点零五分``."""
    said = ("两" if int(hour) == 2 else cardinal(hour)) + "点"
    if second and int(second):
        zero = "零" if minute.startswith("0") and int(minute) else ""
        said += f"{zero}{cardinal(minute)}分"
        return said + ("零" if second.startswith("0") else "") + f"{cardinal(second)}秒"
    if int(minute) == 30:
        return said + "半"
    if int(minute):
        said += ("零" if minute.startswith("0") else "") + f"{cardinal(minute)}分"
    return said


def _clock(match: re.Match[str]) -> str:
    return clock(match[1], match[2], match[3])


def _clock_range(match: re.Match[str]) -> str:
    return f"{clock(*match.group(1, 2, 3))}到{clock(*match.group(4, 5, 6))}"


DATES: tuple[Rule, ...] = (
    (re.compile(rf"(?<!\d)(\d{{4}})年\s*{_MONTH}月(?:\s*{_DAY}([日号]))?"), _written_date),
    (re.compile(rf"(?<!\d)(\d{{2}})年\s*{_MONTH}月(?:\s*{_DAY}([日号]))?"), _written_date),
    (re.compile(rf"(?<![\d./-])([12]\d{{3}})([-/.]){_MONTH}\2{_DAY}(?![\d./-])日?"), _full_date),
    (re.compile(r"(?<![\d./-])(1[89]\d\d|20\d\d)([-/])(1[0-2]|0[1-9])(?![\d./-])()"), _full_date),
    (re.compile(rf"(?<!\d){_MONTH}{_TO}{_MONTH}(月)"), _month_range),
    (re.compile(rf"(?<!\d){_MONTH}月{_DAY}{_TO}{_DAY}([日号])"),
     lambda m: f"{cardinal(m[1])}月{cardinal(m[2])}到{cardinal(m[3])}{m[4]}"),
    (re.compile(rf"(?<!\d){_MONTH}月{_DAY}([日号])"), _month_day),
    (re.compile(rf"(?<!\d){_DAY}{_TO}{_DAY}([日号])(?![线楼])"), _month_range),
    (re.compile(rf"(?<!\d)([12]\d{{3}})(年?){_TO}([12]\d{{3}})年"),
     lambda m: f"{digits(m[1])}{m[2]}到{digits(m[3])}年"),
    (re.compile(r"(?<!\d)((?:1[0-9]|20)\d0)年代"), lambda m: f"{digits(m[1])}年代"),
    (re.compile(r"(?<!\d)([12]\d{3})(?=年)(?!年[间来前后内])"), lambda m: _year(m[1])),
    (re.compile(r"(?<!\d)(0\d)(?=年)"), lambda m: digits(m[1])),
    (re.compile(r"(?<!\d)([6-9][1-9])(?=年(?:出生|毕业|入学|[以之]?[前后]的|版|款))"), lambda m: digits(m[1])),
    (re.compile(r"(?<![\d.])(19[5-9]\d|20[0-4]\d)(?=[届级春夏秋冬北伦东巴奥世款版])"), lambda m: digits(m[1])),
)  # fmt: skip
"""Rules for dates, in the order in which they apply."""

TIMES: tuple[Rule, ...] = (
    (re.compile(rf"(?<![\d:.]){_CLOCK}{_TO}{_CLOCK}(?![\d:])"), _clock_range),
    (re.compile(rf"(?<![\d:.]){_CLOCK}(?![\d:])"), _clock),
    (re.compile(r"(?<![\d.])2点(?=[半钟多整左前后]|\d{1,2}分|[^\d]|$)"), lambda m: "两点"),
    (re.compile(r"(?<=点)0(\d)分"), lambda m: f"零{colloquial(m[1])}分"),
)
"""Rules for times of day; ratios are decided before (see :mod:`zh_quantities`)."""
