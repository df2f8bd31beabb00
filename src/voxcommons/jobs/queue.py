"""The one Queue: what may be asked of it by those who order work, and by those who do it.

A Protocol, so that another engine can stand behind it. Everything that crosses it is a plain value of job.py: an engine
on many machines sends these over the wire, keeps the queue where its database is, and runs the same workers elsewhere.

Promises of every engine:
- an order that was accepted is done, or failed, or cancelled; it is never forgotten, whichever process is killed when;
- a job may be *begun* more than once (after a crash), but it is *ended* once: a report under an old lease is refused;
- the rows of an outcome are written in the same transaction as the end of the job.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from voxcommons.jobs.job import ENDS, Event, Job, Lease, Order, Outcome, State


class Desk(Protocol):
    """The side of those who order work and watch it."""

    def submit(self, orders: Iterable[Order]) -> Sequence[Job]:
        """Accept orders, all or none.

        Returns:
            Their jobs, in order; for a key that is known, the job that has it.

        Raises:
            InputError: an order cannot be one.
        """

    def get(self, job_id: str) -> Job:
        """A job by its id, or by the beginning of it.

        Raises:
            InputError: there is none, or several begin so.
        """

    def list(self, states: Collection[State] = (), *, kind: str | None = None, batch: str | None = None, most: int = 100) -> Sequence[Job]:
        """Jobs, the newest first; no states mean all."""

    def events(self, job_id: str, after: int = 0) -> Sequence[Event]:
        """What happened to a job since the event with the number `after`."""

    def cancel(self, job_id: str) -> Job:
        """End a waiting job now, and ask the worker of a running one to stop.

        Raises:
            InputError: it has ended already.
        """

    def retry(self, job_id: str) -> Job:
        """Queue a failed or cancelled job again, with all its tries.

        Raises:
            InputError: it is in no such state.
        """


class Bench(Protocol):
    """The side of those who do the work. Every report is refused (False) when the lease is not the newest any more."""

    def claim(self, worker: str, kinds: Collection[str], lease_s: float) -> Lease | None:
        """Take the next job that is due; None when there is none.

        Args:
            worker: a name for people.
            kinds: the kinds it can do.
            lease_s: seconds after which, without `renew`, somebody else may take it.
        """

    def renew(self, lease: Lease, lease_s: float) -> Job | None:
        """Hold a job for `lease_s` more seconds; the job as it stands (with `cancel_wanted`), or None when it was lost."""

    def progress(self, lease: Lease, label: str, done: int, total: int | None, note: str = "") -> bool:
        """Say how far it is; a new label and a note become events."""

    def complete(self, lease: Lease, outcome: Outcome) -> bool:
        """End a job as done, with its rows, in one transaction."""

    def fail(self, lease: Lease, error: str, *, again: bool) -> bool:
        """End a try as failed; with `again` and tries left, the job comes back later."""

    def stopped(self, lease: Lease) -> bool:
        """End a job as cancelled, if that was wanted; else give it back untouched, as a worker does that is told to quit."""

    def lost(self, worker: str) -> int:
        """Take away what a worker holds that is known to be dead, as if its leases had run out; how many jobs that were."""

    def prune(self, older_s: float, states: Collection[State] = ENDS) -> int:
        """Delete jobs that ended so many seconds ago or more, with their events; how many. What they made stays.

        Raises:
            InputError: a state is not an end.
        """

    def pending(self, kinds: Collection[str]) -> bool:
        """Whether a job of these kinds waits, also for its next try, or is being done by anybody."""


class Queue(Desk, Bench, Protocol):
    """Both sides."""
