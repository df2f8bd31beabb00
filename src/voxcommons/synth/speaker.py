"""A voice as the models need it: checked against the base model, its features as tensors on the device.

Apart from the engine so that whatever does not fit is told in one place, before anything is spoken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from voxcommons.base.errors import InputError
from voxcommons.models.build import BaseModel
from voxcommons.synth.context import context_of_prompt
from voxcommons.voicefile.features import Features
from voxcommons.voicefile.manifest import WEIGHTS_FILE, VoiceManifest


class SpeakingVoice(Protocol):
    """A voice as the engine sees it; `voices.library.Voice` is one."""

    @property
    def manifest(self) -> VoiceManifest:
        """What it says about itself."""

    @property
    def features(self) -> Features:
        """What the models need of it."""


@dataclass(frozen=True)
class Speaker:
    """A voice's features as tensors on the model's device.

    Attributes:
        style: [1, gin, 1].
        prompt_codes: [S].
        prompt_phones: [P].
        prompt_context: [P, width], for models that take context features.
    """

    style: Tensor
    prompt_codes: Tensor
    prompt_phones: Tensor
    prompt_context: Tensor | None = None


def speaker_of(voice: SpeakingVoice, base: BaseModel) -> Speaker:
    """A voice's features, checked against the base model.

    Raises:
        InputError: the voice does not fit the base model, or its own weights are not loaded.
    """
    manifest, features = voice.manifest, voice.features
    if manifest.base.sha256 != base.sha256:
        raise InputError(
            f"the voice {manifest.name} was made for another base model",
            expected=f"{base.name} ({base.sha256[:12]})",
            found=f"{manifest.base.name} ({manifest.base.sha256[:12]})",
            do="use that base model (--base), or clone the voice again with this one",
        )
    own = manifest.files[WEIGHTS_FILE].sha256 if WEIGHTS_FILE in manifest.files else None
    if own != base.own_weights:
        raise InputError(
            f"the weights of the voice {manifest.name} are not loaded",
            expected="its own weights" if own else "the plain base model",
            found="those of another voice" if base.own_weights else "the plain base model",
            do="speak it with `vox speak` or `vox serve`, which load a voice's weights",
        )
    sizes = base.facts
    faults = []
    if features.style.shape != (sizes.semantic_to_wave.gin,):
        faults.append(f"a style of shape {features.style.shape} instead of ({sizes.semantic_to_wave.gin},)")
    if not np.isfinite(features.style).all():
        faults.append("a style that is not finite")
    for name, ids, rows in (
        ("prompt code", features.prompt_codes, sizes.text_to_semantic.codes),
        ("prompt phoneme", features.prompt_phones, sizes.text_to_semantic.phones),
    ):
        if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < rows:
            faults.append(f"a {name} outside 0 to {rows - 1}")
    if faults:
        problem = f"the voice {manifest.name} does not fit its base model"
        raise InputError(problem, found=", ".join(faults), do="clone it again", key="voice_damaged")
    device = base.device
    style = torch.tensor(features.style, dtype=torch.float32, device=device)
    style = style.to(next(base.semantic_to_wave.parameters()).dtype)
    codes = torch.tensor(features.prompt_codes, dtype=torch.int64, device=device)
    phones = torch.tensor(features.prompt_phones, dtype=torch.int64, device=device)
    known = base.context
    context = None if known is None else context_of_prompt(known, manifest, phones.tolist(), base.table)
    return Speaker(style[None, :, None], codes, phones, context)
