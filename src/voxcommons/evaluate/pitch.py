"""Fundamental frequency: how high a voice is and how its pitch moves.

The normalised autocorrelation of Boersma (1993, "Accurate short-term analysis of the fundamental frequency"): the
autocorrelation of a windowed frame divided by that of the window, its highest peak between the pitch limits. Written
here because the usual packages have to be compiled on the user's machine or carry a licence that does not fit. It
knows no words: whoever wants a tone's contour says where the syllable lies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HOP_S = 0.01
LOWEST_HZ, HIGHEST_HZ = 60.0, 500.0
_WINDOW_S = 0.05  # three periods of the lowest pitch
_VOICED_STRENGTH = 0.5
_SILENCE_RATIO = 0.03  # of the recording's peak
_FEWEST_FOR_RANGE = 30  # 0.3 s
_OCTAVE_COST = 0.02  # per octave, in favour of the higher pitch: a period's multiples are peaks as well


def pitch_track(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Return F0 in Hz, [frames], one each 10 ms, 0 where nothing is voiced.

    Args:
        samples: [T] in [-1, 1].
        rate: samples per second, at least 8000.
    """
    window, hop = int(_WINDOW_S * rate), int(HOP_S * rate)
    if len(samples) < window:
        return np.zeros(0)
    padded = np.pad(samples.astype(np.float64), window // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]  # [F, window]
    loud = np.abs(frames).max(-1) > _SILENCE_RATIO * np.abs(samples).max()
    shape = np.hanning(window)
    size = 1 << (2 * window - 1).bit_length()
    lags = np.arange(int(rate / HIGHEST_HZ), int(rate / LOWEST_HZ) + 2)
    own = np.fft.irfft(np.abs(np.fft.rfft(shape, size)) ** 2)[: lags[-1] + 1]
    track = np.zeros(len(frames))
    for block in range(0, len(frames), 512):  # bounds the memory of a long recording
        part = frames[block : block + 512]
        spectra = np.abs(np.fft.rfft((part - part.mean(-1, keepdims=True)) * shape, size)) ** 2
        correlation = np.fft.irfft(spectra)[:, : lags[-1] + 1]
        strength = correlation / np.maximum(correlation[:, :1], 1e-12) / (own / own[0])  # [F, lags]
        track[block : block + 512] = _best_pitch(strength, lags, rate)
    return _without_octave_jumps(np.where(loud, track, 0.0))


def _best_pitch(strength: NDArray[np.float64], lags: NDArray[np.int64], rate: int) -> NDArray[np.float64]:
    inner = strength[:, lags[1:-1]]
    peaks = (inner > strength[:, lags[:-2]]) & (inner >= strength[:, lags[2:]])
    score = np.where(peaks, inner - _OCTAVE_COST * np.log2(lags[1:-1] / lags[0]), -np.inf)
    best = score.argmax(-1)
    rows = np.arange(len(strength))
    lag = lags[1:-1][best]
    left, middle, right = strength[rows, lag - 1], strength[rows, lag], strength[rows, lag + 1]
    bend = left - 2 * middle + right
    offset = np.where(np.abs(bend) > 1e-9, 0.5 * (left - right) / np.where(bend == 0, 1, bend), 0.0)
    voiced = np.isfinite(score[rows, best]) & (middle > _VOICED_STRENGTH)
    return np.where(voiced, rate / (lag + np.clip(offset, -0.5, 0.5)), 0.0)


def _without_octave_jumps(track: NDArray[np.float64]) -> NDArray[np.float64]:
    """Drop frames more than 0.8 octaves from the recording's median, and voiced stretches of a single frame."""
    voiced = track > 0
    if not voiced.any():
        return track
    distance = np.abs(np.log2(np.where(voiced, track, 1.0) / np.median(track[voiced])))
    kept = np.where(voiced & (distance < 0.8), track, 0.0)
    alone = (kept > 0) & (np.pad(kept, (1, 0))[:-1] == 0) & (np.pad(kept, (0, 1))[1:] == 0)
    return np.where(alone, 0.0, kept)


def median_pitch_hz(track: NDArray[np.float64]) -> float:
    """Return the median F0 of the voiced frames in Hz, 0 when nothing is voiced."""
    voiced = track[track > 0]
    return float(np.median(voiced)) if len(voiced) else 0.0


def pitch_range(track: NDArray[np.float64]) -> float:
    """Return how far the pitch of the voiced frames moves, in octaves between their lowest and highest tenth; 0 when few are voiced."""
    voiced = track[track > 0]
    if len(voiced) < _FEWEST_FOR_RANGE:
        return 0.0
    low, high = np.quantile(np.log2(voiced), (0.1, 0.9))
    return float(high - low)


def contour(track: NDArray[np.float64], start_s: float, end_s: float, points: int = 5) -> NDArray[np.float64] | None:
    """Return the pitch of one syllable in semitones above the recording's median, [points] over its voiced part.

    None when fewer than three frames are voiced between the two times.
    """
    middle = median_pitch_hz(track)
    piece = track[round(start_s / HOP_S) : round(end_s / HOP_S)]
    voiced = np.flatnonzero(piece > 0)
    if middle == 0 or len(voiced) < 3:
        return None
    semitones = 12 * np.log2(piece[voiced] / middle)
    return np.interp(np.linspace(voiced[0], voiced[-1], points), voiced, semitones)
