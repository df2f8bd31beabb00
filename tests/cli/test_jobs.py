"""`vox jobs` and `vox worker`: order, watch, stop, try again, and the work itself, also when the worker is killed in it."""

import json
import os
import signal
import subprocess
import sys

import pytest

from sounds import speech_like, write_wav
from tiny_base import make_tiny_base
from voxcommons.base.settings import Settings
from voxcommons.cli.main import main
from voxcommons.models.build import save_base
from voxcommons.voicefile.check import check


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "tiny"
    save_base(make_tiny_base(for_training=True), folder)
    return str(folder)


@pytest.fixture
def vox(home, capsys):
    def run(*words):
        code = main(list(map(str, words)), Settings(home=home))
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def order(base, tmp_path):
    recording = write_wav(tmp_path / "a.wav", speech_like((4.0, 6.0)))
    return ["jobs", "add", "clone", f"recording={recording}", "name=小明", f"base={base}"]


def jobs(vox, *words):
    return json.loads(vox("jobs", "list", "--json", *words)[1])


def test_no_jobs_is_said(vox):
    code, out, _ = vox("jobs", "list")
    assert code == 0
    assert "vox jobs add" in out


def test_an_ordered_voice_is_listed_shown_cancelled_and_retried(vox, order):
    code, out, err = vox(*order)
    assert (code, err) == (0, "")
    short = out.split()[0]
    for words, state in ((["list"], "queued"), (["cancel", short], "cancelled"), (["retry", short], "queued"), (["show", short], "queued")):
        code, out, err = vox("jobs", *words)
        assert (code, err) == (0, "")
        assert short in out
        assert state in out
    assert "小明" in vox("jobs", "show", short)[1]
    assert [event["kind"] for event in json.loads(vox("jobs", "show", short, "--json")[1])["events"]] == ["queued", "cancelled", "retried"]


def test_old_jobs_are_deleted_on_request(vox, order):
    short = vox(*order)[1].split()[0]
    assert vox("jobs", "prune", "--days", "0")[1] == "deleted: 0\n"
    vox("jobs", "cancel", short)
    assert vox("jobs", "prune")[1] == "deleted: 0\n"
    assert json.loads(vox("jobs", "prune", "--days", "0", "--state", "cancelled", "--json")[1]) == {"pruned": 1}
    assert jobs(vox) == []


def test_the_same_key_is_one_job(vox, order):
    for _ in range(2):
        assert vox(*order, "--key", "a")[0] == 0
    assert len(jobs(vox)) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["jobs", "add", "clone", "name=a"], "no recording"),
        (["jobs", "add", "clone", "recording=/none.wav", "name=a"], "no such file"),
        (["jobs", "add", "clone", "name"], "NAME=VALUE"),
        (["jobs", "add", "fly"], "fly"),
        (["jobs", "show", "0123"], "no such job"),
        (["jobs", "cancel", "0123"], "no such job"),
        (["jobs", "retry", "0123"], "no such job"),
        (["worker", "--processes", "0"], "processes"),
    ],
)
def test_a_mistake_is_one_line(vox, words, said):
    code, out, err = vox(*words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert said in err


def test_a_worker_killed_in_the_middle_of_a_voice_is_followed_by_one_that_makes_it(vox, order, home):
    """A real `vox worker`, and SIGKILL as soon as the queue says that it listens to the recording."""
    assert vox(*order)[0] == 0
    command = [sys.executable, "-m", "voxcommons", "worker", "--until-empty", "--lease", "1"]
    environ = os.environ | {"VOX_HOME": str(home), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as worker:
        while not (found := jobs(vox)[0])["label"]:
            assert worker.poll() is None
        os.kill(worker.pid, signal.SIGKILL)
    assert worker.returncode == -signal.SIGKILL
    assert found["state"] == "running"
    # The next one waits for the lease of the dead one to run out.
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = jobs(vox)[0]
    assert (found["tries"], found["lease"], found["result"]["voice"]) == (1, 2, "小明")
    assert check(home / "voices" / "小明") == []
