"""How loud speech is heard to be, and bringing it to one level.

It is apart from ``quality`` because levelling changes sound and judging does not. The measure is the integrated
loudness of ITU-R BS.1770-4: a shelf and a high-pass that mimic the head, 0.4 s blocks, two gates.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

Samples = npt.NDArray[np.float32]
Coefficients = tuple[list[float], list[float]]

TARGET_LUFS: Final = -23.0  # EBU R 128; leaves room for the peaks of speech
PEAK_LIMIT: Final = 0.97
_BLOCK_S: Final = 0.4
_STEP_S: Final = 0.1
_ABSOLUTE_GATE_LUFS: Final = -70.0
_RELATIVE_GATE_LU: Final = -10.0
_OFFSET: Final = -0.691  # makes a 997 Hz sine at 0 dBFS read -3.01


def lufs(samples: Samples, rate: int) -> float:
    """Integrated loudness of a mono signal in LUFS; ``-inf`` for silence.

    A clip shorter than one 0.4 s block is repeated until it fills one.

    Args:
        samples: [T], float32 in [-1, 1].
        rate: in Hz.
    """
    if not len(samples) or not np.any(samples):
        return float("-inf")
    block, step = round(_BLOCK_S * rate), round(_STEP_S * rate)
    if len(samples) < block:
        samples = np.resize(samples, block)
    weighted = samples.astype(np.float64)
    for numerator, denominator in (_shelf(rate), _high_pass(rate)):
        weighted = lfilter(numerator, denominator, weighted)
    total = np.concatenate(([0.0], np.cumsum(weighted**2)))
    starts = np.arange(0, len(samples) - block + 1, step)
    power = (total[starts + block] - total[starts]) / block
    loud = power[_loudness(power) > _ABSOLUTE_GATE_LUFS]
    if not len(loud):
        return float("-inf")
    gate = _loudness(loud.mean()) + _RELATIVE_GATE_LU
    return float(_loudness(loud[_loudness(loud) > gate].mean()))


def normalise_loudness(samples: Samples, rate: int, target: float = TARGET_LUFS) -> Samples:
    """Scale a signal to ``target`` LUFS, or as near as its highest peak allows (0.97 of full scale).

    Args:
        samples: mono [T], float32.
        rate: in Hz.
        target: in LUFS.

    Returns:
        A new array [T]; silence comes back unchanged.
    """
    measured = lufs(samples, rate)
    if not math.isfinite(measured):
        return samples
    gain = min(10.0 ** ((target - measured) / 20.0), PEAK_LIMIT / float(np.max(np.abs(samples))))
    return (samples * np.float32(gain)).astype(np.float32)


def _loudness(power: npt.NDArray[np.float64] | float) -> npt.NDArray[np.float64]:
    return np.asarray(_OFFSET + 10.0 * np.log10(np.maximum(power, 1e-15)))


def _shelf(rate: int) -> Coefficients:
    """The +4 dB shelf above 1.7 kHz of BS.1770, as a bilinear transform so that it fits any rate."""
    k, q = math.tan(math.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10.0 ** (3.999843853973347 / 20.0)
    middle = high**0.4996667741545416
    scale = 1.0 + k / q + k * k
    numerator = [(high + middle * k / q + k * k) / scale, 2.0 * (k * k - high) / scale, (high - middle * k / q + k * k) / scale]
    return numerator, [1.0, 2.0 * (k * k - 1.0) / scale, (1.0 - k / q + k * k) / scale]


def _high_pass(rate: int) -> Coefficients:
    """The 38 Hz high-pass of BS.1770."""
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    scale = 1.0 + k / q + k * k
    return [1.0, -2.0, 1.0], [1.0, 2.0 * (k * k - 1.0) / scale, (1.0 - k / q + k * k) / scale]
