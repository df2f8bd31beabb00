"""The whole training of a base model: corpus in, a folder that `models.build.load_base` reads out.

The stages run in order and each resumes from its newest checkpoint, so the same call goes on after Ctrl-C, and a stage
that is complete costs nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from voxcommons.base.errors import InputError
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.models import configs
from voxcommons.models.build import BaseFacts, BaseModel, save_base
from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.models.discriminators import Discriminators
from voxcommons.models.semantic_to_wave import SemanticToWave
from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.prepare.corpus import Corpus, pack
from voxcommons.train.acoustic import AcousticModels, train_acoustic, utterances
from voxcommons.train.autoencoder import train_autoencoder
from voxcommons.train.base_recipe import BaseRecipe
from voxcommons.train.content import train_content
from voxcommons.train.curves import draw_curves
from voxcommons.train.labels import LANGUAGES, code_alignments, phoneme_labels, semantic_codes, spoken_only
from voxcommons.train.semantic import lines_of, train_semantic
from voxcommons.train.state import Checkpoints

STAGES = ("content", "autoencoder", "acoustic", "semantic")
RATE = 16000


@dataclass(frozen=True)
class BaseSizes:
    """The networks to train; the defaults are the starter's."""

    content: configs.ContentConfig = dataclasses.field(default_factory=configs.content_starter)
    text_to_semantic: configs.TextToSemanticConfig = dataclasses.field(default_factory=configs.text_to_semantic_starter)
    semantic_to_wave: configs.SemanticToWaveConfig = dataclasses.field(default_factory=configs.semantic_to_wave_starter)
    critics: configs.DiscriminatorConfig = dataclasses.field(default_factory=configs.discriminators_starter)


@dataclass
class BaseTraining:
    """One training run in one folder.

    Attributes:
        data: folder with ``manifest.tsv`` and archives.
        folder: where the pack, labels, checkpoints, curves and the finished model go.
        recipe: how long and how.
        sizes: what is trained.
        progress: told about every step.
    """

    data: Path
    folder: Path
    recipe: BaseRecipe
    sizes: BaseSizes = dataclasses.field(default_factory=BaseSizes)
    progress: Progress = dataclasses.field(default_factory=NullProgress)

    def run(self, stages: Sequence[str] = STAGES) -> None:
        """Run or resume the given stages in their order, drawing each one's curves."""
        for stage in STAGES:
            if stage in stages:
                getattr(self, f"_{stage}")()
                draw_curves(Checkpoints(self.folder / stage).curves(), stage, self.folder / f"{stage}.png")

    def export(self, target: Path) -> str:
        """Write the averaged weights of all stages as a base model folder and return its hash.

        Raises:
            InputError: a stage has not been trained yet.
        """
        content = self._trained_content()
        semantic = TextToSemantic(**dataclasses.asdict(self.sizes.text_to_semantic))
        acoustic = SemanticToWave(**dataclasses.asdict(self.sizes.semantic_to_wave))
        semantic.load_state_dict(self._average("semantic"))
        acoustic.load_state_dict(self._average("acoustic"))
        facts = BaseFacts(
            "starter", RATE, self.recipe.acoustic.hop_samples, self.recipe.acoustic.fft_samples,
            self.recipe.acoustic.fft_samples, "v2", self.sizes.text_to_semantic, self.sizes.semantic_to_wave,
            self.sizes.content, self.recipe.continues_prompts, self.recipe.longest_sentence_s,
            tuple(sorted(LANGUAGES.values())),
        )
        return save_base(BaseModel(facts, semantic, acoustic, content, sha256=""), target)

    def _content(self) -> None:
        torch.manual_seed(self.recipe.content.seed)
        model = PhoneticContentEncoder(**dataclasses.asdict(self.sizes.content))
        labels = spoken_only(self._labels())
        train_content(model, self._corpus(), labels, self.folder / "content", self.recipe.content, self.progress)

    def _autoencoder(self) -> None:
        torch.manual_seed(self.recipe.autoencoder.seed)
        model = SemanticToWave(**dataclasses.asdict(self.sizes.semantic_to_wave))
        train_autoencoder(model, self._corpus(), self.folder / "autoencoder", self.recipe.autoencoder, self.progress)

    def _acoustic(self) -> None:
        recipe, corpus, labels, codes = self.recipe.acoustic, self._corpus(), self._labels(), self._codes()
        torch.manual_seed(recipe.seed)
        model = SemanticToWave(**dataclasses.asdict(self.sizes.semantic_to_wave))
        critics = Discriminators(**dataclasses.asdict(self.sizes.critics))
        model.load_state_dict(self._average("autoencoder"))
        places = code_alignments(self._trained_content(), corpus, labels, recipe.longest_s, self.folder, self.progress)
        train, held_out = (utterances(corpus, labels, codes, split, recipe, places) for split in ("train", "dev_unseen"))
        folder = self.folder / "acoustic"
        train_acoustic(AcousticModels(model, critics), corpus, train, held_out, folder, recipe, self.progress)

    def _semantic(self) -> None:
        recipe, corpus, labels, codes = self.recipe.semantic, self._corpus(), self._labels(), self._codes()
        torch.manual_seed(recipe.seed)
        model = TextToSemantic(**dataclasses.asdict(self.sizes.text_to_semantic))
        encoder = self._trained_content()
        aligned = code_alignments(encoder, corpus, labels, recipe.longest_s, self.folder, self.progress)
        train = lines_of(corpus, labels, codes, "train", recipe, aligned)
        held_out = lines_of(corpus, labels, codes, "dev_unseen", recipe)
        train_semantic(model, train, held_out, self.folder / "semantic", recipe, self.progress)

    def _corpus(self) -> Corpus:
        packed = pack(self.data, self.folder / "corpus", rate=RATE, progress=self.progress)
        return packed.without(self.recipe.left_out)

    def _labels(self) -> dict[int, tuple[int, ...]]:
        return phoneme_labels(self._corpus(), self.folder / "labels.jsonl", self.progress)

    def _codes(self) -> list[np.ndarray]:
        return semantic_codes(self._trained_content(), self._corpus(), self.folder, self.progress)

    def _trained_content(self) -> PhoneticContentEncoder:
        """The encoder with the precision it will ship with, so that training codes equal those of a clone."""
        model = PhoneticContentEncoder(**dataclasses.asdict(self.sizes.content))
        model.load_state_dict({name: t.half().float() for name, t in self._average("content").items()})
        return model.eval()


    def _average(self, stage: str) -> dict[str, Tensor]:
        newest = Checkpoints(self.folder / stage).newest()
        if newest is None:
            raise InputError(
                f"stage {stage} has not been trained", expected=f"a checkpoint in {self.folder / stage}",
                found="none", do=f"run: vox train base --stage {stage}",
            )
        return load_file(newest / f"{stage}.average.safetensors")
