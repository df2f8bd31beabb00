"""What stage B learns from: utterances with their codes, and the tensors of a part of a batch.

It is apart from the loop because loading is a matter of clips, places and random pieces, and the loop one of losses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from voxcommons.audio.spectrogram import linear_spectrogram
from voxcommons.models.harmonic_source import track_pitch
from voxcommons.prepare.corpus import Clip, Corpus
from voxcommons.train.dice import Dice, seed_of
from voxcommons.train.lesson import Part
from voxcommons.train.recipes import AcousticRecipe


@dataclass(frozen=True)
class Utterance:
    """One clip as the model sees it."""

    clip: Clip
    phones: tuple[int, ...]
    codes: np.ndarray  # [S] int16
    places: np.ndarray | None = None  # [S] index of the phoneme each code speaks, where that is known


@dataclass(frozen=True)
class AcousticPart(Part):
    """Some items of a batch; everything is zero padded on the right to the longest of the whole batch."""

    wave: Tensor  # [B, T]
    spec: Tensor  # [B, bins, F]
    frames: Tensor  # [B]
    phones: Tensor  # [B, P]
    phone_counts: Tensor  # [B]
    codes: Tensor  # [B, S]
    places: Tensor  # [B, S] index of the phoneme of each code, -1 where it is not known
    style_specs: Tensor  # [B, R, bins, F'] pieces the style is averaged from
    pitch_hz: Tensor  # [B, F]
    noise: Tensor  # [B, L, F] of the posterior's sample
    spoken_noise: Tensor  # [B, L, F] of the prior's
    own: Tensor  # [N] rows that are rendered from the latents of their own sound
    spoken: Tensor  # [M] rows that are rendered from the prior
    slice_rand: Tensor  # [N + M] in [0, 1): where the rendered segments lie


@dataclass(frozen=True)
class Loader:
    """Makes parts of batches.

    Attributes:
        corpus: holds the sound.
        recipe: sizes and shares.
        latent: channels of the latents.
        voices: clips of each speaker that styles may come from.
    """

    corpus: Corpus
    recipe: AcousticRecipe
    latent: int
    voices: Mapping[str, Sequence[Clip]]

    def part(self, batch: Sequence[Utterance], seed: tuple[int, int], places: Sequence[int]) -> AcousticPart:
        """The items at some places of a batch, each drawn by itself; ``seed`` is the recipe's and the step."""
        recipe, hop = self.recipe, self.recipe.hop_samples
        code_counts = [self._codes(item) for item in batch]
        items, counts = [batch[place] for place in places], torch.tensor([code_counts[place] for place in places])
        wave = torch.zeros(len(items), max(code_counts) * 2 * hop)
        codes = torch.zeros(len(items), max(code_counts), dtype=torch.long)
        phones = torch.zeros(len(items), max(len(item.phones) for item in batch), dtype=torch.long)
        heard_at, styles = torch.full_like(codes, -1), []
        for row, (place, item, count) in enumerate(zip(places, items, counts.tolist(), strict=True)):
            rng = np.random.default_rng((*seed, place))
            wave[row, : count * 2 * hop] = torch.from_numpy(self.corpus.wave(item.clip)[: count * 2 * hop])
            codes[row, :count] = torch.from_numpy(item.codes[:count].astype(np.int64))
            phones[row, : len(item.phones)] = torch.tensor(item.phones)
            if item.places is not None and rng.random() >= recipe.unaligned_share:
                heard_at[row, : min(count, len(item.places))] = torch.from_numpy(item.places[:count].astype(np.int64))
            styles += [self._piece(item.clip.speaker, rng) for _ in range(recipe.references)]
        spec, style_specs = (linear_spectrogram(sound, recipe.fft_samples, hop) for sound in (wave, torch.from_numpy(np.stack(styles))))
        pitch_hz = track_pitch(wave, spec.shape[2], hop, self.corpus.rate)
        dice = Dice([seed_of(*seed, place) for place in places])
        noise, spoken_noise, where = dice.normal(self.latent, spec.shape[2]), dice.normal(self.latent, spec.shape[2]), dice.uniform(2)
        own, spoken = (_rows(places, chosen) for chosen in self._drawn(len(batch), seed))
        frames = 2 * counts
        voiced = ((pitch_hz > 0) & (torch.arange(spec.shape[2]) < frames[:, None])).sum(1)
        return AcousticPart(
            {
                "frames": float(frames.sum()), "voiced": float(voiced.sum()), "spoken_frames": float(frames[spoken].sum()),
                "spoken_voiced": float(voiced[spoken].sum()), "rendered": float(len(own) + len(spoken)),
            },
            wave, spec, frames, phones, torch.tensor([len(item.phones) for item in items]), codes, heard_at,
            style_specs.unflatten(0, (len(items), recipe.references)), pitch_hz, noise, spoken_noise, own, spoken,
            torch.cat([where[own, 0], where[spoken, 1]]),
        )

    def _codes(self, item: Utterance) -> int:
        return min(len(item.codes), item.clip.length_samples // (2 * self.recipe.hop_samples))

    def _piece(self, speaker: str, rng: np.random.Generator) -> np.ndarray:
        clips = self.voices[speaker]
        return piece(self.corpus.wave(clips[int(rng.integers(len(clips)))]), self.corpus.rate, self.recipe, rng)

    def _drawn(self, items: int, seed: tuple[int, int]) -> tuple[list[int], list[int]]:
        """Places of the batch that are rendered from their own latents, and from the prior."""
        rng = np.random.default_rng(seed)
        own, spoken = rng.permutation(items)[: self._wanted(self.recipe.rendered_items)], rng.permutation(items)
        return own.tolist(), spoken[: self._wanted(self.recipe.spoken_items)].tolist()

    def _wanted(self, items: int) -> int:
        return items * self.recipe.accumulate


def _rows(places: Sequence[int], chosen: Sequence[int]) -> Tensor:
    """Rows of a part whose places in the batch were chosen."""
    return torch.tensor([row for row, place in enumerate(places) if place in chosen], dtype=torch.long)


def utterances(
    corpus: Corpus, labels: dict[int, tuple[int, ...]], codes: list[np.ndarray], split: str, recipe: AcousticRecipe,
    alignments: Mapping[int, np.ndarray] | None = None,
) -> list[Utterance]:
    """Return the clips of ``split`` that have a label and a length within the recipe's bounds."""
    known = alignments or {}
    return [
        Utterance(clip, labels[number], codes[number], known.get(number))
        for number, clip in enumerate(corpus.clips)
        if clip.split == split
        and number in labels
        and recipe.shortest_s <= clip.length_samples / corpus.rate <= recipe.longest_s
    ]


def piece(wave: np.ndarray, rate: int, recipe: AcousticRecipe, rng: np.random.Generator) -> np.ndarray:
    """Cut a random ``reference_s`` from a clip [T]; a shorter clip is repeated to fill it."""
    size = int(recipe.reference_s * rate)
    wave = np.resize(wave, size) if len(wave) < size else wave
    start = int(rng.integers(0, len(wave) - size + 1))
    return wave[start : start + size]


def clips_by_speaker(items: Sequence[Utterance]) -> dict[str, list[Clip]]:
    """Group the clips that styles may come from."""
    found: dict[str, list[Clip]] = {}
    for item in items:
        found.setdefault(item.clip.speaker, []).append(item.clip)
    return found
