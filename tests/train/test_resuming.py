"""A training process that is killed goes on, in a new process, to the very numbers of one that was never stopped."""

import multiprocessing
import signal

import pytest
import torch
from safetensors.torch import load_file

from stopped_training import MADE, RECIPE, SIZES, TinyTeacher, train_until_killed
from voxcommons.train.base_model import STAGES, BaseTraining
from voxcommons.train.state import Checkpoints


@pytest.fixture(scope="module")
def processes():
    """A server that has the program loaded and splits off a fresh process for each run."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["stopped_training"])
    return context


def curve(folder, stage):
    return [{name: value for name, value in line.items() if name != "time"} for line in Checkpoints(folder / stage).curves()]


def tensors(folder, stage):
    return {path.name: load_file(path) for path in sorted(Checkpoints(folder / stage).newest().glob("*.safetensors"))}


@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_process_goes_on_to_the_same_curve_weights_and_moments(trained, processes, tmp_path, stage):
    for path in (trained / "run").iterdir():  # what came before this stage
        if path.name in ("corpus", "labels.jsonl", *STAGES[: STAGES.index(stage)]) or path.name.startswith(MADE):
            (tmp_path / path.name).symlink_to(path)
    process = processes.Process(target=train_until_killed, args=(trained / "data", tmp_path, stage, 5))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert Checkpoints(tmp_path / stage).newest().name == "step-00000004"
    BaseTraining(trained / "data", tmp_path, RECIPE, SIZES, teacher=TinyTeacher()).run([stage])
    assert curve(tmp_path, stage) == curve(trained / "run", stage)
    resumed = tensors(tmp_path, stage)
    for name, wanted in tensors(trained / "run", stage).items():
        assert all(torch.equal(wanted[key], resumed[name][key]) for key in wanted | resumed[name]), name


def test_what_a_kill_left_half_written_is_forgotten(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    module = torch.nn.Linear(2, 2)
    checkpoints.record(1, loss=1.0)
    checkpoints.save(1, {"net": module}, {}, {}, {"loss": 0.25})
    checkpoints.record(2, loss=2.0)
    with checkpoints.curve.open("a") as curve_file:
        curve_file.write('{"step": 3, "lo')
    (tmp_path / ".step-00000002.ab12.part").mkdir()
    checkpoints.tidy()
    assert checkpoints.resume({"net": module}, {}, {}) == (1, {"loss": 0.25})
    assert [line["step"] for line in checkpoints.curves()] == [1]
    assert not list(tmp_path.glob(".step*"))


def test_a_run_killed_before_its_first_checkpoint_begins_its_curve_anew(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.record(3, loss=1.0)
    checkpoints.tidy()
    assert checkpoints.resume({}, {}, {}) == (0, {})
    assert checkpoints.curves() == []
