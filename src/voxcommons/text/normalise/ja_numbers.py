"""Digits -> Japanese numerals (二千二十四) and digits said one by one (ゼロキュウゼロ).

Only the numeral is written here; how it sounds before a counter (三本 is sanbon) is known to the reader of Japanese words.
"""

from __future__ import annotations

_DIGITS = "〇一二三四五六七八九"
_NAMES = ("ゼロ", "イチ", "ニー", "サン", "ヨン", "ゴー", "ロク", "ナナ", "ハチ", "キュウ")
_SMALL = ((3, "千"), (2, "百"), (1, "十"))
_LARGE = ("", "万", "億", "兆", "京")
_LONGEST = 4 * len(_LARGE)


def digit_names(number: str) -> str:
    """Digit by digit as in a telephone number: ``"030" -> ゼロサンゼロ``."""
    return "".join(_NAMES[int(digit)] for digit in number)


def cardinal(number: str) -> str:
    """``"10500" -> 一万五百``; a number too long for words digit by digit."""
    significant = number.lstrip("0")
    if not significant:
        return "ゼロ"
    if len(significant) > _LONGEST:
        return digit_names(number)
    said = ""
    groups = range(len(significant), 0, -4)
    for order, end in enumerate(groups):
        group = significant[max(0, end - 4) : end]
        if group.strip("0"):
            said = _group(group, one_thousand=order > 0) + _LARGE[order] + said
    return said


def _group(group: str, *, one_thousand: bool) -> str:
    """Up to four digits; 一千 in front of 万 and 億, else 千."""
    digits = group.zfill(4)
    said = ""
    for digit, (size, unit) in zip(digits, _SMALL, strict=False):
        if digit != "0":
            one = digit == "1" and not (size == 3 and one_thousand)
            said += ("" if one else _DIGITS[int(digit)]) + unit
    return said + (_DIGITS[int(digits[3])] if digits[3] != "0" else "")


def decimal(number: str) -> str:
    """``"12.05" -> 十二点〇五``; digits behind the point are said one by one."""
    whole, _, decimals = number.partition(".")
    if not decimals:
        return cardinal(whole)
    said = cardinal(whole) if whole.strip("0") else "零"
    return f"{said}点" + "".join(_NAMES[0] if digit == "0" else _DIGITS[int(digit)] for digit in decimals)
