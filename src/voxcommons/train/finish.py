"""Stage B, the end: the generator learns to live with predicted mel frames, and critics sharpen its sound.

Predicted frames are smoother than natural ones; a generator that never met them makes their smoothness audible. The critics learn from
the sounds of a step while the generator is judged by what they knew before it, so that a batch can be worked through in parts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from voxcommons.models.discriminators import Discriminators
from voxcommons.models.istft_generator import IstftGenerator
from voxcommons.models.losses import adversarial_loss, critic_loss, feature_loss
from voxcommons.prepare.corpus import Corpus
from voxcommons.train.features import Features
from voxcommons.train.recipes import FinishRecipe
from voxcommons.train.stage import Stage
from voxcommons.train.state import MovingAverage
from voxcommons.train.vocoder import SegmentPart, Segments, VocoderLesson, tested, unseen_segments
from voxcommons.train.workplace import Workplace


@dataclass(frozen=True)
class FinishModels:
    """The generator and its critics."""

    generator: IstftGenerator
    critics: Discriminators


class FinishLesson(VocoderLesson):
    """Render mel frames so that critics take the sound for a recording.

    Attributes:
        criticised: whether the critics take part in this step.
    """

    def __init__(self, models: FinishModels, recipe: FinishRecipe, rate: int, place: Workplace) -> None:
        super().__init__(models.generator, recipe, rate, place)
        self.critics, self.feature_weight, self.spectral_weight = models.critics, recipe.feature_weight, recipe.spectral_weight
        self.criticised = False

    def forward(self, part: SegmentPart, totals: Mapping[str, float]) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a part, per item of the batch."""
        share, made = part.share("items", totals), self.render(part)
        spectral, mel = self.distance(made, part.wave)
        loss, figures = share * spectral, {"mel": share * mel}
        if self.criticised:
            adversarial, lesson = (share * each for each in self._criticise(made, part.wave))
            loss = self.spectral_weight * loss + adversarial + lesson
            figures |= {"adversarial": adversarial, "critic": lesson}
        return loss, figures

    def _criticise(self, made: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """Return (the generator's adversarial loss, the critics' own); neither moves the weights of the other."""
        with self.place.autocast(self.recipe.precision):
            real, fake = self.critics.compare(wanted[:, None], made.detach()[:, None])
            lesson = critic_loss(real, fake)
            self.critics.requires_grad_(requires_grad=False)
            real, fake = self.critics.compare(wanted[:, None], made[:, None])
            self.critics.requires_grad_(requires_grad=True)
        return adversarial_loss(fake) + self.feature_weight / 2 * feature_loss(real, fake), lesson


def train_finish(  # noqa: PLR0913 - sound, its description, and what was predicted of it
    models: FinishModels, corpus: Corpus, features: Features, predicted: Mapping[int, np.ndarray], folder: Path, recipe: FinishRecipe,
    place: Workplace | None = None,
) -> MovingAverage:
    """Run or resume the stage and return the averaged weights of the generator.

    Args:
        models: a generator that stage vocoder taught, and fresh critics.
        corpus: holds the sound.
        features: of its clips.
        predicted: mel frames [F, CHANNELS] of clips, as many frames as their features have.
        folder: of the stage.
        recipe: how long and how.
        place: where it runs.
    """
    place = place or Workplace()
    generator, critics = models.generator.to(place.device), models.critics.to(place.device)
    segments = dataclasses.replace(
        Segments.of(corpus, "train", features, recipe), predicted=predicted, predicted_share=recipe.predicted_share
    )
    unseen = {language: _known(each, predicted) for language, each in unseen_segments(corpus, features).items()}
    optimizer = torch.optim.AdamW(generator.parameters(), recipe.peak_rate, betas=(0.8, 0.99))
    critic_optimizer = torch.optim.AdamW(critics.parameters(), recipe.critic_rate, betas=(0.8, 0.99))
    networks, optimizers = {"finish": generator, "critics": critics}, {"finish": optimizer, "critics": critic_optimizer}
    lesson, blocks = FinishLesson(models, recipe, corpus.rate, place), list(generator.blocks)
    stage = Stage(folder, networks, optimizers, lesson, recipe, place, clip=200.0, compiled=blocks, partly=True)
    for step in stage.steps():
        lesson.criticised = step >= recipe.adversarial_from
        stage.learn(step, recipe.items * recipe.accumulate, partial(segments.part, (recipe.seed, step)))
        stage.finish(step, partial(tested, lesson, unseen, folder.parent / "samples" / f"finish-{step + 1:08d}.png"))
    return stage.average


def _known(segments: Segments, predicted: Mapping[int, np.ndarray]) -> Segments:
    """Held-out segments of which predicted frames are known, all of them or none."""
    known = tuple(clip for clip in segments.clips if clip in predicted)
    return dataclasses.replace(segments, clips=known, predicted=predicted) if known else segments
