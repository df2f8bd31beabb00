"""The light generator makes a whole number of hops, and pieces with context equal the whole."""

import pytest
import torch

from voxcommons.models.istft_generator import IstftGenerator


@pytest.fixture
def generator():
    torch.manual_seed(0)
    made = IstftGenerator(in_channels=6, gin_channels=5, channels=12, blocks=2, n_fft=640, hop=320).eval()
    for block in made.blocks:  # a fresh style does nothing; a test must notice when it is not applied
        torch.nn.init.normal_(block.style.weight, std=0.1)
    return made


@pytest.mark.parametrize("frames", [1, 7, 50])
def test_every_latent_frame_becomes_one_hop(generator, frames):
    assert generator(torch.randn(2, 6, frames), torch.randn(2, 5, 1)).shape == (2, 1, frames * 320)


def test_pieces_with_their_context_equal_the_whole(generator):
    z, g = torch.randn(1, 6, 60), torch.randn(1, 5, 1)
    whole, sight = generator(z, g), generator.receptive_frames
    piece = generator(z[:, :, 20 - sight : 40 + sight], g)[:, :, sight * 320 : (sight + 20) * 320]
    assert torch.allclose(piece, whole[:, :, 20 * 320 : 40 * 320], atol=1e-5)


def test_the_stated_sight_is_not_larger_than_needed_by_more_than_two_frames(generator):
    z, g = torch.zeros(1, 6, 60), torch.zeros(1, 5, 1)
    other = z.clone()
    other[:, :, 30] = 5.0
    changed = (generator(z, g) - generator(other, g)).abs()[0, 0] > 1e-6
    reach = max(30 - int(changed.nonzero()[0]) // 320, int(changed.nonzero()[-1]) // 320 - 30)
    assert reach <= generator.receptive_frames <= reach + 2


def test_the_style_is_heard(generator):
    z = torch.randn(1, 6, 20)
    assert not torch.allclose(generator(z, torch.zeros(1, 5, 1)), generator(z, torch.ones(1, 5, 1)), atol=1e-3)


def test_overlap_add_inverts_the_transform_of_any_wave(generator):
    wave = torch.randn(1, 160 * 40)
    padded = torch.nn.functional.pad(wave, (240, 240))
    frames = padded.unfold(1, 640, 160) * generator.window  # [1, N, 640], frame k centred on its hop
    spectrum = torch.fft.rfft(frames, dim=2).transpose(1, 2)
    assert torch.allclose(generator.overlap_add(spectrum)[:, 640:-640], wave[:, 640:-640], atol=1e-4)
