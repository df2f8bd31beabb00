"""How written Korean sounds: the rules of the standard pronunciation (표준 발음법) over syllables.

Works on letters alone; what depends on words (stems, endings, compounds) comes in as marks on syllables. Rules look through one
space, as people speak, except that a consonant does not move over it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from voxcommons.text.g2p.ko_jamo import Syllable

_TENSE = {"ㄱ": "ㄲ", "ㄷ": "ㄸ", "ㅂ": "ㅃ", "ㅅ": "ㅆ", "ㅈ": "ㅉ"}
_ASPIRATED = {"ㄱ": "ㅋ", "ㄷ": "ㅌ", "ㅂ": "ㅍ", "ㅈ": "ㅊ"}
_CLUSTERS = {
    "ㄳ": ("ㄱ", "ㅅ"), "ㄵ": ("ㄴ", "ㅈ"), "ㄶ": ("ㄴ", "ㅎ"), "ㄺ": ("ㄹ", "ㄱ"), "ㄻ": ("ㄹ", "ㅁ"), "ㄼ": ("ㄹ", "ㅂ"),
    "ㄽ": ("ㄹ", "ㅅ"),
    "ㄾ": ("ㄹ", "ㅌ"), "ㄿ": ("ㄹ", "ㅍ"), "ㅀ": ("ㄹ", "ㅎ"), "ㅄ": ("ㅂ", "ㅅ"),
}  # fmt: skip
# What a coda sounds like before a consonant or at the end (articles 8 to 11).
_CLOSED = (
    dict.fromkeys("ㄱㄲㅋㄳㄺ", "ㄱ") | dict.fromkeys("ㄷㅅㅆㅈㅊㅌㅎ", "ㄷ") | dict.fromkeys("ㅂㅍㅄㄿ", "ㅂ")
    | dict.fromkeys("ㄹㄼㄽㄾㅀ", "ㄹ")
    | dict.fromkeys("ㄴㄵㄶ", "ㄴ") | dict.fromkeys("ㅁㄻ", "ㅁ") | {"ㅇ": "ㅇ", "": ""}
)  # fmt: skip
_NASAL = {"ㄱ": "ㅇ", "ㄷ": "ㄴ", "ㅂ": "ㅁ"}
_PALATAL = frozenset("ㅣㅕㅖ")


@dataclass(frozen=True)
class Marks:
    """What words tell about syllables, by their number.

    Attributes:
        stems: last syllables of verb and adjective stems.
        future: syllables that end in the ㄹ of an ending, behind which a plain consonant is tense (할 것, 할게).
    """

    stems: Collection[int] = frozenset()
    future: Collection[int] = frozenset()


def change(syllables: Sequence[Syllable], gaps: Sequence[int], marks: Marks) -> None:
    """Change written syllables into spoken ones, in place.

    Args:
        syllables: of one stretch without punctuation.
        gaps: for each syllable how many spaces stand behind it.
        marks: what words tell.
    """
    for here in syllables:
        _vowel(here)
    for at, here in enumerate(syllables):
        if at + 1 == len(syllables):
            here.coda = _CLOSED[here.coda]
            break
        following = syllables[at + 1]
        if gaps[at] > 1:
            here.coda = _CLOSED[here.coda]
            continue
        apart = gaps[at] == 1
        if following.onset == "ㅇ":
            _before_vowel(here, following, apart)
            continue
        _aspirate(here, following, apart)
        _tense(here, following, stem=at in marks.stems and not apart, future=at in marks.future)
        here.coda = _closed(here, following, stem=at in marks.stems)
        _assimilate(here, following)


def _vowel(here: Syllable) -> None:
    """Article 5: 져 is 저, and 희 is 히."""
    if here.onset in "ㅈㅉㅊ" and here.vowel == "ㅕ":
        here.vowel = "ㅓ"
    if here.onset != "ㅇ" and here.vowel == "ㅢ":
        here.vowel = "ㅣ"


def _before_vowel(here: Syllable, following: Syllable, apart: bool) -> None:
    """Articles 12 to 17: a coda moves to the vowel behind it."""
    if apart or here.coda in ("", "ㅇ"):
        here.coda = _CLOSED[here.coda]
        return
    stays, moves = _CLUSTERS.get(here.coda, ("", here.coda))
    if moves == "ㅎ":
        stays, moves = ("", stays) if stays else ("", "ㅇ")
    elif following.vowel in _PALATAL and moves in "ㄷㅌ":
        moves = "ㅈ" if moves == "ㄷ" else "ㅊ"
        following.vowel = "ㅓ" if following.vowel == "ㅕ" else following.vowel
    elif stays and moves == "ㅅ":
        moves = "ㅆ"
    here.coda, following.onset = stays, moves


def _aspirate(here: Syllable, following: Syllable, apart: bool) -> None:
    """Article 12: ㅎ beside ㄱ ㄷ ㅂ ㅈ makes them aspirated; before ㅅ it makes it tense, before ㄴ it is assimilated."""
    stays, last = _CLUSTERS.get(here.coda, ("", here.coda))
    if last == "ㅎ":
        _behind_h(here, following, stays)
    elif following.onset == "ㅎ" and here.coda:
        _before_h(here, following, apart)


def _behind_h(here: Syllable, following: Syllable, stays: str) -> None:
    """A coda with ㅎ; ``stays`` is what it has besides."""
    if following.onset in "ㄱㄷㅈ":
        here.coda, following.onset = stays, _ASPIRATED[following.onset]
    elif following.onset == "ㅅ":
        here.coda, following.onset = stays, "ㅆ"
    elif following.onset == "ㄴ":
        here.coda = stays or "ㄴ"
    elif stays:
        here.coda = stays


def _before_h(here: Syllable, following: Syllable, apart: bool) -> None:
    """A coda before ㅎ; over a space it has closed before it meets it (옷 한 벌)."""
    stays, last = _CLUSTERS.get(here.coda, ("", here.coda))
    if not apart and here.coda in ("ㄷ", "ㅌ", "ㄾ") and following.vowel in _PALATAL:
        here.coda, following.onset = ("ㄹ" if here.coda == "ㄾ" else ""), "ㅊ"
        _vowel(following)
    elif not apart and last == "ㅈ":
        here.coda, following.onset = stays, "ㅊ"
    elif not apart and here.coda in ("ㄺ", "ㄼ"):
        here.coda, following.onset = stays, _ASPIRATED[last]
    elif _CLOSED[here.coda] in "ㄱㄷㅂ":
        following.onset, here.coda = _ASPIRATED[_CLOSED[here.coda]], ""


def _tense(here: Syllable, following: Syllable, *, stem: bool, future: bool) -> None:
    """Articles 23 to 27."""
    closed = _CLOSED[here.coda] or " "
    after_stop = closed in "ㄱㄷㅂ"
    after_stem = stem and here.coda in ("ㄴ", "ㅁ", "ㄵ", "ㄻ", "ㄼ", "ㄾ")
    if after_stop or after_stem or here.coda in ("ㄵ",) or (future and here.coda == "ㄹ"):
        following.onset = _TENSE.get(following.onset, following.onset)


def _closed(here: Syllable, following: Syllable, *, stem: bool) -> str:
    """Articles 10 and 11: 밟 is 밥, and the stem 읽 is 일 before ㄱ."""
    if here.coda == "ㄼ" and here.onset in "ㅂㅃ" and here.vowel == "ㅏ":
        return "ㅂ"
    if here.coda == "ㄺ" and stem and following.onset == "ㄲ":
        return "ㄹ"
    return _CLOSED[here.coda]


def _assimilate(here: Syllable, following: Syllable) -> None:
    """Articles 18 to 20: stops before nasals, and ㄹ beside other consonants."""
    if following.onset == "ㄹ" and here.coda in ("ㄱ", "ㄷ", "ㅂ", "ㅁ", "ㅇ"):
        following.onset = "ㄴ"
    if following.onset in ("ㄴ", "ㅁ") and here.coda in _NASAL:
        here.coda = _NASAL[here.coda]
    if (here.coda, following.onset) in (("ㄴ", "ㄹ"), ("ㄹ", "ㄴ")):
        here.coda, following.onset = "ㄹ", "ㄹ"
