"""Workers on a Ray cluster lose and double nothing when a machine is killed under them."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sounds import speech_like, write_wav
from tiny_base import make_tiny_base
from voxcommons.base.database import Database
from voxcommons.base.errors import InputError, MissingExtraError
from voxcommons.base.settings import Settings
from voxcommons.jobs.durable import DurableQueue
from voxcommons.jobs.job import State
from voxcommons.jobs.ray_workers import Crew, work_on_ray
from voxcommons.models.build import save_base
from voxcommons.voicefile.check import check
from voxcommons.voices.clone_job import clone_order
from voxcommons.voices.library import Library

HOST = Path(__file__).with_name("ray_host.py")
SOURCE = Path(__file__).resolve().parents[2] / "src"
JOBS = 40


@pytest.mark.slow
def test_of_40_enrolments_none_is_lost_and_none_done_twice_when_one_of_two_nodes_is_killed(request, tmp_path, home):
    if not request.config.getoption("--with-ray"):
        pytest.skip("a Ray cluster is only started with --with-ray")
    pytest.importorskip("ray")
    settings = Settings(home=home)
    save_base(make_tiny_base(for_training=True), tmp_path / "tiny")
    files = [str(write_wav(tmp_path / f"{n}.wav", speech_like((4.0, 6.0), seed=n))) for n in range(4)]
    names = [f"speaker-{n:02}" for n in range(JOBS)]
    given = [{"recording": files[n % 4], "name": name, "base": str(tmp_path / "tiny")} for n, name in enumerate(names)]
    queue = DurableQueue(Database.of(settings))
    queue.submit(clone_order(one, settings) for one in given)
    # Ray gives way to every other program (nice 15); on a busy machine that makes minutes of seconds.
    environ = [f"PYTHONPATH={SOURCE}", "OMP_NUM_THREADS=1", "RAY_USAGE_STATS_ENABLED=0", "RAY_worker_niceness=0"]
    command = ["env", *environ, sys.executable, str(HOST), str(home), str(JOBS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["code"] == 0, told["said"]
    assert told["after_quit"] == {"code": 0, "running": 0}  # told to quit, they gave back what they held
    assert JOBS // 4 <= told["done_before"] < JOBS
    # Every job ended once, and what the killed node held was begun anew elsewhere.
    found = queue.list(most=1000)
    assert [job.state for job in found] == [State.DONE] * JOBS
    kinds = {job.id: [event.kind for event in queue.events(job.id)] for job in found}
    assert all(kind.count("done") == 1 for kind in kinds.values())
    assert all("lost" in kinds[held] for held in told["held"])
    assert {job.id for job in found if job.lease > 1} == {job for job, kind in kinds.items() if {"lost", "given_back"} & set(kind)}
    # Every voice is there once, whole, and the one its job says it made.
    made = {voice.name: voice.manifest.id for voice in Library(home).list() if not voice.bundled}
    assert sorted(made) == names
    assert made == {job.result["voice"]: job.result["id"] for job in found}
    assert [fault for name in names for fault in check(home / "voices" / name)] == []
    assert sorted(path.name for path in (home / "voices").iterdir() if path.is_dir()) == names
    queue.database.close()


def test_without_the_extra_the_error_says_what_to_install(home, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r'pip install "voxcommons\[ray\]"'):
        work_on_ray(Crew(Settings(home=home), dict, "auto"), threading.Event())


def test_a_database_file_and_a_cluster_that_is_elsewhere_do_not_go_together(home):
    pytest.importorskip("ray")
    with pytest.raises(InputError, match="SQLite file cannot be reached"):
        work_on_ray(Crew(Settings(home=home), dict, "ray://127.0.0.1:1"), threading.Event())
