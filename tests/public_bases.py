"""The public base models in miniature: both files of each under their published names, with weights from the rule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from golden import weights_rule
from voxcommons.models import configs
from voxcommons.models.base_file import BaseFacts
from voxcommons.models.build import tensor_shapes
from voxcommons.models.discriminators import Discriminators
from voxcommons.models.feature_sets import network_shapes
from voxcommons.models.legacy import MARK_OF
from voxcommons.models.legacy_sizes import public_text_config, public_wave_config
from voxcommons.models.set_files import SPEAKER
from voxcommons.voicefile.checkpoint_writer import write_checkpoint
from voxcommons.voicefile.tensors import RawTensor
from voxcommons.voices.public_sets import SETS

WIDTH = 32  # of the content features and of the context, as the miniatures in `public_layout` have it
_LOUDER = 100.0  # so few channels whisper, and what is silent is cut away
_WAVE = {
    "v1": configs.semantic_to_wave_v1, "v2": configs.semantic_to_wave_v2, "v2Pro": configs.semantic_to_wave_v2pro,
    "v2ProPlus": configs.semantic_to_wave_v2proplus,
}  # fmt: skip


def small_facts(version: str) -> BaseFacts:
    """A base model as small as its tensors may say it is; what no tensor shows is as in the public program."""
    wave = replace(
        _WAVE[version](), hidden=16, latent=8, filters=16, layers=2, mrte_hidden=16, ssl_dim=WIDTH, style_hidden=16, gin=16,
        posterior_layers=2, flow_count=2, flow_layers=2, generator_channels=32, block_kernels=(3,), block_dilations=((1, 3, 5),),
    )  # fmt: skip
    phones, table = (512, "v1") if version == "v1" else (732, "v2")
    text = configs.TextToSemanticConfig(layers=2, width=16, heads=2, phones=phones, bert_dim=WIDTH)
    return BaseFacts(f"gpt-sovits-{version}", 32000, 640, 2048, 2048, table, text, wave)


def write_base_files(folder: Path, version: str, *, louder: float = _LOUDER) -> Path:
    """Make a folder with the published files of a base model, those for training left out.

    Args:
        folder: is made.
        version: of the public program.
        louder: factor of the last weights; 0 gives silence.
    """
    facts = small_facts(version)
    first, second = (folder / file.path for file in SETS[facts.name].files[:2])
    for path in (first, second):
        path.parent.mkdir(parents=True, exist_ok=True)
    shapes = tensor_shapes("text_to_semantic", facts.text_to_semantic)
    text = {f"model.{key}": weights_rule.make(key, shape) for key, shape in shapes.items()}
    _end_soon(text)
    wave = {key: weights_rule.make(key, shape) for key, shape in tensor_shapes("semantic_to_wave", facts.semantic_to_wave).items()}
    wave["dec.conv_post.weight"] *= louder
    write_checkpoint(first, {"weight": _half(text), "config": public_text_config(facts), "info": "GPT"})
    write_checkpoint(second, {"weight": _half(wave), "config": public_wave_config(facts, version), "info": "base"}, MARK_OF.get(version))
    return folder


def write_speaker_file(folder: Path) -> Path:
    """Add the published file of the speaker network, whose sizes are fixed."""
    shapes = network_shapes("eres2netv2", {}, folder)
    return _write_filled(folder / SETS[SPEAKER].files[0].path, shapes)


def write_critics_file(folder: Path, version: str) -> Path:
    """Add the published critics of a base model, whose sizes are fixed: for training only."""
    sizes = configs.discriminators_v2pro() if "Pro" in version else configs.discriminators_v2()
    with torch.device("meta"):
        shapes = {key: tuple(value.shape) for key, value in Discriminators(**asdict(sizes)).state_dict().items()}
    return _write_filled(folder / SETS[f"gpt-sovits-{version}"].files[2].path, shapes)


def _write_filled(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> Path:
    """A checkpoint of large networks in little time: stretches of one row of small numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = (0.02 * np.random.default_rng(4).standard_normal(max(map(math.prod, shapes.values())))).astype("<f2")
    numbers = np.abs(numbers) + np.float16(1e-3)  # what stands for a variance must be above zero
    write_checkpoint(path, {key: RawTensor("F16", shape, numbers[: math.prod(shape)].tobytes()) for key, shape in shapes.items()})
    return path


def _end_soon(text: dict[str, np.ndarray]) -> None:
    """Make one hidden channel large and constant, and the end token listen to it alone: sentences end as soon as they may."""
    text["model.h.layers.1.norm2.bias"][0] = 10.0
    text["model.ar_predict_layer.weight"][:, 0] = 0.0
    text["model.ar_predict_layer.weight"][-1] = 0.0
    text["model.ar_predict_layer.weight"][-1, 0] = 100.0


def _half(weights: dict[str, np.ndarray]) -> dict[str, RawTensor]:
    return {key: RawTensor.of(value.astype("<f2")) for key, value in weights.items()}
