"""Joining pieces of speech where their waves fit best, as the public GPT-SoVITS program does when it streams.

Apart from `stream`, whose blocks meet at known samples and need no search. The public program renders each chunk a little
more than once, looks within 10 ms for the place where the two versions agree, and fades there (SOLA: synchronised
overlap-add). The place depends on the sound, so the joined speech is up to 10 ms shorter at each joint.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from voxcommons.synth.chunks import Samples

SEARCH_SAMPLES: Final = 320
_FLOOR: Final = 1e-8  # keeps the division finite where a piece is silent


def best_shift(tail: Samples, head: Samples) -> int:
    """Where in `head` the wave of `tail` is found.

    Args:
        tail: [N], the end of the piece before.
        head: [N + S], the start of the piece after.

    Returns:
        The shift 0 .. S of the largest normalised correlation, the first of equals.
    """
    wide, narrow = head.astype(np.float64), tail.astype(np.float64)
    likeness = np.correlate(wide, narrow, mode="valid")
    power = np.convolve(wide**2, np.ones(len(narrow)), mode="valid")
    return int(np.argmax(likeness / np.sqrt(power + _FLOOR)))


def joined(pieces: Iterable[Samples], overlap_samples: int, *, search_samples: int = SEARCH_SAMPLES) -> Iterator[Samples]:
    """Fade pieces into each other where they fit.

    Args:
        pieces: [T] each, longer than `overlap_samples + search_samples`; each repeats the end of the one before it.
        overlap_samples: length of the fade.
        search_samples: how far the joint may be moved.

    Yields:
        What is certain: one part per piece, and the overlap of the last piece at the end. All parts joined are the speech.
    """
    # Periodic Hann window: the rising and the falling half add up to one.
    rise = (0.5 - 0.5 * np.cos(np.pi * np.arange(overlap_samples) / overlap_samples)).astype(np.float32)
    held: Samples | None = None
    for piece in pieces:
        samples = piece.astype(np.float32)
        if held is not None:
            shift = best_shift(held, samples[: overlap_samples + search_samples])
            samples = samples[shift:]
            samples = np.concatenate([held * (1 - rise) + samples[:overlap_samples] * rise, samples[overlap_samples:]])
        held = samples[len(samples) - overlap_samples :]
        yield samples[: len(samples) - overlap_samples]
    if held is not None:
        yield held
