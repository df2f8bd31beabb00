"""Stage B, the predictor: teach codes, phonemes and a person to become pitch and mel frames.

One loop with plain distances on every frame. The person is always told from other clips of the speaker where there are some, so that
nothing they are told by can carry the words; the half behind the pitch hears the true one, so that it learns what pitch does to sound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voxcommons.models.correction import moved
from voxcommons.models.mel_frames import CHANNELS
from voxcommons.models.mel_predictor import MelPredictor
from voxcommons.train.acoustic_batch import AcousticPart, Loader, Utterance, by_language
from voxcommons.train.loader import BatchPlan
from voxcommons.train.recipes import AcousticRecipe
from voxcommons.train.samples import Sample, draw_samples, spectra
from voxcommons.train.stage import Stage
from voxcommons.train.state import MovingAverage
from voxcommons.train.voices import Voices
from voxcommons.train.workplace import Workplace

HELD_OUT_ITEMS = 64
HELD_OUT_BATCH = 8


def spoken(model: MelPredictor, part: AcousticPart) -> tuple[Tensor, Tensor]:
    """Return (mel frames [B, CHANNELS, F] at the part's own pitch, the pitch [B, 2, F] that is predicted, as the people move theirs)."""
    style = model.style(part.statistics, part.vector)
    features, pitch = model.features(part.codes, part.mask, part.phones, part.places, style, part.memory)
    pitch = pitch.float()
    if part.movement is not None:
        pitch = torch.cat([moved(pitch[:, :1], part.movement), pitch[:, 1:]], 1)
    return model.mel(features, part.pitch, style, part.real, part.correction), pitch


def distances(part: AcousticPart, mel: Tensor, pitch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """How far what is `spoken` of a part is from it: mel per frame, octaves per voiced frame, surprise at voiced or not per frame."""
    real, voiced = part.real, part.pitch[:, 1:]
    frames = real.sum()
    off = ((mel - part.mel).abs() * real).sum() / (CHANNELS * frames)
    octaves = ((pitch[:, :1] - part.pitch[:, :1]).abs() * voiced).sum() / voiced.sum().clamp_min(1)
    surprise = F.binary_cross_entropy_with_logits(pitch[:, 1:], voiced, weight=real, reduction="sum") / frames
    return off, octaves, surprise


class AcousticLesson(nn.Module):
    """Foretell pitch, and mel frames at the true pitch."""

    def __init__(self, model: MelPredictor, recipe: AcousticRecipe, place: Workplace) -> None:
        super().__init__()
        self.model, self.recipe, self.place = model, recipe, place

    def forward(self, part: AcousticPart, totals: Mapping[str, float]) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a part, per frame and voiced frame of the batch."""
        with self.place.autocast(self.recipe.precision):
            mel, octaves, surprise = distances(part, *spoken(self.model, part))
        frames = part.share("frames", totals)
        mel, octaves, surprise = frames * mel, part.share("voiced", totals) * octaves, frames * surprise
        loss = mel + self.recipe.pitch_weight * octaves + self.recipe.voiced_weight * surprise
        return loss, {"mel": mel, "pitch": octaves, "voiced": surprise}


def train_acoustic(  # noqa: PLR0913 - two splits of people and what they say
    model: MelPredictor, train: tuple[Voices, Sequence[Utterance]], held_out: tuple[Voices, Sequence[Utterance]], folder: Path,
    recipe: AcousticRecipe, place: Workplace | None = None,
) -> MovingAverage:
    """Run or resume the stage and return the averaged weights."""
    place = place or Workplace()
    model.to(place.device)
    voices, items = train
    plan = BatchPlan(
        tuple(voices.code_count(item.number) / 25 for item in items), recipe.batch_seconds * recipe.accumulate, recipe.seed,
        max_items=40 * recipe.accumulate, by_length=recipe.by_length,
    )
    loader, unseen = Loader(voices, recipe.references, recipe.unaligned_share), Loader(held_out[0], recipe.references)
    optimizer = torch.optim.AdamW(model.parameters(), recipe.peak_rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay)
    lesson, blocks = AcousticLesson(model, recipe, place), [*model.before, model.mid, model.pblock, *model.after]
    stage = Stage(folder, {"acoustic": model}, {"acoustic": optimizer}, lesson, recipe, place, clip=1.0, compiled=blocks)

    def test(done: int) -> dict[str, float]:
        if recipe.pictures:
            samples = predicted_samples(model, unseen, held_out[1], recipe)
            draw_samples(samples, folder.parent / "samples" / f"acoustic-{done:08d}.png", "natural above, predicted from its codes below")
        return held_out_distances(model, unseen, held_out[1], recipe.seed)

    for step in stage.steps():
        batch = [items[index] for index in plan.batch(step)]
        stage.learn(step, len(batch), partial(loader.part, batch, (recipe.seed, step)))
        stage.finish(step, partial(test, step + 1))
    return stage.average


@torch.inference_mode()
def held_out_distances(model: MelPredictor, loader: Loader, items: Sequence[Utterance], seed: int) -> dict[str, float]:
    """`distances` on unseen speakers per language, mean over groups of clips; nothing when there are none."""
    model.eval()
    device = next(model.parameters()).device
    figures: dict[str, float] = {}
    for language, chosen in by_language(items, HELD_OUT_ITEMS).items():
        chosen = sorted(chosen, key=lambda item: item.clip.length_samples)  # little padding
        found = []
        for start in range(0, len(chosen), HELD_OUT_BATCH):
            group = chosen[start : start + HELD_OUT_BATCH]
            part = loader.part(group, (seed, start), range(len(group))).to(device)
            found.append([float(value) for value in distances(part, *spoken(model, part))])
        means = np.mean(found, axis=0)
        figures |= {f"unseen_{name}_{language}": float(value) for name, value in zip(("mel", "pitch", "voiced"), means, strict=True)}
    return figures


@torch.inference_mode()
def predicted_samples(model: MelPredictor, loader: Loader, items: Sequence[Utterance], recipe: AcousticRecipe) -> list[Sample]:
    """Natural and predicted spectra of some clips of people not heard in training, the same ones at each call."""
    model.eval()
    device = next(model.parameters()).device
    chosen, samples = by_language(items, recipe.pictures), []
    turns = [group[place] for place in range(recipe.pictures) for group in chosen.values() if place < len(group)]
    for number, item in enumerate(turns[: recipe.pictures]):
        part = loader.part([item], (recipe.seed, number), [0]).to(device)
        mel, _ = spoken(model, part)
        samples.append(Sample(f"{item.clip.speaker} ({item.clip.language})", spectra(part.mel[0]), spectra(mel[0])))
    return samples
