"""Tone changes of spoken Mandarin: neutral tone, 一 and 不, third tones that meet, erhua.

The rules are those of the standard language as grammars describe them, applied to a whole clause:
first syllables that lose their tone, then 一 and 不 by the tone that follows, then third tones from
the inside of words outwards. :mod:`zh_sandhi_public` keeps the public program's different rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from voxcommons.text.g2p.zh_sandhi_public import erhua, with_tone, word_lists
from voxcommons.text.g2p.zh_tables import word_table
from voxcommons.text.g2p.zh_words import Word

_NUMERALS = frozenset("〇零一二三四五六七八九十幺两")
_DIGITS = frozenset("〇零一二三四五六七八九幺")
_BEFORE_GE = frozenset("几有两半多各整每做是这那哪")
_DIRECTIONS = frozenset("上下进出回过起开")
_ORDINAL_BEFORE = frozenset("第初之周期拜")  # 第一, 初一, 之一, 周一, 星期一, 礼拜一
_YI_WORDS = frozenset(
    "一起 一样 一些 一下 一直 一定 一般 一致 一切 一同 一旦 一律 一再 一向 一边 一半 一会 一会儿 一点 一点儿 一共 一来 一刻"
    .split()
)
_DETERMINERS = frozenset("每这那哪某另同任")
_NEVER_BEFORE_NEUTRAL_BU = frozenset("绝并从决毫也就都再永很太")
_THIRD_BEFORE_NEUTRAL = frozenset(("哪里", "小姐", "手里", "嘴里", "水里", "眼里", "老鼠", "打扫", "可以"))
_NO_LOCATIVE = frozenset("以之向往朝")
_LONGEST_JOINT = 5  # syllables: beyond this two groups are said with a break between them


@dataclass
class _Clause:
    """A clause while its tones change: words, and per character the base and the spoken syllable."""

    words: list[Word]
    base: list[str]
    spoken: list[str]

    def __post_init__(self) -> None:
        self.text = "".join(word.text for word in self.words)
        self.starts = [0]
        for word in self.words:
            self.starts.append(self.starts[-1] + len(word.text))

    def base_tone(self, at: int) -> str:
        """Tone a syllable has of itself; empty behind the end and for marks."""
        if at >= len(self.text):
            return ""
        if self.text[at] == "个":
            return "4"
        tone = self.base[at][-1]
        return tone if tone in "12345" else ""

    def neutral(self, at: int) -> None:
        """Take the tone from a syllable."""
        if self.spoken[at][-1] in "12345":
            self.spoken[at] = with_tone(self.spoken[at], "5")


def change_tones(words: Sequence[Word], readings: Sequence[Sequence[str]]) -> list[str]:
    """Spoken syllables of one clause.

    Args:
        words: words of the clause.
        readings: dictionary pinyin per word; marks and unreadable characters stand for themselves.

    Returns:
        One spoken syllable per character.
    """
    joined, base = _join_er(words, [list(reading) for reading in readings])
    for at, char in enumerate("".join(word.text for word in joined)):
        if char == "一" and base[at][:-1] == "yi":
            base[at] = "yi1"  # phrase dictionaries write the changed tone: 一个 yi2 ge4
        elif char == "不" and base[at][:-1] == "bu":
            base[at] = "bu4"
    clause = _Clause(joined, base, list(base))
    for number, word in enumerate(joined):
        _lexical_neutral(clause, clause.starts[number], word)
        _grammatical_neutral(clause, number)
    _yi_and_bu(clause)
    _third_tones(clause)
    for start, word in zip(clause.starts, joined, strict=False):
        end = start + len(word.text)
        clause.spoken[start:end] = erhua(word, clause.spoken[start:end])
    return clause.spoken


def _join_er(
    words: Sequence[Word], readings: Sequence[list[str]]
) -> tuple[list[Word], list[str]]:
    """儿 standing alone belongs to the word before it."""
    joined: list[Word] = []
    for word in words:
        if word.text == "儿" and joined and joined[-1].tag != "x":
            joined[-1] = Word(joined[-1].text + "儿", joined[-1].tag)
        else:
            joined.append(word)
    return joined, [syllable for reading in readings for syllable in reading]


@cache
def _neutral_words() -> frozenset[str]:
    lists = word_lists()
    return (lists.neutral - lists.neutral_only_in_compat) | lists.neutral_added


def _lexical_neutral(clause: _Clause, start: int, word: Word) -> None:
    """Words whose second syllable the dictionary of the standard language gives no tone."""
    text = word.text
    last = start + len(text) - 1
    if len(text) < 2:
        return
    known = _neutral_words()
    lists = word_lists()
    if text in known or (len(text) > 2 and text[-2:] in known and _cuts_at(text, -2)):
        clause.neutral(last)
    elif text[-1] == "们":
        clause.neutral(last)
    if len(text) > 2 and text[:2] in known and text[1:] not in word_table():
        clause.neutral(start + 1)
    if text[-1] == "子" and clause.base[last] == "zi5":
        full = text[-2:] in lists.full_zi or text in lists.full_zi or text in lists.not_neutral
        if full or text[-2:] in lists.not_neutral:
            clause.base[last] = clause.spoken[last] = "zi3"


def _cuts_at(text: str, at: int) -> bool:
    """Whether the end of a word is itself a word there, and no longer word reaches across."""
    return text[at - 1 :] not in word_table() or len(text) == 1 - at


def _grammatical_neutral(clause: _Clause, number: int) -> None:
    """Particles, doubled verbs, directions, classifiers, places."""
    word = clause.words[number]
    text, tag = word
    start = clause.starts[number]
    if len(text) == 1:
        _single_neutral(clause, number)
        return
    doubled = text[0] == text[1] and (len(text) == 2 or text[2] in "看瞧试")
    if doubled and tag in ("v", "vn") and text not in ("数数", "哈哈"):
        clause.neutral(start + 1)
    if text[-1] in "来去" and text[-2] in _DIRECTIONS and tag[0] == "v":
        clause.neutral(start + len(text) - 1)
    ge = text.find("个")
    if ge > 0 and (text[ge - 1].isnumeric() or text[ge - 1] in _BEFORE_GE):
        clause.neutral(start + ge)
    if len(text) == 3 and text[1] == "得" and clause.base[start + 1] == "de2":
        clause.base[start + 1] = clause.spoken[start + 1] = "de5"
    place = tag in ("s", "f") and text[0] not in _NO_LOCATIVE
    if place and len(text) == 2 and text[1] in "上里" and text[0] not in "上下里外":
        clause.neutral(start + 1)


def _single_neutral(clause: _Clause, number: int) -> None:
    text, tag = clause.words[number]
    at = clause.starts[number]
    before = clause.words[number - 1] if number else Word("", "")
    after_verb = text == "过" and tag == "ug"
    place = text in "上里" and tag == "f" and before.tag[:1] in ("n", "s")
    if after_verb or place or text == "个":
        clause.neutral(at)


def _yi_and_bu(clause: _Clause) -> None:
    for at, char in enumerate(clause.text):
        if char not in "一不" or clause.base[at] not in ("yi1", "bu4"):
            continue
        following = clause.base_tone(at + 1)
        between = 0 < at < len(clause.text) - 1
        if between and clause.text[at - 1] == clause.text[at + 1] and _one_verb(clause, at):
            clause.neutral(at)
        elif char == "不" and _in_middle_of_three(clause, at):
            clause.neutral(at)
        elif char == "不":
            clause.spoken[at] = "bu2" if following == "4" else "bu4"
        elif following and not _counts(clause, at):
            clause.spoken[at] = "yi2" if following == "4" else "yi4"


def _one_verb(clause: _Clause, at: int) -> bool:
    """看一看, 是不是: the doubled character stands alone or the three are one word."""
    number, word = _word_at(clause, at)
    if len(word.text) == 3:
        return True
    neighbours = clause.words[max(0, number - 1) : number + 2]
    return all(len(w.text) == 1 and w.tag[0] in "vadzpx" for w in neighbours if w is not word)


def _in_middle_of_three(clause: _Clause, at: int) -> bool:
    number, word = _word_at(clause, at)
    inside = at - clause.starts[number]
    return len(word.text) == 3 and inside == 1 and word.text[0] not in _NEVER_BEFORE_NEUTRAL_BU


def _word_at(clause: _Clause, at: int) -> tuple[int, Word]:
    number = max(i for i, start in enumerate(clause.starts[:-1]) if start <= at)
    return number, clause.words[number]


def _counts(clause: _Clause, at: int) -> bool:
    """Whether 一 keeps its tone because it is a digit or an ordinal."""
    number, word = _word_at(clause, at)
    inside = at - clause.starts[number]
    before = clause.text[at - 1] if at else ""
    after = clause.text[at + 1]
    if (before == "点" and after == "点") or after in "加减乘除比" or clause.text[at + 1 : at + 3] == "等于":
        return True
    if word.text in _YI_WORDS:
        return False
    if after in _DIGITS or after == "十":
        return True
    if before and (before in _ORDINAL_BEFORE or before in _NUMERALS):
        return inside > 0 or word.tag[0] in "mt" or len(word.text) == 1
    if before == "点" and at > 1 and clause.text[at - 2] in _NUMERALS:
        return after not in "刻滴" and (word.tag[0] == "m" or len(word.text) == 1)
    if after == "月" or (after in "号日" and before in ("月", "")) or after == "楼":
        return True
    closes_word = inside > 0 and inside == len(word.text) - 1 and word.text in word_table()
    return closes_word and before not in _DETERMINERS


def _third_tones(clause: _Clause) -> None:
    groups = _feet(clause)
    for start, end in groups:
        _resolve(clause, start, end)
    for (left, middle), (_, right) in reversed(list(zip(groups, groups[1:], strict=False))):
        if right - left <= _LONGEST_JOINT:
            _meet(clause, middle)
    for number, word in enumerate(clause.words):
        second = clause.starts[number] + 1
        doubled_verb = word.tag in ("v", "vn") and len(word.text) > 1 and word.text[0] == word.text[1]
        if word.text in _THIRD_BEFORE_NEUTRAL or doubled_verb:
            lost = clause.base[second][-1] == "3" and clause.spoken[second][-1] == "5"
            if lost and clause.spoken[second - 1][-1] == "3":
                clause.spoken[second - 1] = with_tone(clause.spoken[second - 1], "2")


def _feet(clause: _Clause) -> list[tuple[int, int]]:
    """Short neighbouring words that are said as one group, as character ranges."""
    groups: list[tuple[int, int]] = []
    merged = False
    for number, (text, tag) in enumerate(clause.words):
        start, end = clause.starts[number], clause.starts[number + 1]
        before = clause.words[number - 1] if number else Word("", "x")
        short = bool(groups) and end - groups[-1][0] <= 3
        counted = before.tag == "m" and tag == "q" and len(before.text) == 1
        third = all(s[-1] == "3" for s in clause.spoken[groups[-1][0] : end]) if groups else False
        takes_next = _counts_what_follows(clause, number)
        if short and not merged and (counted or (third and len(text) < 3 and not takes_next)):
            groups[-1] = (groups[-1][0], end)
            merged = True
        else:
            groups.append((start, end))
            merged = False
    return groups


def _counts_what_follows(clause: _Clause, number: int) -> bool:
    """两 in 买两把: a numeral belongs to its classifier, not to the verb before it."""
    following = clause.words[number + 1 : number + 2]
    return clause.words[number].tag == "m" and bool(following) and following[0].tag == "q"


def _resolve(clause: _Clause, start: int, end: int) -> None:
    """Third tones inside a group: its two parts first, then where they meet."""
    if end - start < 2:
        return
    middle = _middle(clause, start, end)
    _resolve(clause, start, middle)
    _resolve(clause, middle, end)
    _meet(clause, middle)


def _middle(clause: _Clause, start: int, end: int) -> int:
    inner = [at for at in clause.starts if start < at < end]
    if inner:
        return inner[-1] if len(inner) == 1 else inner[len(inner) // 2]
    text = clause.text[start:end]
    if len(text) == 3:
        table = word_table()
        left, right = table.words.row(text[:2]), table.words.row(text[1:])
        left_often = table.frequency[left] if left >= 0 else 0
        right_often = table.frequency[right] if right >= 0 else 0
        return start + (1 if right_often > left_often else 2)
    return start + (2 if len(text) > 3 else 1)


def _meet(clause: _Clause, middle: int) -> None:
    if clause.spoken[middle - 1][-1] == "3" and clause.spoken[middle][-1] == "3":
        clause.spoken[middle - 1] = with_tone(clause.spoken[middle - 1], "2")
