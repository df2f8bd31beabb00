"""Cutting a recording exactly as the public audio slicer of GPT-SoVITS cuts it.

Apart from `slice`, which cuts better: this one is for people whose data sets were made by the public program and who want
the same clips again. It looks at the loudness of 10 ms hops alone, so breath is silence and a hiss is speech. Pure
arithmetic: no file is read or written here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voxcommons.base.errors import InputError

Samples = npt.NDArray[np.float32]
Levels = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SlicerOptions:
    """The public program's options, with the defaults of its page.

    Attributes:
        threshold_db: RMS below this is silence, in dBFS.
        min_length_ms: no cut before a clip has this length.
        min_interval_ms: shorter silences are not cut at.
        hop_ms: step of the RMS curve; all cuts lie on it.
        max_silence_ms: silence kept at the ends of a clip.

    Raises:
        InputError: the three lengths do not stand in the order hop <= interval <= length, or hop <= silence kept.
    """

    threshold_db: float = -34.0
    min_length_ms: int = 4000
    min_interval_ms: int = 300
    hop_ms: int = 10
    max_silence_ms: int = 500

    def __post_init__(self) -> None:
        """Check the order of the lengths."""
        if not 0 < self.hop_ms <= self.min_interval_ms <= self.min_length_ms or self.max_silence_ms < self.hop_ms:
            raise InputError(
                "these slicer options contradict each other",
                expected="hop <= shortest silence <= shortest clip, and hop <= silence kept",
                found=f"hop {self.hop_ms}, silence {self.min_interval_ms}, clip {self.min_length_ms}, kept {self.max_silence_ms} ms",
                do="choose lengths in that order",
            )


@dataclass(frozen=True)
class Chunk:
    """One clip: samples [start, stop) by number; `stop` may lie up to a hop beyond the end of the recording."""

    start: int
    stop: int

    def of(self, samples: Samples) -> Samples:
        """Its samples [T]."""
        return samples[self.start : self.stop]


def public_chunks(samples: Samples, rate: int, options: SlicerOptions | None = None) -> list[Chunk]:
    """Where the public slicer cuts a recording.

    Args:
        samples: mono [T].
        rate: in Hz; the public program resamples to 32000 first.
        options: its options.

    Returns:
        Clips in order of time; the whole recording where nothing is cut.
    """
    chosen = options or SlicerOptions()
    hop = round(rate * chosen.hop_ms / 1000)
    window = min(round(rate * chosen.min_interval_ms / 1000), 4 * hop)
    levels = _levels(samples, window, hop)
    cuts = _cuts(
        levels,
        10 ** (chosen.threshold_db / 20),
        shortest=round(rate * chosen.min_length_ms / 1000 / hop),
        interval=round(rate * chosen.min_interval_ms / 1000 / hop),
        kept=round(rate * chosen.max_silence_ms / 1000 / hop),
    )
    if not cuts:
        return [Chunk(0, len(levels) * hop)]
    # What lies between the silences that were taken out.
    starts = [0, *(after for _, after in cuts)]
    stops = [*(before for before, _ in cuts), len(levels)]
    spans = list(zip(starts, stops, strict=True))
    first, last = (spans[:1] if cuts[0][0] > 0 else []), (spans[-1:] if cuts[-1][1] < len(levels) else [])
    return [Chunk(start * hop, stop * hop) for start, stop in [*first, *spans[1:-1], *last]]


def public_level(chunk: Samples, *, peak: float = 0.9, alpha: float = 0.25) -> Samples:
    """The loudness the public slicer gives a clip before it is written: a quarter of it brought to a peak, the rest as it is.

    Args:
        chunk: [T], not silent throughout.
        peak: the level aimed at.
        alpha: share of the levelled sound.
    """
    loudest = float(np.abs(chunk).max(initial=0.0))
    if loudest <= 0.0:
        return chunk
    kept = chunk / loudest if loudest > 1.0 else chunk
    return (chunk / loudest * (peak * alpha) + (1 - alpha) * kept).astype(np.float32)


def public_clip_name(recording: str, chunk: Chunk) -> str:
    """The file name the public slicer gives a clip."""
    return f"{recording}_{chunk.start:010d}_{chunk.stop:010d}.wav"


def _levels(samples: Samples, window: int, hop: int) -> Levels:
    """RMS [F] of windows whose middles lie on the hops, zeros beyond the ends."""
    padded = np.pad(samples.astype(np.float64), window // 2)
    power = np.concatenate([[0.0], np.cumsum(padded**2)])
    starts = np.arange(0, len(padded) - window + 1, hop)
    # A difference of sums may come out a hair below zero in silence.
    return np.sqrt(np.maximum(power[starts + window] - power[starts], 0.0) / window)


def _cuts(levels: Levels, threshold: float, *, shortest: int, interval: int, kept: int) -> list[tuple[int, int]]:
    """Silences taken out, as hops [before, after); lengths in hops."""
    if len(levels) <= shortest:
        return []
    cuts: list[tuple[int, int]] = []
    clip_start, silent_since = 0, -1
    for at in range(len(levels)):
        if levels[at] < threshold:
            silent_since = at if silent_since < 0 else silent_since
            continue
        if silent_since < 0:
            continue
        leads = silent_since == 0 and at > kept
        if leads or (at - silent_since >= interval and at - clip_start >= shortest):
            cuts.append(_cut(levels, silent_since, at, kept))
            clip_start = cuts[-1][1]
        silent_since = -1
    if silent_since >= 0 and len(levels) - silent_since >= interval:
        cuts.append((_quietest(levels, silent_since, silent_since + kept), len(levels) + 1))
    return cuts


def _cut(levels: Levels, start: int, stop: int, kept: int) -> tuple[int, int]:
    """What is taken out of one silence [start, stop): nothing but a point, if all of it may be kept.

    The public slicer treats silences of up to twice the kept length apart, and looks for the quietest hop that both ends reach
    as well; whichever of the three it is, the result is this one.
    """
    if stop - start <= kept:
        before = after = _quietest(levels, start, stop)
    else:
        before, after = _quietest(levels, start, start + kept), _quietest(levels, stop - kept, stop)
    return (0 if start == 0 else before), after


def _quietest(levels: Levels, first: int, last: int) -> int:
    """The quietest hop of [first, last], the earliest of equals."""
    return first + int(np.argmin(levels[first : last + 1]))
