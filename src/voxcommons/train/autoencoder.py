"""Stage B, warm start: posterior encoder, style encoder and generator learn to copy sound, without any codes.

It is apart from the acoustic loop because it needs nothing of stage A and can run beside it: the latents are held near a
standard normal distribution, which the flow later replaces by one that codes and phonemes predict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from voxcommons.audio.spectrogram import linear_spectrogram
from voxcommons.base.progress import Progress
from voxcommons.models.harmonic_source import track_pitch
from voxcommons.models.semantic_to_wave import SemanticToWave
from voxcommons.prepare.corpus import Clip, Corpus
from voxcommons.train.acoustic import pitch_distance
from voxcommons.train.spectral import SpectralDistance
from voxcommons.train.stage import Pace, Stage
from voxcommons.train.state import MovingAverage


@dataclass(frozen=True)
class AutoencoderRecipe:
    """How the warm start is run.

    Attributes:
        items: clips per step.
        crop_frames: frames of each clip that the posterior encoder reads.
        segment_frames: frames of those that are rendered and compared.
        reference_frames: frames of another clip of the speaker that the style is taken from.
        normal_weight: weight of the divergence from the standard normal, reached after ``settle_steps``.
        pitch_weight: weight of the pitch that the generator reads from the latents.
    """

    steps: int = 3000
    items: int = 12
    crop_frames: int = 125
    segment_frames: int = 50
    reference_frames: int = 150
    normal_weight: float = 0.1
    pitch_weight: float = 5.0
    settle_steps: int = 500
    peak_rate: float = 1e-3
    warmup_steps: int = 100
    shortest_s: float = 1.6
    fft_samples: int = 1024
    hop_samples: int = 320
    seed: int = 7
    record_every: int = 50
    save_every: int = 200


def train_autoencoder(
    model: SemanticToWave, corpus: Corpus, folder: Path, recipe: AutoencoderRecipe, progress: Progress | None = None
) -> MovingAverage:
    """Run or resume the warm start and return the averaged weights of the whole model."""
    torch.manual_seed(recipe.seed)
    clips = [
        clip for clip in corpus.clips
        if clip.split == "train" and clip.length_samples > recipe.shortest_s * corpus.rate
    ]
    by_speaker: dict[str, list[Clip]] = {}
    for clip in clips:
        by_speaker.setdefault(clip.speaker, []).append(clip)
    distance = SpectralDistance(corpus.rate)
    parts = [*model.ref_enc.parameters(), *model.enc_q.parameters(), *model.dec.parameters()]
    optimizer = torch.optim.AdamW(parts, recipe.peak_rate, betas=(0.8, 0.99))
    pace = Pace(recipe.steps, recipe.peak_rate, recipe.warmup_steps, recipe.save_every, recipe.steps, recipe.record_every)
    stage = Stage(folder, {"autoencoder": model}, {"autoencoder": optimizer}, pace, clip=200.0, progress=progress)
    for step in stage.steps():
        rng = np.random.default_rng((recipe.seed, step))
        chosen = [clips[index] for index in rng.integers(0, len(clips), recipe.items)]
        others = [by_speaker[clip.speaker][int(rng.integers(len(by_speaker[clip.speaker])))] for clip in chosen]
        wave = _crops(corpus, chosen, recipe.crop_frames * recipe.hop_samples, rng)
        style_wave = _crops(corpus, others, recipe.reference_frames * recipe.hop_samples, rng)
        start = int(rng.integers(0, recipe.crop_frames - recipe.segment_frames + 1))
        made, normal, pitch = copy(model, wave, style_wave, start, recipe, corpus.rate)
        wanted = wave[:, start * recipe.hop_samples : (start + recipe.segment_frames) * recipe.hop_samples]
        spectral, mel = distance(made, wanted)
        pull = recipe.normal_weight * min(1.0, step / recipe.settle_steps)
        norm = stage.learn(spectral + pull * normal + recipe.pitch_weight * pitch)
        stage.finish(step, {"mel": mel, "normal": normal, "pitch": pitch, "gradient": norm}, dict)
    return stage.average


def copy(  # noqa: PLR0913 - one batch
    model: SemanticToWave, wave: Tensor, style_wave: Tensor, start: int, recipe: AutoencoderRecipe, rate: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Encode waves [B, T] and render one segment of each.

    Returns:
        (segments [B, segment], divergence of the latents from a standard normal per frame, distance of their pitch).
    """
    spec = linear_spectrogram(wave, recipe.fft_samples, recipe.hop_samples)
    style_spec = linear_spectrogram(style_wave, recipe.fft_samples, recipe.hop_samples)
    pitch_hz = track_pitch(wave, spec.shape[2], recipe.hop_samples, rate)
    with torch.autocast("cpu", torch.bfloat16):
        ge = model.style(style_spec)
        z, mean, log_deviation = (t.float() for t in model.posterior(spec, ge.detach()))
        part = slice(start, start + recipe.segment_frames)
        made = model.render(z[:, :, part], ge, pitch_hz=pitch_hz[:, part])[:, 0].float()
        pitch = pitch_distance(model, z, ge, pitch_hz, torch.ones_like(z[:, :1]))
    normal = (0.5 * (mean.square() + torch.exp(2 * log_deviation) - 1) - log_deviation).sum(1).mean()
    return made, normal, pitch


def _crops(corpus: Corpus, clips: Sequence[Clip], size: int, rng: np.random.Generator) -> Tensor:
    """A random stretch of ``size`` samples of every clip, zero padded: [B, size]."""
    crops = np.zeros((len(clips), size), np.float32)
    for row, clip in enumerate(clips):
        wave = corpus.wave(clip)
        start = int(rng.integers(0, max(0, len(wave) - size) + 1))
        crops[row, : len(wave) - start] = wave[start : start + size]
    return torch.from_numpy(crops)
