"""A training run at toy size that kills its own process in the middle, for tests of what is left and goes on from there."""

import dataclasses
import os
import signal
from pathlib import Path

from voxcommons.base.progress import NullProgress
from voxcommons.models import configs
from voxcommons.train.acoustic import AcousticRecipe
from voxcommons.train.autoencoder import AutoencoderRecipe
from voxcommons.train.base_model import BaseSizes, BaseTraining
from voxcommons.train.base_recipe import BaseRecipe
from voxcommons.train.content import ContentRecipe
from voxcommons.train.semantic import SemanticRecipe

SIZES = BaseSizes(
    configs.content_tiny(),
    dataclasses.replace(configs.text_to_semantic_tiny(), bert_dim=None),
    configs.semantic_to_wave_tiny(),
    configs.DiscriminatorConfig((2,), (2, 2, 4, 4, 4), (2, 2, 2, 2, 2, 2), (1, 1, 1, 1, 1, 1)),
)
# Seven steps: lines of the curve every three, checkpoints every two, so that a checkpoint falls into the middle of a line.
RHYTHM = {"steps": 7, "record_every": 3, "save_every": 2, "test_every": 4}
RECIPE = BaseRecipe(
    left_out=(),
    content=ContentRecipe(batch_seconds=8, easy_steps=2, easy_batch_seconds=6, clean_share=0.5, **RHYTHM),
    autoencoder=AutoencoderRecipe(
        items=2, crop_frames=60, segment_frames=20, reference_frames=50, steps=7, record_every=3, save_every=2
    ),
    acoustic=AcousticRecipe(adversarial_from=2, batch_seconds=8, segment_frames=20, reference_s=1.0, **RHYTHM),
    semantic=SemanticRecipe(batch_seconds=8, easy_steps=2, easy_longest_s=3.0, **RHYTHM),
)


class KillsItself(NullProgress):
    """A listener that ends its process without a chance to tidy up, when so many training steps are done."""

    def __init__(self, steps: int) -> None:
        self.left, self.label = steps, ""

    def start(self, total: int | None, label: str) -> None:
        self.label = label

    def advance(self, n: int = 1) -> None:
        self.left -= n * self.label.startswith("training")
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def train_until_killed(data: Path, folder: Path, stage: str, steps: int) -> None:
    """Run one stage until so many steps are done; never returns."""
    BaseTraining(data, folder, RECIPE, SIZES, progress=KillsItself(steps)).run([stage])
