"""What `say-as` asks for: digits, letters, numbers, dates, times and telephone numbers in the words of a language.

Written out here and not left to the normalisers, because these guess what a text means and here somebody has said it. English and
Mandarin (which Cantonese shares) are known; for other languages the text is read as it stands.
Source of the values and formats: W3C Note, SSML 1.0 say-as attribute values (26 May 2005).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from voxcommons.text.g2p.en_words import spell
from voxcommons.text.normalise import en_numbers, zh_numbers
from voxcommons.text.normalise.en_tables import MONTH_NAMES, MONTHS
from voxcommons.text.normalise.zh_dates import clock

LANGUAGES = ("en", "zh", "yue")
_ALIASES = {"spell-out": "characters", "letters": "characters", "verbatim": "characters", "number": "cardinal", "digit": "digits"}
_NUMBER = re.compile(r"([+\-−]?)\s*(\d{1,3}(?:[,，]\d{3})+|\d+)(?:\.(\d+))?")
_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_TIME = re.compile(r"(\d{1,2})(?:[:：.hH点](\d{2}))?(?:[:：.m分](\d{2}))?[秒s分m点h]?\s*([apAP])?\.?\s*(?:[mM]\.?)?")
_EN_SIGNS = {
    "-": "dash", ".": "dot", "@": "at", "/": "slash", "_": "underscore", "#": "hash", "+": "plus", "&": "and", "*": "star", ":": "colon",
    "=": "equals", "%": "percent", "$": "dollar", "\\": "backslash", ",": "comma", "!": "exclamation mark", "?": "question mark",
}  # fmt: skip
_ZH_SIGNS = {
    "-": "杠", ".": "点", "@": "艾特", "/": "斜杠", "_": "下划线", "#": "井号", "+": "加", "&": "和", "*": "星号", ":": "冒号", "=": "等于",
    "%": "百分号", "$": "美元", "\\": "反斜杠", ",": "逗号", "!": "感叹号", "?": "问号",
}  # fmt: skip
_ORDERS = {"mdy", "dmy", "ymd", "md", "dm", "ym", "my", "d", "m", "y"}


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of what is said; `phones` are ARPAbet where the letters alone would be read as a word."""

    text: str
    phones: tuple[str, ...] = ()


def say_as(text: str, interpret_as: str, layout: str, language: str) -> list[Word] | None:
    """The words for a text that is to be taken as something.

    Args:
        text: what stands in the element.
        interpret_as: ``characters``, ``digits``, ``cardinal``, ``ordinal``, ``date``, ``time`` or ``telephone``.
        layout: the attribute ``format``: the order of a date (``mdy``), ``hms12`` or ``hms24``; may be empty.
        language: one of `LANGUAGES`.

    Returns:
        The words; None when the text is no such thing, or nothing is known of it.
    """
    kind = _ALIASES.get(interpret_as, interpret_as)
    chinese = language != "en"
    if kind == "characters":
        return _characters(text.strip(), chinese=chinese)
    makers: Mapping[str, Callable[[str, str], str]] = _ZH if chinese else _EN
    maker = makers.get(kind)
    said = maker(text.strip(), layout.strip().lower()) if maker else ""
    return [Word(said)] if said else None


def _characters(text: str, *, chinese: bool) -> list[Word] | None:
    words: list[Word] = []
    signs = _ZH_SIGNS if chinese else _EN_SIGNS
    for char in text:
        if char.isascii() and char.isdigit():
            words.append(Word(zh_numbers.digits(char) if chinese else en_numbers.digits(char)))
        elif char.isascii() and char.isalpha():
            words.append(Word(char.upper(), spell(char)))
        elif char in signs:
            words.append(Word(signs[char]))
        elif char.isalpha():
            words.append(Word(char))
    return words or None


def _only_digits(text: str) -> str:
    digits = re.sub(r"[\s\-–.,，/()]", "", text)
    return digits if digits.isascii() and digits.isdigit() else ""


def _numeric(text: str) -> re.Match[str] | None:
    return _NUMBER.fullmatch(text)


# --- English -------------------------------------------------------------------------------------------------------------


def _en_digits(text: str, _: str) -> str:
    return en_numbers.digits(_only_digits(text))


def _en_cardinal(text: str, _: str) -> str:
    if text.isupper() and _ROMAN.fullmatch(text):
        return en_numbers.cardinal(en_numbers.roman(text))
    found = _numeric(text)
    if not found or len(found[2]) > 40:
        return ""
    whole = en_numbers.cardinal(int(re.sub("[,，]", "", found[2])))
    fraction = f" point {en_numbers.digits(found[3])}" if found[3] else ""
    return ("minus " if found[1] in "-−" and found[1] else "") + whole + fraction


def _en_ordinal(text: str, _: str) -> str:
    if text.isupper() and _ROMAN.fullmatch(text):
        return en_numbers.ordinal(en_numbers.roman(text))
    found = re.fullmatch(r"(\d[\d,]{0,15})(?:st|nd|rd|th)?", text)
    return en_numbers.ordinal(int(found[1].replace(",", ""))) if found else ""


def _en_date(text: str, layout: str) -> str:
    found = _date(text, layout, "mdy")
    if not found:
        return ""
    month = MONTHS[found["m"] - 1] if "m" in found else ""
    day = en_numbers.ordinal(found["d"]) if "d" in found else ""
    year = en_numbers.year(found["y"]) if "y" in found else ""
    if month and day:
        european = layout.startswith("d")
        said = f"the {day} of {month}" if european else f"{month} {day}"
        return f"{said}, {year}" if year else said
    return f"{month} {year}".strip() if month or year else f"the {day}"


def _en_time(text: str, layout: str) -> str:
    found = _clock_of(text, layout)
    if not found:
        return ""
    hour, minute, second, half = found
    said = en_numbers.cardinal(hour)
    if minute:
        said += f" {'oh ' if minute < 10 else ''}{en_numbers.cardinal(minute)}"
    elif not half and not second:
        said = f"{said} o'clock" if 1 <= hour <= 12 else f"{said} hundred hours"
    if second:
        said += f" and {en_numbers.cardinal(second)} second{'' if second == 1 else 's'}"
    return said + (f" {half.upper()}-M" if half else "")


def _en_telephone(text: str, _: str) -> str:
    return ", ".join(_dialled(text, "plus", "extension", en_numbers.digits))


# --- Mandarin ------------------------------------------------------------------------------------------------------------


def _zh_digits(text: str, _: str) -> str:
    return zh_numbers.digits(_only_digits(text))


def _zh_cardinal(text: str, _: str) -> str:
    found = _numeric(text)
    if not found or len(found[2]) > 40:
        return ""
    whole = re.sub("[,，]", "", found[2])
    said = zh_numbers.decimal(f"{whole}.{found[3]}") if found[3] else zh_numbers.cardinal(whole)
    return ("负" if found[1] in "-−" and found[1] else "") + said


def _zh_ordinal(text: str, _: str) -> str:
    found = re.fullmatch(r"第?(\d{1,16})(?:st|nd|rd|th)?", text)
    return "第" + zh_numbers.cardinal(found[1]) if found else ""


def _zh_date(text: str, layout: str) -> str:
    found = _date(text, layout, "ymd")
    if not found:
        return ""
    said = f"{zh_numbers.digits(str(found['y']))}年" if "y" in found else ""
    said += f"{zh_numbers.cardinal(str(found['m']))}月" if "m" in found else ""
    return said + (f"{zh_numbers.cardinal(str(found['d']))}日" if "d" in found else "")


def _zh_time(text: str, layout: str) -> str:
    found = _clock_of(text, layout)
    if not found:
        return ""
    hour, minute, second, half = found
    part = {"a": "上午", "p": "下午"}.get(half, "")
    return part + clock(str(hour), f"{minute:02}", f"{second:02}" if second else None)


def _zh_telephone(text: str, _: str) -> str:
    return "，".join(_dialled(text, "加", "转", lambda run: zh_numbers.digits(run, one="幺")))


# --- shared --------------------------------------------------------------------------------------------------------------


def _dialled(text: str, plus: str, extension: str, digits: Callable[[str], str]) -> list[str]:
    """The groups of a telephone number as they are said; nothing when it is none."""
    if not re.fullmatch(r"[\d+()\s.\-–/]+(?:\s*(?:x|ext\.?|转)\s*\d+)?", text, re.IGNORECASE) or not re.search(r"\d", text):
        return []
    groups = re.findall(r"\+|\d+|[a-z转]+", text.lower())
    said: list[str] = []
    joined = ""
    for group in groups:
        if group.isdigit():
            said.append(f"{joined} {digits(group)}".strip() if joined else digits(group))
            joined = ""
        else:
            joined = plus if group == "+" else extension
    return said


def _date(text: str, layout: str, usual: str) -> dict[str, int]:
    """The parts of a date by their letter; nothing when it is none."""
    parts: Sequence[str] = re.findall(r"\d+|[A-Za-z]{3,9}", text)
    parts = [part for part in parts if part.isdigit() or part.lower() in MONTH_NAMES]
    order = layout if layout in _ORDERS else _order_of(parts, usual)
    if len(parts) == 1 and len(order) > 1:  # 20240305
        widths = {"y": len(parts[0]) - 2 * (len(order) - 1) if "y" in order else 0, "m": 2, "d": 2}
        places = [sum(widths[letter] for letter in order[:at]) for at in range(len(order) + 1)]
        parts = [parts[0][low:high] for low, high in zip(places, places[1:], strict=False)]
    if len(parts) != len(order):
        return {}
    found: dict[str, int] = {}
    for letter, part in zip(order, parts, strict=True):
        named = MONTH_NAMES.get(part.lower())
        if (named and letter != "m") or not (named or part) or len(part) > 9:
            return {}
        found[letter] = named or int(part)
        if letter == "y" and len(part) == 2:
            found[letter] += 2000 if found[letter] < 50 else 1900
    limits = {"y": (1, 9999), "m": (1, 12), "d": (1, 31)}
    return found if all(limits[letter][0] <= value <= limits[letter][1] for letter, value in found.items()) else {}


def _order_of(parts: Sequence[str], usual: str) -> str:
    """The order of a date that comes without a format."""
    if len(parts) == 3 and parts[0].isdigit() and len(parts[0]) == 4:
        return "ymd"
    if len(parts) == 3 and not parts[1].isdigit():
        return "dmy"
    if len(parts) == 2:
        return "ym" if len(parts[0]) == 4 else "my" if len(parts[1]) == 4 else "dm" if not parts[1].isdigit() else "md"
    return usual


def _clock_of(text: str, layout: str) -> tuple[int, int, int, str] | None:
    """(hour, minute, second, "a" or "p" or "") of a time of day."""
    found = _TIME.fullmatch(text)
    if not found:
        return None
    hour, minute, second = (int(part or 0) for part in found.group(1, 2, 3))
    half = (found[4] or "").lower()
    if hour > 24 or minute > 59 or second > 59 or (half and not 1 <= hour <= 12):
        return None
    if layout == "hms12" and not half and not 1 <= hour <= 12:
        half, hour = ("p" if hour >= 12 else "a"), (hour - 1) % 12 + 1
    return hour, minute, second, half


_EN: Mapping[str, Callable[[str, str], str]] = {
    "digits": _en_digits, "cardinal": _en_cardinal, "ordinal": _en_ordinal, "date": _en_date, "time": _en_time, "telephone": _en_telephone
}  # fmt: skip
_ZH: Mapping[str, Callable[[str, str], str]] = {
    "digits": _zh_digits, "cardinal": _zh_cardinal, "ordinal": _zh_ordinal, "date": _zh_date, "time": _zh_time, "telephone": _zh_telephone
}  # fmt: skip
