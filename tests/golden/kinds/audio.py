"""Spectrograms: stored waves in, linear and mel spectrograms out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file

from golden.comparison import Comparison
from voxcommons.audio.spectrogram import linear_spectrogram, log_mel, log_mel_of_linear, mel_filterbank


def recognises(folder: Path) -> bool:
    tensors = folder / "tensors.safetensors"
    if not tensors.is_file():
        return False
    with safe_open(tensors, "pt") as file:
        return "linear_spec_2048_640" in file.keys()  # noqa: SIM118 - not a mapping


def comparisons(folder: Path) -> Iterator[Comparison]:
    stored = load_file(folder / "tensors.safetensors")
    wave_24k, wave_32k = stored["wav24k"][None], stored["wav32k"][None]
    linear = linear_spectrogram(wave_32k, n_fft=2048, hop=640)
    ours = {
        "linear_spec_2048_640": linear,
        "mel128_from_spec": log_mel_of_linear(linear, mel_filterbank(32000, 2048, 128)),
        "mel128_from_wav": log_mel(wave_32k, 32000, n_fft=2048, hop=640, bands=128),
        "mel100_v3_24k": log_mel(wave_24k, 24000, n_fft=1024, hop=256, bands=100),
        "mel100_v4_32k": log_mel(wave_32k, 32000, n_fft=1280, hop=320, bands=100),
    }
    for name, tensor in ours.items():
        yield Comparison(name, tensor, stored[name])
