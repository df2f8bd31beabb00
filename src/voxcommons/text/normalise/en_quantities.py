"""English rules for everything with figures but the clock: money, telephone numbers, units, fractions, years, numbers.

Each rule is an expression and what to say for it; QUANTITY_RULES holds them in the order in which they must run.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from voxcommons.text.normalise import en_tables as tables
from voxcommons.text.normalise.en_clock import DATE_RULES, TIME_RULES
from voxcommons.text.normalise.en_numbers import cardinal, decimal, digits, number, ordinal, roman, year

Match = re.Match[str]
Rule = tuple[re.Pattern[str], str | Callable[[Match], str]]

_NUM = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"


def _alternatives(words: object) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))  # type: ignore[call-overload]


# --- money ---------------------------------------------------------------------------------------------------------------

_MAGNITUDE = _alternatives(tables.MAGNITUDES)


def _money(m: Match) -> str:
    one, many, part, parts = tables.CURRENCIES[m["sign"]]
    amount = m["amount"].replace(",", "")
    lead = tables.CURRENCY_PREFIXES.get(m["prefix"] or "", "")
    lead = f"{lead} " if lead else ""
    minus = "minus " if m["minus"] else ""
    whole, _, cents = amount.partition(".")
    if m["until"]:
        amount_words = f"{decimal(amount)} to {decimal(m['until'].replace(',', ''))}"
        scale = f" {tables.MAGNITUDES[m['scale']]}" if m["scale"] else ""
        return f"{minus}{amount_words}{scale} {lead}{many}"
    if m["scale"]:
        return f"{minus}{decimal(amount)} {tables.MAGNITUDES[m['scale']]} {lead}{many}"
    if len(cents) == 2 and part:
        said = [] if not int(whole or 0) and int(cents) else [f"{cardinal(int(whole or 0))} {lead}{one if whole == '1' else many}"]
        if int(cents):
            said.append(f"{cardinal(int(cents))} {part if int(cents) == 1 else parts}")
        return minus + " and ".join(said)
    return f"{minus}{decimal(amount)} {lead}{one if amount == '1' else many}"


def _money_after(m: Match) -> str:
    one, many = tables.CURRENCIES[m["sign"]][:2] if m["sign"] else tables.CURRENCY_CODES[m["code"]]
    scale = f" {tables.MAGNITUDES[m['scale']]}" if m["scale"] else ""
    return f"{decimal(m['amount'])}{scale} {one if m['amount'] == '1' and not scale else many}"


_SIGNS = "".join(tables.CURRENCIES)
_MONEY: list[Rule] = [
    (
        re.compile(
            rf"(?P<minus>(?<![\w-])[-−])?(?P<prefix>(?<![A-Za-z])(?:{_alternatives(tables.CURRENCY_PREFIXES)}))?(?<!\d)"
            rf"(?P<sign>[{_SIGNS}])\s?"
            rf"(?P<amount>{_NUM})(?:\s?[-–]\s?[{_SIGNS}]?(?P<until>{_NUM}))?(?:\s?(?P<scale>{_MAGNITUDE})(?![A-Za-z]))?(?!\.?\d)"
        ),
        _money,
    ),
    (
        re.compile(
            rf"(?<![\w.])(?P<amount>{_NUM})(?:\s?(?P<scale>{_MAGNITUDE}))?\s?"
            rf"(?:(?P<sign>[{_SIGNS}])|(?P<code>{_alternatives(tables.CURRENCY_CODES)})\b)(?!\d)"
        ),
        _money_after,
    ),
    (re.compile(r"(?<![\w.])(\d+)\s?¢"), lambda m: f"{cardinal(int(m[1]))} cent{'' if m[1] == '1' else 's'}"),
]

# --- telephone numbers, versions, addresses ------------------------------------------------------------------------------


def _telephone(m: Match) -> str:
    groups = re.findall(r"\d+", m.group())
    plus = "plus " if m.group().startswith("+") else ""
    if len(groups) >= 2 and len(groups[0]) == 1 and groups[1] in ("800", "888", "900"):
        return f"one, {cardinal(int(groups[1][0]))} hundred, " + ", ".join(digits(g) for g in groups[2:])
    return plus + ", ".join(digits(group) for group in groups)


def _oh_digits(m: Match) -> str:
    return m.group()[: m.start("run") - m.start()] + digits(m["run"], zero="oh")


def _isbn(m: Match) -> str:
    groups = re.findall(r"\d+|X", m["run"])
    return "I-S-B-N " + ", ".join("X" if group == "X" else digits(group) for group in groups)


def _version(m: Match) -> str:
    parts = m["parts"].split(".")
    dotted = len(parts) == 4 and all(len(p) <= 3 and int(p) <= 255 for p in parts)
    said = (" dot " if dotted else " point ").join(number(p) for p in parts)
    return ("version " if m["v"] else "") + said


_CODES: list[Rule] = [
    (re.compile(r"(?<![\w.])\+\d[\d ().-]{5,18}\d(?!\w)"), _telephone),
    (re.compile(r"(?<![\w.$-])(?:1[-. ])?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}(?![\w-])"), _telephone),
    (re.compile(r"(?<![\w.$-])0\d{2,4}[ -]\d{3,4}[ -]?\d{3,4}(?![\w-])"), _telephone),
    (re.compile(r"(?<![\w.$-])\d{3}-(?:\d{4}|\d{2}-\d{4})(?![\w-])"), _telephone),
    (re.compile(r"\b(?i:(?:call|dial|text|phone|extension|code|pin|room|flight) (?:number )?)(?P<run>\d{3,6})(?!\d|[.,]\d)"), _oh_digits),
    (
        re.compile(r"\b(?i:(?:account|order|ticket|tracking|zip|id|serial|number)(?: number| code)? )(?P<run>\d{5,})(?!\d|[.,]\d)"),
        _oh_digits,
    ),
    (re.compile(r"\bISBN[-: ]*(?P<run>\d[\d -]{8,16}[\dX])\b"), _isbn),
    (re.compile(r"(?<!\w)1-8(?:00|88)-(?=[A-Z]{2})"), "one, eight hundred, "),
    (re.compile(r"(?<![\w.])(?P<v>[vV](?:er)?\.?\s?)?(?P<parts>\d+(?:\.\d+){2,})(?!\w)"), _version),
    (re.compile(r"(?<![\w.])(?P<v>[vV])(?P<parts>\d+(?:\.\d+)?)(?!\w|\.\d)"), _version),
]

# --- measures ------------------------------------------------------------------------------------------------------------


def _unit_words(unit: str, power: str | None, *, one: bool) -> str:
    names = tables.UNITS[unit]
    scale = {"²": "square ", "2": "square ", "³": "cubic ", "3": "cubic "}[power] if power else ""
    return scale + names[0 if one else 1]


def _measure(m: Match) -> str:
    unit, amount = m["unit"], m["amount"]
    if m["gap"] and unit in tables.GLUED_ONLY and not m.group().endswith("."):
        return m.group()
    minus = "minus " if m["minus"] else ""
    if m["until"]:
        amount_words, one = f"{decimal(amount)} to {decimal(m['until'])}", False
    else:
        amount_words, one = decimal(amount), amount == "1" or m["gap"] == "-"
    said = f"{minus}{amount_words} {_unit_words(unit, m['power'], one=one)}"
    return said + (f" per {tables.PER[m['per']]}" if m["per"] else "")


def _degrees(m: Match) -> str:
    scale = {"C": " Celsius", "F": " Fahrenheit", "K": " Kelvin", None: ""}[m["scale"]]
    minus = "minus " if m["minus"] else ""
    until = f" to {decimal(m['until'])}" if m["until"] else ""
    one = m["amount"] == "1" and not until
    return f"{minus}{decimal(m['amount'])}{until} degree{'' if one else 's'}{scale}"


_RANGE = rf"(?:\s?[-–~]\s?(?P<until>{_NUM}))?"
_MINUS = r"(?P<minus>(?<![\w)])[-−])?"
_MEASURES: list[Rule] = [
    (re.compile(rf"{_MINUS}(?<![\w.])(?P<amount>{_NUM}){_RANGE}\s?°\s?(?P<scale>[CFK]\b)?"), _degrees),
    (
        re.compile(rf"{_MINUS}(?<![\w.])(?P<amount>{_NUM})\s?[-–]\s?(?P<until>{_NUM})\s?%"),
        lambda m: f"{decimal(m['amount'])} to {decimal(m['until'])} percent",
    ),  # fmt: skip
    (re.compile(rf"{_MINUS}(?<![\w.])(?P<amount>{_NUM})\s?%"), lambda m: f"{'minus ' if m['minus'] else ''}{decimal(m['amount'])} percent"),
    (
        re.compile(
            rf"{_MINUS}(?<![\w./])(?P<amount>{_NUM}){_RANGE}(?P<gap>\s|-)?(?P<unit>{_alternatives(tables.UNITS)})(?P<power>[²³23])?"
            rf"(?:\s?/\s?(?P<per>{_alternatives(tables.PER)}))?(?:(?![A-Za-z0-9/'&-])(?!\.\s?[a-z])|\.(?=\s?[a-z]))"
        ),
        _measure,
    ),
    (
        re.compile(r"(?<![\w/])(?P<unit>km|m|mi|ft)/(?P<per>h|s)(?![\w/])"),
        lambda m: f"{tables.UNITS[m['unit']][1]} per {tables.PER[m['per']]}",
    ),
    (
        re.compile(r"(?<=[A-Za-z])\s?/\s?(?P<per>hour|minute|second|day|week|month|year|night|person|unit|piece|hr|yr|mo)\b"),
        lambda m: f" per {tables.PER[m['per']]}",
    ),  # fmt: skip
]

# --- fractions, ordinals, roman numerals ---------------------------------------------------------------------------------


def _share(top: int, bottom: int) -> str:
    if bottom == 2:
        name = "half" if top == 1 else "halves"
    elif bottom == 4:
        name = "quarter" if top == 1 else "quarters"
    else:
        name = ordinal(bottom) + ("" if top == 1 else "s")
    return f"{cardinal(top)} {name}"


def _mixed(m: Match) -> str:
    top, bottom = int(m["top"]), int(m["bottom"])
    if bottom < 2:
        return m.group()
    share = _share(top, bottom)
    if top == 1:
        share = share.replace("one ", "an " if bottom in (8, 11, 18) else "a ", 1)
    return f"{cardinal(int(m['whole']))} and {share}" + (f" {tables.UNITS[m['unit']][1]}" if m["unit"] else "")


def _fraction(m: Match) -> str:
    top, bottom = int(m["top"]), int(m["bottom"])
    if not m["unit"] and (top, bottom) in ((24, 7), (9, 11), (50, 50), (7, 11)):
        return f"{cardinal(top)} {cardinal(bottom)}"
    small = 0 < top < 100 and 2 <= bottom <= 100 and (top < bottom or bottom <= 10)
    if small and (bottom <= 20 or bottom % 10 == 0 or bottom in (24, 25, 32, 64)):
        return _share(top, bottom) + (f" {tables.UNITS[m['unit']][0]}" if m["unit"] else "")
    return f"{number(m['top'])} over {number(m['bottom'])}"


_ROMAN = r"(?=[IVXLC])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_REIGNS = (
    "Louis|Henry|Charles|George|Edward|James|William|Richard|Elizabeth|Philip|Pius|Paul|Benedict|Napoleon|Francis|Frederick|Alexander"
    "|Nicholas|Ivan|Peter|Catherine|Leo|Innocent|Gregory|Clement|Urban|Otto|Ptolemy|Ramses|Mary|John|Constantine|Friedrich|Wilhelm"
    "|Ferdinand|Gustav|Christian|Harald|Carlos|Felipe|Sixtus|Julius|Boniface|Thutmose|Robert|David|Malcolm|Albert|Victor|Rama"
)
_NUMBERED = (
    "Chapter|Part|Book|Volume|Vol\\.|Act|Scene|Section|Phase|Type|Stage|Level|Article|Appendix|Figure|Table|War|Bowl|Fantasy|Mark|Title"
    "|Class|Grade|Round|Season|Episode|Rocky|Apollo|Symphony|Sonata|Division|Schedule|Exhibit|Case|Option|Lesson|Unit|Canto|Psalm|Tier"
)


def _reign(m: Match) -> str:
    return f"{m['name']} the {ordinal(roman(m['numeral']))}"


def _numbered(m: Match) -> str:
    return f"{m['name']} {cardinal(roman(m['numeral']))}"


_SHARED = r"(?:\s?(?P<unit>tsp|tbsp|mi|in|oz|fl oz|lbs?|km|ft|yds?|hrs?|kg|gal|L)(?![A-Za-z])(?:\.(?=\s?[a-z]))?)?"
_PARTS: list[Rule] = [
    (re.compile(rf"(?<![\w./])(\d+\.\d+)\s?/\s?({_NUM})(?![\w/])"), lambda m: f"{decimal(m[1])} out of {decimal(m[2])}"),
    (re.compile(rf"(?<![\w./])(?P<whole>\d+)[ -](?P<top>\d{{1,2}})/(?P<bottom>\d{{1,2}}){_SHARED}(?![\w/]|\.\d)"), _mixed),
    (re.compile(rf"(?<![\w./])(?P<top>\d+)\s?/\s?(?P<bottom>\d+)(?:ths?|rds?|nds?)?{_SHARED}(?![\w/]|\.\d)"), _fraction),
    (re.compile(r"(?<![\w.])(?P<run>\d[\d,]*)(?:st|nd|rd|th)\b"), lambda m: ordinal(int(m["run"].replace(",", "")))),
    (re.compile(rf"\b(?P<name>{_REIGNS}) (?P<numeral>(?=[IVX]{{2}}|V\b|X\b|I(?:[.,;:!?)]|$| of | was | and the )){_ROMAN})\b"), _reign),
    (re.compile(rf"\b(?P<name>{_NUMBERED}) (?P<numeral>{_ROMAN})\b(?!')"), _numbered),
    (
        re.compile(rf"\b(?P<numeral>(?=[IVX]{{2}}){_ROMAN})(?:th|st|nd|rd)? (?=century|centuries|Century|dynasty|Dynasty|Olympi)"),
        lambda m: f"{ordinal(roman(m['numeral']))} ",
    ),  # fmt: skip
]

# --- arithmetic and plain numbers ----------------------------------------------------------------------------------------

_BEFORE_YEAR = (
    "in|In|since|Since|until|till|from|From|by|By|before|Before|after|After|during|circa|around|early|late|mid|year|Year|spring|summer"
    "|autumn|fall|winter|Spring|Summer|Autumn|Fall|Winter|of|class|copyright|born|died|to|and|the|for|Olympics|Cup"
)
_COUNTED = (
    "people|dollars|pounds|euros|yuan|men|women|years|days|hours|minutes|seconds|miles|meters|metres|feet|kilometers|times|words|pages|tons"
    "|students|users|votes|points|soldiers|copies|items|units|calories|acres|percent|degrees|watts|cars|houses|books|of|or|more|different"
    "|other"
)


def _year(m: Match) -> str:
    return year(int(m["year"]))


def _plain(m: Match) -> str:
    sign = "minus " if m["minus"] else ""
    said = decimal(m["run"])
    return sign + said


def _scaled(m: Match) -> str:
    """Say "10K" as ten thousand, "4K" a kind of screen."""
    if m["scale"] == "K" and not 1 < len(m["run"]) < 4:
        return f"{number(m['run'])}-K"
    return f"{decimal(m['run'])} {tables.MAGNITUDES[m['scale']]}"


def _pairs(run: str) -> str:
    """Sizes in pixels: "1080" -> "ten eighty", "640" -> "six forty"."""
    high, low = divmod(int(run), 100)
    if not high or not low:
        return cardinal(int(run))
    return f"{cardinal(high)} {'oh ' if low < 10 else ''}{cardinal(low)}"


def _power(m: Match) -> str:
    exponent = {"2": "squared", "3": "cubed", "²": "squared", "³": "cubed"}.get(m["power"])
    return f" {exponent}" if exponent else f" to the power of {number(m['power'])}"


def _science(m: Match) -> str:
    sign = "minus " if m["sign"] == "-" else ""
    return f"{decimal(m['run'])} times ten to the power of {sign}{cardinal(int(m['power']))}"


def _code(m: Match) -> str:
    """Figures behind letters: "BA2490" -> "twenty-four ninety", longer ones digit by digit."""
    run = m["run"]
    if len(run) == 4 and not run.endswith("00") and run[0] != "0":
        return f"-{_pairs(run)}"
    return f"-{digits(run)}" if len(run) > 4 else f"-{number(run)}"


_FIGURES: list[Rule] = [
    (re.compile(r"(?<![\w.])(?P<run>\d+(?:\.\d+)?)[eE](?P<sign>[+-]?)(?P<power>\d{1,4})(?!\w)"), _science),
    (re.compile(r"(?<=[A-Za-z])(?P<run>\d+\.\d+)(?![\w]|\.\d)"), lambda m: f" {decimal(m['run'])}"),
    (re.compile(r"\b(?P<head>[A-Za-z]+-?\d+(?:\.\d+)?)-(?=\d)"), lambda m: m["head"] + " "),
    (re.compile(r"(?<=[\w)])\s?\^\s?\{?(?P<power>\d+)\}?"), _power),
    (re.compile(r"(?<=[\dA-Za-z)])(?P<power>[²³])"), _power),
    (re.compile(r"(?<=\d)\s?[x×]\s?(?=\d+(?:px)?\b.{0,3}(?:px|pixel|resolution|screen|display|cm|mm|inch|feet|ft|m\b))"), " by "),
    (re.compile(r"(?<!\w)(\d{3,4})\s?[x×]\s?(\d{3,4})(?!\d)"), lambda m: f"{_pairs(m[1])} by {_pairs(m[2])}"),
    (re.compile(r"(?<!\w)(360|480|720|1080|1440|2160)([pi])\b"), lambda m: f"{_pairs(m[1])} {m[2].upper()}"),
    (re.compile(r"(?<=\d)\s?[x×*]\s?(?=\d)"), " times "),
    (re.compile(r"(?<=\d)\s?[xX×](?![\w])"), " times "),
    (re.compile(r"(?<=\d)\s?÷\s?(?=\d)"), " divided by "),
    (re.compile(r"(?<=\d) [-−–] (?=\d+(?:\.\d+)? ?=)|(?<=\d)[-−](?=\d+ ?=)|(?<=\d) − ?(?=\d)|(?<=\d) - (?=\d)"), " minus "),
    (re.compile(r"(?<=\d)\s?[–-]\s?(?=\d)"), " to "),
    (re.compile(r"#\s?(?=\d)"), "number "),
    (re.compile(r"~\s?(?=\d)"), "about "),
    (re.compile(r"<\s?(?=\d)"), " less than "),
    (re.compile(r">\s?(?=\d)"), " greater than "),
    (
        re.compile(rf"\b(?:{_BEFORE_YEAR}) (?P<year>1[1-9]\d\d|20\d\d)(?![\w%]|[.,:]\d| (?:{_COUNTED})\b)"),
        lambda m: m.group()[:-4] + year(int(m["year"])),
    ),  # fmt: skip
    (re.compile(rf"(?<![\w.,$-])(?P<year>1[5-9]\d\d|20\d\d)(?![\w%]|[.,:]\d|,?\d| (?:{_COUNTED})\b)"), _year),
    (re.compile(r"(?<![\w.])(401|403)\(?([kb])\)?(?!\w)"), lambda m: f"four oh {m[1][2] == '1' and 'one' or 'three'} {m[2].upper()}"),
    (re.compile(r"(?<![\w.])(?P<run>\d+(?:\.\d+)?)(?P<scale>k|K|M|mn|bn|tn)\b(?!-)"), _scaled),
    (re.compile(r"(?<=[A-Za-z])-(?=\d)"), " "),
    (re.compile(rf"(?:(?<=[^\w)\s])|(?<=\s)|^)(?P<minus>[-−])?(?<![\w.])(?P<run>{_NUM})(?![\w]|\.\d)"), _plain),
    (re.compile(r"(?<=[A-Za-z])(?P<run>\d+)(?=[A-Za-z])"), lambda m: f"-{number(m['run'])}-"),
    (re.compile(r"(?<=[A-Za-z])(?P<run>\d+)"), _code),
    (re.compile(r"(?P<run>\d+)(?=[A-Za-z])"), lambda m: f"{number(m['run'])}-"),
    (re.compile(r"(?P<run>\d+)"), lambda m: f" {number(m['run'])} "),
]

QUANTITY_RULES: list[Rule] = [*DATE_RULES, *TIME_RULES, *_MONEY, *_CODES, *_MEASURES, *_PARTS, *_FIGURES]
