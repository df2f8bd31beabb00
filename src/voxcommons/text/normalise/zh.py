"""Spoken Mandarin text: what a careful reader would say for digits, dates, money, units and signs.

The order matters and is the only thing this file knows besides signs: first what a number is a part of
(a date, a time, a code), then how much it is. :mod:`zh_public` keeps the public program's way.
"""

from __future__ import annotations

import re

from voxcommons.text.normalise import zh_public
from voxcommons.text.normalise.zh_characters import GREEK, halfwidth, simplified
from voxcommons.text.normalise.zh_codes import CODES
from voxcommons.text.normalise.zh_dates import DATES, TIMES
from voxcommons.text.normalise.zh_quantities import EXPRESSION, QUANTITIES, RATIOS, THOUSANDS
from voxcommons.text.traced import TracedText

_RULES = (THOUSANDS, EXPRESSION, *DATES, *RATIOS, *TIMES, *CODES, *QUANTITIES)

_GREEK = GREEK | {
    "ε": "伊普西龙", "ζ": "泽塔", "η": "伊塔", "κ": "卡帕", "λ": "兰姆达", "Λ": "兰姆达", "μ": "谬", "ν": "纽", "ο": "奥密克戎",
    "ρ": "柔", "τ": "陶", "υ": "宇普西龙", "φ": "斐", "Φ": "斐", "χ": "西", "ψ": "普西", "Ψ": "普西", "ω": "欧米伽",
}  # fmt: skip
_SIGNS = (
    _GREEK
    | dict(zip("①②③④⑤⑥⑦⑧⑨⑩", "一二三四五六七八九十", strict=True))
    | dict(zip("⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽", "一二三四五六七八九十", strict=True))
    | dict(zip("ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ", "一二三四五六七八九十", strict=True))
    | {"〇": "零", "○": "零", "＋": "加", "+": "加", "×": "乘", "÷": "除", "=": "等于", "%": "百分号", "&": "和"}
    | {"℃": "摄氏度", "°": "度", "№": "号", "々": ""}
)
_MARKS = {
    "：": ",", ":": ",", "；": ",", ";": ",", "，": ",", "、": ",", "。": ".", "．": ".", "｡": ".", "！": "!", "？": "?",
    "\n": ".", "（": ",", "）": ",", "(": ",", ")": ",", "/": ",", "／": ",", "|": ",", "—": ",", "–": ",",
    "―": ",", "-": ",", "－": ",", "~": "…", "～": "…", "⋯": "…",
}  # fmt: skip
_REPEATED = re.compile("([\u4e00-\u9fff])々")
_SIGN = re.compile("[" + re.escape("".join(_SIGNS)) + "]")
_DOTS = re.compile(r"\.{2,}|…+|。{2,}")
_MARK = re.compile("[" + re.escape("".join(_MARKS)) + "]")
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_NOT_READ = re.compile(f"[^{_HAN}!?…,.]+")
_MARK_RUN = re.compile("[!?…,.]{2,}")
_AT_START = re.compile(f"\\A[,.]+(?=[{_HAN}])")
_STRONGEST = "?!….,"


def normalise(text: str, compat: bool = False) -> TracedText:
    """Chinese characters and ``!?…,.-`` only; what cannot be said is left out.

    Args:
        text: one run of Mandarin text.
        compat: write what the public program writes, accidents included.
    """
    traced = TracedText.of(text)
    if compat:
        return zh_public.normalise(traced)
    traced = _decomposed(halfwidth(simplified(traced)))
    for pattern, said in _RULES:
        traced = traced.sub(pattern, said)
    traced = traced.sub(_REPEATED, lambda m: m[1] * 2)
    traced = traced.sub(_SIGN, lambda m: _SIGNS[m[0]])
    traced = traced.sub(_DOTS, "…")
    traced = traced.sub(_MARK, lambda m: _MARKS[m[0]])
    traced = traced.sub(_NOT_READ, "")
    traced = traced.sub(_MARK_RUN, _strongest)
    return traced.sub(_AT_START, "")


def _decomposed(text: TracedText) -> TracedText:
    """Full-width signs that belong to numbers as ASCII ones, where a digit stands beside them."""
    beside = re.compile("(?<=[0-9])[．％：／－～，](?=[0-9])|％")
    plain = str.maketrans("．％：／－～，", ".%:/-~，")
    return text.sub(beside, lambda m: m[0].translate(plain))


def _strongest(match: re.Match[str]) -> str:
    """Of several marks in a row the one that says most about how the sentence sounds."""
    return min(match[0], key=_STRONGEST.index)
