"""What a job is, as plain values that travel between processes and machines.

Apart from the tables, so that whoever submits, watches or does a job needs no database to speak of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

Payload = Mapping[str, Any]
"""JSON: texts, numbers, lists, objects."""

_FIRST_WAIT_S: Final = 5.0
_LONGEST_WAIT_S: Final = 600.0
_SPREAD: Final = 0.2  # jobs that failed together come back apart


class State(StrEnum):
    """Where a job stands. The last three are ends; only `retry` leads out of failed and cancelled."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDS: Final = frozenset({State.DONE, State.FAILED, State.CANCELLED})


@dataclass(frozen=True)
class Order:
    """A job that is wanted.

    Attributes:
        kind: which handler does it.
        payload: what the handler needs to know.
        key: two orders with the same key are one job; None makes a job each time.
        batch: a name shared by jobs that belong together.
        priority: higher ones are taken first.
        most_tries: tries before it counts as failed; a worker that dies of it is a try too.
    """

    kind: str
    payload: Payload = field(default_factory=dict)
    key: str | None = None
    batch: str | None = None
    priority: int = 0
    most_tries: int = 5


@dataclass(frozen=True)
class Job:
    """A job as the queue knows it at one moment. Times are seconds since 1970.

    Attributes:
        id: 32 hexadecimal digits.
        kind, payload, key, batch, priority, most_tries: as ordered.
        state: where it stands.
        created: when it was ordered.
        due: it is not begun before.
        tries: tries that failed since it was ordered or last retried.
        lease: how often it was handed out; the newest holder alone may report on it.
        worker: who holds or last held it.
        started, finished: of the last try; None before.
        cancel_wanted: its worker was asked to stop.
        label: what it is doing.
        done_steps, all_steps: how far that is; `all_steps` is None when nobody knows.
        result: what the handler returned, once it is done.
        error: why the last try failed, in one line; empty if none did.
    """

    id: str
    kind: str
    payload: Payload
    key: str | None
    batch: str | None
    priority: int
    most_tries: int
    state: State
    created: float
    due: float
    tries: int
    lease: int
    worker: str
    started: float | None
    finished: float | None
    cancel_wanted: bool
    label: str
    done_steps: int
    all_steps: int | None
    result: Payload | None
    error: str

    @property
    def ended(self) -> bool:
        """Whether nothing will happen to it by itself."""
        return self.state in ENDS


@dataclass(frozen=True)
class Event:
    """Something that happened to a job.

    Attributes:
        id: grows; ask for events after the last one seen.
        job_id: whose.
        at: seconds since 1970.
        kind: ``queued``, ``taken``, ``progress``, ``note``, ``again`` (a try failed, another follows), ``lost`` (its worker
            fell silent), ``given_back``, ``cancelling``, ``retried``, or the name of an end.
        lease: under which lease it happened; 0 before the first.
        text: in words.
    """

    id: int
    job_id: str
    at: float
    kind: str
    lease: int
    text: str


@dataclass(frozen=True)
class Lease:
    """The right to work on a job until it runs out. A later lease of the same job has a higher number and ends this one.

    Attributes:
        job: as it was when it was handed out.
        number: the fencing token: the queue takes reports under the newest number only.
    """

    job: Job
    number: int


@dataclass(frozen=True)
class Row:
    """A row that is to be written together with the end of a job.

    Attributes:
        table: its name.
        values: by column.
    """

    table: str
    values: Payload


@dataclass(frozen=True)
class Outcome:
    """What a handler returns.

    Attributes:
        result: kept with the job.
        rows: written in the transaction that ends the job, so all of them stand or none does, and never twice.
    """

    result: Payload = field(default_factory=dict)
    rows: Sequence[Row] = ()


def wait_s(job_id: str, tries: int) -> float:
    """Seconds before the next try, after `tries` failed ones: twice as long each time, up to ten minutes.

    Spread by a fifth in a way that depends on the job alone, so that it can be tested.
    """
    plain = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(tries - 1, 30))
    share = zlib.crc32(f"{job_id}:{tries}".encode()) / 0xFFFFFFFF
    return plain * (1.0 - _SPREAD * share)
