"""`vox worker`: does the jobs that wait in the queue."""

from __future__ import annotations

import functools
import threading

import click

from voxcommons.base.database import Database
from voxcommons.base.settings import Settings
from voxcommons.cli.console import settings_of
from voxcommons.jobs.durable import DurableQueue
from voxcommons.jobs.processes import keep_working, quit_on_signals
from voxcommons.jobs.worker import LEASE_S, Worker
from voxcommons.voices.tasks import handlers


@click.command()
@click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True, help="Jobs done at the same time.")
@click.option("--until-empty", is_flag=True, help="End when no job waits or runs; by default it waits for more.")
@click.option("--lease", "lease_s", type=click.FloatRange(1, 86_400), default=LEASE_S, show_default=True,
              help="Seconds after which the job of a worker that died is given to another.")  # fmt: skip
@click.pass_context
def worker(context: click.Context, processes: int, until_empty: bool, lease_s: float) -> None:
    """Do the jobs of the queue until Ctrl-C.

    Start as many as you like, on one machine or, with PostgreSQL, on several. Ctrl-C and SIGTERM give the job at hand back to the
    queue; a second Ctrl-C stops at once. A worker that is killed loses nothing: another begins its job anew.

    \b
        vox worker
        vox worker --processes 4 --until-empty
    """
    settings = settings_of(context)
    leave = threading.Event()
    quit_on_signals(leave)
    body = functools.partial(work, settings, until_empty, lease_s)
    click.echo(f"{'one worker' if processes == 1 else f'{processes} workers'} at {Database.of(settings).shown}; Ctrl-C stops", err=True)
    if processes == 1:
        body(leave)
    else:
        keep_working(body, processes, leave)


def work(settings: Settings, until_empty: bool, lease_s: float, leave: threading.Event) -> None:
    """One worker, in this process, until it is told to quit."""
    database = Database.of(settings)
    try:
        Worker(DurableQueue(database), handlers(settings), lease_s=lease_s, quit=leave).run(until_empty=until_empty)
    finally:
        database.close()
