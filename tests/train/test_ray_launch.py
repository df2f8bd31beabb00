"""Ray starts the processes of a run: two workers of a local cluster train what one process would."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stopped_training import RECIPE, SIZES
from tiny_corpus import make_tiny_corpus
from voxcommons.base.errors import MissingExtraError
from voxcommons.train.base_model import BaseTraining
from voxcommons.train.launch import Job
from voxcommons.train.ray_launch import start_on_ray
from voxcommons.train.state import Checkpoints

# In a process of its own, because Ray leaves threads and warnings behind in the one that speaks to it.
SCRIPT = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from pathlib import Path
from stopped_training import RECIPE, SIZES
from voxcommons.base.errors import VoxError
from voxcommons.train.launch import Job
from voxcommons.train.ray_launch import start_on_ray
if __name__ == "__main__":
    try:
        start_on_ray(Job(Path(sys.argv[2]), Path(sys.argv[3]), RECIPE, ("content",), "cpu", 1, sizes=SIZES), address="local", workers=2)
    except VoxError as error:
        sys.exit(f"said: {error}")
"""


@pytest.fixture
def ray(request):
    """Ray itself, when the tests may start it."""
    if not request.config.getoption("--with-ray"):
        pytest.skip("a Ray cluster is only started with --with-ray")
    return pytest.importorskip("ray")


def run_on_ray(data, folder):
    tests = Path(__file__).resolve().parents[1]
    paths = json.dumps([str(tests), str(tests.parent / "src")])
    return subprocess.run([sys.executable, "-c", SCRIPT, paths, str(data), str(folder)], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_two_workers_of_a_local_cluster_train_what_one_process_does(ray, tmp_path):
    data = make_tiny_corpus(tmp_path / "data")
    done = run_on_ray(data, tmp_path / "ray")
    assert done.returncode == 0, done.stderr
    BaseTraining(data, tmp_path / "alone", RECIPE, SIZES).run(["content"])
    curves = [Checkpoints(tmp_path / where / "content").curves() for where in ("ray", "alone")]
    assert [line["step"] for line in curves[0]] == [line["step"] for line in curves[1]]
    assert curves[0][0]["loss"] == pytest.approx(curves[1][0]["loss"], rel=1e-2)


@pytest.mark.slow
def test_a_mistake_met_by_a_worker_is_one_line_for_the_user(ray, tmp_path):
    done = run_on_ray(tmp_path / "nothing", tmp_path / "run")
    assert done.returncode == 1
    assert "said: cannot read the corpus: expected a folder with manifest.tsv" in done.stderr


def test_without_the_extra_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r'pip install "voxcommons\[ray\]"'):
        start_on_ray(Job(tmp_path, tmp_path, RECIPE), address="local", workers=2)
