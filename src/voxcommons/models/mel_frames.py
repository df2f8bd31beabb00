"""The mel spectrogram between the light acoustic model and its generator: what one predicts and the other renders.

Apart from both because they must agree on it, and because a cloned recording is described by it too. One frame of 20 ms holds two
mel spectra of 10 ms, side by side, so that everything runs at the 50 Hz of the other acoustic models.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from voxcommons.audio.spectrogram import linear_spectrogram, mel_filterbank
from voxcommons.models.configs import BANDS

N_FFT, WINDOW, STEP = 1024, 640, 160  # samples
PER_FRAME = 2  # spectra in a frame
CHANNELS = PER_FRAME * BANDS
HOP = PER_FRAME * STEP
_FLOOR = 1e-5
_MIDDLE, _SPREAD = -5.0, 2.0  # of the log magnitudes of speech, about


class MelFrames(nn.Module):
    """Sound -> normalised log-mel frames. It has no weights.

    Args:
        rate: samples per second.
    """

    bank: Tensor

    def __init__(self, rate: int = 16000) -> None:
        super().__init__()
        self.register_buffer("bank", mel_filterbank(rate, N_FFT, BANDS), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        """Describe waves [B, T] of whole frames, T = F * `HOP`: [B, `CHANNELS`, F], the earlier spectrum first."""
        mel = torch.log((self.bank @ linear_spectrogram(wave, N_FFT, STEP, WINDOW)).clamp_min(_FLOOR))  # [B, BANDS, 2F]
        return stacked((mel - _MIDDLE) / _SPREAD)


def stacked(mel: Tensor) -> Tensor:
    """[B, BANDS, 2F] spectra side by side in frames: [B, CHANNELS, F]."""
    return mel.unflatten(2, (-1, PER_FRAME)).permute(0, 3, 1, 2).flatten(1, 2)
