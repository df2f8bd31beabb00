"""Changing the sample rate.

One place for it, so that every part of the program filters alike; the work is done by libsoxr.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import soxr

Samples = npt.NDArray[np.float32]


def resample(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    """Resample a whole signal.

    Args:
        samples: [T] or [T, channels], float32.
        from_rate: its rate in Hz.
        to_rate: the rate wanted, in Hz.

    Returns:
        round(T * to_rate / from_rate) samples, float32; the same array when the rates are equal.
    """
    if from_rate == to_rate or not len(samples):
        return samples
    return np.asarray(soxr.resample(samples, from_rate, to_rate, quality="HQ"), dtype=np.float32)


def resample_blocks(blocks: Iterator[Samples], from_rate: int, to_rate: int, channels: int) -> Iterator[Samples]:
    """Resample a stream block by block in bounded memory; the joined pieces equal the whole.

    Args:
        blocks: arrays [T, channels], float32.
        from_rate: rate of the blocks in Hz.
        to_rate: the rate wanted, in Hz.
        channels: width of every block.

    Yields:
        Arrays [T', channels], some of them empty while the filter fills.
    """
    if from_rate == to_rate:
        yield from blocks
        return
    stream = Resampler(from_rate, to_rate, channels)
    for block in blocks:
        yield stream.push(block).reshape(-1, channels)
    yield stream.finish().reshape(-1, channels)


class Resampler:
    """Resamples a stream that somebody pushes piece by piece; the joined pieces equal the whole.

    Args:
        from_rate: rate of what comes in, in Hz.
        to_rate: the rate wanted, in Hz.
        channels: 1 for arrays [T], more for [T, channels].
    """

    def __init__(self, from_rate: int, to_rate: int, channels: int = 1) -> None:
        self._nothing = np.zeros((0, channels) if channels > 1 else 0, np.float32)
        self._stream = soxr.ResampleStream(from_rate, to_rate, channels, dtype="float32", quality="HQ")

    def push(self, samples: Samples) -> Samples:
        """Take in the next samples, any number; what is ready, less than that while the filter fills."""
        return self._resampled(samples) if len(samples) else self._nothing

    def finish(self) -> Samples:
        """What the filter still holds; nothing may be pushed after it."""
        return self._resampled(self._nothing, last=True)

    def _resampled(self, samples: Samples, *, last: bool = False) -> Samples:
        return np.asarray(self._stream.resample_chunk(samples, last=last), dtype=np.float32)
