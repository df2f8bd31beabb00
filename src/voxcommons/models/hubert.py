"""What is said in a recording, as features every 20 ms: the content encoder that the public models take their codes from.

HuBERT (Hsu et al., arXiv 2106.07447) in its base form, forward only; trained elsewhere and frozen here. Our own because the
forward pass is short and a library for all networks costs more than it (docs/dependencies.md). Tensors carry the public names.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SAMPLE_RATE = 16_000
HOP = 320
_KERNELS = (10, 3, 3, 3, 3, 2, 2)
_STRIDES = (5, 2, 2, 2, 2, 2, 2)


@dataclass(frozen=True)
class HubertConfig:
    """Sizes; the defaults are those of chinese-hubert-base.

    Attributes:
        width: channels of a feature.
        layers: transformer layers.
        heads: attention heads.
        inner: channels inside a feed-forward block.
        channels: of the convolutions that hear the wave.
        position_kernel: frames the positional convolution sees.
        position_groups: groups of that convolution.
        epsilon: of the layer norms.
    """

    width: int = 768
    layers: int = 12
    heads: int = 12
    inner: int = 3072
    channels: int = 512
    position_kernel: int = 128
    position_groups: int = 16
    epsilon: float = 1e-5


class Hubert(nn.Module):
    """Wave [B, T] at 16 kHz -> features [B, F, width], 50 per second."""

    def __init__(
        self, width: int, layers: int, heads: int, inner: int, channels: int, position_kernel: int, position_groups: int, epsilon: float
    ) -> None:
        super().__init__()
        self.feature_extractor = _Ear(channels)
        self.feature_projection = _Projection(channels, width, epsilon)
        self.encoder = _Encoder(width, layers, heads, inner, position_kernel, position_groups, epsilon)

    def forward(self, wave: Tensor) -> Tensor:
        """The last layer's features.

        Args:
            wave: [B, T] at 16 kHz, as it is; at least 400 samples.

        Returns:
            [B, F, width]; F = (T - 80) // 320.
        """
        heard = self.feature_extractor(wave[:, None])  # [B, channels, F]
        return self.encoder(self.feature_projection(heard.transpose(1, 2)))


class _Ear(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        sizes = zip((1, *[channels] * 6), _KERNELS, _STRIDES, strict=True)
        self.conv_layers = nn.ModuleList(
            _EarLayer(given, channels, kernel, stride, normed=index == 0) for index, (given, kernel, stride) in enumerate(sizes)
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, 1, T] -> [B, channels, F]."""
        for layer in self.conv_layers:
            x = layer(x)
        return x


class _EarLayer(nn.Module):
    def __init__(self, given: int, channels: int, kernel: int, stride: int, *, normed: bool) -> None:
        super().__init__()
        self.conv = nn.Conv1d(given, channels, kernel, stride, bias=False)
        self.layer_norm = nn.GroupNorm(channels, channels) if normed else None

    def forward(self, x: Tensor) -> Tensor:
        """[B, given, T] -> [B, channels, T / stride]."""
        x = self.conv(x)
        return F.gelu(x if self.layer_norm is None else self.layer_norm(x))


class _Projection(nn.Module):
    def __init__(self, channels: int, width: int, epsilon: float) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(channels, epsilon)
        self.projection = nn.Linear(channels, width)

    def forward(self, x: Tensor) -> Tensor:
        """[B, F, channels] -> [B, F, width]."""
        return self.projection(self.layer_norm(x))


class _Encoder(nn.Module):
    def __init__(
        self, width: int, layers: int, heads: int, inner: int, position_kernel: int, position_groups: int, epsilon: float
    ) -> None:
        super().__init__()
        self.pos_conv_embed = _Position(width, position_kernel, position_groups)
        self.layer_norm = nn.LayerNorm(width, epsilon)
        self.layers = nn.ModuleList(_Layer(width, heads, inner, epsilon) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        """[B, F, width] -> the same shape."""
        x = self.layer_norm(x + self.pos_conv_embed(x))
        for layer in self.layers:
            x = layer(x)
        return x


class _Position(nn.Module):
    """Where a frame stands, from its neighbours: a wide convolution."""

    def __init__(self, width: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.conv = _NormedConv(width, kernel, groups)
        self._even = kernel % 2 == 0

    def forward(self, x: Tensor) -> Tensor:
        """[B, F, width] -> the same shape."""
        y = self.conv(x.transpose(1, 2))
        return F.gelu(y[..., :-1] if self._even else y).transpose(1, 2)


class _NormedConv(nn.Module):
    """A convolution whose weight is a direction and a length per tap of the kernel."""

    def __init__(self, width: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.weight_g = nn.Parameter(torch.ones(1, 1, kernel))
        self.weight_v = nn.Parameter(torch.randn(width, width // groups, kernel) / (width // groups * kernel) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(width))
        self._groups, self._padding = groups, kernel // 2

    def forward(self, x: Tensor) -> Tensor:
        """[B, width, F] -> [B, width, F or F + 1]."""
        weight = self.weight_g * self.weight_v / self.weight_v.norm(dim=(0, 1), keepdim=True)
        return F.conv1d(x, weight, self.bias, padding=self._padding, groups=self._groups)


class _Layer(nn.Module):
    def __init__(self, width: int, heads: int, inner: int, epsilon: float) -> None:
        super().__init__()
        self.attention = _Attention(width, heads)
        self.layer_norm = nn.LayerNorm(width, epsilon)
        self.feed_forward = _FeedForward(width, inner)
        self.final_layer_norm = nn.LayerNorm(width, epsilon)

    def forward(self, x: Tensor) -> Tensor:
        """[B, F, width] -> the same shape."""
        x = self.layer_norm(x + self.attention(x))
        return self.final_layer_norm(x + self.feed_forward(x))


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))
        self._heads = heads

    def forward(self, x: Tensor) -> Tensor:
        """[B, F, width] -> the same shape."""
        q, k, v = (part(x).unflatten(-1, (self._heads, -1)).transpose(1, 2) for part in (self.q_proj, self.k_proj, self.v_proj))
        return self.out_proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class _FeedForward(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.intermediate_dense, self.output_dense = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """[..., width] -> the same shape."""
        return self.output_dense(F.gelu(self.intermediate_dense(x)))
