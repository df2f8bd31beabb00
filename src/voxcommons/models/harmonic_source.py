"""The buzz of the vocal folds: a pulse train of a given pitch, and how to hear a recording's pitch while training.

The light generator works on frames and cannot count periods across them, so it is handed a pulse train whose phase runs on
without a break; all it learns is how the throat colours it. Source-filter synthesis with a neural filter follows Wang et
al., "Neural source-filter waveform models", arXiv 1904.12088. Nothing here has weights.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

LOWEST_HZ, HIGHEST_HZ = 60.0, 420.0
_VOICED_STRENGTH = 0.45  # of the normalised autocorrelation
_OCTAVE_COST = 0.04  # per octave, in favour of the higher pitch: multiples of a period are peaks as well
_WINDOW_S = 0.04


def pulses(pitch_hz: Tensor, hop: int, rate: int, phase: Tensor | None = None) -> Tensor:
    """Band-limited pulses of constant power, silent where unvoiced.

    Args:
        pitch_hz: [B, F], 0 where unvoiced.
        hop: samples per frame.
        rate: samples per second.
        phase: [B] in cycles at the first sample; 0 when None.

    Returns:
        [B, F * hop].
    """
    voiced = (pitch_hz > 0).to(pitch_hz.dtype)
    per_sample = _held(_filled(pitch_hz), hop)  # [B, T]
    start = 0.0 if phase is None else phase.double()[:, None]
    steps = per_sample.double() / rate
    cycles = start + torch.cumsum(steps, dim=1) - steps
    angle = (2 * math.pi * (cycles % 1.0)).to(pitch_hz.dtype)
    room = 0.48 * rate / per_sample  # harmonics below the Nyquist frequency; the last one fades in, so nothing jumps
    harmonics = torch.floor(room)
    half = torch.sin(angle / 2)
    near = half.abs() < 1e-3
    # The sum of cos(k angle) for k = 1..K in closed form (Dirichlet's kernel).
    train = torch.sin((harmonics + 0.5) * angle) / (2 * torch.where(near, torch.ones_like(half), half)) - 0.5
    train = torch.where(near, harmonics, train) + (room - harmonics) * torch.cos((harmonics + 1) * angle)
    gate = F.interpolate(voiced[:, None], scale_factor=float(hop), mode="linear", align_corners=False)[:, 0]
    return train * torch.sqrt(2.0 / room) * gate


def cycles_of(pitch_hz: Tensor, hop: int, rate: int) -> Tensor:
    """Cycles [B] that `pulses` runs through over all frames of a pitch track [B, F]."""
    return (_filled(pitch_hz).double() * hop / rate).sum(1)


def track_pitch(wave: Tensor, frames: int, hop: int, rate: int) -> Tensor:
    """Hear the pitch of recordings by normalised autocorrelation (Boersma 1993), without smoothing over time.

    Args:
        wave: [B, T] with T = frames * hop.
        frames: number of frames F.
        hop: samples per frame.
        rate: samples per second.

    Returns:
        [B, F] Hz, 0 where unvoiced.
    """
    size = int(_WINDOW_S * rate)
    padded = F.pad(wave, (size // 2 - hop // 2, size))
    cut = padded.unfold(1, size, hop)[:, :frames]  # [B, F, size]
    window = torch.hann_window(size, device=wave.device)
    shortest, longest = int(rate / HIGHEST_HZ), int(rate / LOWEST_HZ)
    own = _autocorrelation(window[None])[:, : longest + 1]
    found = _autocorrelation((cut - cut.mean(-1, keepdim=True)) * window)[..., : longest + 1]
    strength = found / found[..., :1].clamp_min(1e-9) / (own / own[:, :1])
    lags = torch.arange(shortest, longest + 1, device=wave.device)
    score = strength[..., shortest:] - _OCTAVE_COST * torch.log2(lags / shortest)
    best = score.argmax(-1, keepdim=True)
    clear = strength[..., shortest:].gather(-1, best)[..., 0] > _VOICED_STRENGTH
    loud = cut.abs().amax(-1) > 0.03 * wave.abs().amax(1, keepdim=True)
    return torch.where(clear & loud, rate / lags[best[..., 0]].to(wave.dtype), torch.zeros((), device=wave.device))


def _autocorrelation(frames: Tensor) -> Tensor:
    size = 2 * frames.shape[-1]
    return torch.fft.irfft(torch.fft.rfft(frames, size).abs().square(), size)


def _filled(pitch_hz: Tensor) -> Tensor:
    """The track with unvoiced frames at 100 Hz, so that the phase runs on somehow while nothing is heard."""
    return torch.where(pitch_hz > 0, pitch_hz, torch.full_like(pitch_hz, 100.0)).clamp(LOWEST_HZ, HIGHEST_HZ)


def _held(pitch_hz: Tensor, hop: int) -> Tensor:
    return pitch_hz.repeat_interleave(hop, dim=1)
