"""How far the pitch that a model reads from latents is from the one heard; both halves of stage B are taught by it."""

from __future__ import annotations

import torch
from torch import Tensor

from voxcommons.models.istft_generator import PITCH_CENTRE_HZ, IstftGenerator
from voxcommons.models.semantic_to_wave import SemanticToWave


def pitch_distance(model: SemanticToWave, z: Tensor, ge: Tensor, pitch_hz: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return (octaves it is off, mean over voiced frames; half the surprise at voiced or not, mean over frames).

    Args:
        model: with a generator that has a pitch; others give 0.
        z: [B, L, F] latents.
        ge: [B, G, 1] style.
        pitch_hz: [B, F], 0 where unvoiced.
        mask: [B, 1, F], 1 at real frames.
    """
    if not isinstance(model.dec, IstftGenerator):
        return z.new_zeros(()), z.new_zeros(())
    octaves, odds = model.dec.pitch_parts(z, ge).float().unbind(1)
    real, voiced = mask[:, 0].float(), (pitch_hz > 0).float() * mask[:, 0]
    wanted = torch.log2(pitch_hz.clamp_min(1.0) / PITCH_CENTRE_HZ)
    off = ((octaves - wanted).abs() * voiced).sum() / voiced.sum().clamp_min(1)
    undecided = torch.nn.functional.binary_cross_entropy_with_logits(odds, voiced, weight=real, reduction="sum") / real.sum()
    return off, 0.5 * undecided
