"""Guided attention measures how far heads look from the diagonal, and teaches them not to."""

import pytest
import torch

from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.train.attention_guide import AttentionGuide, _off_diagonal


@pytest.fixture
def model():
    torch.manual_seed(0)
    return TextToSemantic(layers=2, width=32, heads=2, phones=20, codes=16, dropout=0.0, bert_dim=None)


def strayed(model, phones, phone_counts, codes, code_counts):
    guide = AttentionGuide(model, [1], heads=2)
    with guide.listening():
        model(phones, phone_counts, codes, code_counts)
    return guide.loss(phone_counts, code_counts, phones.shape[1])


def batch(items, phones, codes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, 20, (items, phones), generator=generator)
    return ids, torch.full((items,), phones), torch.randint(0, 16, (items, codes), generator=generator), torch.full((items,), codes)


def test_the_diagonal_costs_nothing_and_the_corners_cost_most():
    penalty, valid = _off_diagonal(torch.tensor([10]), torch.tensor([20]), 10, 20, 0.08)
    assert penalty[0, 0, 0] < 0.05
    assert penalty[0, 19, 9] < 0.05
    assert penalty[0, 0, 9] > 0.99
    assert valid.sum() == 20


def test_attention_that_knows_nothing_strays(model):
    assert 0.5 < strayed(model, *batch(2, 12, 24)) < 1.0


def test_training_on_it_alone_brings_attention_to_the_diagonal(model):
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    data = batch(4, 12, 24)
    before = strayed(model, *data).item()
    for _ in range(60):
        loss = strayed(model, *data)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert strayed(model, *data).item() < before / 2


def test_padding_does_not_change_it(model):
    phones, phone_counts, codes, code_counts = batch(1, 8, 15)
    alone = strayed(model, phones, phone_counts, codes, code_counts)
    wide = torch.nn.functional.pad(phones, (0, 5)), phone_counts, torch.nn.functional.pad(codes, (0, 9)), code_counts
    assert torch.allclose(alone, strayed(model, *wide), atol=1e-5)


def test_nothing_listens_after_the_block(model):
    guide = AttentionGuide(model, [0, 1])
    with guide.listening():
        model(*batch(1, 5, 6))
    assert len(guide._inputs) == 2
    model(*batch(1, 5, 6))
    assert len(guide._inputs) == 2
