"""How users say "read it like this": a lexicon of words and overrides inside the text.

A lexicon maps a word to ARPAbet phones (``GIF`` -> ``JH IH1 F``), pinyin (``行长`` -> ``hang2 zhang3``), jyutping, kana or Hangul;
which of them it is shows in the reading itself or is said in front of it (``yue:hang4``). An override stands in the text
behind the word it means: ``live{L AY1 V}``, ``长{zhang3}``, ``橋{は'し}``; a bar says where a word begins: ``｜食べ物{たべもの}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voxcommons.base.errors import InputError
from voxcommons.text.phonemes import TextWarning
from voxcommons.text.readings import ARPABET, PHONES, parse_reading

__all__ = ["ARPABET", "AS_PHONES", "Lexicon", "Override", "Parsed", "parse_overrides", "parse_reading"]

AS_PHONES = "="
"""Language of an override whose reading is phones of the symbol table, spoken as they are in whatever language they stand."""

_OVERRIDE = re.compile(r"\{([^{}\n]{0,200})\}")
_HAN = "\u3005\u3007\u3400-\u9fff\uf900-\ufaff"
_WORD_BEHIND = {
    "en": re.compile(r"[A-Za-z0-9\u00c0-\u024f](?:[A-Za-z0-9\u00c0-\u024f]|['’.&+#-])*\Z"),
    "ja": re.compile(rf"(?:[{_HAN}]+|[\u30a1-\u30fa\u30fc]+|[\u3041-\u309f]+|[A-Za-z0-9]+)\Z"),
    "ko": re.compile(r"(?:[\uac00-\ud7a3]+|[A-Za-z0-9]+)\Z"),
    "yue": re.compile(rf"[{_HAN}]\Z"),
}
_BARRED_WORD = re.compile(r"[|｜]([^|｜\n]+)\Z")
_HOW = "write phones behind an English word, pinyin or jyutping behind Han characters, kana or Hangul behind Japanese or Korean"


@dataclass(frozen=True, slots=True)
class Override:
    """Characters ``[start, end)`` of a text are read as ``reading`` (see :func:`voxcommons.text.readings.parse_reading`)."""

    start: int
    end: int
    reading: tuple[str, ...]
    language: str

    def moved(self, offset: int) -> Override:
        """The same override counted from another start."""
        return Override(self.start + offset, self.end + offset, self.reading, self.language)


@dataclass(frozen=True)
class Lexicon:
    """Readings a user gave. English words match without regard to case, Mandarin exactly.

    Attributes:
        english: lower-case word -> ARPAbet phones.
        mandarin: word -> pinyin syllables with tone numbers, one per character.
        japanese: word -> katakana with its accent sign.
        korean: word -> Hangul spelled as it sounds.
        cantonese: word -> jyutping syllables, one per character.
    """

    english: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mandarin: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    japanese: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    korean: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cantonese: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[tuple[str, str]], *, source: str = "lexicon") -> Lexicon:
        """Build from (word, reading) pairs.

        Raises:
            InputError: naming every entry that is not understood.
        """
        found: dict[str, dict[str, tuple[str, ...]]] = {language: {} for language in ("en", "zh", "ja", "ko", "yue")}
        faults: list[str] = []
        for number, (given, reading) in enumerate(entries, 1):
            parts, language = parse_reading(reading)
            word = given.strip().lower() if language == "en" else given.strip()
            if word and language and _fits(word, parts, language):
                found[language][word] = parts
            else:
                faults.append(f"entry {number} {given!r} -> {reading!r}")
        if faults:
            raise InputError(
                f"{source} has entries that cannot be used",
                expected="ARPAbet phones (L AY1 V), one pinyin or jyutping syllable per character (zhang3, yue:hang4), kana (は'し)"
                " or Hangul",
                found="; ".join(faults[:10]) + ("; ..." if len(faults) > 10 else ""),
                do="correct these entries",
            )
        return cls(*found.values())

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
        return Lexicon(
            {**self.english, **other.english},
            {**self.mandarin, **other.mandarin},
            {**self.japanese, **other.japanese},
            {**self.korean, **other.korean},
            {**self.cantonese, **other.cantonese},
        )


def _fits(word: str, reading: tuple[str, ...], language: str) -> bool:
    return language not in ("zh", "yue") or reading[0] == PHONES or len(word) == len(reading)


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


def parse_overrides(given: str, spoken: str = "") -> Parsed:
    """Take the inline overrides out of a text.

    An override that is not understood is left where it is and warned about.

    Args:
        given: the text.
        spoken: the mode it is read with; it decides between pinyin and jyutping.
    """
    pieces: list[str] = []
    positions: list[int] = []
    overrides: list[Override] = []
    warnings: list[TextWarning] = []
    done = length = 0
    for match in _OVERRIDE.finditer(given):
        begin, end = match.span()
        reading, language = parse_reading(match.group(1), spoken)
        covered, bar = _covered(given[max(done, begin - 64) : begin], reading, language)
        if not covered:
            warnings.append(TextWarning("bad_override", f"{match.group()} is not understood here: {_HOW}", begin, end))
            continue
        first = begin - covered
        pieces += given[done : first - bar], given[first:begin]
        positions += (*range(done, first - bar), *range(first, begin))
        length += begin - done - bar
        overrides.append(Override(length - covered, length, reading, language))
        done = end
    pieces.append(given[done:])
    positions += range(done, len(given))
    return Parsed("".join(pieces), tuple(positions), tuple(overrides), tuple(warnings))


def _covered(before: str, reading: tuple[str, ...], language: str) -> tuple[int, int]:
    """How many characters in front of the brace the reading is for, 0 if it fits none; and whether a bar stands before them."""
    barred = _BARRED_WORD.search(before)
    if barred and language in ("ja", "ko", "yue"):
        return len(barred[1]), 1
    if language in ("zh", "yue") and reading[0] != PHONES:
        word = before[-len(reading) :]
        fits = len(word) == len(reading) and all("\u3400" <= c <= "\u9fff" for c in word)
        return (len(reading) if fits else 0), 0
    found = _WORD_BEHIND[language].search(before) if language in _WORD_BEHIND else None
    return (len(found.group()) if found else 0), 0
