"""English phones as the public program looks them up (``compat=True``).

What its data files would add cannot be known here: its table of names, its word splitter and its neural guess. Words that reach
those are read by our own rules instead; docs/text-parity.md lists the differences.
"""

from __future__ import annotations

import re

from voxcommons.text.g2p.en_dictionary import lookup
from voxcommons.text.g2p.en_homographs import reading
from voxcommons.text.g2p.en_words import common_words, pronounce
from voxcommons.text.normalise.en_public import normalise_public
from voxcommons.text.phonemes import RunPhones, Span, TextWarning
from voxcommons.text.symbols import PUNCTUATION
from voxcommons.text.traced import TracedText

Phones = tuple[str, ...]

_TOKEN = re.compile(r"[^\W\d_](?:[^\W\d_]|['\-_])+[^\W\d_]|\w+|\.(?:\s*\.)+|\S")
_SPELLED = frozenset("ae ai ar ios hud os".split())
# Words of two senses that the public program does not tell apart: it takes the first reading of the dictionary.
_ONE_READING = frozenset(
    "aged bass blessed bow dove invalid lead learned live lives minute polish resume sow tear tears wind winds wound".split()
)
_SHORT = 3
_LONGEST_PART = 16
_DEAREST = 4.6
_SHORT_WORDS = frozenset("ai an as at be by do go he if in is it me my no of on or so to up us we".split())
FEWEST_PHONES = 4


def to_phones(text: str) -> RunPhones:
    """Read one run as the public program would."""
    spoken = normalise_public(text)
    tokens = list(_TOKEN.finditer(spoken.text))
    words = [match.group() for match in tokens]
    phones: list[str] = []
    spans: list[Span] = []
    warnings: list[TextWarning] = []
    for at, match in enumerate(tokens):
        origin = spoken.origin(*match.span())
        sounds = tuple("-" if sound == "'" else sound for sound in _token(words, at))
        heard = tuple(sound for sound in sounds if sound[0].isalpha() or sound in PUNCTUATION)
        if len(heard) < len(sounds):
            warnings.append(TextWarning("sign", f"{match.group()!r} is not read", *origin))
        if heard:
            spans.append(Span(len(phones), len(phones) + len(heard), *origin, *match.span()))
            phones += heard
    if phones and len(phones) < FEWEST_PHONES:
        phones.insert(0, ",")
        spans = [span.moved(phones=1) for span in spans]
    return RunPhones(spoken.text, tuple(phones), None, tuple(spans), (*warnings, *_unheard(text, spoken)))


def _unheard(text: str, spoken: TracedText) -> tuple[TextWarning, ...]:
    """Characters that the public program deletes without a word."""
    kept = {place for start, end in set(zip(spoken.starts, spoken.ends, strict=True)) for place in range(start, end)}
    return tuple(
        TextWarning("deleted", f"{char!r} is deleted in compatible mode", place, place + 1)
        for place, char in enumerate(text)
        if place not in kept and not char.isspace() and char not in "\"'()[]{}:;“”‘’*!?…,.-，；："
    )


def _token(words: list[str], at: int) -> Phones:
    written = words[at]
    word = written.lower()
    if not re.search("[a-z]", word):
        return (written,)
    if len(word) == 1:
        return ("EY1",) if written == "A" else lookup(word, compat=True)
    if word not in _ONE_READING and (known := reading(words, at)):
        return known
    return _word(word)


def _word(word: str) -> Phones:
    if word not in _SPELLED and (found := lookup(word, compat=True)):
        return found
    if len(word) <= _SHORT:
        names = ("EY1" if letter == "a" else " ".join(lookup(letter, compat=True)) or letter for letter in word)
        return tuple(sound for name in names for sound in name.split())
    if re.fullmatch(r"[a-z]+'s", word):
        stem = _word(word[:-2])
        if stem[-1] in ("P", "T", "K", "F", "TH", "HH"):
            return (*stem, "S")
        return (*stem, "AH0", "Z") if stem[-1] in ("S", "Z", "SH", "ZH", "CH", "JH") else (*stem, "Z")
    parts = re.findall(r"[a-z]+", word)
    if len(parts) > 1 and all(lookup(part, compat=True) for part in parts):
        return tuple(sound for part in parts for sound in lookup(part, compat=True))
    letters = "".join(parts)
    return _divided(letters) or pronounce(letters)


def _divided(letters: str) -> Phones:
    """A run of letters as the fewest common words ("fifteenvery"); single letters are allowed but dear. ``()`` if it cannot be."""
    words = common_words()
    best: list[tuple[float, Phones] | None] = [(0.0, ())] + [None] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - _LONGEST_PART), end):
            before, part = best[start], letters[start:end]
            known = len(part) == 1 or part in words or part in _SHORT_WORDS
            if before is None or not known:
                continue
            cost = before[0] + (2.5 if len(part) == 1 else 1.0)
            current = best[end]
            if current is None or cost < current[0]:
                best[end] = (cost, before[1] + (lookup(part, compat=True) or pronounce(part)))
    found = best[-1]
    return found[1] if found and found[0] < _DEAREST and found[0] < len(letters) else ()
