"""Workers killed with SIGKILL at any moment lose no job and record no result twice."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from voxcommons.base.database import Database
from voxcommons.jobs.durable import DurableQueue
from voxcommons.jobs.job import State
from voxcommons.jobs.tables import JobRow

HOST = Path(__file__).with_name("crash_host.py")
SOURCE = Path(__file__).resolve().parents[2] / "src"


def run(*words):
    """What crash_host.py did, once it ends."""
    command = [sys.executable, str(HOST), json.dumps(words)]
    done = subprocess.run(command, env={"PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def all_done_once(url, jobs):
    """Check every job, and return how many were begun more than once."""
    database = Database(url)
    try:
        return _all_done_once(DurableQueue(database), jobs)
    finally:
        database.close()


def _all_done_once(queue, jobs):
    found = queue.list(most=1000)
    assert len(found) == jobs
    assert [job.state for job in found] == [State.DONE] * jobs
    assert sorted(job.result["n"] for job in found) == list(range(jobs))
    for job in found:
        events = queue.events(job.id)
        kinds = [event.kind for event in events]
        assert (kinds.count("effect"), kinds.count("done")) == (1, 1), kinds
        # What was recorded comes from the last lease, the one that ended the job.
        assert next(event.lease for event in events if event.kind == "effect") == job.lease
    return sum(job.lease > 1 for job in found)


def test_a_worker_killed_at_every_moment_in_turn_loses_and_doubles_nothing(database_url):
    done = run("at_each_moment", database_url, 2)
    assert done["kills"] > 40
    assert all_done_once(database_url, 2) > 0


def test_workers_killed_at_20_random_times_lose_and_double_nothing(database_url):
    done = run("from_outside", database_url, 40, 20)
    assert done["kills"] == 20
    all_done_once(database_url, done["jobs"])


def test_a_process_killed_while_it_makes_the_tables_leaves_a_database_that_opens(database_url):
    assert run("migrate", database_url, 6)["kills"] > 5
    database = Database(database_url)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(JobRow)) == 0
    database.close()


@pytest.mark.parametrize("broken", ["fence", "transaction"])
def test_the_check_itself_sees_a_double_and_a_loss(broken, tmp_path):
    """The figures above mean something only if they would show a fault."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    run("from_outside", url, 3, 0)
    database = Database(url)
    queue = DurableQueue(database)
    with database.writing() as session:
        if broken == "fence":
            event = next(event for event in queue.events(queue.list()[0].id) if event.kind == "effect")
            session.connection().exec_driver_sql(
                "INSERT INTO job_event (job_id, at, kind, lease, text) SELECT job_id, at, kind, lease, text FROM job_event WHERE id = ?",
                (event.id,),
            )
        else:
            session.connection().exec_driver_sql("DELETE FROM job_event WHERE kind = 'effect'")
    database.close()
    with pytest.raises(AssertionError):
        all_done_once(url, 3)
