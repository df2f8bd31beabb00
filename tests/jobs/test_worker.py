"""A worker does jobs, says how they went, and stops when it is told to."""

import threading

import pytest

from voxcommons.base.errors import Cancelled, InputError, StorageError
from voxcommons.jobs.job import Order, Outcome, Row, State
from voxcommons.jobs.worker import Worker

_PAUSE = threading.Event()


def worker_of(queue, handler, **more):
    return Worker(queue, {"act": handler}, name="tester", poll_s=0.001, **more)


def until_stopped(work):
    """A handler that works on until it hears that it should not."""
    while True:
        work.check()
        _PAUSE.wait(0.002)


def test_a_job_is_done_and_its_progress_was_seen(queue):
    (job,) = queue.submit([Order("act", {"x": 2})])
    seen = []

    def double(work):
        work.start(2, "doubling")
        work.advance()
        seen.append(queue.get(work.job_id))
        work.note("half of it")
        work.advance()
        work.finish()
        return Outcome({"x": 2 * work.payload["x"]})

    assert worker_of(queue, double).run(until_empty=True) == 1
    done = queue.get(job.id)
    assert (done.state, done.result, done.done_steps, done.all_steps) == (State.DONE, {"x": 4}, 2, 2)
    assert (seen[0].state, seen[0].label, seen[0].worker) == (State.RUNNING, "doubling", "tester")
    assert [event.text for event in queue.events(job.id) if event.kind in ("progress", "note")] == ["doubling", "half of it"]


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (InputError("no such file", found="x.wav"), State.FAILED, "no such file"),
        (StorageError("the disk is full"), State.QUEUED, "the disk is full"),
        (RuntimeError("odd\nthing"), State.QUEUED, "RuntimeError: odd thing"),
    ],
)
def test_a_mistake_fails_at_once_and_a_mishap_is_tried_again(queue, error, state, said):
    def fail(_):
        raise error

    (job,) = queue.submit([Order("act")])
    assert worker_of(queue, fail).step()
    after = queue.get(job.id)
    assert (after.state, after.tries) == (state, 1)
    assert said in after.error


def test_an_outcome_that_no_table_takes_is_a_failed_try_and_the_worker_goes_on(queue):
    first, second = queue.submit([Order("act", {"table": "nowhere"}), Order("act", {"table": None})])

    def act(work):
        table = work.payload["table"]
        return Outcome({}, [Row(table, {})] if table else [])

    worker = worker_of(queue, act)
    assert worker.step()
    assert worker.step()
    assert "cannot be kept" in queue.get(first.id).error
    assert queue.get(second.id).state == State.DONE


def test_a_running_job_that_is_cancelled_stops(queue):
    (job,) = queue.submit([Order("act")])

    def act(work):
        queue.cancel(work.job_id)
        until_stopped(work)

    worker_of(queue, act, lease_s=0.02).run(until_empty=True)
    assert queue.get(job.id).state == State.CANCELLED


def test_a_worker_told_to_quit_gives_its_job_back_and_ends(queue):
    (job,) = queue.submit([Order("act")])
    leave = threading.Event()

    def act(work):
        leave.set()
        until_stopped(work)

    assert worker_of(queue, act, quit=leave).run() == 1
    back = queue.get(job.id)
    assert (back.state, back.tries) == (State.QUEUED, 0)


def test_a_worker_that_lost_its_job_hears_of_it_and_records_nothing(queue, clock):
    (job,) = queue.submit([Order("act")])

    def act(work):
        clock.pass_(1000)
        assert queue.claim("another", ["act"], 60) is None  # takes it away; it waits a little
        clock.pass_(1000)
        another = queue.claim("another", ["act"], 10_000)
        with pytest.raises(Cancelled, match="another worker"):
            until_stopped(work)
        queue.complete(another, Outcome({"by": "another"}))
        return Outcome({"by": "me"})

    worker_of(queue, act, lease_s=0.02).run(until_empty=True)
    assert queue.get(job.id).result == {"by": "another"}


def test_the_lease_is_renewed_while_a_handler_is_silent(queue, clock):
    (job,) = queue.submit([Order("act")])
    renewed = threading.Event()

    class Listening:
        def __getattr__(self, name):
            return getattr(queue, name)

        def renew(self, lease, lease_s):
            renewed.set()
            return queue.renew(lease, lease_s)

    def silent(work):
        assert renewed.wait(30)
        return Outcome()

    worker_of(Listening(), silent, lease_s=0.02).run(until_empty=True)
    assert queue.get(job.id).state == State.DONE


def test_a_worker_with_nothing_to_do_deletes_what_ended_long_ago(queue, clock):
    (old,) = queue.submit([Order("act")])
    queue.cancel(old.id)
    clock.pass_(1000)
    worker_of(queue, lambda _: Outcome(), kept_s=None).run(until_empty=True)
    worker_of(queue, lambda _: Outcome(), kept_s=1001).run(until_empty=True)
    assert len(queue.list()) == 1
    worker_of(queue, lambda _: Outcome(), kept_s=999).run(until_empty=True)
    assert queue.list() == []


def test_a_queue_that_is_away_for_a_while_is_waited_for(queue):
    jobs = queue.submit([Order("act"), Order("act")])
    calls = []

    class Shaky:
        def __getattr__(self, name):
            return getattr(queue, name)

        def claim(self, *arguments):
            calls.append(arguments)
            if len(calls) in (2, 3):
                raise StorageError("the database cannot be used")
            return queue.claim(*arguments)

    assert worker_of(Shaky(), lambda _: Outcome()).run(until_empty=True) == 2
    assert {queue.get(job.id).state for job in jobs} == {State.DONE}
    calls[:] = [()]
    with pytest.raises(StorageError):
        worker_of(Shaky(), lambda _: Outcome()).run(until_empty=True)
