"""Spectrograms: the public numbers, the promised frame count, mel filters and short waves."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from golden.check import compare
from voxcommons.audio.spectrogram import linear_spectrogram, log_mel, log_mel_of_linear, mel_filterbank, normalise_log_mel

DATA = Path(__file__).parents[1] / "golden" / "data"


def test_they_have_the_public_numbers():
    found = list(compare(DATA / "audio_features"))
    assert len(found) == 5
    assert [one.name for one in found if not one.passed] == []


@pytest.mark.parametrize(("n_fft", "hop", "win"), [(2048, 640, None), (1024, 320, 1024), (1024, 256, 800)])
def test_a_wave_of_whole_hops_has_as_many_frames(n_fft, hop, win):
    spec = linear_spectrogram(torch.zeros(2, 9 * hop), n_fft, hop, win)
    assert spec.shape == (2, n_fft // 2 + 1, 9)


def test_a_tone_peaks_at_its_frequency_and_in_its_mel_band():
    rate, hz = 16000, 1000.0
    wave = torch.sin(2 * math.pi * hz / rate * torch.arange(rate))[None]
    spec = linear_spectrogram(wave, 1024, 320)[0, :, 20]
    assert int(spec.argmax()) == round(hz / rate * 1024)
    filters = mel_filterbank(rate, 1024, 80)
    centre = filters[int(log_mel(wave, rate, 1024, 320, bands=80)[0, :, 20].argmax())]
    assert abs(float(centre.argmax()) / 1024 * rate - hz) < 60


def test_mel_filters_are_triangles_of_unit_area_in_rising_order():
    filters = mel_filterbank(32000, 2048, 128)
    assert filters.shape == (128, 1025) and bool((filters >= 0).all())
    area = filters.sum(1) * (16000 / 1024)
    assert float(area[40:].sub(1).abs().max()) < 0.05  # narrower than a few bins the sum is a poor integral
    assert bool((filters.argmax(1).diff() >= 0).all())


def test_louder_sound_has_a_larger_spectrogram_by_the_same_factor():
    wave = torch.randn(1, 6400, generator=torch.Generator().manual_seed(0))
    quiet, loud = linear_spectrogram(wave), linear_spectrogram(4 * wave)
    assert torch.allclose(loud, 4 * quiet, rtol=1e-3, atol=1e-3)


def test_silence_gives_the_floors():
    spec = linear_spectrogram(torch.zeros(1, 6400))
    assert torch.allclose(spec, torch.full_like(spec, 1e-4))
    mel = log_mel_of_linear(torch.zeros(1, 1025, 3), mel_filterbank(32000))
    assert torch.allclose(mel, torch.full_like(mel, math.log(1e-5)))


def test_the_gradient_at_silence_is_finite():
    wave = torch.zeros(1, 6400, requires_grad=True)
    log_mel(wave, 32000).sum().backward()
    assert wave.grad is not None and bool(wave.grad.isfinite().all())


def test_half_precision_input_is_computed_in_single():
    wave = torch.randn(1, 6400, generator=torch.Generator().manual_seed(0)).half()
    assert torch.equal(linear_spectrogram(wave), linear_spectrogram(wave.float()))


def test_a_wave_too_short_to_reflect_is_refused():
    with pytest.raises(ValueError, match="more than 704 samples"):
        linear_spectrogram(torch.zeros(1, 704))


def test_the_normalised_range_is_minus_one_to_one():
    assert normalise_log_mel(torch.tensor([-12.0, -5.0, 2.0])).tolist() == [-1.0, 0.0, 1.0]
