"""Katakana -> the phones OpenJTalk has for them: for readings that a user writes by hand."""

from __future__ import annotations

import re
from functools import cache

_VOWELS = "aiueo"
_ROWS = {
    "": "アイウエオ", "k": "カキクケコ", "s": "サ_スセソ", "t": "タ__テト", "n": "ナニヌネノ", "h": "ハヒ_ヘホ", "m": "マミムメモ",
    "r": "ラリルレロ",
    "g": "ガギグゲゴ", "z": "ザ_ズゼゾ", "d": "ダ__デド", "b": "バビブベボ", "p": "パピプペポ", "y": "ヤ_ユ_ヨ", "w": "ワ____",
}  # fmt: skip
_SINGLE = {
    "シ": "sh i", "チ": "ch i", "ツ": "ts u", "フ": "f u", "ジ": "j i", "ヂ": "j i", "ヅ": "z u", "ヲ": "o", "ヰ": "i", "ヱ": "e",
    "ヴ": "v u",
    "ン": "N", "ッ": "cl", "シェ": "sh e", "チェ": "ch e", "ジェ": "j e", "ティ": "t i", "ディ": "d i", "トゥ": "t u", "ドゥ": "d u",
    "テュ": "ty u",
    "デュ": "dy u", "ウィ": "w i", "ウェ": "w e", "ウォ": "w o", "イェ": "y e", "ズィ": "z i", "スィ": "s i", "ツァ": "ts a",
    "ツィ": "ts i",
    "ツェ": "ts e", "ツォ": "ts o", "ヴァ": "v a", "ヴィ": "v i", "ヴェ": "v e", "ヴォ": "v o", "クァ": "k w a", "クォ": "k w o",
    "グァ": "g w a",
    "ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o", "ャ": "y a", "ュ": "y u", "ョ": "y o", "ヮ": "w a", "ヵ": "k a", "ヶ": "k e",
}  # fmt: skip
_GLIDES = {"キ": "ky", "ギ": "gy", "シ": "sh", "ジ": "j", "チ": "ch", "ニ": "ny", "ヒ": "hy", "ビ": "by", "ピ": "py"}
_GLIDES |= {"ミ": "my", "リ": "ry"}
_MORA = re.compile(r"[ァ-ヺ][ァィゥェォャュョヮ]|[ァ-ヺー]")
_VOWEL_PHONES = frozenset("aiueo")


@cache
def _table() -> dict[str, tuple[str, ...]]:
    table = {kana: tuple(phones.split()) for kana, phones in _SINGLE.items()}
    for onset, row in _ROWS.items():
        for kana, vowel in zip(row, _VOWELS, strict=True):
            if kana != "_":
                table[kana] = (onset, vowel) if onset else (vowel,)
    for kana, onset in _GLIDES.items():
        for small, vowel in zip("ャュョ", "auo", strict=True):
            table[kana + small] = (onset, vowel)
    for small, vowel in zip("ァィェォ", "aieo", strict=True):
        table["フ" + small] = ("f", vowel)
    return table


def moras(katakana: str) -> list[tuple[str, ...]]:
    """Phones per mora: ``"キョー" -> [("ky", "o"), ("o",)]``; ー repeats the vowel before it."""
    found: list[tuple[str, ...]] = []
    for match in _MORA.finditer(katakana):
        kana = match.group()
        if kana == "ー":
            before = found[-1][-1] if found else ""
            found += [(before,)] if before in _VOWEL_PHONES else []
        elif kana in _table():
            found.append(_table()[kana])
        else:
            found += [_table()[char] for char in kana if char in _table()]
    return found


def as_spoken(hiragana: str) -> str:
    """Hiragana spelled as usual -> katakana spelled as it sounds: とうきょう -> トーキョー, せんせい -> センセー."""
    katakana = "".join(chr(ord(char) + 0x60) if "\u3041" <= char <= "\u3096" else char for char in hiragana)
    katakana = re.sub("(?<=[オコソトノホモヨロゴゾドボポョォ])[ウオ]", "ー", katakana)
    katakana = re.sub("(?<=[ウクスツヌフムユルグズブプュゥ])ウ", "ー", katakana)
    return re.sub("(?<=[エケセテネヘメレゲゼデベペェ])イ", "ー", katakana)
