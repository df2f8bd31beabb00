"""Text that remembers where each of its characters came from.

Normalisers rewrite ("$5" -> "five dollars") and still have to say which original characters a spoken
word stands for. A ``TracedText`` is changed only through :meth:`sub`, which keeps that memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TracedText:
    """A string with, for every character, the original range ``[starts[i], ends[i])`` behind it."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> TracedText:
        """Text that has not been changed yet."""
        return cls(text, tuple(range(len(text))), tuple(range(1, len(text) + 1)))

    def sub(self, pattern: re.Pattern[str], replace: str | Callable[[re.Match[str]], str]) -> TracedText:
        """Like ``pattern.sub``; a replacement stands for all the characters it replaced.

        Characters that a replacement shares with the match at its beginning and end keep their own
        positions, so "km" in "5km" -> "5 km" still points at "km".

        Args:
            pattern: compiled expression.
            replace: literal replacement (no group references) or a function of the match.
        """
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for match in pattern.finditer(self.text):
            old = match.group()
            new = replace if isinstance(replace, str) else replace(match)
            if new == old:
                continue
            begin, end = match.span()
            pieces += (self.text[done:begin], new)
            starts += self.starts[done:begin]
            ends += self.ends[done:begin]
            self._trace(old, new, begin, starts, ends)
            done = end
        if not pieces:
            return self
        pieces.append(self.text[done:])
        starts += self.starts[done:]
        ends += self.ends[done:]
        return TracedText("".join(pieces), tuple(starts), tuple(ends))

    def _trace(self, old: str, new: str, begin: int, starts: list[int], ends: list[int]) -> None:
        """Append the origins of ``new``, which replaces ``old`` found at ``begin``."""
        limit = min(len(old), len(new))
        head = 0
        while head < limit and old[head] == new[head]:
            head += 1
        tail = 0
        while tail < limit - head and old[-1 - tail] == new[-1 - tail]:
            tail += 1
        starts += self.starts[begin : begin + head]
        ends += self.ends[begin : begin + head]
        middle = len(new) - head - tail
        if middle:
            first, last = self.origin(begin + head, begin + len(old) - tail)
            starts += [first] * middle
            ends += [last] * middle
        stop = begin + len(old)
        starts += self.starts[stop - tail : stop]
        ends += self.ends[stop - tail : stop]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Original range behind characters ``[start, end)``; an empty range gives a point."""
        if start >= end:
            if start < len(self.starts):
                return self.starts[start], self.starts[start]
            point = self.ends[-1] if self.ends else 0
            return point, point
        return min(self.starts[start:end]), max(self.ends[start:end])
