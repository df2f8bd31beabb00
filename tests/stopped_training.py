"""Training runs at toy size in processes of their own: one that kills itself in the middle, and one that several share."""

import dataclasses
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import torch

from voxcommons.base.progress import NullProgress
from voxcommons.models import configs
from voxcommons.train.base_model import STAGES, BaseSizes, BaseTraining
from voxcommons.train.base_recipe import BaseRecipe
from voxcommons.train.recipes import AcousticRecipe, AutoencoderRecipe, ContentRecipe, SemanticRecipe
from voxcommons.train.workplace import Workplace

# Without dropout, so that a batch in parts can be compared with the whole; and with it, so that a resumed run must repeat it.
STILL = BaseSizes(
    configs.content_tiny(),
    dataclasses.replace(configs.text_to_semantic_tiny(), bert_dim=None),
    configs.semantic_to_wave_tiny(),
    configs.DiscriminatorConfig((2,), (2, 2, 4, 4, 4), (2, 2, 2, 2, 2, 2), (1, 1, 1, 1, 1, 1)),
)
SIZES = BaseSizes(
    dataclasses.replace(STILL.content, dropout=0.1),
    dataclasses.replace(STILL.text_to_semantic, dropout=0.1),
    dataclasses.replace(STILL.semantic_to_wave, dropout=0.1, style_dropout=0.1),
    STILL.critics,
)
# Seven steps: lines of the curve every three, checkpoints every two, so that a checkpoint falls into the middle of a line.
RHYTHM = {"steps": 7, "record_every": 3, "save_every": 2, "test_every": 4}
RECIPE = BaseRecipe(
    left_out=(),
    content=ContentRecipe(batch_seconds=8, easy_steps=2, easy_batch_seconds=6, clean_share=0.5, **RHYTHM),
    autoencoder=AutoencoderRecipe(items=2, crop_frames=60, segment_frames=20, reference_frames=50, **RHYTHM),
    acoustic=AcousticRecipe(adversarial_from=2, batch_seconds=8, segment_frames=20, reference_s=1.0, pictures=2, **RHYTHM),
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
    """Run one stage until so many steps are done, with one thread; never returns."""
    torch.set_num_threads(1)
    BaseTraining(data, folder, RECIPE, SIZES, place=Workplace(progress=KillsItself(steps))).run([stage])


@dataclass(frozen=True)
class Separately:
    """Runs stages apart from each other, each after the same earlier ones, so that rounding in one does not reach the next.

    Attributes:
        data: folder of the corpus.
        whole: a finished run, from which each stage takes what comes before it.
        folder: a folder per stage is made here.
        recipe: of the stages.
        stages: which.
    """

    data: Path
    whole: Path
    folder: Path
    recipe: BaseRecipe
    stages: tuple[str, ...]

    def __call__(self) -> None:
        place = Workplace.of("cpu")
        for stage in self.stages:
            run = BaseTraining(self.data, self.folder / stage, self.recipe, STILL, place)
            if place.team.leads:
                run.folder.mkdir()
                for path in self.whole.iterdir():
                    if path.name in ("corpus", "labels.jsonl", *STAGES[: STAGES.index(stage)]) or path.suffix == ".npz":
                        (run.folder / path.name).symlink_to(path)
            place.team.wait()
            run.run([stage])
