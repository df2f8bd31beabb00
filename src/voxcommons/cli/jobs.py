"""`vox jobs`: order work for the queue, watch it, stop it, try it again."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from voxcommons.base.database import Database
from voxcommons.base.errors import InputError
from voxcommons.cli.console import echo_json, settings_of
from voxcommons.jobs.durable import DurableQueue
from voxcommons.jobs.job import ENDS, Job, State
from voxcommons.jobs.queue import Queue
from voxcommons.voices.tasks import TASKS

_SHORT_ID_CHARS = 8


@click.group()
def jobs() -> None:
    """Order work that is done later by `vox worker`, watch it, stop it and try it again.

    \b
        vox jobs add clone recording=anna.wav name=anna
        vox jobs list
        vox worker --until-empty
    """


@jobs.command()
@click.argument("kind", type=click.Choice([kind for kind, task in TASKS.items() if task.order]))
@click.argument("facts", nargs=-1, metavar="NAME=VALUE...")
@click.option("--key", help="An order with the same key is not made twice.")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
@click.pass_context
def add(context: click.Context, kind: str, facts: tuple[str, ...], key: str | None, as_json: bool) -> None:
    """Put a job on the queue.

    \b
        vox jobs add clone recording=anna.wav name=anna consent="she agreed on paper"

    clone takes recording and name, and perhaps text, language, base, consent, licence, gate=normal, denoise=yes, keep_recording=no,
    preview=no and replace=yes.
    """
    settings = settings_of(context)
    given = dict(_pair(fact) for fact in facts)
    task_order = TASKS[kind].order
    assert task_order is not None, "the choices are those with an order"
    order = task_order(given, settings)
    with _desk(context) as desk:
        (job,) = desk.submit([replace(order, key=key)])
    _show_line(job, as_json)


@jobs.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice([state.value for state in State]), help="Only these; may be repeated.")
@click.option("--kind", help="Only jobs of this kind.")
@click.option("--batch", help="Only jobs that were ordered together under this name.")
@click.option("--most", type=click.IntRange(1, 100_000), default=50, show_default=True, help="The newest so many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def list_jobs(context: click.Context, states: tuple[str, ...], kind: str | None, batch: str | None, most: int, as_json: bool) -> None:
    """List jobs, the newest first."""
    with _desk(context) as desk:
        found = desk.list([State(state) for state in states], kind=kind, batch=batch, most=most)
    if as_json:
        echo_json([asdict(job) for job in found], indent=2)
        return
    if not found:
        click.echo("no jobs; order one: vox jobs add --help")
        return
    table = Table(box=None, pad_edge=False)
    for title in ("id", "kind", "state", "ordered", "tries", "what"):
        table.add_column(title, overflow="fold")
    for job in found:
        table.add_row(job.id[:_SHORT_ID_CHARS], job.kind, job.state, _time(job.created), str(job.tries), _what(job))
    Console(file=sys.stdout, markup=False, highlight=False).print(table)


@jobs.command()
@click.argument("job_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def show(context: click.Context, job_id: str, as_json: bool) -> None:
    """Show everything about the job ID, also what happened to it; the first letters of the id are enough."""
    with _desk(context) as desk:
        job = desk.get(job_id)
        events = desk.events(job.id)
    if as_json:
        echo_json({**asdict(job), "events": [asdict(event) for event in events]}, indent=2)
        return
    lines: dict[str, Any] = {
        "id": job.id, "kind": job.kind, "state": job.state, "ordered": _time(job.created), "what": _what(job), "worker": job.worker or "-",
        "tries": f"{job.tries} failed of {job.most_tries}", "order": dict(job.payload), "result": dict(job.result or {}) or "-",
    }  # fmt: skip
    if job.error:
        lines["error"] = job.error
    width = max(map(len, lines))
    for name, value in lines.items():
        click.echo(f"{name:<{width}}  {value}")
    for event in events:
        click.echo(f"{_time(event.at)}  {event.kind}{': ' if event.text else ''}{event.text}")


@jobs.command()
@click.argument("job_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
@click.pass_context
def cancel(context: click.Context, job_id: str, as_json: bool) -> None:
    """Stop the job ID: at once if it waits, at its next step if it runs."""
    with _desk(context) as desk:
        _show_line(desk.cancel(job_id), as_json)


@jobs.command()
@click.argument("job_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
@click.pass_context
def retry(context: click.Context, job_id: str, as_json: bool) -> None:
    """Queue the failed or cancelled job ID again."""
    with _desk(context) as desk:
        _show_line(desk.retry(job_id), as_json)


@jobs.command()
@click.option("--days", type=click.FloatRange(0, 36_500), default=30.0, show_default=True, help="Ended so many days ago or more.")
@click.option("--state", "states", multiple=True, type=click.Choice(sorted(state.value for state in ENDS)),
              help="Only these; may be repeated. By default all that ended.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the number as JSON.")
@click.pass_context
def prune(context: click.Context, days: float, states: tuple[str, ...], as_json: bool) -> None:
    """Delete jobs that ended a while ago from the list. What they made stays; workers do so by themselves after 90 days.

    \b
        vox jobs prune --days 7 --state done
    """
    with _desk(context) as desk:
        pruned = desk.prune(days * 86_400, [State(state) for state in states] or ENDS)
    if as_json:
        echo_json({"pruned": pruned})
    else:
        click.echo(f"deleted: {pruned}")


@contextlib.contextmanager
def _desk(context: click.Context) -> Iterator[Queue]:
    database = Database.of(settings_of(context))
    try:
        yield DurableQueue(database)
    finally:
        database.close()


def _pair(fact: str) -> tuple[str, str]:
    name, equals, value = fact.partition("=")
    if not equals or not name:
        raise InputError("this says nothing about the job", expected="NAME=VALUE", found=repr(fact))
    return name, value


def _show_line(job: Job, as_json: bool) -> None:
    if as_json:
        echo_json(asdict(job))
    else:
        click.echo(f"{job.id[:_SHORT_ID_CHARS]}  {job.kind}  {job.state}{', asked to stop' if job.cancel_wanted and not job.ended else ''}")


def _what(job: Job) -> str:
    """What it does or came to, in a few words."""
    if job.state == State.RUNNING:
        share = f" {100 * job.done_steps // job.all_steps} %" if job.all_steps else ""
        return f"{job.label}{share}{' (asked to stop)' if job.cancel_wanted else ''}"
    return job.error if job.state in (State.FAILED, State.QUEUED) else str(job.payload.get("name", ""))


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone().isoformat(" ", timespec="seconds")
