"""The light generator: mel frames and a pitch to a waveform through an inverse short-time Fourier transform.

It is the CPU-cheap alternative to ``hifigan.py``: all layers run at 100 frames per second and the transform makes the samples, which
costs about a hundredth of upsampling convolutions. The network draws no sound itself. It says, frame by frame, how the throat colours
two sources: a pulse train of the given pitch, and noise; predicted mel frames are smooth, and a network alone would turn the same
smooth frame into the same hum every time. Who speaks is in the mel frames, so it needs no style.
Sources: Siuzdak, "Vocos", arXiv 2306.00814; Wang et al., "Neural source-filter waveform models", arXiv 1904.12088.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voxcommons.models.convnext import ConvNeXtBlock
from voxcommons.models.harmonic_source import HIGHEST_HZ, LOWEST_HZ, pulses

PITCH_CENTRE_HZ = 150.0
_QUIET = -3.0  # log gain of the sources at the start of training
_LOUDEST = 6.0  # log gain


class IstftGenerator(nn.Module):
    """Frames at 50 Hz -> twice as many -> ConvNeXt blocks -> filters of pulses and noise -> samples.

    Args:
        in_channels: channels of a frame.
        channels, blocks, kernel, expansion: size of the ConvNeXt trunk.
        n_fft: transform size in samples.
        hop: samples per frame; the transform hops by half of it.
        rate: samples per second, which turns pitch into periods.
    """

    window: Tensor

    def __init__(
        self, *, in_channels: int, channels: int = 256, blocks: int = 6, n_fft: int = 640, hop: int = 320, kernel: int = 7,
        expansion: int = 2, rate: int = 16000,
    ) -> None:
        super().__init__()
        self.n_fft, self.istft_hop, self.rate, self.kernel = n_fft, hop // 2, rate, kernel
        self.conv_pre = nn.Conv1d(in_channels, channels, 3, padding=1)
        self.pitch_in = nn.Conv1d(2, channels, 1)
        self.up = nn.Linear(channels, 2 * channels)
        self.blocks = nn.ModuleList(ConvNeXtBlock(channels, kernel=kernel, expansion=expansion) for _ in range(blocks))
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, n_fft + 2)
        self.gain = nn.Linear(channels, n_fft // 2 + 1)
        nn.init.constant_(self.gain.bias, _QUIET)
        nn.init.constant_(self.head.bias[: n_fft // 2 + 1], _QUIET)
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    @property
    def receptive_frames(self) -> int:
        """Frames on each side that can influence one frame of sound, when the phase is given."""
        trunk = len(self.blocks) * (self.kernel // 2)  # in half frames
        return self.conv_pre.kernel_size[0] // 2 + -(-trunk // 2) + -(-self.n_fft // (2 * self.istft_hop)) // 2 + 1

    def forward(self, z: Tensor, pitch_hz: Tensor, noise: Tensor, phase: Tensor | None = None) -> Tensor:
        """Render frames to sound: a coloured pulse train plus coloured noise.

        Args:
            z: [B, in_channels, F].
            pitch_hz: [B, F], 0 where unvoiced.
            noise: [B, F * hop] standard normal values.
            phase: [B] cycles of the pulse train at the first sample; 0 when None.

        Returns:
            [B, 1, F * hop].
        """
        voiced = (pitch_hz > 0).to(z.dtype)
        octaves = torch.log2(pitch_hz.clamp_min(1.0) / PITCH_CENTRE_HZ).to(z.dtype) * voiced
        x = self.conv_pre(z) + self.pitch_in(torch.stack([octaves, voiced], dim=1))
        pairs = self.up(F.gelu(x).transpose(1, 2))  # [B, F, 2C]: two half-frames side by side
        x = pairs.unflatten(2, (2, -1)).flatten(1, 2).transpose(1, 2)  # [B, C, 2F]
        for block in self.blocks:
            x = block(x)
        x = self.norm(x.transpose(1, 2))  # [B, 2F, C]
        log_gain, angle = self.head(x).float().transpose(1, 2).chunk(2, 1)
        throat = torch.polar(torch.exp(log_gain.clamp(max=_LOUDEST)), angle)  # [B, n_fft/2+1, 2F]
        breath = torch.exp(self.gain(x).float().transpose(1, 2).clamp(max=_LOUDEST))
        train = self.transform(pulses(pitch_hz.float(), 2 * self.istft_hop, self.rate, phase))
        return self.overlap_add(throat * train + breath * self.transform(noise.float())).unsqueeze(1)

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


def clear_pitch(hz: Tensor) -> Tensor:
    """A pitch within what a voice can do, in Hz."""
    return hz.clamp(LOWEST_HZ, HIGHEST_HZ)
