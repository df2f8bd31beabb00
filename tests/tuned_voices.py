"""Voices with weights of their own for tests: some tensors of a base model on disk, moved a little."""

from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from tiny_base import add_tiny_voice
from voxcommons.models.build import load_base
from voxcommons.voicefile.archive import write_manifest
from voxcommons.voicefile.delta import BASE_KEY
from voxcommons.voicefile.manifest import WEIGHTS_FILE
from voxcommons.voices.library import Library, Voice

LIGHT_TENSORS = ("semantic_to_wave.dec.conv_pre.weight", "semantic_to_wave.predictor.out.weight",
                 "text_to_semantic.ar_text_embedding.word_embeddings.weight")  # fmt: skip
# Of a model of the public kind, whose normalised weights are stored in halves.
TENSORS = ("semantic_to_wave.dec.conv_pre.weight", "semantic_to_wave.flow.flows.0.enc.in_layers.0.weight_g",
           "text_to_semantic.ar_text_embedding.word_embeddings.weight")  # fmt: skip


def moved(folder: Path, names: tuple[str, ...] = TENSORS, seed: int = 0) -> dict[str, torch.Tensor]:
    """Tensors of a base model with noise on them; the same seed gives the same."""
    numbers, found = torch.Generator().manual_seed(seed), {}
    for name in names:
        part, _, key = name.partition(".")
        with safe_open(folder / f"{part}.safetensors", "pt") as file:
            tensor = file.get_tensor(key)
        found[name] = tensor + (0.5 * torch.randn(tensor.shape, generator=numbers)).to(tensor.dtype)
    return found


def add_tuned_voice(home: Path, folder: Path, name: str, seed: int, names: tuple[str, ...] = LIGHT_TENSORS) -> Voice:
    """Put a voice into a home's library that speaks the base model in a folder with weights of its own.

    All of them have the same features, so that nothing but the weights tells them apart.
    """
    base = load_base(folder, parts=("semantic_to_wave",))
    voice = add_tiny_voice(home, base, name)
    save_file(moved(folder, names, seed), voice.folder / WEIGHTS_FILE, {BASE_KEY: base.sha256})
    write_manifest(voice.folder, voice.manifest)
    return Library(home).get(name)
