"""How far a rendered clip is from the recording, by ear-like and by plain spectra.

The first stage of the acoustic model needs no discriminator: matching log-mel and log-magnitude spectra at several
resolutions makes words and speaker right in minutes. Source: Yamamoto et al., "Parallel WaveGAN", arXiv 1910.11480.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voxcommons.audio.spectrogram import mel_filterbank

RESOLUTIONS = ((256, 64), (512, 128), (1024, 256))  # (transform, hop) in samples
MEL_FFT, MEL_HOP, MEL_BANDS = 1024, 160, 80


class SpectralDistance(nn.Module):
    """L1 of log-mel (weighted as VITS does) plus L1 of log-magnitude spectra at three resolutions.

    Args:
        rate: sample rate in Hz.
        mel_weight: weight of the log-mel term.
        plain_weight: weight of the mean over resolutions.
    """

    bank: Tensor

    def __init__(self, rate: int, mel_weight: float = 45.0, plain_weight: float = 10.0) -> None:
        super().__init__()
        self.mel_weight, self.plain_weight = mel_weight, plain_weight
        self.register_buffer("bank", mel_filterbank(rate, MEL_FFT, MEL_BANDS), persistent=False)

    def forward(self, made: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """Compare two waves [B, T]; returns (weighted sum, bare mel distance)."""
        mel = F.l1_loss(self._mel(made), self._mel(wanted))
        plain = torch.stack([
            F.l1_loss(_log_magnitude(made, size, hop), _log_magnitude(wanted, size, hop)) for size, hop in RESOLUTIONS
        ]).mean()
        return self.mel_weight * mel + self.plain_weight * plain, mel

    def _mel(self, wave: Tensor) -> Tensor:
        return torch.log((self.bank @ _magnitude(wave, MEL_FFT, MEL_HOP)).clamp_min(1e-5))


def _magnitude(wave: Tensor, size: int, hop: int) -> Tensor:
    window = torch.hann_window(size, device=wave.device)
    bins = torch.stft(wave.float(), size, hop, window=window, return_complex=True)
    return torch.sqrt(torch.view_as_real(bins).square().sum(-1) + 1e-9)  # [B, size/2+1, N]


def _log_magnitude(wave: Tensor, size: int, hop: int) -> Tensor:
    return torch.log(_magnitude(wave, size, hop).clamp_min(1e-4))
