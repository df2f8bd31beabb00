"""Words that a normaliser would not keep (Latin letters, figures) stand in the text as the user spelled them.

Shared by Japanese and Korean, whose readings are written in their own letters; the reading itself is applied afterwards like any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from voxcommons.text.lexicon import Override
from voxcommons.text.readings import PHONES
from voxcommons.text.traced import TracedText

_FOREIGN = re.compile(r"[A-Za-z0-9]")
_SIGNS = re.compile("['= ]")
_FILLER = {"ja": "ア", "ko": "아"}


def respelled(text: str, overrides: Sequence[Override], language: str) -> TracedText:
    """The run with every overridden word of Latin letters or figures replaced by its reading."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for override in sorted(overrides, key=lambda override: override.start):
        start, end = override.start, override.end
        if override.language != language or start < done or not _FOREIGN.search(text[start:end]):
            continue
        spelled = _FILLER[language] if override.reading[0] == PHONES else _SIGNS.sub("", override.reading[0])
        pieces += text[done:start], spelled
        starts += (*range(done, start), *[start] * len(spelled))
        ends += (*range(done + 1, start + 1), *[end] * len(spelled))
        done = end
    pieces.append(text[done:])
    return TracedText("".join(pieces), (*starts, *range(done, len(text))), (*ends, *range(done + 1, len(text) + 1)))
