"""The whole training of a base model: corpus in, a folder that `models.build.load_base` reads out.

The stages run in order and each resumes from its newest checkpoint, so the same call goes on after Ctrl-C, and a stage
that is complete costs nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from voxcommons.base.errors import InputError
from voxcommons.models import configs
from voxcommons.models.build import BaseFacts, BaseModel, save_base
from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.models.discriminators import Discriminators
from voxcommons.models.semantic_to_wave import SemanticToWave
from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.prepare.corpus import Corpus, pack
from voxcommons.train.acoustic import AcousticModels, train_acoustic
from voxcommons.train.acoustic_batch import utterances
from voxcommons.train.autoencoder import train_autoencoder
from voxcommons.train.base_recipe import BaseRecipe
from voxcommons.train.content import train_content
from voxcommons.train.curves import draw_curves
from voxcommons.train.labels import LANGUAGES, code_alignments, phoneme_labels, semantic_codes, spoken_only
from voxcommons.train.semantic import lines_of, train_semantic
from voxcommons.train.state import Checkpoints
from voxcommons.train.workplace import Workplace

STAGES = ("content", "autoencoder", "acoustic", "semantic")
RATE = 16000
T = TypeVar("T")


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
        place: device, other processes, and who is told about every step. Processes of several machines share the folder.
    """

    data: Path
    folder: Path
    recipe: BaseRecipe
    sizes: BaseSizes = dataclasses.field(default_factory=BaseSizes)
    place: Workplace = dataclasses.field(default_factory=Workplace)

    def run(self, stages: Sequence[str] = STAGES) -> None:
        """Run or resume the given stages in their order, drawing each one's curves."""
        for stage in STAGES:
            if stage in stages:
                getattr(self, f"_{stage}")()
                if self.place.team.leads:
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
        train_content(model, self._corpus(), labels, self.folder / "content", self.recipe.content, self.place)

    def _autoencoder(self) -> None:
        torch.manual_seed(self.recipe.autoencoder.seed)
        model = SemanticToWave(**dataclasses.asdict(self.sizes.semantic_to_wave))
        train_autoencoder(model, self._corpus(), self.folder / "autoencoder", self.recipe.autoencoder, self.place)

    def _acoustic(self) -> None:
        recipe, corpus, labels, codes = self.recipe.acoustic, self._corpus(), self._labels(), self._codes()
        torch.manual_seed(recipe.seed)
        model = SemanticToWave(**dataclasses.asdict(self.sizes.semantic_to_wave))
        critics = Discriminators(**dataclasses.asdict(self.sizes.critics))
        model.load_state_dict(self._average("autoencoder"))
        places = self._places(corpus, labels, recipe.longest_s)
        train, held_out = (utterances(corpus, labels, codes, split, recipe, places) for split in ("train", "dev_unseen"))
        folder = self.folder / "acoustic"
        train_acoustic(AcousticModels(model, critics), corpus, train, held_out, folder, recipe, self.place)

    def _semantic(self) -> None:
        recipe, corpus, labels, codes = self.recipe.semantic, self._corpus(), self._labels(), self._codes()
        torch.manual_seed(recipe.seed)
        model = TextToSemantic(**dataclasses.asdict(self.sizes.text_to_semantic))
        aligned = self._places(corpus, labels, recipe.longest_s)
        train = lines_of(corpus, labels, codes, "train", recipe, aligned)
        held_out = lines_of(corpus, labels, codes, "dev_unseen", recipe)
        train_semantic(model, train, held_out, self.folder / "semantic", recipe, self.place)

    def _corpus(self) -> Corpus:
        packed = self._made(lambda: pack(self.data, self.folder / "corpus", rate=RATE, progress=self.place.progress))
        return packed.without(self.recipe.left_out)

    def _labels(self) -> dict[int, tuple[int, ...]]:
        corpus = self._corpus()
        return self._made(lambda: phoneme_labels(corpus, self.folder / "labels.jsonl", self.place.progress))

    def _codes(self) -> list[np.ndarray]:
        corpus, encoder = self._corpus(), self._trained_content()
        return self._made(lambda: semantic_codes(encoder, corpus, self.folder, self.place.progress))

    def _places(self, corpus: Corpus, labels: dict[int, tuple[int, ...]], longest_s: float) -> dict[int, np.ndarray]:
        encoder = self._trained_content()
        return self._made(lambda: code_alignments(encoder, corpus, labels, longest_s, self.folder, self.place.progress))

    def _made(self, work: Callable[[], T]) -> T:
        """What one process makes and keeps in the folder, and the others read there."""
        return self.place.team.leader_first(work)

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
