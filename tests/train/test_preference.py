"""Preferring true tokens: the loss falls as they get likelier, and what is spoiled was said twice or left out."""

from __future__ import annotations

import torch

from voxcommons.train.preference import preference_loss, spoil


def test_the_loss_falls_as_the_true_tokens_get_likelier():
    rejected = torch.tensor([-50.0])
    losses = [preference_loss(torch.tensor([value]), rejected).item() for value in (-60.0, -50.0, -40.0)]
    assert losses == sorted(losses, reverse=True)
    torch.testing.assert_close(losses[1], torch.tensor(2.0).log().item())


def test_a_spoiled_item_repeats_a_span_or_leaves_one_out():
    codes, lengths = torch.arange(1, 21).view(2, 10), torch.tensor([10, 6])
    kinds = set()
    for seed in range(30):
        spoiled, sizes = spoil(codes, lengths, torch.Generator().manual_seed(seed))
        for own, length, row, size in zip(codes, lengths, spoiled, sizes, strict=True):
            true, said = own[:length].tolist(), row[:size].tolist()
            assert (row[size:] == 0).all()
            if size > length:
                kinds.add("repeated")
                span = int(size - length)
                assert any(true[:end] + true[end - span : end] + true[end:] == said for end in range(span, length + 1))
            elif size < length:
                kinds.add("left out")
                span = int(length - size)
                assert any(true[:start] + true[start + span :] == said for start in range(length - span + 1))
    assert kinds == {"repeated", "left out"}
