"""Disturbances that change who speaks or how it was recorded, but not what is said.

They keep the content codes free of the speaker: if a pitch-shifted, formant-warped, filtered and partly masked
clip must still yield the same phonemes, the codes cannot rely on timbre. What is drawn for an item is its own (train/dice.py).
Sources: SpecAugment, arXiv 1904.08779; vocal tract length perturbation, Jaitly and Hinton 2013.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from voxcommons.train.dice import Dice


def change_speed(wave: Tensor, lengths: Tensor, factor: float) -> tuple[Tensor, Tensor]:
    """Play a batch [B, T] faster by ``factor`` (pitch, formants and pace together); returns wave and new lengths [B]."""
    size = max(1, round(wave.shape[1] / factor))
    faster = F.interpolate(wave[:, None], size=size, mode="linear", align_corners=True)[:, 0]
    return faster, (lengths.float() / factor).long().clamp(max=size)


def warp_frequencies(mel: Tensor, dice: Dice, widest: float = 0.14) -> Tensor:
    """Stretch or squeeze the mel axis of each item of [B, F, M] by up to ``widest`` (a longer or shorter vocal tract)."""
    batch, frames, bands = mel.shape
    factor = 1 + (dice.uniform(1, device=mel.device) * 2 - 1) * widest
    grid = torch.linspace(-1, 1, bands, device=mel.device)[None] * factor + (factor - 1)  # fixed at the low end
    low = ((grid.clamp(-1, 1) + 1) / 2 * (bands - 1)).clamp(0, bands - 1.001)
    index = low.floor().long()
    part = (low - index).unsqueeze(1)
    index = index.unsqueeze(1).expand(batch, frames, bands)
    return mel.gather(2, index) * (1 - part) + mel.gather(2, (index + 1).clamp(max=bands - 1)) * part


def tilt(mel: Tensor, dice: Dice, deviation: float = 0.7) -> Tensor:
    """Add a smooth random curve over frequency to log-mel [B, F, M]: another microphone or room colour."""
    knots = dice.normal(1, 6, device=mel.device) * deviation
    return mel + F.interpolate(knots, size=mel.shape[2], mode="linear", align_corners=True)


def mask_patches(mel: Tensor, frames: Tensor, dice: Dice) -> Tensor:
    """Zero two frequency bands and about a tenth of the time of log-mel [B, F, M] (means are zero already)."""
    length, bands, device = mel.shape[1], mel.shape[2], mel.device
    keep = torch.ones_like(mel)
    bins, times = torch.arange(bands, device=device), torch.arange(length, device=device)
    for _ in range(2):
        width = dice.uniform(1, device=device) * 15
        start = dice.uniform(1, device=device) * (bands - width)
        hidden = (bins >= start) & (bins < start + width)
        keep *= (~hidden)[:, None]
    for _ in range(3):
        width = dice.uniform(1, device=device) * 0.07 * frames[:, None]
        start = dice.uniform(1, device=device) * (frames[:, None] - width)
        hidden = (times >= start) & (times < start + width)
        keep *= (~hidden)[:, :, None]
    return mel * keep


def add_noise(wave: Tensor, dice: Dice, share: float = 0.3) -> Tensor:
    """Add white noise at 10-40 dB below the speech to a ``share`` of the items of [B, T]."""
    chosen = (dice.uniform(1, device=wave.device) < share).float()
    snr_db = 10 + 30 * dice.uniform(1, device=wave.device)
    rms = wave.square().mean(1, keepdim=True).sqrt()
    return wave + chosen * rms * 10 ** (-snr_db / 20) * dice.normal(wave.shape[1], device=wave.device)
