"""The public voices' generator: latents to a waveform by upsampling convolutions.

HiFi-GAN (Kong et al., arXiv 2010.05646), variant 1 blocks, conditioned on the style vector at its input. Its lighter
alternative behind the same call is `istft_generator.py`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from voxcommons.models.weight_norm import NormConv1d, NormConvTranspose1d

SLOPE = 0.1  # leaky rectifier inside; the last one uses PyTorch's default of 0.01, as trained weights expect
# Numbers of a layer that are worked on at once when nothing is learned, so that the copies the residual blocks make stay small.
# Eight seconds of sound took 3.9 to 4.3 s of one core instead of 5.3; half or four times the size differ little.
PIECE_NUMBERS = 1 << 18


class HifiganGenerator(nn.Module):
    """[B, latent, F] and style [B, gin, 1] -> [B, 1, F * prod(rates)] within -1..1."""

    def __init__(
        self,
        latent: int = 192,
        gin: int = 512,
        channels: int = 512,
        rates: tuple[int, ...] = (10, 8, 2, 2, 2),
        kernels: tuple[int, ...] = (16, 16, 8, 2, 2),
        block_kernels: tuple[int, ...] = (3, 7, 11),
        block_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
    ) -> None:
        """Build the generator.

        Args:
            latent: Channels of the input.
            gin: Channels of the style vector; 0 for none.
            channels: Channels after the first convolution, halved by every stage.
            rates: Upsampling factor of each stage; their product is the hop in samples.
            kernels: Kernel of each upsampling convolution.
            block_kernels: Kernels of the residual blocks of a stage, whose outputs are averaged.
            block_dilations: Dilations of each of those blocks.
        """
        super().__init__()
        self.rates, self.kernels = rates, kernels
        self.conv_pre = nn.Conv1d(latent, channels, 7, padding=3)
        widths = [channels // 2**i for i in range(len(rates) + 1)]
        self.ups = nn.ModuleList(
            NormConvTranspose1d(widths[i], widths[i + 1], k, stride=u, padding=(k - u) // 2)
            for i, (u, k) in enumerate(zip(rates, kernels, strict=True))
        )
        self.blocks_per_stage = len(block_kernels)
        self.block_reach = max(k // 2 * (sum(d) + len(d)) for k, d in zip(block_kernels, block_dilations, strict=True))
        self.resblocks = nn.ModuleList(
            ResidualBlock(width, k, d) for width in widths[1:] for k, d in zip(block_kernels, block_dilations, strict=True)
        )
        self.conv_post = nn.Conv1d(widths[-1], 1, 7, padding=3, bias=False)
        if gin:
            self.cond = nn.Conv1d(gin, channels, 1)

    @property
    def receptive_frames(self) -> int:
        """Input frames on each side that can influence the samples of one frame."""
        reach = 3
        for u, k in zip(reversed(self.rates), reversed(self.kernels), strict=True):
            pad = (k - u) // 2
            reach = -(-(reach + self.block_reach + max(pad, k - 1 - pad)) // u)
        return reach + 3

    def forward(self, z: Tensor, g: Tensor | None = None) -> Tensor:
        """Render latents z [B, latent, F] in the style g [B, gin, 1] to [B, 1, T]."""
        x = self.conv_pre(z)
        if g is not None:
            x = x + self.cond(g)
        for stage in range(len(self.ups)):
            x = self._stage(stage, x) if torch.is_grad_enabled() else self._stage_in_pieces(stage, x)
        return torch.tanh(self.conv_post(F.leaky_relu(x, inplace=not torch.is_grad_enabled())))

    def _stage(self, stage: int, x: Tensor) -> Tensor:
        """One stage: [B, channels, T] -> [B, channels / 2, T * rate]."""
        return self._refine(stage, self.ups[stage](F.leaky_relu(x, SLOPE)))

    def _refine(self, stage: int, x: Tensor) -> Tensor:
        """Mean of the residual blocks of a stage over [B, channels, T]."""
        first = stage * self.blocks_per_stage
        mixed = self.resblocks[first](x)
        for block in range(first + 1, first + self.blocks_per_stage):
            mixed = mixed + self.resblocks[block](x)
        return mixed / self.blocks_per_stage

    def _stage_in_pieces(self, stage: int, x: Tensor) -> Tensor:
        """The same as `_stage`, piece by piece; every piece is made with what its samples can see of its neighbours."""
        up, rate, kernel = self.ups[stage], self.rates[stage], self.kernels[stage]
        channels, length = x.shape[1] // 2, x.shape[2] * rate
        size = max(self.block_reach, PIECE_NUMBERS // channels)
        made = x.new_empty(x.shape[0], channels, length)
        for start in range(0, length, size):
            stop = min(start + size, length)
            low, high = max(0, start - self.block_reach), min(length, stop + self.block_reach)
            first, last = max(0, (low - kernel) // rate), min(x.shape[2], -(-(high + kernel) // rate))
            wide = up(F.leaky_relu(x[:, :, first:last], SLOPE))[:, :, low - first * rate : high - first * rate]
            made[:, :, start:stop] = self._refine(stage, wide)[:, :, start - low : stop - low]
        return made


class ResidualBlock(nn.Module):
    """Pairs of a dilated and a plain convolution, each pair with a residual connection."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        half = kernel // 2
        self.convs1 = nn.ModuleList(NormConv1d(channels, channels, kernel, dilation=d, padding=d * half) for d in dilations)
        self.convs2 = nn.ModuleList(NormConv1d(channels, channels, kernel, padding=half) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """Refine [B, channels, T]."""
        for wide, narrow in zip(self.convs1, self.convs2, strict=True):
            x = x + narrow(F.leaky_relu(wide(F.leaky_relu(x, SLOPE)), SLOPE))
        return x
