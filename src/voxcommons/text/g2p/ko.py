"""Korean: one run of text -> phones, one per letter that is heard.

Normalise, let MeCab (extra ``ko``) tell stems and endings, respell words no rule can know (data/ko_words.tsv), apply the rules of
pronunciation, split into letters; a space between words is the symbol 空. Order of authority: inline overrides, the user's lexicon,
the word list, the rules. ``compat=True`` takes the public program's smaller steps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from voxcommons.text.extras import library
from voxcommons.text.g2p.ko_jamo import Syllable, is_syllable, syllable
from voxcommons.text.g2p.ko_sounds import Marks, change
from voxcommons.text.g2p.losses import lost_characters, unread
from voxcommons.text.g2p.respell import respelled
from voxcommons.text.lexicon import Lexicon, Override
from voxcommons.text.normalise.ko import normalise, normalise_public
from voxcommons.text.phonemes import RunPhones, Span, TextWarning
from voxcommons.text.readings import PHONES
from voxcommons.text.symbols import PUNCTUATION
from voxcommons.text.traced import TracedText

SPACE = "空"
UNKNOWN = "停"
"""What the public program says for a character it does not know."""
_STRETCH = re.compile("[가-힣]+(?: *[가-힣]+)*")
_MARKS_PUBLIC = str.maketrans("：；，。！？\n·、", ",,,.!?.,,")
_SIX_BEHIND = re.compile("(?<=[십백천만억])육")  # sixteen is sim-nyuk
_PREDICATES = ("VV", "VA", "VX", "VCN", "XSV", "XSA")
_BEHIND_FUTURE = frozenset("게걸지수")
# The word behind a compound's border that takes a ㄴ of its own (꽃잎, 서울역).
_ADDS_N = frozenset({"잎", "이불", "역", "약", "여름", "엿", "윷"})


def to_phones(
    text: str,
    *,
    lexicon: Lexicon | None = None,
    overrides: Sequence[Override] = (),
    compat: bool = False,
) -> RunPhones:
    """Read one Korean run; see :class:`voxcommons.text.g2p.ToPhones`."""
    said = normalise_public(TracedText.of(text)) if compat else normalise(respelled(text, overrides, "ko"))
    fixed = {} if compat else _fixed(said, lexicon, overrides)
    letters: dict[int, tuple[str, ...]] = {}
    for match in _STRETCH.finditer(said.text):
        spoken = _stretch(match.group(), {at - match.start(): sounds for at, sounds in fixed.items()}, compat)
        letters |= {at + match.start(): sounds for at, sounds in spoken.items()}
    letters |= {at: sounds[1:] for at, sounds in fixed.items() if sounds[0] == PHONES}
    phones: list[str] = []
    spans: list[Span] = []
    warnings: list[TextWarning] = []
    for at, char in enumerate(said.text):
        sounds = letters.get(at) if at in letters else _sign(char, compat)
        start, end = said.origin(at, at + 1)
        if sounds == (UNKNOWN,):
            warnings.append(unread(text, start, end, "Korean"))
        if sounds:
            spans.append(Span(len(phones), len(phones) + len(sounds), start, end, at, at + 1))
            phones += sounds
    if not compat:
        warnings += lost_characters(text, zip(said.starts, said.ends, strict=True), "Korean")
        return RunPhones(said.text, tuple(phones), None, tuple(spans), tuple(sorted(warnings, key=lambda w: w.start)))
    if phones and "ㄱ" <= phones[-1] <= "ㅣ":
        phones.append(".")
    public = [Span(s.phone_start, s.phone_end, s.text_start, s.text_end, s.text_start, s.text_end) for s in spans]
    return RunPhones(text, tuple(phones), None, tuple(public), tuple(warnings))


def _sign(char: str, compat: bool) -> tuple[str, ...]:
    if char == " ":
        return (SPACE,)
    sign = char.translate(_MARKS_PUBLIC) if compat else char
    return (sign,) if sign in PUNCTUATION else (UNKNOWN,)


def _stretch(text: str, fixed: Mapping[int, tuple[str, ...]], compat: bool) -> dict[int, tuple[str, ...]]:
    """Letters per character of words without signs between them."""
    spelled, marks = _spelled(text, fixed, compat)
    places = [at for at, char in enumerate(text) if is_syllable(char)]
    syllables = [syllable(spelled[at]) for at in places]
    gaps = [following - at - 1 for at, following in zip(places, [*places[1:], len(text)], strict=True)]
    number = {at: n for n, at in enumerate(places)}
    change(
        syllables,
        gaps,
        Marks({number[at] for at in marks.stems if at in number}, {number[at] for at in marks.future if at in number}),
    )
    _mend_objects([text[at] for at in places], syllables, gaps, compat)
    for n, at in enumerate(places):
        if at in fixed and fixed[at][0] != PHONES:  # spoken as the user spelled it, whatever stands beside it
            syllables[n] = syllable(fixed[at][0])
    return {at: syllables[n].phones for n, at in enumerate(places)} | {at: (SPACE,) for at, char in enumerate(text) if char == " "}


def _mend_objects(written: Sequence[str], syllables: Sequence[Syllable], gaps: Sequence[int], compat: bool) -> None:
    """Behind the particles 을 and 를 a ㄴ stays what it is; in other words it becomes ㄹ over a space too (오늘 날씨).

    The public program knows the particles only by how they sound.
    """
    for at in range(len(syllables) - 1):
        here, following = syllables[at], syllables[at + 1]
        particle = written[at] in "을를" if not compat else (here.vowel, here.coda) == ("ㅡ", "ㄹ") and here.onset in "ㅇㄹ"
        if gaps[at] == 1 and particle and following.onset == "ㄹ" and (compat or syllable(written[at + 1]).onset == "ㄴ"):
            following.onset = "ㄴ"


# --- what words tell ---------------------------------------------------------------------------------------------------------


@cache
def _tagger() -> Any:  # noqa: ANN401 - the library has no types
    return library("mecab", "ko").MeCab()


def _spelled(text: str, fixed: Mapping[int, tuple[str, ...]], compat: bool) -> tuple[list[str], Marks]:
    """The characters, those of words that no rule can know respelled, and marks on stems and endings."""
    spelled = list(text)
    stems: set[int] = set()
    future: set[int] = set()
    starts: set[int] = set()
    for morpheme in _tagger().parse(text):
        start, end, tag = morpheme.span.start, morpheme.span.end, morpheme.feature.pos
        starts.add(start)
        if tag in _PREDICATES:
            stems.add(end - 1)
        if _ends_future(text, morpheme):
            future.add(end - 1)
        future |= {start + n for n in _inside_ending(morpheme.surface, tag)}
        if not compat:
            _add_n(morpheme, spelled)
    if not compat:
        for match in _SIX_BEHIND.finditer(text):
            spelled[match.start()] = "뉵"
    for start, word in _known_words(text, starts, compat):
        spelled[start : start + len(word)] = word
    return spelled, Marks(stems, future)


def _inside_ending(surface: str, tag: str) -> list[int]:
    """Syllables of an ending such as 을수록 or 할게 behind whose ㄹ a consonant is tense."""
    if "E" not in tag:
        return []
    places = [n for n in range(len(surface) - 1) if is_syllable(surface[n]) and surface[n + 1] in _BEHIND_FUTURE]
    return [n for n in places if syllable(surface[n]).coda == "ㄹ"]


def _ends_future(text: str, morpheme: Any) -> bool:  # noqa: ANN401 - the library has no types
    last = text[morpheme.span.end - 1]
    return morpheme.feature.pos.endswith("ETM") and is_syllable(last) and syllable(last).coda == "ㄹ"


def _add_n(morpheme: Any, spelled: list[str]) -> None:  # noqa: ANN401 - the library has no types
    """꽃잎: between the parts of a compound a ㄴ is said before i and y (article 29)."""
    if morpheme.feature.type != "Compound":
        return
    at = morpheme.span.start
    parts = [part.split("/")[0] for part in (morpheme.feature.expression or "").split("+")]
    for part, following in zip(parts, parts[1:], strict=False):
        at += len(part)
        if following in _ADDS_N and is_syllable(part[-1]) and syllable(part[-1]).coda and spelled[at] == following[0]:
            first = syllable(following[0])
            spelled[at] = str(Syllable("ㄴ", first.vowel, first.coda))


@cache
def _words(compat: bool) -> dict[str, str]:
    source = resources.files("voxcommons.text") / "data" / "ko_words.tsv"
    rows = (line.split("\t") for line in source.read_text(encoding="utf-8").splitlines() if line and line[0] != "#")
    return {word: sound for word, sound, why in rows if why.endswith("+") or not compat}


def _known_words(text: str, starts: set[int], compat: bool) -> list[tuple[int, str]]:
    """(place, respelling) of listed words that begin where a morpheme begins; the longest wins."""
    words = _words(compat)
    longest = max(map(len, words))
    found: list[tuple[int, str]] = []
    at = 0
    while at < len(text):
        size = next((n for n in range(min(longest, len(text) - at), 1, -1) if text[at : at + n] in words), 0) if at in starts else 0
        if size:
            found.append((at, words[text[at : at + size]]))
        at += size or 1
    return found


# --- readings given by hand ---------------------------------------------------------------------------------------------------


def _fixed(said: TracedText, lexicon: Lexicon | None, overrides: Sequence[Override]) -> dict[int, tuple[str, ...]]:
    """Position in normalised text -> ``(syllable,)``, or phones behind ``"="``, for what the user wants said just so."""
    fixed: dict[int, tuple[str, ...]] = {}
    for word, reading in sorted((lexicon.korean if lexicon else {}).items(), key=lambda pair: len(pair[0])):
        for match in re.finditer(re.escape(word), said.text):
            _fix(fixed, list(range(*match.span())), reading)
    for override in overrides:
        places = enumerate(zip(said.starts, said.ends, strict=True))
        inside = [at for at, (start, end) in places if override.start <= start and end <= override.end and end > start]
        if inside and override.language == "ko":
            _fix(fixed, inside, override.reading)
    return fixed


def _fix(fixed: dict[int, tuple[str, ...]], places: list[int], reading: tuple[str, ...]) -> None:
    syllables = reading[0].replace(" ", "")
    if reading[0] == PHONES:
        fixed |= {at: (PHONES,) for at in places}
        fixed[places[0]] = reading
    elif len(syllables) == len(places):
        fixed |= {at: (char,) for at, char in zip(places, syllables, strict=True)}
    else:
        fixed |= {at: (PHONES,) for at in places}
        fixed[places[0]] = (PHONES, *(phone for char in syllables for phone in syllable(char).phones))
