"""Cutting a recording at its pauses, and choosing the piece that becomes the prompt.

A slice is 2 to 12 s between two pauses: long enough to carry a timbre, short enough for any model. The prompt is the
3 to 10 s that text-to-semantic continues from, so it must be a whole phrase: a cut word at its end is spoken on into
every sentence the voice ever says. All choices are arithmetic on the recording; the same file gives the same cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from voxcommons.audio.activity import FRAME_S, Mask, runs
from voxcommons.audio.quality import clipping_ratio, frame_power, signal_to_noise

Samples = npt.NDArray[np.float32]
Power = npt.NDArray[np.float64]

SHORTEST_S: Final = 2.0
LONGEST_S: Final = 12.0
PROMPT_SHORTEST_S: Final = 3.0
PROMPT_LONGEST_S: Final = 10.0
PROMPT_IDEAL_S: Final = 6.0
_PAD_S: Final = 0.15  # silence kept on each side of the speech, when the pause has as much
_SENTENCE_PAUSE_S: Final = 0.35  # from here on a pause probably ends a phrase
_SHORT_PAUSE_S: Final = 0.12


@dataclass(frozen=True)
class Slice:
    """A piece of a recording, in seconds from the start of its samples.

    Attributes:
        start_s, end_s: with a little of the pauses around it.
        speech_s: seconds of speech inside.
        pause_before_s, pause_after_s: pauses at its ends; 0 where the cut goes through speech.
    """

    start_s: float
    end_s: float
    speech_s: float
    pause_before_s: float
    pause_after_s: float

    @property
    def duration_s(self) -> float:
        """Length with the pauses kept."""
        return self.end_s - self.start_s

    @property
    def whole(self) -> bool:
        """Whether it begins and ends in a pause."""
        return min(self.pause_before_s, self.pause_after_s) > 0.0

    def of(self, samples: Samples, rate: int) -> Samples:
        """The samples of this slice, from the signal it was cut from."""
        return samples[round(self.start_s * rate) : round(self.end_s * rate)]


@dataclass(frozen=True)
class _Run:
    """Speech frames [start, end) with the pauses around it, in frames; a pause of 0 is a cut through speech."""

    start: int
    end: int
    before: int
    after: int


def slices(samples: Samples, rate: int, speech: Mask) -> list[Slice]:
    """Cut a recording into pieces of 2 to 12 s at its longest pauses.

    Speech that has no pause for 12 s is cut at its quietest moment. What stays shorter than 2 s after joining with its
    neighbours is left out, unless it is all there is.

    Args:
        samples: mono [T], float32.
        rate: in Hz.
        speech: True at 10 ms frames of speech [F].

    Returns:
        Pieces in order of time, without overlap.
    """
    found = _speech_runs(speech, frame_power(samples, rate))
    pieces: list[Slice] = []
    for group in _split(found):
        pieces.append(_slice_of(group, speech))
    long_enough = [piece for piece in pieces if piece.duration_s >= SHORTEST_S]
    return long_enough or pieces


def choose_prompts(samples: Samples, rate: int, speech: Mask, most: int = 1) -> list[Slice]:
    """The best whole phrases of 3 to 10 s: between two pauses, at an even level, clean, about 6 s long.

    Where no phrase is that long or short, one piece of the right length that cuts through speech, or takes in more of the
    pauses; its ``whole`` is False.

    Args:
        samples: mono [T], float32.
        rate: in Hz.
        speech: True at 10 ms frames of speech [F].
        most: how many to return at most.

    Returns:
        At least one piece of 3 to 10 s, best first, without overlap, of a recording that has 3 s and some speech.
    """
    power = frame_power(samples, rate)
    found = _speech_runs(speech, power)
    typical_db = float(10.0 * np.log10(np.median(power[speech[: len(power)]]) + 1e-12)) if speech.any() else -100.0
    rated: list[tuple[float, Slice]] = []
    for first in range(len(found)):
        for last in range(first, len(found)):
            piece = _slice_of(found[first : last + 1], speech)
            if piece.duration_s > PROMPT_LONGEST_S:
                break
            if piece.duration_s >= PROMPT_SHORTEST_S:
                rated.append((_prompt_score(piece, samples, rate, speech, power, typical_db), piece))
    chosen: list[Slice] = []
    for _, piece in sorted(rated, key=lambda item: (-round(item[0], 6), item[1].start_s)):
        if len(chosen) < most and all(piece.end_s <= other.start_s or other.end_s <= piece.start_s for other in chosen):
            chosen.append(piece)
    return chosen or [_piece_by_length(found, speech, power)]


def _piece_by_length(found: list[_Run], speech: Mask, power: Power) -> Slice:
    """The longest run, shortened at a quiet moment or lengthened by the pauses around it."""
    run = max(found, key=lambda run: run.end - run.start)
    start, end = run.start, run.end
    if (end - start) * FRAME_S > PROMPT_LONGEST_S:
        earliest, latest = (start + round(limit / FRAME_S) for limit in (PROMPT_IDEAL_S, PROMPT_LONGEST_S))
        end = _quietest(power, earliest, latest)
    missing = round(PROMPT_SHORTEST_S / FRAME_S) - (end - start)
    if missing > 0:
        start = max(0, min(start - missing // 2, len(speech) - round(PROMPT_SHORTEST_S / FRAME_S)))
        end = min(len(speech), start + round(PROMPT_SHORTEST_S / FRAME_S))
    return Slice(start * FRAME_S, end * FRAME_S, float(speech[start:end].sum()) * FRAME_S, 0.0, 0.0)


def _prompt_score(piece: Slice, samples: Samples, rate: int, speech: Mask, power: Power, typical_db: float) -> float:
    """Points for a prompt; each line is one wish, weighted against a decibel of noise."""
    start, end = round(piece.start_s / FRAME_S), round(piece.end_s / FRAME_S)
    inside, frames = speech[start:end], power[start:end]
    inside = inside[: len(frames)]
    levels = 10.0 * np.log10(frames[inside] + 1e-12)
    score = min(signal_to_noise(frames, inside), 40.0) * 0.5
    score -= 0.8 * abs(float(np.median(levels)) - typical_db)  # neither shouted nor mumbled against the rest
    halves = np.array_split(levels, 2)
    score -= 0.5 * abs(float(np.median(halves[0])) - float(np.median(halves[1])))  # steady, not fading
    score -= 1.5 * abs(piece.duration_s - PROMPT_IDEAL_S)
    score += 20.0 * min(piece.speech_s / piece.duration_s, 0.85)
    score += 12.0 * min(piece.pause_after_s, _SENTENCE_PAUSE_S) / _SENTENCE_PAUSE_S
    score += 8.0 * min(piece.pause_before_s, _SENTENCE_PAUSE_S) / _SENTENCE_PAUSE_S
    if not piece.whole:
        score -= 40.0
    return score - 4000.0 * clipping_ratio(piece.of(samples, rate), ceiling=1.0)


def _speech_runs(speech: Mask, power: Power) -> list[_Run]:
    """Runs of speech with their pauses; a run without a pause for too long is cut at its quietest frames."""
    spans = [piece for run in runs(speech) for piece in _cut_long(run, power)]
    found: list[_Run] = []
    for index, (start, end) in enumerate(spans):
        before = start - (spans[index - 1][1] if index else 0)
        after = (spans[index + 1][0] if index + 1 < len(spans) else len(speech)) - end
        found.append(_Run(start, end, before, after))
    return found


def _cut_long(run: tuple[int, int], power: Power) -> list[tuple[int, int]]:
    start, end = run
    if (end - start) * FRAME_S <= LONGEST_S - 2 * _PAD_S:
        return [run]
    third = (end - start) // 3
    middle = _quietest(power, start + third, end - third)
    return _cut_long((start, middle), power) + _cut_long((middle, end), power)


def _quietest(power: Power, start: int, end: int) -> int:
    """The middle of the quietest 50 ms between two frames."""
    return start + 2 + int(np.argmin(np.convolve(power[start:end], np.ones(5), mode="valid")))


def _split(found: list[_Run]) -> list[list[_Run]]:
    """Divide runs at their longest inner pauses until every group fits, then join groups that are too short."""
    groups = _divide(found) if found else []
    joined: list[list[_Run]] = []
    for group in groups:
        fits = joined and _length_s(joined[-1] + group) <= LONGEST_S
        if fits and min(_length_s(joined[-1]), _length_s(group)) < SHORTEST_S:
            joined[-1] = joined[-1] + group
        else:
            joined.append(group)
    return joined


def _divide(group: list[_Run]) -> list[list[_Run]]:
    if len(group) == 1 or (_length_s(group) <= LONGEST_S and _longest_pause_s(group) < 2 * _SENTENCE_PAUSE_S):
        return [group]
    middle = (group[0].start + group[-1].end) / 2
    half = (group[-1].end - group[0].start) / 2
    # Of equal pauses the one nearer the middle, so that both sides keep a useful length.
    at = max(range(1, len(group)), key=lambda i: group[i].before * (1.2 - abs(group[i].start - middle) / half))
    return _divide(group[:at]) + _divide(group[at:])


def _longest_pause_s(group: list[_Run]) -> float:
    return max((run.before for run in group[1:]), default=0) * FRAME_S


def _length_s(group: list[_Run]) -> float:
    return (group[-1].end - group[0].start) * FRAME_S + 2 * _PAD_S


def _slice_of(group: list[_Run], speech: Mask) -> Slice:
    """The slice around runs, with up to 0.15 s of the pause on each side and never into the next speech."""
    start, end = group[0].start, group[-1].end
    before_s, after_s = group[0].before * FRAME_S, group[-1].after * FRAME_S
    return Slice(
        start_s=start * FRAME_S - min(_PAD_S, before_s / 2),
        end_s=end * FRAME_S + min(_PAD_S, after_s / 2),
        speech_s=float(speech[start:end].sum()) * FRAME_S,
        pause_before_s=before_s if before_s >= _SHORT_PAUSE_S else 0.0,
        pause_after_s=after_s if after_s >= _SHORT_PAUSE_S else 0.0,
    )
