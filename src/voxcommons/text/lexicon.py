"""How users say "read it like this": a lexicon of words and overrides inside the text.

A lexicon maps a word to ARPAbet phones (``GIF`` -> ``JH IH1 F``) or to pinyin (``行长`` ->
``hang2 zhang3``); which of the two it is shows in the reading itself. An override stands in the text
behind the word it means: ``live{L AY1 V}``, ``长{zhang3}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voxcommons.base.errors import InputError
from voxcommons.text.phonemes import TextWarning

_VOWELS = "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split()
_CONSONANTS = "B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split()
ARPABET: frozenset[str] = frozenset([f"{vowel}{stress}" for vowel in _VOWELS for stress in "012"] + _CONSONANTS)
_PINYIN = re.compile(r"[a-zü]{1,6}[1-5]")
_OVERRIDE = re.compile(r"\{([^{}\n]{0,200})\}")
_ENGLISH_WORD_BEHIND = re.compile(r"[A-Za-z0-9\u00c0-\u024f](?:[A-Za-z0-9\u00c0-\u024f]|['’.&+#-])*\Z")


@dataclass(frozen=True, slots=True)
class Override:
    """Characters ``[start, end)`` of a text are read as ``reading`` (phones or pinyin syllables)."""

    start: int
    end: int
    reading: tuple[str, ...]
    language: str

    def moved(self, offset: int) -> Override:
        """The same override counted from another start."""
        return Override(self.start + offset, self.end + offset, self.reading, self.language)


def parse_reading(reading: str) -> tuple[tuple[str, ...], str]:
    """Split a written reading and tell its language.

    Returns:
        (phones or pinyin syllables, ``"en"`` or ``"zh"``); ``((), "")`` when it is neither.
        A pinyin reading has one syllable with its tone number (5 = neutral) per character.
    """
    parts = reading.split()
    if parts and all(_PINYIN.fullmatch(part) for part in parts):
        return tuple(part.replace("ü", "v") for part in parts), "zh"
    upper = [part.upper() for part in parts]
    if parts and all(part in ARPABET for part in upper):
        return tuple(upper), "en"
    return (), ""


@dataclass(frozen=True)
class Lexicon:
    """Readings a user gave. English words match without regard to case, Mandarin exactly.

    Attributes:
        english: lower-case word -> ARPAbet phones.
        mandarin: word -> pinyin syllables with tone numbers, one per character.
    """

    english: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mandarin: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[tuple[str, str]], *, source: str = "lexicon") -> Lexicon:
        """Build from (word, reading) pairs.

        Raises:
            InputError: naming every entry that is not understood.
        """
        english: dict[str, tuple[str, ...]] = {}
        mandarin: dict[str, tuple[str, ...]] = {}
        faults: list[str] = []
        for number, (word, reading) in enumerate(entries, 1):
            parts, language = parse_reading(reading)
            if language == "en" and word.strip():
                english[word.strip().lower()] = parts
            elif language == "zh" and len(word.strip()) == len(parts):
                mandarin[word.strip()] = parts
            else:
                faults.append(f"entry {number} {word!r} -> {reading!r}")
        if faults:
            raise InputError(
                f"{source} has entries that cannot be used",
                expected="ARPAbet phones (L AY1 V) or one pinyin syllable per character (zhang3)",
                found="; ".join(faults[:10]) + ("; ..." if len(faults) > 10 else ""),
                do="correct these entries",
            )
        return cls(english, mandarin)

    @classmethod
    def from_file(cls, path: Path) -> Lexicon:
        """Read a ``.json`` object (word: reading) or a text file of ``word TAB reading`` lines.

        Empty lines and lines that begin with ``#`` are skipped.

        Raises:
            InputError: the file is missing, not UTF-8, or holds entries that cannot be used.
        """
        try:
            content = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("cannot read the lexicon", expected="a UTF-8 file", found=f"{path}: {error}") from error
        if path.suffix.lower() == ".json":
            return cls.of(_json_entries(content, path), source=str(path))
        lines = [line for line in content.splitlines() if line.strip() and line[0] != "#"]
        pairs = [line.partition("\t") for line in lines]
        return cls.of(((word, reading) for word, _, reading in pairs), source=str(path))

    def merged(self, other: Lexicon | None) -> Lexicon:
        """Both lexicons; where they disagree ``other`` (the voice's own) wins."""
        if other is None:
            return self
        return Lexicon({**self.english, **other.english}, {**self.mandarin, **other.mandarin})


def _json_entries(content: str, path: Path) -> list[tuple[str, str]]:
    try:
        entries = json.loads(content)
    except ValueError as error:
        raise InputError("the lexicon is not JSON", found=f"{path}: {error}") from error
    if not isinstance(entries, dict) or not all(isinstance(v, str) for v in entries.values()):
        raise InputError("the lexicon has the wrong form", expected='{"word": "reading", ...}', found=str(path))
    return list(entries.items())


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text without its ``{...}`` overrides.

    Attributes:
        text: what remains to be read.
        positions: for every character of ``text`` its index in the text that was given.
        overrides: positions count in ``text``.
        warnings: positions count in the text that was given.
    """

    text: str
    positions: tuple[int, ...]
    overrides: tuple[Override, ...]
    warnings: tuple[TextWarning, ...]


def parse_overrides(given: str) -> Parsed:
    """Take the inline overrides out of a text.

    An override that is not understood is left where it is and warned about.
    """
    pieces: list[str] = []
    positions: list[int] = []
    overrides: list[Override] = []
    warnings: list[TextWarning] = []
    done = length = 0
    for match in _OVERRIDE.finditer(given):
        begin, end = match.span()
        reading, language = parse_reading(match.group(1))
        covered = _covered(given[max(done, begin - 64) : begin], reading, language)
        if not covered:
            warnings.append(
                TextWarning(
                    "bad_override",
                    f"{match.group()} is not understood here: write ARPAbet phones behind a word or one pinyin syllable per character",
                    begin,
                    end,
                )
            )
            continue
        pieces.append(given[done:begin])
        positions += range(done, begin)
        length += begin - done
        overrides.append(Override(length - covered, length, reading, language))
        done = end
    pieces.append(given[done:])
    positions += range(done, len(given))
    return Parsed("".join(pieces), tuple(positions), tuple(overrides), tuple(warnings))


def _covered(before: str, reading: tuple[str, ...], language: str) -> int:
    """How many characters in front of the brace the reading is for; 0 if it fits none."""
    if language == "zh":
        word = before[-len(reading) :]
        fits = len(word) == len(reading) and all("\u3400" <= c <= "\u9fff" for c in word)
        return len(reading) if fits else 0
    if language == "en":
        found = _ENGLISH_WORD_BEHIND.search(before)
        return len(found.group()) if found else 0
    return 0
