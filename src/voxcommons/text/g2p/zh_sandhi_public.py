"""Tone changes exactly as the public program makes them, accidents included (``compat=True``).

Published voices were trained on these tones, so they are kept bit for bit: 好好学习 ends up with a
neutral second 好, two 行 that meet count as a doubled noun. :mod:`zh_sandhi` holds the rules that are
right; this file must not be mended.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from voxcommons.text.g2p.zh_words import Word, segmenter

_PARTICLES = frozenset("吧呢哈啊呐噻嘛吖嗨呐哦哒额滴哩哟喽啰耶喔诶")
_AFTER_YI = frozenset("：，；。？！“”‘’':,;.?!")
_BEFORE_GE = frozenset("几有两半多各整每做是")
_BEFORE_LAI_QU = frozenset("上下进出回过起开")

Syllables = list[str]
Readings = Callable[[str], Syllables]


@dataclass(frozen=True)
class WordLists:
    """Words whose last syllable is or is not neutral, words with and without erhua."""

    neutral: frozenset[str]
    neutral_only_in_compat: frozenset[str]
    neutral_added: frozenset[str]
    not_neutral: frozenset[str]
    full_zi: frozenset[str]
    erhua: frozenset[str]
    not_erhua: frozenset[str]


@cache
def word_lists() -> WordLists:
    """The lists of ``mandarin_words.json``."""
    source = resources.files("voxcommons.text") / "data" / "mandarin_words.json"
    lists = json.loads(source.read_text(encoding="utf-8"))
    return WordLists(**{k: frozenset(v.split()) for k, v in lists.items() if k != "about"})


def with_tone(syllable: str, tone: str) -> str:
    """The syllable with another tone: ``("hao3", "2") -> "hao2"``."""
    return syllable[:-1] + tone


def all_third(syllables: Sequence[str]) -> bool:
    """Whether every syllable has the third tone."""
    return all(syllable[-1] == "3" for syllable in syllables)


def merge(words: Sequence[Word], read: Readings) -> list[Word]:
    """Join words that tone changes reach across, before they are read.

    Args:
        words: what the segmenter found.
        read: pinyin of a word.
    """
    joined = _merge_yi(_merge_bu(words))
    joined = _merge_where(joined, lambda before, after: before.text == after.text, chain=True)
    for whole in (True, False):
        joined = _merge_third(joined, read, whole)
    return _merge_where(joined, lambda before, after: after.text == "儿", chain=True)


def _merge_bu(words: Sequence[Word]) -> list[Word]:
    joined: list[Word] = []
    before = ""
    for word in words:
        text = "不" + word.text if before == "不" else word.text
        if text != "不":
            joined.append(Word(text, word.tag))
        before = text
    if before == "不":
        joined.append(Word("不", "d"))
    return joined


def _merge_yi(words: Sequence[Word]) -> list[Word]:
    doubled = _merge_verb_yi_verb(words)
    joined: list[Word] = []
    for word in words if doubled is None else doubled:
        if joined and joined[-1].text == "一":
            joined[-1] = Word("一" + word.text, joined[-1].tag)
        else:
            joined.append(word)
    return joined if doubled is not None else list(words)


def _merge_verb_yi_verb(words: Sequence[Word]) -> list[Word] | None:
    """看 一 看 -> 看一看; ``None`` where the public program stumbles and leaves everything as it was."""
    joined: list[Word] = []
    for i, word in enumerate(words):
        verb_before = 0 < i < len(words) - 1 and words[i - 1].tag == words[i + 1].tag == "v"
        if verb_before and word.text == "一" and words[i - 1].text == words[i + 1].text:
            if i - 1 >= len(joined):
                return None
            again = joined[i - 1].text
            joined[i - 1] = Word(f"{again}一{again}", joined[i - 1].tag)
        elif (
            i >= 2
            and words[i - 1].text == "一"
            and words[i - 2].text == word.text
            and word.tag == words[i - 2].tag == "v"
        ):
            continue
        else:
            joined.append(word)
    return joined


def _merge_where(
    words: Sequence[Word], belongs: Callable[[Word, Word], bool], *, chain: bool
) -> list[Word]:
    """Join a word to the one before it; with ``chain`` the joined word is what the next one meets."""
    joined: list[Word] = []
    for i, word in enumerate(words):
        if joined and belongs(joined[-1] if chain else words[i - 1], word):
            joined[-1] = Word(joined[-1].text + word.text, joined[-1].tag)
        else:
            joined.append(word)
    return joined


def _merge_third(words: Sequence[Word], read: Readings, whole: bool) -> list[Word]:
    """Join short neighbours with third tones: all their syllables (``whole``) or where they meet."""
    readings = [read(word.text) for word in words]
    joined: list[Word] = []
    merged_last = False
    for i, word in enumerate(words):
        meets = False
        if i and not merged_last and readings[i - 1] and readings[i]:
            left, right = readings[i - 1], readings[i]
            meets = all_third(left + right if whole else [left[-1], right[0]])
        before = words[i - 1].text if i else ""
        doubled = len(before) == 2 and before[0] == before[1]
        merged_last = meets and not doubled and len(before) + len(word.text) <= 3
        if merged_last:
            joined[-1] = Word(joined[-1].text + word.text, joined[-1].tag)
        else:
            joined.append(word)
    return joined


def change_tones(word: Word, syllables: Syllables) -> Syllables:
    """The syllables of one merged word as they are spoken; punctuation stands for itself."""
    changed = _bu(word.text, list(syllables))
    changed = _yi(word.text, changed)
    changed = _neutral(word, changed)
    return _third(word.text, changed)


def _bu(word: str, syllables: Syllables) -> Syllables:
    if len(word) == 3 and word[1] == "不":
        syllables[1] = with_tone(syllables[1], "5")
        return syllables
    for i, char in enumerate(word[:-1]):
        if char == "不" and syllables[i + 1][-1] == "4":
            syllables[i] = with_tone(syllables[i], "2")
    return syllables


def _yi(word: str, syllables: Syllables) -> Syllables:
    if "一" not in word or all(char.isnumeric() for char in word):
        return syllables
    if len(word) == 3 and word[1] == "一" and word[0] == word[2]:
        syllables[1] = with_tone(syllables[1], "5")
    elif word.startswith("第一"):
        syllables[1] = with_tone(syllables[1], "1")
    else:
        for i, char in enumerate(word[:-1]):
            if char != "一":
                continue
            if syllables[i + 1][-1] == "4":
                syllables[i] = with_tone(syllables[i], "2")
            elif word[i + 1] not in _AFTER_YI:
                syllables[i] = with_tone(syllables[i], "4")
    return syllables


def _neutral(word: Word, syllables: Syllables) -> Syllables:
    lists = word_lists()
    text = word.text
    for i in range(1, len(text)):
        if text[i] == text[i - 1] and word.tag[0] in "nva" and text not in lists.not_neutral:
            syllables[i] = with_tone(syllables[i], "5")
    at = _neutral_place(word)
    if at is not None:
        syllables[at] = with_tone(syllables[at], "5")
    first, second = split(text)
    for part, end in ((first, len(first)), (second, len(syllables))):
        if part and (part in lists.neutral or part[-2:] in lists.neutral):
            syllables[end - 1] = with_tone(syllables[end - 1], "5")
    return syllables


def _neutral_place(word: Word) -> int | None:
    """Index of the syllable that the public rules make neutral by what the word ends with."""
    lists = word_lists()
    text, tag = word
    last, long = text[-1], len(text) > 1
    ge = text.find("个")
    by_ending = (
        last in _PARTICLES
        or last in "的地得"
        or (text in ("了", "着", "过") and tag in ("ul", "uz", "ug"))
        or (long and last in "们子" and tag in ("r", "n") and text not in lists.not_neutral)
        or (long and last in "上下里" and tag in ("s", "l", "f"))
        or (long and last in "来去" and text[-2] in _BEFORE_LAI_QU)
    )
    if by_ending:
        return len(text) - 1
    if text == "个" or (ge >= 1 and (text[ge - 1].isnumeric() or text[ge - 1] in _BEFORE_GE)):
        return ge
    if text in lists.neutral or text[-2:] in lists.neutral:
        return len(text) - 1
    return None


def split(word: str) -> tuple[str, str]:
    """The two parts the public program sees in a word: its shortest subword and the rest."""
    shortest = min(segmenter().subwords(word), key=len)
    if word.startswith(shortest):
        return shortest, word[len(shortest) :]
    return word[: -len(shortest)], shortest


def _third(word: str, syllables: Syllables) -> Syllables:
    if len(word) == 2 and all_third(syllables):
        syllables[0] = with_tone(syllables[0], "2")
    elif len(word) == 3:
        _third_in_three(word, syllables)
    elif len(word) == 4:
        for start in (0, 2):
            if all_third(syllables[start : start + 2]):
                syllables[start] = with_tone(syllables[start], "2")
    return syllables


def _third_in_three(word: str, syllables: Syllables) -> None:
    cut = len(split(word)[0])
    if all_third(syllables):
        if cut == 2:
            syllables[0] = with_tone(syllables[0], "2")
        if cut in (1, 2):
            syllables[1] = with_tone(syllables[1], "2")
        return
    for start, end in ((0, cut), (cut, len(syllables))):
        part = syllables[start:end]
        if len(part) == 2 and all_third(part):
            syllables[start] = with_tone(syllables[start], "2")
        elif (
            start == cut
            and not all_third(part)
            and all_third([syllables[start - 1], part[0]])
        ):
            syllables[start - 1] = with_tone(syllables[start - 1], "2")


def erhua(word: Word, syllables: Syllables) -> Syllables:
    """儿 at the end of a word takes the tone before it, unless the word means a child."""
    lists = word_lists()
    text, tag = word
    if text[-1] != "儿" or len(syllables) != len(text):
        return syllables
    if syllables[-1] == "er1":
        syllables[-1] = "er2"
    plain = text in lists.not_erhua or tag in ("a", "j", "nr")
    if text not in lists.erhua and plain:
        return syllables
    if syllables[-1] in ("er2", "er5") and text[-2:] not in lists.not_erhua and len(text) > 1:
        syllables[-1] = "er" + syllables[-2][-1]
    return syllables
