"""How much: money, measures, percent, fractions, ratios, ranges, sums and counted things.

Every rule turns a number together with what stands around it into words, so that none of them sees half
a number. Unit symbols are case-sensitive: mW is not MW.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from voxcommons.text.normalise.zh_numbers import colloquial, decimal

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

UNITS: dict[str, str] = {
    "km": "公里", "m": "米", "dm": "分米", "cm": "厘米", "mm": "毫米", "μm": "微米", "µm": "微米", "um": "微米",
    "nm": "纳米", "km²": "平方公里", "km2": "平方公里", "m²": "平方米", "m2": "平方米", "㎡": "平方米",
    "cm²": "平方厘米", "cm2": "平方厘米", "mm²": "平方毫米", "mm2": "平方毫米", "m³": "立方米", "m3": "立方米",
    "cm³": "立方厘米", "cm3": "立方厘米", "㎞": "公里", "㎝": "厘米", "㎜": "毫米", "㎏": "公斤", "㎎": "毫克",
    "㏄": "毫升", "ha": "公顷", "L": "升", "mL": "毫升", "ml": "毫升", "ML": "毫升", "cc": "毫升",
    "μL": "微升", "kg": "公斤", "KG": "公斤", "Kg": "公斤", "g": "克", "mg": "毫克", "μg": "微克", "t": "吨",
    "s": "秒", "ms": "毫秒", "μs": "微秒", "ns": "纳秒", "min": "分钟", "h": "小时",
    "Hz": "赫兹", "kHz": "千赫兹", "MHz": "兆赫兹", "GHz": "吉赫兹", "dB": "分贝", "db": "分贝", "V": "伏",
    "mV": "毫伏", "kV": "千伏", "mA": "毫安", "mAh": "毫安时", "W": "瓦", "kW": "千瓦", "KW": "千瓦",
    "MW": "兆瓦", "mW": "毫瓦", "kWh": "千瓦时", "Ω": "欧姆", "kΩ": "千欧", "kJ": "千焦",
    "cal": "卡", "kcal": "千卡", "Pa": "帕", "hPa": "百帕", "kPa": "千帕", "MPa": "兆帕",
    "mol": "摩尔", "KB": "千字节", "MB": "兆字节", "GB": "吉字节", "TB": "太字节", "Kbps": "千比特每秒",
    "Mbps": "兆比特每秒", "Gbps": "吉比特每秒", "rpm": "转每分钟", "lx": "勒克斯", "cd": "坎德拉",
    "°C": "摄氏度", "℃": "摄氏度", "°F": "华氏度", "℉": "华氏度", "°": "度",
}  # fmt: skip
"""Unit symbol -> how it is said."""

_CURRENCIES = {
    "￥": "元", "¥": "元", "RMB": "元", "CNY": "元", "$": "美元", "US$": "美元", "USD": "美元", "HK$": "港元",
    "€": "欧元", "£": "英镑", "￡": "英镑", "₩": "韩元", "₽": "卢布", "₹": "卢比", "฿": "泰铢",
}  # fmt: skip
_CLASSIFIERS = (
    "个|位|只|头|条|张|本|把|件|间|座|栋|幢|层|辆|架|艘|台|部|匹|群|双|对|套|批|份|封|页|篇|首|句|段|章|节|课|堂|门"
    "|遍|次|趟|回|场|顿|口|杯|瓶|碗|盘|碟|盒|箱|袋|包|罐|桶|壶|锅|斤|公斤|千克|克|吨|米|厘米|毫米|千米|公里|尺|寸|里|升|毫升"
    "|平方米|立方米|亩|公顷|元|块|角|毛|分钱|美元|欧元|英镑|万|千|亿|年|天|周|星期|小时|分钟|秒钟?|秒|刻钟|点钟|季度"
    "|岁|名|人|户|家|棵|朵|颗|粒|滴|片|块|枝|支|根|束|株|扇|面|幅|副|顶|盏|枚|员|例|项|种|类|样|道|级台阶|步|圈|排|行|列"
    "|倍|成|折|度|团|堆|捆|串|行|轮|局|拳|脚|刀|枪|针|声|眼|阵|番|届|组|队|桌|晚|夜"
)
_NUMBER = r"\d+(?:\.\d+)?"
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
_COMPOUND = rf"(?:{_UNIT})(?:/(?:{_UNIT}|次|人|天|日|月|年|分钟?|秒|小时|斤|公斤|个))?"
_TO = r"\s*(?:-|–|—|~|～)+\s*"
_SIGN = r"(?<![\dA-Za-z)）%])[-−－]"

UNIT_BEHIND_NUMBER = re.compile(rf"\d\s?{_COMPOUND}(?![A-Za-z])")
"""A digit and the unit symbol behind it, as it belongs into a Mandarin run (``5km/h``)."""

_CURRENCY = "|".join(re.escape(c) for c in sorted(_CURRENCIES, key=len, reverse=True))
MONEY = re.compile(rf"(?:{_CURRENCY})\s?(?=\d)")
"""A currency sign in front of an amount."""

_OPERATORS = {
    "+": "加", "＋": "加", "-": "减", "−": "减", "－": "减", "×": "乘以", "*": "乘以", "÷": "除以", "/": "除以",
    "=": "等于", "＝": "等于", "≠": "不等于", ">": "大于", "＞": "大于", "<": "小于", "＜": "小于", "≥": "大于等于",
    "≤": "小于等于", "≈": "约等于",
}  # fmt: skip
_FRACTIONS = {
    "½": "二分之一", "⅓": "三分之一", "⅔": "三分之二", "¼": "四分之一", "¾": "四分之三", "⅕": "五分之一",
    "⅛": "八分之一",
}  # fmt: skip
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def _unit(symbol: str) -> str:
    return "每".join(UNITS.get(part, part) for part in symbol.split("/"))


def _money(match: re.Match[str]) -> str:
    sign, amount, scale = match.group(1, 2, 3)
    if "." in amount:
        amount = amount.rstrip("0").rstrip(".")
    return f"{_two(amount, scale or '元')}{scale or ''}{_CURRENCIES[sign]}"


def _two(number: str, following: str) -> str:
    """A number in front of what is counted: 2 -> 两, but 二 before 十 and 月."""
    return "两" if number == "2" and following else decimal(number)


def _measure(match: re.Match[str]) -> str:
    sign, number, symbol = match.group(1, 2, 3)
    said = _unit(symbol)
    cold = symbol in ("°C", "℃", "°F", "℉")
    if sign or cold:
        return ("零下" if cold and sign else "负" if sign else "") + decimal(number) + said
    return _two(number, said) + said


def _measure_range(match: re.Match[str]) -> str:
    first_sign, first, unit, second_sign, second, symbol = match.group(1, 2, 3, 4, 5, 6)
    cold = symbol in ("°C", "℃", "°F", "℉")
    minus = "零下" if cold else "负"
    start = (minus if first_sign else "") + decimal(first) + (_unit(unit) if unit and not cold else "")
    return start + "到" + (minus if second_sign else "") + decimal(second) + _unit(symbol)


def _percent(match: re.Match[str]) -> str:
    sign, number, mark = match.group(1, 2, 3)
    of = {"%": "百分之", "％": "百分之", "‰": "千分之"}[mark]
    return {"+": "正", "": ""}.get(sign or "", "负") + of + decimal(number)


def _percent_range(match: re.Match[str]) -> str:
    first, mark, second = match.group(1, 2, 3)
    return f"百分之{decimal(first)}到" + ("百分之" if mark else "") + decimal(second)


def _degrees(match: re.Match[str]) -> str:
    minus = "零下" if match[1] else ""
    return minus + (_two(match[2], "度") if not match[1] else decimal(match[2])) + "度"


def _counted(match: re.Match[str]) -> str:
    number, more, classifier = match.group(1, 2, 3)
    return _two(number, classifier) + {"+": "多", None: ""}.get(more, more or "") + classifier


def _counted_range(match: re.Match[str]) -> str:
    first, second, classifier = match.group(1, 2, 3)
    return f"{_two(first, classifier)}到{_two(second, classifier)}{classifier}"


def _sum(match: re.Match[str]) -> str:
    return _OPERATORS[match[1]]


def _two_numbers(match: re.Match[str]) -> str:
    """``3-5`` between plain numbers: a range when it rises, else a score or a code."""
    first, second = match[1], match[2]
    joint = "到" if float(first) < float(second) else "比"
    return f"{decimal(first)}{joint}{decimal(second)}"


def _power(match: re.Match[str]) -> str:
    exponent = match[1].translate(_POWERS)
    return {"2": "平方", "3": "立方"}.get(exponent) or f"的{colloquial(exponent)}次方"


THOUSANDS: Rule = (
    re.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?!\d)"), lambda m: m[0].replace(",", "")
)  # fmt: skip
"""1,234,567 -> 1234567; before every other rule."""

EXPRESSION: Rule = (
    re.compile(
        r"(?<![\d.])(?:[\d.]+|[A-Za-z])[²³]?(?:\s?[-+×*÷/]\s?(?:[\d.]+|[A-Za-z])[²³]?)+(?=\s?[=＝])"
    ),
    lambda m: re.sub(r"\s?([-+×*÷/])\s?", _sum, m[0]),
)
"""The left side of a sum, where - is 减 and / is 除以; before dates and fractions are looked for."""

RATIOS: tuple[Rule, ...] = (
    (re.compile(
        r"(?:(?<=比分)|(?<=比例)|(?<=比例为)|(?<=比例是)|(?<=比为)|(?<=以)|(?<=赔率))"
        r"\s?(\d{1,3})[:：](\d{1,3})(?![\d:：])"),
     lambda m: f"{colloquial(m[1])}比{colloquial(m[2])}"),
    (re.compile(r"(?<![\d:：.])(\d+)\s?[:：]\s?(\d)(?![\d:：.])"),
     lambda m: f"{colloquial(m[1])}比{colloquial(m[2])}"),
    (re.compile(r"(?<![\d:：.])(\d+(?:\.\d+)?)[:：]([6-9]\d|\d{3,}|\d*\.\d+)(?![\d:：])"),
     lambda m: f"{decimal(m[1])}比{decimal(m[2])}"),
    (re.compile(r"(?<![\d:：])(2[5-9]|[3-9]\d|\d{3,})[:：](\d{1,3})(?![\d:：])"),
     lambda m: f"{colloquial(m[1])}比{colloquial(m[2])}"),
)  # fmt: skip
"""Two numbers with a colon that are no time of day."""

QUANTITIES: tuple[Rule, ...] = (
    (re.compile(rf"({_CURRENCY})\s?({_NUMBER})\s?([万亿千百]+)?"), _money),
    (re.compile(r"(?<=[元块角次个件人米克升斤里步字页圈转下])/(?=[人天日月年周次分秒时小斤公千克米升个件平台位只吨盒瓶])"),
     lambda m: "每"),
    (re.compile(r"[½⅓⅔¼¾⅕⅛]"), lambda m: _FRACTIONS[m[0]]),
    (re.compile(rf"({_NUMBER})([%％])?{_TO}({_NUMBER})[%％]"), _percent_range),
    (re.compile(rf"({_SIGN}|\+)?({_NUMBER})\s?([%％‰])"), _percent),
    (re.compile(rf"({_SIGN})?({_NUMBER})\s?({_COMPOUND})?{_TO}([-−－])?({_NUMBER})\s?({_COMPOUND})(?![A-Za-z])"),
     _measure_range),
    (re.compile(rf"({_SIGN})?({_NUMBER})\s?({_COMPOUND})(?![A-Za-z0-9])"), _measure),
    (re.compile(rf"({_SIGN})?({_NUMBER})度"), _degrees),
    (re.compile(r"(?<![\d/])(\d{1,4})/(\d{1,4})(?![\d/])"),
     lambda m: f"{colloquial(m[2])}分之{colloquial(m[1])}"),
    (re.compile(rf"({_NUMBER}){_TO}({_NUMBER})\s?({_CLASSIFIERS})"), _counted_range),
    (re.compile(r"(?<=[\d%A-Za-z²³])\s?([+＋×÷=＝≠>＞<＜≥≤≈])\s?(?=[-−]?[\dA-Za-z])"), _sum),
    (re.compile(r"([≠>＞<＜≥≤≈])\s?(?=\d)"), _sum),
    (re.compile(r"(?<=\d)\s?\*\s?(?=\d)"), lambda m: "乘以"),
    (re.compile(r"±\s?(?=\d)"), lambda m: "正负"),
    (re.compile(r"(?<=[\dA-Za-zα-ω])([⁰¹²³⁴⁵⁶⁷⁸⁹]+)"), _power),
    (re.compile(rf"(?<![\d.-])({_NUMBER})\s?(?:-|–|—|~|～)\s?({_NUMBER})(?![\d-])"), _two_numbers),
    (re.compile(rf"{_SIGN}(?=\d)"), lambda m: "负"),
    (re.compile(rf"(?<![\d.第])({_NUMBER})([多余几+])?(?!年级)({_CLASSIFIERS})"), _counted),
    (re.compile(_NUMBER), lambda m: decimal(m[0])),
    (re.compile(r"\.(\d+)"), lambda m: decimal("0" + m[0])),
)  # fmt: skip
"""Rules for quantities, in the order in which they apply; afterwards no digit is left."""
