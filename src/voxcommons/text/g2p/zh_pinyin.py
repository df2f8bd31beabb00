"""Pinyin syllables -> phones of the public symbol table.

A syllable is written with its tone number, ``zhang3``; 5 is the neutral tone and v stands for ü. Every
syllable gives exactly two phones, as the public models expect: 安 is ``AA an1``, 儿 is ``EE er2``.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from voxcommons.base.errors import InputError

# Interjections that pinyin tables write without a vowel, and the nearest full syllable.
_VOWELLESS = {"m": "mu", "n": "en", "ng": "en", "hm": "hen", "hng": "heng", "ê": "ei"}


@cache
def _table() -> dict[str, tuple[str, str]]:
    source = resources.files("voxcommons.text") / "data" / "pinyin_to_phones.json"
    return {k: (v[0], v[1]) for k, v in json.loads(source.read_text(encoding="utf-8")).items()}


def is_syllable(pinyin: str) -> bool:
    """Whether ``pinyin`` can be spoken with the symbol table."""
    return pinyin[-1:] in ("1", "2", "3", "4", "5") and _plain(pinyin) in _table()


def _plain(pinyin: str) -> str:
    base = pinyin[:-1].replace("ü", "v").replace("u:", "v")
    return _VOWELLESS.get(base, base)


def phones_from_pinyin(pinyin: str) -> tuple[str, str]:
    """``"zhang3" -> ("zh", "ang3")``.

    Raises:
        InputError: this is no Mandarin syllable with a tone number.
    """
    if not is_syllable(pinyin):
        raise InputError(
            "not a pinyin syllable",
            expected="one Mandarin syllable and its tone 1-5, for example zhang3",
            found=repr(pinyin),
        )
    onset, rime = _table()[_plain(pinyin)]
    return onset, rime + pinyin[-1]
