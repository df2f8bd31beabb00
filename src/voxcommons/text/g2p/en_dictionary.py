"""The CMU pronouncing dictionary, plus the few words this project adds or corrects.

The dictionary (126,000 words, BSD licence beside it) is stored compressed and read once on first
use. Additions live in ``data/en_words.tsv`` so that anyone can extend them without touching code.
"""

from __future__ import annotations

import lzma
from functools import cache
from importlib import resources

LETTERS: dict[str, str] = {
    "a": "EY1",
    "b": "B IY1",
    "c": "S IY1",
    "d": "D IY1",
    "e": "IY1",
    "f": "EH1 F",
    "g": "JH IY1",
    "h": "EY1 CH",
    "i": "AY1",
    "j": "JH EY1",
    "k": "K EY1",
    "l": "EH1 L",
    "m": "EH1 M",
    "n": "EH1 N",
    "o": "OW1",
    "p": "P IY1",
    "q": "K Y UW1",
    "r": "AA1 R",
    "s": "EH1 S",
    "t": "T IY1",
    "u": "Y UW1",
    "v": "V IY1",
    "w": "D AH1 B AH0 L Y UW0",
    "x": "EH1 K S",
    "y": "W AY1",
    "z": "Z IY1",
}


def _data(name: str) -> bytes:
    return (resources.files("voxcommons.text") / "data" / name).read_bytes()


@cache
def _lines() -> bytes:
    """The dictionary as it is written, a line per pronunciation, between line ends; a table of it would take ten times as much memory."""
    return b"\n" + lzma.decompress(_data("cmudict.dict.xz")).strip(b"\n") + b"\n"


@cache
def _part(first: bytes) -> bytes:
    """The lines whose words begin with a byte; they stand together."""
    lines = _lines()
    start = lines.find(b"\n" + first)
    return lines[start : lines.index(b"\n", lines.rfind(b"\n" + first) + 1) + 1] if start >= 0 else b""


def pronunciations(word: str) -> tuple[str, ...]:
    """The ways a lower-case word is said, as phones joined by spaces, most usual first; ``()`` if it is not in the dictionary."""
    if not word or "(" in word:  # the second way of saying "a" is the line of "a(2)"
        return ()
    key, found = word.encode("utf-8", "replace"), []
    lines = _part(key[:1])
    start = lines.find(b"\n%b " % key)
    while start >= 0:
        stop = lines.index(b"\n", start + 1)
        found.append(lines[start + 1 : stop].decode("utf-8").partition(" ")[2])
        start = stop if lines.startswith(b"%b(" % key, stop + 1) else -1
    return tuple(found)


def dictionary() -> dict[str, tuple[str, ...]]:
    """Every word with its pronunciations, for who needs them all."""
    words: dict[str, tuple[str, ...]] = {}
    for line in _lines().decode("utf-8").splitlines()[1:]:
        word, _, phones = line.partition(" ")
        word = word[: word.rindex("(")] if word.endswith(")") else word
        words[word] = (*words.get(word, ()), phones)
    return words


@cache
def additions(file: str = "en_words.tsv") -> dict[str, str]:
    """Words newer than the dictionary, or read differently today, by name of their table in ``data/``."""
    added: dict[str, str] = {}
    for line in _data(file).decode("utf-8").splitlines():
        if line and not line.startswith("#"):
            word, _, phones = line.partition("\t")
            added[word] = phones
    return added


def lookup(word: str, *, compat: bool = False) -> tuple[str, ...]:
    """Phones of a lower-case word, ``()`` if it is not known.

    Args:
        word: lower case, apostrophes allowed.
        compat: without our additions, but as the public program's edition of the dictionary has it where that is known.
    """
    added = additions("en_public_words.tsv" if compat else "en_words.tsv").get(word)
    if added:
        return tuple(added.split())
    found = pronunciations(word)
    return tuple(found[0].split()) if found else ()
