"""Stage B, warm start: posterior encoder, style encoder and generator learn to copy sound, without any codes.

It is apart from the acoustic loop because it needs nothing of stage A and can run beside it: the latents are held near a
standard normal distribution, which the flow later replaces by one that codes and phonemes predict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from voxcommons.audio.spectrogram import linear_spectrogram
from voxcommons.models.harmonic_source import track_pitch
from voxcommons.models.semantic_to_wave import SemanticToWave
from voxcommons.prepare.corpus import Clip, Corpus
from voxcommons.train.dice import Dice, seed_of
from voxcommons.train.lesson import Part
from voxcommons.train.pitch import pitch_distance
from voxcommons.train.recipes import AutoencoderRecipe
from voxcommons.train.spectral import SpectralDistance
from voxcommons.train.stage import Stage
from voxcommons.train.state import MovingAverage
from voxcommons.train.workplace import Workplace

HELD_OUT_ITEMS = 16


@dataclass(frozen=True)
class CopiedPart(Part):
    """Some crops of a batch.

    Attributes:
        wave: [B, T] to copy.
        style_wave: [B, T'] of the same speakers.
        pitch_hz: [B, F] heard in ``wave``.
        noise: [B, L, F] of the posterior's sample.
        start: first frame of the segment that is rendered.
    """

    wave: Tensor
    style_wave: Tensor
    pitch_hz: Tensor
    noise: Tensor
    start: int


@dataclass(frozen=True)
class Crops:
    """Clips to crop from, and how.

    Attributes:
        corpus: holds their sound.
        clips: long enough for the recipe.
        recipe: sizes of the crops.
        latent: channels of the latents.
    """

    corpus: Corpus
    clips: Sequence[Clip]
    recipe: AutoencoderRecipe
    latent: int

    @classmethod
    def of(cls, corpus: Corpus, split: str, recipe: AutoencoderRecipe, latent: int) -> Crops:
        """The clips of a split that are long enough."""
        long_enough = recipe.shortest_s * corpus.rate
        return cls(corpus, [clip for clip in corpus.clips if clip.split == split and clip.length_samples > long_enough], recipe, latent)

    def by_speaker(self) -> dict[str, list[Clip]]:
        """The clips of each speaker."""
        found: dict[str, list[Clip]] = {}
        for clip in self.clips:
            found.setdefault(clip.speaker, []).append(clip)
        return found

    def part(self, voices: Mapping[str, Sequence[Clip]], seed: tuple[int, int], places: Sequence[int]) -> CopiedPart:
        """Crops at some places of a batch, each drawn by itself; ``seed`` is the recipe's and the step."""
        recipe, hop = self.recipe, self.recipe.hop_samples
        waves, styles = [], []
        for place in places:
            rng = np.random.default_rng((*seed, place))
            clip = self.clips[int(rng.integers(len(self.clips)))]
            other = voices[clip.speaker][int(rng.integers(len(voices[clip.speaker])))]
            waves.append(_crop(self.corpus.wave(clip), recipe.crop_frames * hop, rng))
            styles.append(_crop(self.corpus.wave(other), recipe.reference_frames * hop, rng))
        wave, style_wave = torch.from_numpy(np.stack(waves)), torch.from_numpy(np.stack(styles))
        pitch_hz = track_pitch(wave, recipe.crop_frames, hop, self.corpus.rate)
        noise = Dice([seed_of(*seed, place) for place in places]).normal(self.latent, recipe.crop_frames)
        start = int(np.random.default_rng(seed).integers(0, recipe.crop_frames - recipe.segment_frames + 1))
        counts = {"items": float(len(places)), "voiced": float((pitch_hz > 0).sum())}
        return CopiedPart(counts, wave, style_wave, pitch_hz, noise, start)


def _crop(wave: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A random stretch of ``size`` samples, zero padded."""
    start = int(rng.integers(0, max(0, len(wave) - size) + 1))
    found = wave[start : start + size]
    return np.pad(found, (0, size - len(found)))


class AutoencoderLesson(nn.Module):
    """Copy a crop in the style of another clip of its speaker."""

    def __init__(self, model: SemanticToWave, recipe: AutoencoderRecipe, rate: int, place: Workplace) -> None:
        super().__init__()
        self.model, self.recipe, self.place = model, recipe, place
        self.distance = SpectralDistance(rate).to(place.device)
        self.settled = 1.0

    def forward(self, part: CopiedPart, totals: Mapping[str, float]) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a part, per item of the batch."""
        made, wanted, normal, (off, undecided) = self.copy(part)
        spectral, mel = self.distance(made, wanted)
        items, voiced = part.share("items", totals), part.share("voiced", totals)
        pitch = voiced * off + items * undecided
        normal = items * normal
        loss = items * spectral + self.settled * self.recipe.normal_weight * normal + self.recipe.pitch_weight * pitch
        return loss, {"mel": items * mel, "normal": normal, "pitch": pitch}

    def copy(self, part: CopiedPart) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, Tensor]]:
        """Encode the waves and render one segment of each.

        Returns:
            (segments made [B, segment], wanted, divergence of the latents from a standard normal per frame, `pitch_distance`).
        """
        recipe, model = self.recipe, self.model
        spec, style_spec = (linear_spectrogram(wave, recipe.fft_samples, recipe.hop_samples) for wave in (part.wave, part.style_wave))
        frames = slice(part.start, part.start + recipe.segment_frames)
        with self.place.autocast(recipe.precision):
            ge = model.style(style_spec)
            z, mean, log_deviation = (t.float() for t in model.posterior(spec, ge.detach(), noise=part.noise))
            made = model.render(z[:, :, frames], ge, pitch_hz=part.pitch_hz[:, frames])[:, 0].float()
            pitch = pitch_distance(model, z, ge, part.pitch_hz, torch.ones_like(z[:, :1]))
        normal = (0.5 * (mean.square() + torch.exp(2 * log_deviation) - 1) - log_deviation).sum(1).mean()
        return made, part.wave[:, frames.start * recipe.hop_samples : frames.stop * recipe.hop_samples], normal, pitch


def train_autoencoder(
    model: SemanticToWave, corpus: Corpus, folder: Path, recipe: AutoencoderRecipe, place: Workplace | None = None
) -> MovingAverage:
    """Run or resume the warm start and return the averaged weights of the whole model."""
    place = place or Workplace()
    model.to(place.device)
    crops, unseen = (Crops.of(corpus, split, recipe, model.latent_channels) for split in ("train", "dev_unseen"))
    voices = crops.by_speaker()
    lesson = AutoencoderLesson(model, recipe, corpus.rate, place)
    parts = [*model.ref_enc.parameters(), *model.enc_q.parameters(), *model.dec.parameters()]
    optimizer = torch.optim.AdamW(parts, recipe.peak_rate, betas=(0.8, 0.99))
    networks, optimizers, inner = {"autoencoder": model}, {"autoencoder": optimizer}, [model.enc_q, model.dec]
    stage = Stage(folder, networks, optimizers, lesson, recipe, place, clip=200.0, compiled=inner, partly=True)
    for step in stage.steps():
        lesson.settled = min(1.0, step / recipe.settle_steps)
        stage.learn(step, recipe.items * recipe.accumulate, partial(crops.part, voices, (recipe.seed, step)))
        stage.finish(step, lambda: held_out_copies(lesson, unseen))
    return stage.average


@torch.inference_mode()
def held_out_copies(lesson: AutoencoderLesson, crops: Crops) -> dict[str, float]:
    """Mel distance of copies of people not heard in training; nothing when there are none."""
    if not crops.clips:
        return {}
    part = crops.part(crops.by_speaker(), (crops.recipe.seed, 0), range(HELD_OUT_ITEMS)).to(lesson.place.device)
    made, wanted, _, _ = lesson.copy(part)
    return {"unseen_mel": float(lesson.distance(made, wanted)[1])}
