"""Digits -> spoken Mandarin numbers: cardinals, digit strings, decimals.

Only numbers live here; what a number means (a date, money, a phone) is decided by who calls.
"""

from __future__ import annotations

_DIGITS = "零一二三四五六七八九"
_UNITS = ((8, "亿"), (4, "万"), (3, "千"), (2, "百"), (1, "十"))


def digits(number: str, *, one: str = "一") -> str:
    """Digit by digit: ``"105" -> 一零五``; ``one="幺"`` as in phone numbers."""
    return "".join(_DIGITS[int(digit)] if digit != "1" else one for digit in number)


def cardinal(number: str) -> str:
    """``"10500" -> 一万零五百``; leading zeros count for nothing; empty for an empty string."""
    if not number:
        return ""
    significant = number.lstrip("0")
    if not significant:
        return "零"
    said = _groups(significant)
    return said[1:] if said.startswith("一十") else said


def _groups(number: str) -> str:
    """The part of a cardinal that ``number`` makes, with 零 for zeros left of its first digit."""
    significant = number.lstrip("0")
    if len(significant) < 2:
        zero = "零" if significant and len(significant) < len(number) else ""
        return zero + digits(significant)
    size, unit = next((size, unit) for size, unit in _UNITS if size < len(significant))
    return _groups(number[:-size]) + unit + _groups(number[-size:])


def colloquial(number: str) -> str:
    """A cardinal with 两 where speakers say it: 两千, 两万, 两亿 (but 二百, 二十)."""
    said = cardinal(number)
    for unit in "千万亿":
        said = said.replace("二" + unit, "两" + unit)
    return said.replace("十两", "十二").replace("百两千", "百二千").replace("千两万", "千二万")


def decimal(number: str) -> str:
    """``"12.050" -> 十二点零五零``: every digit behind the point is said."""
    whole, _, decimals = number.partition(".")
    said = colloquial(whole) or "零"
    return f"{said}点{digits(decimals)}" if decimals else said
