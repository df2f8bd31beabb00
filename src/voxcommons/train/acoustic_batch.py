"""What stage acoustic learns from: utterances with their codes, and the tensors of a part of a batch.

It is apart from the loop because loading is a matter of clips, places and people, and the loop one of losses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from voxcommons.models.configs import BANDS
from voxcommons.models.correction import Correction
from voxcommons.models.mel_frames import CHANNELS
from voxcommons.models.mel_predictor import FRAMES_PER_CODE, Memory
from voxcommons.prepare.corpus import Clip, Corpus
from voxcommons.train.features import MIDDLE, STATISTICS, octaves
from voxcommons.train.lesson import Part
from voxcommons.train.recipes import AcousticRecipe
from voxcommons.train.voices import Voices

WIDEST_OCTAVES = 1.2  # farther from the middle of a voice than this the tracker was wrong


@dataclass(frozen=True)
class Utterance:
    """One clip as the model sees it.

    Attributes:
        number: of the clip.
        clip: who says it, how long.
        phones: what is said.
        places: [S] index of the phoneme that each code speaks.
    """

    number: int
    clip: Clip
    phones: tuple[int, ...]
    places: np.ndarray


@dataclass(frozen=True)
class AcousticPart(Part):
    """Some items of a batch; everything is padded on the right to the longest of the whole batch."""

    codes: Tensor  # [B, S]
    mask: Tensor  # [B, S] True at real codes
    phones: Tensor  # [B, P]
    places: Tensor  # [B, S] index of the phoneme of each code, -1 where it is not known
    mel: Tensor  # [B, CHANNELS, F] to predict
    pitch: Tensor  # [B, 2, F] octaves above the person's middle (0 where unvoiced), and 1 where voiced
    statistics: Tensor  # [B, STATISTICS]
    vector: Tensor  # [B, V]
    memory_codes: Tensor  # [B, M]
    memory_mel: Tensor  # [B, BANDS, M]
    remembered: Tensor  # [B, M] True at real codes
    correction: Correction | None = None  # where a person's voice knows one
    movement: Tensor | None = None  # [1, 2] likewise, of the pitch

    @property
    def memory(self) -> Memory:
        """How the people of the items sounded elsewhere."""
        return Memory(self.memory_codes, self.memory_mel, self.remembered)

    @property
    def real(self) -> Tensor:
        """[B, 1, F], 1 at real frames."""
        return self.mask[:, None].float().repeat_interleave(FRAMES_PER_CODE, dim=2)


@dataclass(frozen=True)
class Loader:
    """Makes parts of batches.

    Attributes:
        voices: people of the split, with the features of all clips.
        references: most clips that describe a person.
        unaligned_share: of the items whose places are kept back.
    """

    voices: Voices
    references: int
    unaligned_share: float = 0.0

    def part(self, batch: Sequence[Utterance], seed: tuple[int, int], places: Sequence[int]) -> AcousticPart:
        """The items at some places of a batch, each drawn by itself; ``seed`` is the recipe's and the step."""
        voices = self.voices
        columns = max(voices.code_count(item.number) for item in batch)
        size, frames, room = len(places), FRAMES_PER_CODE * columns, voices.room
        mask, aligned = torch.zeros(size, columns, dtype=torch.bool), torch.full((size, columns), -1)
        phones = torch.zeros(size, max(len(item.phones) for item in batch), dtype=torch.long)
        mel, pitch, statistics = torch.zeros(size, CHANNELS, frames), torch.zeros(size, 2, frames), torch.zeros(size, STATISTICS)
        vector, memory_mel = torch.zeros(size, voices.vectors.shape[1]), torch.zeros(size, BANDS, room)
        codes, memory_codes = torch.zeros(size, columns, dtype=torch.long), torch.zeros(size, room, dtype=torch.long)
        remembered = torch.zeros(size, room, dtype=torch.bool)
        for row, place in enumerate(places):
            item, rng = batch[place], np.random.default_rng((*seed, place))
            count = voices.code_count(item.number)
            own = slice(0, FRAMES_PER_CODE * count)
            codes[row, :count] = torch.from_numpy(voices.codes[item.number][:count].astype(np.int64))
            mask[row, :count] = True
            phones[row, : len(item.phones)] = torch.tensor(item.phones)
            if rng.random() >= self.unaligned_share:
                aligned[row, :count] = torch.from_numpy(_fitted(item.places, count))
            mel[row, :, own] = torch.from_numpy(voices.features.mel_of(item.number)[own].T.astype(np.float32))
            person = voices.describe(voices.others(item.clip.speaker, item.number, self.references, rng))
            statistics[row], vector[row] = torch.from_numpy(person.statistics), torch.from_numpy(person.vector)
            memory_codes[row], memory_mel[row] = torch.from_numpy(person.codes), torch.from_numpy(person.mel)
            remembered[row, : person.remembered] = True
            pitch[row, :, own] = torch.from_numpy(_told(voices.features.pitch_of(item.number)[own], float(person.statistics[MIDDLE])))
        counts = {"frames": float(FRAMES_PER_CODE * mask.sum()), "voiced": float(pitch[:, 1].sum())}
        return AcousticPart(
            counts, codes, mask, phones, aligned, mel, pitch, statistics, vector, memory_codes, memory_mel, remembered,
        )


def utterances(
    corpus: Corpus, labels: Mapping[int, tuple[int, ...]], alignments: Mapping[int, np.ndarray], split: str, recipe: AcousticRecipe
) -> list[Utterance]:
    """Return the clips of ``split`` that have a label, an alignment and a length within the recipe's bounds."""
    return [
        Utterance(number, clip, labels[number], alignments[number])
        for number, clip in enumerate(corpus.clips)
        if clip.split == split
        and number in labels
        and number in alignments
        and recipe.shortest_s <= clip.length_samples / corpus.rate <= recipe.longest_s
    ]


def by_language(items: Sequence[Utterance], most: int) -> dict[str, list[Utterance]]:
    """Up to so many items of each language, spread over the list."""
    found: dict[str, list[Utterance]] = {}
    for item in items:
        found.setdefault(item.clip.language, []).append(item)
    return {name: found[name][:: max(1, len(found[name]) // most)][:most] for name in sorted(found)}


def _fitted(places: np.ndarray, count: int) -> np.ndarray:
    """One place for each of ``count`` codes; codes beyond the alignment belong to its last place."""
    return np.pad(places.astype(np.int64), (0, max(0, count - len(places))), "edge")[:count]


def _told(pitch_hz: np.ndarray, middle: float) -> np.ndarray:
    """[2, F]: octaves above the middle of a voice, 0 where unvoiced; and 1 where voiced."""
    voiced = pitch_hz > 0
    above = np.clip(octaves(pitch_hz) - middle, -WIDEST_OCTAVES, WIDEST_OCTAVES)
    return np.stack([np.where(voiced, above, 0.0), voiced]).astype(np.float32)
