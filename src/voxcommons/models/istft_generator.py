"""The light generator: acoustic latents to a waveform through an inverse short-time Fourier transform.

It is the CPU-cheap alternative to ``hifigan.py`` behind the same call: all layers run at 100 frames per second
and the transform makes the samples, which costs about a hundredth of upsampling convolutions. Voiced sound is a pulse train
of the predicted pitch, coloured frame by frame; the rest is drawn by magnitude and phase.
Sources: Siuzdak, "Vocos", arXiv 2306.00814; Kaneko et al., "iSTFTNet", arXiv 2203.02395;
Liu et al., "A ConvNet for the 2020s", arXiv 2201.03545.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voxcommons.models.harmonic_source import HIGHEST_HZ, LOWEST_HZ, pulses

PITCH_CENTRE_HZ = 150.0
PITCH_CHANNELS, PITCH_KERNEL = 48, 5


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
        rate: samples per second, which turns pitch into periods.
        n_fft: transform size in samples.
    """

    window: Tensor

    def __init__(
        self, *, in_channels: int, gin_channels: int, channels: int = 256, blocks: int = 6, n_fft: int = 640,
        hop: int = 320, kernel: int = 7, expansion: int = 2, style_channels: int = 64, rate: int = 16000,
    ) -> None:
        super().__init__()
        self.n_fft, self.istft_hop, self.kernel = n_fft, hop // 2, kernel
        self.kernel = kernel
        self.conv_pre = nn.Conv1d(in_channels, channels, 3, padding=1)
        self.up = nn.Linear(channels, 2 * channels)
        self.cond = nn.Conv1d(gin_channels, channels, 1)
        self.narrow = nn.Linear(gin_channels, style_channels)
        self.blocks = nn.ModuleList(ConvNeXtBlock(channels, style_channels, kernel, expansion) for _ in range(blocks))
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, n_fft + 2)
        self.rate = rate
        self.pitch_in = nn.Conv1d(2, channels, 1)
        self.pitch_hidden = nn.Conv1d(in_channels + gin_channels, PITCH_CHANNELS, PITCH_KERNEL, padding=PITCH_KERNEL // 2)
        self.pitch_out = nn.Conv1d(PITCH_CHANNELS, 2, PITCH_KERNEL, padding=PITCH_KERNEL // 2)
        self.gain = nn.Linear(channels, n_fft // 2 + 1)
        nn.init.constant_(self.gain.bias, -3.0)
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    @property
    def receptive_frames(self) -> int:
        """Latent frames on each side that can influence one output frame, when the phase is given."""
        trunk = len(self.blocks) * (self.kernel // 2)  # in half frames
        network = self.conv_pre.kernel_size[0] // 2 + -(-trunk // 2)
        return max(network, 1) + 2 * (PITCH_KERNEL // 2) + -(-self.n_fft // (2 * self.istft_hop)) // 2 + 1

    def pitch_parts(self, z: Tensor, g: Tensor) -> Tensor:
        """Octaves above `PITCH_CENTRE_HZ` and log-odds of being voiced, [B, 2, F]; what training compares."""
        told = torch.cat([z, g.expand(z.shape[0], -1, z.shape[2])], dim=1)
        return self.pitch_out(F.gelu(self.pitch_hidden(told)))

    def pitch(self, z: Tensor, g: Tensor) -> Tensor:
        """Fundamental frequency [B, F] in Hz of latents z [B, in_channels, F], 0 where unvoiced."""
        octaves, odds = self.pitch_parts(z, g).float().unbind(1)
        hz = PITCH_CENTRE_HZ * torch.exp2(octaves)
        return torch.where(odds > 0, hz.clamp(LOWEST_HZ, HIGHEST_HZ), torch.zeros_like(hz))

    def forward(self, z: Tensor, g: Tensor, pitch_hz: Tensor | None = None, phase: Tensor | None = None) -> Tensor:
        """Render latents to sound: a coloured pulse train plus a noise-like part.

        Args:
            z: [B, in_channels, F].
            g: [B, gin, 1] style.
            pitch_hz: [B, F], 0 where unvoiced; what `pitch` says when None.
            phase: [B] cycles of the pulse train at the first sample; 0 when None.

        Returns:
            [B, 1, F * hop].
        """
        pitch_hz = self.pitch(z, g) if pitch_hz is None else pitch_hz
        voiced = (pitch_hz > 0).to(z.dtype)
        octaves = torch.log2(pitch_hz.clamp_min(1.0) / PITCH_CENTRE_HZ) * voiced
        x = self.conv_pre(z) + self.cond(g) + self.pitch_in(torch.stack([octaves, voiced], dim=1))
        pairs = self.up(F.gelu(x).transpose(1, 2))  # [B, F, 2C]: two half-frames side by side
        x = pairs.unflatten(2, (2, -1)).flatten(1, 2).transpose(1, 2)  # [B, C, 2F]
        style = self.narrow(g.squeeze(-1))
        for block in self.blocks:
            x = block(x, style)
        x = self.norm(x.transpose(1, 2))  # [B, 2F, C]
        log_magnitude, angle = self.head(x).float().transpose(1, 2).chunk(2, 1)
        noise = torch.polar(torch.exp(log_magnitude.clamp(max=6.0)), angle)  # [B, n_fft/2+1, 2F]
        gain = torch.exp(self.gain(x).float().transpose(1, 2).clamp(max=6.0))
        train = self.transform(pulses(pitch_hz.float(), 2 * self.istft_hop, self.rate, phase))
        return self.overlap_add(noise + gain * train).unsqueeze(1)

    def transform(self, wave: Tensor) -> Tensor:
        """Spectra [B, n_fft/2+1, N] of a wave [B, N * istft_hop], frame k centred on its own hop."""
        side = (self.n_fft - self.istft_hop) // 2
        frames = F.pad(wave, (side, side)).unfold(1, self.n_fft, self.istft_hop)
        return torch.fft.rfft(frames * self.window, dim=2).transpose(1, 2)

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
