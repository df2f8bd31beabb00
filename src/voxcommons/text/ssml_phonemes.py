"""What `phoneme` says: a pronunciation in one of several alphabets, as overrides of the reader.

Alphabets: ``ipa`` (the sounds of English; Mandarin with tone letters), ``x-arpabet``, ``x-pinyin`` with tone digits, ``x-jyutping``, and
``x-vox`` for symbols of the table that the models are trained on. Without an alphabet it is told by its form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from voxcommons.text.g2p.zh_pinyin import is_syllable, phones_from_pinyin
from voxcommons.text.ipa import arpabet_of, has_tones, pinyin_of
from voxcommons.text.lexicon import AS_PHONES, Override
from voxcommons.text.readings import ARPABET, PHONES, jyutping_of, parse_reading
from voxcommons.text.symbols import symbol_index

_HAN = re.compile("[\u3400-\u9fff]+")
_STAND_IN = "x"  # written where a pronunciation stands for letters that shall not be looked at


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """How an element is pronounced.

    Attributes:
        text: what to write for it; marks that could end a sentence are left out.
        overrides: readings of parts of that text; none when it is not understood.
        expected: what the alphabet asks for.
    """

    text: str = ""
    overrides: tuple[Override, ...] = ()
    expected: str = ""


def pronunciation(ph: str, alphabet: str, written: str, language: str) -> Pronunciation | None:
    """Read a pronunciation.

    Args:
        ph: the phonemes.
        alphabet: its name; empty to tell it by its form.
        written: the words that are pronounced so.
        language: of the words around.

    Returns:
        Overrides, or none of them when it is not understood; None for an unknown alphabet.
    """
    name = alphabet.strip().lower()
    if not name:
        return _by_its_form(ph, written, language)
    known = next((known for names, known in _ALPHABETS.items() if name in names), None)
    if known is None:
        return None
    reads, expected = known
    return reads(ph, written) or Pronunciation(expected=expected)


def _by_its_form(ph: str, written: str, language: str) -> Pronunciation:
    reading, spoken = parse_reading(ph, language)
    if spoken == "zh":
        found = _syllables(reading, written)
    elif spoken == "yue":
        found = _jyutping(ph, written)
    elif reading and reading[0] != PHONES:
        found = _whole(reading, spoken, written)
    else:
        found = _own(ph, written) or _ipa(ph, written)
    return found or Pronunciation(expected="ARPAbet, pinyin, jyutping, kana, Hangul, symbols of the model, or IPA of English or Mandarin")


def _whole(reading: Sequence[str], language: str, written: str) -> Pronunciation:
    """One reading for all of the words."""
    text = written if written and written.isascii() and written.isalpha() else _STAND_IN
    return Pronunciation(text, (Override(0, len(text), tuple(reading), language),))


def _arpabet(ph: str, written: str) -> Pronunciation | None:
    phones = ph.upper().split()
    return _whole(phones, "en", written) if phones and all(phone in ARPABET for phone in phones) else None


def _syllables(syllables: Sequence[str], written: str) -> Pronunciation | None:
    if not syllables or not all(map(is_syllable, syllables)):
        return None
    if _HAN.fullmatch(written) and len(written) == len(syllables):
        return Pronunciation(written, tuple(Override(at, at + 1, (one,), "zh") for at, one in enumerate(syllables)))
    return _whole([phone for one in syllables for phone in phones_from_pinyin(one)], AS_PHONES, "")


def _pinyin(ph: str, written: str) -> Pronunciation | None:
    return _syllables(ph.lower().replace("ü", "v").replace("u:", "v").split(), written)


def _jyutping(ph: str, written: str) -> Pronunciation | None:
    syllables = jyutping_of(tuple(ph.lower().split()))
    if not syllables or not _HAN.fullmatch(written) or len(written) != len(syllables):
        return None
    return Pronunciation(written, tuple(Override(at, at + 1, (one,), "yue") for at, one in enumerate(syllables)))


def _own(ph: str, written: str) -> Pronunciation | None:
    phones = ph.split()
    known = phones and all(phone in symbol_index("v2") for phone in phones)
    return _whole(phones, "en" if ARPABET.issuperset(phones) else AS_PHONES, written) if known else None


def _ipa(ph: str, written: str) -> Pronunciation | None:
    if has_tones(ph):
        return _syllables(pinyin_of(ph), written)
    phones = arpabet_of(ph)
    return _whole(phones, "en", written) if phones else None


_Reads = Callable[[str, str], Pronunciation | None]
_ALPHABETS: Mapping[tuple[str, ...], tuple[_Reads, str]] = {
    ("ipa",): (_ipa, "IPA of English sounds, or of Mandarin syllables with tone letters"),
    ("x-arpabet", "arpabet", "x-cmu-arpabet", "cmu-arpabet", "cmu"): (_arpabet, "ARPAbet, for example L AY1 V"),
    ("x-pinyin", "pinyin", "x-amazon-pinyin"): (_pinyin, "pinyin with tone digits, for example zhang3 da4"),
    ("x-jyutping", "jyutping", "x-amazon-jyutping"): (_jyutping, "one jyutping syllable per character, for example hang4"),
    ("x-vox", "x-voxcommons"): (_own, "symbols of the model, as vox phonemes prints them"),
}
