"""The light generator makes a whole number of hops, and pieces with context equal the whole."""

import pytest
import torch

from voxcommons.models.harmonic_source import cycles_of, track_pitch
from voxcommons.models.istft_generator import IstftGenerator


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return IstftGenerator(in_channels=6, channels=12, blocks=2, n_fft=640, hop=320).eval()


def noise(frames: int, items: int = 1) -> torch.Tensor:
    return torch.randn(items, frames * 320, generator=torch.Generator().manual_seed(frames))


@pytest.mark.parametrize("frames", [1, 7, 50])
def test_every_frame_becomes_one_hop(generator, frames):
    assert generator(torch.randn(2, 6, frames), torch.full((2, frames), 150.0), noise(frames, 2)).shape == (2, 1, frames * 320)


def test_pieces_with_their_context_equal_the_whole(generator):
    z, pitch = torch.randn(1, 6, 60), torch.where(torch.arange(60) % 20 < 15, 100.0 + 3 * torch.arange(60), torch.zeros(60))[None]
    breath, sight = noise(60), generator.receptive_frames
    whole = generator(z, pitch, breath)
    low = 20 - sight
    near = pitch[:, low : 40 + sight]
    phase = cycles_of(pitch, 320, 16000, 20) - cycles_of(near, 320, 16000, sight)
    piece = generator(z[:, :, low : 40 + sight], near, breath[:, low * 320 : (40 + sight) * 320], phase)
    assert torch.allclose(piece[:, :, sight * 320 : (sight + 20) * 320], whole[:, :, 20 * 320 : 40 * 320], atol=1e-4)


def test_the_stated_sight_is_not_larger_than_needed_by_more_than_two_frames(generator):
    z, pitch = torch.zeros(1, 6, 60), torch.full((1, 60), 150.0)
    other = z.clone()
    other[:, :, 30] = 5.0
    changed = (generator(z, pitch, noise(60)) - generator(other, pitch, noise(60))).abs()[0, 0] > 1e-6
    reach = max(30 - int(changed.nonzero()[0]) // 320, int(changed.nonzero()[-1]) // 320 - 30)
    assert reach <= generator.receptive_frames <= reach + 2


def test_the_asked_pitch_is_spoken(generator):
    z = torch.randn(1, 6, 50)
    for hz in (100.0, 220.0):
        wave = generator(z, torch.full((1, 50), hz), 0 * noise(50))[:, 0]
        heard = track_pitch(wave, 50, 320, 16000)[0]
        octaves = torch.log2(heard[heard > 0] / hz)
        assert (octaves - octaves.round()).abs().median() < 0.05


def test_where_nothing_is_voiced_there_is_noise_and_nothing_else(generator):
    z, unvoiced = torch.randn(1, 6, 50), torch.zeros(1, 50)
    assert generator(z, unvoiced, 0 * noise(50)).abs().max() == 0
    assert generator(z, unvoiced, noise(50)).abs().max() > 0
    assert torch.allclose(generator(z, unvoiced, 2 * noise(50)), 2 * generator(z, unvoiced, noise(50)), atol=1e-5)


def test_overlap_add_inverts_the_transform_of_any_wave(generator):
    wave = torch.randn(1, 160 * 40)
    padded = torch.nn.functional.pad(wave, (240, 240))
    frames = padded.unfold(1, 640, 160) * generator.window  # [1, N, 640], frame k centred on its hop
    spectrum = torch.fft.rfft(frames, dim=2).transpose(1, 2)
    assert torch.allclose(generator.overlap_add(spectrum)[:, 640:-640], wave[:, 640:-640], atol=1e-4)
