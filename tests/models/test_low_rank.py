"""Thin differences are added to the tensors they belong to, and nothing else passes for one."""

import pytest
import torch
from safetensors.torch import load_file

from tiny_base import make_tiny_base
from voxcommons.base.errors import CorruptFileError
from voxcommons.models.build import OwnWeights, load_base, save_base
from voxcommons.models.low_rank import DOWN, UP, expanded
from voxcommons.models.overlay import overlaid

NAME = "semantic_to_wave.predictor.inp.weight"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "tiny"
    save_base(make_tiny_base(for_training=True), folder)
    return folder


def thin(folder, rank=2):
    base = load_file(folder / "semantic_to_wave.safetensors")["predictor.inp.weight"]
    torch.manual_seed(0)
    return base, {NAME + UP: torch.randn(base.shape[0], rank), NAME + DOWN: torch.randn(rank, base[0].numel())}


def test_a_product_of_thin_matrices_is_added_to_the_stored_tensor(folder):
    base, given = thin(folder)
    found = expanded(given, folder)
    wanted = base.float() + torch.einsum("or,rn->on", given[NAME + UP], given[NAME + DOWN]).view_as(base)
    torch.testing.assert_close(found[NAME], wanted)
    assert list(found) == [NAME]


def test_a_loaded_and_an_overlaid_model_have_the_same_tensor(folder):
    base, given = thin(folder)
    plain = load_base(folder)
    own = OwnWeights("1" * 64, plain.sha256, given)
    read = load_base(folder, own_weights=own).semantic_to_wave.predictor.inp.weight
    laid = overlaid(plain, own).semantic_to_wave.predictor
    assert torch.equal(read, laid.inp.weight)
    assert not torch.equal(read, plain.semantic_to_wave.predictor.inp.weight)
    assert laid.out.weight is plain.semantic_to_wave.predictor.out.weight  # the rest is shared


@pytest.mark.parametrize(
    "spoil",
    [
        lambda given: given.pop(NAME + UP),
        lambda given: given.pop(NAME + DOWN),
        lambda given: given.update({NAME: torch.zeros(3)}),
        lambda given: given.update({NAME + UP: torch.zeros(3, 2)}),
        lambda given: given.update({NAME + DOWN: torch.zeros(2, 3)}),
        lambda given: given.update({NAME + DOWN: torch.zeros(3, given[NAME + DOWN].shape[1])}),
        lambda given: given.update({NAME + UP: torch.zeros(4)}),
        lambda given: given.update({f"semantic_to_wave.no.such{end}": torch.zeros(2, 2) for end in (UP, DOWN)}),
    ],
)
def test_halves_that_do_not_belong_are_refused(folder, spoil):
    _, given = thin(folder)
    spoil(given)
    with pytest.raises(CorruptFileError, match="the voice's weights are damaged"):
        expanded(given, folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_difference_that_is_no_number_is_refused_on_both_ways(folder, value):
    _, given = thin(folder)
    given[NAME + UP][0, 0] = value
    plain = load_base(folder)
    own = OwnWeights("1" * 64, plain.sha256, given)
    with pytest.raises(CorruptFileError, match="finite"):
        load_base(folder, own_weights=own)
    with pytest.raises(CorruptFileError, match="finite"):
        overlaid(plain, own)
