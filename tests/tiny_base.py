"""A base model and a voice for tests: a few thousand random weights, the starter's shape in all else."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from voxcommons.models import configs
from voxcommons.models.build import BaseFacts, BaseModel, Placement, build_module
from voxcommons.voicefile.archive import write_manifest
from voxcommons.voicefile.features import Features, write_features
from voxcommons.voicefile.manifest import PROMPT_FILE, VoiceManifest
from voxcommons.voicefile.manifest import BaseFacts as VoiceBase
from voxcommons.voices.library import Library, Voice


def make_tiny_base(
    seed: int = 0, *, acoustic: Literal["mel", "vits"] = "mel", for_training: bool = False,
    ending: Literal["random", "soon", "never"] = "random",
) -> BaseModel:
    """Build a tiny base model in memory; the same seed gives the same weights.

    Args:
        seed: of the weights.
        acoustic: "mel" (the starter's) or "vits" (the public models').
        for_training: keep weight normalisation apart, as `save_base` needs it.
        ending: whether its sentences end by chance, as soon as they are allowed to (fast tests), or never.
    """
    facts = BaseFacts(
        name="tiny",
        sample_rate=16000,
        hop=320,
        n_fft=1024,
        win=640 if acoustic == "mel" else 1024,
        table="v2",
        text_to_semantic=replace(configs.text_to_semantic_tiny(), bert_dim=None),
        semantic_to_wave=configs.mel_acoustic_tiny() if acoustic == "mel" else configs.semantic_to_wave_tiny(),
        content=configs.content_tiny(),
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        modules = {part: build_module(part, getattr(facts, part)) for part in ("content", "text_to_semantic", "semantic_to_wave")}
        # Fresh couplings are the identity and fresh styles are ignored; a test must notice when they are not applied.
        for parameter in modules["semantic_to_wave"].parameters():
            if not parameter.any():
                torch.nn.init.normal_(parameter, 0.0, 0.05)
    if ending != "random":
        _decide_ending(modules["text_to_semantic"], 100.0 if ending == "soon" else -100.0)
    place = Placement(for_training=for_training).place
    digest = hashlib.sha256(f"tiny {seed} {acoustic} {ending}".encode()).hexdigest()
    return BaseModel(facts=facts, sha256=digest, **{part: place(module) for part, module in modules.items()})


@torch.no_grad()
def _decide_ending(model: torch.nn.Module, weight: float) -> None:
    """Make one hidden channel large and constant, and the end token listen to it alone."""
    model.h.layers[-1].norm2.bias[0] = 10.0
    model.ar_predict_layer.weight[:, 0] = 0.0
    model.ar_predict_layer.weight[-1] = 0.0
    model.ar_predict_layer.weight[-1, 0] = weight


def add_tiny_voice(home: Path, base: BaseModel, name: str = "tester", *, language: str = "en", seed: int = 0) -> Voice:
    """Put a voice with random features into the library of a home folder."""
    numbers = np.random.default_rng(seed)
    features = Features(
        style=numbers.normal(size=base.facts.semantic_to_wave.gin).astype(np.float32),
        prompt_codes=numbers.integers(0, 1024, 20),
        prompt_phones=numbers.integers(1, 300, 12),
    )
    library = Library(home)
    with library.writing(name) as folder:
        write_features(folder / PROMPT_FILE, features)
        manifest = VoiceManifest(
            name=name,
            id=features.voice_id,
            language=language,
            base=VoiceBase(base.name, base.sha256),
            sample_rate=base.sample_rate,
            files={},
            created="2026-01-02T03:04:05+00:00",
        )
        write_manifest(folder, manifest)
    return library.get(name)
