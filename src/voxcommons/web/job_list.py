"""What the page "Jobs" asks for: what is queued and being done, what happened to it, and how to stop it or try again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from voxcommons.base.errors import VoxError
from voxcommons.jobs.job import Job
from voxcommons.jobs.queue import Desk
from voxcommons.web.answers import failed, told

_MOST_EVENTS = 500


@dataclass(frozen=True)
class JobList:
    """The routes of the page.

    Attributes:
        queue: the jobs.
    """

    queue: Desk

    def add_to(self, router: APIRouter) -> None:
        """Put the routes on a router."""
        router.add_api_route("/jobs", self.jobs, methods=["GET"], response_class=Response)
        router.add_api_route("/jobs/{job_id}", self.job, methods=["GET"], response_class=Response)
        router.add_api_route("/jobs/{job_id}/cancel", self.cancel, methods=["POST"], response_class=Response)
        router.add_api_route("/jobs/{job_id}/retry", self.retry, methods=["POST"], response_class=Response)

    def jobs(self, request: Request, most: Annotated[int, Query(ge=1, le=500)] = 50) -> Response:
        """The newest jobs."""
        try:
            return told({"jobs": [_facts(job) for job in self.queue.list(most=most)]})
        except VoxError as error:
            return failed(error, request)

    def job(self, request: Request, job_id: str, after: Annotated[int, Query(ge=0)] = 0) -> Response:
        """One job, and what happened to it since an event."""
        try:
            job = self.queue.get(job_id)
            events = [asdict(event) for event in self.queue.events(job.id, after)[:_MOST_EVENTS]]
        except VoxError as error:
            return failed(error, request)
        return told({"job": _facts(job), "events": events})

    def cancel(self, request: Request, job_id: str) -> Response:
        """Ask a job to stop."""
        try:
            return told({"job": _facts(self.queue.cancel(job_id))})
        except VoxError as error:
            return failed(error, request)

    def retry(self, request: Request, job_id: str) -> Response:
        """Queue a job again that failed or was cancelled."""
        try:
            return told({"job": _facts(self.queue.retry(job_id))})
        except VoxError as error:
            return failed(error, request)


def _facts(job: Job) -> dict[str, Any]:
    """What a visitor may know; the payload holds paths and texts, of which the name is enough."""
    result = dict(job.result or {})
    return {
        "id": job.id, "kind": job.kind, "state": job.state, "created": job.created, "started": job.started, "finished": job.finished,
        "cancel_wanted": job.cancel_wanted, "label": job.label, "done": job.done_steps, "all": job.all_steps, "error": job.error,
        "tries": job.tries, "name": str(job.payload.get("name") or job.payload.get("voice") or ""), "voice": str(result.get("voice", "")),
    }  # fmt: skip
