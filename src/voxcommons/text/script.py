"""A text and how it is to be delivered: pauses, stretches spoken otherwise, readings, languages.

Every way of writing such wishes down (brackets in plain text, SSML) ends here, so that those who speak need to know only one. It
knows nothing of sound: a manner is a wish, and what a wish becomes is decided where the models are.
"""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from voxcommons.base.errors import InputError
from voxcommons.text.lexicon import Override
from voxcommons.text.phonemes import TextWarning

LONGEST_PAUSE_S = 10.0
"""Longest single pause; a mistyped number must not become an hour of silence."""
MOST_SILENCE_S = 600.0
"""All asked pauses of a text together."""
DEFAULT_PAUSE = 1.0
"""What a pause without a length lasts, in multiples of the pause after a sentence."""

_LOWEST_HZ = 40.0
_PAUSE = re.compile(r"[\[［]\s*(?:pause|停顿)\s*([^\]］\n]{0,40}?)\s*[\]］]", re.IGNORECASE)
_LENGTH = re.compile(r"\+?(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})\s*(ms|s|毫秒|秒)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a stretch is spoken, compared with the rest of the text.

    Attributes:
        speed: factor on the tempo; above 1 is faster.
        pitch_st: semitones by which the intonation is moved.
        pitch_hz: where to move the middle of the intonation instead, 0 for nowhere; `pitch_st` comes on top.
        raised_hz: by how much the middle of the intonation is to be higher.
        lift_st: semitones that belong to emphasis: added where the model can, left out where it cannot.
        pitch_range: how many times as wide the intonation moves, in semitones around its middle; 0 is flat.
        gain_db: loudness; minus infinity is silent.
    """

    speed: float = 1.0
    pitch_st: float = 0.0
    pitch_hz: float = 0.0
    raised_hz: float = 0.0
    lift_st: float = 0.0
    pitch_range: float = 1.0
    gain_db: float = 0.0

    @property
    def moves_pitch(self) -> bool:
        """Whether it needs a model whose pitch can be told."""
        return self.pitch_st != 0 or self.needs_centre

    @property
    def needs_centre(self) -> bool:
        """Whether it can only be understood when the middle of the voice's intonation is known."""
        return self.pitch_hz != 0 or self.raised_hz != 0 or self.pitch_range != 1

    def shift_st(self, centre_hz: float) -> float:
        """By how many semitones the intonation of a voice with this middle is moved."""
        if not (self.pitch_hz or self.raised_hz):
            return self.pitch_st + self.lift_st
        return self.pitch_st + self.lift_st + 12 * math.log2(max((self.pitch_hz or centre_hz) + self.raised_hz, _LOWEST_HZ) / centre_hz)


AS_IT_IS = Manner()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Characters ``[start, end)`` spoken in a manner."""

    start: int
    end: int
    manner: Manner


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence before character ``at``.

    Attributes:
        at: where.
        seconds: how long.
        strength: further silence, in multiples of the pause after a sentence.
        cuts: False asks only that the pause that would be there anyway is replaced.
    """

    at: int
    seconds: float = 0.0
    strength: float = 0.0
    cuts: bool = True


@dataclass(frozen=True, slots=True)
class Spoken:
    """Characters ``[start, end)`` are in a language, one of `text.segment.MODES`."""

    start: int
    end: int
    language: str


@dataclass(frozen=True, slots=True)
class Marks:
    """What a reader must know of a text besides its characters.

    Attributes:
        overrides: readings, in order, without overlap.
        languages: parts in another language than the whole, in order, without overlap.
    """

    overrides: tuple[Override, ...] = ()
    languages: tuple[Spoken, ...] = ()


@dataclass(frozen=True)
class Script:
    """What is to be said and how.

    Attributes:
        given: what the user wrote.
        text: what is left of it to be read aloud.
        positions: index in ``given`` for every character of ``text``; empty when they are the same.
        stretches: in order, without overlap; what is in none of them is spoken as it is.
        pauses: in order.
        cuts: where a sentence begins, whatever the marks say; in order.
        marks: readings and languages; None when readings stand in the text in braces.
        warnings: what was not understood, with positions in ``given``.
    """

    given: str
    text: str
    positions: tuple[int, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    pauses: tuple[Pause, ...] = ()
    cuts: tuple[int, ...] = ()
    marks: Marks | None = None
    warnings: tuple[TextWarning, ...] = ()

    def marks_in(self, start: int, end: int) -> Marks | None:
        """The marks of characters ``[start, end)``, counted from there."""
        if self.marks is None:
            return None
        overrides = (o.moved(-start) for o in overlapping(self.marks.overrides, start, end) if start <= o.start and o.end <= end)
        languages = (
            Spoken(max(s.start, start) - start, min(s.end, end) - start, s.language) for s in overlapping(self.marks.languages, start, end)
        )
        return Marks(tuple(overrides), tuple(languages))

    def stretches_in(self, start: int, end: int) -> tuple[Stretch, ...]:
        """The stretches of characters ``[start, end)``, cut to them and counted from there."""
        found = overlapping(self.stretches, start, end)
        return tuple(Stretch(max(s.start, start) - start, min(s.end, end) - start, s.manner) for s in found)

    def pauses_in(self, start: int, end: int) -> tuple[Pause, ...]:
        """The pauses at characters ``start`` to ``end``, both included."""
        low = bisect.bisect_left(self.pauses, start, key=lambda pause: pause.at)
        return self.pauses[low : bisect.bisect_right(self.pauses, end, key=lambda pause: pause.at)]

    @property
    def ends_in_pause(self) -> bool:
        """Whether a pause is asked for behind the last word."""
        return bool(self.pauses) and self.pauses[-1].at >= len(self.text.rstrip())

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The range in ``given`` behind characters ``[start, end)``."""
        if not self.positions:
            return start, end
        if start >= end:
            point = self.positions[start] if start < len(self.positions) else len(self.given)
            return point, point
        return self.positions[start], max(self.positions[start:end]) + 1

    def of_given(self, warning: TextWarning) -> TextWarning:
        """A warning about ``text`` as one about ``given``."""
        start, end = self.origin(warning.start, warning.end)
        return replace(warning, start=start, end=end)

    @property
    def moves_pitch(self) -> bool:
        """Whether any stretch needs a model whose pitch can be told."""
        return any(stretch.manner.moves_pitch for stretch in self.stretches)


class _Range(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


_AnyRange = TypeVar("_AnyRange", bound=_Range)


def overlapping(ranges: Sequence[_AnyRange], start: int, end: int) -> Sequence[_AnyRange]:
    """Those of ordered ranges without overlap that share a character with ``[start, end)``."""
    low = bisect.bisect_right(ranges, start, key=lambda one: one.end)
    return ranges[low : bisect.bisect_left(ranges, end, key=lambda one: one.start)]


def plain_script(given: str) -> Script:
    """A plain text, in which ``[pause 0.5s]`` (``[pause 300ms]``, ``[pause]``, ``[停顿 0.5秒]``) is silence.

    Raises:
        InputError: a pause has a length that is not understood or too long.
    """
    pieces: list[str] = []
    positions: list[int] = []
    pauses: list[Pause] = []
    done = 0
    for match in _PAUSE.finditer(given):
        begin, end = match.span()
        pieces.append(given[done:begin])
        positions += range(done, begin)
        length = match[1]
        pauses.append(Pause(len(positions), seconds_of(length, match.group())) if length else Pause(len(positions), strength=DEFAULT_PAUSE))
        done = end
    if not pauses:
        return Script(given, given)
    check_silence(pauses)
    pieces.append(given[done:])
    return Script(given, "".join(pieces), (*positions, *range(done, len(given))), pauses=tuple(pauses))


def pause_marks(given: str) -> list[tuple[int, int]]:
    """Where ``[pause ...]`` stands in a plain text, for those who cut it."""
    return [match.span() for match in _PAUSE.finditer(given)]


def seconds_of(length: str, shown: str) -> float:
    """A written length of time in seconds.

    Args:
        length: ``"0.5s"``, ``"300ms"``.
        shown: where it stands, for the message.

    Raises:
        InputError: it is not one, or it is longer than `LONGEST_PAUSE_S`.
    """
    found = _LENGTH.fullmatch(length.strip())
    seconds = float(found[1]) * (0.001 if found[2].lower() in ("ms", "毫秒") else 1.0) if found else -1.0
    if 0 <= seconds <= LONGEST_PAUSE_S:
        return seconds
    raise InputError(
        "this is no length of a pause" if seconds < 0 else "this pause is too long",
        expected=f"seconds or milliseconds up to {LONGEST_PAUSE_S:g} s, for example 0.5s or 300ms",
        found=shown,
        do="correct it",
    )


def check_silence(pauses: Sequence[Pause]) -> None:
    """Refuse a text that would be silent for long.

    Raises:
        InputError: the pauses are longer than `MOST_SILENCE_S` together.
    """
    total = sum(pause.seconds for pause in pauses)
    if total > MOST_SILENCE_S:
        raise InputError(
            "there is too much silence in this text", expected=f"pauses of {MOST_SILENCE_S:g} s together",
            found=f"{total:g} s", do="speak it in parts",
        )  # fmt: skip
