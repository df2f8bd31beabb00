"""The acoustic model's promises: lengths, padding, seeds, pieces, references, gradients, saved weights."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from golden import weights_rule
from voxcommons.models import configs, losses
from voxcommons.models.attentions import Attention, band_to_square, square_to_band
from voxcommons.models.discriminators import Discriminators
from voxcommons.models.hifigan import HifiganGenerator
from voxcommons.models.quantizer import EuclideanCodebook
from voxcommons.models.semantic_to_wave import Reference, SemanticToWave, slice_starts, take_slices
from voxcommons.models.text_code_encoder import stretch
from voxcommons.models.weight_norm import NormConv1d, NormConvTranspose1d, fold_weight_norm

TINY = configs.semantic_to_wave_tiny()
# The public kinds of parts at a few channels: upsampling generator, codes from features, speaker vector, own text style.
PRO = replace(
    TINY,
    upsample_rates=(5, 4, 2),
    upsample_kernels=(11, 8, 4),
    ssl_proj=True,
    trainable_codebook=False,
    speaker_dim=6,
    gin=20,
    ref_bins=400,
)

FIXED_STD = 0.00939855  # of the sound in test_a_fixed_start_gives_a_fixed_number


def build(config: configs.SemanticToWaveConfig = TINY, seed: int = 0) -> SemanticToWave:
    """A model whose every parameter is random, also those that start at zero."""
    torch.manual_seed(seed)
    model = SemanticToWave(**asdict(config)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith((".post.weight", ".post.bias")) or ".style." in name:
                parameter.normal_(0, 0.1)
    return model


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tokens(count: int) -> torch.Tensor:
    return torch.randint(1024, (1, count), generator=seeded())


def phonemes(count: int) -> torch.Tensor:
    return torch.randint(732, (1, count), generator=seeded())


def spectrum(frames: int, seed: int = 0, items: int = 1) -> torch.Tensor:
    return torch.rand(items, TINY.spec_bins, frames, generator=seeded(seed))


@pytest.fixture(scope="module")
def model() -> SemanticToWave:
    return build()


@pytest.fixture(scope="module")
def ge(model: SemanticToWave) -> torch.Tensor:
    with torch.no_grad():
        return model.style(spectrum(30))


@torch.no_grad()
def test_every_token_becomes_its_share_of_samples(model, ge):
    wave = model.decode(tokens(7), phonemes(5), ge)
    assert wave.shape == (1, 1, 7 * model.frames_per_code * model.hop)
    assert bool(wave.isfinite().all())


@torch.no_grad()
def test_a_seed_decides_the_sound(model, ge):
    said = [model.decode(tokens(7), phonemes(5), ge, generator=seeded(seed)) for seed in (3, 3, 4)]
    assert torch.equal(said[0], said[1])
    assert not torch.allclose(said[0], said[2])


@torch.no_grad()
def test_the_noise_may_be_given_and_scales_to_nothing(model, ge):
    noise = torch.randn(1, TINY.latent, 14, generator=seeded(3))
    drawn = model.latent(tokens(7), phonemes(5), ge, generator=seeded(3))
    assert torch.equal(drawn, model.latent(tokens(7), phonemes(5), ge, noise=noise))
    mean = model.latent(tokens(7), phonemes(5), ge, noise_scale=0.0)
    assert torch.allclose(mean, model.latent(tokens(7), phonemes(5), ge, noise=0 * noise))


@torch.no_grad()
@pytest.mark.parametrize(("speed", "frames", "public_frames"), [(1.0, 24, 24), (2.0, 12, 13), (1.3, 18, 19), (0.8, 30, 31)])
def test_speed_changes_the_length(model, ge, speed, frames, public_frames):
    assert model.prior(tokens(12), phonemes(5), ge, speed=speed).m.shape[2] == frames
    assert model.prior(tokens(12), phonemes(5), ge, speed=speed, compat=True).m.shape[2] == public_frames


def test_stretching_keeps_a_straight_line_straight_whatever_the_padding():
    line = torch.arange(10.0)[None, None]
    alone, _ = stretch(line, torch.ones(1, 1, 10), 0.5)
    padded = torch.cat((line, torch.full((1, 1, 6), 99.0)), dim=2)
    mask = torch.tensor([[[1.0] * 10 + [0.0] * 6]])
    beside, new_mask = stretch(padded, mask, 0.5)
    assert torch.equal(alone, beside[:, :, :20]) and new_mask.sum() == 20
    assert torch.allclose(alone[0, 0, 1:-1].diff(), torch.tensor(0.5))


@torch.no_grad()
@pytest.mark.parametrize("speed", [1.0, 1.4])
def test_padding_changes_nothing(model, speed):
    """A short item sounds the same alone and beside a longer one."""
    styles = model.style(spectrum(40, items=2), torch.tensor([25, 40]))
    assert torch.allclose(styles[:1], model.style(spectrum(40, items=2)[:1, :, :25]), atol=1e-6)
    codes, phones = tokens(12).repeat(2, 1), phonemes(9).repeat(2, 1)
    both = model.prior(codes, phones, styles, torch.tensor([8, 12]), torch.tensor([5, 9]), speed)
    alone = model.prior(codes[:1, :8], phones[:1, :5], styles[:1], speed=speed)
    frames = alone.m.shape[2]
    assert torch.allclose(both.m[:1, :, :frames], alone.m, atol=1e-5)
    assert not both.m[:1, :, frames:].any()
    z_both = model.latent_of_prior(both, styles, noise_scale=0.0)
    z_alone = model.latent_of_prior(alone, styles[:1], noise_scale=0.0)
    assert torch.allclose(z_both[:1, :, :frames], z_alone, atol=1e-5)
    samples = frames * model.hop
    wave = model.decode(codes, phones, styles, torch.tensor([8, 12]), torch.tensor([5, 9]), speed=speed, noise_scale=0.0)
    lone = model.render(z_alone, styles[:1])
    # A rounding error of the pitch grows with the phase, so the sound agrees less closely than the latents.
    assert (wave[:1, :, :samples] - lone).abs().max() < 1e-3 * lone.abs().max()
    assert not wave[:1, :, samples:].any()


@torch.no_grad()
def test_padding_changes_no_posterior(model, ge):
    noise = torch.randn(1, TINY.latent, 40, generator=seeded())
    mask = (torch.arange(40) < 25).float()[None, None]
    spec = spectrum(40)
    padded = model.enc_q(spec, mask, ge, noise)
    alone = model.enc_q(spec[:, :, :25], None, ge, noise[:, :, :25])
    for whole, part in zip(padded, alone, strict=True):
        assert torch.allclose(whole[:, :, :25], part, atol=1e-5)


@torch.no_grad()
def test_compat_lets_padding_into_the_style(model):
    spec, lengths = spectrum(40), torch.tensor([25])
    ours, public = model.style(spec, lengths), model.style(spec, lengths, compat=True)
    assert not torch.allclose(ours, public)
    assert torch.equal(model.style(spec), model.style(spec, compat=True))


@torch.no_grad()
def test_the_flow_undoes_itself(model, ge):
    z = torch.randn(1, TINY.latent, 20, generator=seeded())
    there = model.flow(z, None, ge)
    assert not torch.allclose(there, z)
    assert torch.allclose(model.flow(there, None, ge, reverse=True), z, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("config", [TINY, PRO], ids=["tiny", "pro"])
def test_a_piece_with_its_context_equals_the_whole(config):
    """The flow and the generator see no farther than they say."""
    model = build(config)
    ge = torch.randn(1, config.gin, 1, generator=seeded())
    prior = model.prior(tokens(60), phonemes(9), ge)
    noise = torch.randn(prior.m.shape, generator=seeded(1))
    z = model.latent_of_prior(prior, ge, noise=noise)
    start, end, reach = 50, 62, model.flow.receptive_frames
    context = slice(start - reach, end + reach)
    piece = replace(prior, m=prior.m[:, :, context], logs=prior.logs[:, :, context], mask=prior.mask[:, :, context])
    part = model.latent_of_prior(piece, ge, noise=noise[:, :, context])[:, :, reach:-reach]
    assert torch.allclose(part, z[:, :, start:end], atol=1e-5)
    reach = model.dec.receptive_frames
    whole, part = model.render(z, ge), model.render(z[:, :, start - reach : end + reach], ge)
    assert torch.allclose(part[:, :, reach * model.hop : -reach * model.hop], whole[:, :, start * model.hop : end * model.hop], atol=1e-5)


@torch.no_grad()
def test_the_generator_says_how_far_it_sees():
    """Moving one frame moves nothing beyond the stated distance, and something close to it."""
    torch.manual_seed(0)
    generator = HifiganGenerator(latent=4, gin=0, channels=32)
    z = torch.randn(1, 4, 41)
    moved = z.clone()
    moved[:, :, 20] += 100.0
    frames = (generator(moved) != generator(z)).unflatten(2, (41, 640)).flatten(0, 1).any(dim=(0, 2)).nonzero()
    seen = max(20 - int(frames.min()), int(frames.max()) - 20)
    assert generator.receptive_frames - 2 <= seen <= generator.receptive_frames == 12


@torch.no_grad()
def test_streaming_the_whole_equals_speaking(model, ge):
    piece = model.decode_streaming(tokens(12), phonemes(5), ge, noise_scale=0.0)
    assert torch.allclose(piece.wave, model.decode(tokens(12), phonemes(5), ge, noise_scale=0.0), atol=1e-6)
    later = model.decode_streaming(tokens(12), phonemes(5), ge, new_codes=4, overlap=piece.hidden[:, :, -4:], noise_scale=0.0)
    assert later.wave.shape[2] == 4 * model.frames_per_code * model.hop


@torch.no_grad()
def test_the_order_of_references_does_not_matter():
    model = build(PRO)
    clips = [Reference(spectrum(20 + i, seed=i), torch.randn(1, 6, generator=seeded(i))) for i in range(3)]
    forth, back = model.style_of_references(clips), model.style_of_references(clips[::-1])
    assert torch.allclose(forth, back, atol=1e-6)
    assert not torch.allclose(forth, model.style_of_references(clips[:2]))
    said = [model.decode(tokens(4), phonemes(4), style, noise_scale=0.0) for style in (forth, clips)]
    assert torch.equal(said[0], said[1])


def test_a_speaker_vector_is_asked_for_exactly_where_it_is_used(model):
    with pytest.raises(ValueError, match="expected no speaker vector, found one"):
        model.style(spectrum(20), sv=torch.zeros(1, 6))
    with pytest.raises(ValueError, match="expected a speaker vector of 6 values, found none"):
        build(PRO).style(spectrum(20))


def test_saved_weights_speak_the_same(tmp_path, model, ge):
    path = tmp_path / "weights.safetensors"
    save_file(model.state_dict(), path)
    other = build(seed=9)
    with torch.no_grad():
        wave = model.decode(tokens(5), phonemes(5), ge, noise_scale=0.0)
        assert not torch.allclose(other.decode(tokens(5), phonemes(5), ge, noise_scale=0.0), wave)
        other.load_state_dict(load_file(path))
        assert torch.equal(other.decode(tokens(5), phonemes(5), ge, noise_scale=0.0), wave)


def test_the_posterior_may_be_left_out_for_speaking(model, ge):
    lean = SemanticToWave(**asdict(replace(TINY, posterior=False))).eval()
    lean.load_state_dict({key: value for key, value in model.state_dict().items() if not key.startswith("enc_q.")})
    with torch.no_grad():
        assert torch.equal(*(one.decode(tokens(5), phonemes(5), ge, noise_scale=0.0) for one in (lean, model)))


def test_folded_weights_speak_the_same_and_train_no_more():
    model = build(PRO)
    ge = torch.randn(1, PRO.gin, 1, generator=seeded())
    with torch.no_grad():
        before = model.decode(tokens(5), phonemes(5), ge, noise_scale=0.0)
        fold_weight_norm(fold_weight_norm(model))
        assert torch.allclose(model.decode(tokens(5), phonemes(5), ge, noise_scale=0.0), before, atol=1e-6)
    assert not [key for key in model.state_dict() if key.endswith(("weight_g", "weight_v"))]
    assert not model.dec.ups[0].weight.requires_grad


@pytest.mark.parametrize("layer", [NormConv1d(3, 4, 5), NormConvTranspose1d(3, 4, 4, stride=2, padding=1)])
def test_lengths_belong_to_the_first_axis_of_a_weight(layer):
    with torch.no_grad():
        layer.weight_g.fill_(2.0)
    assert torch.allclose(layer.effective_weight().flatten(1).norm(dim=1), torch.tensor(2.0))


@torch.no_grad()
def test_a_fixed_start_gives_a_fixed_number():
    """Guards the architecture: a change of it moves this number."""
    model = weights_rule.fill(SemanticToWave(**asdict(PRO)))
    ge = model.style(torch.linspace(0, 1, 513 * 10).reshape(1, 513, 10), sv=torch.linspace(-1, 1, 6)[None])
    wave = model.decode(torch.arange(6)[None], torch.arange(5)[None], ge, noise_scale=0.0)
    assert float(wave.std()) == pytest.approx(FIXED_STD, rel=1e-3)


# --- parts ------------------------------------------------------------------------------------------------------------


@torch.no_grad()
def test_relative_positions_equal_their_definition():
    torch.manual_seed(0)
    attention = Attention(6, heads=2, window=2)
    x = torch.randn(1, 6, 7)
    q, k, v = (conv(x)[0].unflatten(0, (2, 3)).transpose(1, 2) for conv in (attention.conv_q, attention.conv_k, attention.conv_v))
    wanted = torch.zeros(2, 7, 3)
    for head in range(2):
        for i in range(7):
            near = {j: j - i + 2 for j in range(7) if abs(j - i) <= 2}
            scores = torch.stack([q[head, i] @ (k[head, j] + (attention.emb_rel_k[0, near[j]] if j in near else 0)) for j in range(7)])
            weights = torch.softmax(scores / 3**0.5, dim=0)
            for j in range(7):
                wanted[head, i] += weights[j] * (v[head, j] + (attention.emb_rel_v[0, near[j]] if j in near else 0))
    wanted = attention.conv_o(wanted.transpose(1, 2).flatten(0, 1)[None])
    assert torch.allclose(attention(x, x), wanted, atol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_a_band_survives_the_way_to_the_square_and_back(size):
    band = torch.randn(2, size, 9, generator=seeded())
    inside = (torch.arange(size)[:, None] + torch.arange(9) - 4).clamp(-1, size) % (size + 1) != size
    outside = torch.tensor([[not 0 <= t + r - 4 < size for r in range(9)] for t in range(size)])
    assert torch.equal(inside, ~outside)
    square = band_to_square(band)
    assert square.shape == (2, size, size)
    assert torch.equal(square_to_band(square, 4), band.masked_fill(outside, 0.0))


def test_a_codebook_finds_its_own_entries_and_the_first_of_equals():
    book = EuclideanCodebook(16, 4)
    assert torch.equal(book.encode(book.embed), torch.arange(16))
    book.embed[3] = book.embed[9] = 7.0
    assert book.encode(torch.full((1, 4), 7.1)).tolist() == [3]


def test_a_codebook_moves_to_its_features_and_replaces_unused_entries():
    book = EuclideanCodebook(4, 2)
    book.embed.copy_(torch.tensor([[0.0, 0.0], [10.0, 10.0], [500.0, 0.0], [0.0, 500.0]]))
    book.embed_avg.copy_(book.embed)
    points = torch.tensor([[1.0, 1.0], [9.0, 9.0]]).repeat(50, 1)
    for _ in range(60):
        book.update(points, book.encode(points), decay=0.8, generator=seeded())
    near = torch.cdist(points[:2], book.embed).min(dim=1).values
    assert float(near.max()) < 0.05
    assert float(book.embed.abs().max()) < 20


# --- training ---------------------------------------------------------------------------------------------------------


def batch(**options) -> dict:
    return {
        "spec": spectrum(40, items=2),
        "spec_lengths": torch.tensor([40, 34]),
        "phones": torch.randint(732, (2, 9), generator=seeded()),
        "phone_lengths": torch.tensor([9, 6]),
        "codes": torch.randint(1024, (2, 20), generator=seeded()),
        "segment_frames": 8,
        "generator": seeded(),
    } | options


def test_a_training_pass_returns_every_tensor_in_its_shape():
    model = build()
    out = model(**batch())
    assert out.wave.shape == (2, 1, 8 * model.hop)
    for tensor in (out.z, out.z_p, out.m_p, out.logs_p, out.m_q, out.logs_q):
        assert tensor.shape == (2, TINY.latent, 40)
        assert not tensor[1, :, 34:].any()
    assert bool((out.slice_start + 8 <= torch.tensor([40, 34])).all())
    again = model(**batch())
    assert torch.equal(out.wave, again.wave)


def test_rendering_may_be_left_out_or_be_whole():
    model = build()
    assert model(**batch(segment_frames=None)).wave is None
    assert model(**batch(segment_frames=0)).wave.shape == (2, 1, 40 * model.hop)


@pytest.mark.parametrize("frames", [39, 41])
def test_an_odd_number_of_frames_takes_the_codes_it_has(frames):
    model = build()
    out = model(**batch(spec=spectrum(frames, items=2), spec_lengths=torch.tensor([frames, 34])))
    assert out.m_p.shape[2] == frames


def gradients(model: SemanticToWave, part: str) -> float:
    return sum(float(p.grad.abs().sum()) for n, p in model.named_parameters() if n.startswith(part) and p.grad is not None)


def divergence(out) -> torch.Tensor:
    return losses.prior_divergence(out.z_p, out.logs_q, out.m_p, out.logs_p, out.mask)


def test_a_detached_posterior_is_not_moved_by_the_prior():
    model = build()
    divergence(model(**batch(detach_posterior=False))).backward()
    assert gradients(model, "enc_q.") > 0
    model.zero_grad()
    out = model(**batch(detach_posterior=True))
    losses.prior_divergence(out.z_p, out.logs_q.detach(), out.m_p, out.logs_p, out.mask).backward()
    assert gradients(model, "enc_q.") == 0
    assert gradients(model, "enc_p.") > 0 and gradients(model, "flow.") > 0


def test_style_gradients_go_where_they_are_allowed():
    model = build()
    model(**batch(segment_frames=None)).z.sum().backward()
    assert gradients(model, "ref_enc.") == 0
    model(**batch(segment_frames=None, detach_posterior_style=False)).z.sum().backward()
    assert gradients(model, "ref_enc.") > 0
    model.zero_grad()
    model(**batch(detach_style=True)).wave.sum().backward()
    assert gradients(model, "ref_enc.") == 0 and gradients(model, "dec.") > 0


def test_the_style_may_come_from_another_utterance():
    model = build()
    other = spectrum(17, seed=5, items=2)
    out = model(**batch(style_spec=other, style_lengths=torch.tensor([17, 12])))
    assert torch.equal(out.ge, model.style(other, torch.tensor([17, 12])))
    assert torch.equal(model(**batch(ge=out.ge)).wave, out.wave)


def test_a_trainable_codebook_learns_and_a_frozen_one_does_not():
    model = build(replace(TINY, trainable_codebook=True))
    divergence(model(**batch())).backward()
    assert gradients(model, "quantizer.") > 0
    frozen = build(PRO)
    ssl, sv = torch.randn(2, PRO.ssl_dim, 40, generator=seeded()), torch.randn(2, 6, generator=seeded())
    divergence(frozen(**batch(codes=None, ssl=ssl, sv=sv))).backward()
    without = [name for name, parameter in frozen.named_parameters() if parameter.grad is None and not name.startswith("dec.")]
    assert without == ["ssl_proj.weight", "ssl_proj.bias"]


def test_codes_or_features_are_needed():
    with pytest.raises(ValueError, match="codes or ssl"):
        build()(**batch(codes=None))


def test_a_few_steps_lower_the_loss():
    torch.manual_seed(0)
    model = SemanticToWave(**asdict(TINY))
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    seen = []
    for _ in range(12):
        loss = divergence(model(**batch(segment_frames=None)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seen.append(loss.item())
    assert seen[-1] < 0.7 * seen[0]


def test_segments_lie_inside_their_items_and_short_items_start_at_zero():
    lengths = torch.tensor([8, 9, 30, 3])
    for rand in (0.0, 0.999999):
        start = slice_starts(lengths, 8, torch.full((4,), rand))
        assert bool((start >= 0).all()) and bool((start[:3] + 8 <= lengths[:3]).all()) and start[3] == 0
    x = torch.arange(10.0).repeat(2, 1, 1)
    assert take_slices(x, torch.tensor([2, 9]), 3).tolist() == [[[2.0, 3.0, 4.0]], [[9.0, 9.0, 9.0]]]


def test_critics_judge_both_at_once_as_they_do_apart():
    torch.manual_seed(0)
    critics = Discriminators(**asdict(configs.discriminators_starter()))
    real, fake = torch.randn(2, 1, 1000), torch.randn(2, 1, 1000)
    with torch.no_grad():
        together = critics.compare(real, fake)
        apart = critics(real), critics(fake)
    for a, b in zip((*together[0], *together[1]), (*apart[0], *apart[1]), strict=True):
        assert torch.allclose(a.score, b.score, atol=1e-6) and len(a.features) == len(b.features)


@torch.no_grad()
def test_the_losses_are_zero_at_their_aims():
    torch.manual_seed(0)
    critics = Discriminators(**asdict(configs.discriminators_starter()))
    wave = torch.randn(1, 1, 1000)
    verdicts = critics(wave)
    assert float(losses.feature_loss(verdicts, verdicts)) == 0
    assert float(losses.mel_loss(wave, wave)) == 0
    same = torch.zeros(1, 2, 5)
    z = torch.randn(1, 2, 2000, generator=seeded())
    flat = torch.zeros_like(z)
    assert abs(float(losses.prior_divergence(z, flat, flat, flat, torch.ones(1, 1, 2000)))) < 0.1
    assert float(losses.prior_divergence(same + 3, same, same, same, torch.ones(1, 1, 5))) == pytest.approx(2 * (4.5 - 0.5))
