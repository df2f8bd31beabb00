"""Spoken Cantonese text as the public program writes it: its Mandarin normaliser with another table of signs (``compat=True``)."""

from __future__ import annotations

import re

from voxcommons.text.normalise.zh_characters import joined
from voxcommons.text.normalise.zh_public import sentences
from voxcommons.text.traced import TracedText

_TO_PUNCTUATION = {
    "：": ",", "；": ",", "，": ",", "。": ".", "！": "!", "？": "?", "\n": ".", "·": ",", "、": ",", "...": "…", "$": ".",
    "—": "-", "～": "-", "~": "-",
}  # fmt: skip
_PUNCTUATION = re.compile("|".join(map(re.escape, _TO_PUNCTUATION)))
_UNREADABLE = re.compile("[^\u4e00-\u9fa5!?…,.-]+")


def normalise(text: TracedText) -> TracedText:
    """Chinese characters and ``!?…,.-`` only; all else is deleted."""
    said = joined(sentences(text))
    return said.sub(_PUNCTUATION, lambda m: _TO_PUNCTUATION[m[0]]).sub(_UNREADABLE, "")
