"""Guided attention follows an alignment, teaches heads to follow it, and the alignment comes from the CTC path."""

import numpy as np
import pytest
import torch

from voxcommons.models.ctc import phoneme_of_code
from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.train.attention_guide import UNKNOWN, AttentionGuide


@pytest.fixture
def model():
    torch.manual_seed(0)
    return TextToSemantic(layers=2, width=32, heads=2, phones=20, codes=16, dropout=0.0, bert_dim=None)


def surprise(model, phones, phone_counts, codes, code_counts, aligned):
    guide = AttentionGuide(model, [1])
    with guide.listening():
        model(phones, phone_counts, codes, code_counts)
    return guide.loss(phone_counts, phones.shape[1], aligned)


def batch(items, phones, codes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, 20, (items, phones), generator=generator)
    aligned = (torch.arange(codes) * phones // codes).expand(items, -1)
    ids_of_codes = torch.randint(0, 16, (items, codes), generator=generator)
    return ids, torch.full((items,), phones), ids_of_codes, torch.full((items,), codes), aligned


def test_attention_that_knows_nothing_is_about_as_surprised_as_by_chance(model):
    assert surprise(model, *batch(4, 12, 24)).item() == pytest.approx(np.log(12), rel=0.3)


def test_training_on_it_alone_makes_heads_follow_the_alignment(model):
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    data = batch(4, 12, 24)
    for _ in range(80):
        loss = surprise(model, *data)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert surprise(model, *data).item() < 0.5


def test_the_position_of_a_code_is_asked_for_the_phoneme_of_the_next_one(model):
    phones, phone_counts, codes, code_counts, aligned = batch(1, 6, 8)
    first_changed, later_changed = aligned.clone(), aligned.clone()
    first_changed[0, 0], later_changed[0, 5] = 5, 0
    before = surprise(model, phones, phone_counts, codes, code_counts, aligned)
    assert surprise(model, phones, phone_counts, codes, code_counts, first_changed) == before
    assert surprise(model, phones, phone_counts, codes, code_counts, later_changed) != before


def test_padding_does_not_change_it(model):
    phones, phone_counts, codes, code_counts, aligned = batch(1, 8, 15)
    alone = surprise(model, phones, phone_counts, codes, code_counts, aligned)
    pad = torch.nn.functional.pad
    wide = surprise(model, pad(phones, (0, 5)), phone_counts, pad(codes, (0, 9)), code_counts, pad(aligned, (0, 9), value=UNKNOWN))
    assert torch.allclose(alone, wide, atol=1e-5)


def test_nothing_listens_after_the_block(model):
    guide = AttentionGuide(model, [0, 1])
    phones, phone_counts, codes, code_counts, _ = batch(1, 5, 6)
    with guide.listening():
        model(phones, phone_counts, codes, code_counts)
    model(phones, phone_counts, codes, code_counts)
    assert len(guide._inputs) == 2


def test_codes_belong_to_the_phoneme_heard_nearest_to_them():
    blank, heard = 3, [3, 0, 3, 3, 1, 1, 3, 3, 3, 2]
    log_probs = np.full((10, 4), -5.0, np.float32)
    log_probs[np.arange(10), heard] = -0.1
    assert phoneme_of_code(log_probs, [0, 1, 2], blank).tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 2, 2]
