"""The content encoder hears the same codes whatever stands beside a clip, and its quantiser is a fixed grid."""

import pytest
import torch

from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.models.fsq import FiniteScalarQuantizer


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return PhoneticContentEncoder(width=16, heads=2, blocks_before=2, blocks_after=1, phones=30).eval()


def noise(samples, seed=0):
    return 0.1 * torch.randn(1, samples, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("samples", "codes"), [(16000, 25), (640, 1), (15999, 24), (300, 1), (80000, 125)])
def test_there_are_25_codes_per_second(encoder, samples, codes):
    assert encoder.tokens(noise(samples)).shape == (1, codes)


def test_log_probabilities_sum_to_one_and_know_the_blank(encoder):
    log_probs = encoder.log_probs(noise(16000))
    assert log_probs.shape == (1, 25, 31)
    assert torch.allclose(log_probs.exp().sum(-1), torch.ones(1, 25), atol=1e-5)
    assert encoder.blank_id == 30


def test_padding_changes_neither_codes_nor_probabilities(encoder):
    short, long = noise(16000, 1), noise(40000, 2)
    batch = torch.zeros(2, 40000)
    batch[0, :16000], batch[1] = short[0], long[0]
    lengths = torch.tensor([16000, 40000])
    assert torch.equal(encoder.tokens(batch, lengths)[0, :25], encoder.tokens(short)[0])
    together, alone = encoder.log_probs(batch, lengths), encoder.log_probs(long)
    assert torch.allclose(together[1], alone[0], atol=1e-4)


def test_loudness_does_not_change_the_codes(encoder):
    wave = noise(32000, 3)
    same = (encoder.tokens(wave) == encoder.tokens(3 * wave)).float().mean()
    assert same > 0.95


def test_recognised_phones_hold_no_blank_and_no_neighbouring_repeats(encoder):
    phones = encoder.phones(noise(32000, 4)[0])
    assert all(0 <= phone < 30 for phone in phones)
    best = encoder.log_probs(noise(32000, 4))[0].argmax(-1).tolist()
    spoken = [p for i, p in enumerate(best) if p != 30 and (i == 0 or best[i - 1] != p)]
    assert phones == spoken


def test_a_saved_encoder_hears_the_same(encoder):
    other = PhoneticContentEncoder(width=16, heads=2, blocks_before=2, blocks_after=1, phones=30).eval()
    other.load_state_dict(encoder.state_dict())
    assert torch.equal(other.tokens(noise(16000)), encoder.tokens(noise(16000)))


def test_every_code_of_the_grid_stands_for_its_own_features():
    torch.manual_seed(0)
    quantizer = FiniteScalarQuantizer(8, (4, 3, 2))
    embedded = quantizer.embed(torch.arange(24))
    assert embedded.shape == (24, 8)
    assert torch.cdist(embedded, embedded).fill_diagonal_(1).min() > 1e-3


def test_quantised_features_are_those_of_their_code():
    torch.manual_seed(0)
    quantizer = FiniteScalarQuantizer(8, (4, 4, 4))
    features, codes = quantizer(torch.randn(2, 50, 8) * 3)
    assert torch.allclose(features, quantizer.embed(codes), atol=1e-5)
    assert 0 <= int(codes.min()) <= int(codes.max()) < 64
    assert len(codes.unique()) > 10


def test_the_gradient_passes_through_the_rounding():
    quantizer = FiniteScalarQuantizer(8, (4, 4))
    x = torch.randn(1, 5, 8, requires_grad=True)
    quantizer(x)[0].sum().backward()
    assert x.grad.abs().sum() > 0
