"""Where in a recording somebody speaks.

A detector of our own, in plain arithmetic: frames whose bands stand out from a noise floor that is tracked
through the recording. It needs no weights, so checks and slicing work on any machine and without torch. It
must not judge the recording (``quality`` does) nor cut it (``prepare.slice`` does).

The idea is old: minimum statistics for the floor (Martin 2001), per-band excess over it as the evidence
(Sohn 1999), two thresholds with hysteresis. What is fitted here are the constants, on read speech with and
without added noise.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from voxcommons.audio.resample import resample

Samples = npt.NDArray[np.float32]
Decibels = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FRAME_S: Final = 0.010  # one decision per 10 ms
_RATE: Final = 16_000
_HOP: Final = 160
_WINDOW: Final = 512
_EDGES_HZ: Final = (120.0, 250.0, 400.0, 600.0, 850.0, 1200.0, 1700.0, 2400.0, 3400.0)  # telephone speech fills them
_SMOOTH_FRAMES: Final = 5
_FLOOR_DBFS: Final = -95.0
_DYNAMIC_DB: Final = 42.0  # speech is never this far below the loud parts of the same recording
_BLOCK_FRAMES: Final = 50
_NEIGHBOUR_BLOCKS: Final = 8  # the floor may rise and fall within +-4 s
_FLOOR_RISE_DB: Final = 18.0
_STEADY_DB: Final = 7.0  # spread of noise within half a second; speech spreads over 12 and more
_EXCESS_CAP_DB: Final = 30.0
_NOISE_SCORE_DB: Final = 10.0  # what noise alone scores, by its own fluctuation
_LEAST_CONTRAST_DB: Final = 5.0  # steady noise reaches 3, speech at 0 dB SNR 7
_ON_SHARE: Final = 0.40
_OFF_SHARE: Final = 0.22
_SHORTEST_SPEECH_FRAMES: Final = 7
_SHORTEST_PAUSE_FRAMES: Final = 12
_HANG_FRAMES: Final = 4
_SPEECH_FLOOR_DBFS: Final = -70.0  # below this a 16-bit recording holds only its own rounding


def speech_frames(samples: Samples, rate: int) -> Mask:
    """Decide for every 10 ms whether it holds speech.

    Args:
        samples: mono [T], float32.
        rate: in Hz.

    Returns:
        [F] with F = ceil(T / rate / 0.01); True means speech.
    """
    wanted = int(np.ceil(len(samples) / rate / FRAME_S - 1e-9))
    bands = _band_levels(resample(samples, rate, _RATE))
    if len(bands) < _SHORTEST_SPEECH_FRAMES:
        return np.zeros(wanted, bool)
    excess = np.clip(bands - _noise_floor(bands), 0.0, _EXCESS_CAP_DB)
    score = np.sort(excess, axis=1)[:, -4:].mean(1)  # vowels and fricatives fill different bands: the four best count
    low, high = np.percentile(score, (10, 95))
    low = min(low, _NOISE_SCORE_DB)  # in speech without pauses the lowest tenth is speech too
    if high - low < _LEAST_CONTRAST_DB or np.percentile(bands.max(1), 95) < _SPEECH_FLOOR_DBFS:
        return np.zeros(wanted, bool)
    mask = _hysteresis(score, low + _ON_SHARE * (high - low), low + _OFF_SHARE * (high - low))
    mask = _tidy(mask)
    return np.resize(np.pad(mask, (0, max(0, wanted - len(mask)))), wanted)


def activity(samples: Samples, rate: int) -> list[tuple[float, float]]:
    """The stretches of speech as (start_s, end_s), in order, never touching.

    Args:
        samples: mono [T], float32.
        rate: in Hz.
    """
    duration_s = len(samples) / rate
    return [(start * FRAME_S, min(end * FRAME_S, duration_s)) for start, end in runs(speech_frames(samples, rate))]


def runs(mask: Mask) -> list[tuple[int, int]]:
    """The stretches [start, end) in which a mask is True."""
    steps = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(int(start), int(end)) for start, end in zip(steps[::2], steps[1::2], strict=True)]


def _band_levels(samples: Samples) -> Decibels:
    """Level of each band in dBFS, smoothed over 50 ms: [F, bands]."""
    padded = np.pad(samples, (_WINDOW // 2, _WINDOW // 2))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    window = np.hanning(_WINDOW).astype(np.float32)
    scale = 2.0 / float((window**2).sum()) / _WINDOW
    cuts = [round(edge * _WINDOW / _RATE) for edge in _EDGES_HZ]
    power = np.empty((len(frames), len(cuts) - 1))
    for start in range(0, len(frames), 4096):  # bounded memory for long recordings
        spectrum = np.abs(np.fft.rfft(frames[start : start + 4096] * window)) ** 2 * scale
        for band, (low, high) in enumerate(zip(cuts, cuts[1:], strict=False)):
            power[start : start + 4096, band] = spectrum[:, low:high].sum(1)
    half = _SMOOTH_FRAMES // 2
    total = np.cumsum(np.pad(power, ((half + 1, half), (0, 0)), mode="edge"), axis=0)
    smooth = (total[_SMOOTH_FRAMES:] - total[:-_SMOOTH_FRAMES]) / _SMOOTH_FRAMES
    level: Decibels = 10.0 * np.log10(np.maximum(smooth, 10.0 ** (_FLOOR_DBFS / 10.0)))
    return level


def _noise_floor(bands: Decibels) -> Decibels:
    """The level each band falls back to between words, following slow changes: [F, bands]."""
    count = max(1, len(bands) // _BLOCK_FRAMES)
    blocks = [np.percentile(block, (15, 85), axis=0) for block in np.array_split(bands, count)]
    quiet = np.stack([low for low, _ in blocks])  # [blocks, bands]
    # Noise is steady, the troughs between syllables are not: a floor taken from a trough is speech itself, so where nobody
    # pauses for seconds the quietest moments of the whole recording bound it.
    steady = np.array([float(np.mean(high - low)) < _STEADY_DB for low, high in blocks])
    trough = np.where(steady[:, None], quiet, np.minimum(quiet, np.percentile(bands, 2, axis=0) + _FLOOR_RISE_DB))
    floor = np.empty_like(quiet)
    for index in range(count):
        near = slice(max(0, index - _NEIGHBOUR_BLOCKS), index + _NEIGHBOUR_BLOCKS + 1)
        lowest = quiet[near].argmin(0)
        floor[index] = np.take_along_axis(trough[near], lowest[None], 0)[0]
    floor = np.maximum(floor, np.percentile(bands, 95, axis=0) - _DYNAMIC_DB)
    centres = (np.arange(count) + 0.5) * (len(bands) / count)
    at = np.arange(len(bands))
    return np.stack([np.interp(at, centres, floor[:, band]) for band in range(bands.shape[1])], axis=1)


def _hysteresis(score: Decibels, on: float, off: float) -> Mask:
    """Runs above ``off`` that reach ``on`` somewhere."""
    mask = np.zeros(len(score), bool)
    for start, end in runs(score > off):
        if score[start:end].max() > on:
            mask[start:end] = True
    return mask


def _tidy(mask: Mask) -> Mask:
    """Close short gaps, drop clicks, and leave a little room for soft beginnings and endings."""
    mask = mask.copy()
    for start, end in runs(~mask):
        if end - start < _SHORTEST_PAUSE_FRAMES and start > 0 and end < len(mask):
            mask[start:end] = True
    for start, end in runs(mask):
        if end - start < _SHORTEST_SPEECH_FRAMES:
            mask[start:end] = False
    for start, end in runs(mask):
        mask[max(0, start - _HANG_FRAMES) : end + _HANG_FRAMES] = True
    return mask
