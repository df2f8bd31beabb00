"""Spoken Japanese text: what a careful reader says for digits, dates, money, units and signs.

The result is Japanese characters and ``!?…,.-`` only. Numbers become numerals (三本): how they sound in front of a counter is the
business of the reader of words. The order of the rules is the knowledge here: first what a number is a part of, then how much.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from voxcommons.text.normalise.ja_numbers import cardinal, decimal, digit_names
from voxcommons.text.normalise.ja_signs import CURRENCIES, MARKS, SIGNS, UNITS
from voxcommons.text.traced import TracedText

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

_N = r"\d+(?:\.\d+)?"
_TO = r"\s?[-–—~〜～−]\s?"
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
_COMPOUND = rf"(?:{_UNIT})(?:/(?:{_UNIT}|人|日|回|分|秒|時|年|月|個))?(?![A-Za-z])"
_MONEY = "|".join(re.escape(sign) for sign in sorted(CURRENCIES, key=len, reverse=True))
_MINUS = r"(?<![\dA-Za-z)）%])[-−－]"
_SCALE = "[千百]?[万億兆千百]"
_COUNTERS = (
    "か月|ヶ月|カ月|ヵ月|か国|ヶ国|カ国|か所|ヶ所|カ所|週間|時間|分間|秒間|年間|日間|人|本|枚|冊|個|匹|頭|羽|台|回|度|階|歳|才|年|月|日|時|分|秒|週"
    "|円|杯|軒|足|着|件|点|倍|割|名|通|歩|番|号|章|話|曲|品|泊|席|車両|両|機|隻|世帯|社|校|店|種類|ページ|メートル|キロ|グラム|パーセント|つ"
)
_SUM = {"+": "足す", "＋": "足す", "-": "引く", "−": "引く", "－": "引く", "×": "掛ける", "*": "掛ける", "÷": "割る", "/": "割る"}
_RELATION = {
    "=": "イコール", "＝": "イコール", "≠": "ノットイコール", "≒": "ニアリーイコール", "≈": "ニアリーイコール", ">": "大なり",
    "＞": "大なり",
    "<": "小なり", "＜": "小なり", "≧": "以上", "≥": "以上", "≦": "以下", "≤": "以下",
}  # fmt: skip
_VULGAR = {"½": "二分の一", "⅓": "三分の一", "⅔": "三分の二", "¼": "四分の一", "¾": "四分の三", "⅛": "八分の一"}
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def _names(match: re.Match[str]) -> str:
    return ",".join(digit_names(group) for group in re.findall(r"\d+", match[0]))


def _points(match: re.Match[str]) -> str:
    return "点".join(cardinal(part) if not part.startswith("0") or part == "0" else digit_names(part) for part in match[0].split("."))


def _clock(match: re.Match[str]) -> str:
    hour, minute, second = match.group(1, 2, 3)
    said = f"{cardinal(hour) if int(hour) else '零'}時"
    if int(minute) or second:
        said += f"{cardinal(minute)}分" if int(minute) else "零分"
    return said + (f"{cardinal(second)}秒" if second else "")


def _date(match: re.Match[str]) -> str:
    return f"{cardinal(match['y'])}年{cardinal(match['m'])}月{cardinal(match['d'])}日"


def _measure(match: re.Match[str]) -> str:
    sign, number, symbol = match.group(1, 2, 3)
    return ("マイナス" if sign else "") + decimal(number) + _unit(symbol)


def _unit(symbol: str) -> str:
    per = {"h": "毎時", "s": "毎秒", "min": "毎分"}
    base, _, of = symbol.partition("/")
    if of and of in per:
        return UNITS[base] + per[of]
    return UNITS[base] + (f"パー{UNITS.get(of, of)}" if of else "")


def _measure_range(match: re.Match[str]) -> str:
    return f"{decimal(match[1])}から{decimal(match[2])}{_unit(match[3])}"


def _money(match: re.Match[str]) -> str:
    sign, amount, scale = match.group(1, 2, 3)
    return decimal(amount) + (scale or "") + CURRENCIES[sign]


def _fraction(match: re.Match[str]) -> str:
    return f"{cardinal(match[2])}分の{cardinal(match[1])}"


_THOUSANDS: Rule = (re.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?!\d)"), lambda m: m[0].replace(",", ""))
_CLOCK = r"(2[0-4]|[01]?\d):([0-5]\d)(?::([0-5]\d))?"
_RULES: tuple[Rule, ...] = (
    _THOUSANDS,
    (re.compile(r"(?<=\d)\s+(?=[\d(（])"), ","),
    (re.compile(r"(?<=日)\s?[(（]([月火水木金土日])[)）]"), lambda m: f"{m[1]}曜日"),
    (re.compile(r"(?<=時速)\s?(\d+(?:\.\d+)?)\s?km/h"), lambda m: f"{decimal(m[1])}キロメートル"),
    (re.compile(r"(?<![\d.])0(?=時(?!間))"), "零"),
    (re.compile(r"(?<!\d)(\d)0(\d)(?=号室)"), lambda m: f"{cardinal(m[1])}マル{cardinal(m[2])}"),
    (re.compile(rf"(?<![\d.])(?:{_N}|[a-z])(?:\s?[-+＋×*÷/−－]\s?(?:{_N}|[a-z]))+(?=\s?[=＝])"),
     lambda m: re.sub(r"\s?([-+＋×*÷/−－])\s?", lambda s: _SUM[s[1]], m[0])),
    # dates and times
    (re.compile(r"(?<![\d./-])(?P<y>[12]\d{3})([-/.])(?P<m>1[0-2]|0?[1-9])\2(?P<d>3[01]|[12]\d|0?[1-9])(?![\d./-])日?"), _date),
    (re.compile(r"(?<![\d/])(1[0-2]|0?[1-9])/(3[01]|[12]\d|0?[1-9])(?=\s?[(（][月火水木金土日])"),
     lambda m: f"{cardinal(m[1])}月{cardinal(m[2])}日"),
    (re.compile(r"(?<=日)\s?[(（]([月火水木金土日])[)）]"), lambda m: f"{m[1]}曜日"),
    (re.compile(r"(?<=[比スコア率])(\s?[はがで]?\s?)(\d{1,3})[:：](\d{1,3})(?![\d:：])"),
     lambda m: f"{m[1]}{cardinal(m[2])}タイ{cardinal(m[3])}"),
    (re.compile(rf"(?<![\d:.]){_CLOCK}{_TO}(?=(?:2[0-4]|[01]?\d):[0-5]\d)"), lambda m: _clock(m) + "から"),
    (re.compile(rf"(?<![\d:.]){_CLOCK}(?![\d:])"), _clock),
    (re.compile(r"(?<![\d:.])(\d+(?:\.\d+)?)\s?[:：]\s?(\d+(?:\.\d+)?)(?:[:：](\d+))?(?![\d:：])"),
     lambda m: "タイ".join(decimal(part) for part in m.groups() if part)),
    # numbers that name something
    (re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"),
     lambda m: "ドット".join(digit_names(part) for part in m[0].split("."))),
    (re.compile(r"(?<![\d.])\d+(?:\.\d+){2,}(?!\d)"), _points),
    (re.compile(r"〒\s?(\d{3})-?(\d{4})"), lambda m: f"郵便番号,{digit_names(m[1])},{digit_names(m[2])},"),
    (re.compile(r"(?<![\d-])\+81[- ]?\d{1,4}[- ]\d{1,4}[- ]\d{4}(?![\d-])"), lambda m: "プラス" + _names(m)),
    (re.compile(r"(?<![\d-])[(（]?0\d{1,4}[)）-]\s?\d{1,4}-\d{3,4}(?![\d-])"), _names),
    (re.compile(r"(?<!\d)0[5789]0\d{8}(?!\d)"), lambda m: ",".join((digit_names(m[0][:3]), digit_names(m[0][3:7]), digit_names(m[0][7:])))),
    (re.compile(r"(?<!\d)110番"), "ヒャクトオバン"),
    (re.compile(r"((?:番号|暗証|コード|パスワード|口座|会員|ＩＤ|電話|内線|郵便)[^\d。！？]{0,5})(\d{3,}(?:-\d+)*)(?![\d.]|[年月日円人個件回])"),
     lambda m: m[1] + ",".join(digit_names(group) for group in m[2].split("-"))),
    (re.compile(r"(?<![\d.,])0\d+(?![\d.年月日時分秒:])"), _names),
    (re.compile(r"(?<![\d-])\d{3,4}(?:-\d{3,7}){2,}(?![\d-])"), _names),
    (re.compile(r"(?<=\d)-(\d+)(?=号室|番地|号)"), lambda m: f"の{cardinal(m[1])}"),
    # quantities
    (re.compile(rf"({_MONEY})\s?({_N})\s?({_SCALE})?"), _money),
    (re.compile("[" + "".join(_VULGAR) + "]"), lambda m: _VULGAR[m[0]]),
    (re.compile(rf"({_N})(?:[%％]|‰)?{_TO}({_N})\s?[%％]"), lambda m: f"{decimal(m[1])}から{decimal(m[2])}パーセント"),
    (re.compile(rf"({_N}){_TO}({_N})\s?({_COMPOUND})"), _measure_range),
    (re.compile(rf"({_MINUS})?({_N})\s?({_COMPOUND})"), _measure),
    (re.compile(r"(?<![\d/])(\d{1,4})/(\d{1,4})(?![\d/])"), _fraction),
    (re.compile(rf"(?<![\d.])(\d+){_TO}(?=\d+日(?!間))"), lambda m: f"{cardinal(m[1])}日から"),
    (re.compile(rf"({_N}){_TO}(?=\d+(?:\.\d+)?\s?(?:{_SCALE})?(?:{_COUNTERS}))"), lambda m: f"{decimal(m[1])}から"),
    (re.compile(rf"({_N})((?:{_COUNTERS}))[〜～~](?=\d)"), lambda m: f"{decimal(m[1])}{m[2]}から"),
    (re.compile(r"(?<=[\dA-Za-z)）²³])\s?([+＋×÷])\s?(?=[-−]?[\dA-Za-z(（])"), lambda m: _SUM[m[1]]),
    (re.compile(r"\s?([=＝≠≒≈>＞<＜≧≥≦≤])\s?(?=[-−]?[\dA-Za-z])"), lambda m: _RELATION[m[1]]),
    (re.compile(r"±\s?(?=\d)"), "プラスマイナス"),
    (re.compile(r"(?<![\w])[+＋](?=\d)"), "プラス"),
    (re.compile(r"(?<=[\dA-Za-z])([⁰¹²³⁴⁵⁶⁷⁸⁹]+)"), lambda m: f"の{cardinal(m[1].translate(_POWERS))}乗"),
    (re.compile(r"(?<=\d)[〜～~](?=\d)"), "から"),
    (re.compile(rf"(?<![\d.])({_N})-({_N})(?=で(?:勝|負|敗|終|引)|の(?:勝|負|敗|引))"), lambda m: f"{decimal(m[1])}タイ{decimal(m[2])}"),
    (re.compile(rf"((?:試合|スコア|結果)[^\d]{{0,3}})({_N})-({_N})(?![\d-])"), lambda m: f"{m[1]}{decimal(m[2])}タイ{decimal(m[3])}"),
    (re.compile(r"(?<=\d)-(?=\d)"), "の"),
    (re.compile(rf"{_MINUS}(?=\d)"), "マイナス"),
    (re.compile(rf"({_N})"), lambda m: decimal(m[1])),
    (re.compile(r"\.(?=\d)"), "点"),
)  # fmt: skip

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_KANA = "\u3041-\u3096\u309d\u309e\u30a1-\u30fe"
_HALF_KANA = re.compile("[\uff66-\uff9f]+")
_FULL = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]+|(?<=[0-9０-９])[．，：／％－](?=[0-9０-９])|％")
_LONG = re.compile(f"(?<=[{_KANA}])[〜～~]+(?![{_HAN}{_KANA}])")
_TRAILING = re.compile(f"(?<=[{_HAN}])[〜～~]+(?=[。！？!?、,…\\s]|$)")
_FROM_TO = re.compile(f"(?<=[{_HAN}{_KANA}])[〜～~](?=[{_HAN}{_KANA}])")
_SIGN = re.compile("[" + re.escape("".join(SIGNS)) + "]")
_MARK = re.compile("[" + re.escape("".join(MARKS)) + "]")
_DOTS = re.compile(r"\.{2,}|…+|‥+|・{2,}|。{2,}")
_NOT_READ = re.compile(f"[^{_HAN}{_KANA}!?…,.]+")
_MARK_RUN = re.compile("[!?…,.]{2,}")
_NOTHING_TO_HOLD = re.compile(r"(?:\A|(?<=[!?…,.]))ー+")
_AT_START = re.compile(f"\\A[,.]+(?=[{_HAN}{_KANA}])")
_STRONGEST = "?!….,"


def normalise(source: TracedText) -> TracedText:
    """Japanese characters and ``!?…,.`` only; what cannot be said is left out."""
    said = source.sub(_HALF_KANA, lambda m: unicodedata.normalize("NFKC", m[0]))
    said = said.sub(_FULL, lambda m: unicodedata.normalize("NFKC", m[0]))
    for pattern, words in _RULES:
        said = said.sub(pattern, words)
    said = said.sub(_LONG, "ー").sub(_TRAILING, "").sub(_FROM_TO, "から")
    said = said.sub(_SIGN, lambda m: SIGNS[m[0]]).sub(_DOTS, "…").sub(_MARK, lambda m: MARKS[m[0]])
    said = said.sub(_NOT_READ, "")
    said = said.sub(_MARK_RUN, lambda m: min(m[0], key=_STRONGEST.index))
    return said.sub(_NOTHING_TO_HOLD, "").sub(_AT_START, "")
