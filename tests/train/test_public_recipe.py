"""One step of the public trainers, from the stored batches: losses, gradients and what the optimisers make of them.

That losses and gradient norms are those of the public program is compared number by number in tests/models (`*_golden.py`),
the optimiser's steps in test_scaled_adam.py; here they work together on the real models.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from golden.kinds import s1
from voxcommons.train.public_recipe import (
    FIRST_RATE,
    RATE,
    RATE_DECAY,
    SOUND_RATE,
    TextOptimiser,
    repeated,
    sound_clip_is_used,
    sound_optimisers,
    text_clip_is_used,
)

DATA = Path(__file__).parents[1] / "golden" / "data"


def loss_of_stored_batch(model, stored):
    lengths = stored["b.phoneme_len"], stored["b.semantic_len"]
    return model(stored["b.phoneme_ids"], lengths[0], stored["b.semantic"], lengths[1], stored["b.bert"], compat=True).loss_sum


def test_one_step_on_the_stored_batch_has_the_public_loss_norm_and_size():
    stored, model = load_file(DATA / "s1_tiny" / "tensors.safetensors"), s1.build(DATA / "s1_tiny")
    norms = json.loads((DATA / "s1_tiny" / "b_grad_norms.json").read_text())
    optimiser = TextOptimiser(model)
    loss = loss_of_stored_batch(model, stored)
    torch.testing.assert_close(loss.detach(), stored["b.loss_sum_ce"].squeeze(), rtol=1e-4, atol=0)
    loss.backward()
    whole = torch.stack([one.grad.norm() for one in model.parameters()]).norm()
    torch.testing.assert_close(whole, torch.tensor(list(norms.values())).norm(), rtol=1e-3, atol=0)
    before = {name: one.detach().clone() for name, one in model.named_parameters()}
    gradients = {name: one.grad.clone() for name, one in model.named_parameters()}
    optimiser.step()
    for name, one in model.named_parameters():
        if one.numel() == 1:
            continue
        # First step of ScaledAdam by its formula: every number moves by the rate times (1 - beta1), relative to the root mean
        # square of its parameter, against the sign of its gradient.
        size = before[name].square().mean().sqrt().clamp(min=1e-5) * FIRST_RATE * 0.1
        wanted = before[name] - size * gradients[name] / (gradients[name].abs() + 1e-8)
        torch.testing.assert_close(one.detach(), wanted, rtol=1e-5, atol=1e-7, msg=name)
        assert one.grad is None
    assert {group["lr"] for group in optimiser.inner.param_groups} == {RATE}


def test_a_few_steps_lower_the_loss_of_the_stored_batch():
    stored, model = load_file(DATA / "s1_tiny" / "tensors.safetensors"), s1.build(DATA / "s1_tiny")
    optimiser = TextOptimiser(model)
    losses = []
    for _ in range(4):
        loss = loss_of_stored_batch(model, stored)
        losses.append(loss.item())
        loss.backward()
        optimiser.step()
    assert losses == sorted(losses, reverse=True)


@pytest.fixture
def networks():
    """A model with the public names of its text parts, and critics."""
    text = torch.nn.ModuleDict({"text_embedding": torch.nn.Embedding(3, 2), "encoder_text": torch.nn.Linear(2, 2)})
    text["mrte"], text["encoder_ssl"] = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    return torch.nn.ModuleDict({"enc_p": text, "dec": torch.nn.Linear(2, 2)}), torch.nn.Linear(2, 1)


def test_parts_that_read_the_text_learn_more_slowly_and_everything_is_in_one_group(networks):
    model, critics = networks
    made = sound_optimisers(model, critics)
    rates = {id(one): group["lr"] for group in made.model.param_groups for one in group["params"]}
    names = {name: rates.pop(id(one)) for name, one in model.named_parameters()}
    assert not rates
    slow = {name for name, rate in names.items() if rate < SOUND_RATE * 0.5}
    assert {name.split(".")[1] for name in slow} == {"text_embedding", "encoder_text", "mrte"}
    assert {rate for name, rate in names.items() if name not in slow} == {SOUND_RATE * RATE_DECAY}


def test_the_rate_falls_once_per_epoch(networks):
    made = sound_optimisers(*networks)
    for schedule, optimiser in zip(made.schedules, (made.model, made.critics), strict=True):
        optimiser.step()
        schedule.step()
        assert optimiser.param_groups[0]["lr"] == pytest.approx(SOUND_RATE * RATE_DECAY**2)


def test_clips_are_chosen_by_length_and_pace():
    assert [text_clip_is_used(*clip) for clip in ((25, 3), (25, 2), (25, 25), (25, 26), (1350, 540), (1351, 540), (1350, 541), (0, 5))] == [
        True, False, True, False, True, False, False, False,
    ]  # fmt: skip
    assert [sound_clip_is_used(seconds) for seconds in (0.6, 0.61, 53.9, 54.0)] == [False, True, True, False]


def test_short_lists_are_said_over():
    assert [len(repeated(range(count))) for count in (0, 1, 30, 60, 99, 100, 101)] == [0, 100, 90, 120, 198, 100, 101]
