"""From a recording's spectrogram to the latent the generator speaks from; needed in training only.

This is the recognition side of the variational autoencoder of VITS (Kim et al., arXiv 2106.06103). Voice files may leave
it out: speaking starts from the prior.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from voxcommons.models.wavenet import WaveNet


class PosteriorEncoder(nn.Module):
    """Linear spectrogram [B, bins, F] -> sample, mean and log deviation, each [B, latent, F]."""

    def __init__(
        self,
        bins: int = 1025,
        latent: int = 192,
        hidden: int = 192,
        kernel: int = 5,
        layers: int = 16,
        gin: int = 512,
        dilation_rate: int = 1,
    ) -> None:
        super().__init__()
        self.latent = latent
        self.pre = nn.Conv1d(bins, hidden, 1)
        self.enc = WaveNet(hidden, kernel, layers, gin, dilation_rate)
        self.proj = nn.Conv1d(hidden, 2 * latent, 1)

    def forward(
        self,
        spec: Tensor,
        mask: Tensor | None = None,
        g: Tensor | None = None,
        noise: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Encode and draw one sample by the reparametrisation trick.

        Args:
            spec: [B, bins, F] linear magnitudes.
            mask: [B, 1, F] float, 1 at real frames; None when all are real.
            g: [B, gin, 1] style; pass it detached to keep the style encoder out of this path's gradient.
            noise: [B, latent, F] standard normal values; drawn when None.
            generator: Source of the draw; the default generator of the device when None.

        Returns:
            (z, m, logs), each [B, latent, F] and zero where masked.
        """
        x = self.pre(spec)
        x = x if mask is None else x * mask
        stats = self.proj(self.enc(x, mask, g))
        stats = stats if mask is None else stats * mask
        m, logs = stats.split(self.latent, dim=1)
        if noise is None:
            noise = torch.randn(m.shape, dtype=m.dtype, device=m.device, generator=generator)
        z = m + noise * torch.exp(logs)
        return (z if mask is None else z * mask), m, logs
