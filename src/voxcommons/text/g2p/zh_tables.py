"""The Mandarin tables as they lie in memory: sorted bytes that are searched, not dictionaries.

350,000 words and 47,000 phrase readings as Python dictionaries take about 220 MB, more than the rest of
a speaking process; kept as sorted UTF-8 and found by bisection they take about 15 MB. This file knows
how the arrays of ``data/mandarin.npz`` are laid out, and nothing of segmentation or pronunciation.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from functools import cache
from importlib import resources

import numpy as np


class SortedWords:
    """Words in UTF-8 byte order inside one ``bytes``; a sequence that ``bisect`` can search."""

    def __init__(self, text: bytes) -> None:
        """``text``: the words, each followed by a newline, in byte order."""
        self._text = text
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n")) + 1
        self._starts = array("i", [0])
        self._starts.frombytes(ends.astype(np.intc).tobytes())
        self._first: dict[str, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, row: int) -> bytes:
        return self._text[self._starts[row] : self._starts[row + 1] - 1]

    def rows_of_prefix(self, prefix: str, low: int = 0, high: int | None = None) -> tuple[int, int]:
        """Rows ``[low, high)`` of the words that begin with ``prefix``, within the given rows."""
        high = len(self) if high is None else high
        key = prefix.encode()
        low = bisect_left(self, key, low, high)
        return low, bisect_left(self, key + b"\xff", low, high)

    def rows_of_first(self, char: str) -> tuple[int, int]:
        """Rows of the words that begin with one character; remembered, as every word starts here."""
        rows = self._first.get(char)
        if rows is None:
            rows = self._first[char] = self.rows_of_prefix(char)
        return rows

    def row(self, word: str) -> int:
        """Row of a word, -1 when it is not there."""
        if not word:
            return -1
        low, high = self.rows_of_first(word[0])
        key = word.encode()
        found = bisect_left(self, key, low, high)
        return found if found < high and self[found] == key else -1

    def prefixes(self, text: str, start: int) -> list[tuple[int, int]]:
        """Words that begin at ``text[start]`` and every prefix of a word on the way.

        Returns:
            (end, row) in order of length for as long as ``text[start:end]`` begins some word;
            row is -1 where it is itself no word.
        """
        found = []
        low, high = self.rows_of_first(text[start])
        end = start + 1
        while low < high:
            piece = text[start:end]
            found.append((end, low if self[low] == piece.encode() else -1))
            if end >= len(text):
                break
            end += 1
            low, high = self.rows_of_prefix(text[start:end], low, high)
        return found


class WordTable:
    """Dictionary words with how often they occur and their part of speech."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        """``arrays``: those of ``mandarin.npz``."""
        self.words = SortedWords(arrays["words"].tobytes())
        self.frequency = array("i", arrays["word_frequency"].astype(np.intc).tobytes())
        self._tag = arrays["word_tag"].tobytes()
        self._tags = arrays["tags"].tobytes().decode().split()
        self.total = int(arrays["total"][0])

    def tag(self, word: str) -> str:
        """Part of speech; ``"x"`` when the word is not in the dictionary."""
        row = self.words.row(word)
        return self._tags[self._tag[row]] if row >= 0 else "x"

    def __contains__(self, word: str) -> bool:
        return self.words.row(word) >= 0


class ReadingTable:
    """Pinyin of phrases and characters, syllables written as ``zhang3`` (5 = neutral, v = ü)."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        """``arrays``: those of ``mandarin.npz``."""
        self._syllables = arrays["syllables"].tobytes().decode().split()
        self._phrases = SortedWords(arrays["phrases"].tobytes())
        self._phrase_first = arrays["phrase_first"]
        self._phrase_reading = arrays["phrase_reading"]
        self._chars = array("i", arrays["reading_chars"].astype(np.intc).tobytes())
        self._char_first = arrays["reading_first"]
        self._reading = arrays["reading"]

    def phrase(self, phrase: str) -> tuple[str, ...]:
        """Reading of a phrase, one syllable per character; empty when it is not known."""
        row = self._phrases.row(phrase)
        return self._phrase_at(row) if row >= 0 else ()

    def _phrase_at(self, row: int) -> tuple[str, ...]:
        first, last = self._phrase_first[row], self._phrase_first[row + 1]
        return tuple(self._syllables[i] for i in self._phrase_reading[first:last])

    def longest_phrase(self, text: str, start: int) -> tuple[str, ...]:
        """Reading of the longest known phrase that begins at ``text[start]``; empty if none."""
        rows = [row for _, row in self._phrases.prefixes(text, start) if row >= 0]
        return self._phrase_at(rows[-1]) if rows else ()

    def of(self, text: str) -> list[tuple[str, ...]]:
        """Reading per character: the longest known phrases from left to right, else characters.

        Returns:
            For each character its readings, the chosen one first; empty where none is known.
        """
        found: list[tuple[str, ...]] = []
        while len(found) < len(text):
            reading = self.longest_phrase(text, len(found))
            if reading:
                found += [(syllable,) for syllable in reading]
            else:
                found.append(self.char(text[len(found)]))
        return found

    def char(self, char: str) -> tuple[str, ...]:
        """All readings of a character, the usual one first; empty when it has none."""
        row = bisect_left(self._chars, ord(char))
        if row >= len(self._chars) or self._chars[row] != ord(char):
            return ()
        first, last = self._char_first[row], self._char_first[row + 1]
        return tuple(self._syllables[i] for i in self._reading[first:last])


@cache
def arrays() -> dict[str, np.ndarray]:
    """The arrays of ``mandarin.npz``; read once, then kept (6 MB)."""
    source = resources.files("voxcommons.text") / "data" / "mandarin.npz"
    with source.open("rb") as stream, np.load(stream) as archive:
        return {name: archive[name] for name in archive.files}


@cache
def word_table() -> WordTable:
    """The words; built at first use."""
    return WordTable(arrays())


@cache
def reading_table() -> ReadingTable:
    """The readings; built at first use."""
    return ReadingTable(arrays())
