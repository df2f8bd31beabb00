"""The acoustic model and its critics agree with the public ones: names, shapes, numbers, losses and gradients.

The small fixtures lie in tests/golden/data; the real sizes are checked where the shared data folder is at hand. The critics'
public names and the training step of v2 and v2Pro come with the small ones.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from golden.check import compare
from voxcommons.models import configs
from voxcommons.models.discriminators import Discriminators
from voxcommons.models.semantic_to_wave import SemanticToWave

DATA = Path(__file__).parents[1] / "golden" / "data"

SIZES = {
    "v1": (configs.semantic_to_wave_v1, configs.discriminators_v2),
    "v2": (configs.semantic_to_wave_v2, configs.discriminators_v2),
    "v2Pro": (configs.semantic_to_wave_v2pro, configs.discriminators_v2pro),
    "v2ProPlus": (configs.semantic_to_wave_v2proplus, configs.discriminators_v2pro),
}


def disagreements(folder: Path, at_least: int) -> list[str]:
    found = list(compare(folder))
    assert len(found) >= at_least, "the adapter compares fewer tensors than it used to"
    return [f"{one.name}: {one.error:.2e} > {one.tolerance:.0e}" for one in found if not one.passed]


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "at_least"), [("s2_tiny_v2", 811), ("s2_tiny_v2Pro", 858)])
def test_every_stage_and_one_training_step_have_the_public_numbers(folder, at_least):
    assert disagreements(DATA / folder, at_least) == []


def test_version_one_speaks_with_the_public_numbers():
    assert disagreements(DATA / "s2_tiny_v1", 34) == []


@pytest.mark.parametrize(("folder", "at_least"), [("s2_full_v2", 27), ("s2_full_v2Pro", 29)])
def test_the_real_sizes_have_the_public_numbers(shared, folder, at_least):
    assert disagreements(shared / "reference" / "gpt-sovits" / "golden" / folder, at_least) == []


@pytest.mark.parametrize("version", SIZES)
def test_the_state_dict_has_the_public_names_and_shapes(shared, version):
    public = json.loads((shared / "reference" / "gpt-sovits" / "state_dicts.json").read_text())
    model_size, critics_size = SIZES[version]
    with torch.device("meta"):
        nets = {"s2G": SemanticToWave(**asdict(model_size())), "s2D": Discriminators(**asdict(critics_size()))}
    for network, module in nets.items():
        ours = {key: list(value.shape) for key, value in module.state_dict().items()}
        assert ours == {key: entry["shape"] for key, entry in public[f"{network}_{version}"].items()}
        wanted = public["_meta"][f"{network}_{version}"]["params"]
        assert sum(parameter.numel() for parameter in module.parameters()) == wanted
