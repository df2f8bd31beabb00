"""A script as passages: what is spoken in one breath, and how much silence comes after it.

Apart from the engine because no model is needed for it. Cuts fall where sentences end, where a pause is asked for, and, for
models that cannot tell which token speaks which word, where the manner of speaking changes.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from voxcommons.synth.chunks import EDGE_S, pause_seconds
from voxcommons.synth.course import Delivery
from voxcommons.synth.options import FASTEST, SLOWEST, SpeakOptions
from voxcommons.text.phonemes import Utterance
from voxcommons.text.script import Marks, Pause, Script, Stretch
from voxcommons.text.segment import Sentence, sentences
from voxcommons.text.symbols import phone_ids

_CLOSERS = "\"'”’»)]}）】》」』 "
_OPENERS = "\"'“‘«([{（【《「『"
_LATIN_PER_S, _HAN_PER_S = 15, 5
_JOINT_S = 0.04  # between two halves of a sentence that is cut only because its manner changes


@dataclass(frozen=True)
class Passage:
    """One breath.

    Attributes:
        text: its characters.
        start, end: their place in the script's text.
        pause_s: silence after it.
        lead_s, tail_s: silence that its own sound is to begin and end with; None for what is there, at most `EDGE_S`. The pauses
            beside it are shorter by as much, so that an asked pause has its length.
        closing: a mark to be spoken at its end, where the text has none but a sentence or clause ends.
        stretches, marks: those of the script, counted from ``start``.
    """

    text: str
    start: int
    end: int
    pause_s: float
    lead_s: float | None = None
    tail_s: float | None = None
    closing: str = ""
    stretches: tuple[Stretch, ...] = ()
    marks: Marks | None = None

    def closed(self, utterance: Utterance, table: str) -> Utterance:
        """The passage as it was read, with its closing mark."""
        if not self.closing or not utterance.phones:
            return utterance
        ids = utterance.ids + phone_ids(self.closing, table)
        return replace(utterance, phones=(*utterance.phones, self.closing), ids=ids)

    def delivery(self, utterance: Utterance, options: SpeakOptions, centre_hz: float) -> Delivery:
        """How each phoneme is spoken.

        Args:
            utterance: the passage as it was read.
            options: of the whole text.
            centre_hz: the middle of the voice's intonation, 0 where nothing asks for it.
        """
        even = Delivery.even(len(utterance.phones), options.speed, options.pitch, options.pitch_range, centre_hz)
        place = 0
        places = np.zeros(len(utterance.phones), np.int64)  # of the character behind each phoneme
        for span in utterance.spans:
            places[span.phone_start :] = place = max(place, span.text_start)
        for stretch in self.stretches:
            here, manner = (places >= stretch.start) & (places < stretch.end), stretch.manner
            even.speed[here] = np.clip(options.speed * manner.speed, SLOWEST, FASTEST)
            even.shift_st[here] += manner.shift_st(centre_hz)
            even.spread[here] *= manner.pitch_range
            even.gain[here] = 10 ** (manner.gain_db / 20)
        return even


@dataclass(frozen=True)
class _Gap:
    """Silence beside one or two passages; `exact` when it was asked for to the millisecond."""

    seconds: float
    exact: bool = False
    mark: str = ""
    sides: int = 2

    @property
    def edge_s(self) -> float | None:
        """How much of the silence lies inside each of the two passages."""
        return min(EDGE_S, self.seconds / self.sides) if self.exact else None

    @property
    def between_s(self) -> float:
        """What remains outside of them."""
        return self.seconds - self.sides * (self.edge_s or 0.0)


def passages(script: Script, max_chars: int, pause_s: float, *, aligned: bool) -> tuple[float, list[Passage]]:
    """Cut a script.

    Args:
        script: what to say.
        max_chars: the longest passage.
        pause_s: silence after a sentence.
        aligned: whether the manner may change within a passage.

    Returns:
        (seconds of silence in front of everything, the passages); no passages when there is nothing but white space.
    """
    joints = [] if aligned else _joints(script)
    cuts = sorted({0, len(script.text), *script.cuts, *joints, *(pause.at for pause in script.pauses if pause.cuts)})
    parts: list[Sentence] = []
    for low, high in zip(cuts, cuts[1:], strict=False):
        found = sentences(script.text[low:high], max_chars=max_chars)
        parts += [Sentence(part.text, part.start + low, part.end + low) for part in found]
    if not parts:
        return 0.0, []
    lead = _total(script.pauses_in(0, parts[0].start), pause_s)
    behind = script.pauses_in(parts[-1].end, len(script.text))
    gaps = [_gap(script, one, other, pause_s, joints) for one, other in zip(parts, parts[1:], strict=False)]
    first, last = _Gap(lead, exact=lead > 0, sides=1), _Gap(_total(behind, pause_s), exact=bool(behind), sides=1)
    around = zip(parts, [first, *gaps], [*gaps, last], strict=True)
    return first.between_s, [_passage(script, part, before, after) for part, before, after in around]


def _joints(script: Script) -> list[int]:
    """Where the manner changes, in order; marks behind a word stay with it."""
    found = set()
    for edge in {edge for stretch in script.stretches for edge in (stretch.start, stretch.end)}:
        place = edge
        while 0 < place < len(script.text) and not script.text[place].isalnum() and script.text[place] not in _OPENERS:
            place += 1
        found.add(place)
    return sorted(found)


def _passage(script: Script, part: Sentence, before: _Gap, after: _Gap) -> Passage:
    wordy = part.text.rstrip(_CLOSERS)[-1:].isalnum()
    return Passage(
        part.text, part.start, part.end, after.between_s, before.edge_s, after.edge_s, after.mark if wordy else "",
        script.stretches_in(part.start, part.end), script.marks_in(part.start, part.end),
    )  # fmt: skip


def _total(pauses: Sequence[Pause], pause_s: float) -> float:
    return sum(pause.seconds + pause.strength * pause_s for pause in pauses)


def _any_within(places: Sequence[int], start: int, end: int) -> bool:
    """Whether any of ordered places lies in ``[start, end]``."""
    return bisect.bisect_left(places, start) < bisect.bisect_right(places, end)


def _gap(script: Script, one: Sentence, other: Sentence, pause_s: float, joints: Sequence[int]) -> _Gap:
    """The silence between two neighbours."""
    asked = script.pauses_in(one.end, other.start)
    ends_here = _any_within(script.cuts, one.end, other.start)
    mark = "." if ends_here else "," if any(pause.cuts for pause in asked) else ""
    if asked:
        return _Gap(_total(asked, pause_s), exact=True, mark=mark)
    usual = pause_seconds(one.text, script.text[one.end : other.start], pause_s)
    if not ends_here and one.text[-1:].isalnum() and _any_within(joints, one.end, other.start):
        return _Gap(_JOINT_S, exact=True)
    return _Gap(max(usual, pause_s) if ends_here else usual, mark=mark)


def longest_sentence(text: str, longest_s: float) -> int:
    """How many characters of a text are spoken in so many seconds."""
    han = sum("\u3400" <= character <= "\u9fff" for character in text)
    return round(longest_s * (_HAN_PER_S if 3 * han > len(text) else _LATIN_PER_S))
