"""The tables of the queue. base/migrations holds their history, and a test holds the two together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Double, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from voxcommons.base.tables import COUNTED, Table
from voxcommons.jobs.job import Job, State


class JobRow(Table):
    """A job; `jobs.job.Job` says what the columns mean."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_state_due", "state", "due"), Index("ix_job_batch", "batch"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    batch: Mapped[str | None] = mapped_column(String(64))
    key: Mapped[str | None] = mapped_column(String(200), unique=True)
    state: Mapped[str] = mapped_column(String(16))
    priority: Mapped[int]
    created: Mapped[float] = mapped_column(Double)
    due: Mapped[float] = mapped_column(Double)
    tries: Mapped[int]
    most_tries: Mapped[int]
    lease: Mapped[int]
    leased_until: Mapped[float | None] = mapped_column(Double)
    worker: Mapped[str] = mapped_column(String(200))
    started: Mapped[float | None] = mapped_column(Double)
    finished: Mapped[float | None] = mapped_column(Double)
    cancel_wanted: Mapped[bool]
    label: Mapped[str] = mapped_column(String(400))
    done_steps: Mapped[int]
    all_steps: Mapped[int | None]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[str] = mapped_column(Text)

    def value(self) -> Job:
        """The job as a plain value."""
        return Job(
            id=self.id, kind=self.kind, payload=self.payload, key=self.key, batch=self.batch, priority=self.priority,
            most_tries=self.most_tries, state=State(self.state), created=self.created, due=self.due, tries=self.tries,
            lease=self.lease, worker=self.worker, started=self.started, finished=self.finished, cancel_wanted=self.cancel_wanted,
            label=self.label, done_steps=self.done_steps, all_steps=self.all_steps, result=self.result, error=self.error,
        )  # fmt: skip


class EventRow(Table):
    """Something that happened to a job; `jobs.job.Event` says what the columns mean."""

    __tablename__ = "job_event"
    __table_args__ = (Index("ix_job_event_job_id_id", "job_id", "id"),)

    id: Mapped[int] = mapped_column(COUNTED, primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(String(32), ForeignKey("job.id", ondelete="CASCADE"))
    at: Mapped[float] = mapped_column(Double)
    kind: Mapped[str] = mapped_column(String(16))
    lease: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
