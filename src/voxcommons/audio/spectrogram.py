"""Linear and mel spectrograms exactly as the acoustic models were trained on.

They live apart from the models because preparation, training and synthesis must agree on every constant: the frame count
is `T // hop`, the padding is symmetric and the magnitude has a small floor under its root. Nothing here knows a model;
every function takes the constants as arguments and runs on the device of its input.

Shapes: B batch, T samples, F frames, N = n_fft // 2 + 1 bins, M mel bands.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

POWER_FLOOR = 1e-8  # added under the square root, keeps its gradient finite
LOG_FLOOR = 1e-5  # smallest mel magnitude before the logarithm

_MEL_LINEAR_HZ = 200.0 / 3.0  # below 1 kHz the Slaney scale is linear: 15 mel up to 1000 Hz
_MEL_BREAK_HZ = 1000.0
_MEL_BREAK = _MEL_BREAK_HZ / _MEL_LINEAR_HZ
_MEL_LOG_STEP = math.log(6.4) / 27.0  # above it logarithmic: 27 mel from 1 kHz to 6.4 kHz


def linear_spectrogram(wave: Tensor, n_fft: int = 2048, hop: int = 640, win: int | None = None) -> Tensor:
    """Magnitude spectrogram of a waveform.

    The wave is extended by reflection with (n_fft - hop) / 2 samples on each side and framed without centring, so a wave
    of F * hop samples gives exactly F frames.

    Args:
        wave: [B, T] float, any scale (usually within -1..1); T must exceed (n_fft - hop) / 2.
        n_fft: Transform length in samples.
        hop: Samples between frames.
        win: Length of the periodic Hann window in samples; n_fft by default.

    Returns:
        [B, n_fft // 2 + 1, F] magnitudes, float32 (float64 of a float64 wave), F = 1 + (T - hop) // hop.

    Raises:
        ValueError: If the wave is too short to be reflected.
    """
    win = n_fft if win is None else win
    pad = (n_fft - hop) // 2
    if wave.dim() != 2 or wave.shape[1] <= pad:
        raise ValueError(f"spectrogram needs a wave [B, T] with more than {pad} samples, found shape {tuple(wave.shape)}")
    padded = F.pad(_at_least_single(wave), (pad, pad), mode="reflect")  # [B, T + 2 pad]
    window = torch.hann_window(win, periodic=True, dtype=padded.dtype, device=wave.device)
    bins = torch.stft(padded, n_fft, hop_length=hop, win_length=win, window=window, center=False, return_complex=True)
    return torch.sqrt(torch.view_as_real(bins).square().sum(-1) + POWER_FLOOR)  # [B, N, F]


def mel_filterbank(
    rate: int,
    n_fft: int = 2048,
    bands: int = 128,
    fmin_hz: float = 0.0,
    fmax_hz: float | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """Triangular mel filters on the Slaney scale, each with unit area (Slaney, Auditory Toolbox, 1998).

    Args:
        rate: Sample rate in Hz.
        n_fft: Transform length in samples.
        bands: Number of filters.
        fmin_hz: Lower edge of the first filter in Hz.
        fmax_hz: Upper edge of the last filter in Hz; half the sample rate by default.
        device: Where the result is put.

    Returns:
        [bands, n_fft // 2 + 1] float32, to be multiplied with a linear magnitude spectrogram.
    """
    top_hz = rate / 2 if fmax_hz is None else fmax_hz
    edges_mel = torch.linspace(_hz_to_mel(fmin_hz), _hz_to_mel(top_hz), bands + 2, dtype=torch.float64)
    edges = _mel_to_hz(edges_mel)  # [bands + 2]
    bins_hz = torch.linspace(0.0, rate / 2, n_fft // 2 + 1, dtype=torch.float64)  # [N]
    slopes = edges[:, None] - bins_hz[None, :]  # [bands + 2, N]
    widths = edges[1:] - edges[:-1]  # [bands + 1]
    rising = -slopes[:-2] / widths[:-1, None]
    falling = slopes[2:] / widths[1:, None]
    filters = torch.minimum(rising, falling).clamp_min(0.0)  # [bands, N]
    filters = filters * (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return filters.to(dtype=torch.float32, device=device)


def log_mel_of_linear(spec: Tensor, filterbank: Tensor) -> Tensor:
    """Natural logarithm of mel magnitudes from a linear spectrogram.

    Args:
        spec: [B, N, F] magnitudes.
        filterbank: [M, N] from `mel_filterbank`.

    Returns:
        [B, M, F], floored at log(1e-5).
    """
    return torch.log(torch.matmul(filterbank, _at_least_single(spec)).clamp_min(LOG_FLOOR))


def log_mel(
    wave: Tensor,
    rate: int,
    n_fft: int = 2048,
    hop: int = 640,
    win: int | None = None,
    bands: int = 128,
    filterbank: Tensor | None = None,
) -> Tensor:
    """Natural-log mel spectrogram of a waveform.

    Args:
        wave: [B, T] float.
        rate: Sample rate in Hz.
        n_fft: Transform length in samples.
        hop: Samples between frames.
        win: Window length in samples; n_fft by default.
        bands: Number of mel bands, used when no filterbank is given.
        filterbank: [M, N] ready filters, worth passing in a loop.

    Returns:
        [B, M, F] float32.
    """
    if filterbank is None:
        filterbank = mel_filterbank(rate, n_fft, bands, device=wave.device)
    return log_mel_of_linear(linear_spectrogram(wave, n_fft, hop, win), filterbank)


def normalise_log_mel(mel: Tensor, low: float = -12.0, high: float = 2.0) -> Tensor:
    """Map a log-mel range linearly onto -1..1 (the range the flow-matching acoustic models use)."""
    return (mel - low) / (high - low) * 2.0 - 1.0


def _at_least_single(x: Tensor) -> Tensor:
    """Half precision cannot hold the floors; double stays double."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _hz_to_mel(hz: float) -> float:
    if hz < _MEL_BREAK_HZ:
        return hz / _MEL_LINEAR_HZ
    return _MEL_BREAK + math.log(hz / _MEL_BREAK_HZ) / _MEL_LOG_STEP


def _mel_to_hz(mel: Tensor) -> Tensor:
    curved = _MEL_BREAK_HZ * torch.exp(_MEL_LOG_STEP * (mel - _MEL_BREAK))
    return torch.where(mel < _MEL_BREAK, mel * _MEL_LINEAR_HZ, curved)
