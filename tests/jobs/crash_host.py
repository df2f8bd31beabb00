"""Starts workers, kills them with SIGKILL, and prints what was done to them; run by test_crash.py as a program.

A program of its own because it forks: it imports everything once, and each worker is a child of it.
"""

import itertools
import json
import os
import random
import select
import signal
import sys

from sqlalchemy import Engine, event

from voxcommons.base.database import Database
from voxcommons.jobs.durable import DurableQueue
from voxcommons.jobs.job import Order, Outcome, Row
from voxcommons.jobs.worker import Worker

_STEP_S = 10_000.0  # longer than any lease and any wait: what a dead worker held is free for the next


def count(work):
    """A handler that reports progress and leaves one row per ended job."""
    work.start(2, "counting")
    for _ in range(2):
        work.advance()
    row = {"job_id": work.job_id, "at": 0.0, "kind": "effect", "lease": work.number, "text": str(os.getpid())}
    return Outcome({"n": work.payload["n"]}, [Row("job_event", row)])


def die_at(moment):
    """Arrange for this process to be killed at a moment: before or after a statement, or around a commit."""
    moments = itertools.count(1)

    def passed(*_):
        if next(moments) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("before_cursor_execute", "after_cursor_execute", "commit", "begin"):
        event.listen(Engine, name, passed)
    # `commit` is told before the commit; what follows it is told by the connection going back.
    event.listen(Engine, "checkin", passed)


def work_until_empty(url, time, ready):
    ticks = itertools.count()
    database = Database(url, clock=lambda _session: time + next(ticks))  # so that waits end
    os.write(ready, b"x")
    Worker(DurableQueue(database), {"count": count}, poll_s=0.001).run(until_empty=True)
    database.close()


def open_only(url, time, ready):
    database = Database(url)
    with database.reading():
        pass
    database.close()


def child(body, *arguments, moment=None):
    """(process, pipe that speaks when it begins)."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        if moment is not None:
            die_at(moment)
        try:
            body(*arguments, writing)
        except BaseException:  # noqa: BLE001 - a child must never go on as if it were the test run
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    os.close(writing)
    return process, reading


def ended(process, pipe):
    """Whether the child was killed."""
    _, status = os.waitpid(process, 0)
    os.close(pipe)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def migrate(url, stride):
    """Kill at every `stride`-th moment of the first opening in turn, until it gets to its end."""
    for kills in itertools.count():
        if not ended(*child(open_only, url, 0.0, moment=1 + kills * stride)):
            return {"kills": kills}


def at_each_moment(url, jobs):
    """Kill the first worker at its first moment, the second at its second, and so on until one finds nothing left to do."""
    time = 1_800_000_000.0
    submit(url, range(jobs), time)
    for moment in itertools.count(1):
        if not ended(*child(work_until_empty, url, time + moment * _STEP_S, moment=moment)):
            return {"kills": moment - 1}


def from_outside(url, jobs, kills):
    """Kill workers at random times, as the system would; a machine so fast that no job is left gets as many again."""
    time, chance, done, submitted = 1_800_000_000.0, random.Random(5), 0, jobs
    submit(url, range(jobs), time)
    for number in itertools.count(1):
        process, pipe = child(work_until_empty, url, time + number * _STEP_S)
        os.read(pipe, 1)
        if done < kills:
            select.select([pipe], [], [], chance.uniform(0.0, 0.12))  # speaks again when the worker ends
            os.kill(process, signal.SIGKILL)
        if ended(process, pipe):
            done += 1
        elif done < kills:
            submit(url, range(submitted, submitted + jobs), time + number * _STEP_S)
            submitted += jobs
        else:
            return {"kills": done, "jobs": submitted}


def submit(url, numbers, time):
    database = Database(url, clock=lambda _session: time)
    DurableQueue(database).submit(Order("count", {"n": n}, most_tries=1_000_000) for n in numbers)
    database.close()


if __name__ == "__main__":
    how, *words = json.loads(sys.argv[1])
    print(json.dumps({"migrate": migrate, "at_each_moment": at_each_moment, "from_outside": from_outside}[how](*words)))
