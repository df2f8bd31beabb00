"""Sentences that were spoken a moment ago, so that a retake or a download costs only what is new.

A memory and no store: what is forgotten is spoken again under its seed and is the same. Used from the desk's thread alone. What lies
here has not left the program; it leaves through the door of `trust.release` like any other sound.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from voxcommons.synth.chunks import AudioChunk

MOST_BYTES: Final = 64 << 20

_Key = tuple[str, int, int]


class KeptSentences:
    """Finished sentences, the one unused for longest goes first.

    Args:
        most_bytes: of samples.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._bytes = most_bytes, 0
        self._kept: OrderedDict[_Key, tuple[AudioChunk, ...]] = OrderedDict()

    def of(self, facts: Mapping[str, Any]) -> Scope:
        """The sentences of one text, voice and manner; `facts` is everything that decides them but the seed."""
        return Scope(self, hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest())

    def get(self, key: _Key) -> tuple[AudioChunk, ...] | None:
        """A sentence, if it is still known."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: _Key, pieces: tuple[AudioChunk, ...]) -> None:
        """Remember a sentence."""
        self._bytes -= _bytes_of(self._kept.pop(key, ()))
        self._kept[key] = pieces
        self._bytes += _bytes_of(pieces)
        while self._bytes > self._most:
            self._bytes -= _bytes_of(self._kept.popitem(last=False)[1])


@dataclass(frozen=True)
class Scope:
    """A `synth.retakes.SentenceStore`."""

    kept: KeptSentences
    name: str

    def get(self, sentence: int, seed: int) -> tuple[AudioChunk, ...] | None:
        """As the protocol says."""
        return self.kept.get((self.name, sentence, seed))

    def put(self, sentence: int, seed: int, pieces: tuple[AudioChunk, ...]) -> None:
        """As the protocol says."""
        self.kept.put((self.name, sentence, seed), pieces)


def _bytes_of(pieces: tuple[AudioChunk, ...]) -> int:
    return sum(piece.samples.nbytes for piece in pieces)
