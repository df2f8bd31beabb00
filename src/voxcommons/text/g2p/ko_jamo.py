"""Hangul syllables taken apart and put together, and the jamo of a syllable as phones of the symbol table.

A syllable is three letters: onset (ㅇ where nothing is said), vowel, coda (empty, one or a cluster). The table has no diphthongs:
ㅘ is ㅗㅏ, ㅑ is ㅣㅏ.
"""

from __future__ import annotations

from dataclasses import dataclass

ONSETS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
CODAS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_FIRST = 0xAC00
_SPLIT = {
    "ㅑ": "ㅣㅏ", "ㅒ": "ㅣㅐ", "ㅕ": "ㅣㅓ", "ㅖ": "ㅣㅔ", "ㅛ": "ㅣㅗ", "ㅠ": "ㅣㅜ", "ㅘ": "ㅗㅏ", "ㅙ": "ㅗㅐ", "ㅚ": "ㅗㅣ",
    "ㅝ": "ㅜㅓ",
    "ㅞ": "ㅜㅔ", "ㅟ": "ㅜㅣ", "ㅢ": "ㅡㅣ",
}  # fmt: skip


@dataclass
class Syllable:
    """One written syllable on its way to what is said."""

    onset: str
    vowel: str
    coda: str

    @property
    def phones(self) -> tuple[str, ...]:
        """Symbols of the table; ``onset`` is empty where the consonant before moved away with its vowel."""
        return tuple(self.onset + _SPLIT.get(self.vowel, self.vowel) + self.coda)

    def __str__(self) -> str:
        """The syllable as one character."""
        return chr(_FIRST + (ONSETS.index(self.onset) * 21 + VOWELS.index(self.vowel)) * 28 + CODAS.index(self.coda))


def is_syllable(char: str) -> bool:
    """Whether this is a whole Hangul syllable."""
    return "가" <= char <= "힣"


def syllable(char: str) -> Syllable:
    """The letters of a Hangul syllable."""
    code = ord(char) - _FIRST
    return Syllable(ONSETS[code // 588], VOWELS[code // 28 % 21], CODAS[code % 28])
