"""How a reading is written by hand, and which language it is for: ARPAbet, pinyin, jyutping, kana, Hangul, or phones as they are.

Apart from lexicon.py because a reading may come from a file, from braces in a text, and later from a web form; what is understood
must be the same everywhere.
"""

from __future__ import annotations

import re

from voxcommons.text.g2p.ja_kana import as_spoken
from voxcommons.text.g2p.yue_syllables import is_jyutping
from voxcommons.text.g2p.zh_pinyin import is_syllable
from voxcommons.text.symbols import symbol_index

_VOWELS = "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split()
_CONSONANTS = "B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split()
ARPABET: frozenset[str] = frozenset([f"{vowel}{stress}" for vowel in _VOWELS for stress in "012"] + _CONSONANTS)
PHONES = "="
"""First part of a reading that is phones of the symbol table, spoken as they are (Japanese, Korean and Cantonese)."""
_NAMED = re.compile(r"(en|zh|ja|ko|yue):\s*(.*)", re.DOTALL)
_PINYIN = re.compile(r"[a-zü]{1,6}[1-5]")
# Kana with at most one place where the pitch falls (') or the sign of a flat word (=).
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\u30fc]+(?:'[\u3041-\u3096\u30a1-\u30fa\u30fc]*|=)?")
_HANGUL = re.compile(r"[\uac00-\ud7a3]+(?: [\uac00-\ud7a3]+)*")

Reading = tuple[tuple[str, ...], str]


def parse_reading(reading: str, spoken: str = "") -> Reading:
    """Split a written reading and tell its language.

    Args:
        reading: ``"L AY1 V"``, ``"zhang3"``, ``"hang4"``, ``"は'し"``, ``"밥따"``; a language in front decides
            (``"yue:hang4"``, ``"ja:k o ["`` for phones).
        spoken: the mode of the text; in a Cantonese one a syllable that could be pinyin or jyutping is jyutping.

    Returns:
        (phones or syllables, language); ``((), "")`` when it is neither. Mandarin and Cantonese have one syllable with its tone per
        character (5 is Mandarin's neutral tone), Japanese one string of katakana with its accent sign, Korean one string of
        Hangul spelled as it sounds; phones given as they are stand behind ``"="``.
    """
    named = _NAMED.fullmatch(reading.strip())
    if named:
        return _READERS[named[1]](named[2].strip()) or ((), "")
    order = ("yue", "zh") if "yue" in spoken else ("zh", "yue")
    for language in (*order, "en", "ja", "ko"):
        found = _READERS[language](reading.strip())
        if found and found[0][0] != PHONES:
            return found
    parts = reading.split()
    if parts and all(map(_PINYIN.fullmatch, parts)):
        return tuple(part.replace("ü", "v") for part in parts), "zh"
    return (), ""


def _english(reading: str) -> Reading | None:
    parts = reading.upper().split()
    return (tuple(parts), "en") if parts and all(part in ARPABET for part in parts) else None


def _mandarin(reading: str) -> Reading | None:
    parts = [part.replace("ü", "v") for part in reading.split()]
    return (tuple(parts), "zh") if parts and all(map(is_syllable, parts)) else None


def _cantonese(reading: str) -> Reading | None:
    parts = reading.split()
    if parts and all(map(is_jyutping, parts)):
        return tuple(parts), "yue"
    return _phones(reading, "yue")


def _japanese(reading: str) -> Reading | None:
    plain = reading.replace("’", "'")
    return ((as_spoken(plain),), "ja") if _KANA.fullmatch(plain) else _phones(reading, "ja")


def _korean(reading: str) -> Reading | None:
    return ((reading,), "ko") if _HANGUL.fullmatch(reading) else _phones(reading, "ko")


def _phones(reading: str, language: str) -> Reading | None:
    parts = reading.split()
    return ((PHONES, *parts), language) if parts and all(part in symbol_index("v2") for part in parts) else None


_READERS = {"en": _english, "zh": _mandarin, "yue": _cantonese, "ja": _japanese, "ko": _korean}


def jyutping_of(reading: tuple[str, ...]) -> tuple[str, ...]:
    """Syllables taken for pinyin as jyutping, if they can be; else ``()``."""
    return reading if all(map(is_jyutping, reading)) else ()
