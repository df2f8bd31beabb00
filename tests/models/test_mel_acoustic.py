"""The light acoustic model's promises: lengths, padding, pieces, the memory of a person, a pitch that is followed."""

from dataclasses import asdict, replace

import pytest
import torch

from voxcommons.models import configs
from voxcommons.models.build import build_module, tensor_shapes
from voxcommons.models.harmonic_source import track_pitch
from voxcommons.models.istft_generator import PITCH_CENTRE_HZ
from voxcommons.models.mel_acoustic import Heard, MelAcoustic, memory_mel
from voxcommons.models.mel_frames import CHANNELS, HOP, MelFrames, stacked
from voxcommons.models.mel_predictor import within_phoneme

TINY = configs.mel_acoustic_tiny()
FACTS = TINY.style + 3 + configs.correction_size(TINY.width)  # numbers of a voice before its memory


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def model() -> MelAcoustic:
    """Every parameter random, also those that start at zero."""
    torch.manual_seed(0)
    made = build_module("semantic_to_wave", TINY).eval()
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if ".style." in name:
                parameter.normal_(0, 0.1)
        made.predictor.pout.bias[1] = 3.0  # voiced
    return made


def recording(seconds: float = 2.0, hz: float = 130.0, seed: int = 0) -> torch.Tensor:
    time = torch.arange(int(seconds * 16000)) / 16000
    wave = sum(torch.sin(2 * torch.pi * hz * k * time) / k for k in range(1, 12)) * (0.5 + 0.4 * torch.sin(6 * time))
    return (0.05 * wave + 0.001 * torch.randn(len(time), generator=seeded(seed)))[None]


def tokens(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(1024, (1, count), generator=seeded(seed))


def phonemes(count: int) -> torch.Tensor:
    return torch.randint(732, (1, count), generator=seeded(9))


def heard(model: MelAcoustic, seconds: float = 2.0, hz: float = 130.0, seed: int = 0) -> Heard:
    return model.hear(recording(seconds, hz, seed), tokens(int(25 * seconds), seed)[0])


@pytest.fixture(scope="module")
def voice(model: MelAcoustic) -> torch.Tensor:
    with torch.no_grad():
        return model.describe([heard(model)])[None, :, None]


def test_the_size_of_a_voice_is_told_before_the_model_is_made(model):
    assert model.gin == TINY.gin == configs.mel_acoustic_tiny().gin
    assert tensor_shapes("semantic_to_wave", TINY) == {name: tuple(value.shape) for name, value in model.state_dict().items()}


@torch.no_grad()
def test_every_token_becomes_its_share_of_samples(model, voice):
    wave = model.decode(tokens(7), phonemes(5), voice)
    assert wave.shape == (1, 1, 7 * 640)
    assert bool(wave.isfinite().all())


@torch.no_grad()
def test_a_seed_decides_the_breath_and_its_scale_how_much_there_is(model, voice):
    said = [model.decode(tokens(7), phonemes(5), voice, generator=seeded(seed)) for seed in (3, 3, 4)]
    assert torch.equal(said[0], said[1])
    assert not torch.allclose(said[0], said[2])
    voiced, half, usual, double = (
        model.decode(tokens(7), phonemes(5), voice, noise_scale=scale, generator=seeded(3)) for scale in (0.0, 0.25, 0.5, 1.0)
    )
    assert torch.allclose(double - voiced, 2 * (usual - voiced), atol=1e-4)
    assert torch.allclose(half - voiced, 0.5 * (usual - voiced), atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("speed", [1.0, 1.4])
def test_padding_changes_nothing(model, voice, speed):
    """A short item sounds the same alone and beside a longer one."""
    codes, places = tokens(12).repeat(2, 1), (torch.arange(12) // 3)[None].repeat(2, 1)
    both = model.prior(codes, phonemes(9).repeat(2, 1), voice, torch.tensor([8, 12]), None, speed, places=places)
    alone = model.prior(codes[:1, :8], phonemes(9), voice, speed=speed, places=places[:1, :8])
    frames = alone.m.shape[2]
    assert torch.allclose(both.m[:1, :, :frames], alone.m, atol=1e-5)
    assert not both.m[:1, :, frames:].any()
    wave = model.decode(codes, phonemes(9).repeat(2, 1), voice, torch.tensor([8, 12]), speed=speed, places=places, noise_scale=0.0)
    lone = model.render(alone.m, voice)
    assert (wave[:1, :, : frames * HOP] - lone).abs().max() < 1e-3 * lone.abs().max()
    assert not wave[:1, :, frames * HOP :].any()


@torch.no_grad()
def test_pieces_with_their_context_equal_the_whole(model, voice):
    z = model.latent(tokens(60), phonemes(9), voice, generator=seeded())
    pitch = model.pitch(z, voice)
    reach, start, end = model.receptive_frames, 50, 62
    whole, context = model.render(z, voice, pitch_hz=pitch), slice(start - reach, end + reach)
    phase = model.cycles(pitch, start) - model.cycles(pitch[:, context], reach)
    piece = model.render(z[:, :, context], voice, pitch_hz=pitch[:, context], phase=phase)
    assert torch.allclose(piece[:, :, reach * HOP : -reach * HOP], whole[:, :, start * HOP : end * HOP], atol=1e-4)


@torch.no_grad()
def test_what_a_code_says_depends_on_its_place_in_the_text_the_person_and_the_memory(model, voice):
    codes, places = tokens(10), (torch.arange(10) // 3)[None]
    usual = model.prior(codes, phonemes(5), voice, places=places).m
    assert not torch.allclose(usual, model.prior(codes, phonemes(5), voice).m)
    assert not torch.allclose(usual, model.prior(codes, phonemes(5) + 1, voice, places=places).m)
    other = voice.clone()
    other[:, : TINY.style] += 0.5
    assert not torch.allclose(usual, model.prior(codes, phonemes(5), other, places=places).m)
    other = voice.clone()
    other[:, FACTS:] = other[:, FACTS:].flip(1)
    assert not torch.allclose(usual, model.prior(codes, phonemes(5), other, places=places).m)


@torch.no_grad()
def test_a_voice_remembers_as_much_of_each_recording_as_there_is_room_for(model):
    long, short = heard(model, 2.0, seed=1), heard(model, 0.2, seed=2)
    memory = model.describe([long, short])[FACTS:].unflatten(0, (TINY.remembered_codes, -1))
    codes = memory[:, 0].long()
    assert torch.equal(codes[:5], short.codes)
    assert torch.equal(codes[5:], long.codes[: TINY.remembered_codes - 5])
    assert torch.allclose(memory[5:, 1:], memory_mel(long.mel).T[: TINY.remembered_codes - 5])


@torch.no_grad()
def test_a_short_recording_leaves_the_rest_of_the_memory_empty_and_it_is_not_looked_at(model):
    voice = model.describe([heard(model, 0.4)])
    empty = voice[FACTS:].unflatten(0, (TINY.remembered_codes, -1))[10:]
    assert (empty[:, 0] == -1).all()
    filled = voice.clone()
    filled[FACTS:].unflatten(0, (TINY.remembered_codes, -1))[10:, 1:] = 7.0
    said = [model.prior(tokens(6), phonemes(5), v[None, :, None]).m for v in (voice, filled)]
    assert torch.equal(*said)


@torch.no_grad()
def test_the_order_of_recordings_of_one_length_matters_to_the_memory_only(model):
    one, two = heard(model, 1.0, seed=1), heard(model, 1.0, hz=180.0, seed=2)
    forth, back = model.describe([one, two]), model.describe([two, one])
    told = TINY.style + 1  # behind it, what is corrected depends on what the memory gave
    assert torch.allclose(forth[:told], back[:told], atol=1e-5)


@torch.no_grad()
def test_a_mixed_voice_is_the_mean_with_a_little_of_each_memory(model):
    voices = torch.stack([model.describe([heard(model, 1.0, hz=hz, seed=seed)]) for seed, hz in enumerate((110.0, 150.0, 200.0))])
    mixed = model.mixed(voices)
    told = TINY.style + 3
    assert torch.allclose(mixed[:told], voices[:, :told].mean(0))
    memory = mixed[FACTS:].unflatten(0, (TINY.remembered_codes, -1))
    each = voices[:, FACTS:].unflatten(1, (TINY.remembered_codes, -1))
    assert torch.equal(memory, torch.cat([each[0, :7], each[1, :7], each[2, :6]]))
    assert torch.equal(model.mixed(voices[:1]), voices[0])


@torch.no_grad()
def test_a_voice_without_a_memory_still_speaks(model, voice):
    empty = voice.clone()
    empty[:, FACTS:] = -1
    assert bool(model.decode(tokens(7), phonemes(5), empty).isfinite().all())


def test_a_recording_has_at_least_one_token(model):
    with pytest.raises(ValueError, match="at least 40 ms"):
        heard(model, 0.03)


@torch.no_grad()
def test_the_person_s_middle_moves_the_pitch_and_the_asked_pitch_is_spoken(model, voice):
    higher = voice.clone()
    higher[:, TINY.style] += 0.5
    z, raised = (model.prior(tokens(20), phonemes(5), v).m for v in (voice, higher))
    ratio = model.pitch(raised, higher) / model.pitch(z, voice)
    assert torch.allclose(ratio, torch.tensor(2**0.5), rtol=1e-3)
    asked = torch.full((1, 40), 200.0)
    assert not torch.allclose(model.mel(z, voice, asked), model.mel(z, voice, 0.8 * asked))


@torch.no_grad()
def test_the_pitch_of_a_voice_moves_around_its_middle_as_it_was_found_to(model, voice):
    other = voice.clone()
    found = voice[0, TINY.style + 1 :, 0]
    other[:, TINY.style + 1] += 0.25
    other[:, TINY.style + 2] += 0.5
    middle = voice[0, TINY.style, 0]
    usual, moved = (torch.log2(model.pitch(model.prior(tokens(20), phonemes(5), v).m, v) / PITCH_CENTRE_HZ) for v in (voice, other))
    assert torch.allclose(moved - middle, 2**0.5 * (usual - middle - 0.25 * 2 ** found[1]), atol=1e-4)


@torch.no_grad()
def test_a_lively_recording_makes_a_livelier_voice_than_a_monotone_one(model):
    time = torch.arange(64000) / 16000
    lively = torch.sin(2 * torch.pi * 130 * torch.cumsum(torch.exp2(0.5 * torch.sin(3 * time)), 0) / 16000)
    voices = [model.describe([model.hear(0.1 * wave[None], tokens(100)[0])]) for wave in (torch.sin(2 * torch.pi * 130 * time), lively)]
    assert 0 == float(voices[0][TINY.style + 2]) < float(voices[1][TINY.style + 2])


@torch.no_grad()
def test_hearing_and_statistics_know_the_pitch_of_a_recording(model):
    at = [model.describe([heard(model, hz=hz)])[TINY.style] for hz in (100.0, 200.0)]
    assert float(at[1] - at[0]) == pytest.approx(1.0, abs=0.05)


@torch.no_grad()
def test_mel_frames_stand_in_the_order_of_time():
    wave = torch.zeros(1, 10 * HOP)
    wave[:, 5 * HOP + HOP // 2 :] = recording(1.0)[:, : 5 * HOP - HOP // 2]  # silent, then speech from the middle of frame 5
    frames = MelFrames()(wave)[0].unflatten(0, (2, -1))  # [2, BANDS, F]
    assert frames.shape[1:] == (CHANNELS // 2, 10)
    level = frames.mean(1)
    assert level[:, 3].max() < level[:, 6].min()
    assert level[0, 5] < level[1, 5]
    flat = torch.arange(2.0 * 80 * 6).reshape(1, 80, 12)
    assert torch.equal(stacked(flat)[0, :80, 2], flat[0, :, 4])
    assert torch.equal(stacked(flat)[0, 80:, 2], flat[0, :, 5])


def test_places_tell_how_far_a_code_is_from_the_ends_of_its_phoneme():
    told = within_phoneme(torch.tensor([[2, 2, 2, 4, -1, 5]]))[0]
    assert (told[0] * 4).tolist() == [0, 1, 2, 0, 0, 0]
    assert (told[1] * 4).tolist() == [2, 1, 0, 0, 0, 0]
    assert told[2].tolist() == pytest.approx([0.5493, 0.5493, 0.5493, 0, 0, 0], abs=1e-4)


def test_gradients_reach_everything_but_the_timbre_encoder_and_the_generator():
    torch.manual_seed(0)
    model = MelAcoustic(**{name: value for name, value in asdict(replace(TINY, dropout=0.0)).items() if name != "kind"})
    memory, mask = model._memory(torch.randn(1, model.gin, 1)), torch.ones(1, 12, dtype=torch.bool)
    style = model.predictor.style(torch.randn(1, 162), torch.rand(1, TINY.vector))
    places = (torch.arange(12) // 3)[None]
    features, pitch = model.predictor.features(tokens(12), mask, phonemes(5), places, style, memory)
    mel = model.predictor.mel(features, pitch.detach(), style)
    (mel.square().mean() + pitch.square().mean()).backward()
    assert [name for name, parameter in model.predictor.named_parameters() if parameter.grad is None] == []


@torch.no_grad()
def test_the_pitch_of_a_recording_survives_hearing():
    torch.manual_seed(1)
    found = track_pitch(recording(1.0, 150.0), 50, HOP, 16000)
    assert found[0, 5:45].median() == pytest.approx(150.0, rel=0.03)
