"""Mandarin text -> words with their part of speech.

The most probable path through the dictionary words of a text; runs of single characters that the
dictionary does not join are given to a character model that knows how unknown words are built. This is
jieba's method with jieba's tables, and agrees with it word for word and tag for tag: the public models
were trained on its words, and tone sandhi depends on where words end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from math import inf, log
from typing import NamedTuple

import numpy as np

from voxcommons.text.g2p.zh_tables import WordTable, arrays, word_table

_BLOCK = re.compile("([\u4e00-\u9fd5a-zA-Z0-9+#&._]+)")
_HAN = re.compile("([\u4e00-\u9fd5]+)")
_LATIN_OR_NUMBER = re.compile("([.0-9]+|[a-zA-Z0-9]+)")
_NUMBER = re.compile("[.0-9]+")
_LATIN = re.compile("[a-zA-Z0-9]+")
_IMPOSSIBLE = -3.14e100


class Word(NamedTuple):
    """A word and its part of speech in jieba's notation (n noun, v verb, a adjective, ...)."""

    text: str
    tag: str


class TagModel:
    """Hidden Markov model over characters: 256 states, each a place in the word (B E M S) and a tag."""

    def __init__(self, tables: dict[str, np.ndarray]) -> None:
        """``tables``: the arrays of ``mandarin.npz``."""
        states = tables["tag_states"].tobytes().decode().splitlines()
        self._states = [(state[0], state[2:]) for state in states]
        self._start = tables["tag_start"].tolist()
        transition = tables["tag_transition"]
        self._next = [
            {int(t): float(row[t]) for t in np.flatnonzero(row > -inf)} for row in transition
        ]
        self._rows = {int(code): row for row, code in enumerate(tables["tag_chars"])}
        self._first = tables["tag_first"]
        self._state = tables["tag_state"]
        self._emission = tables["tag_emission"]
        self._allowed = tables["tag_allowed"]

    def _of_char(self, char: str) -> tuple[dict[int, float], list[int]]:
        """Log probability of a character per state, and the states it may be in."""
        row = self._rows.get(ord(char))
        if row is None:
            return {}, list(range(len(self._states)))
        cells = slice(self._first[row], self._first[row + 1])
        states = self._state[cells].tolist()
        emission = dict(zip(states, self._emission[cells].tolist(), strict=True))
        allowed = [s for s, ok in zip(states, self._allowed[cells], strict=True) if ok]
        return emission, allowed or list(range(len(self._states)))

    def words(self, text: str) -> Iterator[Word]:
        """Words of a run of Chinese characters."""
        path = [self._states[state] for state in self._best_path(text)]
        begin = done = 0
        for position, (place, tag) in enumerate(path):
            if place == "B":
                begin = position
            elif place in "ES":
                start = begin if place == "E" else position
                yield Word(text[start : position + 1], tag)
                done = position + 1
        if done < len(text):
            yield Word(text[done:], path[done][1])

    def _best_path(self, text: str) -> list[int]:
        emission, allowed = self._of_char(text[0])
        score = {s: self._start[s] + emission.get(s, _IMPOSSIBLE) for s in allowed}
        origins: list[dict[int, int]] = [dict.fromkeys(score, -1)]
        for char in text[1:]:
            sources = [s for s in score if self._next[s]]
            reachable = {t for s in sources for t in self._next[s]}
            emission, allowed = self._of_char(char)
            targets = reachable.intersection(allowed) or reachable or range(len(self._states))
            new_score: dict[int, float] = {}
            origin: dict[int, int] = {}
            for target in targets:
                spoken = emission.get(target, _IMPOSSIBLE)
                new_score[target], origin[target] = max(
                    (score[s] + self._next[s].get(target, -inf) + spoken, s) for s in sources
                )
            score = new_score
            origins.append(origin)
        state = max((value, s) for s, value in score.items())[1]
        path = [state]
        for origin in reversed(origins[1:]):
            state = origin[state]
            path.append(state)
        return path[::-1]


class CutModel:
    """Hidden Markov model over characters with four states only: place in the word, no tag."""

    _SOURCES: tuple[tuple[int, ...], ...] = ((1, 3), (0, 2), (2, 0), (3, 1))  # of B, E, M, S

    def __init__(self, tables: dict[str, np.ndarray]) -> None:
        """``tables``: the arrays of ``mandarin.npz``; states in the order B, E, M, S."""
        self._start = tables["cut_start"].tolist()
        self._transition = tables["cut_transition"].tolist()
        self._rows = {int(code): row for row, code in enumerate(tables["cut_chars"])}
        self._emission = tables["cut_emission"]

    def words(self, text: str) -> Iterator[str]:
        """Words of a run of Chinese characters."""
        begin = done = 0
        for position, place in enumerate(self._best_path(text)):
            if place == 0:
                begin = position
            elif place in (1, 3):
                yield text[begin if place == 1 else position : position + 1]
                done = position + 1
        if done < len(text):
            yield text[done:]

    def _of_char(self, char: str) -> list[float]:
        row = self._rows.get(ord(char))
        return [_IMPOSSIBLE] * 4 if row is None else self._emission[row].tolist()

    def _best_path(self, text: str) -> list[int]:
        emission = self._of_char(text[0])
        score = [self._start[s] + emission[s] for s in range(4)]
        origins: list[list[int]] = []
        for char in text[1:]:
            emission = self._of_char(char)
            best = [
                max((score[s] + self._transition[s][t] + emission[t], s) for s in self._SOURCES[t])
                for t in range(4)
            ]
            score = [value for value, _ in best]
            origins.append([source for _, source in best])
        path = [1 if score[1] > score[3] else 3]
        for origin in reversed(origins):
            path.append(origin[path[-1]])
        return path[::-1]


class Segmenter:
    """Cuts Mandarin text into words."""

    def __init__(self, table: WordTable, tag_model: TagModel, cut_model: CutModel) -> None:
        """``table``: the dictionary; the models: for what the dictionary does not know."""
        self._table = table
        self._tag_model = tag_model
        self._cut_model = cut_model

    def words(self, text: str) -> list[Word]:
        """Words with tags; joined they are the text again."""
        found: list[Word] = []
        for block in _BLOCK.split(text):
            if _BLOCK.match(block):
                found += self._block_words(block)
            else:
                found += [Word(char, "m" if _NUMBER.match(char) else "x") for char in block]
        return found

    def subwords(self, text: str) -> list[str]:
        """Words without tags, each long one preceded by the dictionary words of 2 and 3 characters in it.

        What a search index would list for ``text``; the public sandhi rules split words by it.
        """
        found: list[str] = []
        for block in _BLOCK.split(text):
            words = self._untagged(block) if _BLOCK.match(block) else list(block)
            for word in words:
                for size in (2, 3):
                    if len(word) > size:
                        grams = (word[i : i + size] for i in range(len(word) - size + 1))
                        found += [gram for gram in grams if gram in self._table]
                found.append(word)
        return found

    def _untagged(self, block: str) -> list[str]:
        words: list[str] = []
        singles = ""
        for word in [*self.pieces(block), ""]:
            if len(word) == 1:
                singles += word
                continue
            if len(singles) < 2 or singles in self._table:
                words += singles
            else:
                for part in _HAN.split(singles):
                    if _HAN.match(part):
                        words += self._cut_model.words(part)
                    else:
                        words += filter(None, _LATIN_OR_NUMBER.split(part))
            singles = ""
            words += [word] if word else []
        return words

    def _block_words(self, block: str) -> Iterator[Word]:
        singles = ""
        for word in self.pieces(block):
            if len(word) == 1:
                singles += word
                continue
            yield from self._loose(singles)
            singles = ""
            yield Word(word, self._table.tag(word))
        yield from self._loose(singles)

    def pieces(self, block: str) -> list[str]:
        """The most probable cut of a block into dictionary words and single characters."""
        ends = self._best_ends(block)
        pieces = []
        start = 0
        while start < len(block):
            pieces.append(block[start : ends[start]])
            start = ends[start]
        return pieces

    def _best_ends(self, block: str) -> list[int]:
        """For every position the end of the word that begins there on the best way to the end."""
        length = len(block)
        log_total = log(self._table.total)
        score = [0.0] * (length + 1)
        ends = [0] * length
        for start in range(length - 1, -1, -1):
            known = [(e, r) for e, r in self._table.words.prefixes(block, start) if r >= 0]
            score[start], ends[start] = max(
                (log(self._table.frequency[row] if row >= 0 else 1) - log_total + score[end], end)
                for end, row in known or [(start + 1, -1)]
            )
        return ends

    def _loose(self, singles: str) -> Iterator[Word]:
        """Words of neighbouring characters that the dictionary left single."""
        if len(singles) < 2 or singles in self._table:
            yield from (Word(char, self._table.tag(char)) for char in singles)
            return
        for block in _HAN.split(singles):
            if _HAN.match(block):
                yield from self._tag_model.words(block)
                continue
            for piece in filter(None, _LATIN_OR_NUMBER.split(block)):
                tag = "x"
                if _NUMBER.match(piece):
                    tag = "m"
                elif _LATIN.match(piece):
                    tag = "eng"
                yield Word(piece, tag)


@cache
def segmenter() -> Segmenter:
    """The one segmenter; built at first use (0.1 s)."""
    return Segmenter(word_table(), TagModel(arrays()), CutModel(arrays()))
