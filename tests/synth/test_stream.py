"""Blocks: joined they are the sentence, whoever waited for what, and the joints cannot be heard."""

import numpy as np
import pytest
import torch

from tiny_base import make_tiny_base
from voxcommons.models.text_code_encoder import Prior
from voxcommons.synth.stream import Block, BlockSizes, FrameNoise, SentenceRenderer, blocks, derived_seed

HOP = 320
ONE_BLOCK = BlockSizes(first=10_000)


def codes_of(count: int) -> list[int]:
    return torch.randint(0, 1024, (count,), generator=torch.Generator().manual_seed(count)).tolist()


@pytest.fixture(scope="module", params=["mel", "vits"])
def model(request):
    return make_tiny_base(3, acoustic=request.param).semantic_to_wave


def renderer(model, **options) -> SentenceRenderer:
    phones = torch.arange(20)[None]
    style = torch.randn(1, getattr(model, "gin", 1), 1, generator=torch.Generator().manual_seed(0))
    return SentenceRenderer(model, phones, style, **options)


@pytest.mark.parametrize("count", [1, 16, 24, 25, 26, 72, 73, 300])
def test_blocks_lie_end_to_end_and_cover_every_token(count):
    found = [block for block, _ in blocks(range(count), BlockSizes())]
    assert [block.start for block in found] == [0, *(block.stop for block in found[:-1])]
    assert found[-1].stop == count
    assert [block.final for block in found] == [False] * (len(found) - 1) + [True]


def test_no_tokens_no_blocks():
    assert list(blocks([], BlockSizes())) == []


def test_a_block_is_handed_out_before_the_tokens_after_its_look_ahead_exist():
    taken = []

    def decoder():
        for code in range(100):
            taken.append(code)
            yield code

    block, known = next(blocks(decoder(), BlockSizes()))
    assert block == Block(0, 16, False)
    assert list(known) == list(range(24))
    assert len(taken) == 25


def test_what_comes_after_the_look_ahead_changes_nothing_before(model):
    one = codes_of(120)
    first = next(renderer(model).pieces(one))
    np.testing.assert_array_equal(next(renderer(model).pieces(one[:24] + codes_of(96))), first)
    assert not np.array_equal(next(renderer(model).pieces(one[:23] + codes_of(97))), first)


@pytest.mark.parametrize("speed", [0.7, 1.0, 1.37])
@pytest.mark.parametrize("count", [1, 12, 40, 200])
def test_every_sentence_has_the_length_its_tokens_say(model, count, speed):
    sentence = renderer(model, speed=speed)
    sound = np.concatenate(list(sentence.pieces(codes_of(count))))
    assert len(sound) == sentence.samples_of(count) == max(1, round(2 * count / speed)) * HOP
    assert np.isfinite(sound).all()


def test_one_block_is_what_the_model_says_of_the_whole(model):
    codes = codes_of(50)
    sentence = renderer(model, seed=5, sizes=ONE_BLOCK)
    noise = FrameNoise(5, model.latent_channels).frames(0, 100)
    with torch.inference_mode():
        whole = model.decode(torch.tensor([codes]), sentence.phones, sentence.style, noise_scale=0.5, noise=noise)
    np.testing.assert_allclose(np.concatenate(list(sentence.pieces(codes))), whole[0, 0].numpy(), atol=1e-5)


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_at_another_speed_one_block_has_the_frames_the_model_would_make(model, speed):
    codes = codes_of(60)
    sentence = renderer(model, speed=speed, noise_scale=0.0, sizes=ONE_BLOCK)
    with torch.inference_mode():
        whole = model.decode(torch.tensor([codes]), sentence.phones, sentence.style, noise_scale=0.0, speed=speed)
    np.testing.assert_allclose(np.concatenate(list(sentence.pieces(codes))), whole[0, 0].numpy(), atol=1e-5)


class LocalPrior:
    """The real model with a prior that sees one token only, so that blocks must agree with the whole exactly."""

    def __init__(self, model):
        self._model = model
        self._table = torch.randn(1024, 2 * model.latent_channels, generator=torch.Generator().manual_seed(1)) * 0.3

    def __getattr__(self, name):
        return getattr(self._model, name)

    def prior(self, codes, phones, ge, places=None):
        m, logs = self._table[codes].transpose(1, 2).repeat_interleave(2, 2).chunk(2, 1)
        return Prior(m, m, logs, torch.ones(1, 1, m.shape[2]))


@pytest.mark.parametrize("speed", [1.0, 0.83, 1.4])
def test_with_a_local_prior_and_the_model_s_reach_around_blocks_they_equal_the_whole(model, speed):
    reach = model.receptive_frames
    sizes = BlockSizes(look_ahead=reach, left_frames=reach, right_frames=reach + 1)
    local = LocalPrior(model)
    codes = codes_of(260)
    pieces = list(renderer(local, speed=speed, sizes=sizes).pieces(codes))
    whole = np.concatenate(list(renderer(local, speed=speed, sizes=ONE_BLOCK).pieces(codes)))
    assert len(pieces) > 2
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-3 * np.abs(whole).max())  # rounding grows with the phase


class LevelModel:
    """A model whose every block sounds at another level, so that each joint would be a click if it were cut hard."""

    hop, frames_per_code = HOP, 2

    def prior(self, codes, phones, ge, places=None):
        m = torch.full((1, 1, 2 * codes.shape[1]), float(codes[0, 0]) + codes.shape[1])
        return Prior(m, m, m, torch.ones_like(m))

    def latent_of_prior(self, prior, ge, noise_scale, noise):
        return prior.m

    def pitch(self, z, ge):
        return None

    def render(self, z, ge):
        return z.repeat_interleave(HOP, 2)


def test_where_two_blocks_disagree_the_joint_is_a_smooth_passage():
    pieces = list(renderer(LevelModel(), sizes=BlockSizes(context=30)).pieces(range(260)))
    levels = [float(np.median(piece)) for piece in pieces]
    assert len(set(levels)) == len(pieces) > 3
    steps = np.abs(np.diff(np.concatenate(pieces)))
    assert steps.max() <= 1.01 * (np.pi / 2) * np.abs(np.diff(levels)).max() / HOP
    assert steps.sum() == pytest.approx(np.abs(np.diff(levels)).sum(), rel=1e-4)


def test_noise_belongs_to_the_frame_and_not_to_the_cut():
    noise = FrameNoise(9, 4)
    whole = noise.frames(0, 300)
    for start, stop in [(0, 1), (63, 65), (64, 128), (130, 299)]:
        torch.testing.assert_close(noise.frames(start, stop), whole[..., start:stop], rtol=0, atol=0)
    assert abs(float(whole.std()) - 1) < 0.1
    assert not torch.equal(whole, FrameNoise(8, 4).frames(0, 300))


def test_derived_seeds_depend_on_every_part_of_the_path():
    assert len({derived_seed(0), derived_seed(0, 1), derived_seed(1, 0), derived_seed(0, "1", "x"), derived_seed(0, 11, "x")}) == 5
    assert 0 <= derived_seed(2**62, "a") < 2**63
