"""A batch teaches the same whether it is worked through at once, in parts, or by several processes."""

import dataclasses
import math

import pytest
import torch
from click.testing import CliRunner

from stopped_training import RECIPE, STILL, Separately, TinyTeacher
from tiny_corpus import make_tiny_corpus
from voxcommons.base.errors import InputError
from voxcommons.cli.train import train
from voxcommons.train.base_model import STAGES, BaseTraining
from voxcommons.train.dice import Dice
from voxcommons.train.launch import start
from voxcommons.train.state import Checkpoints
from voxcommons.train.team import Team

# Twice the batch of the recipe; the same in two parts. Plain numbers, so that only the order of additions differs. The easy batches
# of the last stage hold one clip each: a second process has nothing to do then but to keep step.
EXACT = {"precision": "fp32", "steps": 4, "record_every": 1, "save_every": 4, "test_every": 4}
LARGE = dataclasses.replace(
    RECIPE,
    content=dataclasses.replace(RECIPE.content, batch_seconds=16, easy_batch_seconds=12, **EXACT),
    timbre=dataclasses.replace(RECIPE.timbre, items=6, **EXACT),
    vocoder=dataclasses.replace(RECIPE.vocoder, items=4, pictures=0, **EXACT),
    acoustic=dataclasses.replace(RECIPE.acoustic, batch_seconds=16, pictures=0, **EXACT),
    finish=dataclasses.replace(RECIPE.finish, items=4, adversarial_from=1, pictures=0, **EXACT),
    semantic=dataclasses.replace(RECIPE.semantic, batch_seconds=16, easy_batch_seconds=1, **EXACT),
)
HALVES = dataclasses.replace(
    RECIPE,
    content=dataclasses.replace(LARGE.content, batch_seconds=8, easy_batch_seconds=6, accumulate=2),
    timbre=dataclasses.replace(LARGE.timbre, items=3, accumulate=2),
    vocoder=dataclasses.replace(LARGE.vocoder, items=2, accumulate=2),
    acoustic=dataclasses.replace(LARGE.acoustic, batch_seconds=8, accumulate=2),
    finish=dataclasses.replace(LARGE.finish, items=2, accumulate=2),
    semantic=dataclasses.replace(LARGE.semantic, batch_seconds=8, easy_batch_seconds=0.5, accumulate=2),
)


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """Every stage with the large batch in one part, in one process."""
    folder = tmp_path_factory.mktemp("once")
    BaseTraining(make_tiny_corpus(folder / "data"), folder / "run", LARGE, STILL, teacher=TinyTeacher()).run()
    return folder


def assert_same_curve(folder, other, stage):
    lines, others = Checkpoints(folder / stage).curves(), Checkpoints(other / stage).curves()
    assert len(lines) == len(others) >= 4
    for line, same in zip(lines, others, strict=True):
        assert line.keys() == same.keys()
        for name in line.keys() - {"time", "codes_used"}:
            # Rounding is multiplied by the optimiser, which divides small gradients by their own size.
            assert math.isclose(line[name], same[name], rel_tol=1e-4 if line["step"] == 1 else 2e-2, abs_tol=2e-5), (stage, line, same)


@pytest.mark.parametrize("stage", STAGES)
def test_a_batch_in_two_parts_gives_the_curve_of_the_whole(once, tmp_path, stage):
    Separately(once / "data", once / "run", tmp_path, HALVES, (stage,))()
    assert_same_curve(once / "run", tmp_path / stage, stage)


def test_two_processes_that_share_each_batch_give_the_curves_of_one(once, tmp_path):
    start(Separately(once / "data", once / "run", tmp_path, LARGE, STAGES), processes=2, device="cpu", threads=1)
    for stage in STAGES:
        assert_same_curve(once / "run", tmp_path / stage, stage)


def test_a_mistake_met_by_one_of_several_processes_is_one_line_for_the_user(tmp_path):
    folders = ["--data", str(tmp_path / "none"), "--out", str(tmp_path / "o")]
    done = CliRunner().invoke(train, ["base", *folders, "--processes", "2", "--device", "cpu"])
    assert isinstance(done.exception, InputError)
    assert "no " + str(tmp_path / "none" / "manifest.tsv") in str(done.exception)


def test_every_item_is_in_one_share_whoever_works():
    for items, size, parts in ((1, 2, 1), (5, 2, 3), (12, 3, 2), (7, 1, 4)):
        shares = [share for rank in range(size) for share in Team(rank, size).shares(items, parts)]
        assert sorted(place for share in shares if not share.idle for place in share.places) == list(range(items))
        assert all(Team(rank, size).shares(items, parts) for rank in range(size))


def test_dropout_of_a_part_does_not_depend_on_the_process_that_works_on_it():
    alone = Team().shares(8, 2)
    together = [*Team(0, 2).shares(8, 1), *Team(1, 2).shares(8, 1)]
    assert alone == together


def test_an_item_draws_the_same_beside_any_others():
    together, alone = Dice([3, 4]), Dice([4])
    assert torch.equal(together.normal(5)[1:], alone.normal(5))
    assert torch.equal(together.uniform(2, 3)[1:], alone.uniform(2, 3))
    assert torch.equal(together.below(9, 4)[1:], alone.below(9, 4))
