"""The light generator makes a whole number of hops, and pieces with context equal the whole."""

import pytest
import torch

from voxcommons.models.harmonic_source import cycles_of, track_pitch
from voxcommons.models.istft_generator import IstftGenerator


@pytest.fixture
def generator():
    torch.manual_seed(0)
    made = IstftGenerator(in_channels=6, gin_channels=5, channels=12, blocks=2, n_fft=640, hop=320).eval()
    for block in made.blocks:  # a fresh style does nothing; a test must notice when it is not applied
        torch.nn.init.normal_(block.style.weight, std=0.1)
    torch.nn.init.constant_(made.pitch_out.bias, 0.3)  # voiced, so that the pulse train is heard
    return made


@pytest.mark.parametrize("frames", [1, 7, 50])
def test_every_latent_frame_becomes_one_hop(generator, frames):
    assert generator(torch.randn(2, 6, frames), torch.randn(2, 5, 1)).shape == (2, 1, frames * 320)


def test_pieces_with_their_context_equal_the_whole(generator):
    z, g = torch.randn(1, 6, 60), torch.randn(1, 5, 1)
    whole, sight = generator(z, g), generator.receptive_frames
    pitch = generator.pitch(z, g)
    assert (pitch > 0).float().mean() > 0.5
    low = 20 - sight
    phase = cycles_of(pitch[:, :low], 320, 16000)
    piece = generator(z[:, :, low : 40 + sight], g, phase=phase + _edge(generator, z, g, low))
    assert torch.allclose(piece[:, :, sight * 320 : (sight + 20) * 320], whole[:, :, 20 * 320 : 40 * 320], atol=1e-4)


def _edge(generator, z, g, low):
    """Cycles by which the piece counts its first frames otherwise, because it hears the pitch of fewer neighbours."""
    sight = generator.receptive_frames
    own = generator.pitch(z[:, :, low : 40 + sight], g)[:, :sight]
    return cycles_of(generator.pitch(z, g)[:, low : low + sight], 320, 16000) - cycles_of(own, 320, 16000)


def test_the_stated_sight_is_not_larger_than_needed_by_more_than_five_frames(generator):
    """Pitch is given here: a change of pitch moves the phase of everything behind it."""
    z, g, pitch = torch.zeros(1, 6, 60), torch.zeros(1, 5, 1), torch.full((1, 60), 150.0)
    other = z.clone()
    other[:, :, 30] = 5.0
    changed = (generator(z, g, pitch) - generator(other, g, pitch)).abs()[0, 0] > 1e-6
    reach = max(30 - int(changed.nonzero()[0]) // 320, int(changed.nonzero()[-1]) // 320 - 30)
    assert reach <= generator.receptive_frames <= reach + 5


def test_the_asked_pitch_is_spoken(generator):
    z, g = torch.randn(1, 6, 50), torch.randn(1, 5, 1)
    torch.nn.init.constant_(generator.gain.bias, 0.0)
    for hz in (100.0, 220.0):
        wave = generator(z, g, torch.full((1, 50), hz))[:, 0]
        heard = track_pitch(wave, 50, 320, 16000)[0]
        octaves = torch.log2(heard[heard > 0] / hz)
        assert (octaves - octaves.round()).abs().median() < 0.05


def test_the_style_is_heard(generator):
    z = torch.randn(1, 6, 20)
    assert not torch.allclose(generator(z, torch.zeros(1, 5, 1)), generator(z, torch.ones(1, 5, 1)), atol=1e-3)


def test_overlap_add_inverts_the_transform_of_any_wave(generator):
    wave = torch.randn(1, 160 * 40)
    padded = torch.nn.functional.pad(wave, (240, 240))
    frames = padded.unfold(1, 640, 160) * generator.window  # [1, N, 640], frame k centred on its hop
    spectrum = torch.fft.rfft(frames, dim=2).transpose(1, 2)
    assert torch.allclose(generator.overlap_add(spectrum)[:, 640:-640], wave[:, 640:-640], atol=1e-4)
