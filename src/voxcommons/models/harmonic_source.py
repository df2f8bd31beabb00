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
_USUAL_OCTAVES, _STRANGE_COST = 0.7, 0.3  # of the median; cost per octave beyond


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
    per_sample = _gliding(pitch_hz, hop)  # [B, T]
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


def cycles_of(pitch_hz: Tensor, hop: int, rate: int, frames: int | None = None) -> Tensor:
    """Cycles [B] that `pulses` runs through over the first frames of a pitch track [B, F], over all of them by default."""
    stop = pitch_hz.shape[1] if frames is None else frames
    return (_gliding(pitch_hz, hop)[:, : stop * hop].double() / rate).sum(1)


def track_pitch(wave: Tensor, frames: int, hop: int, rate: int) -> Tensor:
    """Hear the pitch of recordings by normalised autocorrelation (Boersma 1993).

    Periods are found to a fraction of a sample: the tenth harmonic of a pitch that is half a per cent off lies beside its place. In a
    second round pitches are preferred that lie within an octave around the recording's median, so that few octaves are mistaken.

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
    octaves = torch.log2(rate / lags.to(wave.dtype))
    score = strength[..., shortest:] + _OCTAVE_COST * octaves
    loud = cut.abs().amax(-1) > 0.03 * wave.abs().amax(1, keepdim=True)
    best, clear = _peaks(strength[..., shortest:], score)
    known = torch.where(clear & loud, octaves[best], torch.nan)
    middle = known.nanmedian(1, keepdim=True).values.nan_to_num(0.0)[..., None]  # [B, 1, 1]
    away = (octaves - middle).abs() - _USUAL_OCTAVES
    best, clear = _peaks(strength[..., shortest:], score - _STRANGE_COST * away.clamp_min(0.0))
    return torch.where(clear & loud, rate / (lags[best] + _between(strength, best + shortest)), torch.zeros((), device=wave.device))


def _peaks(strength: Tensor, score: Tensor) -> tuple[Tensor, Tensor]:
    """The best lag [B, F] of each frame, and whether it is a clear one."""
    best = score.argmax(-1)
    return best, strength.gather(-1, best[..., None])[..., 0] > _VOICED_STRENGTH


def _between(strength: Tensor, lag: Tensor) -> Tensor:
    """How far from a whole lag [B, F] its peak lies, -0.5 to 0.5: the top of the parabola through its neighbours."""
    last = strength.shape[-1] - 1
    left, here, right = (strength.gather(-1, (lag + step).clamp(0, last)[..., None])[..., 0] for step in (-1, 0, 1))
    bend = left - 2 * here + right
    top = torch.where(bend < 0, 0.5 * (left - right) / bend.clamp(max=-1e-9), torch.zeros_like(bend))
    return top.clamp(-0.5, 0.5)


def _autocorrelation(frames: Tensor) -> Tensor:
    size = 2 * frames.shape[-1]
    return torch.fft.irfft(torch.fft.rfft(frames, size).abs().square(), size)


def _filled(pitch_hz: Tensor) -> Tensor:
    """The track with unvoiced frames at 100 Hz, so that the phase runs on somehow while nothing is heard."""
    return torch.where(pitch_hz > 0, pitch_hz, torch.full_like(pitch_hz, 100.0)).clamp(LOWEST_HZ, HIGHEST_HZ)


def _gliding(pitch_hz: Tensor, hop: int) -> Tensor:
    """The track per sample [B, F * hop]: in a line from the middle of a frame to that of the next one, if both are voiced."""
    track, voiced = _filled(pitch_hz), pitch_hz > 0
    joined = voiced[:, 1:] & voiced[:, :-1]
    step = torch.where(joined, track[:, 1:] - track[:, :-1], torch.zeros_like(track[:, 1:]))
    before, after = F.pad(step, (1, 0)), F.pad(step, (0, 1))  # [B, F] slopes into and out of a frame's middle, Hz per frame
    at = (torch.arange(hop, device=pitch_hz.device) + 0.5) / hop - 0.5  # [hop] from the middle, in frames
    slope = torch.where(at < 0, before[..., None], after[..., None])
    return (track[..., None] + slope * at).flatten(1)
