"""Spoken Cantonese text: numbers, dates, money and units in words, in traditional characters.

Written Chinese writes them the same everywhere, so the Mandarin rules decide what a number is; this file says what Cantonese
says differently (no 幺, 至 for a range, 蚊 and 樽 count too, eight-digit telephones, $ is the local dollar) and gives the writer's
own characters back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from voxcommons.text.normalise import yue_public, zh
from voxcommons.text.normalise.zh_characters import halfwidth, simplified
from voxcommons.text.normalise.zh_numbers import digits
from voxcommons.text.traced import TracedText

if TYPE_CHECKING:
    from opencc import OpenCC

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

_PHONE = r"(?:\+?852[ -]?)?[2-9]\d{3}[ -]\d{4}|\+852[ -]?[2-9]\d{7}"
_CALLED = r"(?<=[電电][話话])|(?<=[電电][話话][:：係是系])|(?<=[熱热][線线])|(?<=致[電电])|(?<=打)"
_COUNTED = (
    "蚊|毫子|毫|樽|嚿|餐|磅|呎|吋|碼|转|轉|梳|啖|沓|檯|台|筒|撻|隻|只|架|間|间|條|条|個|个|張|张|位|本|杯|碗|日|粒|枝|支|件|對|对|次|家"
)


def _code(match: re.Match[str]) -> str:
    return ",".join(digits(group) for group in re.findall(r"\d+", match[0]))


def _halves(match: re.Match[str]) -> str:
    """A telephone is said in two fours."""
    number = re.sub(r"\D", "", match[0])
    return ",".join(digits(part) for part in (number[:-8], number[-8:-4], number[-4:]) if part)


_FIRST: tuple[Rule, ...] = (
    (re.compile(rf"(?<![\d.])(?:{_PHONE})(?![\d.])"), _halves),
    (re.compile(rf"(?:{_CALLED})\s?[2-9]\d{{7}}(?!\d)"), _halves),
    (re.compile(rf"(?:{_CALLED})\s?(?:999|112|18\d{{3}}|1[08]\d{{2}})(?!\d)"), _code),
    (re.compile(r"(?<![A-Za-z])[$＄](?=\s?\d)"), "￥"),
    (re.compile(r"(?<!\d)\d{3}(?=號(?:巴士|小巴|車|線))"), _code),
    (re.compile(r"(?<=時速)\s?(\d+(?:\.\d+)?)\s?km/h"), lambda m: f"{m[1]}公里"),
    (re.compile(r"(?<=\d)\s?[Kk](?=蚊|元)"), "千"),
    (re.compile(rf"(?<![\d.第/])2(?={_COUNTED})(?!日[，。,.]|個月前)"), "兩"),
)
_SAID = {"幺": "一", "到": "至", "厘": "厘"}


@cache
def _to_traditional() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("s2hk")


def normalise(text: str, compat: bool = False) -> TracedText:
    """Chinese characters and ``!?…,.-`` only; what cannot be said is left out.

    Args:
        text: one run of Cantonese text.
        compat: write what the public program writes, accidents included (in simplified characters).
    """
    if compat:
        return yue_public.normalise(TracedText.of(text))
    prepared = halfwidth(TracedText.of(text))
    for pattern, said in _FIRST:
        prepared = prepared.sub(pattern, said)
    return _in_own_characters(prepared, zh.normalise(prepared.text))


def _in_own_characters(written: TracedText, said: TracedText) -> TracedText:
    """What the Mandarin rules said, with the writer's characters where they only copied them and positions in the original."""
    plain = simplified(written).text
    traditional = plain != written.text
    converted = _to_traditional().convert(said.text)
    if len(converted) != len(said.text):
        converted = said.text
    chars: list[str] = []
    for at, (char, start, end) in enumerate(zip(said.text, said.starts, said.ends, strict=True)):
        copied = end - start == 1 and plain[start : start + 1] == char
        if copied and (traditional or written.text[start] == "兩"):
            chars.append(written.text[start])
        else:
            chars.append(converted[at] if copied else _SAID.get(char, converted[at]))
    origins = [written.origin(start, end) for start, end in zip(said.starts, said.ends, strict=True)]
    return TracedText("".join(chars), tuple(start for start, _ in origins), tuple(end for _, end in origins))
