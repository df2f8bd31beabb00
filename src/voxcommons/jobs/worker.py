"""A worker: takes jobs from a queue one at a time, keeps its lease alive while a handler works, and reports how it went.

It knows no kind of job; the handlers are handed in. A handler is an ordinary function that returns an Outcome; it tells
its progress to the `Work` it gets, which is also where it hears that it should stop.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from voxcommons.base.errors import Cancelled, StorageError, VoxError, one_line
from voxcommons.base.log import logger
from voxcommons.jobs.job import Job, Lease, Outcome, Payload
from voxcommons.jobs.queue import Bench

LEASE_S: Final = 60.0
KEPT_S: Final = 90 * 86_400.0
_TIDY_EVERY_S: Final = 3600.0
_BEATS_PER_LEASE: Final = 4
_POLL_S: Final = 1.0
_AWAY_POLLS: Final = 5  # a server that starts again is not to be hurried
_TELL_EVERY_S: Final = 1.0  # progress in between stays with the worker

_log = logger(__name__)


class Work(Protocol):
    """What a handler is given; a `base.progress.Progress` too, for the functions it calls."""

    @property
    def job_id(self) -> str:
        """The id of the job."""

    @property
    def payload(self) -> Payload:
        """What was ordered."""

    @property
    def number(self) -> int:
        """Of the lease: above 1 when the job was begun before, so that something of it may lie about."""

    def check(self) -> None:
        """Call it often.

        Raises:
            Cancelled: the job was cancelled, lost to another worker, or the worker was told to quit.
        """

    def start(self, total: int | None, label: str) -> None:
        """As `Progress.start`; raises as `check`."""

    def advance(self, n: int = 1) -> None:
        """As `Progress.advance`; raises as `check`."""

    def note(self, text: str) -> None:
        """As `Progress.note`."""

    def finish(self) -> None:
        """As `Progress.finish`."""


Handler = Callable[[Work], Outcome]


def worker_name() -> str:
    """This process, for people: host and process number."""
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass
class Worker:
    """Does jobs until it is stopped.

    Attributes:
        queue: where jobs come from.
        handlers: what it can do, by kind.
        name: for people.
        lease_s: seconds of silence after which a job is given to somebody else.
        kept_s: seconds after which a job that ended is deleted; None keeps them all.
        poll_s: seconds between looks at an empty queue.
        quit: set it, from a signal handler too, and the worker gives its job back and ends.
    """

    queue: Bench
    handlers: Mapping[str, Handler]
    name: str = field(default_factory=worker_name)
    lease_s: float = LEASE_S
    kept_s: float | None = KEPT_S
    poll_s: float = _POLL_S
    quit: threading.Event = field(default_factory=threading.Event)

    def run(self, *, until_empty: bool = False) -> int:
        """Work.

        Args:
            until_empty: end when no job waits or is being done; else only when told to quit.

        Returns:
            The number of jobs taken.

        Raises:
            StorageError: the queue cannot be reached at the start; later it is waited for.
        """
        taken, reached, tidied = 0, False, float("-inf")
        while not self.quit.is_set():
            try:
                found = self.step()
                if not found and self.kept_s is not None and time.monotonic() - tidied >= _TIDY_EVERY_S:
                    tidied = time.monotonic()
                    self.queue.prune(self.kept_s)
            except StorageError as cause:  # what was not reported is done again when its lease has run out
                if not reached:
                    raise
                _log.warning("the queue cannot be reached, waiting: %s", cause)
                self.quit.wait(_AWAY_POLLS * self.poll_s)
                continue
            reached = True
            if found:
                taken += 1
            elif until_empty and not self.queue.pending(self.handlers):
                break
            else:
                self.quit.wait(self.poll_s)
        return taken

    def step(self) -> bool:
        """Take one job and end it; whether there was one."""
        lease = self.queue.claim(self.name, self.handlers, self.lease_s)
        if lease is None:
            return False
        work = _LeasedWork(self.queue, lease, self.quit)
        _log.info("took %s %s", lease.job.kind, lease.job.id)
        with self._kept_alive(work):
            report = self._do(work)
        if not self._reported(lease, report):
            _log.warning("%s was given to another worker meanwhile; nothing of this try was recorded", lease.job.id)
        return True

    def _reported(self, lease: Lease, report: Callable[[], bool]) -> bool:
        """Report; an outcome that cannot be kept is a failed try and no reason to die."""
        try:
            return report()
        except StorageError:
            raise
        except Exception as cause:  # noqa: BLE001 - rows of a handler that no table takes
            _log.exception("the outcome of %s cannot be kept", lease.job.id)
            return self.queue.fail(lease, f"the outcome cannot be kept: {type(cause).__name__}: {cause}", again=True)

    def _do(self, work: _LeasedWork) -> Callable[[], bool]:
        """Run the handler; what is to be reported, as a call."""
        queue, lease = self.queue, work.lease
        try:
            outcome = self.handlers[lease.job.kind](work)
        except Cancelled:
            return lambda: queue.stopped(lease)
        except StorageError as cause:  # a full disk or a database that was away may be well again later
            return _failure(queue, lease, str(cause), again=True)
        except VoxError as cause:  # a mistake in the order stays one
            return _failure(queue, lease, str(cause), again=False)
        except Exception as cause:  # noqa: BLE001 - whatever a handler dies of must not take the worker with it
            _log.exception("%s %s failed", lease.job.kind, lease.job.id)
            return _failure(queue, lease, f"{type(cause).__name__}: {one_line(str(cause))}", again=True)
        return lambda: queue.complete(lease, outcome)

    @contextlib.contextmanager
    def _kept_alive(self, work: _LeasedWork) -> Iterator[None]:
        """Renew the lease beside the handler, and hear there whether it should stop."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(self.lease_s / _BEATS_PER_LEASE):
                try:
                    work.heard(self.queue.renew(work.lease, self.lease_s))
                except StorageError as cause:  # the next beat may reach it; if none does, the lease runs out as it should
                    _log.warning("the lease of %s was not renewed: %s", work.job_id, cause)

        heart = threading.Thread(target=beat, name="lease", daemon=True)
        heart.start()
        try:
            yield
        finally:
            over.set()
            heart.join()


def _failure(queue: Bench, lease: Lease, error: str, *, again: bool) -> Callable[[], bool]:
    return lambda: queue.fail(lease, error, again=again)


class _LeasedWork:
    """One job in the hands of a worker: counts progress, tells it to the queue now and then, and knows when to stop."""

    def __init__(self, queue: Bench, lease: Lease, leave: threading.Event) -> None:
        self._queue, self.lease, self._leave = queue, lease, leave
        self._halt = ""
        self._label, self._done = "", 0
        self._total: int | None = None
        self._told_at = float("-inf")

    @property
    def job_id(self) -> str:
        return self.lease.job.id

    @property
    def payload(self) -> Payload:
        return self.lease.job.payload

    @property
    def number(self) -> int:
        return self.lease.number

    def heard(self, job: Job | None) -> None:
        """What the last renewal answered."""
        if job is None:
            self._halt = "another worker has the job"
        elif job.cancel_wanted:
            self._halt = "it was cancelled"

    def check(self) -> None:
        if self._halt or self._leave.is_set():
            raise Cancelled("the job was stopped", found=self._halt or "the worker was told to quit")

    def start(self, total: int | None, label: str) -> None:
        self._label, self._done, self._total = label, 0, total
        self._tell(label != "")
        self.check()

    def advance(self, n: int = 1) -> None:
        self._done += n
        self._tell(False)
        self.check()

    def note(self, text: str) -> None:
        self._tell(True, text)

    def finish(self) -> None:
        if self._total is not None:
            self._done = self._total
        self._tell(True)

    def _tell(self, now: bool, note: str = "") -> None:
        if now or time.monotonic() - self._told_at >= _TELL_EVERY_S:
            self._told_at = time.monotonic()
            if not self._queue.progress(self.lease, self._label, self._done, self._total, note):
                self._halt = "another worker has the job"
