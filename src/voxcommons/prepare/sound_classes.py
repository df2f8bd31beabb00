"""Sounds that are alike across languages, so that a recogniser of English and Mandarin can follow a text in others.

The recogniser was never told the symbols of Japanese, Korean and Cantonese. It still hears that there was a stop at the lips and
then an open vowel. Eighteen rough classes, by place and manner of articulation (IPA chart), are enough to find where in a text a
recording is, given some seconds; they are not enough to write down what was said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from voxcommons.text.symbols import PUNCTUATION, symbols

VOWELS: Final = ("a", "e", "i", "o", "u", "@")
CLASSES: Final = (*VOWELS, "p", "t", "k", "s", "ch", "h", "f", "m", "n", "l", "w", "y")
_ENGLISH: Final[Mapping[str, str]] = {
    "AA": "a", "AE": "a", "AH": "a", "AO": "o", "AW": "a", "AY": "a", "EH": "e", "ER": "@", "EY": "e", "IH": "i", "IY": "i", "OW": "o",
    "OY": "o", "UH": "u", "UW": "u", "B": "p", "CH": "ch", "D": "t", "DH": "t", "F": "f", "G": "k", "HH": "h", "JH": "ch", "K": "k",
    "L": "l", "M": "m", "N": "n", "NG": "n", "P": "p", "R": "l", "S": "s", "SH": "s", "T": "t", "TH": "s", "V": "f", "W": "w",
    "Y": "y", "Z": "s", "ZH": "s",
}  # fmt: skip
# Initials of Mandarin and consonants of Japanese share symbols; where they differ, as in j, r and z, they are near enough.
_CONSONANTS: Final[Mapping[str, str]] = {
    "b": "p", "by": "p", "p": "p", "py": "p", "m": "m", "my": "m", "f": "f", "v": "f", "d": "t", "dy": "t", "t": "t", "ty": "t",
    "n": "n", "ny": "n", "l": "l", "r": "l", "ry": "l", "g": "k", "gy": "k", "k": "k", "ky": "k", "h": "h", "hy": "h", "j": "ch",
    "q": "ch", "ch": "ch", "zh": "ch", "ts": "ch", "c": "ch", "z": "ch", "x": "s", "s": "s", "sh": "s", "w": "w", "y": "y",
}  # fmt: skip
_JAPANESE_VOWELS: Final[Mapping[str, str]] = {"a": "a", "i": "i", "u": "u", "e": "e", "o": "o", "I": "i", "U": "u"}
# The mute ㅇ has no class: it only holds a place, or closes a syllable as the vowel's colour.
_KOREAN: Final[Mapping[str, str]] = dict(
    zip(
        "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅈㅉㅊㅋㅌㅍㅎㅏㅐㅓㅔㅗㅜㅡㅣ",
        "k k n t t l m p p s s ch ch ch k t p h a e a e o u u i".split(),
        strict=True,
    )
)
_NOT_HEARD: Final = ("SP", "SP2", "SP3", "UNK", "_", "cl")
_CANTONESE_INITIALS: Final[Mapping[str, str]] = {
    "b": "p", "p": "p", "m": "m", "f": "f", "d": "t", "t": "t", "n": "n", "l": "l", "g": "k", "k": "k", "gw": "k", "kw": "k",
    "ng": "n", "h": "h", "z": "ch", "c": "ch", "s": "s", "j": "y", "w": "w",
}  # fmt: skip
_CANTONESE_STARTS: Final = (("a", "a"), ("eo", "@"), ("oe", "@"), ("e", "e"), ("o", "o"), ("yu", "u"), ("u", "u"), ("i", "i"))


def sound_class(symbol: str) -> str | None:
    """One of `CLASSES` for a symbol of either table, None for marks and for what is not heard by itself."""
    bare = symbol.rstrip("0123456789") or symbol
    toned = bare != symbol
    if symbol in PUNCTUATION or symbol in _KOREAN or symbol in _NOT_HEARD:
        return _KOREAN.get(symbol)
    if bare in _ENGLISH:
        return _ENGLISH[bare]
    if symbol[0] == "Y" and symbol[1:2].islower():
        return _cantonese(bare[1:], toned=toned)
    if toned:
        return _mandarin_final("i0" if symbol.startswith("i0") else bare)
    return _CONSONANTS.get(symbol) or _JAPANESE_VOWELS.get(symbol)


def _mandarin_final(final: str) -> str:
    """The vowel a final rests on."""
    if final in ("i0", "ir", "en", "eng", "e", "er", "En"):
        return "@"
    if final in ("E", "ie", "ve", "ian", "van", "ei", "ui"):
        return "e"
    for vowel in "ao":
        if vowel in final:
            return vowel
    if final == "iu":
        return "o"
    return "u" if final[0] in "uv" else "i"


def _cantonese(sound: str, *, toned: bool) -> str | None:
    if not toned and sound in _CANTONESE_INITIALS:
        return _CANTONESE_INITIALS[sound]
    for start, vowel in _CANTONESE_STARTS:
        if sound.startswith(start):
            return vowel
    return {"m": "m", "ng": "n"}.get(sound)


def class_of_symbols(table: str) -> npt.NDArray[np.int64]:
    """Index into `CLASSES` of every symbol of a table and, last, of the blank (`len(CLASSES)`); -1 where there is none."""
    places = {name: place for place, name in enumerate(CLASSES)}
    return np.array([*(places.get(sound_class(symbol) or "", -1) for symbol in symbols(table)), len(CLASSES)], np.int64)


def pooled(log_probs: npt.NDArray[np.float32], classes: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Log-probabilities of the classes and the blank.

    Args:
        log_probs: [S, symbols + 1] of the recogniser.
        classes: from `class_of_symbols`.

    Returns:
        [S, len(CLASSES) + 1].
    """
    sums = np.zeros((len(log_probs), len(CLASSES) + 1), np.float32)
    heard = np.exp(log_probs)
    for place in range(sums.shape[1]):
        sums[:, place] = heard[:, classes == place].sum(1)
    return np.log(sums + 1e-6)
