"""The prior of the acoustic model: what the latents should be, given what is said and who says it.

Semantic tokens carry the timing, phonemes sharpen the pronunciation through cross-attention, the style vector colours
both (the multi-reference timbre encoder of Mega-TTS 2, Jiang et al., arXiv 2307.07218). It gives a Gaussian per frame.

Shapes: B batch, F frames, P phonemes. Masks are float, 1 at real positions.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from voxcommons.models.attentions import Attention, Encoder


@dataclass(frozen=True)
class Prior:
    """What the encoder says about every frame.

    Attributes:
        hidden: [B, hidden, F] features before the last projection.
        m: [B, latent, F] mean.
        logs: [B, latent, F] logarithm of the standard deviation.
        mask: [B, 1, F] float, 1 at real frames.
    """

    hidden: Tensor
    m: Tensor
    logs: Tensor
    mask: Tensor


class TextCodeEncoder(nn.Module):
    """Code features, phoneme ids and style -> Gaussian per frame."""

    def __init__(
        self,
        code_dim: int = 768,
        phones: int = 732,
        latent: int = 192,
        hidden: int = 192,
        filters: int = 768,
        heads: int = 2,
        layers: int = 6,
        kernel: int = 3,
        dropout: float = 0.1,
        window: int = 4,
        mrte_hidden: int = 512,
        mrte_heads: int = 4,
    ) -> None:
        """Build the encoder.

        Args:
            code_dim: Channels of the code features.
            phones: Rows of the phoneme table.
            latent: Channels of the Gaussian.
            hidden: Channels of the encoders.
            filters: Inner channels of their feed-forward parts.
            heads: Heads of their self-attention.
            layers: Layers of the phoneme encoder; each code encoder has half as many.
            kernel: Kernel of the feed-forward parts.
            dropout: Probability in the encoders, training only.
            window: Largest learned relative distance.
            mrte_hidden: Channels of the cross-attention, and of the style it takes.
            mrte_heads: Heads of the cross-attention.
        """
        super().__init__()
        self.latent = latent
        self.ssl_proj = nn.Conv1d(code_dim, hidden, 1)
        self.encoder_ssl = Encoder(hidden, filters, heads, layers // 2, kernel, dropout, window)
        self.encoder_text = Encoder(hidden, filters, heads, layers, kernel, dropout, window)
        self.text_embedding = nn.Embedding(phones, hidden)
        self.mrte = TextStyleMixer(hidden, mrte_hidden, mrte_heads)
        self.encoder2 = Encoder(hidden, filters, heads, layers // 2, kernel, dropout, window)
        self.proj = nn.Conv1d(hidden, 2 * latent, 1)
        nn.init.normal_(self.text_embedding.weight, 0.0, hidden**-0.5)

    def forward(
        self,
        codes: Tensor,
        mask: Tensor,
        phones: Tensor,
        phone_mask: Tensor,
        ge: Tensor | None,
        speed: float = 1.0,
        compat: bool = False,
    ) -> Prior:
        """Encode one batch.

        Args:
            codes: [B, code_dim, F] code features at frame rate.
            mask: [B, 1, F].
            phones: [B, P] int64 phoneme ids.
            phone_mask: [B, 1, P].
            ge: [B, mrte_hidden, 1] style, or None.
            speed: Above 1 is faster: the result has about F / speed frames.
            compat: Use the public program's frame count, int(F / speed) + 1, instead of the nearest one.

        Returns:
            The prior at the new frame count.
        """
        hidden = self.features(codes, mask, phones, phone_mask, ge)
        if speed != 1.0:
            hidden, mask = stretch(hidden, mask, speed, compat)
        return self.project(hidden, mask)

    def features(self, codes: Tensor, mask: Tensor, phones: Tensor, phone_mask: Tensor, ge: Tensor | None) -> Tensor:
        """Everything before the last projection: [B, hidden, F] at the frame rate of the codes."""
        x = self.ssl_proj(codes * mask) * mask
        x = self.encoder_ssl(x, mask)
        text = self.text_embedding(phones).transpose(1, 2)  # [B, hidden, P]
        text = self.encoder_text(text * phone_mask, phone_mask)
        x = self.mrte(x, mask, text, phone_mask, ge)
        return self.encoder2(x * mask, mask)

    def project(self, hidden: Tensor, mask: Tensor) -> Prior:
        """The Gaussian of [B, hidden, F] features."""
        m, logs = (self.proj(hidden) * mask).split(self.latent, dim=1)
        return Prior(hidden, m, logs, mask)


class TextStyleMixer(nn.Module):
    """Cross-attention from frames to phonemes, with the style vector added to every frame."""

    def __init__(self, channels: int, hidden: int, heads: int) -> None:
        super().__init__()
        self.cross_attention = Attention(hidden, heads)
        self.c_pre = nn.Conv1d(channels, hidden, 1)
        self.text_pre = nn.Conv1d(channels, hidden, 1)
        self.c_post = nn.Conv1d(hidden, channels, 1)

    def forward(self, x: Tensor, mask: Tensor, text: Tensor, text_mask: Tensor, ge: Tensor | None) -> Tensor:
        """Mix frames [B, D, F] with text [B, D, P] and style ge [B, hidden, 1] into [B, D, F]."""
        pairs = text_mask.unsqueeze(2) * mask.unsqueeze(-1)  # [B, 1, F, P]
        x = self.c_pre(x * mask)
        text = self.text_pre(text * text_mask) * text_mask
        x = self.cross_attention(x * mask, text, pairs) + x
        x = x if ge is None else x + ge
        return self.c_post(x * mask)


def stretch(x: Tensor, mask: Tensor, speed: float, compat: bool = False) -> tuple[Tensor, Tensor]:
    """Resample features in time by linear interpolation, each item of the batch over its own length.

    Args:
        x: [B, D, F].
        mask: [B, 1, F], ones then zeros.
        speed: Above 0; 2 halves the length.
        compat: Lengths of int(F / speed) + 1 instead of the nearest.

    Returns:
        ([B, D, F'], [B, 1, F']).
    """
    lengths = mask.sum(dim=(1, 2)).to(torch.float64)  # [B]
    target = (lengths / speed).floor() + 1 if compat else (lengths / speed).round().clamp_min(1)
    frames = int(target.max())
    steps = torch.arange(frames, dtype=torch.float64, device=x.device)
    at = (steps + 0.5) * (lengths / target)[:, None] - 0.5  # [B, F'] position in the source
    at = torch.minimum(at.clamp_min(0.0), (lengths - 1)[:, None])
    low = at.floor()
    share = (at - low).to(x.dtype)[:, None]  # [B, 1, F']
    low_index = low.long()[:, None].expand(-1, x.shape[1], -1)
    high_index = torch.minimum(low + 1, (lengths - 1)[:, None]).long()[:, None].expand(-1, x.shape[1], -1)
    new_mask = (steps < target[:, None]).to(x.dtype)[:, None]  # [B, 1, F']
    return torch.lerp(x.gather(2, low_index), x.gather(2, high_index), share) * new_mask, new_mask
