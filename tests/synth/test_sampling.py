"""Choosing one token: what each rule keeps, and how often each token is drawn."""

from __future__ import annotations

import torch

from voxcommons.synth.sampling import SamplingOptions, SeededNoise, draw, penalise, probabilities, restrict


def options(**changes) -> SamplingOptions:
    return SamplingOptions(**({"top_k": 0, "repetition_penalty": 1.0} | changes))


def test_the_penalty_lowers_seen_tokens_of_either_sign():
    logits = torch.tensor([[2.0, -2.0, 2.0, -2.0]])
    seen = torch.tensor([[True, True, False, False]])
    assert penalise(logits, seen, 2.0).tolist() == [[1.0, -4.0, 2.0, -2.0]]
    assert logits.tolist() == [[2.0, -2.0, 2.0, -2.0]]


def test_top_k_keeps_the_likeliest():
    kept = restrict(torch.tensor([[1.0, 4.0, 3.0, 2.0]]), options(top_k=2)).isfinite()
    assert kept.tolist() == [[False, True, True, False]]


def test_top_k_zero_and_more_than_there_are_keep_all():
    logits = torch.randn(2, 5)
    for count in (0, 5, 100):
        assert torch.equal(restrict(logits, options(top_k=count)), logits)


def test_top_p_keeps_the_token_that_reaches_it_and_compat_drops_it():
    logits = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log()
    assert restrict(logits, options(top_p=0.7)).isfinite().tolist() == [[True, True, False, False]]
    assert restrict(logits, options(top_p=0.7, compat=True)).isfinite().tolist() == [[True, False, False, False]]


def test_top_p_always_keeps_the_likeliest_wherever_it_stands():
    logits = torch.tensor([[0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]).log()
    for compat in (False, True):
        kept = restrict(logits, options(top_p=0.01, compat=compat)).isfinite()
        assert kept.tolist() == [[False, True, False], [False, False, True]]


def test_temperature_sharpens_and_flattens():
    logits, seen = torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2, dtype=torch.bool)
    top = [probabilities(logits, seen, options(temperature=t))[0, 0].item() for t in (0.0, 0.5, 1.0, 2.0)]
    assert top[0] == 1.0
    assert top == sorted(top, reverse=True)
    assert top[1] == torch.sigmoid(torch.tensor(2.0)).item()


def test_probabilities_sum_to_one_and_excluded_tokens_have_none():
    logits, seen = torch.randn(3, 30), torch.rand(3, 30) < 0.5
    chances = probabilities(logits, seen, SamplingOptions(top_k=5, top_p=0.9, temperature=0.7))
    torch.testing.assert_close(chances.sum(dim=1), torch.ones(3))
    assert ((chances > 0).sum(dim=1) <= 5).all()


def test_tokens_are_drawn_as_often_as_they_should_be():
    chances = torch.tensor([0.6, 0.3, 0.1, 0.0])
    noise = SeededNoise(7)
    rows = torch.stack([noise(step, 4) for step in range(4000)])
    drawn = draw(chances.expand(4000, 4), rows)
    share = torch.bincount(drawn, minlength=4) / 4000
    torch.testing.assert_close(share, chances, rtol=0.0, atol=0.03)
    assert share[3] == 0


def test_noise_depends_on_the_seed_alone():
    first, again, other = SeededNoise(3), SeededNoise(3), SeededNoise(4)
    torch.manual_seed(0)
    a = first(0, 10)
    torch.manual_seed(99)
    assert torch.equal(a, again(0, 10))
    assert not torch.equal(a, other(0, 10))
    assert not torch.equal(a, first(1, 10))


def test_chance_is_off_for_one_token_and_for_no_temperature():
    assert SamplingOptions(top_k=1).greedy
    assert SamplingOptions(temperature=0.0).greedy
    assert not SamplingOptions().greedy
