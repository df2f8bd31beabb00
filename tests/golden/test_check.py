"""The runner itself: it notices what differs, and says so in lines and in its exit status."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from golden.check import main
from golden.comparison import Comparison

DATA = Path(__file__).parent / "data"


def lines(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_folder_that_agrees_passes_with_one_line_per_tensor(capsys):
    assert main([str(DATA / "s1_scaled_adam")]) == 0
    found = lines(capsys)
    assert len(found) == 24
    assert all(line["pass"] and line.keys() == {"name", "error", "tolerance", "pass"} for line in found)


def test_one_wrong_number_fails_and_is_named(capsys, tmp_path):
    shutil.copytree(DATA / "s1_scaled_adam", tmp_path / "wrong")
    stored = load_file(tmp_path / "wrong" / "tensors.safetensors")
    stored["after_step3.1"] = stored["after_step3.1"] * 1.001
    save_file(stored, tmp_path / "wrong" / "tensors.safetensors")
    assert main([str(tmp_path / "wrong")]) == 1
    assert [line["name"] for line in lines(capsys) if not line["pass"]] == ["after_step3.1"]


def test_an_unknown_folder_and_no_folder_are_refused(capsys, tmp_path):
    assert main([str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert main([]) == 2


@pytest.mark.parametrize(
    ("ours", "wanted"),
    [
        ([1, 2, 3], [1, 2]),
        ([[1, 2], [3]], [[1], [2, 3]]),
        (torch.ones(2), torch.ones(2, 1)),
        (torch.tensor([math.nan]), torch.ones(1)),
        ([1, 2], [1, 3]),
    ],
)
def test_differences_of_any_sort_are_seen(ours, wanted):
    assert not Comparison("it", ours, wanted, tolerance=0).passed


def test_the_error_is_relative_to_the_largest_number():
    assert Comparison("it", [100.0, 0.0], [100.0, 1.0]).error == pytest.approx(0.01)
    assert Comparison("it", [1.0, 0.0], [1.0, 0.0], tolerance=0).passed
