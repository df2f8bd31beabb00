"""Digits -> Korean numbers: Sino-Korean (이십삼), native before counters (스물세), and digit by digit (공일공)."""

from __future__ import annotations

_DIGITS = ("영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구")
_NATIVE = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉")
_NATIVE_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")
_SMALL = ((3, "천"), (2, "백"), (1, "십"))
_LARGE = ("", "만", "억", "조", "경")
_LONGEST = 4 * len(_LARGE)


def digit_names(number: str, *, zero: str = "공") -> str:
    """Digit by digit as in a telephone number: ``"010" -> 공일공``."""
    return "".join(zero if digit == "0" else _DIGITS[int(digit)] for digit in number)


def cardinal(number: str) -> str:
    """``"10500" -> 만오백``; a number too long for words digit by digit."""
    significant = number.lstrip("0")
    if not significant:
        return "영"
    if len(significant) > _LONGEST:
        return digit_names(number, zero="영")
    said = ""
    for order, end in enumerate(range(len(significant), 0, -4)):
        group = significant[max(0, end - 4) : end]
        if group.strip("0"):
            one_ten_thousand = order == 1 and group == "1" and len(significant) == 5
            said = ("" if one_ten_thousand else _group(group)) + _LARGE[order] + said
    return said


def _group(group: str) -> str:
    digits = group.zfill(4)
    said = "".join(("" if d == "1" else _DIGITS[int(d)]) + unit for d, (_, unit) in zip(digits, _SMALL, strict=False) if d != "0")
    return said + (_DIGITS[int(digits[3])] if digits[3] != "0" else "")


def native(number: str) -> str:
    """In front of a counter: ``"3" -> 세``, ``"20" -> 스무``, ``"25" -> 스물다섯``; from 100 on Sino-Korean."""
    value = int(number)
    if not 0 < value < 100:
        return cardinal(number)
    if value == 20:
        return "스무"
    return _NATIVE_TENS[value // 10] + _NATIVE[value % 10]


def decimal(number: str) -> str:
    """``"12.05" -> 십이점영오``; digits behind the point are said one by one."""
    whole, _, decimals = number.partition(".")
    said = cardinal(whole)
    return f"{said}점{digit_names(decimals, zero='영')}" if decimals else said
