"""Jyutping syllables -> phones of the public symbol table.

A syllable is written with its tone 1-6, ``nei5``; the nine traditional tones are accepted too, for 7, 8 and 9 are 1, 3 and 6 of
syllables ending in p, t or k. Every syllable gives two phones, onset and rime with tone, both with a Y in front: 你 is ``Yn Yei5``.
The table was not made for this: a syllable without onset is split in an odd way (愛 ``Yoi Yi3``), and some syllables have no row.
"""

from __future__ import annotations

import re

from voxcommons.text.symbols import symbol_index

_ONSETS = "gw kw ng b p m f d t n l g k h w z c s j".split()
_RIMES = (
    "aa aai aau aam aan aang aap aat aak a ai au am an ang ap at ak e ei eu em en eng ep et ek i iu im in ing ip it ik"
    " o oi ou on ong om op ot ok u ui um un ung up ut uk oe oeng oet oek eoi eon eot yu yun yut m ng"
).split()
_SYLLABLE = re.compile(rf"({'|'.join(_ONSETS)})?({'|'.join(sorted(_RIMES, key=len, reverse=True))})([1-9])")
_NINE_TONES = {"7": "1", "8": "3", "9": "6"}
# Rimes of the spoken language that the table lacks, and the nearest one it has.
_NEAREST = {
    "eu": "iu", "em": "im", "en": "in", "ep": "ip", "et": "it", "um": "am", "up": "ap", "om": "am", "op": "ap", "oet": "eot", "ng": "g",
}  # fmt: skip


def is_jyutping(syllable: str) -> bool:
    """Whether this is one Cantonese syllable with its tone."""
    match = _SYLLABLE.fullmatch(syllable)
    return match is not None and (match[3] < "7" or match[2][-1] in "ptk")


def phones_from_jyutping(syllable: str, *, compat: bool = False) -> tuple[str, str]:
    """``"nei5" -> ("Yn", "Yei5")``.

    Args:
        syllable: one for which :func:`is_jyutping` holds.
        compat: as the public program splits it, also where the table then has no row.
    """
    match = _SYLLABLE.fullmatch(syllable)
    if match is None:
        raise AssertionError(f"not jyutping: {syllable}")
    onset, rime, tone = match[1] or "", match[2], _NINE_TONES.get(match[3], match[3])
    if not onset:
        onset, rime = rime, rime[-1]
    phones = f"Y{onset}", f"Y{rime}{tone}"
    if compat or all(phone in symbol_index("v2") for phone in phones):
        return phones
    if not match[1]:  # 晏 aan3 is said ngaan3 by as many
        onset, rime = "ng", match[2]
    if f"Y{rime}{tone}" not in symbol_index("v2"):
        rime = _NEAREST.get(rime, rime)
    return f"Y{onset}", f"Y{rime}{tone}"
