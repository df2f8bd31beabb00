"""The speaker-verification network has the public file's names and numbers, and its filter bank hears what is there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from golden.check import compare
from voxcommons.models.eres2netv2 import BANDS, VECTOR, ERes2NetV2, kaldi_fbank


def test_names_shapes_filter_bank_and_vector_are_the_public_ones(shared: Path):
    found = list(compare(shared / "reference" / "gpt-sovits" / "golden" / "sv_eres2netv2"))
    assert len(found) == 5
    assert [f"{one.name}: {one.error:.2e}" for one in found if not one.passed] == []


def test_the_filter_bank_has_a_row_every_ten_milliseconds_and_drops_what_fills_no_frame():
    assert kaldi_fbank(torch.randn(400)).shape == (1, BANDS)
    assert kaldi_fbank(torch.randn(719)).shape == (2, BANDS)
    assert kaldi_fbank(torch.randn(720)).shape == (3, BANDS)


@pytest.mark.parametrize("wave", [torch.randn(399), torch.randn(1, 1600)])
def test_what_is_no_row_of_a_frame_or_more_is_refused(wave: torch.Tensor):
    with pytest.raises(ValueError, match="400 samples in one row"):
        kaldi_fbank(wave)


@pytest.mark.parametrize("hertz", [200.0, 1000.0, 4000.0])
def test_a_tone_is_loudest_in_the_band_around_its_frequency(hertz: float):
    tone = torch.sin(2 * torch.pi * hertz * torch.arange(1600) / 16000)
    edges = 1127 * torch.log1p(torch.tensor([20.0, 8000.0, hertz]) / 700)
    expected = (edges[2] - edges[0]) / (edges[1] - edges[0]) * (BANDS + 1) - 1
    loudest = kaldi_fbank(tone).mean(0).argmax()
    assert abs(float(loudest) - float(expected)) <= 1.5


def test_a_constant_offset_and_silence_are_nothing():
    wave = 0.1 * torch.randn(1600)
    torch.testing.assert_close(kaldi_fbank(wave + 0.25), kaldi_fbank(wave), atol=2e-2, rtol=0)
    assert kaldi_fbank(torch.zeros(1600)).isfinite().all()


def test_every_length_gives_one_vector_of_the_same_size():
    with torch.no_grad():
        model = ERes2NetV2().eval()
        assert model.vector_of(torch.randn(1200)).shape == model.vector_of(torch.randn(2000)).shape == (1, VECTOR)


def test_folded_it_says_the_same():
    torch.manual_seed(2)
    model = ERes2NetV2().eval()
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(part.running_mean, -0.5, 0.5)
            torch.nn.init.uniform_(part.running_var, 0.5, 2.0)
            torch.nn.init.uniform_(part.weight, 0.5, 1.5)
            torch.nn.init.uniform_(part.bias, -0.5, 0.5)
    wave = torch.randn(4000)
    with torch.no_grad():
        before = model.vector_of(wave)
        after = model.fold().vector_of(wave)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in model.modules())
    assert before.std() > 0.01
    torch.testing.assert_close(after, before, atol=1e-4 * float(before.abs().max()), rtol=1e-3)
