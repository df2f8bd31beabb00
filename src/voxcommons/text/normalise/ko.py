"""Spoken Korean text: what a careful reader says for digits, dates, money, units and signs.

The result is Hangul, spaces and ``!?…,.`` only. Whether a number is native (세 개) or Sino-Korean (삼 년) is decided by the counter
behind it; number and counter are written together, because they are said in one breath and change each other's sounds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from voxcommons.text.normalise.ko_numbers import cardinal, decimal, digit_names, native
from voxcommons.text.normalise.ko_signs import CURRENCIES, LETTERS, MARKS, SIGNS, UNITS
from voxcommons.text.traced import TracedText

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

_N = r"\d+(?:\.\d+)?"
_TO = r"\s?[-–—~〜～−]\s?"
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
_COMPOUND = rf"(?:{_UNIT})(?:/(?:{_UNIT}|인|명|일|회|분|초|시간|년|월|개))?(?![A-Za-z])"
_MONEY = "|".join(re.escape(sign) for sign in sorted(CURRENCIES, key=len, reverse=True))
_MINUS = r"(?<![\dA-Za-z)%])[-−－]"
_SCALE = "[천백]?[만억조천백]"
_NATIVE = (
    r"개(?!월|국|년|소|비|정|통|편)|명(?!령)|사람|살|시간|마리|권|병|잔|대(?![0-9대륙])|송이|그루|벌|켤레|채|척|자루|번째"
    r"|번(?!\s?(?:지|길|호|출구|버스|홀|방|국도|가|선수|타자|문제|트랙|채널))|장(?!조|기)|가지|달(?!러)|곳|군데|그릇|배(?!럴)|편|통|팀|쌍|갈래|바퀴|걸음|모금|숟갈|줄|판|끼|곡|봉지|상자|조각|마디|포기|다발|자리(?!수)|차례|방울|군|알"
)
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_VULGAR = {"½": "이분의 일", "⅓": "삼분의 일", "⅔": "삼분의 이", "¼": "사분의 일", "¾": "사분의 삼"}
_SUM = {"+": "더하기", "＋": "더하기", "-": "빼기", "−": "빼기", "－": "빼기", "×": "곱하기", "*": "곱하기", "÷": "나누기", "/": "나누기"}
_RELATION = {"≠": "같지 않다", "≈": "약", "≒": "약", ">": "보다 크다", "＞": "보다 크다", "<": "보다 작다", "＜": "보다 작다"}


def _has_coda(char: str) -> bool:
    return "가" <= char <= "힣" and (ord(char) - 0xAC00) % 28 != 0


def _names(match: re.Match[str]) -> str:
    return " ".join(digit_names(group) for group in re.findall(r"\d+", match[0]))


def _hour(number: str) -> str:
    value = int(number)
    return native(str(value)) if 0 < value < 13 else cardinal(number)


def _clock(match: re.Match[str]) -> str:
    hour, minute, second = match.group(1, 2, 3)
    said = f"{_hour(hour)}시"
    if int(minute):
        said += f" {cardinal(minute)}분"
    return said + (f" {cardinal(second)}초" if second and int(second) else "")


def _month(number: str) -> str:
    return {"6": "유", "10": "시"}.get(number.lstrip("0")) or cardinal(number)


def _date(match: re.Match[str]) -> str:
    return f"{cardinal(match['y'])}년 {_month(match['m'])}월 {cardinal(match['d'])}일"


def _unit(symbol: str) -> str:
    base, _, of = symbol.partition("/")
    return UNITS[base] + (f" 퍼 {UNITS.get(of, of)}" if of else "")


def _measure(match: re.Match[str]) -> str:
    sign, number, symbol = match.group(1, 2, 3)
    if symbol in ("km/h", "m/s"):
        return f"{'시속' if symbol == 'km/h' else '초속'} {decimal(number)}{UNITS[symbol[:-2]]}"
    cold = symbol in ("°C", "℃", "°F")
    return ("영하 " if cold else "마이너스 ") * bool(sign) + decimal(number) + _unit(symbol)


def _money(match: re.Match[str]) -> str:
    sign, amount, scale = match.group(1, 2, 3)
    return decimal(amount) + (scale or "") + CURRENCIES[sign]


def _counted(match: re.Match[str]) -> str:
    number, counter = match.group(1, 2)
    if counter == "번째" and number == "1":
        return "첫번째"
    return (decimal(number) if "." in number else native(number)) + counter


def _few(match: re.Match[str]) -> str:
    """2~3명 is 두세명; wider ranges name both ends."""
    first, last, counter = match.group(1, 2, 3)
    together = {("1", "2"): "한두", ("2", "3"): "두세", ("3", "4"): "서너"}.get((first, last))
    return f"{together}{counter}" if together else f"{native(first)}{counter}에서 {native(last)}{counter}"


def _equals(match: re.Match[str]) -> str:
    """은 behind a consonant, 는 behind a vowel."""
    number = match[1]
    said = decimal(number)
    return said + ("은 " if _has_coda(said[-1]) else "는 ")


_CLOCK = r"(2[0-4]|[01]?\d):([0-5]\d)(?::([0-5]\d))?"
_RULES: tuple[Rule, ...] = (
    (re.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?!\d)"), lambda m: m[0].replace(",", "")),
    (re.compile(rf"(?<![\d.])(?:{_N})(?:\s?[-+＋×*÷/−－]\s?(?:{_N}))+(?=\s?[=＝])"),
     lambda m: re.sub(r"\s?([-+＋×*÷/−－])\s?", lambda s: f" {_SUM[s[1]]} ", m[0])),
    (re.compile(rf"({_N})\s?[=＝]\s?(?=\d)"), _equals),
    # dates and times
    (re.compile(r"(?<![\d./-])(?P<y>[12]\d{3})([-/.])\s?(?P<m>1[0-2]|0?[1-9])\2\s?(?P<d>3[01]|[12]\d|0?[1-9])(?:\.(?:\s(?=까지|부터))?)?(?![\d/-])일?"),
     _date),
    (re.compile(r"(?<![\d.])(\d+)-(\d+)(?=(?:으)?로\s?(?:이|졌|지|끝|승|패|비))"),
     lambda m: f"{cardinal(m[1])} 대 {cardinal(m[2])}"),
    (re.compile(r"(?<![\d])(1[0-2]|0?[1-9])월"), lambda m: f"{_month(m[1])}월"),
    (re.compile(r"(?<=비율[은이]\s)(\d{1,3}):(\d{1,3})(?![\d:])"), lambda m: f"{cardinal(m[1])} 대 {cardinal(m[2])}"),
    (re.compile(r"((?:점수|스코어|비율|비)[^\d]{0,4})(\d{1,3})[:-](\d{1,3})(?![\d:])"),
     lambda m: f"{m[1]}{cardinal(m[2])} 대 {cardinal(m[3])}"),
    (re.compile(rf"(?<![\d:.]){_CLOCK}{_TO}(?=(?:2[0-4]|[01]?\d):[0-5]\d)"), lambda m: _clock(m) + "에서 "),
    (re.compile(rf"(?<![\d:.]){_CLOCK}(?![\d:])"), _clock),
    (re.compile(r"(?<![\d:.])(\d+(?:\.\d+)?)\s?:\s?(\d+(?:\.\d+)?)(?::(\d+))?(?![\d:])"),
     lambda m: " 대 ".join(decimal(part) for part in m.groups() if part)),
    (re.compile(r"(?<![\d.])(1[0-2]|0?[1-9])(?=시(?!간|대|속|즌|리즈))"), lambda m: native(str(int(m[1])))),
    # numbers that name something
    (re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"), lambda m: " 점 ".join(digit_names(part) for part in m[0].split("."))),
    (re.compile(r"(?<![\d.])\d+(?:\.\d+){2,}(?!\d)"), lambda m: "점".join(cardinal(part) for part in m[0].split("."))),
    (re.compile(r"(?<![\d-])\+82[- ]?\d{1,2}[- ]\d{3,4}[- ]\d{4}(?![\d-])"), lambda m: "플러스 " + _names(m)),
    (re.compile(r"(?<![\d-])\(?0\d{1,2}[)-]\s?\d{3,4}-\d{4}(?![\d-])"), _names),
    (re.compile(r"(?<!\d)01[016789]\d{7,8}(?!\d)"),
     lambda m: " ".join((digit_names(m[0][:3]), digit_names(m[0][3:-4]), digit_names(m[0][-4:])))),
    (re.compile(r"(?<![\d-])1[5-8]\d\d-\d{4}(?![\d-])"), _names),
    (re.compile(r"(?<!\d)(?:112|114|119|120)(?=에|로|번|[^\d가-힣]|$)(?=.{0,8}(?:전화|신고|연락|$))"), lambda m: digit_names(m[0])),
    (re.compile(r"((?:번호|암호|코드|계좌|카드|회원|내선|전화|우편)[^\d.!?,]{0,4})(\d{3,}(?:-\d+)*)(?![\d.]|[년월일원명개회])"),
     lambda m: m[1] + " ".join(digit_names(group) for group in m[2].split("-"))),
    (re.compile(r"(?<![\d.,])0\d+(?![\d.년월일시분초:])"), _names),
    (re.compile(r"(?<![\d-])\d{2,6}(?:-\d{2,7}){2,}(?![\d-])"), _names),
    (re.compile(r"(?<=\d)-(\d+)(?=번지|호)"), lambda m: f"다시 {cardinal(m[1])}"),
    # quantities
    (re.compile(rf"({_MONEY})\s?({_N})\s?({_SCALE})?"), _money),
    (re.compile("[" + "".join(_VULGAR) + "]"), lambda m: _VULGAR[m[0]]),
    (re.compile(rf"({_N})%?{_TO}({_N})\s?%"), lambda m: f"{decimal(m[1])}에서 {decimal(m[2])}퍼센트"),
    (re.compile(rf"({_N}){_TO}({_N})\s?({_COMPOUND})"), lambda m: f"{decimal(m[1])}에서 {decimal(m[2])}{_unit(m[3])}"),
    (re.compile(r"시속\s?([\d.]+)\s?km/h"), lambda m: f"시속 {decimal(m[1])}킬로미터"),
    (re.compile(rf"({_MINUS})?({_N})\s?({_COMPOUND})"), _measure),
    (re.compile(r"(?<![\d/])(\d{1,4})/(\d{1,4})(?![\d/])"), lambda m: f"{cardinal(m[2])}분의 {cardinal(m[1])}"),
    (re.compile(rf"(?<![\d.])(\d+){_TO}(\d+)\s?((?:{_NATIVE}))"), _few),
    (re.compile(r"(?<=반\s)(\d+)(?=번)"), lambda m: cardinal(m[1])),
    (re.compile(rf"(?<![\d.])({_N}){_TO}(?={_N}\s?[가-힣])"), lambda m: f"{decimal(m[1])}에서 "),
    (re.compile(rf"(?<![\d.제])({_N})\s?((?:{_NATIVE}))"), _counted),
    (re.compile(r"(?<=[\d])\s?([+＋×÷])\s?(?=\d)"), lambda m: f" {_SUM[m[1]]} "),
    (re.compile(r"\s?([≠≈≒>＞<＜])\s?(?=\d)"), lambda m: f" {_RELATION[m[1]]} "),
    (re.compile(r"±\s?(?=\d)"), "플러스마이너스 "),
    (re.compile(r"(?<=[\dA-Za-z])([²³⁰¹⁴⁵⁶⁷⁸⁹]+)"),
     lambda m: {"²": "의 제곱", "³": "의 세제곱"}.get(m[1]) or f"의 {cardinal(m[1].translate(_POWERS))}제곱"),
    (re.compile(rf"(?<![\d.])({_N})-({_N})(?![\d-])"), lambda m: f"{decimal(m[1])} 대 {decimal(m[2])}"),
    (re.compile(rf"{_MINUS}(?=\d)"), "마이너스 "),
    (re.compile(rf"({_N})\s?(?=(?:{_SCALE})?[원년월일분초도])"), lambda m: decimal(m[1])),
    (re.compile(rf"({_N})"), lambda m: decimal(m[1])),
    (re.compile(r"\.(?=\d)"), "점"),
)  # fmt: skip

_FULL = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]+|(?<=[0-9０-９])[．，：／％－](?=[0-9０-９])|％")
_SINGLE_JAMO = re.compile("[\u1100-\u11ff]+")
_SIGN = re.compile("[" + re.escape("".join(SIGNS)) + "]")
_MARK = re.compile("[" + re.escape("".join(MARKS)) + "]")
_LONG = re.compile("(?<=[가-힣])[~〜～]+(?=[\\s!?.,]|$)")
_FROM_TO = re.compile("(?<=[가-힣])[~〜～](?=[가-힣])")
_DOTS = re.compile(r"\.{2,}|…+|‥+|。{2,}")
_NOT_READ = re.compile("[^가-힣!?…,. ]+")
_SPACES = re.compile(r"\s+")
_MARK_RUN = re.compile(r"[!?…,.](?:\s*[!?…,.])+")
_BEFORE_MARK = re.compile(r" +(?=[!?…,.])")
_AT_START = re.compile(r"\A[,. ]+(?=[가-힣])")
_AT_END = re.compile(r" +\Z")
_STRONGEST = "?!….,"


def normalise(source: TracedText) -> TracedText:
    """Hangul, single spaces and ``!?…,.`` only; what cannot be said is left out."""
    said = source.sub(_SINGLE_JAMO, lambda m: unicodedata.normalize("NFC", m[0]))
    said = said.sub(_FULL, lambda m: unicodedata.normalize("NFKC", m[0]))
    for pattern, words in _RULES:
        said = said.sub(pattern, words)
    said = said.sub(_LONG, "").sub(_FROM_TO, "에서 ")
    said = said.sub(_SIGN, lambda m: SIGNS[m[0]]).sub(_DOTS, "…").sub(_MARK, lambda m: MARKS[m[0]])
    said = said.sub(_NOT_READ, "").sub(_SPACES, " ")
    said = said.sub(_MARK_RUN, lambda m: min((c for c in m[0] if c != " "), key=_STRONGEST.index))
    return said.sub(_BEFORE_MARK, "").sub(_AT_START, "").sub(_AT_END, "")


_LETTER = re.compile("[A-Za-z]")
_COUNTED_PUBLIC = re.compile(rf"(\d+)(?= ?(?:{_NATIVE}|시(?!간)))")
_DIGITS = re.compile(r"\d+")


def normalise_public(text: TracedText) -> TracedText:
    """Letters and digits in words, and nothing else, as the public program does."""
    said = text.sub(_LETTER, lambda m: LETTERS[m[0].upper()])
    return said.sub(_COUNTED_PUBLIC, lambda m: native(m[1])).sub(_DIGITS, lambda m: cardinal(m[0]))
