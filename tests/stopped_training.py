"""Training runs at toy size in processes of their own: one that kills itself in the middle, and one that several share."""

import dataclasses
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from voxcommons.base.progress import NullProgress
from voxcommons.models import configs
from voxcommons.train.base_model import STAGES, BaseSizes, BaseTraining
from voxcommons.train.base_recipe import BaseRecipe
from voxcommons.train.recipes import AcousticRecipe, ContentRecipe, FinishRecipe, SemanticRecipe, TimbreRecipe, VocoderRecipe
from voxcommons.train.workplace import Workplace

# Without dropout, so that a batch in parts can be compared with the whole; and with it, so that a resumed run must repeat it.
STILL = BaseSizes(
    configs.content_tiny(),
    dataclasses.replace(configs.text_to_semantic_tiny(), bert_dim=None),
    dataclasses.replace(configs.mel_acoustic_tiny(), dropout=0.0),
    configs.DiscriminatorConfig((2,), (2, 2, 4, 4, 4), (2, 2, 2, 2, 2, 2), (1, 1, 1, 1, 1, 1)),
)
SIZES = BaseSizes(
    dataclasses.replace(STILL.content, dropout=0.1),
    dataclasses.replace(STILL.text_to_semantic, dropout=0.1),
    dataclasses.replace(STILL.semantic_to_wave, dropout=0.1),
    STILL.critics,
)
# Seven steps: lines of the curve every three, checkpoints every two, so that a checkpoint falls into the middle of a line.
RHYTHM = {"steps": 7, "record_every": 3, "save_every": 2, "test_every": 4}
RECIPE = BaseRecipe(
    left_out=(),
    content=ContentRecipe(batch_seconds=8, easy_steps=2, easy_batch_seconds=6, clean_share=0.5, **RHYTHM),
    timbre=TimbreRecipe(items=4, shortest_frames=20, longest_frames=40, **RHYTHM),
    vocoder=VocoderRecipe(items=2, segment_frames=20, pictures=2, **RHYTHM),
    acoustic=AcousticRecipe(batch_seconds=8, unaligned_share=0.2, pictures=2, **RHYTHM),
    finish=FinishRecipe(items=2, segment_frames=20, adversarial_from=2, pictures=2, **RHYTHM),
    semantic=SemanticRecipe(batch_seconds=8, easy_steps=2, easy_longest_s=3.0, **RHYTHM),
)


class TinyTeacher:
    """Says which sixteenths of the spectrum are loud: enough to tell two hums apart."""

    name = "tiny"

    def __call__(self, samples: np.ndarray, rate: int) -> np.ndarray:
        power = np.abs(np.fft.rfft(samples[:rate])) ** 2
        loud = np.array([band.mean() for band in np.array_split(power[: rate // 4], 16)])
        found = np.log(1 + loud / loud.mean())
        return (found / np.linalg.norm(found)).astype(np.float32)


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
    place = Workplace(progress=KillsItself(steps))
    BaseTraining(data, folder, RECIPE, SIZES, place, TinyTeacher()).run([stage])


# What stages make of the corpus and of earlier stages.
MADE = ("codes-", "alignments-", "features-", "taught-", "timbres-", "predicted-")


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
            run = BaseTraining(self.data, self.folder / stage, self.recipe, STILL, place, TinyTeacher())
            if place.team.leads:
                run.folder.mkdir()
                for path in self.whole.iterdir():
                    if path.name in ("corpus", "labels.jsonl", *STAGES[: STAGES.index(stage)]) or path.name.startswith(MADE):
                        (run.folder / path.name).symlink_to(path)
            place.team.wait()
            run.run([stage])
