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
from voxcommons.models.build import BaseFacts, BaseModel, build_module, save_base
from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.models.discriminators import Discriminators
from voxcommons.models.mel_acoustic import MelAcoustic
from voxcommons.models.mel_frames import HOP, N_FFT, WINDOW
from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.prepare.corpus import Corpus, pack
from voxcommons.train.acoustic import train_acoustic
from voxcommons.train.acoustic_batch import Loader, Utterance, utterances
from voxcommons.train.base_recipe import STAGE_NAMES, BaseRecipe
from voxcommons.train.content import train_content
from voxcommons.train.curves import draw_curves
from voxcommons.train.features import Features, corpus_features
from voxcommons.train.finish import FinishModels, train_finish
from voxcommons.train.labels import LANGUAGES, code_alignments, digest_of, phoneme_labels, semantic_codes, spoken_only
from voxcommons.train.predicted import predicted_frames
from voxcommons.train.semantic import lines_of, train_semantic
from voxcommons.train.state import Checkpoints
from voxcommons.train.timbre import train_timbre
from voxcommons.train.vectors import Teacher, taught_vectors, timbre_vectors
from voxcommons.train.vocoder import train_vocoder
from voxcommons.train.voices import Voices
from voxcommons.train.workplace import Workplace

STAGES = STAGE_NAMES
SPLITS = ("train", "dev_unseen")
RATE = 16000
T = TypeVar("T")


@dataclass(frozen=True)
class BaseSizes:
    """The networks to train; the defaults are the starter's."""

    content: configs.ContentConfig = dataclasses.field(default_factory=configs.content_starter)
    text_to_semantic: configs.TextToSemanticConfig = dataclasses.field(default_factory=configs.text_to_semantic_starter)
    semantic_to_wave: configs.MelAcousticConfig = dataclasses.field(default_factory=configs.mel_acoustic_starter)
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
        teacher: tells speakers apart for stage timbre; the other stages do without.
    """

    data: Path
    folder: Path
    recipe: BaseRecipe
    sizes: BaseSizes = dataclasses.field(default_factory=BaseSizes)
    place: Workplace = dataclasses.field(default_factory=Workplace)
    teacher: Teacher | None = None

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
        acoustic = self._sound(0)
        taught = {"timbre": acoustic.timbre, "acoustic": acoustic.predictor, "finish": acoustic.dec, "semantic": semantic}
        for stage, network in taught.items():
            network.load_state_dict(self._average(stage))
        facts = BaseFacts(
            "starter", RATE, HOP, N_FFT, WINDOW, "v2", self.sizes.text_to_semantic, self.sizes.semantic_to_wave, self.sizes.content,
            self.recipe.continues_prompts, self.recipe.longest_sentence_s, tuple(sorted(LANGUAGES.values())),
        )
        return save_base(BaseModel(facts, semantic, acoustic, content, sha256=""), target)

    def _content(self) -> None:
        torch.manual_seed(self.recipe.content.seed)
        model = PhoneticContentEncoder(**dataclasses.asdict(self.sizes.content))
        labels = spoken_only(self._labels())
        train_content(model, self._corpus(), labels, self.folder / "content", self.recipe.content, self.place)

    def _timbre(self) -> None:
        recipe, corpus = self.recipe.timbre, self._corpus()
        taught = self._made(lambda: taught_vectors(self.teacher, corpus, self.folder, self.place.progress))
        model = self._sound(recipe.seed).timbre
        train_timbre(model, corpus, self._features(), taught, self.folder / "timbre", recipe, self.place)

    def _vocoder(self) -> None:
        recipe = self.recipe.vocoder
        generator = self._sound(recipe.seed).dec
        train_vocoder(generator, self._corpus(), self._features(), self.folder / "vocoder", recipe, self.place)

    def _acoustic(self) -> None:
        recipe = self.recipe.acoustic
        train, held_out = (self._spoken(split) for split in SPLITS)
        train_acoustic(self._sound(recipe.seed).predictor, train, held_out, self.folder / "acoustic", recipe, self.place)

    def _finish(self) -> None:
        recipe = self.recipe.finish
        predicted = self._predicted()
        generator = self._sound(recipe.seed).dec
        generator.load_state_dict(self._average("vocoder"))
        models = FinishModels(generator, Discriminators(**dataclasses.asdict(self.sizes.critics)))
        train_finish(models, self._corpus(), self._features(), predicted, self.folder / "finish", recipe, self.place)

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

    def _features(self) -> Features:
        corpus = self._corpus()
        return self._made(lambda: corpus_features(corpus, self.folder, self.place.progress))

    def _spoken(self, split: str) -> tuple[Voices, list[Utterance]]:
        """The people of a split, and what they say within the bounds of stage acoustic."""
        recipe, corpus, labels, codes, features = self.recipe.acoustic, self._corpus(), self._labels(), self._codes(), self._features()
        encoder = self._sound(0).timbre
        encoder.load_state_dict(_shipped(self._average("timbre")))
        vectors = self._made(lambda: timbre_vectors(encoder, features, self.folder, self.place.progress))
        voices = Voices.of(corpus, split, features, codes, vectors, self.sizes.semantic_to_wave.remembered_codes)
        return voices, utterances(corpus, labels, self._places(corpus, labels, recipe.longest_s), split, recipe)

    def _predicted(self) -> dict[int, np.ndarray]:
        """The mel frames that the trained predictor makes of every utterance."""
        model = self._sound(0)
        model.predictor.load_state_dict(_shipped(self._average("acoustic")))
        model.timbre.load_state_dict(_shipped(self._average("timbre")))
        name = digest_of(self._trained_content(), model.timbre, model.predictor)
        voices = [(Loader(people, self.recipe.acoustic.references), said) for people, said in map(self._spoken, SPLITS)]
        return self._made(lambda: predicted_frames(model.predictor, voices, name, self.folder, self.place.progress))

    def _sound(self, seed: int) -> MelAcoustic:
        """A fresh acoustic model, whose parts three stages teach."""
        torch.manual_seed(seed)
        model = build_module("semantic_to_wave", self.sizes.semantic_to_wave)
        assert isinstance(model, MelAcoustic)
        return model

    def _made(self, work: Callable[[], T]) -> T:
        """What one process makes and keeps in the folder, and the others read there."""
        return self.place.team.leader_first(work)

    def _trained_content(self) -> PhoneticContentEncoder:
        """The encoder with the precision it will ship with, so that training codes equal those of a clone."""
        model = PhoneticContentEncoder(**dataclasses.asdict(self.sizes.content))
        model.load_state_dict(_shipped(self._average("content")))
        return model.eval()

    def _average(self, stage: str) -> dict[str, Tensor]:
        newest = Checkpoints(self.folder / stage).newest()
        if newest is None:
            raise InputError(
                f"stage {stage} has not been trained", expected=f"a checkpoint in {self.folder / stage}",
                found="none", do=f"run: vox train base --stage {stage}",
            )
        return load_file(newest / f"{stage}.average.safetensors")


def _shipped(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights with the precision they will ship with, so that what is made with them equals what a clone gets."""
    return {name: tensor.half().float() for name, tensor in weights.items()}
