"""Readings of Mandarin characters by their context: what the network g2pW is asked, and what its answers mean.

Source: Chen et al., "g2pW: A Conditional Weighted Softmax BERT for Polyphone Disambiguation in Mandarin" (INTERSPEECH 2022,
arXiv 2203.10430). Running the network is somebody else's matter: it comes in as a function from arrays to arrays, so that this room
needs no runtime and reads no set.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voxcommons.base.errors import CorruptFileError
from voxcommons.text.g2p.zh_pinyin import is_syllable
from voxcommons.text.g2p.zh_tables import reading_table

if TYPE_CHECKING:
    from opencc import OpenCC

Network = Callable[[Mapping[str, NDArray[np.generic]]], NDArray[np.float32]]
"""Arrays by the name of the input -> probabilities [rows, labels]."""

INPUTS = ("input_ids", "token_type_ids", "attention_mask", "phoneme_mask", "char_ids", "position_ids")

# What the public programs never ask the network about, and whose one reading in its tables they do not take: 一 and 不 change with the
# next tone by rule; of the others their authors found the dictionary better. In the forms the network knows, mostly traditional.
_NOT_ASKED = frozenset("一不和咋嗲剖差攢倒難奔勁拗肖瘙誒泊听噢")
_NOT_SINGLE = frozenset("似攢")
_START, _END, _UNKNOWN, _PADDING = "[CLS]", "[SEP]", "[UNK]", "[PAD]"
_LONGEST_TOKENS = 510  # what the network reaches, start and end aside
_MOST_LABELS = 20_000  # the published tables have some 1300
_MOST_TOKENS_AT_ONCE = 4096  # rows times length of one run: bounds memory, whatever the text


@dataclass(frozen=True)
class G2pwTables:
    """What the numbers of the network stand for.

    Attributes:
        candidates: character -> labels it can have, as rows of `syllables`.
        syllables: per label the pinyin, empty where it cannot be spoken with the symbol table.
        singles: character -> pinyin, for those with one reading.
        masked: the network is told which labels a character can have; else all count.
        window: characters of context the network was trained with, half on each side.
    """

    candidates: Mapping[str, tuple[int, ...]]
    syllables: tuple[str, ...]
    singles: Mapping[str, str]
    masked: bool = True
    window: int = 32

    @classmethod
    def read(
        cls,
        polyphonic: str,
        monophonic: str,
        bopomofo: Mapping[str, str],
        *,
        label_has_character: bool = False,
        masked: bool = True,
        window: int = 32,
    ) -> G2pwTables:
        """Make the tables out of the files that come with the network.

        Args:
            polyphonic: lines of character TAB reading, a line per reading.
            monophonic: the same with one reading per character; may be empty.
            bopomofo: a syllable without its tone -> pinyin; readings in pinyin need none.
            label_has_character: a label of the network is character and reading; else the reading alone.
            masked: as the attribute.
            window: as the attribute.

        Raises:
            CorruptFileError: a line is none, there are too many labels, or no reading at all can be spoken.
        """
        pairs = _pairs(polyphonic, "polyphonic_chars.txt")
        names = [f"{char} {reading}" if label_has_character else reading for char, reading in pairs]
        rows = {name: row for row, name in enumerate(sorted(set(names)))}
        if len(rows) > _MOST_LABELS:
            raise CorruptFileError("the table of readings is damaged", expected=f"at most {_MOST_LABELS} labels", found=f"{len(rows)}")
        candidates: dict[str, list[int]] = {}
        syllables = [""] * len(rows)
        for (char, reading), name in zip(pairs, names, strict=True):
            candidates.setdefault(char, []).append(rows[name])
            syllables[rows[name]] = _pinyin(reading, bopomofo)
        if not any(syllables):
            raise CorruptFileError("the table of readings is damaged", expected="readings that are Mandarin syllables", found="none")
        single = {char: _pinyin(reading, bopomofo) for char, reading in _pairs(monophonic, "monophonic_chars.txt")}
        return cls({char: tuple(found) for char, found in candidates.items()}, tuple(syllables), single, masked, window)


def _pairs(text: str, name: str) -> list[tuple[str, str]]:
    pairs = []
    for number, line in enumerate(text.splitlines(), 1):
        char, tab, reading = line.strip().partition("\t")
        if line.strip() and (len(char) != 1 or not tab or len(reading) < 2):
            raise CorruptFileError("the table of readings is damaged", expected="character TAB reading", found=f"{name}, line {number}")
        pairs += [(char, reading)] if line.strip() else []
    return pairs


def _pinyin(reading: str, bopomofo: Mapping[str, str]) -> str:
    """``"ㄏㄤ2"`` or ``"hang2"`` as ``"hang2"``; empty when the symbol table does not know it."""
    base, tone = reading[:-1], reading[-1]
    plain = base if base.isascii() else bopomofo.get(base, "")
    plain = plain.replace("u:", "v").replace("ü", "v")
    syllable = ("er" if plain == "r" else plain) + tone
    return syllable if is_syllable(syllable) else ""


class G2pw:
    """Asks the network about every character of a clause that has several readings.

    Args:
        network: runs it.
        tables: what its numbers stand for.
        vocabulary: token -> row, of the language model it was trained from (Chinese BERT and RoBERTa share it).

    Raises:
        CorruptFileError: the vocabulary lacks the tokens of start, end and the unknown.
    """

    name = "g2pw"

    def __init__(self, network: Network, tables: G2pwTables, vocabulary: Mapping[str, int]) -> None:
        missing = [token for token in (_START, _END, _UNKNOWN) if token not in vocabulary]
        if missing:
            raise CorruptFileError("the vocabulary is damaged", expected="tokens of start, end and the unknown", found=f"no {missing[0]}")
        self._network, self._tables, self._vocabulary = network, tables, vocabulary
        self._rows = {char: row for row, char in enumerate(sorted(tables.candidates))}
        self._asked = self._rows.keys() - _NOT_ASKED
        self._singles = {char: reading for char, reading in tables.singles.items() if char not in _NOT_SINGLE}

    def in_context(self, clause: str, places: Collection[int] | None = None) -> list[str]:
        """The network's readings of a clause, each character with the context the network was trained with.

        Args:
            clause: Han characters and marks.
            places: which of them matter; the network is only asked about these. By default all.

        Returns:
            Pinyin per character; empty where the network does not decide.

        Raises:
            CorruptFileError: the network does not fit its tables.
        """
        half = max(1, self._tables.window // 2)
        text = self._traditional(clause)
        found = self._read(text, places, lambda at, length: (max(0, at - half), min(length, at + half)))
        return [reading or self._by_form(char, form) for reading, char, form in zip(found, clause, text, strict=True)]

    def _by_form(self, char: str, form: str) -> str:
        """The reading of a character whose traditional form has only one: 背 is 揹 where something is carried."""
        reading = self._singles.get(form, "") if form != char else ""
        return reading if reading in reading_table().char(char) else ""

    def as_public(self, clause: str, places: Collection[int] | None = None) -> list[str]:
        """The same as the public program has it: the whole clause is the context, and characters with one reading have its table's.

        As `in_context`.
        """
        text = self._traditional(clause)
        found = self._read(text, places, _public_context)
        return [
            reading if char in self._asked else self._singles.get(char, "") for char, reading in zip(text, found, strict=True)
        ]

    @cached_property
    def _converter(self) -> OpenCC:
        from opencc import OpenCC

        return OpenCC("s2tw")

    def _traditional(self, clause: str) -> str:
        """The clause in the characters the network learned, position by position."""
        converted: str = self._converter.convert(clause)
        if len(converted) == len(clause):
            return converted
        singly = (self._converter.convert(char) for char in clause)
        return "".join(new if len(new) == 1 else old for new, old in zip(singly, clause, strict=True))

    def _read(self, text: str, places: Collection[int] | None, context: Callable[[int, int], tuple[int, int]]) -> list[str]:
        readings = [""] * len(text)
        matter = range(len(text)) if places is None else sorted(places)
        asked = [(at, *context(at, len(text))) for at in matter if text[at] in self._asked]
        longest = max((end - start for _, start, end in asked), default=0) + 2
        at_once = max(1, _MOST_TOKENS_AT_ONCE // longest)
        for first in range(0, len(asked), at_once):
            some = asked[first : first + at_once]
            for (at, _, _), syllable in zip(some, self._answers(text, some), strict=True):
                readings[at] = syllable
        return readings

    def _answers(self, text: str, asked: Sequence[tuple[int, int, int]]) -> list[str]:
        """Pinyin for characters of a text, one row of the network each.

        Args:
            text: traditional characters.
            asked: (position, begin of its context, end of its context).
        """
        inputs = self._inputs(text, asked)
        found = self._network(inputs)
        labels = len(self._tables.syllables)
        if found.shape != (len(asked), labels) or not np.isfinite(found).all():
            raise CorruptFileError(
                "the readings network does not fit its tables", expected=f"probabilities of {labels} labels",
                found=f"an answer of shape {list(found.shape)}", do="run: vox models pull g2pw --replace",
            )  # fmt: skip
        best = np.where(inputs["phoneme_mask"] == 1, found, -1).argmax(1)
        return [self._tables.syllables[row] for row in best.tolist()]

    def _inputs(self, text: str, asked: Sequence[tuple[int, int, int]]) -> dict[str, NDArray[np.generic]]:
        rows, length = len(asked), max(end - start for _, start, end in asked) + 2
        ids = np.full((rows, length), self._vocabulary.get(_PADDING, 0), np.int64)  # [rows, tokens]
        attention = np.zeros((rows, length), np.int64)
        mask = np.full((rows, len(self._tables.syllables)), 0.0 if self._tables.masked else 1.0, np.float32)
        for row, (at, start, end) in enumerate(asked):
            tokens = [self._vocabulary[_START], *map(self._token, text[start:end]), self._vocabulary[_END]]
            ids[row, : len(tokens)] = tokens
            attention[row, : len(tokens)] = 1
            mask[row, list(self._tables.candidates[text[at]])] = 1
        return {
            "input_ids": ids,
            "token_type_ids": np.zeros_like(ids),
            "attention_mask": attention,
            "phoneme_mask": mask,
            "char_ids": np.array([self._rows[text[at]] for at, _, _ in asked], np.int64),
            "position_ids": np.array([at - start + 1 for at, start, _ in asked], np.int64),  # behind the token of the start
        }

    def _token(self, character: str) -> int:
        """One token per character: a clause holds no words of letters, which would be cut otherwise."""
        return self._vocabulary.get(character.lower(), self._vocabulary[_UNKNOWN])


def _public_context(at: int, length: int) -> tuple[int, int]:
    """The whole clause; of one that is longer than the network reaches, what stands around the character."""
    start = max(0, min(at - _LONGEST_TOKENS // 2, length - _LONGEST_TOKENS))
    return start, min(length, start + _LONGEST_TOKENS)
