"""ScaledAdam: the public steps, relative sizes, clipping, resuming."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch

from golden.check import compare
from voxcommons.train.scaled_adam import ScaledAdam

DATA = Path(__file__).parents[1] / "golden" / "data"


def test_every_stored_step_is_reproduced():
    found = list(compare(DATA / "s1_scaled_adam"))
    assert len(found) == 24
    # Steps are small beside the parameters, so the fixture's tolerance of 1e-4 would not notice much.
    assert [(one.name, one.error) for one in found if one.error > 1e-6] == []


def walk(optimiser: ScaledAdam, parameter: torch.nn.Parameter, steps: int, *, size: float = 1.0, seed: int = 0) -> None:
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        parameter.grad = torch.randn(parameter.shape, generator=generator) * size
        optimiser.step()


def test_a_parameter_moves_in_proportion_to_its_size():
    moved = []
    for size in (1.0, 10.0):
        parameter = torch.nn.Parameter(torch.linspace(-0.2, 0.25, 12).view(3, 4) * size)
        before = parameter.detach().clone()
        walk(ScaledAdam([parameter], lr=0.01), parameter, 3)
        moved.append((parameter.detach() - before).norm() / before.norm())
    torch.testing.assert_close(moved[0], moved[1], rtol=1e-3, atol=0.0)


def test_it_finds_a_minimum():
    target = torch.linspace(-1, 1, 20).view(4, 5)
    parameter = torch.nn.Parameter(torch.full((4, 5), 0.1))
    optimiser = ScaledAdam([parameter], lr=0.03)
    for _ in range(400):
        optimiser.zero_grad()
        loss = (parameter - target).square().mean()
        loss.backward()
        optimiser.step()
    assert loss < 1e-3


def test_a_number_stays_within_its_bound():
    parameter = torch.nn.Parameter(torch.tensor([9.9]))
    optimiser = ScaledAdam([parameter], lr=1.0, scalar_max=10.0)
    for _ in range(30):
        parameter.grad = torch.tensor([-1.0])
        optimiser.step()
    assert 10.0 <= parameter.item() < 10.2


@pytest.mark.parametrize("compat", [False, True])
def test_large_gradients_are_clipped_once_the_median_is_known(compat):
    """An outburst weighs less with clipping; the public optimiser clips only the step of the scale."""
    ends = []
    for scale in (None, 2.0):
        parameter = torch.nn.Parameter(torch.linspace(-1, 1, 12).view(3, 4))
        optimiser = ScaledAdam([parameter], lr=0.01, clipping_scale=scale, clipping_update_period=6, size_update_period=100, compat=compat)
        walk(optimiser, parameter, 8)
        before = parameter.detach().clone()
        walk(optimiser, parameter, 1, size=1000.0, seed=1)
        ends.append((parameter.detach() - before).norm())
    assert (ends[1] < 0.9 * ends[0]) != compat


def test_what_counts_as_large_is_learned_anew_every_period():
    ends = []
    for scale in (None, 2.0):
        parameter = torch.nn.Parameter(torch.linspace(-1, 1, 12).view(3, 4))
        optimiser = ScaledAdam([parameter], lr=0.01, clipping_scale=scale, clipping_update_period=6, size_update_period=100)
        walk(optimiser, parameter, 7, size=100.0)
        walk(optimiser, parameter, 7, size=1.0, seed=1)
        before = parameter.detach().clone()
        walk(optimiser, parameter, 1, size=100.0, seed=2)
        ends.append((parameter.detach() - before).norm())
    assert ends[1] < 0.9 * ends[0]


def test_resuming_is_the_same_as_never_stopping():
    def fresh() -> tuple[torch.nn.Parameter, ScaledAdam]:
        parameter = torch.nn.Parameter(torch.linspace(-1, 1, 12).view(3, 4))
        return parameter, ScaledAdam([parameter], lr=0.01, clipping_scale=0.5, clipping_update_period=3)

    parameter, optimiser = fresh()
    walk(optimiser, parameter, 5)
    other, resumed = fresh()
    with torch.no_grad():
        other.copy_(parameter)
    resumed.load_state_dict(copy.deepcopy(optimiser.state_dict()))  # else both would share the tensors
    walk(optimiser, parameter, 7, seed=1)
    walk(resumed, other, 7, seed=1)
    assert torch.equal(parameter, other)


def test_parameters_without_gradients_stay():
    moving, still = (torch.nn.Parameter(torch.ones(3, 2)) for _ in range(2))
    walk(ScaledAdam([moving, still], lr=0.01, clipping_scale=2.0), moving, 3)
    assert not torch.equal(moving, torch.ones(3, 2))
    assert torch.equal(still, torch.ones(3, 2))
