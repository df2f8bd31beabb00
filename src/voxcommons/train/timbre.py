"""Stage B, the timbre encoder: teach a small network to tell people apart, as a larger one does.

The wanted vector of a piece is that of its whole clip. Every prediction is also told from the vectors of all other clips in the batch;
those come from the teacher, so a batch can be worked through in parts to the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voxcommons.base.errors import InputError
from voxcommons.models.configs import BANDS
from voxcommons.models.mel_frames import PER_FRAME
from voxcommons.models.timbre_encoder import TimbreEncoder
from voxcommons.prepare.corpus import Corpus
from voxcommons.train.features import Features
from voxcommons.train.lesson import Part
from voxcommons.train.recipes import TimbreRecipe
from voxcommons.train.stage import Stage
from voxcommons.train.state import MovingAverage
from voxcommons.train.workplace import Workplace

LEAST_FRAMES = 20  # shorter clips are nobody's voice
HELD_OUT_FRAMES = 75  # the same for figures


@dataclass(frozen=True)
class PiecePart(Part):
    """Some pieces of a batch.

    Attributes:
        mel: [B, CHANNELS, F].
        taught: [N, V] vectors of all pieces of the whole batch.
        rows: [B] which of them are these.
    """

    mel: Tensor
    taught: Tensor
    rows: Tensor


@dataclass(frozen=True)
class Pieces:
    """Clips to cut pieces from.

    Attributes:
        features: their mel frames.
        taught: [clips, V] what the teacher says of them.
        clips: numbers of the clips.
        speakers: those of each speaker.
        recipe: lengths and disturbances.
    """

    features: Features
    taught: np.ndarray
    clips: tuple[int, ...]
    speakers: tuple[tuple[int, ...], ...]
    recipe: TimbreRecipe

    @classmethod
    def of(cls, corpus: Corpus, split: str, features: Features, taught: np.ndarray, recipe: TimbreRecipe) -> Pieces:
        """The clips of a split that are long enough and that the teacher has a vector of."""
        found: dict[str, list[int]] = {}
        for number, clip in enumerate(corpus.clips):
            if clip.split == split and features.frames(number) >= LEAST_FRAMES and taught[number].any():
                found.setdefault(clip.speaker, []).append(number)
        speakers = tuple(tuple(found[name]) for name in sorted(found))
        return cls(features, taught, tuple(clip for clips in speakers for clip in clips), speakers, recipe)

    def part(self, seed: tuple[int, int], items: int, places: Sequence[int]) -> PiecePart:
        """Pieces at some places of a batch of ``items``, each drawn by itself; ``seed`` is the recipe's and the step."""
        recipe = self.recipe
        frames = int(np.random.default_rng(seed).integers(recipe.shortest_frames, recipe.longest_frames + 1))
        drawn = [np.random.default_rng((*seed, place)) for place in range(items)]
        clips = [self._clip(rng) for rng in drawn]
        mel = np.stack([self._piece(clips[place], frames, drawn[place]) for place in places])
        taught, rows = torch.from_numpy(self.taught[clips]), torch.tensor(list(places))
        return PiecePart({"items": float(len(places))}, torch.from_numpy(mel), taught, rows)

    def _clip(self, rng: np.random.Generator) -> int:
        even = rng.random() < self.recipe.even_share
        clips = self.speakers[int(rng.integers(len(self.speakers)))] if even else self.clips
        return clips[int(rng.integers(len(clips)))]

    def _piece(self, clip: int, frames: int, rng: np.random.Generator) -> np.ndarray:
        """A stretch [CHANNELS, frames] of a clip, repeated when it is shorter, of another loudness and colour."""
        mel = self.features.mel_of(clip)
        mel = np.resize(mel, (frames, mel.shape[1])) if len(mel) < frames else mel
        start = int(rng.integers(0, len(mel) - frames + 1))
        colour = self.recipe.level_spread * rng.normal() + self.recipe.colour_spread * rng.normal(size=BANDS).cumsum()
        return (mel[start : start + frames].astype(np.float32) + np.tile(colour, PER_FRAME)).T.astype(np.float32)


class TimbreLesson(nn.Module):
    """Say of a piece what the teacher says of its clip, and not of the others."""

    def __init__(self, model: TimbreEncoder, recipe: TimbreRecipe, place: Workplace) -> None:
        super().__init__()
        self.model, self.recipe, self.place = model, recipe, place

    def forward(self, part: PiecePart, totals: Mapping[str, float]) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a part, per item of the batch."""
        with self.place.autocast(self.recipe.precision):
            said = self.model(part.mel)
        cosines = said.float() @ part.taught.T  # [B, N]
        share = part.share("items", totals)
        off = share * (1 - cosines.gather(1, part.rows[:, None])).mean()
        mistaken = share * F.cross_entropy(self.recipe.contrast_scale * cosines, part.rows)
        return off + self.recipe.contrast_weight * mistaken, {"off": off, "mistaken": mistaken}


def train_timbre(
    model: TimbreEncoder, corpus: Corpus, features: Features, taught: np.ndarray, folder: Path, recipe: TimbreRecipe,
    place: Workplace | None = None,
) -> MovingAverage:
    """Run or resume the stage and return the averaged weights.

    Raises:
        InputError: the teacher's vectors are of another size than the encoder's.
    """
    place = place or Workplace()
    if taught.shape[1] != model.out.out_features:
        raise InputError(
            "the teacher of stage timbre does not fit", expected=f"vectors of {model.out.out_features} numbers", found=f"{taught.shape[1]}"
        )
    model.to(place.device)
    pieces = Pieces.of(corpus, "train", features, taught, recipe)
    optimizer = torch.optim.AdamW(model.parameters(), recipe.peak_rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay)
    lesson, blocks = TimbreLesson(model, recipe, place), list(model.blocks)
    stage = Stage(folder, {"timbre": model}, {"timbre": optimizer}, lesson, recipe, place, clip=1.0, compiled=blocks)
    items = recipe.items * recipe.accumulate
    for step in stage.steps():
        stage.learn(step, items, partial(pieces.part, (recipe.seed, step), items))
        stage.finish(step, lambda: held_out_vectors(model, corpus, features, taught))
    return stage.average


@torch.inference_mode()
def held_out_vectors(model: TimbreEncoder, corpus: Corpus, features: Features, taught: np.ndarray) -> dict[str, float]:
    """On whole clips of unseen people, per language: cosine to the teacher, and how often the nearest person's mean is the right one."""
    model.eval()
    device = next(model.parameters()).device
    figures: dict[str, float] = {}
    chosen = [
        (number, clip) for number, clip in enumerate(corpus.clips)
        if clip.split == "dev_unseen" and features.frames(number) >= HELD_OUT_FRAMES and taught[number].any()
    ]  # fmt: skip
    for language in sorted({clip.language for _, clip in chosen}):
        clips = {number: clip.speaker for number, clip in chosen if clip.language == language}
        said = np.stack([model(_whole(features, number).to(device))[0].float().cpu().numpy() for number in clips])
        names = sorted(set(clips.values()))
        means = np.stack([said[[name == speaker for speaker in clips.values()]].mean(0) for name in names])
        nearest = (said @ (means / np.linalg.norm(means, axis=1, keepdims=True).clip(1e-6)).T).argmax(1)
        right = [names[place] == speaker for place, speaker in zip(nearest, clips.values(), strict=True)]
        figures[f"unseen_cosine_{language}"] = float((said * taught[list(clips)]).sum(1).mean())
        figures[f"unseen_right_{language}"] = float(np.mean(right))
    return figures


def _whole(features: Features, number: int) -> Tensor:
    return torch.from_numpy(features.mel_of(number).astype(np.float32)).T[None]
