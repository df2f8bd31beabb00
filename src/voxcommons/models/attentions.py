"""Transformer blocks over channels-first sequences, as the prior of the acoustic model uses them.

Post-norm blocks with convolutional feed-forward parts (FastSpeech, Ren et al., arXiv 1905.09263) and relative positions
within a short window (Shaw et al., arXiv 1803.02155). They stand apart from the text-to-semantic transformer, which is
causal, cached and uses absolute positions.

Shapes: B batch, D channels, H heads, T queries, U keys. A mask is float, 1 at real positions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MASKED_SCORE = -1e4  # small enough to vanish in a softmax, large enough for half precision


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of [B, D, T], with the public names gamma and beta."""

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise [B, D, T]."""
        return F.layer_norm(x.transpose(1, 2), self.gamma.shape, self.gamma, self.beta, self.eps).transpose(1, 2)


class Attention(nn.Module):
    """Multi-head attention; with a window, keys and values also know their distance to the query."""

    def __init__(self, channels: int, heads: int, window: int | None = None, dropout: float = 0.0) -> None:
        """Build the block.

        Args:
            channels: D of queries, keys and result.
            heads: H, must divide D.
            window: Largest distance with a learned offset; None for attention without positions.
            dropout: Probability on the attention weights, training only.
        """
        super().__init__()
        self.heads = heads
        self.window = window
        width = channels // heads
        if window is not None:  # one table for all heads
            self.emb_rel_k = nn.Parameter(torch.randn(1, 2 * window + 1, width) * width**-0.5)
            self.emb_rel_v = nn.Parameter(torch.randn(1, 2 * window + 1, width) * width**-0.5)
        self.conv_q = nn.Conv1d(channels, channels, 1)
        self.conv_k = nn.Conv1d(channels, channels, 1)
        self.conv_v = nn.Conv1d(channels, channels, 1)
        self.conv_o = nn.Conv1d(channels, channels, 1)
        self.dropout = nn.Dropout(dropout)
        for conv in (self.conv_q, self.conv_k, self.conv_v):
            nn.init.xavier_uniform_(conv.weight)

    def forward(self, x: Tensor, context: Tensor, mask: Tensor | None = None) -> Tensor:
        """Attend from x to context.

        Args:
            x: [B, D, T] queries.
            context: [B, D, U] keys and values; T == U when positions are relative.
            mask: Broadcastable to [B, 1, T, U]; 0 forbids.

        Returns:
            [B, D, T].
        """
        q = self._heads(self.conv_q(x))  # [B, H, T, D/H]
        k, v = self._heads(self.conv_k(context)), self._heads(self.conv_v(context))  # [B, H, U, D/H]
        q = q * q.shape[-1] ** -0.5
        scores = torch.matmul(q, k.transpose(-1, -2))  # [B, H, T, U]
        if self.window is not None:
            scores = scores + band_to_square(torch.matmul(q, self.emb_rel_k.transpose(-1, -2)))
        if mask is not None:
            scores = scores.masked_fill(mask == 0, MASKED_SCORE)
        weights = self.dropout(torch.softmax(scores, dim=-1))
        mixed = torch.matmul(weights, v)  # [B, H, T, D/H]
        if self.window is not None:
            mixed = mixed + torch.matmul(square_to_band(weights, self.window), self.emb_rel_v)
        return self.conv_o(mixed.transpose(-1, -2).flatten(1, 2))

    def _heads(self, x: Tensor) -> Tensor:
        return torch.unflatten(x, 1, (self.heads, -1)).transpose(-1, -2)


def band_to_square(band: Tensor) -> Tensor:
    """Lay out per-offset values along the diagonals of a square.

    Args:
        band: [..., T, 2w + 1]; column r belongs to key position t + r - w.

    Returns:
        [..., T, T], zero farther than w from the diagonal.
    """
    t, offsets = band.shape[-2:]
    window = offsets // 2
    flat = F.pad(band, (0, t)).flatten(-2)[..., :-t]  # rows one longer than the new row length shift right by one each
    return flat.unflatten(-1, (t, t + offsets - 1))[..., window : window + t]


def square_to_band(square: Tensor, window: int) -> Tensor:
    """Read the diagonals of a square back into per-offset columns; the inverse of `band_to_square`.

    Args:
        square: [..., T, T].
        window: Largest distance w.

    Returns:
        [..., T, 2w + 1], zero where the key position lies outside.
    """
    t = square.shape[-1]
    flat = F.pad(F.pad(square, (window, window)).flatten(-2), (0, t))
    return flat.unflatten(-1, (t, t + 2 * window + 1))[..., : 2 * window + 1]


class FeedForward(nn.Module):
    """Two same-length convolutions with a rectifier between; the input of each is masked."""

    def __init__(self, channels: int, filters: int, kernel: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.pad = ((kernel - 1) // 2, kernel // 2)
        self.conv_1 = nn.Conv1d(channels, filters, kernel)
        self.conv_2 = nn.Conv1d(filters, channels, kernel)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Map [B, D, T] to [B, D, T]; mask is [B, 1, T]."""
        x = self.dropout(torch.relu(self.conv_1(F.pad(x * mask, self.pad))))
        return self.conv_2(F.pad(x * mask, self.pad)) * mask


class Encoder(nn.Module):
    """Post-norm transformer stack with relative positions."""

    def __init__(
        self,
        channels: int = 192,
        filters: int = 768,
        heads: int = 2,
        layers: int = 6,
        kernel: int = 3,
        dropout: float = 0.1,
        window: int = 4,
    ) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.attn_layers = nn.ModuleList(Attention(channels, heads, window, dropout) for _ in range(layers))
        self.norm_layers_1 = nn.ModuleList(ChannelNorm(channels) for _ in range(layers))
        self.ffn_layers = nn.ModuleList(FeedForward(channels, filters, kernel, dropout) for _ in range(layers))
        self.norm_layers_2 = nn.ModuleList(ChannelNorm(channels) for _ in range(layers))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Encode [B, D, T] under mask [B, 1, T]; the result is zero where masked."""
        pairs = mask.unsqueeze(2) * mask.unsqueeze(-1)  # [B, 1, T, T]
        x = x * mask
        for attend, norm_1, feed, norm_2 in zip(self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True):
            x = norm_1(x + self.dropout(attend(x, x, pairs)))
            x = norm_2(x + self.dropout(feed(x, mask)))
        return x * mask
