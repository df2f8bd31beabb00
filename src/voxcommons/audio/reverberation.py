"""How long a room rings after the speaker stops, guessed from speech alone.

Apart from ``quality`` because it is a hint and no measurement: nobody claps in a recording of speech. What is looked at is
how fast the sound dies away wherever it does so for a while (free decay, after Ratnam et al. 2003); a voice falls off quickly, and
a room lets no sound fall faster than it rings.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt

Samples = npt.NDArray[np.float32]
Decibels = npt.NDArray[np.float64]

RINGING_S: Final = 0.46  # ten people in dry sound reached 0.37, in a room of 0.3 s 0.45; in one of 0.6 s nine of ten passed this
FEWEST_DECAYS: Final = 8
_BAND_HZ: Final = (400.0, 3000.0)
_HOP_S: Final = 0.010
_LEAST_FRAMES: Final = 6
_LEAST_FALL_DB: Final = 12.0
_ABOVE_FLOOR_DB: Final = 6.0
_STILL_FALLING_DB: Final = 0.3


def decay_s(samples: Samples, rate: int) -> float | None:
    """Seconds in which the sound typically dies away by 60 dB; about 0.2 to 0.4 near a microphone, more in a ringing room.

    Args:
        samples: mono [T], float32.
        rate: in Hz.

    Returns:
        The median over all decays, or None where too few can be followed (noise hides them, or the recording is short).
    """
    hop = round(_HOP_S * rate)
    count = len(samples) // hop
    if count < 2 * _LEAST_FRAMES:
        return None
    band = sosfilt(butter(4, _BAND_HZ, "bandpass", fs=rate, output="sos"), samples.astype(np.float64))
    power = (band[: count * hop].reshape(count, hop) ** 2).mean(1)
    level: Decibels = 10.0 * np.log10(np.convolve(power, np.full(3, 1.0 / 3.0), mode="same") + 1e-12)
    sounding = level[level > -100.0]  # without the zeros between joined clips
    if not len(sounding):
        return None
    floor = float(np.percentile(sounding, 5)) + _ABOVE_FLOOR_DB
    found = [time for start, end in _falls(level) if (time := _decay_of(level[start:end], floor)) is not None]
    return float(np.median(found)) if len(found) >= FEWEST_DECAYS else None


def _falls(level: Decibels) -> list[tuple[int, int]]:
    """The stretches [start, end) in which the level does not rise."""
    rises = np.flatnonzero(np.diff(level) >= _STILL_FALLING_DB) + 1
    edges = [0, *rises.tolist(), len(level)]
    return [(start, end) for start, end in zip(edges, edges[1:], strict=False) if end - start >= _LEAST_FRAMES]


def _decay_of(level: Decibels, floor: float) -> float | None:
    """Seconds per 60 dB of one fall, by the line through what stands above the floor."""
    heard = level[level > floor]
    if len(heard) < _LEAST_FRAMES or heard[0] - heard[-1] < _LEAST_FALL_DB:
        return None
    slope = float(np.polyfit(np.arange(len(heard)) * _HOP_S, heard, 1)[0])
    return -60.0 / slope if slope < 0 else None
