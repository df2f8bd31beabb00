"""The pulse train has the asked pitch, runs on across pieces, and the tracker hears what was played."""

import pytest
import torch

from voxcommons.models.harmonic_source import cycles_of, pulses, track_pitch

RATE, HOP = 16000, 320


@pytest.mark.parametrize("hz", [80.0, 150.0, 300.0])
def test_all_energy_lies_on_the_harmonics(hz):
    wave = pulses(torch.full((1, 50), hz), HOP, RATE)[0]
    spectrum = torch.fft.rfft(wave * torch.hann_window(len(wave))).abs()  # 1 Hz per bin
    near = torch.zeros_like(spectrum, dtype=torch.bool)
    for harmonic in range(1, int(RATE / 2 / hz) + 1):
        centre = round(harmonic * hz)
        near[max(0, centre - 3) : centre + 4] = True
    assert spectrum[near].square().sum() / spectrum.square().sum() > 0.99


def test_power_does_not_depend_on_pitch():
    low, high = (float(pulses(torch.full((1, 100), hz), HOP, RATE).square().mean()) for hz in (90.0, 300.0))
    assert low == pytest.approx(high, rel=0.05)


def test_unvoiced_frames_are_silent():
    pitch = torch.tensor([[0.0] * 10 + [200.0] * 10])
    wave = pulses(pitch, HOP, RATE)[0]
    assert wave[: 9 * HOP].abs().max() == 0
    assert wave[12 * HOP :].abs().max() > 1


def test_a_piece_with_context_goes_on_where_the_one_before_it_ended():
    pitch = 120 + 60 * torch.rand(1, 40, generator=torch.Generator().manual_seed(0))
    whole, cut = pulses(pitch, HOP, RATE), pitch[:, 24:]
    phase = cycles_of(pitch, HOP, RATE, 25) - cycles_of(cut, HOP, RATE, 1)
    piece = pulses(cut, HOP, RATE, phase)[:, HOP:]
    assert torch.allclose(piece, whole[:, 25 * HOP :], atol=1e-3 * float(whole.abs().max()))


def test_a_pitch_glides_from_frame_to_frame():
    pitch = torch.linspace(100.0, 140.0, 41)[None]
    wave = pulses(pitch, HOP, RATE)
    heard = track_pitch(wave, 41, HOP, RATE)[0]
    assert (1200 * torch.log2(heard[2:-2] / pitch[0, 2:-2])).abs().quantile(0.9) < 5  # an octave may be mistaken now and then


def test_the_tracker_hears_the_pitch_that_was_played():
    time = torch.arange(30 * HOP) / RATE
    voices = [sum(torch.sin(2 * torch.pi * hz * k * time) / k for k in range(1, 7)) for hz in (130.0, 210.0)]
    heard = track_pitch(torch.cat([voices[0], torch.zeros(20 * HOP), voices[1]])[None], 80, HOP, RATE)[0]
    assert (heard[3:27] / 130 - 1).abs().max() < 0.005
    assert (heard[33:47] == 0).all()
    assert (heard[53:77] / 210 - 1).abs().max() < 0.005


def test_noise_has_no_pitch():
    noise = torch.randn(1, 100 * HOP, generator=torch.Generator().manual_seed(0))
    assert (track_pitch(noise, 100, HOP, RATE) > 0).float().mean() < 0.1
