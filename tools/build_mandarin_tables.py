"""Build ``text/data/mandarin.npz``: the word, tag and reading tables the Mandarin reader searches.

The tables are facts taken from jieba 0.42.1 and pypinyin 0.55.0 (both MIT). Loading those packages costs
about 220 MB of memory in Python dictionaries; the same facts as sorted bytes cost about 15 MB and are
searched by bisection, so neither package is needed to run. Run this once after either is updated:

    pip install jieba==0.42.1 pypinyin==0.55.0 && python tools/build_mandarin_tables.py
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

TARGET = Path(__file__).parents[1] / "src/voxcommons/text/data/mandarin.npz"
HMM_STATES = "BEMS"  # sorted, as ties between states are broken by their order


def _bytes(lines: list[str]) -> np.ndarray:
    return np.frombuffer("\n".join(lines).encode() + b"\n", np.uint8)


def words() -> dict[str, np.ndarray]:
    """Dictionary words in byte order with frequency and tag; the total counts repeated lines too."""
    jieba = import_module("jieba")
    table: dict[str, tuple[int, str]] = {}
    total = 0
    for line in (Path(jieba.__path__[0]) / "dict.txt").read_text(encoding="utf-8").splitlines():
        word, frequency, tag = line.split(" ")
        table[word] = (int(frequency), tag)
        total += int(frequency)
    ordered = sorted(table, key=str.encode)
    tags = sorted({tag for _, tag in table.values()})
    return {
        "words": _bytes(ordered),
        "word_frequency": np.array([table[w][0] for w in ordered], np.int32),
        "word_tag": np.array([tags.index(table[w][1]) for w in ordered], np.uint8),
        "tags": _bytes(tags),
        "total": np.array([total], np.int64),
    }


def tag_model() -> dict[str, np.ndarray]:
    """The character model that finds unknown words and their tags: 256 states (place in word, tag)."""
    start = import_module("jieba.posseg.prob_start").P
    trans = import_module("jieba.posseg.prob_trans").P
    emit = import_module("jieba.posseg.prob_emit").P
    allowed = import_module("jieba.posseg.char_state_tab").P
    states = sorted(start)
    row = {state: i for i, state in enumerate(states)}
    transition = np.full((len(states), len(states)), -np.inf)
    for source, targets in trans.items():
        for target, value in targets.items():
            transition[row[source], row[target]] = value
    by_char: dict[str, dict[int, float]] = {}
    for state, values in emit.items():
        for char, value in values.items():
            by_char.setdefault(char, {})[row[state]] = value
    for char, char_states in allowed.items():
        for state in char_states:
            by_char.setdefault(char, {}).setdefault(row[state], -3.14e100)
    chars = sorted(by_char)
    cells = [(c, s) for c in chars for s in sorted(by_char[c])]
    return {
        "tag_states": _bytes([f"{place} {tag}" for place, tag in states]),
        "tag_start": np.array([start[s] for s in states]),
        "tag_transition": transition,
        "tag_chars": np.array([ord(c) for c in chars], np.int32),
        "tag_first": np.cumsum([0] + [len(by_char[c]) for c in chars]).astype(np.int32),
        "tag_state": np.array([s for _, s in cells], np.uint8),
        "tag_emission": np.array([by_char[c][s] for c, s in cells]),
        "tag_allowed": np.array([states[s] in allowed.get(c, ()) for c, s in cells]),
    }


def word_model() -> dict[str, np.ndarray]:
    """The smaller character model of four states that finds unknown words without tags."""
    start = import_module("jieba.finalseg.prob_start").P
    trans = import_module("jieba.finalseg.prob_trans").P
    emit = import_module("jieba.finalseg.prob_emit").P
    chars = sorted({char for state in HMM_STATES for char in emit[state]})
    missing = -3.14e100
    return {
        "cut_start": np.array([start[s] for s in HMM_STATES]),
        "cut_transition": np.array(
            [[trans[a].get(b, missing) for b in HMM_STATES] for a in HMM_STATES]
        ),
        "cut_chars": np.array([ord(c) for c in chars], np.int32),
        "cut_emission": np.array([[emit[s].get(c, missing) for s in HMM_STATES] for c in chars]),
    }


def readings() -> dict[str, np.ndarray]:
    """Readings of phrases (first choice per character) and all readings of single characters."""
    constants: Any = import_module("pypinyin.constants")
    pypinyin: Any = import_module("pypinyin")
    style = {"style": pypinyin.Style.TONE3, "neutral_tone_with_five": True}
    phrases = sorted(constants.PHRASES_DICT, key=str.encode)
    phrase_readings = [pypinyin.lazy_pinyin(phrase, **style) for phrase in phrases]
    chars = sorted(chr(code) for code in constants.PINYIN_DICT)
    char_readings = [
        pypinyin.pinyin(char, heteronym=True, **style)[0] for char in chars
    ]
    syllables = sorted({s for r in phrase_readings + char_readings for s in r})
    number = {syllable: i for i, syllable in enumerate(syllables)}
    return {
        "syllables": _bytes(syllables),
        "phrases": _bytes(phrases),
        "phrase_first": np.cumsum([0] + [len(r) for r in phrase_readings]).astype(np.int32),
        "phrase_reading": np.array([number[s] for r in phrase_readings for s in r], np.uint16),
        "reading_chars": np.array([ord(c) for c in chars], np.int32),
        "reading_first": np.cumsum([0] + [len(r) for r in char_readings]).astype(np.int32),
        "reading": np.array([number[s] for r in char_readings for s in r], np.uint16),
    }


if __name__ == "__main__":
    np.savez_compressed(TARGET, **words(), **tag_model(), **word_model(), **readings())
