"""Numbers that name something and are said digit by digit: phones, accounts, rooms, versions, addresses.

一 in such a number is said 幺, because yī and qī are easily confused.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from voxcommons.text.normalise.zh_numbers import cardinal, digits

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

_NAMED_BY = (
    "号码|编号|验证码|密码|账号|帐号|卡号|证号|身份证|邮编|邮政编码|代码|代号|尾号|学号|工号|订单号?|单号|航班|车次|房间|分机"
    "|车牌号?|微信号?|口令|区号|股票|警号|电话|手机|热线|拨打|致电"
)
_GAP = re.compile(r"[\s-]+")
_SERVICE = "110|112|114|119|120|122|12\\d{3}|10[01]\\d{2,3}|9[56]\\d{3,4}"


def code(number: str) -> str:
    """Digits one by one, 一 as 幺; other characters are left out."""
    return digits("".join(c for c in number if c.isascii() and c.isdigit()), one="幺")


def _grouped(match: re.Match[str]) -> str:
    """Digit by digit, with a short pause where the writer left a gap."""
    return ",".join(code(group) for group in _GAP.split(match[0]) if code(group))


def _whole(match: re.Match[str]) -> str:
    return code(match[0])


def _version(match: re.Match[str]) -> str:
    parts = match[0].split(".")
    said = (cardinal(p) if len(p) < 3 and not p.startswith("0") else digits(p) for p in parts)
    return "点".join(said)


def _address(match: re.Match[str]) -> str:
    return "点".join(digits(part, one="幺") for part in match[0].split("."))


CODES: tuple[Rule, ...] = (
    (re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"), _address),
    (re.compile(r"(?<![\d.])\d+(?:\.\d+){2,}(?![\d])"), _version),
    (re.compile(r"(?<=版本)\d+\.\d+|(?<=[vV])\d+\.\d+"), _version),
    (re.compile(
        r"(?<!\d)(?:\+?86[\s-]?)?1[3-9]\d(?:\d{8}|([\s-])\d{4}\1\d{4})(?!\d)"), _grouped),
    (re.compile(r"(?<!\d)[(（]?0(?:10|2\d|[3-9]\d{2})[)）]?[\s-]?[1-9]\d{6,7}(?:-\d{1,5})?(?!\d)"),
     _grouped),
    (re.compile(r"(?<!\d)[48]00[\s-]?\d{3,4}[\s-]?\d{3,4}(?!\d)"), _grouped),
    (re.compile(rf"(?:(?<=[打拨向])|(?<=拨打)|(?<=报警)|(?<=热线)|(?<=电话))(?:{_SERVICE})(?!\d)"), _whole),
    (re.compile(r"(?<![\d.])(?:10000|10010|10086|12306|12315|12345)(?=热线|客服|短信|网站|[，。,.]|$)"),
     _whole),
    (re.compile(rf"((?:{_NAMED_BY})[^\d。！？，,]{{0,4}})(\d{{3,}}(?:[\s-]\d{{2,}})*)(?![\d.]|[个元块万亿次分多余年名人台部款])"),
     lambda m: m[1] + ",".join(code(g) for g in _GAP.split(m[2]))),
    (re.compile(r"(?<!\d)\d(?:\s\d){3,}(?!\d)"), _whole),
    (re.compile(r"(?<![\d.])\d{3,4}(?=房间|房|室|号房|号楼|次列车|路公交)"), _whole),
    (re.compile(r"(?<![\d.])0(?:\d{2,}|\d(?![\d年月日号时分秒:：]))(?![\d.])"), _whole),
    (re.compile(r"(?<![\d.,])\d{9,}(?![\d.]|[多余]?[个元块人年只次名米吨万亿条件股])"), _whole),
)  # fmt: skip
"""Rules for codes, in the order in which they apply."""
