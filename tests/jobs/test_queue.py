"""The queue keeps every order, hands it to one worker at a time, and lets only the newest holder end it."""

import threading

import pytest
from sqlalchemy import update

from voxcommons.base.errors import InputError
from voxcommons.jobs.durable import DurableQueue, count_by_state
from voxcommons.jobs.job import Order, Outcome, Row, State, wait_s
from voxcommons.jobs.tables import JobRow

KINDS = ("clone", "speak")


def take(queue, worker="one"):
    return queue.claim(worker, KINDS, 60)


def kinds_of(queue, job):
    return [event.kind for event in queue.events(job.id)]


def effect(job_id, text="made"):
    return Row("job_event", {"job_id": job_id, "at": 0.0, "kind": "effect", "lease": 0, "text": text})


def test_an_order_is_kept_and_done(queue, clock):
    (job,) = queue.submit([Order("clone", {"名字": "小明", "steps": [1, 2.5, None], "odd": "\0\ud800"}, batch="b")])
    assert (job.state, job.created, job.lease) == (State.QUEUED, clock.time, 0)
    lease = take(queue)
    assert lease.job.payload == {"名字": "小明", "steps": [1, 2.5, None], "odd": "\0\ud800"}
    assert take(queue, "two") is None
    assert queue.complete(lease, Outcome({"ok": "是"}))
    done = queue.get(job.id)
    assert (done.state, done.result, done.finished, done.worker) == (State.DONE, {"ok": "是"}, clock.time, "one")
    assert kinds_of(queue, job) == ["queued", "taken", "done"]
    assert take(queue) is None


def test_the_same_key_is_the_same_job(queue):
    first, again, other = queue.submit([Order("clone", {"n": 1}, key="a"), Order("clone", {"n": 2}, key="a"), Order("clone", key="b")])
    assert first.id == again.id != other.id
    assert queue.submit([Order("clone", {"n": 3}, key="a")])[0].payload == {"n": 1}


def test_two_who_order_the_same_at_once_get_one_job(queue):
    found, start = [], threading.Barrier(4)

    def order():
        start.wait()
        found.extend(queue.submit([Order("clone", key="a")]))

    threads = [threading.Thread(target=order) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({job.id for job in found}) == 1
    assert len(queue.list()) == 1


@pytest.mark.parametrize(
    "order",
    [Order(""), Order("x" * 65), Order("clone", {"x": b"bytes"}), Order("clone", {"x": float("nan")}),
     Order("clone", {"x": "y" * (1 << 20)}), Order("clone", key=""),
     Order("clone", most_tries=0), Order("clone", batch="b" * 65)],
)  # fmt: skip
def test_orders_are_accepted_all_or_none(queue, order):
    with pytest.raises(InputError, match="cannot be a job"):
        queue.submit([Order("clone"), order])
    assert queue.list() == []


def test_the_urgent_come_first_and_then_the_old(queue, clock):
    for name, priority in (("old", 0), ("young", 0), ("urgent", 5)):
        queue.submit([Order("clone", {"name": name}, priority=priority)])
        clock.pass_(1)
    assert [take(queue).job.payload["name"] for _ in range(3)] == ["urgent", "old", "young"]


def test_a_worker_is_given_only_what_it_can_do(queue):
    queue.submit([Order("speak")])
    assert queue.claim("one", ["clone"], 60) is None
    assert not queue.pending(["clone"])
    assert queue.pending(["speak"])
    assert queue.claim("one", ["speak"], 60) is not None


def test_a_silent_worker_loses_its_job_and_cannot_end_it_any_more(queue, clock):
    (job,) = queue.submit([Order("clone")])
    slow = take(queue, "slow")
    clock.pass_(61)
    assert take(queue, "quick") is None  # it waits first, as after any failed try
    clock.pass_(10)
    quick = take(queue, "quick")
    assert (quick.job.id, quick.number) == (job.id, slow.number + 1)
    assert queue.renew(slow, 60) is None
    assert not queue.progress(slow, "still here", 1, 2)
    assert not queue.complete(slow, Outcome({"by": "slow"}, [effect(job.id)]))
    assert not queue.fail(slow, "too late", again=True)
    assert not queue.stopped(slow)
    assert queue.complete(quick, Outcome({"by": "quick"}, [effect(job.id)]))
    assert not queue.complete(quick, Outcome({"by": "quick again"}, [effect(job.id)]))
    assert queue.get(job.id).result == {"by": "quick"}
    assert kinds_of(queue, job) == ["queued", "taken", "lost", "again", "taken", "effect", "done"]


def test_a_lease_that_is_renewed_is_not_lost(queue, clock):
    queue.submit([Order("clone")])
    lease = take(queue)
    for _ in range(5):
        clock.pass_(50)
        assert queue.renew(lease, 60).state == State.RUNNING
        assert take(queue, "two") is None
    assert queue.complete(lease, Outcome())


def test_a_late_worker_whose_job_nobody_took_may_still_end_it(queue, clock):
    queue.submit([Order("clone")])
    lease = take(queue)
    clock.pass_(1000)
    assert queue.complete(lease, Outcome())


def test_rows_of_an_outcome_stand_or_fall_with_the_end_of_the_job(queue):
    (job,) = queue.submit([Order("clone")])
    lease = take(queue)
    with pytest.raises(Exception, match="(?i)null"):
        queue.complete(lease, Outcome({}, [effect(job.id), effect(None)]))
    assert queue.get(job.id).state == State.RUNNING
    assert "effect" not in kinds_of(queue, job)
    assert queue.complete(lease, Outcome({}, [effect(job.id)]))


def test_a_result_that_is_no_json_ends_nothing(queue):
    (job,) = queue.submit([Order("clone")])
    lease = take(queue)
    with pytest.raises(Exception, match="JSON compliant"):
        queue.complete(lease, Outcome({"x": float("inf")}))
    assert queue.get(job.id).state == State.RUNNING


def test_a_failed_try_comes_back_later_each_time_until_there_are_no_more(queue, clock):
    (job,) = queue.submit([Order("clone", most_tries=3)])
    waits = []
    for _ in range(2):
        lease = take(queue)
        assert queue.fail(lease, "oh", again=True)
        waits.append(queue.get(job.id).due - clock.time)
        assert take(queue) is None
        clock.pass_(waits[-1])
    assert waits == pytest.approx([wait_s(job.id, 1), wait_s(job.id, 2)], abs=1e-4)
    assert queue.fail(take(queue), "no\nway\0", again=True)
    failed = queue.get(job.id)
    assert (failed.state, failed.tries, failed.error) == (State.FAILED, 3, "no way\\x00")
    clock.pass_(10_000)
    assert take(queue) is None


def test_waits_double_up_to_ten_minutes():
    for tries, plain in ((1, 5), (2, 10), (5, 80), (9, 600), (4000, 600)):
        assert 0.8 * plain <= wait_s("a" * 32, tries) <= plain


def test_a_job_that_kills_its_workers_ends_as_failed(queue, clock):
    (job,) = queue.submit([Order("clone", most_tries=2)])
    for _ in range(2):
        assert take(queue) is not None
        clock.pass_(1000)
        assert take(queue) is None
        clock.pass_(1000)
    failed = queue.get(job.id)
    assert failed.state == State.FAILED
    assert "silent" in failed.error


def test_a_mistake_in_the_order_is_not_tried_again(queue):
    (job,) = queue.submit([Order("clone")])
    queue.fail(take(queue), "no such file", again=False)
    assert queue.get(job.id).state == State.FAILED


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_when_its_worker_hears_of_it(queue):
    waiting, running = queue.submit([Order("speak"), Order("clone", priority=1)])
    lease = take(queue)
    assert queue.cancel(waiting.id).state == State.CANCELLED
    assert queue.cancel(running.id[:8]).state == State.RUNNING
    assert queue.renew(lease, 60).cancel_wanted
    assert queue.stopped(lease)
    assert queue.get(running.id).state == State.CANCELLED
    assert take(queue) is None
    with pytest.raises(InputError, match="ended already"):
        queue.cancel(running.id)


def test_a_cancelled_job_whose_worker_died_or_failed_is_cancelled(queue, clock):
    dead, failing = queue.submit([Order("clone"), Order("clone")])
    take(queue)
    second = take(queue)
    for job in (dead, failing):
        queue.cancel(job.id)
    queue.fail(second, "oh", again=True)
    clock.pass_(61)
    assert take(queue) is None
    assert {queue.get(job.id).state for job in (dead, failing)} == {State.CANCELLED}


def test_what_was_done_before_the_cancelling_was_heard_counts(queue):
    (job,) = queue.submit([Order("clone")])
    lease = take(queue)
    queue.cancel(job.id)
    assert queue.complete(lease, Outcome({"x": 1}))
    assert queue.get(job.id).state == State.DONE


def test_a_worker_that_quits_gives_its_job_back_untouched(queue):
    (job,) = queue.submit([Order("clone")])
    assert queue.stopped(take(queue))
    back = queue.get(job.id)
    assert (back.state, back.tries) == (State.QUEUED, 0)
    assert take(queue).number == 2


def test_a_failed_job_is_retried_with_all_its_tries(queue):
    (job,) = queue.submit([Order("clone", most_tries=1)])
    queue.fail(take(queue), "oh", again=True)
    assert queue.retry(job.id).state == State.QUEUED
    lease = take(queue)
    assert (lease.number, lease.job.tries) == (2, 0)
    with pytest.raises(InputError, match="not to be retried"):
        queue.retry(job.id)
    queue.complete(lease, Outcome())
    with pytest.raises(InputError, match="not to be retried"):
        queue.retry(job.id)


def test_progress_is_seen_and_a_new_label_is_an_event(queue):
    (job,) = queue.submit([Order("clone")])
    lease = take(queue)
    for label, done, note in (("reading", 0, ""), ("reading", 3, "it is noisy\nhere"), ("writing", 1, "")):
        assert queue.progress(lease, label, done, 5, note)
    seen = queue.get(job.id)
    assert (seen.label, seen.done_steps, seen.all_steps) == ("writing", 1, 5)
    events = queue.events(job.id)
    assert [(event.kind, event.text) for event in events[2:]] == [
        ("progress", "reading"), ("note", "it is noisy here"), ("progress", "writing")
    ]  # fmt: skip
    assert queue.events(job.id, after=events[-2].id) == [events[-1]]


def test_jobs_are_listed_by_state_kind_and_batch(queue, database, clock):
    a, b, c = (queue.submit([order])[0] for order in (Order("clone", batch="x"), Order("speak", batch="x"), Order("speak")))
    queue.cancel(c.id)
    assert {job.id for job in queue.list()} == {a.id, b.id, c.id}
    assert [job.id for job in queue.list([State.CANCELLED])] == [c.id]
    assert {job.id for job in queue.list(batch="x")} == {a.id, b.id}
    assert [job.id for job in queue.list(kind="clone")] == [a.id]
    assert len(queue.list(most=2)) == 2
    assert count_by_state(database) == {"queued": 2, "cancelled": 1}


def test_an_id_is_known_by_its_beginning(queue):
    (job,) = queue.submit([Order("clone")])
    assert queue.get(job.id[:6]).id == job.id
    for wrong in ("", "zzzz", "%", "____", "no such", job.id[:3], "\0"):
        with pytest.raises(InputError, match="no such job"):
            queue.get(wrong)


def test_what_a_dead_worker_held_is_free_at_once_and_its_reports_are_refused(queue, clock):
    held, others = queue.submit([Order("clone"), Order("clone")])
    leases = [queue.claim(name, KINDS, 10_000) for name in ("dead", "alive")]
    assert queue.lost("dead") == 1
    assert queue.lost("dead") == queue.lost("nobody") == 0
    dead = next(lease for lease in leases if lease.job.worker == "dead")
    assert (queue.get(dead.job.id).state, queue.get(dead.job.id).tries) == (State.QUEUED, 1)
    assert {queue.get(job.id).state for job in (held, others)} == {State.QUEUED, State.RUNNING}
    assert queue.complete(dead, Outcome()) is False
    clock.pass_(20)
    assert queue.claim("next", KINDS, 10_000).number == 2


def test_jobs_that_ended_long_ago_are_deleted_and_no_others(queue, clock, database):
    done, failed, waiting, running, young = queue.submit([Order("clone", {"n": n}, priority=-n) for n in range(5)])
    queue.complete(queue.claim("a", KINDS, 10_000), Outcome())
    queue.fail(queue.claim("a", KINDS, 10_000), "no", again=False)
    queue.cancel(young.id)
    queue.retry(young.id)
    clock.pass_(1000)
    held = queue.claim("a", KINDS, 10_000)
    queue.cancel(young.id)
    with pytest.raises(InputError, match="has not ended"):
        queue.prune(0, [State.RUNNING])
    assert queue.prune(1001) == 0
    assert queue.prune(1000, [State.DONE]) == 1
    assert queue.prune(1000) == 1
    assert {job.id for job in queue.list()} == {waiting.id, running.id, young.id}
    assert queue.events(done.id) == queue.events(failed.id) == []
    assert queue.prune(0) == 1
    assert queue.complete(held, Outcome())


def test_many_old_jobs_are_deleted_a_few_at_a_time(queue, database):
    queue.submit([Order("clone")] * 1201)
    with database.writing() as session:
        session.execute(update(JobRow).values(state=State.DONE, finished=0.0))
    assert queue.prune(0) == 1201
    assert queue.list() == []


def test_many_workers_at_once_do_each_job_once(queue, database):
    jobs = queue.submit(Order("clone", {"n": n}) for n in range(24))
    start = threading.Barrier(4)

    def work(name):
        own = DurableQueue(database)
        start.wait()
        while lease := own.claim(name, KINDS, 60):
            own.complete(lease, Outcome({"by": name}, [effect(lease.job.id)]))

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for job in jobs:
        assert kinds_of(queue, job) == ["queued", "taken", "effect", "done"]
