"""One whole training run at toy size, for all tests that look at what a run leaves behind."""

import pytest

from stopped_training import RECIPE, SIZES
from tiny_corpus import make_tiny_corpus
from voxcommons.train.base_model import BaseTraining


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with `data`, a run of every stage in `run` that was never stopped, and the exported model in `base`."""
    folder = tmp_path_factory.mktemp("train")
    run = BaseTraining(make_tiny_corpus(folder / "data"), folder / "run", RECIPE, SIZES)
    run.run()
    run.export(folder / "base")
    return folder
