"""Who speaks, in training: clips of the same speaker other than the one that is spoken, described as cloning describes a person.

It is apart from the batches because it has one duty: to give the predictor the very numbers that `MelAcoustic.describe` makes of those
clips, from what was computed once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from voxcommons.models.configs import BANDS
from voxcommons.models.mel_acoustic import memory_mel
from voxcommons.models.mel_predictor import FRAMES_PER_CODE
from voxcommons.prepare.corpus import Corpus
from voxcommons.train.features import Features

LEAST_CODES = 15  # clips of under 0.6 s say too little of a person


@dataclass(frozen=True)
class Described:
    """A person as one row of a batch.

    Attributes:
        statistics: [STATISTICS].
        vector: [V].
        codes: [M] remembered codes, 0 where there are none.
        mel: [BANDS, M] their spectra.
        remembered: how many there are.
    """

    statistics: np.ndarray
    vector: np.ndarray
    codes: np.ndarray
    mel: np.ndarray
    remembered: int


@dataclass(frozen=True)
class Voices:
    """The speakers of one split.

    Attributes:
        features: of all clips.
        codes: of all clips.
        vectors: of all clips, by the trained timbre encoder.
        clips: numbers of the clips of each speaker.
        room: codes that a voice remembers.
    """

    features: Features
    codes: Sequence[np.ndarray]
    vectors: np.ndarray
    clips: Mapping[str, Sequence[int]]
    room: int

    @classmethod
    def of(  # noqa: PLR0913 - its parts
        cls, corpus: Corpus, split: str, features: Features, codes: Sequence[np.ndarray], vectors: np.ndarray, room: int
    ) -> Voices:
        """The speakers of a split, with all their clips that are long enough."""
        found: dict[str, list[int]] = {}
        for number, clip in enumerate(corpus.clips):
            if clip.split == split and min(len(codes[number]), features.frames(number) // FRAMES_PER_CODE) >= LEAST_CODES:
                found.setdefault(clip.speaker, []).append(number)
        return cls(features, codes, vectors, found, room)

    def code_count(self, number: int) -> int:
        """Codes of a clip that have frames."""
        return min(len(self.codes[number]), self.features.frames(number) // FRAMES_PER_CODE)

    def others(self, speaker: str, number: int, most: int, rng: np.random.Generator) -> list[int]:
        """One to ``most`` other clips of a speaker; the clip itself where it is the only one."""
        others = [other for other in self.clips.get(speaker, ()) if other != number] or [number]
        wanted = int(rng.integers(1, most + 1))
        return [others[place] for place in rng.permutation(len(others))[:wanted]]

    def describe(self, numbers: Sequence[int]) -> Described:
        """The person who speaks in some clips."""
        counts = np.array([self.code_count(number) for number in numbers], np.float32)
        share = counts / counts.sum()
        vector = share @ self.vectors[numbers]
        codes, mel = np.zeros(self.room, np.int64), np.zeros((BANDS, self.room), np.float32)
        done = 0
        for place, number in enumerate(sorted(numbers, key=self.code_count)):  # what short ones leave is for longer ones
            size = min(self.code_count(number), (self.room - done) // (len(numbers) - place))
            codes[done : done + size] = self.codes[number][:size]
            frames = torch.from_numpy(self.features.mel_of(number)[: FRAMES_PER_CODE * size].astype(np.float32))
            mel[:, done : done + size] = memory_mel(frames.T).numpy()
            done += size
        statistics = share @ self.features.statistics[numbers]
        return Described(statistics, vector / max(float(np.linalg.norm(vector)), 1e-6), codes, mel, done)
