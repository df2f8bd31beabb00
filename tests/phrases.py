"""Phrases for tests of tuning: sound of arithmetic, codes and phonemes by chance."""

import numpy as np

from sounds import speech_like
from voxcommons.train.phrases import Phrase


def some_phrases(count: int = 6, *, rate: int = 16000, seconds: float = 2.0, from_text: bool = True, seed: int = 0) -> list[Phrase]:
    """Phrases of one buzzing person; the same arguments give the same."""
    numbers, found = np.random.default_rng(seed), []
    for number in range(count):
        size = round(seconds * 25)
        wave = speech_like((seconds,), 0.0, rate, seed=number + seed)[: size * rate // 25]
        phones = numbers.integers(1, 300, 20)
        places = np.minimum(np.arange(size) * len(phones) // size, len(phones) - 1)
        found.append(Phrase(wave, numbers.integers(0, 1024, size), phones, places, from_text))
    return found
