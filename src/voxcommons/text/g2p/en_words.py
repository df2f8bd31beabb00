"""One English word -> phones: dictionary, endings, letters, compounds, and a guess as the last resort.

Context (homographs) is not known here; :mod:`voxcommons.text.g2p.en` asks for that first.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import resources

from voxcommons.text.g2p.en_dictionary import LETTERS, lookup
from voxcommons.text.g2p.en_guess import guess

Phones = tuple[str, ...]

_VOICELESS = frozenset("P T K F TH".split())
_SIBILANT = frozenset("S Z SH ZH CH JH".split())
_VOWEL_LETTERS = frozenset("aeiouy")
LONGEST_WORD = 40


def spell(letters: str) -> Phones:
    """Letter names of an (ASCII) word: "ibm" -> AY1 B IY1 EH1 M."""
    return tuple(phone for letter in letters.lower() if letter in LETTERS for phone in LETTERS[letter].split())


def with_s(base: Phones) -> Phones:
    """A plural or possessive: S, Z or IH0 Z after the base's last sound."""
    last = base[-1]
    if last in _SIBILANT:
        return (*base, "IH0", "Z")
    return (*base, "S" if last in _VOICELESS else "Z")


def with_ed(base: Phones) -> Phones:
    """A regular past: IH0 D after T and D, T after voiceless sounds, else D."""
    last = base[-1]
    if last in ("T", "D"):
        return (*base, "IH0", "D")
    return (*base, "T" if last in _VOICELESS or last in ("S", "SH", "CH") else "D")


@lru_cache(maxsize=20000)
def pronounce(word: str) -> Phones:
    """Phones of a lower-case word of letters and apostrophes; never empty for a word with a letter."""
    return lookup(word) or _apostrophe(word) or _ending(word) or _guess(word)


def _apostrophe(word: str) -> Phones:
    """Read what stands before an apostrophe and its ending: anna's, james', they'd."""
    if "'" not in word:
        return ()
    base, _, end = word.rpartition("'")
    base = base.strip("'")
    if not base:
        return pronounce(end) if end else ()
    stem = pronounce(base)
    if end == "s":
        return with_s(stem)
    if end == "":
        return stem
    ends = {"d": ("D",), "ll": ("AH0", "L"), "ve": ("V",), "re": ("ER0",), "m": ("M",), "t": ("T",)}
    return stem + (ends[end] if end in ends else pronounce(end))


def _known(word: str) -> Phones:
    return lookup(word) if len(word) > 1 else ()


def _ending(word: str) -> Phones:
    """Regular inflections and affixes of a known word."""
    if len(word) < 4:
        return ()
    for attempt in (_plural, _past, _ing, _suffixed, _prefixed):
        found = attempt(word)
        if found:
            return found
    return ()


def _plural(word: str) -> Phones:
    if word.endswith("ies") and (base := _known(word[:-3] + "y")):
        return with_s(base)
    if word.endswith("s") and not word.endswith("ss"):
        base = _known(word[:-1])
        if not base and word.endswith("es"):
            base = _known(word[:-2])
        return with_s(base) if base else ()
    return ()


def _stems(stem: str) -> tuple[str, ...]:
    """What a word may be without its ending, likeliest first: "mak" -> make, "runn" -> run, "talk"."""
    if len(stem) > 3 and stem[-1] == stem[-2]:
        return stem, stem[:-1], stem + "e"
    lost_e = stem[-1] in "cgsuvz" or len(stem) > 2 and stem[-1] not in _VOWEL_LETTERS | {"w", "x"} and stem[-2] in _VOWEL_LETTERS
    single = lost_e and (len(stem) < 3 or stem[-3] not in _VOWEL_LETTERS)
    return (stem + "e", stem) if single else (stem, stem + "e")


def _past(word: str) -> Phones:
    if word.endswith("ied") and (base := _known(word[:-3] + "y")):
        return with_ed(base)
    if word.endswith("ed"):
        for stem in _stems(word[:-2]):
            if base := _known(stem):
                return with_ed(base)
    return ()


def _ing(word: str) -> Phones:
    for end, phones in (("ing", ("IH0", "NG")), ("in'", ("IH0", "N"))):
        if word.endswith(end):
            for stem in _stems(word[: -len(end)]):
                if base := _known(stem):
                    syllabic = base[-2:] == ("AH0", "L") and stem.endswith("le")
                    return (*base[:-2], "L", *phones) if syllabic else base + phones
    return ()


_SUFFIXES: tuple[tuple[str, str], ...] = (
    ("fulness", "F AH0 L N AH0 S"),
    ("lessness", "L AH0 S N AH0 S"),
    ("lessly", "L AH0 S L IY0"),
    ("fully", "F AH0 L IY0"),
    ("ness", "N AH0 S"),
    ("less", "L AH0 S"),
    ("ment", "M AH0 N T"),
    ("ship", "SH IH2 P"),
    ("hood", "HH UH2 D"),
    ("like", "L AY2 K"),
    ("wise", "W AY2 Z"),
    ("ward", "W ER0 D"),
    ("wards", "W ER0 D Z"),
    ("some", "S AH0 M"),
    ("ful", "F AH0 L"),
    ("dom", "D AH0 M"),
    ("ly", "L IY0"),
    ("'n", "AH0 N"),
)
_STEM_SUFFIXES: tuple[tuple[str, str], ...] = (
    ("able", "AH0 B AH0 L"),
    ("ably", "AH0 B L IY0"),
    ("ers", "ER0 Z"),
    ("er", "ER0"),
    ("est", "IH0 S T"),
    ("ish", "IH0 SH"),
    ("ist", "IH0 S T"),
    ("ism", "IH2 Z AH0 M"),
    ("y", "IY0"),
)
_PREFIXES: tuple[tuple[str, str], ...] = (
    ("counter", "K AW2 N T ER0"),
    ("hyper", "HH AY2 P ER0"),
    ("inter", "IH2 N T ER0"),
    ("micro", "M AY2 K R OW0"),
    ("multi", "M AH2 L T IY0"),
    ("super", "S UW2 P ER0"),
    ("ultra", "AH2 L T R AH0"),
    ("under", "AH2 N D ER0"),
    ("cyber", "S AY2 B ER0"),
    ("over", "OW2 V ER0"),
    ("anti", "AE2 N T IY0"),
    ("auto", "AO2 T OW0"),
    ("mega", "M EH2 G AH0"),
    ("mono", "M AA2 N OW0"),
    ("nano", "N AE2 N OW0"),
    ("semi", "S EH2 M IY0"),
    ("fore", "F AO2 R"),
    ("dis", "D IH0 S"),
    ("mis", "M IH0 S"),
    ("non", "N AA2 N"),
    ("out", "AW2 T"),
    ("pre", "P R IY0"),
    ("sub", "S AH2 B"),
    ("un", "AH0 N"),
    ("re", "R IY0"),
    ("co", "K OW0"),
)


def _suffixed(word: str) -> Phones:
    for end, sounds in _SUFFIXES:
        if word.endswith(end) and len(word) - len(end) > 2:
            stem = word[: -len(end)]
            base = _known(stem) or (_known(stem[:-1] + "y") if stem.endswith("i") else ())
            if base:
                phones = sounds.split()
                return base + tuple(phones[1:] if phones[0] == base[-1] == "L" else phones)
    for end, sounds in _STEM_SUFFIXES:
        if word.endswith(end) and len(word) - len(end) > 2:
            for stem in _stems(word[: -len(end)]):
                if stem in common_words() and (base := _known(stem)):
                    return base + tuple(sounds.split())
    return ()


def _prefixed(word: str) -> Phones:
    for start, phones in _PREFIXES:
        rest = word[len(start) :]
        if word.startswith(start) and len(rest) > 3:
            base = _known(rest) if rest in common_words() or len(start) > 3 else ()
            base = base or _inflected(rest) or _suffixed(rest)
            if base:
                return tuple(phones.split()) + base
    return ()


def _inflected(word: str) -> Phones:
    return _plural(word) or _past(word) or _ing(word)


@cache
def common_words() -> frozenset[str]:
    """Words often enough met to be parts of a compound."""
    return frozenset((resources.files("voxcommons.text") / "data" / "en_common.txt").read_text(encoding="utf-8").split())


def _compound(word: str, parts: int = 3) -> Phones:
    """Common words written together ("chatbot"); the stress of the first leads. The most even division wins."""
    common = common_words()
    best: Phones = ()
    for cut in sorted(range(3, len(word) - 2), key=lambda place: abs(2 * place - len(word))):
        head, tail = word[:cut], word[cut:]
        if head not in common:
            continue
        end = lookup(tail) if tail in common else ()
        end = end or (_plural(tail) if tail[:-1] in common else ()) or (_compound(tail, parts - 1) if parts > 2 else ())
        if end:
            best = lookup(head) + tuple(phone.replace("1", "2") for phone in end)
            break
    return best


def _guess(word: str) -> Phones:
    """A word that nothing knows: letters when it cannot be spoken, else its parts, else the learned guess."""
    if len(word) == 1 or not _VOWEL_LETTERS & set(word):
        return spell(word)
    return _compound(word) or (guess(word) or spell(word) if len(word) <= LONGEST_WORD else _long(word))


def _long(word: str) -> Phones:
    """Letters without end are read in pieces, so that time stays proportional to the text."""
    pieces = [word[at : at + LONGEST_WORD] for at in range(0, len(word), LONGEST_WORD)]
    return tuple(phone for piece in pieces for phone in (guess(piece) or spell(piece)))
