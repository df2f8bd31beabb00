"""One vector for how a person sounds, from a spectrogram of any length.

The style encoder of Meta-StyleSpeech (Min et al., arXiv 2106.03153): two dense layers per frame, two gated
convolutions, one self-attention, an average over time. It stands apart from the synthesiser because cloning needs it alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Reference:
    """A clip a voice is taken from.

    Attributes:
        spec: [1, bins, F] linear magnitudes.
        sv: [1, speaker_dim] speaker-verification vector, for models that take one.
    """

    spec: Tensor
    sv: Tensor | None = None


class MelStyleEncoder(nn.Module):
    """Spectrogram [B, bins, F] -> style vector [B, gin, 1]."""

    def __init__(
        self,
        bins: int = 704,
        hidden: int = 128,
        gin: int = 512,
        kernel: int = 5,
        heads: int = 2,
        dropout: float = 0.1,
    ) -> None:
        """Build the encoder.

        Args:
            bins: Spectrogram bins it reads (the lowest ones; 704 of 1025 since version 2, all 1025 in version 1).
            hidden: Channels inside.
            gin: Channels of the result.
            kernel: Kernel width of the gated convolutions in frames.
            heads: Attention heads.
            dropout: Probability in every block, training only.
        """
        super().__init__()
        self.bins = bins
        self.spectral = nn.Sequential(
            _Dense(bins, hidden), nn.Mish(), nn.Dropout(dropout), _Dense(hidden, hidden), nn.Mish(), nn.Dropout(dropout)
        )
        self.temporal = nn.ModuleList(_GatedConv(hidden, kernel, dropout) for _ in range(2))
        self.slf_attn = _SelfAttention(hidden, heads, dropout)
        self.fc = _Dense(hidden, gin)

    def forward(self, spec: Tensor, mask: Tensor | None = None, compat: bool = False) -> Tensor:
        """Describe the speaker of each spectrogram.

        Args:
            spec: [B, >=bins, F] linear magnitudes; bins above `bins` are ignored.
            mask: [B, 1, F] (or [B, F]), non-zero at real frames; None when all are real.
            compat: Let padding frames leak into the convolutions of a padded batch, as the public program does.

        Returns:
            [B, gin, 1] style vectors.
        """
        x = spec[:, : self.bins].transpose(1, 2)  # [B, F, bins]
        real = None if mask is None else mask.reshape(mask.shape[0], -1, 1).to(x.dtype)  # [B, F, 1]
        x = self.spectral(x)  # [B, F, D]
        for block in self.temporal:
            if real is not None and not compat:
                x = x * real
            x = block(x.transpose(1, 2)).transpose(1, 2)
        if real is not None:
            x = x * real
        x = self.fc(self.slf_attn(x, None if real is None else real.squeeze(2) > 0))  # [B, F, gin]
        if real is None:
            return x.mean(dim=1).unsqueeze(-1)
        return ((x * real).sum(dim=1) / real.sum(dim=1).clamp_min(1.0)).unsqueeze(-1)


class _Dense(nn.Module):
    """A linear layer one level down, where the public files keep it (`fc.weight`)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.fc = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x)


class _Conv(nn.Module):
    """A same-length convolution one level down, where the public files keep it (`conv.weight`)."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class _GatedConv(nn.Module):
    """Residual gated convolution: x + dropout(a * sigmoid(b)) with [a, b] = conv(x)."""

    def __init__(self, hidden: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.conv1 = _Conv(hidden, 2 * hidden, kernel)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.dropout(F.glu(self.conv1(x), dim=1))


class _SelfAttention(nn.Module):
    """Multi-head self-attention over frames with a residual connection.

    Scores are divided by the root of the full width, not of a head's width: trained weights expect it.
    """

    def __init__(self, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.scale = hidden**-0.5
        self.dropout_p = dropout
        self.w_qs = nn.Linear(hidden, hidden)
        self.w_ks = nn.Linear(hidden, hidden)
        self.w_vs = nn.Linear(hidden, hidden)
        self.fc = nn.Linear(hidden, hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, real: Tensor | None) -> Tensor:
        q, k, v = (self._heads(w(x)) for w in (self.w_qs, self.w_ks, self.w_vs))  # [B, H, F, D/H]
        keys = None if real is None else real[:, None, None, :]  # [B, 1, 1, F] True = may be attended
        drop = self.dropout_p if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=keys, dropout_p=drop, scale=self.scale)
        return x + self.dropout(self.fc(mixed.transpose(1, 2).flatten(2)))

    def _heads(self, x: Tensor) -> Tensor:
        return torch.unflatten(x, 2, (self.heads, -1)).transpose(1, 2)
