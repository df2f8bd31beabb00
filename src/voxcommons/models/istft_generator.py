"""The light generator: acoustic latents to a waveform through an inverse short-time Fourier transform.

It is the CPU-cheap alternative to ``hifigan.py`` behind the same call: all layers run at 100 frames per second
and the transform makes the samples, which costs about a hundredth of upsampling convolutions.
Sources: Siuzdak, "Vocos", arXiv 2306.00814; Kaneko et al., "iSTFTNet", arXiv 2203.02395;
Liu et al., "A ConvNet for the 2020s", arXiv 2201.03545.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution, style-shifted LayerNorm, pointwise expansion, learned residual scale."""

    def __init__(self, channels: int, style_channels: int, kernel: int, expansion: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.style = nn.Linear(style_channels, 2 * channels)
        self.expand = nn.Linear(channels, expansion * channels)
        self.contract = nn.Linear(expansion * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), 0.1))
        nn.init.zeros_(self.style.weight)
        nn.init.zeros_(self.style.bias)

    def forward(self, x: Tensor, g: Tensor) -> Tensor:
        """Map [B, C, F] to [B, C, F] under the narrowed style g [B, style_channels]."""
        gain, shift = self.style(g).unsqueeze(1).chunk(2, -1)  # [B, 1, C]
        y = self.norm(self.depthwise(x).transpose(1, 2)) * (1 + gain) + shift  # [B, F, C]
        y = self.contract(F.gelu(self.expand(y)))
        return x + (self.scale * y).transpose(1, 2)


class IstftGenerator(nn.Module):
    """Latents at 50 Hz -> twice as many frames -> ConvNeXt blocks -> magnitude and phase -> samples.

    Args:
        in_channels: latent channels.
        gin_channels: style channels.
        channels, blocks, kernel, expansion: size of the ConvNeXt trunk.
        style_channels: width the style is narrowed to before every block widens it again.
        hop: samples per *latent* frame; the transform hops by half of it.
        n_fft: transform size in samples.
    """

    window: Tensor

    def __init__(
        self, *, in_channels: int, gin_channels: int, channels: int = 256, blocks: int = 6, n_fft: int = 640,
        hop: int = 320, kernel: int = 7, expansion: int = 2, style_channels: int = 64,
    ) -> None:
        super().__init__()
        self.n_fft, self.istft_hop = n_fft, hop // 2
        self.kernel = kernel
        self.conv_pre = nn.Conv1d(in_channels, channels, 3, padding=1)
        self.up = nn.Linear(channels, 2 * channels)
        self.cond = nn.Conv1d(gin_channels, channels, 1)
        self.narrow = nn.Linear(gin_channels, style_channels)
        self.blocks = nn.ModuleList(ConvNeXtBlock(channels, style_channels, kernel, expansion) for _ in range(blocks))
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, n_fft + 2)
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    @property
    def receptive_frames(self) -> int:
        """Latent frames on each side that can influence one output frame."""
        trunk = len(self.blocks) * (self.kernel // 2)  # in half frames
        return self.conv_pre.kernel_size[0] // 2 + -(-trunk // 2) + -(-self.n_fft // (4 * self.istft_hop))

    def forward(self, z: Tensor, g: Tensor) -> Tensor:
        """Render [B, in_channels, F] with style [B, gin, 1] to a wave [B, 1, F * hop]."""
        x = self.conv_pre(z) + self.cond(g)
        pairs = self.up(F.gelu(x).transpose(1, 2))  # [B, F, 2C]: two half-frames side by side
        x = pairs.unflatten(2, (2, -1)).flatten(1, 2).transpose(1, 2)  # [B, C, 2F]
        style = self.narrow(g.squeeze(-1))
        for block in self.blocks:
            x = block(x, style)
        log_magnitude, phase = self.head(self.norm(x.transpose(1, 2))).float().transpose(1, 2).chunk(2, 1)
        magnitude = torch.exp(log_magnitude.clamp(max=6.0))  # [B, n_fft/2+1, 2F]
        return self.overlap_add(torch.polar(magnitude, phase)).unsqueeze(1)

    def overlap_add(self, spectrum: Tensor) -> Tensor:
        """Inverse transform of complex [B, n_fft/2+1, N] frames to [B, N * istft_hop] samples.

        Frame k is centred on its own hop, so N frames give exactly N hops; torch.istft refuses this padding.
        """
        frames = torch.fft.irfft(spectrum, self.n_fft, dim=1) * self.window[:, None]  # [B, n_fft, N]
        count = frames.shape[-1]
        length = (count - 1) * self.istft_hop + self.n_fft
        size = {"output_size": (1, length), "kernel_size": (1, self.n_fft), "stride": (1, self.istft_hop)}
        wave = F.fold(frames, **size)[:, 0, 0]
        envelope = F.fold(self.window.square()[None, :, None].expand(1, -1, count), **size)[0, 0, 0]
        cut = (self.n_fft - self.istft_hop) // 2
        return wave[:, cut : length - cut] / envelope[cut : length - cut].clamp(min=1e-3)
