"""Lowering the noise of a recording, for those who ask for it.

Never done by itself: what is taken away is never only noise, and a voice learns what is left. The method is the short-time
log-spectral estimator of Ephraim and Malah (1985) with their decision-directed guess (1984); the noise is the mean
spectrum of the recording's own pauses, and the gain is bounded below so that a little even noise stays instead of chirps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import exp1

from voxcommons.audio.activity import FRAME_S, Mask
from voxcommons.base.errors import InputError

Samples = npt.NDArray[np.float32]
Power = npt.NDArray[np.float64]

DEEPEST_DB: Final = 14.0
_FRAME_S: Final = 0.032
_AWAY_FRAMES: Final = 10  # of 10 ms, from speech
_FEWEST_PAUSES: Final = 30
_SMOOTHING: Final = 0.98
_MOST_POSTERIOR: Final = 1e3


@dataclass(frozen=True)
class Cleaned:
    """A recording with less noise.

    Attributes:
        samples: mono [T], float32, as long as what was given.
        noise_lowered_db: by how much the pauses became quieter.
    """

    samples: Samples
    noise_lowered_db: float


def denoise(samples: Samples, rate: int, speech: Mask, deepest_db: float = DEEPEST_DB) -> Cleaned:
    """Lower the noise of a recording.

    Args:
        samples: mono [T], float32.
        rate: in Hz.
        speech: True at 10 ms frames of speech [F].
        deepest_db: by how much a moment of pure noise is lowered, at most.

    Returns:
        The cleaned recording; nothing is done to it where its pauses are digital silence.

    Raises:
        InputError: it has less than 0.3 s of pauses to learn the noise from.
    """
    size = 2 * round(_FRAME_S * rate / 2)
    hop = size // 2
    window = np.sqrt(np.hanning(size + 1)[:-1])
    padded = np.pad(samples.astype(np.float64), (size, size + (-len(samples)) % hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]  # [N, size]
    quiet = _pauses(speech, len(frames), hop, size, rate)
    if quiet.sum() * hop / rate < _FEWEST_PAUSES * FRAME_S:
        raise InputError(
            "the noise cannot be lowered",
            expected="0.3 s of pauses to learn the noise from",
            found=f"{quiet.sum() * hop / rate:.1f} s",
            do="record again with a moment of silence, or leave --denoise away",
        )
    spectra = np.fft.rfft(frames * window)  # [N, bins]
    power = np.abs(spectra) ** 2
    noise = power[quiet].mean(0)
    if not noise.max() > 0.0:
        return Cleaned(samples, 0.0)
    gains = _gains(power, np.maximum(noise, noise.max() * 1e-9), 10.0 ** (-deepest_db / 20.0))
    parts = np.fft.irfft(spectra * gains, size) * window
    total = np.zeros(len(padded))
    for index, part in enumerate(parts):
        total[index * hop : index * hop + size] += part
    cleaned = total[size : size + len(samples)].astype(np.float32)
    lowered = 10.0 * np.log10(power[quiet].sum() / ((power * gains**2)[quiet].sum() + 1e-30))
    return Cleaned(cleaned, float(lowered))


def _gains(power: Power, noise: Power, least: float) -> Power:
    """Gain per frame and bin [N, bins]: log-spectral amplitude with a decision-directed signal-to-noise ratio."""
    gains = np.empty_like(power)
    before = np.ones_like(noise)  # speech power over noise in the frame before
    for index, frame in enumerate(power):
        posterior = np.minimum(frame / noise, _MOST_POSTERIOR)
        prior = np.maximum(_SMOOTHING * before + (1.0 - _SMOOTHING) * np.maximum(posterior - 1.0, 0.0), least**2)
        share = prior / (1.0 + prior)
        gain = np.clip(share * np.exp(0.5 * exp1(np.maximum(share * posterior, 1e-6))), least, 1.0)
        gains[index] = gain
        before = gain**2 * posterior
    return gains


def _pauses(speech: Mask, count: int, hop: int, size: int, rate: int) -> Mask:
    """Which of the frames lie in pauses, away from speech [N]."""
    near = np.convolve(speech, np.ones(2 * _AWAY_FRAMES + 1), mode="same") > 0
    middles = (np.arange(count) * hop - size + size // 2) / rate / FRAME_S
    inside = (middles >= 0) & (middles < len(speech))
    return inside & ~near[np.clip(middles, 0, max(0, len(speech) - 1)).astype(int)]
