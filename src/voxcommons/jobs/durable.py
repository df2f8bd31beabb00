"""The queue that lives in the database of the installation: the default engine.

Every act is one transaction. A worker holds a job by a lease with a number that only grows; reports under an older number
find no row and change nothing, so a worker that was thought dead, and wakes up, cannot end a job a second time.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from voxcommons.base.database import Database
from voxcommons.base.errors import InputError, one_line
from voxcommons.base.tables import Table
from voxcommons.jobs.job import ENDS, Event, Job, Lease, Order, Outcome, State, wait_s
from voxcommons.jobs.tables import EventRow, JobRow

_MOST_PAYLOAD_CHARS: Final = 1 << 20
_SHORTEST_PREFIX_CHARS: Final = 4
_LABEL_CHARS: Final = 400
_WORKER_CHARS: Final = 200
_PRUNED_AT_ONCE: Final = 500
_ERROR_CHARS: Final = 2000
_LOST: Final = "its worker fell silent"


@dataclass(frozen=True)
class DurableQueue:
    """A `jobs.queue.Queue` in a database.

    Attributes:
        database: where; many processes, and with PostgreSQL many machines, may share it.
    """

    database: Database

    def submit(self, orders: Iterable[Order]) -> Sequence[Job]:
        """As `Desk.submit`."""
        wanted = [_checked(order) for order in orders]
        with self.database.writing() as session:
            now = self.database.now(session)
            return [_accept(session, order, now).value() for order in wanted]

    def get(self, job_id: str) -> Job:
        """As `Desk.get`."""
        with self.database.reading() as session:
            return _find(session, job_id).value()

    def list(self, states: Collection[State] = (), *, kind: str | None = None, batch: str | None = None, most: int = 100) -> Sequence[Job]:
        """As `Desk.list`."""
        query = select(JobRow).order_by(JobRow.created.desc(), JobRow.id).limit(most)
        if states:
            query = query.where(JobRow.state.in_(list(states)))
        if kind is not None:
            query = query.where(JobRow.kind == kind)
        if batch is not None:
            query = query.where(JobRow.batch == batch)
        with self.database.reading() as session:
            return [row.value() for row in session.scalars(query)]

    def events(self, job_id: str, after: int = 0) -> Sequence[Event]:
        """As `Desk.events`."""
        query = select(EventRow).where(EventRow.job_id == job_id, EventRow.id > after).order_by(EventRow.id)
        with self.database.reading() as session:
            return [Event(row.id, row.job_id, row.at, row.kind, row.lease, row.text) for row in session.scalars(query)]

    def cancel(self, job_id: str) -> Job:
        """As `Desk.cancel`."""
        with self.database.writing() as session:
            row, now = _find(session, job_id, locked=True), self.database.now(session)
            if row.state in ENDS:
                raise InputError("this job has ended already", expected="one that waits or runs", found=f"{row.id[:8]} is {row.state}")
            row.cancel_wanted = True
            if row.state == State.QUEUED:
                _end(session, row, State.CANCELLED, now, "before it began")
            else:
                _tell(session, row, "cancelling", now)
            return row.value()

    def retry(self, job_id: str) -> Job:
        """As `Desk.retry`."""
        with self.database.writing() as session:
            row, now = _find(session, job_id, locked=True), self.database.now(session)
            if row.state not in (State.FAILED, State.CANCELLED):
                found = f"{row.id[:8]} is {row.state}"
                raise InputError("this job is not to be retried", expected="one that failed or was cancelled", found=found)
            row.state, row.tries, row.due, row.cancel_wanted = State.QUEUED, 0, now, False
            row.finished, row.label, row.done_steps, row.all_steps = None, "", 0, None
            _tell(session, row, "retried", now)
            return row.value()

    def claim(self, worker: str, kinds: Collection[str], lease_s: float) -> Lease | None:
        """As `Bench.claim`."""
        with self.database.reading() as session:  # an idle worker must not keep others from writing
            if not session.scalar(select(_waiting(session, kinds, self.database.now(session)))):
                return None
        with self.database.writing() as session:
            now = self.database.now(session)
            _take_away(session, now, JobRow.leased_until < now)
            row = session.scalar(
                select(JobRow)
                .where(JobRow.state == State.QUEUED, JobRow.due <= now, JobRow.kind.in_(list(kinds)))
                .order_by(JobRow.priority.desc(), JobRow.due, JobRow.created, JobRow.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if row is None:
                return None
            row.state, row.lease, row.worker = State.RUNNING, row.lease + 1, worker[:_WORKER_CHARS]
            row.leased_until, row.started, row.finished = now + lease_s, now, None
            row.label, row.done_steps, row.all_steps = "", 0, None
            _tell(session, row, "taken", now, f"by {worker}")
            return Lease(row.value(), row.lease)

    def renew(self, lease: Lease, lease_s: float) -> Job | None:
        """As `Bench.renew`."""
        with self.database.writing() as session:
            row = session.scalar(_held(lease))
            if row is None:
                return None
            row.leased_until = self.database.now(session) + lease_s
            return row.value()

    def progress(self, lease: Lease, label: str, done: int, total: int | None, note: str = "") -> bool:
        """As `Bench.progress`."""
        label = _clean(label, _LABEL_CHARS)
        with self.database.writing() as session:
            row = session.scalar(_held(lease))
            if row is None:
                return False
            now = self.database.now(session)
            if label != row.label:
                _tell(session, row, "progress", now, label)
            if note:
                _tell(session, row, "note", now, _clean(note, _ERROR_CHARS))
            row.label, row.done_steps, row.all_steps = label, done, total
            return True

    def complete(self, lease: Lease, outcome: Outcome) -> bool:
        """As `Bench.complete`."""
        with self.database.writing() as session:
            row = session.scalar(_held(lease))
            if row is None:
                return False
            for extra in outcome.rows:
                session.execute(Table.metadata.tables[extra.table].insert().values(dict(extra.values)))
            row.result, row.error = dict(outcome.result), ""
            _end(session, row, State.DONE, self.database.now(session))
            return True

    def fail(self, lease: Lease, error: str, *, again: bool) -> bool:
        """As `Bench.fail`."""
        with self.database.writing() as session:
            row = session.scalar(_held(lease))
            if row is None:
                return False
            _failed(session, row, self.database.now(session), _clean(error, _ERROR_CHARS), again=again)
            return True

    def stopped(self, lease: Lease) -> bool:
        """As `Bench.stopped`."""
        with self.database.writing() as session:
            row = session.scalar(_held(lease))
            if row is None:
                return False
            now = self.database.now(session)
            if row.cancel_wanted:
                _end(session, row, State.CANCELLED, now, "while it ran")
            else:
                row.state, row.due, row.leased_until = State.QUEUED, now, None
                _tell(session, row, "given_back", now, "its worker was told to quit")
            return True

    def lost(self, worker: str) -> int:
        """As `Bench.lost`."""
        with self.database.writing() as session:
            return _take_away(session, self.database.now(session), JobRow.worker == worker[:_WORKER_CHARS])

    def prune(self, older_s: float, states: Collection[State] = ENDS) -> int:
        """As `Bench.prune`."""
        if not set(states) <= ENDS:
            raise InputError("a job that has not ended is not deleted", expected=", ".join(sorted(ENDS)), found=", ".join(states))
        pruned = 0
        while True:  # a few at a time, so that others may write in between
            with self.database.writing() as session:
                old = JobRow.finished <= self.database.now(session) - older_s
                chosen = select(JobRow.id).where(JobRow.state.in_(list(states)), old).limit(_PRUNED_AT_ONCE)
                doomed = session.scalars(chosen).all()
                session.execute(delete(EventRow).where(EventRow.job_id.in_(doomed)))
                session.execute(delete(JobRow).where(JobRow.id.in_(doomed)))
            pruned += len(doomed)
            if len(doomed) < _PRUNED_AT_ONCE:
                return pruned

    def pending(self, kinds: Collection[str]) -> bool:
        """As `Bench.pending`."""
        with self.database.reading() as session:
            return bool(session.scalar(select(exists().where(JobRow.state.notin_(list(ENDS)), JobRow.kind.in_(list(kinds))))))


def _checked(order: Order) -> Order:
    try:
        size = len(json.dumps(dict(order.payload), allow_nan=False))
    except (TypeError, ValueError) as cause:
        raise InputError("this cannot be a job", expected="a payload of texts, numbers, lists and objects", found=str(cause)) from cause
    faults = [
        (not 0 < len(order.kind) <= 64, f"a kind of {len(order.kind)} characters"),
        (size > _MOST_PAYLOAD_CHARS, f"a payload of {size} characters"),
        (order.key is not None and not 0 < len(order.key) <= 200, "a key of no or more than 200 characters"),
        (order.batch is not None and not 0 < len(order.batch) <= 64, "a batch name of no or more than 64 characters"),
        (order.most_tries < 1, f"{order.most_tries} tries"),
    ]
    expected = "a short kind, key and batch, a payload under a megabyte, at least one try"
    for wrong, found in faults:
        if wrong:
            raise InputError("this cannot be a job", expected=expected, found=found)
    return order


def _accept(session: Session, order: Order, now: float) -> JobRow:
    known = _known(session, order.key)
    if known is not None:
        return known
    row = JobRow(
        id=uuid.uuid4().hex, kind=order.kind, payload=dict(order.payload), batch=order.batch, key=order.key, state=State.QUEUED,
        priority=order.priority, created=now, due=now, tries=0, most_tries=order.most_tries, lease=0, leased_until=None, worker="",
        started=None, finished=None, cancel_wanted=False, label="", done_steps=0, all_steps=None, result=None, error="",
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # somebody else ordered it this very moment
        known = _known(session, order.key)
        if known is None:
            raise
        return known
    _tell(session, row, "queued", now)
    return row


def _known(session: Session, key: str | None) -> JobRow | None:
    return None if key is None else session.scalar(select(JobRow).where(JobRow.key == key))


def _find(session: Session, job_id: str, *, locked: bool = False) -> JobRow:
    """A job by its id or the beginning of it."""
    rows: Sequence[JobRow] = ()
    if len(job_id) >= _SHORTEST_PREFIX_CHARS and job_id.isascii() and job_id.isalnum():
        query = select(JobRow).where(JobRow.id.startswith(job_id.lower())).limit(2)
        rows = session.scalars(query.with_for_update() if locked else query).all()
    if not rows:
        raise InputError("no such job", expected="the id of a job or its beginning", found=repr(one_line(job_id)), do="see: vox jobs list")
    if len(rows) > 1:
        raise InputError("several jobs begin so", expected="more of the id", found=job_id, do="see: vox jobs list")
    return rows[0]


def _held(lease: Lease) -> Select[JobRow]:
    """The row of a lease, locked, if the lease is still the newest and the job still runs."""
    ours = (JobRow.id == lease.job.id, JobRow.lease == lease.number, JobRow.state == State.RUNNING)
    return select(JobRow).where(*ours).with_for_update()


def _waiting(session: Session, kinds: Collection[str], now: float) -> ColumnElement[bool]:
    """Whether a job can be taken now, or a silent worker's be taken away."""
    ready = (JobRow.state == State.QUEUED) & (JobRow.due <= now)
    silent = (JobRow.state == State.RUNNING) & (JobRow.leased_until < now)
    return exists().where(or_(ready, silent), JobRow.kind.in_(list(kinds)))


def _take_away(session: Session, now: float, whose: ColumnElement[bool]) -> int:
    """Take jobs away from workers whose lease ran out, or that are known to be dead; how many."""
    silent = select(JobRow).where(JobRow.state == State.RUNNING, whose).with_for_update(skip_locked=True)
    rows = session.scalars(silent).all()
    for row in rows:
        _tell(session, row, "lost", now, f"{_LOST}: {row.worker}")
        if row.cancel_wanted:
            _end(session, row, State.CANCELLED, now, "while it ran")
        else:
            _failed(session, row, now, f"{_LOST} ({row.worker})", again=True)
    session.flush()
    return len(rows)


def _failed(session: Session, row: JobRow, now: float, error: str, *, again: bool) -> None:
    row.tries += 1
    row.error = error
    if row.cancel_wanted:
        _end(session, row, State.CANCELLED, now, "while it ran")
    elif again and row.tries < row.most_tries:
        wait = wait_s(row.id, row.tries)
        row.state, row.due, row.leased_until, row.finished = State.QUEUED, now + wait, None, now
        _tell(session, row, "again", now, f"try {row.tries} of {row.most_tries} failed, next in {wait:.0f} s: {error}")
    else:
        _end(session, row, State.FAILED, now, error)


def _end(session: Session, row: JobRow, state: State, now: float, text: str = "") -> None:
    row.state, row.finished, row.leased_until = state, now, None
    _tell(session, row, state.value, now, text)


def _tell(session: Session, row: JobRow, kind: str, now: float, text: str = "") -> None:
    session.add(EventRow(job_id=row.id, at=now, kind=kind, lease=row.lease, text=text))


def _clean(text: str, most: int) -> str:
    """One line that every database can keep."""
    return one_line(text, longest_chars=most)


def count_by_state(database: Database) -> dict[str, int]:
    """How many jobs there are in each state."""
    with database.reading() as session:
        return {state: int(count) for state, count in session.execute(select(JobRow.state, func.count()).group_by(JobRow.state))}
