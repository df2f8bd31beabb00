"""Which reading a character with several readings has here.

The phrase dictionary decides inside words. What it cannot know is decided by this project's own list of
phrases (``data/mandarin_readings.tsv``) and by rules on the neighbours of a character that stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Protocol

from voxcommons.text.g2p.zh_tables import reading_table
from voxcommons.text.g2p.zh_words import Word


class Polyphones(Protocol):
    """Somebody else who reads characters by their context: a network, say.

    Both functions take a clause of Han characters and marks, and the places in it that matter (by default all), and give a syllable
    per character; an empty one leaves the matter to the dictionaries.
    """

    @property
    def name(self) -> str:
        """What it is called where a user chooses it and where a record names it."""

    def in_context(self, clause: str, places: Collection[int] | None = None) -> Sequence[str]:
        """Its readings, as well as it can."""

    def as_public(self, clause: str, places: Collection[int] | None = None) -> Sequence[str]:
        """Its readings as the public program asks for them."""


_COUNT = "一二两三四五六七八九十百千几每这那哪数半"
_BEHIND_MODAL = "我你他她它们咱家人谁总还就也都可非又须先只后定儿生师妈爸天"

# (the character alone in its word with what stands around it, reading); the first that fits wins.
_CONTEXTS: tuple[tuple[str, str], ...] = (
    ("还(?=[给钱书债款清贷]|[我你他她](?:钱|书|的|$)|了(?:钱|书|债|款))", "huan2"),
    ("得(?=[了奖病第]|冠军|满分)(?!得了[的吗吧])", "de2"),
    ("(?<=[获取])得|(?<![\u4e00-\u9fff])得", "de2"),
    (f"(?<=[{_BEHIND_MODAL}])得(?=[到过](?!处))", "de2"),
    (f"(?<=[{_BEHIND_MODAL}])得(?=[\u4e00-\u9fff])(?!得[很不])", "dei3"),
    ("得", "de5"),
    ("(?<=[使鞭峒组队班排连营团旅师军厅局处科室部省市县镇乡村州院校站段场厂店馆所社])长(?![得短长大高度])", "zhang3"),
    ("长(?=[得大高胖满出着了成在个])(?!长着呢|长得多)", "zhang3"),
    ("(?<=[会能要在快已也就还没])长(?![长短度])", "zhang3"),
    ("长", "chang2"),
    ("(?<=一)行(?=人)", "xing2"),
    (f"(?<=[第各同本{_COUNT}])行(?![动为走人程驶政])", "hang2"),
    ("重(?=[新来返申复写启建组装播拍塑温逢叠做说读看演放])", "chong2"),
    ("着(?=[急火凉迷魔])", "zhao2"),
    ("(?<=[睡找猜够])着(?=了|$)", "zhao2"),
    ("(?<=[\u4e00-\u9fff]不)了(?!解)|(?<=[受吃去来走干到做办管喝用拿]得)了", "liao3"),
    (f"(?<=[{_COUNT}])只(?![有是要能会好怕见不得剩想])", "zhi1"),
    ("为(?=[零一二三四五六七八九十负最主])", "wei2"),
    ("为(?=.{1,8}所)", "wei2"),
    ("(?<=[称视变化译分定评选命改设列换缩升降增减合共约均任转当奉作写名])为", "wei2"),
    ("(?<=以.)为|(?<=以..)为|(?<=以...)为|(?<=以....)为", "wei2"),
    ("为", "wei4"),
    (f"(?<=[{_COUNT}各某多此何])种", "zhong3"),
    ("种(?=[树花草菜地田庄粮瓜豆下上了满着])", "zhong4"),
    ("数(?=[一了到不着数清完钱星羊])", "shu3"),
    ("背(?=[着起上了包孩])(?!背上)", "bei1"),
    ("(?<=[摔跌推打撞滑病晕绊昏放拉压刮吹])倒", "dao3"),
    ("倒(?=了[一两三半几点些杯碗])", "dao4"),
    ("倒(?=[下塌闭霉地了在])", "dao3"),
    ("(?<=[晒晾擦烘吹烤风弄榨喝吸变很太没全])干", "gan1"),
    ("干(?=[的透巴])", "gan1"),
    ("量(?=[一了体身血个])", "liang2"),
    ("调(?=[到至走回入出往动派来去])", "diao4"),
    ("调", "tiao2"),
    ("弹", "tan2"),
    ("(?<=[请放休寒暑度产病婚年])假", "jia4"),
    ("(?<=[第上中下])卷", "juan4"),
    ("空(?=[着出])", "kong4"),
    ("铺", "pu1"),
    ("切", "qie1"),
    ("(?<=[歌乐首支])曲", "qu3"),
    ("扇(?=[风了动着耳])", "shan1"),
    ("似", "si4"),
    ("系(?=[上好着鞋领腰围紧])", "ji4"),
    ("(?<=[打猜射投])中(?=了|$)", "zhong4"),
    ("转(?=[圈悠呀])", "zhuan4"),
    ("炸(?=[鸡鱼薯酱肉虾丸串])", "zha2"),
    ("盛(?=[饭汤水了满一])", "cheng2"),
    ("划(?=[船水拳])", "hua2"),
    ("挨(?=[打骂饿揍批冻])", "ai2"),
    ("冲(?=着)", "chong4"),
    ("谁", "shei2"),
    ("(?<=[等之各当此某两原该这那本外内异陆一])地", "di4"),
    ("地(?=[区点位方形面球图铁址处带下上震]|[!?…,.-]|$)", "di4"),
    ("地(?=[说走跑笑看想问答做写跳])", "de5"),
    ("嗯", "en2"),
    ("哦", "o2"),
)

_TITLE = re.compile("(?<=[禄政议士卿宪训])大夫")  # an official of old, not a doctor
_IN_COUNTS = frozenset("只行种重")  # classifiers, which the segmenter joins to their numeral

# Readings that depend on the part of speech of a character that stands alone.
_BY_TAG: dict[tuple[str, str], str] = {
    ("教", "v"): "jiao1",
    ("种", "v"): "zhong4",
    ("数", "v"): "shu3",
}

_SURNAMES = {
    "曾": "zeng1", "单": "shan4", "仇": "qiu2", "任": "ren2", "解": "xie4", "朴": "piao2", "翟": "zhai2", "纪": "ji3",
    "燕": "yan1", "缪": "miao4",
}  # fmt: skip


@cache
def _phrases() -> dict[str, tuple[str, ...]]:
    source = resources.files("voxcommons.text") / "data" / "mandarin_readings.tsv"
    lines = source.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {word: tuple(reading.split()) for word, reading in pairs}


@cache
def _contexts() -> dict[str, list[tuple[re.Pattern[str], str]]]:
    """The context rules by the character they read, which stands outside all brackets."""
    rules: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    for pattern, reading in _CONTEXTS:
        char = re.sub(r"\(\?[^()]*(?:\([^()]*\)[^()]*)*\)", "", pattern)[0]
        rules.setdefault(char, []).append((re.compile(pattern), reading))
    return rules


def read_words(words: Sequence[Word], told: Mapping[int, str] | None = None) -> list[list[str]]:
    """Pinyin of every word, before tone changes; what has no reading stands for itself.

    Args:
        words: words of a clause.
        told: place -> reading by `Polyphones`, for `open_places`; it wins over the rules for characters that stand alone, but not over
            this project's own phrases.
    """
    text = "".join(word.text for word in words)
    readings = [_read_word(word) for word in words]
    bounds = {0: 0}
    at = 0
    for number, word in enumerate(words, 1):
        at += len(word.text)
        bounds[at] = number
    flat = [syllable for reading in readings for syllable in reading]
    at = 0
    for word in words:
        for char in word.text:
            if (char, word.tag) == ("地", "uv"):
                flat[at] = "de5"
            if len(word.text) == 1 or (word.tag == "m" and char in _IN_COUNTS):
                flat[at] = _alone(Word(char, word.tag), text, at) or flat[at]
            at += 1
    for at, syllable in (told or {}).items():
        flat[at] = syllable
    _read_phrases(text, bounds, flat)
    for title in _TITLE.finditer(text):
        flat[title.start() : title.end()] = ["da4", "fu1"]
    start = 0
    for reading in readings:
        reading[:] = flat[start : start + len(reading)]
        start += len(reading)
    return readings


def open_places(words: Sequence[Word]) -> list[int]:
    """Places in a clause that no dictionary word settles: characters alone, and inside words that are not known."""
    found: list[bool] = []
    for word in words:
        text = word.text
        own = any(text[i:j] in _phrases() for i in range(len(text)) for j in range(i + 2, min(len(text), i + 4) + 1))
        known = own or bool(reading_table().phrase(text))
        # Several readings are left where even the longest phrases inside the word did not settle it.
        found += [not known and (len(text) == 1 or len(readings) != 1) for readings in reading_table().of(text)]
    return [at for at, is_open in enumerate(found) if is_open]


def _read_word(word: Word) -> list[str]:
    """By this project's phrases, else the phrase dictionary, else characters."""
    text = word.text
    found = [r[0] if r else c for r, c in zip(reading_table().of(text), text, strict=True)]
    known = reading_table().phrase(text)
    if word.tag == "nr" and 1 < len(text) < 4 and text[0] in _SURNAMES and not known:
        found[0] = _SURNAMES[text[0]]
    if not known and "为" in text[1:] and found[text.index("为", 1)] == "wei4":
        found[text.index("为", 1)] = "wei2"  # 分为, 列为, 以和为贵
    for size in range(min(4, len(text)), 1, -1):
        for start in range(len(text) - size + 1):
            own = _phrases().get(text[start : start + size])
            if own and (size == len(text) or not known):
                found[start : start + size] = own
    return found


def _read_phrases(text: str, bounds: dict[int, int], flat: list[str]) -> None:
    """Own phrases that are made of whole words."""
    longest = max(map(len, _phrases()))
    for start in bounds:
        for size in range(min(longest, len(text) - start), 1, -1):
            own = _phrases().get(text[start : start + size])
            if own and start + size in bounds:
                flat[start : start + size] = own
                break


def _alone(word: Word, text: str, at: int) -> str:
    """Reading of a character that is a word by itself; empty when no rule speaks."""
    by_tag = _BY_TAG.get((word.text, word.tag))
    if by_tag:
        return by_tag
    for pattern, reading in _contexts().get(word.text, ()):
        if pattern.match(text, at):
            return reading
    return ""
