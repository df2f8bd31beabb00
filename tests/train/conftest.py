"""One whole training run at toy size, for all tests that look at what a run leaves behind."""

from collections.abc import Iterator

import pytest
import torch

from stopped_training import RECIPE, SIZES, TinyTeacher
from tiny_corpus import make_tiny_corpus
from voxcommons.train.base_model import BaseTraining


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The order of a sum, and so its last digits, depends on how many threads share it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with `data`, a run of every stage in `run` that was never stopped, and the exported model in `base`."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # made once for all tests, so before the fixture above
    folder = tmp_path_factory.mktemp("train")
    run = BaseTraining(make_tiny_corpus(folder / "data"), folder / "run", RECIPE, SIZES, teacher=TinyTeacher())
    run.run()
    run.export(folder / "base")
    torch.set_num_threads(before)
    return folder
