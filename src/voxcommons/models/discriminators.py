"""Critics that tell generated sound from recorded sound; used in training only.

One reads the whole wave at falling rates, others fold it by a period in samples and read the columns (the scale and
period discriminators of HiFi-GAN, Kong et al., arXiv 2010.05646), and some read log spectra (the multi-resolution
discriminator of UnivNet, Jang et al., arXiv 2106.07889), which find buzz and smear with few weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from voxcommons.models.weight_norm import NormConv1d, NormConv2d

SLOPE = 0.1


@dataclass(frozen=True)
class Verdict:
    """What one critic says.

    Attributes:
        score: [B, N] one value per place; towards 1 for recorded, towards 0 for generated.
        features: Output of every layer, the last (unflattened score) included.
    """

    score: Tensor
    features: tuple[Tensor, ...]


class ScaleDiscriminator(nn.Module):
    """Reads the wave with strided grouped convolutions down to a 256th of its rate."""

    def __init__(
        self,
        channels: tuple[int, ...] = (16, 64, 256, 1024, 1024, 1024),
        groups: tuple[int, ...] = (1, 4, 16, 64, 256, 1),
    ) -> None:
        """Build the critic.

        Args:
            channels: Widths of the six layers.
            groups: Their groups.
        """
        super().__init__()
        kernels, strides = (15, 41, 41, 41, 41, 5), (1, 4, 4, 4, 4, 1)
        inputs = (1, *channels[:-1])
        self.convs = nn.ModuleList(
            NormConv1d(i, o, k, stride=s, padding=k // 2, groups=g)
            for i, o, k, s, g in zip(inputs, channels, kernels, strides, groups, strict=True)
        )
        self.conv_post = NormConv1d(channels[-1], 1, 3, padding=1)

    def forward(self, wave: Tensor) -> Verdict:
        """Judge wave [B, 1, T]."""
        return _judge(wave, self.convs, self.conv_post)


class PeriodDiscriminator(nn.Module):
    """Folds the wave into rows of `period` samples and reads along the columns."""

    def __init__(self, period: int, channels: tuple[int, ...] = (32, 128, 512, 1024, 1024)) -> None:
        """Build the critic.

        Args:
            period: Samples per row.
            channels: Widths of the layers; all but the last divide the rate by three.
        """
        super().__init__()
        self.period = period
        inputs = (1, *channels[:-1])
        last = len(channels) - 1
        self.convs = nn.ModuleList(
            NormConv2d(i, o, (5, 1), stride=(3 if n < last else 1, 1), padding=(2, 0))
            for n, (i, o) in enumerate(zip(inputs, channels, strict=True))
        )
        self.conv_post = NormConv2d(channels[-1], 1, (3, 1), padding=(1, 0))

    def forward(self, wave: Tensor) -> Verdict:
        """Judge wave [B, 1, T]; it is extended by reflection to whole rows."""
        missing = -wave.shape[-1] % self.period
        if missing:
            wave = F.pad(wave, (0, missing), mode="reflect")
        return _judge(wave.unflatten(-1, (-1, self.period)), self.convs, self.conv_post)  # [B, 1, T / period, period]


class SpectrogramDiscriminator(nn.Module):
    """Reads the log-magnitude spectrogram of one resolution, halving the bins layer by layer."""

    window: Tensor

    def __init__(self, n_fft: int, hop: int, channels: tuple[int, ...]) -> None:
        """Build the critic.

        Args:
            n_fft: Transform size in samples.
            hop: Samples between frames.
            channels: Widths of the layers.
        """
        super().__init__()
        self.n_fft, self.hop = n_fft, hop
        inputs = (1, *channels[:-1])
        self.convs = nn.ModuleList(
            NormConv2d(i, o, (3, 9), stride=(1, 2), padding=(1, 4)) for i, o in zip(inputs, channels, strict=True)
        )
        self.conv_post = NormConv2d(channels[-1], 1, (3, 3), padding=(1, 1))
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def forward(self, wave: Tensor) -> Verdict:
        """Judge wave [B, 1, T]."""
        bins = torch.stft(wave[:, 0].float(), self.n_fft, self.hop, window=self.window, return_complex=True)
        power = torch.view_as_real(bins).square().sum(-1)  # [B, n_fft/2+1, N]
        return _judge(0.5 * torch.log(power.clamp_min(1e-8)).transpose(1, 2)[:, None] + 2.0, self.convs, self.conv_post)


class Discriminators(nn.Module):
    """The whole-wave critic, one critic per period and one per spectrogram resolution."""

    def __init__(
        self,
        periods: tuple[int, ...] = (2, 3, 5, 7, 11),
        period_channels: tuple[int, ...] = (32, 128, 512, 1024, 1024),
        scale_channels: tuple[int, ...] = (16, 64, 256, 1024, 1024, 1024),
        scale_groups: tuple[int, ...] = (1, 4, 16, 64, 256, 1),
        resolutions: tuple[tuple[int, int], ...] = (),
        spectrogram_channels: tuple[int, ...] = (),
    ) -> None:
        """Build the critics; `DiscriminatorConfig` describes every parameter."""
        super().__init__()
        self.discriminators = nn.ModuleList(
            [
                ScaleDiscriminator(scale_channels, scale_groups),
                *(PeriodDiscriminator(p, period_channels) for p in periods),
                *(SpectrogramDiscriminator(n_fft, hop, spectrogram_channels) for n_fft, hop in resolutions),
            ]
        )

    def forward(self, wave: Tensor) -> list[Verdict]:
        """Judge wave [B, 1, T]: one verdict per critic."""
        return [critic(wave) for critic in self.discriminators]

    def compare(self, real: Tensor, fake: Tensor) -> tuple[list[Verdict], list[Verdict]]:
        """Verdicts on real and fake [B, 1, T], in one pass so that every weight is normalised once."""
        both = self(torch.cat((real, fake)))
        n = real.shape[0]
        return (
            [Verdict(v.score[:n], tuple(f[:n] for f in v.features)) for v in both],
            [Verdict(v.score[n:], tuple(f[n:] for f in v.features)) for v in both],
        )


def _judge(x: Tensor, convs: nn.ModuleList, last: nn.Module) -> Verdict:
    features = []
    for conv in convs:
        x = F.leaky_relu(conv(x), SLOPE)
        features.append(x)
    x = last(x)
    return Verdict(x.flatten(1), (*features, x))
