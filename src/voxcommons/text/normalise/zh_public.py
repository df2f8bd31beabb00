"""Spoken Mandarin text exactly as the public program writes it, accidents included (``compat=True``).

Published voices were trained on this, so that 1,234 stays three clauses and a unit "s" inside an English
word becomes 秒. :mod:`zh` writes what a reader would say; this file must not be mended. The order of the
rules is part of the behaviour.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from voxcommons.text.normalise.zh_characters import (
    GREEK,
    halfwidth,
    joined,
    part,
    simplified_singly,
    stripped,
)
from voxcommons.text.normalise.zh_numbers import cardinal, digits
from voxcommons.text.traced import TracedText

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

_SENTENCE_END = re.compile("[：、，；。？！,;?!][”’]?")
_DROPPED_FIRST = re.compile(r"[ —《》【】<>{}()（）#&@“”^_|\\]")
_QUANTIFIERS = (
    "处|台|架|枚|趟|幅|平|方|堵|间|床|株|批|项|例|列|篇|栋|注|亩|封|艘|把|目|套|段|人|所|朵|匹|张|座|回|场|尾|条|个|首"
    "|阙|阵|网|炮|顶|丘|棵|只|支|袭|辆|挑|担|颗|壳|窠|曲|墙|群|腔|砣|客|贯|扎|捆|刀|令|打|手|罗|坡|山|岭|江|溪|钟|队"
    "|单|双|对|出|口|头|脚|板|跳|枝|件|贴|针|线|管|名|位|身|堂|课|本|页|家|户|层|丝|毫|厘|分|钱|两|斤|铢|石|钧|锱|忽"
    "|(?:千|毫|微)克|公分|寸|尺|丈|里|寻|常|铺|程|(?:千|厘)米|米|撮|勺|合|升|斗|盘|碗|碟|叠|桶|笼|盆|盒|杯|斛|锅|簋|篮"
    "|罐|瓶|壶|卮|盏|箩|箱|煲|啖|袋|钵|年|月|日|季|刻|时|周|天|秒|小时|旬|纪|岁|世|更|夜|春|夏|秋|冬|代|伏|辈|丸|泡|粒"
    "|幢|堆|根|道|面|片|块|元|亿|千万|百万|万|千|百|美元|吨|十吨|十块|角|毛"
)
_OPERAND = r"(?:-?\d+(?:\.\d+)?[⁰¹²³⁴⁵⁶⁷⁸⁹ˣʸⁿ]*|\.\d+[⁰¹²³⁴⁵⁶⁷⁸⁹ˣʸⁿ]*|[A-Za-z][⁰¹²³⁴⁵⁶⁷⁸⁹ˣʸⁿ]*)"
_ARITHMETIC = re.compile(rf"({_OPERAND})([-+×÷=])({_OPERAND})")
_OPERATORS = {"+": "加", "-": "减", "×": "乘", "÷": "除", "=": "等于"}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹ˣʸⁿ", "0123456789xyn")
_UNIT = "%|°C|℃|度|摄氏度|cm2|cm²|cm3|cm³|cm|db|ds|kg|km|m2|m²|m³|m3|ml|m|mm|s"
_SIGNED = r"(?:-?\d+(?:\.\d+)?|\.\d+)"
_UNITS = {
    "cm2": "平方厘米", "cm²": "平方厘米", "cm3": "立方厘米", "cm³": "立方厘米", "cm": "厘米", "db": "分贝",
    "ds": "毫秒", "kg": "千克", "km": "千米", "m2": "平方米", "m²": "平方米", "m³": "立方米", "m3": "立方米",
    "ml": "毫升", "m": "米", "mm": "毫米", "s": "秒",
}  # fmt: skip
_CLOCK = r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?"
_SPOKEN_SIGNS = str.maketrans(
    {"/": "每", "+": "加", "-": "减", "×": "乘", "÷": "除", "=": "等"}
    | dict(zip("①②③④⑤⑥⑦⑧⑨⑩", "一二三四五六七八九十", strict=True))
    | GREEK
)
_TO_PUNCTUATION = {
    "：": ",", "；": ",", "，": ",", "。": ".", "！": "!", "？": "?", "\n": ".", "·": ",", "、": ",",
    "...": "…", "$": ".", "/": ",", "—": "-", "~": "…", "～": "…", "嗯": "恩", "呣": "母",
}  # fmt: skip


def spoken_number(number: str) -> str:
    """``"12.05" -> 十二点零五``; a last zero behind the point is said, further ones are not."""
    whole, _, decimals = number.partition(".")
    kept = decimals.rstrip("0") + ("0" if decimals.endswith("0") else "")
    said = cardinal(whole)
    return f"{said or '零'}点{digits(kept)}" if kept else said


def _date(match: re.Match[str]) -> str:
    year, month, day, ending = match.group(1, 2, 3, 4)
    said = digits(year) + "年"
    said += f"{cardinal(month)}月" if month else ""
    return said + (f"{cardinal(day)}{ending}" if day else "")


def _dashed_date(match: re.Match[str]) -> str:
    return f"{digits(match[1])}年{cardinal(match[3])}月{cardinal(match[4])}日"


def _two_digits(number: str) -> str:
    said = spoken_number(number.lstrip("0"))
    return "零" + said if number.startswith("0") else said


def _clock(hour: str, minute: str, second: str | None, half: bool) -> str:
    said = f"{spoken_number(hour)}点"
    if minute.strip("0"):
        said += "半" if half else f"{_two_digits(minute)}分"
    return said + (f"{_two_digits(second)}秒" if second and second.strip("0") else "")


def _time(match: re.Match[str]) -> str:
    return _clock(match[1], match[2], match[3], match[2] == "30")


def _time_range(match: re.Match[str]) -> str:
    half = match[2] == "30"  # the first minute decides for both ends: 8:30-9:15 ends 九点半
    first = _clock(match[1], match[2], match[3], half)
    return f"{first}至{_clock(match[4], match[5], match[6], half)}"


def _temperature(match: re.Match[str]) -> str:
    unit = "摄氏度" if match[3] == "摄氏度" else "度"
    return ("零下" if match[1] else "") + spoken_number(match[2]) + unit


def _signed(match: re.Match[str]) -> str:
    sign, number, bare = match.group(1, 2, 3)
    if bare:
        return spoken_number(bare)
    return ("负" if sign else "") + spoken_number(number or "")


def _quantity(match: re.Match[str]) -> str:
    number = cardinal(match[1])
    more = {"+": "多", None: ""}.get(match[2], match[2])
    return ("两" if number == "二" else number) + (more or "") + match[3]


_SIGNED_NUMBER = re.compile(r"(-?)(\d+(?:\.\d+)?)|(\.\d+)")


def _range(match: re.Match[str]) -> str:
    return "到".join(_SIGNED_NUMBER.sub(_signed, end) for end in match.group(1, 2))


def _phone(separator: str) -> Callable[[re.Match[str]], str]:
    def said(match: re.Match[str]) -> str:
        parts = match[0].strip("+").split(separator)
        return "，".join(digits(part).replace("一", "幺") for part in parts)

    return said


def _version(match: re.Match[str]) -> str:
    return "".join("点" if c == "." else cardinal(c) for c in match[0])


_BEFORE_ARITHMETIC: tuple[Rule, ...] = (
    (re.compile(
        r"(\d{4}|\d{2})年(?:(0?[1-9]|1[0-2])月)?(?:(0?[1-9]|[12][0-9]|30|31)([日号]))?"), _date),
    (re.compile(r"(\d{4})([- /.])(0[1-9]|1[012])\2(0[1-9]|[12][0-9]|3[01])"), _dashed_date),
    (re.compile(rf"{_CLOCK}[~-]{_CLOCK}"), _time_range),
    (re.compile(_CLOCK), _time),
    (re.compile(rf"({_SIGNED}(?:{_UNIT}))~({_SIGNED}(?:{_UNIT}))"), lambda m: f"{m[1]}至{m[2]}"),
    (re.compile(r"(-?)(\d+(?:\.\d+)?)(°C|℃|度|摄氏度)"), _temperature),
    *((re.compile(re.escape(unit)), said) for unit, said in _UNITS.items()),
)  # fmt: skip
_AFTER_ARITHMETIC: tuple[Rule, ...] = (
    (re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹ˣʸⁿ]+"), lambda m: f"的{m[0].translate(_SUPERSCRIPTS)}次方"),
    (re.compile(r"(-?)(\d+)/(\d+)"),
     lambda m: ("负" if m[1] else "") + f"{cardinal(m[3])}分之{cardinal(m[2])}"),
    (re.compile(r"(-?)(\d+(?:\.\d+)?)%"),
     lambda m: ("负" if m[1] else "") + "百分之" + spoken_number(m[2])),
    (re.compile(r"(?<!\d)(?:\+?86 ?)?1(?:[38]\d|5[0-35-9]|7[678]|9[89])\d{8}(?!\d)"), _phone(" ")),
    (re.compile(r"(?<!\d)(?:0(?:10|2[1-3]|[3-9]\d{2})-?)?[1-9]\d{6,7}(?!\d)"), _phone("-")),
    (re.compile(r"400-?\d{3}-?\d{4}"), _phone("-")),
    (re.compile(
        r"(?<![-\d+×÷=])(-?\d+(?:\.\d+)?)[-~](-?\d+(?:\.\d+)?)(?![-\d+×÷=])"), _range),
    (re.compile(r"-(\d+)"), lambda m: "负" + cardinal(m[1])),
    (re.compile(r"\d+\.\d+(?:\.\d+)?(?:\.\d+)+"), _version),
    (re.compile(r"(-?)(\d+\.\d+)|(\.\d+)"), _signed),
    (re.compile(rf"(\d+)([多余几+])?({_QUANTIFIERS})"), _quantity),
    (re.compile(r"\d{3,}"), lambda m: digits(m[0]).replace("一", "幺")),
    (_SIGNED_NUMBER, _signed),
)  # fmt: skip
_SIGNS = re.compile("[" + re.escape("".join(map(chr, _SPOKEN_SIGNS))) + "]")
_DROPPED_LAST = re.compile(r"[—《》【】<>{}()（）#&@“”^_|\\]")
_PUNCTUATION = re.compile("|".join(map(re.escape, _TO_PUNCTUATION)))
_UNREADABLE = re.compile("[^\u4e00-\u9fa5!?…,.-]+")
_PUNCTUATION_RUN = re.compile("([!?…,.-])[!?…,.-]+")


def normalise(text: TracedText) -> TracedText:
    """Spoken text of Chinese characters and ``!?…,.-`` only; all else is deleted."""
    said = joined([_unified(sentence) for sentence in sentences(text)])
    return said.sub(_PUNCTUATION_RUN, lambda m: m[1])


def _unified(sentence: TracedText) -> TracedText:
    mapped = sentence.sub(_PUNCTUATION, lambda m: _TO_PUNCTUATION[m[0]])
    return mapped.sub(_UNREADABLE, "")


def sentences(text: TracedText) -> list[TracedText]:
    """The public normaliser's output before its punctuation is unified: one text per clause."""
    kept = text.sub(_DROPPED_FIRST, "")
    cuts = [m.end() for m in _SENTENCE_END.finditer(kept.text)]
    pieces: list[TracedText] = []
    for start, end in zip([0, *cuts], [*cuts, len(kept.text)], strict=True):
        for line in re.finditer(r"[^\n]+", kept.text[start:end]):
            pieces.append(stripped(part(kept, start + line.start(), start + line.end())))
    return [_sentence(piece) for piece in pieces] or [part(kept, 0, 0)]


def _sentence(text: TracedText) -> TracedText:
    text = halfwidth(simplified_singly(text))
    for pattern, said in _BEFORE_ARITHMETIC:
        text = text.sub(pattern, said)
    while _ARITHMETIC.search(text.text):
        text = text.sub(_ARITHMETIC, lambda m: m[1] + _OPERATORS[m[2]] + m[3])
    for pattern, said in _AFTER_ARITHMETIC:
        text = text.sub(pattern, said)
    text = text.sub(_SIGNS, lambda m: m[0].translate(_SPOKEN_SIGNS))
    return text.sub(_DROPPED_LAST, "")
