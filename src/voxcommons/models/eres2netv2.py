"""Who speaks: the speaker-verification network that the Pro versions of the public models take their second voice vector from.

ERes2NetV2 (Chen et al., arXiv 2406.02167) and the filter bank it hears through, which is Kaldi's. A network of its own, because
it is trained elsewhere and frozen here. Its tensors carry the names of the public file.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

SAMPLE_RATE = 16_000
BANDS = 80
VECTOR = 20_480  # 2048 channels x 10 bands
_FRAME, _HOP, _FFT = 400, 160, 512  # 25 ms every 10 ms
_LOWEST_HZ = 20.0
_PREEMPHASIS = 0.97
_POVEY = 0.85
_CEILING = 20.0
_STEM = 64
_BLOCKS = (3, 4, 6, 3)
_FUSED_FROM = 2  # from this stage on the groups of a block are fused by attention
_EXPANSION, _SCALE = 4, 4
_BASE_WIDTH = 24
_EMBEDDING = 192


def kaldi_fbank(wave: Tensor) -> Tensor:
    """Log energies of 80 mel bands, as Kaldi computes them, without dither.

    Args:
        wave: [T] at 16 kHz, between -1 and 1; at least 400 samples.

    Returns:
        [F, 80], one row per 10 ms; F = 1 + (T - 400) // 160.

    Raises:
        ValueError: the sound is shorter than one frame.
    """
    if wave.dim() != 1 or len(wave) < _FRAME:
        raise ValueError(f"a filter bank needs at least {_FRAME} samples in one row, not {tuple(wave.shape)}")
    frames = wave.float().unfold(0, _FRAME, _HOP)  # [F, 400]
    frames = frames - frames.mean(1, keepdim=True)
    before = torch.cat([frames[:, :1], frames[:, :-1]], 1)
    frames = frames - _PREEMPHASIS * before
    window = torch.hann_window(_FRAME, periodic=False, device=wave.device) ** _POVEY
    power = torch.fft.rfft(frames * window, _FFT).abs() ** 2  # [F, 257]
    energies = power[:, :-1] @ _triangles(wave.device).T
    return energies.clamp(min=torch.finfo(torch.float32).eps).log()


def _triangles(device: torch.device) -> Tensor:
    """Triangles of equal width on the mel scale, [80, 256]; the bin of half the sample rate is in none of them."""
    lowest, highest = _mel(torch.tensor([_LOWEST_HZ, SAMPLE_RATE / 2], dtype=torch.float64))
    step = (highest - lowest) / (BANDS + 1)
    left = lowest + torch.arange(BANDS, dtype=torch.float64)[:, None] * step
    bins = _mel(torch.arange(_FFT // 2, dtype=torch.float64) * (SAMPLE_RATE / _FFT))[None]
    rising, falling = (bins - left) / step, (left + 2 * step - bins) / step
    return torch.minimum(rising, falling).clamp(min=0).float().to(device)


def _mel(hertz: Tensor) -> Tensor:
    return 1127.0 * torch.log1p(hertz / 700.0)


class ERes2NetV2(nn.Module):
    """Filter bank [B, F, 80] -> speaker vector [B, 20480].

    The last layers, which turn that into an embedding of 192 numbers, are in the public file; the voice models take what comes
    before them. `seg_1` therefore has weights here and is not run.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, _STEM, 3, padding=1, bias=False)
        self.bn1: nn.Module = nn.BatchNorm2d(_STEM)
        channels, stages = _STEM, []
        for stage, blocks in enumerate(_BLOCKS):
            planes = _STEM << stage
            made = []
            for block in range(blocks):
                stride = 2 if stage > 0 and block == 0 else 1
                made.append(_Block(channels, planes, stride, fused=stage >= _FUSED_FROM))
                channels = planes * _EXPANSION
            stages.append(nn.Sequential(*made))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.layer3_ds = nn.Conv2d(channels // 2, channels, 3, stride=2, padding=1, bias=False)
        self.fuse34 = _Fusion(channels)
        self.seg_1 = nn.Linear(2 * VECTOR, _EMBEDDING)

    def forward(self, fbank: Tensor) -> Tensor:
        """The vector of a recording.

        Args:
            fbank: [B, F, 80] of `kaldi_fbank`.

        Returns:
            [B, 20480], the average over time.
        """
        x = F.relu(self.bn1(self.conv1(fbank.transpose(1, 2)[:, None])), inplace=True)  # [B, 64, 80, F]
        third = self.layer3(self.layer2(self.layer1(x)))  # [B, 1024, 20, F / 4]
        fused = self.fuse34(self.layer4(third), self.layer3_ds(third))  # [B, 2048, 10, F / 8]
        return fused.flatten(1, 2).mean(-1)

    def fold(self) -> ERes2NetV2:
        """Put the batch normalisations into the convolutions before them, for inference: fewer layers to run and to keep.

        Returns:
            The same network, in evaluation mode; its state dict no longer has their names.
        """
        self.eval()
        self.conv1, self.bn1 = _folded(self.conv1, self.bn1)
        for part in self.modules():
            if isinstance(part, _Block):
                part.conv1, part.bn1 = _folded(part.conv1, part.bn1)
                part.conv3, part.bn3 = _folded(part.conv3, part.bn3)
                for index in range(_SCALE):
                    part.convs[index], part.bns[index] = _folded(part.convs[index], part.bns[index])
                if len(part.shortcut):
                    part.shortcut[0], part.shortcut[1] = _folded(part.shortcut[0], part.shortcut[1])
            elif isinstance(part, _Fusion):
                for first in (0, 3):
                    part.local_att[first], part.local_att[first + 1] = _folded(part.local_att[first], part.local_att[first + 1])
        return self

    def vector_of(self, wave: Tensor) -> Tensor:
        """The vector [1, 20480] of a sound [T] at 16 kHz; at least 400 samples.

        Raises:
            ValueError: the sound is shorter.
        """
        return self(kaldi_fbank(wave).to(self.conv1.weight.dtype)[None])


class _Block(nn.Module):
    """A residual block whose channels are split in four groups, each seeing the result of the one before it."""

    def __init__(self, channels: int, planes: int, stride: int, *, fused: bool) -> None:
        super().__init__()
        width, wide = planes * _BASE_WIDTH // 64, planes * _EXPANSION
        self.conv1 = nn.Conv2d(channels, width * _SCALE, 1, stride=stride, bias=False)
        self.bn1: nn.Module = nn.BatchNorm2d(width * _SCALE)
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(_SCALE))
        self.bns = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(_SCALE))
        self.fuse_models = nn.ModuleList(_Fusion(width) for _ in range(_SCALE - 1)) if fused else None
        self.conv3 = nn.Conv2d(width * _SCALE, wide, 1, bias=False)
        self.bn3: nn.Module = nn.BatchNorm2d(wide)
        same = stride == 1 and channels == wide
        self.shortcut = nn.Sequential() if same else nn.Sequential(nn.Conv2d(channels, wide, 1, stride, bias=False), nn.BatchNorm2d(wide))

    def forward(self, x: Tensor) -> Tensor:
        """[B, channels, bands, F] -> [B, 4 planes, bands / stride, F / stride]."""
        groups = _clipped(self.bn1(self.conv1(x))).chunk(_SCALE, 1)
        done: list[Tensor] = []
        for index, (conv, norm) in enumerate(zip(self.convs, self.bns, strict=True)):
            group = groups[index]
            if done:
                group = done[-1] + group if self.fuse_models is None else self.fuse_models[index - 1](done[-1], group)
            done.append(_clipped(norm(conv(group))))
        made = self.bn3(self.conv3(torch.cat(done, 1)))
        made += self.shortcut(x)
        return _clipped(made)


class _Fusion(nn.Module):
    """Two feature maps become one; attention says how much of each."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 4
        self.local_att = nn.Sequential(
            nn.Conv2d(2 * channels, inner, 1), nn.BatchNorm2d(inner), nn.SiLU(), nn.Conv2d(inner, channels, 1), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Two maps of one shape [B, channels, bands, F] -> one."""
        share = torch.tanh(self.local_att(torch.cat([x, y], 1)))
        return x * (1 + share) + y * (1 - share)


def _clipped(x: Tensor) -> Tensor:
    """Clip in place: nobody else looks at what a layer has just made, and some are 100 MB."""
    return x.clamp_(0.0, _CEILING)


def _folded(convolution: Any, norm: Any) -> tuple[nn.Conv2d, nn.Identity]:  # noqa: ANN401 - members of a Sequential have no closer type
    """A convolution that normalises too, and nothing where the normalisation was."""
    return convolution if isinstance(norm, nn.Identity) else fuse_conv_bn_eval(convolution, norm), nn.Identity()
